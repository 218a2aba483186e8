/** ETS 205, 212, 215, 220, 226 to 228, 233, 234, 241, 256: writing, at every level and in every format; reboot. */

import { Code } from '#coap/codec';
import type { FormatName } from '#lwm2m/model';

import type { Case } from '../case.js';
import type { Trial } from '../trial.js';
import { queriesOf } from '../wire.js';

/** The cases. */
export const WRITING_CASES: readonly Case[] = [
  {
    id: 205,
    release: '1.1',
    title: 'Setting basic information in plain text',
    run: (t) => writeOnes(t, { 2: 101, 3: 1010, 5: 2000 }, 'text'),
  },
  {
    id: 212,
    release: '1.1',
    title: 'Setting basic information in CBOR',
    run: (t) => writeOnes(t, { 2: 101, 3: 1010, 6: true }, 'cbor'),
  },
  {
    id: 215,
    release: '1.1',
    title: 'Setting basic information in TLV',
    run: (t) => writeInstance(t, 'tlv'),
  },
  {
    id: 220,
    release: '1.1',
    title: 'Setting basic information in JSON',
    run: (t) => writeInstance(t, 'json'),
  },
  {
    id: 226,
    release: '1.1',
    title: 'Write (partial update) on an object instance',
    run: async (t) => {
      const server = t.instance(1);
      const before = await t.restoring(server);
      const lifetime = otherThan(before.get(`${server}/1`), 61);
      const from = t.mark;
      await t.write(server, { 1: lifetime, 6: true }, { mode: 'update' });
      const { values } = await t.read(server);
      t.same(values.get(`${server}/1`), lifetime, 'writeTakes', `${server}/1`);
      t.same(values.get(`${server}/6`), true, 'writeTakes', `${server}/6`);
      t.same(values.get(`${server}/7`), before.get(`${server}/7`), 'partialKeeps', `${server}/7`);
      await t.expectLifetime(from, lifetime);
    },
  },
  {
    id: 227,
    release: '1.1',
    title: 'Write (replace) on a resource',
    run: async (t) => {
      const path = `${t.instance(1)}/1`;
      const lifetime = otherThan((await t.restoring(path)).get(path), 63);
      const from = t.mark;
      await t.write(path, lifetime);
      t.same((await t.read(path)).values.get(path), lifetime, 'writeTakes', path);
      await t.expectLifetime(from, lifetime);
    },
  },
  {
    id: 228,
    release: '1.1',
    title: 'Write on a resource instance',
    run: async (t) => {
      t.needVersion('1.1');
      const identity = `${t.instance(16)}/0`;
      await t.need(identity);
      const before = await t.restoring(identity);
      const [path] = [...before.keys()];
      if (path === undefined) return;
      await t.write(path, 'test');
      const { values } = await t.read(identity);
      t.same(values.get(path), 'test', 'writeTakes', path);
      for (const [other, value] of before)
        if (other !== path) t.same(values.get(other), value, 'instanceWriteKeeps', other);
    },
  },
  {
    id: 233,
    release: '1.1',
    title: 'Setting resources of an object in SenML CBOR',
    run: (t) => writeEverywhere(t, 'senml-cbor'),
  },
  {
    id: 234,
    release: '1.1',
    title: 'Setting resources of an object in SenML JSON',
    run: (t) => writeEverywhere(t, 'senml-json'),
  },
  {
    id: 241,
    release: '1.1',
    title: 'Execute: reboot',
    run: async (t) => {
      await t.need('/3/0/4');
      const from = t.mark;
      t.expect(await t.ask({ kind: 'execute', path: '/3/0/4' }), '2.04', 'executeCode');
      const name = `ep=${t.device.endpoint}`;
      const register = await t.until(t.settings.patience, () =>
        t.requests(from, Code.POST, '/rd').find(({ message }) => queriesOf(message).includes(name)),
      );
      t.told('wait for a new registration', register === undefined ? 'none came' : 'came');
      t.require(register !== undefined, 'rebootRegisters', () => 'no Register came');
      // What follows needs a device that the server knows as registered again.
      await t.settled();
    },
  },
  {
    id: 256,
    release: '1.1',
    title: 'Write operation failure',
    run: async (t) => {
      const identifier = `${t.instance(1)}/0`;
      const before = (await t.read(identifier)).values.get(identifier);
      t.expect(await t.ask({ kind: 'write', path: identifier, mode: 'replace', value: 123 }), '4.05', 'readOnly');
      t.same((await t.read(identifier)).values.get(identifier), before, 'failedWriteKeeps', identifier);
    },
  },
];

/** Writes resources of the Server object one by one and reads each back; those that the device has. */
async function writeOnes(t: Trial, wanted: Readonly<Record<string, unknown>>, format: FormatName): Promise<void> {
  const server = t.instance(1);
  const paths = Object.keys(wanted).map((resource) => `${server}/${resource}`);
  await t.need(...paths);
  await t.restoring(...paths);
  for (const [resource, value] of Object.entries(wanted)) await t.write(`${server}/${resource}`, value, { format });
  const { values } = await t.read(server);
  for (const [resource, value] of Object.entries(wanted))
    t.same(values.get(`${server}/${resource}`), value, 'writeTakes', `${server}/${resource}`);
}

/** ETS 215: partial update of the Server object, then its former values by a replacement. */
async function writeInstance(t: Trial, format: FormatName): Promise<void> {
  const server = t.instance(1);
  const wanted = { 2: 101, 3: 1010, 5: 2000, 6: true };
  await t.need(...Object.keys(wanted).map((resource) => `${server}/${resource}`));
  const before = await t.restoring(server);
  await t.write(server, wanted, { format, mode: 'update' });
  const changed = (await t.read(server)).values;
  for (const [resource, value] of Object.entries(wanted))
    t.same(changed.get(`${server}/${resource}`), value, 'writeTakes', `${server}/${resource}`);
  t.same(changed.get(`${server}/1`), before.get(`${server}/1`), 'partialKeeps', `${server}/1`);
  const writable = Object.fromEntries(
    [...before].flatMap(([path, value]) => (t.isWritable(path) ? [[path.split('/')[3] ?? '', value]] : [])),
  );
  await t.write(server, writable, { format });
  const restored = (await t.read(server)).values;
  for (const resource of Object.keys(wanted))
    t.same(
      restored.get(`${server}/${resource}`),
      before.get(`${server}/${resource}`),
      'writeTakes',
      `${server}/${resource}`,
    );
}

/** ETS 233, 234: a partial update of an instance, a resource instance, a resource. */
async function writeEverywhere(t: Trial, format: FormatName): Promise<void> {
  t.needVersion('1.1');
  const server = t.instance(1);
  const before = await t.restoring(server);
  const lifetime = otherThan(before.get(`${server}/1`), 61);
  const first = t.mark;
  await t.write(server, { 1: lifetime, 6: true }, { format, mode: 'update' });
  t.same((await t.read(server)).values.get(`${server}/6`), true, 'writeTakes', `${server}/6`);
  await t.expectLifetime(first, lifetime);
  if (t.instances(16).length > 0) await writeIdentity(t, format);
  const second = t.mark;
  await t.write(`${server}/1`, 63, { format });
  t.same((await t.read(`${server}/1`)).values.get(`${server}/1`), 63, 'writeTakes', `${server}/1`);
  await t.expectLifetime(second, 63);
}

/** `wanted`, or one more when it is so already: what does not change need not be announced. */
export function otherThan(now: unknown, wanted: number): number {
  return now === wanted ? wanted + 1 : wanted;
}

async function writeIdentity(t: Trial, format: FormatName): Promise<void> {
  const identity = `${t.instance(16)}/0`;
  const before = await t.restoring(identity);
  const [path] = [...before.keys()];
  if (path === undefined) return;
  await t.write(path, 'test_value', { format });
  t.same((await t.read(identity)).values.get(path), 'test_value', 'writeTakes', path);
}
