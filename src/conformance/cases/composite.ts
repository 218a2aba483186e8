/** ETS 229, 230, 235, 236, 257, 280, 281: Read-Composite and Write-Composite. */

import type { Case } from '../case.js';
import { below } from '../trial.js';
import type { Trial } from '../trial.js';
import { isUnder } from '../values.js';
import { notApplicable } from '../verdict.js';
import type { FlatValues } from '../values.js';
import { otherThan } from './writing.js';

/** The cases. */
export const COMPOSITE_CASES: readonly Case[] = [
  {
    id: 229,
    release: '1.1',
    title: 'Read-Composite',
    run: async (t) => {
      const server = t.instance(1);
      await readTogether(t, ['/3', server, `${server}/1`, '/3/0/11/0'], []);
    },
  },
  {
    id: 230,
    release: '1.1',
    title: 'Write-Composite',
    run: async (t) => {
      const server = t.instance(1);
      const identity = `${t.instance(16)}/0`;
      t.needVersion('1.1');
      const before = await t.restoring(identity, `${server}/1`, `${server}/6`);
      const texts = [...before.keys()].filter((path) => isUnder(path, identity));
      const lifetime = otherThan(before.get(`${server}/1`), 61);
      const wanted: Record<string, unknown> = { [`${server}/1`]: lifetime, [`${server}/6`]: true };
      for (const [index, path] of texts.entries()) wanted[path] = ['aa', 'bb', 'cc', 'dd'][index % 4];
      const from = t.mark;
      await writeTogether(t, wanted);
      await t.expectLifetime(from, lifetime);
    },
  },
  {
    id: 235,
    release: '1.1',
    title: 'Read-Composite on the root',
    run: async (t) => {
      t.needVersion('1.1');
      const { values } = await readAll(t, ['/']);
      const secret = [...values.keys()].find((path) => SECRET.some((object) => isUnder(path, object)));
      t.require(secret === undefined, 'rootWithoutSecrets', () => `${secret ?? ''} came`);
      for (const path of ['/1', '/3'])
        t.require(below(values, path).size > 0, 'compositeWhole', () => `nothing of ${path} came`);
      await expectMandatory(t, values, ['/1', '/3']);
    },
  },
  {
    id: 236,
    release: '1.1',
    title: 'Read-Composite of what is there in part',
    run: (t) => readTogether(t, [`${t.instance(1)}/1`, '/3/0/11/0', '/3/0/16'], ['/3339/0/5522', '/3353/0/6030']),
  },
  {
    id: 257,
    release: '1.1',
    title: 'Write-Composite on the Server and Device objects',
    run: async (t) => {
      t.needVersion('1.1');
      const server = t.instance(1);
      await t.need(`${server}/2`, `${server}/6`, '/3/0/13');
      await t.restoring(`${server}/2`, `${server}/6`, '/3/0/13');
      await writeTogether(t, { [`${server}/2`]: 101, [`${server}/6`]: true, '/3/0/13': '1970-01-01T00:00:00Z' }, [
        '/3/0/13',
      ]);
    },
  },
  {
    id: 280,
    release: '1.1',
    title: 'Successful Read-Composite',
    run: (t) => readTogether(t, ['/3/0/16', '/3/0/11/0', t.instance(1)], []),
  },
  {
    id: 281,
    release: '1.1',
    title: 'Partially successful Read-Composite',
    run: (t) => {
      const server = t.instance(1);
      return readTogether(t, [`${server}/1`, `${server}/7`], [`${server}/8`]);
    },
  },
];

/** Reads paths together: every value that single reads give, nothing of what is not there, nothing that was not asked for. */
async function readTogether(t: Trial, there: readonly string[], missing: readonly string[]): Promise<void> {
  t.needVersion('1.1');
  const singles = new Map<string, unknown>();
  for (const path of there) {
    const answer = await t.ask({ kind: 'read', path });
    if (answer.code === '4.04') throw notApplicable(`the device has no ${path}`);
    t.expect(answer, '2.05', 'readCode');
    for (const [at, value] of answer.values) singles.set(at, value);
  }
  const { values } = await readAll(t, [...there, ...missing]);
  for (const path of values.keys()) {
    const asked = there.some((one) => isUnder(path, one));
    t.require(asked, 'compositeNothingElse', () => `${path} came and was not asked for or cannot be read`);
  }
  for (const [path, value] of singles) {
    t.require(values.has(path), 'compositeWhole', () => `${path} is missing`);
    if (STEADY.test(path)) t.same(values.get(path), value, 'compositeWhole', path);
  }
}

async function readAll(t: Trial, paths: readonly string[]): Promise<{ readonly values: FlatValues }> {
  const answer = await t.ask({ kind: 'readComposite', paths });
  t.expect(answer, '2.05', 'compositeCode');
  return answer;
}

/** Writes values together and reads each back, but for those of `moving`, which go on by themselves. */
async function writeTogether(
  t: Trial,
  wanted: Readonly<Record<string, unknown>>,
  moving: readonly string[] = [],
): Promise<void> {
  t.expect(await t.ask({ kind: 'writeComposite', value: wanted }), '2.04', 'compositeWritten');
  for (const [path, value] of Object.entries(wanted)) {
    const found = (await t.read(path)).values.get(path);
    if (moving.includes(path)) {
      const near = Math.abs(Date.parse(String(found)) - Date.parse(String(value))) < CLOCK_SLACK;
      t.require(near, 'compositeWritten', () => `${path} is ${String(found)}, written was ${String(value)}`);
    } else t.same(found, value, 'compositeWritten', path);
  }
}

async function expectMandatory(t: Trial, values: FlatValues, objects: readonly string[]): Promise<void> {
  for (const path of objects) {
    for (const single of (await t.read(path)).values.keys())
      t.require(values.has(single), 'compositeWhole', () => `${single} is missing`);
  }
}

/** What no server may see. */
const SECRET = ['/0', '/21', '/23'];
/** Values that stay as they are between two requests. */
const STEADY = /^\/(1\/\d+\/(0|1|6|7)|3\/0\/(0|1|2|3|16|17|18|19)|3\/0\/11\/\d+)$/;
/** Milliseconds that a clock goes on between being set and being read, a wait for an answer included. */
const CLOCK_SLACK = 120_000;
