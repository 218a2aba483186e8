/** ETS 651, 652, 680, 685 (Device), 701, 710 (Connectivity Monitoring), 801, 810 (Location), 901, 905, 910 (Statistics). */

import type { Case } from '../case.js';
import { checkMandatory } from '../mandatory.js';
import { expectRegular } from '../intervals.js';
import type { Trial } from '../trial.js';

/** The cases. */
export const OBJECT_CASES: readonly Case[] = [
  {
    id: 651,
    release: '1.1',
    title: 'Device: setting and reading its resources',
    run: async (t) => {
      const wanted = { 13: '2013-04-30T14:13:35Z', 14: '+02:00', 15: 'Europe/Paris' };
      await t.need('/3/0/13', '/3/0/14', '/3/0/15');
      await t.restoring('/3/0/13', '/3/0/14', '/3/0/15');
      await t.write('/3/0', wanted, { format: 'tlv', mode: 'update' });
      const { values } = await t.read('/3/0');
      for (const resource of [14, 15] as const)
        t.same(values.get(`/3/0/${resource}`), wanted[resource], 'writeTakes', `/3/0/${resource}`);
      const clock = Date.parse(String(values.get('/3/0/13'))) - Date.parse(wanted[13]);
      t.require(clock >= 0 && clock < CLOCK_SLACK, 'writeTakes', () => `/3/0/13 is ${String(values.get('/3/0/13'))}`);
    },
  },
  {
    id: 652,
    release: '1.1',
    title: 'Device: firmware version',
    run: async (t) => {
      await t.need('/3/0/3');
      const { values } = await t.read('/3/0/3');
      t.found(values.get('/3/0/3'), 'mandatoryThere', () => 'the answer holds no /3/0/3');
    },
  },
  {
    id: 680,
    release: '1.1',
    title: 'Device: cannot be created',
    run: async (t) => {
      t.expect(await t.ask({ kind: 'create', path: '/3', value: { 0: 'Another' } }), '4.05', 'deviceStays');
    },
  },
  {
    id: 685,
    release: '1.1',
    title: 'Device: cannot be deleted',
    run: async (t) => {
      t.expect(await t.ask({ kind: 'delete', path: '/3/0' }), '4.05', 'deviceStays');
    },
  },
  {
    id: 701,
    release: '1.1',
    title: 'Connectivity Monitoring: reading',
    run: (t) => readWhole(t, 4),
  },
  {
    id: 710,
    release: '1.1',
    title: 'Connectivity Monitoring: observing',
    run: (t) => observeWhole(t, 4),
  },
  {
    id: 801,
    release: '1.1',
    title: 'Location: reading',
    run: (t) => readWhole(t, 6),
  },
  {
    id: 810,
    release: '1.1',
    title: 'Location: observing',
    run: (t) => observeWhole(t, 6),
  },
  {
    id: 901,
    release: '1.1',
    title: 'Connectivity Statistics: collecting',
    run: async (t) => {
      const statistics = t.instance(7);
      await t.need(`${statistics}/6`, `${statistics}/7`);
      t.expect(await t.ask({ kind: 'execute', path: `${statistics}/6` }), '2.04', 'executeCode');
      t.expect(await t.ask({ kind: 'execute', path: `${statistics}/7` }), '2.04', 'executeCode');
      await t.read(statistics);
    },
  },
  {
    id: 905,
    release: '1.1',
    title: 'Connectivity Statistics: setting the collection period',
    run: async (t) => {
      const period = `${t.instance(7)}/8`;
      await t.need(period);
      await t.restoring(period);
      await t.write(period, 5);
      t.same((await t.read(period)).values.get(period), 5, 'writeTakes', period);
    },
  },
  {
    id: 910,
    release: '1.1',
    title: 'Connectivity Statistics: observing',
    run: async (t) => {
      const statistics = t.instance(7);
      await t.need(`${statistics}/6`, `${statistics}/7`, `${statistics}/8`);
      await t.restoring(`${statistics}/8`);
      await t.attributes(statistics, { pmin: 2, pmax: 6 });
      await t.write(`${statistics}/8`, 0);
      const observation = await t.observe([statistics]);
      t.expect(await t.ask({ kind: 'execute', path: `${statistics}/6` }), '2.04', 'executeCode');
      await expectRegular(t, observation, { pmin: 2, pmax: 6, count: 2 });
      t.expect(await t.ask({ kind: 'execute', path: `${statistics}/7` }), '2.04', 'executeCode');
    },
  },
];

async function readWhole(t: Trial, object: number): Promise<void> {
  const instance = t.instance(object);
  const { values } = await t.read(instance);
  checkMandatory(t, values, instance);
}

async function observeWhole(t: Trial, object: number): Promise<void> {
  const instance = t.instance(object);
  await t.attributes(instance, { pmin: 2, pmax: 10 });
  const observation = await t.observe([instance]);
  await expectRegular(t, observation, { pmin: 2, pmax: 10, count: 2 });
}

/** Milliseconds that a clock goes on between being set and being read, a wait for an answer included. */
const CLOCK_SLACK = 120_000;
