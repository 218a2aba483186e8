/** ETS 201 to 204, 211, 221 to 225, 231, 232, 237: reading, at every level and in every format. */

import type { FormatName } from '#lwm2m/model';

import type { Case } from '../case.js';
import { checkMandatory } from '../mandatory.js';
import type { Order } from '../rig.js';
import { below } from '../trial.js';
import type { Trial } from '../trial.js';
import { notApplicable } from '../verdict.js';

/** The cases. */
export const READING_CASES: readonly Case[] = [
  {
    id: 201,
    release: '1.1',
    title: 'Querying basic information in plain text',
    run: async (t) => {
      await readOnes(t, '/3/0', ['0', '1', '2'], 'text');
    },
  },
  {
    id: 203,
    release: '1.1',
    title: 'Querying basic information in TLV',
    run: (t) => readDevice(t, 'tlv'),
  },
  {
    id: 204,
    release: '1.1',
    title: 'Querying basic information in JSON',
    run: (t) => readDevice(t, 'json'),
  },
  {
    id: 211,
    release: '1.1',
    title: 'Querying basic information in CBOR',
    run: async (t) => {
      await readOnes(t, t.instance(1), ['0', '6', '7'], 'cbor');
    },
  },
  {
    id: 221,
    release: '1.1',
    title: 'Attempt to perform operations on the Security object',
    run: async (t) => {
      const orders: readonly Order[] = [
        { kind: 'read', path: '/0' },
        { kind: 'write', path: '/0/0/0', mode: 'replace', value: { type: 'string', value: 'coap://example.com' } },
        { kind: 'writeAttributes', path: '/0', attributes: { pmin: 30, pmax: 45 } },
      ];
      for (const order of orders) t.expect(await t.ask(order), '4.01', 'securityHidden');
    },
  },
  {
    id: 222,
    release: '1.1',
    title: 'Read on an object',
    run: async (t) => {
      for (const object of [1, 3]) {
        t.instance(object);
        const { values } = await t.read(`/${object}`);
        for (const instance of t.instances(object)) checkMandatory(t, values, `/${object}/${instance}`);
      }
    },
  },
  {
    id: 223,
    release: '1.1',
    title: 'Read on an object instance',
    run: async (t) => {
      for (const instance of [t.instance(1), t.instance(3)]) {
        const { values } = await t.read(instance);
        checkMandatory(t, values, instance);
        t.require(below(values, instance).size === values.size, 'readCode', () => `${instance} gives values of others`);
      }
    },
  },
  {
    id: 224,
    release: '1.1',
    title: 'Read on a resource',
    run: async (t) => {
      const server = t.instance(1);
      await readOnes(t, server, ['0', '1', '6', '7']);
      await readOnes(t, t.instance(3), ['16']);
    },
  },
  {
    id: 225,
    release: '1.1',
    title: 'Read on a resource instance',
    run: async (t) => {
      t.needVersion('1.1');
      const { path, value } = await errorCode(t);
      const { values } = await t.read(path);
      t.require(values.size === 1, 'readCode', () => `${values.size} values came for ${path}`);
      t.same(values.get(path), value, 'sameInAllFormats', path);
    },
  },
  {
    id: 231,
    release: '1.1',
    title: 'Querying the readable resources of objects in SenML JSON',
    run: (t) => readLevels(t, 'senml-json'),
  },
  {
    id: 232,
    release: '1.1',
    title: 'Querying the readable resources of objects in SenML CBOR',
    run: (t) => readLevels(t, 'senml-cbor'),
  },
  {
    id: 237,
    release: '1.1',
    title: 'Read without a preferred format',
    run: async (t) => {
      for (const path of [`/1`, `/3`]) {
        const { values } = await t.read(path, 'any');
        for (const instance of t.instances(Number(path.slice(1)))) checkMandatory(t, values, `${path}/${instance}`);
      }
    },
  },
];

/** Reads single resources, those that are there; each value is that of the whole instance. */
async function readOnes(t: Trial, instance: string, resources: readonly string[], format?: FormatName): Promise<void> {
  const whole = await t.read(instance);
  const there = resources.filter((resource) => whole.values.has(`${instance}/${resource}`));
  if (there.length === 0) throw notApplicable(`the device has none of ${instance}/${resources.join(',')}`);
  for (const resource of there) {
    const path = `${instance}/${resource}`;
    const { values } = await t.read(path, format);
    t.same(values.get(path), whole.values.get(path), 'sameInAllFormats', path);
  }
}

/** Reads the Device object in a format: all mandatory resources, and what a read in the device's own format gives. */
async function readDevice(t: Trial, format: FormatName): Promise<void> {
  const instance = t.instance(3);
  const { values } = await t.read(instance, format);
  checkMandatory(t, values, instance);
  const whole = await t.read(instance);
  for (const resource of ['0', '1', '2', '3', '16']) {
    const path = `${instance}/${resource}`;
    t.same(values.get(path), whole.values.get(path), 'sameInAllFormats', path);
  }
}

/** Reads an object, an instance, a resource and a resource instance in a format. */
async function readLevels(t: Trial, format: FormatName): Promise<void> {
  t.needVersion('1.1');
  const whole = await t.read('/3/0');
  const { path } = await errorCode(t);
  for (const object of [1, 3]) {
    t.instance(object);
    const { values } = await t.read(`/${object}`, format);
    for (const instance of t.instances(object)) checkMandatory(t, values, `/${object}/${instance}`);
  }
  for (const at of ['/3/0', '/3/0/16', path]) {
    const { values } = await t.read(at, format);
    for (const steady of ['/3/0/16', path].filter((one) => one === at || at === '/3/0'))
      t.same(values.get(steady), whole.values.get(steady), 'sameInAllFormats', steady);
  }
}

/** The first error code, a resource instance that every device has. */
async function errorCode(t: Trial): Promise<{ readonly path: string; readonly value: unknown }> {
  const { values } = await t.read(`${t.instance(3)}/11`);
  const [first] = values;
  if (first === undefined) throw notApplicable('the device has no instance of /3/0/11');
  return { path: first[0], value: first[1] };
}
