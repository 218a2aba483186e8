/** ETS 301 to 305, 308 to 310, 312, 313: observations, their attributes and their ends. */

import type { Case } from '../case.js';
import { expectBetween, expectRegular, expectSilence } from '../intervals.js';
import type { Trial } from '../trial.js';
import { isUnder } from '../values.js';

/** The cases. */
export const REPORTING_CASES: readonly Case[] = [
  {
    id: 301,
    release: '1.1',
    title: 'Observation and notification of values',
    run: async (t) => {
      await t.need('/3/0/7', '/3/0/8');
      await t.attributes('/3/0/7', { pmin: 5, pmax: 15 });
      await t.attributes('/3/0/8', { pmin: 10, pmax: 20 });
      const seventh = await t.observe(['/3/0/7']);
      const eighth = await t.observe(['/3/0/8']);
      await expectRegular(t, seventh, { pmin: 5, pmax: 15, count: 2 });
      await expectRegular(t, eighth, { pmin: 10, pmax: 20, count: 2 });
    },
  },
  {
    id: 302,
    release: '1.1',
    title: 'Cancel observations by Reset',
    run: async (t) => {
      await t.need('/3/0/7');
      await t.attributes('/3/0/7', { pmin: 2, pmax: 6 });
      const observation = await t.observe(['/3/0/7']);
      await t.cancel(observation, 'reset');
      const last = await t.until(6 + t.settings.slack, () => t.notifications(observation)[0]);
      t.told('wait for the notification that is answered by Reset', last === undefined ? 'none came' : 'came');
      t.require(last !== undefined, 'pmax', () => 'no notification came within pmax');
      // A client may have sent the next one before it saw the Reset.
      await expectSilence(t, observation, { seconds: 12, rule: 'resetEnds' });
    },
  },
  {
    id: 303,
    release: '1.1',
    title: 'Cancel observations by Observe 1',
    run: async (t) => {
      await t.need('/3/0/7');
      await t.attributes('/3/0/7', { pmin: 2, pmax: 6 });
      const observation = await t.observe(['/3/0/7']);
      await expectRegular(t, observation, { pmin: 2, pmax: 6, count: 1 });
      await t.cancel(observation, 'observe');
      await expectSilence(t, observation, { seconds: 12, rule: 'cancelEnds' });
    },
  },
  {
    id: 304,
    release: '1.1',
    title: 'Observe-Composite',
    run: async (t) => {
      t.needVersion('1.1');
      const lifetime = `${t.instance(1)}/1`;
      await t.attributes(lifetime, { pmin: 30, pmax: 45 });
      const paths = [lifetime, '/3/0/11/0', '/3/0/16'];
      const observation = await t.observe(paths);
      await expectRegular(t, observation, { pmin: 30, pmax: 45, count: 1 });
      holdsAll(t, t.notifications(observation).at(-1)?.values, paths);
    },
  },
  {
    id: 305,
    release: '1.1',
    title: 'Cancel an Observe-Composite',
    run: async (t) => {
      t.needVersion('1.1');
      const lifetime = `${t.instance(1)}/1`;
      await t.attributes(lifetime, { pmin: 2, pmax: 6 });
      const observation = await t.observe([lifetime, '/3/0/16']);
      await expectRegular(t, observation, { pmin: 2, pmax: 6, count: 1 });
      await t.cancel(observation, 'observe');
      await expectSilence(t, observation, { seconds: 12, rule: 'cancelEnds' });
    },
  },
  {
    id: 308,
    release: '1.1',
    title: 'Observe-Composite and Create',
    run: async (t) => {
      const fresh = await portfolioObserved(t);
      const { created } = await createPortfolio(t, fresh.instance);
      const told = await t.until(fresh.pmax + t.settings.slack, () =>
        t.notifications(fresh.observation).find(({ values }) => holdsUnder(values, created)),
      );
      t.told(`wait for a notification with ${created}`, told === undefined ? 'none came' : 'came');
      t.require(told !== undefined, 'notifiedWhole', () => `no notification holds the new ${created}`);
    },
  },
  {
    id: 309,
    release: '1.1',
    title: 'Observe-Composite and Delete',
    run: async (t) => {
      t.needVersion('1.1');
      const first = t.instance(16);
      const { created } = await createPortfolio(t, freeInstance(t));
      await t.attributes(first, { pmin: 2, pmax: 6 });
      const observation = await t.observe([first, created]);
      t.expect(await t.ask({ kind: 'delete', path: created }), '2.02', 'deleteCode');
      const from = t.mark;
      const next = await t.until(6 + t.settings.slack, () => t.notifications(observation, from)[0]);
      t.told('wait for a notification', next === undefined ? 'none came' : 'came');
      const told = t.found(next, 'pmax', () => 'no notification came within pmax');
      t.require(!holdsUnder(told.values, created), 'deleteGone', () => `a notification still holds ${created}`);
      t.require(holdsUnder(told.values, first), 'notifiedWhole', () => `the notification holds nothing of ${first}`);
    },
  },
  {
    id: 310,
    release: '1.1',
    title: 'Observe-Composite and changed attributes',
    run: async (t) => {
      t.needVersion('1.1');
      const observation = await t.observe([`${t.instance(1)}/1`, '/3/0']);
      await t.attributes('/3', { pmax: 5 });
      await expectRegular(t, observation, { pmin: 0, pmax: 5, count: 2, rule: 'attributesNow' });
    },
  },
  {
    id: 312,
    release: '1.2',
    title: 'Observe with parameters',
    run: async (t) => {
      t.needVersion('1.2');
      await t.need('/3/0/7');
      const observation = await t.observe(['/3/0/7'], { pmin: 5, pmax: 15 });
      await expectRegular(t, observation, { pmin: 5, pmax: 15, count: 1 });
    },
  },
  {
    id: 313,
    release: '1.2',
    title: 'Observe with parameters that go before attributes',
    run: async (t) => {
      t.needVersion('1.2');
      await t.need('/3/0/7');
      await t.attributes('/3/0/7', { pmax: 60 });
      const observation = await t.observe(['/3/0/7'], { pmax: 10 });
      await expectBetween(t, observation, { from: 0, to: 10, rule: 'parametersWin' });
    },
  },
];

/** Observes the first instance of Portfolio and one that is not there yet. */
async function portfolioObserved(t: Trial) {
  t.needVersion('1.1');
  const first = t.instance(16);
  const instance = freeInstance(t);
  const pmax = 6;
  await t.attributes(first, { pmin: 2, pmax });
  const observation = await t.observe([first, `/16/${instance}`]);
  return { observation, instance, pmax };
}

async function createPortfolio(t: Trial, instance: number): Promise<{ readonly created: string }> {
  const answer = await t.ask({ kind: 'create', path: '/16', instance, value: { 0: { 0: 'Host Device ID #1' } } });
  t.expect(answer, '2.01', 'createCode');
  const created = answer.created ?? `/16/${instance}`;
  t.undo(`the instance ${created}`, async () => {
    await t.remove(created);
  });
  return { created };
}

function freeInstance(t: Trial): number {
  const taken = t.instances(16);
  let free = 0;
  while (taken.includes(free)) free += 1;
  return free;
}

function holdsUnder(values: ReadonlyMap<string, unknown> | undefined, under: string): boolean {
  return values !== undefined && [...values.keys()].some((path) => isUnder(path, under));
}

function holdsAll(t: Trial, values: ReadonlyMap<string, unknown> | undefined, paths: readonly string[]): void {
  for (const path of paths)
    t.require(holdsUnder(values, path), 'notifiedWhole', () => `the notification holds nothing of ${path}`);
}
