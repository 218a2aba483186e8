/**
 * Lint rules. Types are checked through the project service; the pure parts (coap, lwm2m, dtls, trust) are kept free of clock,
 * timers, randomness, sockets and promises, the fleet of the first four. test/house/lint.test.ts proves that each bites.
 */

import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const syntax = (selector, message) => ({ selector, message });

/** Forms of TypeScript the house does without. */
const houseSyntax = [
  syntax('ExportDefaultDeclaration', 'No default export: export by name.'),
  syntax('ExportAllDeclaration', 'No star export: name what is exported.'),
  syntax('TSEnumDeclaration', 'No enum: a frozen table gives the union type and the registry row.'),
  syntax('TSModuleDeclaration[kind!="global"]', 'No namespace: a file is a module.'),
  syntax('TSParameterProperty', 'No parameter property: declare the field.'),
  syntax('Decorator', 'No decorator.'),
];

const TIMERS = [
  'setTimeout',
  'setInterval',
  'setImmediate',
  'clearTimeout',
  'clearInterval',
  'clearImmediate',
  'queueMicrotask',
];

const global = (name, message) => ({ name, message });

/** Globals that give a clock, a timer, randomness or a way out of the process. */
const impureGlobals = [
  ...['Date', 'performance', 'Temporal'].map((name) => global(name, 'No clock here: `now` is an argument.')),
  ...TIMERS.map((name) => global(name, 'No timer here: deadlines are data.')),
  global('crypto', 'No randomness here: Random is handed in.'),
  ...['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest', 'BroadcastChannel', 'MessageChannel'].map((name) =>
    global(name, 'No sockets here: bytes come in and go out.'),
  ),
  ...['process', 'globalThis', 'global', 'require'].map((name) =>
    global(name, 'Nothing of the process here: what is needed is handed in.'),
  ),
];

const NO_PROMISE = 'No promise in a core: emit a question and go on when the answer is fed in.';

const promiseGlobals = [global('Promise', NO_PROMISE)];

const promiseSyntax = [
  syntax('TSTypeReference > Identifier.typeName[name=/^(Promise|PromiseLike|Async\\w+)$/]', NO_PROMISE),
  syntax('AwaitExpression', NO_PROMISE),
  syntax(':function[async=true]', NO_PROMISE),
  syntax('ForOfStatement[await=true]', NO_PROMISE),
  syntax('CallExpression > MemberExpression.callee[property.name="then"]', NO_PROMISE),
  syntax('ImportExpression', NO_PROMISE),
];

const impureProperties = [{ object: 'Math', property: 'random', message: 'No randomness here: Random is handed in.' }];

/** Modules of Node by their names without `node:`. */
const NODE_MODULES = [
  ...['crypto', 'dgram', 'net', 'tls', 'http', 'https', 'fs', 'timers', 'dns', 'os', 'perf_hooks'],
  ...['process', 'child_process', 'worker_threads', 'events', 'stream', 'util', 'buffer'],
];

/** Modules no pure part may load, and the system's own clock and randomness from #base. */
const impureImports = ({ allowed = [] } = {}) => [
  'error',
  {
    paths: [
      {
        name: '#base',
        importNames: ['systemClock', 'systemRandom'],
        message: 'The system clock and randomness are for server.ts and cli: take a Clock or Random.',
      },
    ],
    patterns: [
      {
        regex: `^(?!(?:${allowed.join('|') || '(?!)'})$)(?:node:.*|(?:${NODE_MODULES.join('|')})(?:/.*)?)$`,
        message: 'No module of Node here: this part has no clock, timers, randomness or I/O.',
      },
    ],
  },
];

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'data/', 'coverage/', 'test/house/fixtures/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'object-shorthand': 'error',
      'no-console': 'off',
      'max-lines': ['error', { max: 450 }],
      'no-restricted-syntax': ['error', ...houseSyntax],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: false },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        {
          args: 'after-used',
          caughtErrors: 'none',
          ignoreRestSiblings: true,
          argsIgnorePattern: '^_',
          destructuredArrayIgnorePattern: '^_',
        },
      ],
      // Packages that export their classes through interfaces (winston) are misjudged by it.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      // A type assertion documents a checked index on hot paths; wrappers with one use of T type the JSON of a caller.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/cli/**'],
    rules: { 'no-console': 'error' },
  },
  {
    files: ['src/coap/**/*.ts', 'src/lwm2m/**/*.ts', 'src/dtls/**/*.ts', 'src/trust/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', ...impureGlobals, ...promiseGlobals],
      'no-restricted-properties': ['error', ...impureProperties],
      'no-restricted-imports': impureImports(),
      'no-restricted-syntax': ['error', ...houseSyntax, ...promiseSyntax],
    },
  },
  {
    files: ['src/dtls/crypto/**/*.ts', 'src/trust/x509/**/*.ts'],
    rules: { 'no-restricted-imports': impureImports({ allowed: ['node:crypto'] }) },
  },
  {
    files: ['src/fleet/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', ...impureGlobals],
      'no-restricted-properties': ['error', ...impureProperties],
      'no-restricted-imports': impureImports(),
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      'max-lines': 'off',
      '@typescript-eslint/require-await': 'off',
      // A test may look at what by its type cannot be, and take text apart by code points.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-misused-spread': 'off',
    },
  },
  {
    files: ['**/*.mjs', '**/*.cjs', '**/*.js'],
    ...tseslint.configs.disableTypeChecked,
  },
  {
    files: ['**/*.mjs', '**/*.cjs', '**/*.js'],
    languageOptions: {
      globals: Object.fromEntries(
        ['process', 'console', 'Buffer', 'performance', 'URL', 'fetch', 'AbortSignal', 'module', ...TIMERS].map(
          (name) => [name, 'readonly'],
        ),
      ),
    },
    rules: {
      '@typescript-eslint/consistent-type-exports': 'off',
    },
  },
  {
    files: ['*.config.mjs', '*.cjs'],
    rules: { 'no-restricted-syntax': 'off' },
  },
);
