/** ETS 1630, 1635: Portfolio, an object whose instances come and go. */

import type { Case } from '../case.js';
import { below } from '../trial.js';

/** The cases. */
export const PORTFOLIO_CASES: readonly Case[] = [
  {
    id: 1630,
    release: '1.1',
    title: 'Portfolio: creating an instance',
    run: async (t) => {
      t.instance(16);
      const value = { 0: { 0: 'Host Device ID #2', 1: 'Host Device Model #2' } };
      const taken = t.instances(16);
      const answer = await t.ask({ kind: 'create', path: '/16', value });
      t.expect(answer, '2.01', 'createCode');
      const created = t.found(answer.created, 'createThere', () => 'the answer has no Location-Path');
      t.undo(`the instance ${created}`, () => t.remove(created));
      t.require(!taken.includes(Number(created.split('/')[2])), 'createThere', () => `${created} was there before`);
      const links = await t.discover(created);
      t.same(links.get(`${created}/0`)?.attributes['dim'], 2, 'discoverDim', `dim of ${created}/0`);
      const found = (await t.read('/16')).values;
      t.same(found.get(`${created}/0/0`), 'Host Device ID #2', 'createThere', `${created}/0/0`);
      t.same(found.get(`${created}/0/1`), 'Host Device Model #2', 'createThere', `${created}/0/1`);
    },
  },
  {
    id: 1635,
    release: '1.1',
    title: 'Portfolio: deleting an instance',
    run: async (t) => {
      t.instance(16);
      const answer = await t.ask({ kind: 'create', path: '/16', value: { 0: { 0: 'Host Device ID #3' } } });
      t.expect(answer, '2.01', 'createCode');
      const created = t.found(answer.created, 'createThere', () => 'the answer has no Location-Path');
      t.undo(`the instance ${created}`, () => t.remove(created));
      t.expect(await t.ask({ kind: 'delete', path: created }), '2.02', 'deleteCode');
      const links = await t.discover('/16');
      t.require(!links.has(created), 'deleteGone', () => `${created} is still listed`);
      t.require(
        below((await t.read('/16')).values, created).size === 0,
        'deleteGone',
        () => `${created} still has values`,
      );
    },
  },
];
