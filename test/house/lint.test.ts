/**
 * Proves that each rule of eslint.config.mjs bites: every snippet is linted under the path of the part it stands for, and
 * the rule that must refuse it is named beside it. A snippet of what is allowed stands beside those that are not.
 */

import { describe, expect, it } from '@jest/globals';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';

/** With types: the path must be one of the project's files, whose text the snippet takes the place of. */
const typed = new ESLint();
/** Without: any path will do, which is how parts that are not there yet are tried. */
const untyped = new ESLint({ overrideConfig: [{ files: ['**/*.ts'], ...tseslint.configs.disableTypeChecked }] });

/** Rules that refuse `code` at `path`; a fatal parse error counts as the rule `fatal`. */
async function refusals(eslint: ESLint, path: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(`${code}\n`, { filePath: path });
  return [...new Set((result?.messages ?? []).map((message) => message.ruleId ?? 'fatal'))];
}

const PURE_PARTS = [
  'src/coap/codec/x.ts',
  'src/coap/endpoint/x.ts',
  'src/lwm2m/formats/x.ts',
  'src/dtls/record/x.ts',
  'src/trust/path/x.ts',
];
const PURE_OR_FLEET = [...PURE_PARTS, 'src/fleet/operations/x.ts'];

const IMPURE: readonly (readonly [what: string, rule: string, code: string])[] = [
  ['the calendar', 'no-restricted-globals', 'export const at = Date.now();'],
  ['a new Date', 'no-restricted-globals', 'export const at = new Date();'],
  ['the monotonic clock', 'no-restricted-globals', 'export const at = performance.now();'],
  ['the system clock of base', 'no-restricted-imports', "import { systemClock } from '#base';\nsystemClock.now();"],
  ['the clock module', 'no-restricted-imports', "import { performance } from 'node:perf_hooks';\nperformance.now();"],
  ['process.hrtime', 'no-restricted-globals', 'export const at = process.hrtime.bigint();'],
  ['a clock by way of globalThis', 'no-restricted-globals', 'export const at = globalThis.performance.now();'],
  ['setTimeout', 'no-restricted-globals', 'setTimeout(() => undefined, 1);'],
  ['setInterval', 'no-restricted-globals', 'setInterval(() => undefined, 1);'],
  ['setImmediate', 'no-restricted-globals', 'setImmediate(() => undefined);'],
  ['queueMicrotask', 'no-restricted-globals', 'queueMicrotask(() => undefined);'],
  ['process.nextTick', 'no-restricted-globals', 'process.nextTick(() => undefined);'],
  ['the timers module', 'no-restricted-imports', "import { setTimeout } from 'node:timers';\nsetTimeout(() => 0, 1);"],
  [
    'timers as promises',
    'no-restricted-imports',
    "import { scheduler } from 'node:timers/promises';\nscheduler.yield();",
  ],
  ['Math.random', 'no-restricted-properties', 'export const dice = Math.random();'],
  ['random out of Math', 'no-restricted-properties', 'export const { random } = Math;'],
  ['the crypto global', 'no-restricted-globals', 'export const id = crypto.randomUUID();'],
  ['node:crypto', 'no-restricted-imports', "import { randomBytes } from 'node:crypto';\nrandomBytes(1);"],
  ['the randomness of base', 'no-restricted-imports', "import { systemRandom } from '#base';\nsystemRandom.bytes(1);"],
  ['datagram sockets', 'no-restricted-imports', "import { createSocket } from 'node:dgram';\ncreateSocket('udp4');"],
  ['sockets under their bare name', 'no-restricted-imports', "import { connect } from 'net';\nconnect(1);"],
  ['fetch', 'no-restricted-globals', "export const page = fetch('http://localhost');"],
  ['files', 'no-restricted-imports', "import { readFileSync } from 'node:fs';\nreadFileSync('x');"],
  ['any other module of Node', 'no-restricted-imports', "import { inspect } from 'node:util';\ninspect(1);"],
];

const PROMISING: readonly (readonly [what: string, rule: string, code: string])[] = [
  ['a promise', 'no-restricted-globals', 'export const later = Promise.resolve(1);'],
  ['a promise as a type', 'no-restricted-syntax', 'export type Later = Promise<number>;'],
  ['an async function', 'no-restricted-syntax', 'export async function later(): Promise<void> {}'],
  ['an async arrow', 'no-restricted-syntax', 'use(async () => 1);'],
  ['await', 'no-restricted-syntax', 'export const value = await source;'],
  ['for await', 'no-restricted-syntax', 'for await (const item of source) use(item);'],
  ['then', 'no-restricted-syntax', 'source.then(use);'],
  ['import at run time', 'no-restricted-syntax', "export const part = import('./x.js');"],
];

describe('the lint rules of the pure parts', () => {
  it.each(IMPURE)('refuse %s in coap, lwm2m, dtls, trust and fleet', async (_what, rule, code) => {
    for (const path of PURE_OR_FLEET) expect([path, await refusals(untyped, path, code)]).toEqual([path, [rule]]);
  });

  it.each(PROMISING)('refuse %s in coap, lwm2m, dtls and trust', async (_what, rule, code) => {
    for (const path of PURE_PARTS) expect([path, await refusals(untyped, path, code)]).toEqual([path, [rule]]);
  });

  it.each(PROMISING.slice(0, 5))('allow %s in fleet, which awaits its ports', async (_what, _rule, code) => {
    expect(await refusals(untyped, 'src/fleet/operations/x.ts', code)).not.toContain('no-restricted-syntax');
    expect(await refusals(untyped, 'src/fleet/operations/x.ts', code)).not.toContain('no-restricted-globals');
  });

  it.each(IMPURE)('allow %s in transport', async (_what, _rule, code) => {
    expect(await refusals(untyped, 'src/transport/x.ts', code)).toEqual([]);
  });

  it.each(['src/dtls/crypto/provider.ts', 'src/trust/x509/keys.ts'])(
    'allow node:crypto in %s and no other module of Node',
    async (path) => {
      expect(
        await refusals(untyped, path, "import { createHmac } from 'node:crypto';\ncreateHmac('sha256', '');"),
      ).toEqual([]);
      expect(await refusals(untyped, path, "import { connect } from 'node:net';\nconnect(1);")).toEqual([
        'no-restricted-imports',
      ]);
    },
  );

  it('allow fast byte code: shifts, casts of checked indices, loops without end', async () => {
    const code = `import type { Reader } from '#base';
export function sum(reader: Reader): number {
  let total = 0;
  for (;;) {
    if (reader.remaining === 0) return total;
    total = (total + ((reader.bytes[reader.offset] as number) << 1)) >>> 0;
    reader.u8();
  }
}`;
    expect(await refusals(typed, 'src/lwm2m/model/index.ts', code)).toEqual([]);
  });
});

const HOUSE: readonly (readonly [what: string, rule: string, code: string])[] = [
  ['a default export', 'no-restricted-syntax', 'export default 1;'],
  ['a star export', 'no-restricted-syntax', "export * from './bytes.js';"],
  ['an enum', 'no-restricted-syntax', 'export enum Colour { Red }'],
  ['a namespace', 'no-restricted-syntax', 'export namespace Inner { export const x = 1; }'],
  ['a parameter property', 'no-restricted-syntax', 'export class Box { constructor(readonly size: number) {} }'],
  ['any', '@typescript-eslint/no-explicit-any', 'export const anything: any = 1;'],
  [
    'a non-null assertion',
    '@typescript-eslint/no-non-null-assertion',
    'export const first = (list: string[]) => list[0]!;',
  ],
  ['an unused variable', '@typescript-eslint/no-unused-vars', 'const unused = 1;'],
  ['an unused import', '@typescript-eslint/no-unused-vars', "import { Reader } from './bytes.js';"],
  ['console', 'no-console', "console.log('x');"],
  ['loose equality', 'eqeqeq', 'export const same = (left: number, right: number): boolean => left == right;'],
  ['var', 'no-var', 'export var old = 1;'],
];

const TYPED: readonly (readonly [what: string, rule: string, code: string])[] = [
  [
    'a floating promise',
    '@typescript-eslint/no-floating-promises',
    'export function start(work: () => Promise<void>): void { work(); }',
  ],
  [
    'a promise where a condition stands',
    '@typescript-eslint/no-misused-promises',
    'export function is(work: Promise<boolean>): number { return work ? 1 : 2; }',
  ],
  [
    'a switch that forgets a member',
    '@typescript-eslint/switch-exhaustiveness-check',
    "export function go(way: 'up' | 'down'): number | undefined { switch (way) { case 'up': return 1; } return undefined; }",
  ],
  [
    'a type imported as a value',
    '@typescript-eslint/consistent-type-imports',
    "import { Instant } from './time.js';\nexport type Moment = Instant;",
  ],
  [
    'a call of any',
    '@typescript-eslint/no-unsafe-call',
    'export function run(text: string): void { JSON.parse(text)(); }',
  ],
  [
    'an object in a template',
    '@typescript-eslint/restrict-template-expressions',
    'export function show(thing: object): string { return `${thing}`; }',
  ],
];

describe('the lint rules of the whole house', () => {
  it.each(HOUSE)('refuse %s', async (_what, rule, code) => {
    expect(await refusals(untyped, 'src/base/x.ts', code)).toContain(rule);
  });

  it.each(TYPED)('refuse %s, by its type', async (_what, rule, code) => {
    expect(await refusals(typed, 'src/base/index.ts', code)).toContain(rule);
  });

  it('refuse a decorator', async () => {
    const code = 'function mark(_target: unknown, _context: unknown): void {}\n@mark\nexport class Marked {}';
    expect(await refusals(untyped, 'src/base/x.ts', code)).toContain('no-restricted-syntax');
  });

  it('refuse a file of more than 450 lines', async () => {
    const lines = (count: number): string => 'export {};\n'.repeat(count - 1) + 'export {};';
    expect(await refusals(untyped, 'src/base/x.ts', lines(450).trimEnd())).toEqual([]);
    expect(await refusals(untyped, 'src/base/x.ts', lines(451))).toEqual(['max-lines']);
  });

  it('allow console in the command line and numbers in templates', async () => {
    expect(await refusals(untyped, 'src/cli/x.ts', "console.log('x');")).toEqual([]);
    expect(
      await refusals(typed, 'src/base/index.ts', 'export const show = (size: number): string => `${size}`;'),
    ).toEqual([]);
  });

  it('find nothing in the files of base', async () => {
    const results = await typed.lintFiles('src/base');
    expect(results.length).toBeGreaterThan(5);
    expect(results.flatMap((result) => result.messages)).toEqual([]);
  });
});
