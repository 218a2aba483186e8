/** ETS 260, 261, 264, 266: Discover, and the attributes that it shows. */

import type { Case } from '../case.js';
import type { Trial } from '../trial.js';
import type { Link } from '../trial-types.js';
import { notApplicable } from '../verdict.js';

/** The cases. */
export const DISCOVERING_CASES: readonly Case[] = [
  {
    id: 260,
    release: '1.1',
    title: 'Discover',
    run: async (t) => {
      await t.need('/3/0/6', '/3/0/7');
      listed(t, await t.discover('/3'), ['/3', '/3/0', '/3/0/16']);
      await t.attributes('/3', { pmin: 10, pmax: 200 });
      const instance = await t.discover('/3/0');
      listed(t, instance, ['/3/0', '/3/0/16']);
      await dimOf(t, instance, '/3/0/6');
      await t.attributes('/3/0/7', { lt: 1, gt: 6, st: 1 });
      shows(t, await t.discover('/3/0'), '/3/0/7', { lt: 1, gt: 6, st: 1 }, 'discoverAttributes');
      const resource = await t.discover('/3/0/7');
      shows(t, resource, '/3/0/7', { lt: 1, gt: 6, st: 1 }, 'discoverAttributes');
      shows(t, resource, '/3/0/7', { pmin: 10, pmax: 200 }, 'discoverInherited');
    },
  },
  {
    id: 261,
    release: '1.1',
    title: 'Write-Attributes on a multiple resource',
    run: async (t) => {
      t.needVersion('1.1');
      await t.need('/3/0/11');
      const codes = (await t.read('/3/0/11')).values;
      if (!codes.has('/3/0/11/0')) throw notApplicable('the device has no /3/0/11/0');
      await t.attributes('/3', { pmin: 10, pmax: 200 });
      await t.attributes('/3/0', { pmax: 320 });
      await t.attributes('/3/0/11/0', { pmax: 100, epmin: 1, epmax: 20 });
      const links = await t.discover('/3/0/11');
      await dimOf(t, links, '/3/0/11');
      shows(t, links, '/3/0/11', { pmin: 10, pmax: 320 }, 'discoverInherited');
      listed(t, links, ['/3/0/11/0']);
      shows(t, links, '/3/0/11/0', { pmax: 100, epmin: 1, epmax: 20 }, 'discoverAttributes');
    },
  },
  {
    id: 264,
    release: '1.2',
    title: 'Discover of depth 1',
    run: async (t) => {
      t.needVersion('1.2');
      await t.attributes('/3', { pmin: 1, pmax: 10 });
      const before = await t.discover('/3', 1);
      exactly(t, before, ['/3', '/3/0']);
      shows(t, before, '/3', { pmin: 1, pmax: 10 }, 'discoverAttributes');
      await t.attributes('/3/0', { pmax: 200 });
      const after = await t.discover('/3', 1);
      exactly(t, after, ['/3', '/3/0']);
      shows(t, after, '/3/0', { pmax: 200 }, 'discoverAttributes');
    },
  },
  {
    id: 266,
    release: '1.2',
    title: 'Discover of depth 3',
    run: async (t) => {
      t.needVersion('1.2');
      await t.need('/3/0/7');
      const instances = [...(await t.read('/3/0/7')).values.keys()];
      listed(t, await t.discover('/3', 2), ['/3/0', '/3/0/7']);
      await t.attributes('/3', { pmin: 1, pmax: 10 });
      await t.attributes('/3/0/7', { gt: 4 });
      const [last] = instances.slice(-1);
      if (last !== undefined) await t.attributes(last, { gt: 8 });
      const deep = await t.discover('/3', 3);
      listed(t, deep, instances);
      shows(t, deep, '/3/0/7', { gt: 4 }, 'discoverAttributes');
      if (last !== undefined) shows(t, deep, last, { gt: 8 }, 'discoverAttributes');
    },
  },
];

function listed(t: Trial, links: ReadonlyMap<string, Link>, wanted: readonly string[]): void {
  for (const path of wanted) {
    // ETS 266 is printed without the line of the object itself, 264 with it.
    if (path.split('/').length === 2) continue;
    t.require(links.has(path), 'discoverWhole', () => `${path} is not listed`);
  }
}

function exactly(t: Trial, links: ReadonlyMap<string, Link>, wanted: readonly string[]): void {
  for (const path of wanted) t.require(links.has(path), 'discoverDepth', () => `${path} is not listed`);
  const deeper = [...links.keys()].find((path) => !wanted.includes(path));
  t.require(deeper === undefined, 'discoverDepth', () => `${deeper ?? ''} is listed`);
}

async function dimOf(t: Trial, links: ReadonlyMap<string, Link>, path: string): Promise<void> {
  const { values } = await t.read(path);
  t.same(links.get(path)?.attributes['dim'], values.size, 'discoverDim', `dim of ${path}`);
}

function shows(
  t: Trial,
  links: ReadonlyMap<string, Link>,
  path: string,
  wanted: Readonly<Record<string, number>>,
  rule: 'discoverAttributes' | 'discoverInherited',
): void {
  for (const [name, value] of Object.entries(wanted))
    t.same(links.get(path)?.attributes[name], value, rule, `${name} of ${path}`);
}
