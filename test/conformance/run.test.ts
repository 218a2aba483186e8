/** A conformance run in virtual time: a perfect device passes, and a broken one fails at the case that names the rule. */

import { describe, expect, it } from '@jest/globals';
import { CASES, RULES, runCases } from '#conformance';
import type { CaseResult } from '#conformance';

import { MUTATIONS } from './mutations.js';
import { VirtualRig } from './virtual-rig.js';
import type { VirtualOptions } from './virtual-rig.js';

const text = (content: string): Uint8Array => Buffer.from(content);
const PACKAGES = {
  good: text('bellwether-firmware 2.0.0\nimage'),
  corrupt: text('bellwether-firmware 2.0.0 integrity\n'),
  unsupported: text('bellwether-firmware 2.0.0 unsupported\n'),
  failing: text('bellwether-firmware 2.0.0 install\n'),
  large: new Uint8Array(524_289),
};
const SETTINGS = { slack: 3, patience: 30, packages: PACKAGES };

async function run(options: VirtualOptions, cases = CASES): Promise<readonly CaseResult[]> {
  const rig = new VirtualRig({ send: 20, ...options });
  // Configurations C.3 and C.12 of the specification: optional resources of the Server object, and a Portfolio.
  await rig.order({ kind: 'write', path: '/1/0', mode: 'update', value: { 2: 0, 3: 60, 5: 86_400 } });
  await rig.order({
    kind: 'write',
    path: '/16/0',
    mode: 'update',
    value: { 0: { 0: 'Host Device ID', 1: 'Host Device Model' } },
  });
  return (await runCases(rig, cases, SETTINGS)).cases;
}

const shown = (results: readonly CaseResult[]): string[] =>
  results
    .filter(({ verdict }) => verdict !== 'pass')
    .map(({ id, verdict, rule, detail }) => `${id} ${verdict}: ${rule ?? ''} ${detail ?? ''}`);

/** Cases that do not concern a simulated device: those of later versions, of formats it has not, and of files it would pull. */
const PULLED = [756, 771, 774, 775, 778];
const OF_1_1 = [
  225, 228, 229, 230, 231, 232, 233, 234, 235, 236, 257, 261, 280, 281, 304, 305, 306, 307, 308, 309, 310, 311,
];
const OF_1_2 = [264, 266, 312, 313];
const NOT_FOR = {
  '1.0': [211, 212, ...OF_1_1, ...OF_1_2, ...PULLED],
  '1.1': [204, 220, ...OF_1_2, ...PULLED],
  '1.2': [204, 220, ...PULLED],
};

describe('a perfect device', () => {
  it.each(['1.0', '1.1', '1.2'] as const)('of LwM2M %s passes every case that concerns it', async (lwm2m) => {
    const results = await run({ lwm2m });
    const rest = results.filter(({ verdict }) => verdict !== 'notApplicable');
    expect(shown(rest)).toEqual([]);
    const passed = new Set(rest.map(({ id }) => id));
    const left = CASES.filter(({ id }) => !passed.has(id)).map(({ id }) => id);
    expect(left).toEqual(NOT_FOR[lwm2m].toSorted((one, other) => one - other));
    expect(results.flatMap(({ leftovers }) => leftovers)).toEqual([]);
  });
});

it('attributes that the device had before a run are put back, not just unset', async () => {
  const rig = new VirtualRig();
  const had = { kind: 'writeAttributes', path: '/3', attributes: { pmin: 7 } };
  await rig.order(had);
  const { cases } = await runCases(
    rig,
    CASES.filter(({ id }) => id === 260),
    SETTINGS,
  );
  expect(cases).toMatchObject([{ verdict: 'pass', leftovers: [] }]);
  const { result } = await rig.order({ kind: 'discover', path: '/3' });
  const [object] = result?.links ?? [];
  expect(object).toMatchObject({ path: '/3', attributes: { pmin: 7 } });
  expect(object?.attributes).not.toHaveProperty('pmax');
});

describe('a device that breaks a rule fails at the cases that name it, and at no other', () => {
  it.each(MUTATIONS.map((mutation) => [mutation.does, mutation] as const))(
    '%s',
    async (_does, { cases, rule, fault, lwm2m = '1.1' }) => {
      const failed = (await run({ lwm2m, fault })).filter(
        ({ verdict }) => verdict === 'fail' || verdict === 'inconclusive',
      );
      expect(failed.map(({ id, verdict, rule: broken, detail }) => ({ id, verdict, broken, detail }))).toEqual(
        cases.map((id) => ({ id, verdict: 'fail', broken: RULES[rule], detail: expect.any(String) })),
      );
    },
  );

  it('there are at least forty of them, and every rule that can fail on a device of 1.1 and 1.2 is broken by one', () => {
    expect(MUTATIONS.length).toBeGreaterThanOrEqual(40);
    const broken = new Set(MUTATIONS.map(({ rule }) => rule));
    expect(Object.keys(RULES).filter((rule) => !broken.has(rule as never))).toEqual([]);
  });
});
