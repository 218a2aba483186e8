/**
 * Proves that the import table of .dependency-cruiser.cjs bites: a small house is built in a temporary folder, each wrong
 * import alone in it, and the rule that must refuse it is named.
 */

import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const run = promisify(execFile);
const repository = process.cwd();
let house = '';

interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
}

/** Every part as an index.ts that exports one word, and packages that exist by name only. */
const PARTS = [
  ...['base', 'vault', 'coap/codec', 'coap/endpoint', 'dtls', 'trust', 'transport', 'lwm2m/model', 'lwm2m/formats'],
  ...['lwm2m/protocol', 'fleet', 'fleet/model', 'fleet/ports', 'fleet/devices', 'fleet/operations', 'fleet/campaigns'],
  ...['store', 'southbound', 'northbound', 'simulator', 'conformance', 'cli', 'dtls/codec', 'dtls/handshake'],
  ...['trust/policy', 'trust/x509', 'trust/path'],
];
const PACKAGES = ['express', 'commander', '@photostructure/sqlite', 'saxes', 'prettier'];

/** Writes files (path → text) into the house. */
async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(house, path)), { recursive: true });
    await writeFile(join(house, path), text);
  }
}

/** What dependency-cruiser reports about a house with these files added; they are taken away again. */
async function violations(files: Readonly<Record<string, string>>): Promise<string[]> {
  await write(files);
  const cruiser = join(repository, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const args = [cruiser, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'src', 'test'];
  const { stdout } = await run(process.execPath, args, { cwd: house, maxBuffer: 1 << 26 });
  for (const path of Object.keys(files)) await rm(join(house, path));
  const report = JSON.parse(stdout) as { summary: { violations: Violation[] } };
  return report.summary.violations.map(({ from, to, rule }) => `${rule.name}: ${from} → ${to}`).sort();
}

const word = 'export const word = 1;\n';
const TOP = { 'src/server.ts': word, 'src/config.ts': word };

beforeAll(async () => {
  house = await mkdtemp(join(tmpdir(), 'bellwether-imports-'));
  for (const name of ['.dependency-cruiser.cjs', 'tsconfig.json']) await cp(join(repository, name), join(house, name));
  await write({
    'package.json': JSON.stringify({
      type: 'module',
      imports: { '#*': './dist/*/index.js' },
      dependencies: Object.fromEntries(PACKAGES.slice(0, -1).map((name) => [name, '1'])),
      devDependencies: { prettier: '1' },
    }),
    ...TOP,
    'test/support/clock.ts': word,
  });
  await write(Object.fromEntries(PARTS.map((part) => [`src/${part}/index.ts`, word])));
  for (const name of PACKAGES) {
    await write({
      [`node_modules/${name}/package.json`]: JSON.stringify({ name, version: '1.0.0', main: 'index.js' }),
      [`node_modules/${name}/index.js`]: 'module.exports = 1;\n',
    });
  }
});

afterAll(async () => {
  await rm(house, { recursive: true });
});

/** File, what it imports, the rule that refuses. */
const WRONG: readonly (readonly [file: string, module: string, rule: string])[] = [
  ['src/base/x.ts', '#coap/codec', 'imports-of-base'],
  ['src/coap/codec/x.ts', '#coap/endpoint', 'imports-of-coap/codec'],
  ['src/coap/endpoint/x.ts', '#lwm2m/model', 'imports-of-coap/endpoint'],
  ['src/lwm2m/model/x.ts', '#lwm2m/formats', 'imports-of-lwm2m/model'],
  ['src/lwm2m/formats/x.ts', '#coap/codec', 'imports-of-lwm2m/formats'],
  ['src/lwm2m/protocol/x.ts', '#coap/endpoint', 'imports-of-lwm2m/protocol'],
  ['src/trust/x.ts', '#dtls', 'imports-of-trust'],
  ['src/dtls/x.ts', '#trust', 'imports-of-dtls'],
  ['src/transport/x.ts', '#trust', 'imports-of-transport'],
  ['src/transport/x.ts', '#lwm2m/model', 'imports-of-transport'],
  ['src/fleet/x.ts', '#coap/codec', 'imports-of-fleet'],
  ['src/fleet/x.ts', '#transport', 'imports-of-fleet'],
  ['src/fleet/x.ts', '#store', 'imports-of-fleet'],
  ['src/store/x.ts', '#fleet', 'imports-of-store'],
  ['src/store/x.ts', '#fleet/devices', 'imports-of-store'],
  ['src/southbound/x.ts', '#northbound', 'imports-of-southbound'],
  ['src/northbound/x.ts', '#southbound', 'imports-of-northbound'],
  ['src/northbound/x.ts', '#coap/codec', 'imports-of-northbound'],
  ['src/simulator/x.ts', '#fleet', 'imports-of-simulator'],
  ['src/conformance/x.ts', '#transport', 'imports-of-conformance'],
  ['src/server.ts', '#cli', 'imports-of-*.ts'],
  ['src/config.ts', '#simulator', 'imports-of-*.ts'],
  ['src/cli/x.ts', '#southbound', 'imports-of-cli'],
  ['src/fleet/model/x.ts', '../ports/index.js', 'order-in-fleet-model'],
  ['src/fleet/ports/x.ts', '../devices/index.js', 'order-in-fleet-ports'],
  ['src/fleet/devices/x.ts', '../operations/index.js', 'order-in-fleet-devices'],
  ['src/fleet/operations/x.ts', '../campaigns/index.js', 'order-in-fleet-operations'],
  ['src/fleet/operations/x.ts', '../index.js', 'order-in-fleet-operations'],
  ['src/dtls/codec/x.ts', '../handshake/index.js', 'order-in-dtls-codec'],
  ['src/trust/x509/x.ts', '../path/index.js', 'order-in-trust-x509'],
  ['src/trust/path/x.ts', '../index.js', 'order-in-trust-path'],
  ['src/southbound/x.ts', 'node:dgram', 'only-in-transport-dgram'],
  ['src/southbound/x.ts', 'net', 'only-in-transport-dgram'],
  ['src/cli/x.ts', 'node:tls', 'only-in-transport-dgram'],
  ['src/fleet/x.ts', 'express', 'only-in-northbound-express'],
  ['src/server.ts', 'express', 'only-in-northbound-express'],
  ['src/fleet/x.ts', '@photostructure/sqlite', 'only-in-store-@photostructure/sqlite'],
  ['src/northbound/x.ts', '../base/index.js', 'parts-by-their-name'],
  ['src/coap/endpoint/x.ts', '../codec/index.js', 'parts-by-their-name'],
  ['src/base/x.ts', './absent.js', 'nothing-unresolved'],
  ['src/base/x.ts', 'prettier', 'no-development-package'],
  ['src/base/x.ts', '../../test/support/clock.js', 'no-test-in-the-source'],
  ['src/extra/x.ts', '#base', 'part-without-a-row'],
];

/** Rules that a type import does not break. */
const TYPES_ARE_FREE = new Set(['no-development-package', 'only-in-transport-dgram']);

const RIGHT: readonly (readonly [file: string, module: string])[] = [
  ['src/coap/endpoint/x.ts', '#coap/codec'],
  ['src/transport/x.ts', '#coap/endpoint'],
  ['src/transport/x.ts', 'node:dgram'],
  ['src/fleet/operations/x.ts', '../devices/index.js'],
  ['src/fleet/x.ts', '#lwm2m/model'],
  ['src/store/x.ts', '#fleet/ports'],
  ['src/store/x.ts', '@photostructure/sqlite'],
  ['src/northbound/x.ts', 'express'],
  ['src/northbound/x.ts', '#fleet'],
  ['src/southbound/x.ts', '#lwm2m/protocol'],
  ['src/southbound/x.ts', '#trust'],
  ['src/trust/path/x.ts', '../x509/index.js'],
  ['src/cli/x.ts', '../server.js'],
  ['src/cli/x.ts', 'commander'],
  ['src/server.ts', '#transport'],
  ['src/server.ts', './config.js'],
  ['test/x.test.ts', '../src/fleet/devices/index.js'],
];

describe('the import table', () => {
  it('finds nothing in a house that keeps it', async () => {
    const files = RIGHT.map(([file, module], index) => [
      file.endsWith('server.ts') ? file : file.replace('x.', `x${index}.`),
      `import '${module}';\n`,
    ]);
    expect(await violations(Object.fromEntries(files) as Record<string, string>)).toEqual([]);
    await write(TOP);
  });

  it('refuses each wrong import, as a value and as a type', async () => {
    for (const form of ['import', 'import type'] as const) {
      const files: Record<string, string> = {};
      for (const [file, module] of WRONG) {
        files[file] = `${files[file] ?? ''}${form} { word as word${(files[file] ?? '').length} } from '${module}';\n`;
      }
      const found = await violations(files);
      await write(TOP);
      for (const [file, module, rule] of WRONG) {
        if (form === 'import type' && TYPES_ARE_FREE.has(rule)) continue;
        const bare = module.replace(/^#|^node:|^(\.\.?\/)+|\.js$/g, '').replace(/\.js$/, '');
        expect({
          file,
          module,
          bites: found.some((line) => line.startsWith(`${rule}: ${file} → `) && line.includes(bare)),
        }).toEqual({ file, module, bites: true });
      }
    }
  });

  it('refuses a circle of two files', async () => {
    const found = await violations({
      'src/base/one.ts': "import { two } from './two.js';\nexport const one = two;\n",
      'src/base/two.ts': "import type { one } from './one.js';\nexport const two: typeof one = 1;\n",
    });
    expect(new Set(found.map((line) => line.split(':')[0]))).toEqual(new Set(['no-cycle']));
  });

  it('refuses a circle of two folders that is none of files', async () => {
    const found = await violations({
      'src/cli/left/one.ts': "import { four } from '../right/four.js';\nexport const one = four;\n",
      'src/cli/left/two.ts': 'export const two = 1;\n',
      'src/cli/right/three.ts': "import { two } from '../left/two.js';\nexport const three = two;\n",
      'src/cli/right/four.ts': 'export const four = 1;\n',
    });
    expect(new Set(found.map((line) => line.split(':')[0]))).toEqual(new Set(['no-folder-cycle']));
  });
});
