/** ETS 751, 755, 756, 760, 770 to 779: the Firmware Update object and its state machine. */

import type { Case } from '../case.js';
import type { Trial } from '../trial.js';
import type { PackageKind } from '../trial-types.js';
import { inconclusive, notApplicable } from '../verdict.js';

/** The cases. */
export const FIRMWARE_CASES: readonly Case[] = [
  {
    id: 751,
    release: '1.1',
    title: 'Firmware Update: reading',
    run: async (t) => {
      const firmware = t.instance(5);
      const { values } = await t.read(firmware);
      for (const resource of [3, 5])
        t.require(values.has(`${firmware}/${resource}`), 'mandatoryThere', () => `${firmware}/${resource} is missing`);
      inState(t, values, firmware, IDLE, 'at rest');
    },
  },
  {
    id: 755,
    release: '1.1',
    title: 'Firmware Update: writing the package',
    run: async (t) => {
      const firmware = t.instance(5);
      const image = packageOf(t, 'good');
      await reset(t, firmware);
      await stateIs(t, firmware, IDLE, 0);
      await t.write(`${firmware}/0`, image);
      await becomes(t, firmware, DOWNLOADED, 0);
      await reset(t, firmware);
    },
  },
  {
    id: 756,
    release: '1.1',
    title: 'Firmware Update: writing the package URI',
    run: () => Promise.reject(notApplicable(PULL)),
  },
  {
    id: 760,
    release: '1.1',
    title: 'Firmware Update: observing the state',
    run: async (t) => {
      const firmware = t.instance(5);
      const image = packageOf(t, 'good');
      await reset(t, firmware);
      await t.attributes(firmware, { pmin: 1, pmax: 30 });
      const state = `${firmware}/3`;
      const observation = await t.observe([state]);
      await t.write(`${firmware}/0`, image);
      const told = await t.until(t.settings.patience, () =>
        t.notifications(observation).find(({ values }) => values?.get(state) === DOWNLOADED),
      );
      t.told('wait for a notification of state 2', told === undefined ? 'none came' : 'came');
      t.require(told !== undefined, 'firmwareState', () => 'no notification told of state 2 (Downloaded)');
      await reset(t, firmware);
    },
  },
  {
    id: 770,
    release: '1.1',
    title: 'Firmware Update: success, pushed',
    run: async (t) => {
      const firmware = t.instance(5);
      const image = packageOf(t, 'good');
      await reset(t, firmware);
      await t.write(`${firmware}/0`, image);
      await becomes(t, firmware, DOWNLOADED, 0);
      t.expect(await t.ask({ kind: 'execute', path: `${firmware}/2` }), '2.04', 'executeCode');
      await becomes(t, firmware, IDLE, 1);
    },
  },
  {
    id: 771,
    release: '1.1',
    title: 'Firmware Update: success, pulled',
    run: () => Promise.reject(notApplicable(PULL)),
  },
  {
    id: 772,
    release: '1.1',
    title: 'Firmware Update: Update without a package',
    run: async (t) => {
      const firmware = t.instance(5);
      await reset(t, firmware);
      const before = await resultOf(t, firmware);
      t.expect(await t.ask({ kind: 'execute', path: `${firmware}/2` }), '4.05', 'firmwareNotReady');
      const after = await resultOf(t, firmware);
      t.same(after, before, 'firmwareNotReady', 'state and result');
    },
  },
  refusedPackage(773, 'not enough storage', 'large', 2),
  {
    id: 774,
    release: '1.1',
    title: 'Firmware Update: out of memory',
    run: () => Promise.reject(notApplicable('no order of a server takes away the memory of a device')),
  },
  {
    id: 775,
    release: '1.1',
    title: 'Firmware Update: connection lost',
    run: () => Promise.reject(notApplicable(PULL)),
  },
  refusedPackage(776, 'integrity check failed', 'corrupt', 5),
  refusedPackage(777, 'unsupported package type', 'unsupported', 6),
  {
    id: 778,
    release: '1.1',
    title: 'Firmware Update: invalid URI',
    run: async (t) => {
      const firmware = t.instance(5);
      await t.need(`${firmware}/1`);
      const method = (await t.read(firmware)).values.get(`${firmware}/9`);
      if (method === PUSH_ONLY) throw notApplicable('the device pulls nothing: its delivery method is 1 (push only)');
      await reset(t, firmware);
      await t.write(`${firmware}/1`, 'coap://invalid.invalid/image');
      await becomes(t, firmware, IDLE, 7);
    },
  },
  {
    id: 779,
    release: '1.1',
    title: 'Firmware Update: installation fails',
    run: async (t) => {
      const firmware = t.instance(5);
      const image = packageOf(t, 'failing');
      const version = (await t.read('/3/0')).values.get('/3/0/3');
      await reset(t, firmware);
      await t.write(`${firmware}/0`, image);
      await becomes(t, firmware, DOWNLOADED, 0);
      t.expect(await t.ask({ kind: 'execute', path: `${firmware}/2` }), '2.04', 'executeCode');
      await becomes(t, firmware, DOWNLOADED, 8);
      t.same((await t.read('/3/0')).values.get('/3/0/3'), version, 'firmwareState', '/3/0/3');
      await reset(t, firmware);
    },
  },
];

/** A package that a device refuses at its download. */
function refusedPackage(id: number, title: string, kind: PackageKind, result: number): Case {
  return {
    id,
    release: '1.1',
    title: `Firmware Update: ${title}`,
    run: async (t) => {
      const firmware = t.instance(5);
      const image = packageOf(t, kind);
      await reset(t, firmware);
      // A device may refuse the last block of what it cannot use, or take it and tell by its result.
      await t.ask({ kind: 'write', path: `${firmware}/0`, mode: 'replace', value: image });
      await becomes(t, firmware, IDLE, result);
    },
  };
}

/** A package as REST takes it; ends the case when the run was given none. */
function packageOf(t: Trial, kind: PackageKind): string {
  const bytes = t.settings.packages[kind];
  if (bytes === undefined) throw notApplicable(`no package was given: ${PACKAGE_FLAGS[kind]} FILE`);
  return Buffer.from(bytes).toString('base64');
}

/** Back to Idle: an empty package resets the state machine (one NUL byte in versions that know no empty one). */
async function reset(t: Trial, firmware: string): Promise<void> {
  const empty = await t.ask({ kind: 'write', path: `${firmware}/0`, mode: 'replace', value: '' });
  if (empty.code !== '2.04')
    t.expect(
      await t.ask({ kind: 'write', path: `${firmware}/0`, mode: 'replace', value: 'AA==' }),
      '2.04',
      'writeCode',
    );
  await becomes(t, firmware, IDLE, 0);
}

/** Waits until state and result are there. */
async function becomes(t: Trial, firmware: string, state: number, result: number): Promise<void> {
  const end = t.now() + t.settings.patience * 1000;
  for (;;) {
    const found = await resultOf(t, firmware);
    if (found.state === state && found.result === result) return;
    if (t.now() >= end) {
      const detail = `state ${String(found.state)} and result ${String(found.result)}, expected ${state} and ${result}`;
      t.require(false, 'firmwareState', () => detail);
    }
    await t.wait(1, 'wait 1 s');
  }
}

async function stateIs(t: Trial, firmware: string, state: number, result: number): Promise<void> {
  const { values } = await t.read(firmware);
  inState(t, values, firmware, state, `in state ${state}`);
  t.same(values.get(`${firmware}/5`), result, 'firmwareState', `${firmware}/5`);
}

function inState(t: Trial, values: ReadonlyMap<string, unknown>, firmware: string, state: number, words: string): void {
  const found = values.get(`${firmware}/3`);
  if (found !== state && typeof found === 'number' && found > 0)
    throw inconclusive(`an update is under way: state ${found}, the device should be ${words}`);
  t.same(found, state, 'firmwareState', `${firmware}/3`);
}

/** State and result, read again while the device is away: installing takes some clients off the net. */
async function resultOf(t: Trial, firmware: string): Promise<{ readonly state: unknown; readonly result: unknown }> {
  const { values } = await t.read(firmware);
  return { state: values.get(`${firmware}/3`), result: values.get(`${firmware}/5`) };
}

const IDLE = 0;
const DOWNLOADED = 2;
/** Of /5/x/9. */
const PUSH_ONLY = 1;
const PULL = 'the server hosts no files yet that a device could pull';
const PACKAGE_FLAGS: Readonly<Record<PackageKind, string>> = {
  good: '--package',
  corrupt: '--package-corrupt',
  unsupported: '--package-unsupported',
  failing: '--package-failing',
  large: '--package-large',
};
