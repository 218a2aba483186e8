/**
 * Who may import whom: the one table of the house, left may import right and nothing else. Type imports count. Folders of
 * one part are ordered too where the table says so. test/house/imports.test.ts proves that each rule bites.
 */

/**
 * Part → the parts it may import beside itself. A part is a folder under src/; `*.ts` are the files at its top (server.ts,
 * config.ts, objects.ts, …), the composition root.
 */
const MAY_IMPORT = {
  base: [],
  vault: ['base'],
  'coap/codec': ['base'],
  'coap/endpoint': ['base', 'coap/codec'],
  dtls: ['base'],
  trust: ['base'],
  transport: ['base', 'coap', 'dtls'],
  'lwm2m/model': ['base'],
  'lwm2m/formats': ['base', 'lwm2m/model'],
  'lwm2m/protocol': ['base', 'coap/codec', 'lwm2m/model', 'lwm2m/formats'],
  fleet: ['base', 'lwm2m/model'],
  store: ['base', 'vault', 'fleet/model', 'fleet/ports', 'lwm2m/model'],
  southbound: ['base', 'transport', 'coap/codec', 'lwm2m', 'fleet', 'trust'],
  northbound: ['base', 'lwm2m/model', 'fleet'],
  console: [],
  simulator: ['base', 'transport', 'coap/codec', 'lwm2m'],
  conformance: ['base', 'coap/codec', 'lwm2m'],
  '*.ts': [
    ...['base', 'vault', 'lwm2m/model', 'fleet', 'store', 'southbound', 'northbound'],
    // The composition root makes the stack, what the two ways of southbound share, the judge of certificates, and the settings of coap.
    ...['transport', 'coap/endpoint', 'lwm2m/protocol', 'trust'],
  ],
  cli: [...['base', 'vault', '*.ts', 'store', 'fleet', 'simulator', 'conformance', 'transport', 'coap', 'lwm2m/model']],
};

/** Part → its folders (or files) from the innermost outwards: each may import those before it, those of one row not each other. */
const INNER_ORDER = {
  fleet: [
    ['model'],
    ['ports'],
    ['access'],
    ['objects', 'devices'],
    ['artifacts', 'operations', 'records'],
    ['campaigns'],
    ['fleet.ts'],
  ],
  dtls: [['policy', 'codec'], ['crypto'], ['record'], ['handshake'], ['association'], ['endpoint']],
  trust: [['policy'], ['x509'], ['path'], ['judge.ts']],
};

/** Modules that one part alone may load; where types are free, a type of theirs may be named elsewhere. */
const ONE_PLACE = [
  {
    modules: ['dgram', 'net', 'tls'],
    parts: ['transport'],
    why: 'sockets are opened in transport only',
    types: 'free',
  },
  { packages: ['express', 'helmet'], parts: ['northbound'], why: 'HTTP is spoken in northbound only' },
  { packages: ['@photostructure/sqlite', 'mongodb'], parts: ['store'], why: 'databases are reached from store only' },
  { packages: ['saxes'], parts: ['lwm2m/model'], why: 'XML is read by lwm2m/model/object-xml.ts only' },
  { packages: ['commander'], parts: ['cli'], why: 'arguments are parsed by the command line only' },
];

/** Packages of development: never in what is shipped. */
const SHIPPED = '^src/';

const escape = (text) => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');
/** A pattern for all files of a part: a folder, a single file when the name ends in .ts, or all files at the top. */
const within = (part) => {
  if (part === '*.ts') return '^src/[^/]+[.]ts$';
  return part.endsWith('.ts') ? `^src/${escape(part)}$` : `^src/${escape(part)}/`;
};

const table = Object.entries(MAY_IMPORT).map(([part, allowed]) => ({
  name: `imports-of-${part}`,
  comment: `${part} may import ${allowed.length === 0 ? 'nothing else of src' : allowed.join(', ')}`,
  severity: 'error',
  from: { path: within(part) },
  to: { path: '^src/', pathNot: [part, ...allowed].map(within) },
}));

/** Files of `part` that stand in no row of its order (its index.ts) are outermost. */
const inner = Object.entries(INNER_ORDER).flatMap(([part, rows]) =>
  rows.flatMap((row, depth) =>
    row.map((name) => ({
      name: `order-in-${part}-${name}`,
      comment: `inside ${part}: ${rows.map((names) => names.join(', ')).join(' ← ')}`,
      severity: 'error',
      from: { path: within(`${part}/${name}`) },
      to: {
        path: within(part),
        pathNot: [name, ...rows.slice(0, depth).flat()].map((other) => within(`${part}/${other}`)),
      },
    })),
  ),
);

const onePlace = ONE_PLACE.map(({ modules = [], packages = [], parts, why, types }) => ({
  name: `only-in-${parts.join('-')}-${[...modules, ...packages][0]}`,
  comment: why,
  severity: 'error',
  from: { path: '^src/', pathNot: parts.map(within) },
  to: {
    path: [
      ...modules.map((name) => `^(node:)?${escape(name)}$`),
      ...packages.map((name) => `^node_modules/(@types/)?${escape(name)}/`),
      ...packages.map((name) => `^${escape(name)}$`),
    ],
    ...(types === 'free' ? { dependencyTypesNot: ['type-only'] } : {}),
  },
}));

module.exports = {
  forbidden: [
    ...table,
    ...inner,
    ...onePlace,
    {
      name: 'part-without-a-row',
      comment: 'every folder and file at the top of src has a row in MAY_IMPORT',
      severity: 'error',
      from: { path: '^src/', pathNot: Object.keys(MAY_IMPORT).map(within) },
      to: {},
    },
    {
      name: 'no-cycle',
      comment: 'no circle of imports, between files',
      severity: 'error',
      from: { path: '^(src|test|scripts)/' },
      to: { circular: true },
    },
    {
      name: 'no-folder-cycle',
      comment: 'no circle of imports, between folders',
      severity: 'error',
      scope: 'folder',
      from: { path: '^src/' },
      to: { circular: true },
    },
    {
      name: 'parts-by-their-name',
      comment: 'another part is imported by its # name, which gives its index.ts',
      severity: 'error',
      from: { path: '^src/(base|vault|(?:coap|lwm2m)/[^/]+|[^/]+)/' },
      to: {
        path: '^src/[^/]+/',
        pathNot: '^src/$1/',
        dependencyTypesNot: ['aliased', 'aliased-subpath-import', 'aliased-tsconfig', 'aliased-tsconfig-paths'],
      },
    },
    {
      name: 'nothing-unresolved',
      comment: 'every import is found',
      severity: 'error',
      from: { path: '^(src|test|scripts)/' },
      to: { couldNotResolve: true, pathNot: '/dist/' },
    },
    {
      name: 'no-development-package',
      comment: 'what is shipped imports no development dependency (types alone excepted)',
      severity: 'error',
      from: { path: SHIPPED },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only', 'npm'] },
    },
    {
      name: 'no-test-in-the-source',
      comment: 'src imports neither test nor scripts',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|scripts)/' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: '^(node_modules|dist)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
      extensions: ['.ts', '.mjs', '.cjs', '.js'],
    },
  },
};
