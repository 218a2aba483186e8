/** What a device that follows the standard refuses, told beforehand (LwM2M-Core 1.1.1 §5.1.2, §6.3; OMA test cases 221, 256, 680, 685). */

import { describe, expect, it } from '@jest/globals';
import { ObjectLists, expectedRefusal, parsePath, viewFor } from '#lwm2m/model';
import type { Attributes, DeviceRequest, EnablerVersion, Node, RegisteredModel, Scalar } from '#lwm2m/model';
import { loadObjects } from '../../../src/objects.js';

const BUILT_IN = loadObjects([]);

function device(lwm2m: EnablerVersion = '1.2'): RegisteredModel {
  const entry = (id: number, instances: number[], version = '1.1') => ({ id, version, instances });
  const list = new ObjectLists().intern({
    objects: [
      entry(1, [0]),
      entry(3, [0]),
      entry(5, [0], '1.0'),
      entry(16, [0], '1.0'),
      entry(3303, [0, 2]),
      entry(40_000, [0], '1.0'),
    ],
    root: '',
    formats: [],
  });
  const versions = new Map(list.objects.map(({ id, version }) => [id, version]));
  return { lwm2m, root: '', formats: [], model: viewFor(BUILT_IN, (id) => versions.get(id)), list };
}

const one = (value: Scalar): Node => ({ kind: 'single', value });
const integer = (value: number): Node => one({ type: 'integer', value });
const text = (value: string): Node => one({ type: 'string', value });
const many = (...values: string[]): Node => ({
  kind: 'multiple',
  values: new Map(values.map((value, id) => [id, { type: 'string', value }])),
});
const instance = (resources: Readonly<Record<number, Node>>): Node & { kind: 'instance' } => ({
  kind: 'instance',
  resources: new Map(
    Object.entries(resources).map(([id, node]) => [Number(id), node as Node & { kind: 'single' | 'multiple' }]),
  ),
});

const read = (path: string): DeviceRequest => ({ kind: 'read', path: parsePath(path) });
const write = (path: string, node: Node, mode: 'replace' | 'update' = 'replace'): DeviceRequest => ({
  kind: 'write',
  path: parsePath(path),
  mode,
  node,
});
const attributes = (path: string, values: Attributes): DeviceRequest => ({
  kind: 'writeAttributes',
  path: parsePath(path),
  attributes: values,
});
const execute = (path: string): DeviceRequest => ({ kind: 'execute', path: parsePath(path) });
const create = (path: string, node: Node & { kind: 'instance' }, id?: number): DeviceRequest => ({
  kind: 'create',
  path: parsePath(path),
  node,
  ...(id === undefined ? {} : { instance: id }),
});
const remove = (path: string): DeviceRequest => ({ kind: 'delete', path: parsePath(path) });
const discover = (path: string, depth?: number): DeviceRequest => ({
  kind: 'discover',
  path: parsePath(path),
  ...(depth === undefined ? {} : { depth }),
});
const observe = (paths: string[], parameters?: Attributes): DeviceRequest => ({
  kind: 'observe',
  paths: paths.map(parsePath),
  token: new Uint8Array(8),
  ...(parameters === undefined ? {} : { parameters }),
});

describe('a request that a device refuses', () => {
  it.each<readonly [string, DeviceRequest, string, string, EnablerVersion?]>([
    ['LightweightM2M-1.1-int-221: a read of Security', read('/0'), '4.01', 'object 0 is not open'],
    ['a write to OSCORE', write('/21/0/0', text('x')), '4.01', 'object 21 is not open'],
    ['attributes of Security', attributes('/0', { pmin: 30, pmax: 45 }), '4.01', 'object 0'],
    [
      'a composite read that names Security',
      { kind: 'readComposite', paths: [parsePath('/3'), parsePath('/0/0')] },
      '4.01',
      'object 0',
    ],
    ['a read of an object it has not', read('/6'), '4.04', 'did not register object 6'],
    ['a read of an instance it has not', read('/3303/1/5700'), '4.04', 'did not register instance /3303/1'],
    ['a read of a resource no object has', read('/3/0/99'), '4.04', 'object 3 has no resource 99'],
    ['a read of an executable', read('/3/0/4'), '4.05', '/3/0/4 (Reboot) cannot be read: its operations are "E"'],
    ['a read of what can only be written', read('/5/0/0'), '4.05', 'operations are "W"'],
    ['a read of an instance of a single resource', read('/3/0/9/0'), '4.05', 'has one value and no instances'],
    ['a read of a resource instance in 1.0', read('/3/0/6/0'), '4.05', 'LwM2M 1.0 has no requests', '1.0'],
    ['a Discover of a resource instance', discover('/3/0/6/0'), '4.05', 'not to resource instances'],
    ['a Discover with depth in 1.1', discover('/3', 1), '4.00', 'from LwM2M 1.2 on', '1.1'],
    [
      'LightweightM2M-1.1-int-256: a write to the Short Server ID',
      write('/1/0/0', integer(123)),
      '4.05',
      '/1/0/0 (Short Server ID) cannot be written',
    ],
    ['a write to an object', write('/3303', { kind: 'object', instances: new Map() }), '4.05', 'not to objects'],
    [
      'a partial write of a resource instance in 1.1',
      write('/16/0/0/1', text('x'), 'update'),
      '4.05',
      'from LwM2M 1.2 on',
      '1.1',
    ],
    ['several values for a single resource', write('/3/0/14', many('a', 'b')), '4.00', 'has one value'],
    ['one value for a multiple resource', write('/16/0/0', text('x')), '4.00', 'has instances: give values by id'],
    [
      'a read-only resource within an instance',
      write('/3/0', instance({ 0: text('x') }), 'update'),
      '4.05',
      '/3/0/0 (Manufacturer)',
    ],
    [
      'a resource that is not in the definition',
      write('/3/0', instance({ 99: text('x') }), 'update'),
      '4.04',
      'no resource 99',
    ],
    [
      'a number outside the registered range',
      { kind: 'writeComposite', entries: [{ path: parsePath('/5/0/1'), node: text('x'.repeat(256)) }] },
      '4.00',
      'in the range 0..255: a text of 256 characters is not',
    ],
    ['an execute of what is read', execute('/3/0/9'), '4.05', 'cannot be executed'],
    [
      'LightweightM2M-1.1-int-680: a second Device',
      create('/3', instance({})),
      '4.05',
      'has one instance, and it is there',
    ],
    ['a creation of an instance that is there', create('/3303', instance({}), 2), '4.00', '/3303/2 is there already'],
    ['a creation without what is mandatory', create('/16', instance({})), '4.00', 'resource 0 (Identity) is mandatory'],
    ['a creation in an object it has not', create('/6', instance({}), 1), '4.04', 'did not register object 6'],
    ['LightweightM2M-1.1-int-685: a deletion of the Device', remove('/3/0'), '4.05', 'must keep its instance'],
    ['a deletion of a resource instance in 1.1', remove('/16/0/0/1'), '4.05', 'from LwM2M 1.2 on', '1.1'],
    ['a deletion of a read-only resource instance', remove('/3/0/6/0'), '4.05', 'cannot be written'],
    [
      'a composite removal before 1.2',
      { kind: 'writeComposite', entries: [{ path: parsePath('/16/0/0/1'), node: 'removed' }] },
      '4.05',
      'from LwM2M 1.2 on',
      '1.1',
    ],
    [
      'a composite write with one read-only path',
      {
        kind: 'writeComposite',
        entries: [
          { path: parsePath('/1/0/1'), node: integer(60) },
          { path: parsePath('/3/0/0'), node: text('x') },
        ],
      },
      '4.05',
      '/3/0/0',
    ],
    ['an observation of an executable', observe(['/3/0/4']), '4.05', 'cannot be read'],
    ['an observation of the Security object among others', observe(['/3/0/9', '/0']), '4.01', ''],
    [
      'an observation whose parameters do not go with it',
      observe(['/3/0/0'], { gt: 1 }),
      '4.00',
      'gt does not go with a resource of type string',
    ],
    ['lt that is not below gt', attributes('/3/0/9', { lt: 60, gt: 50 }), '4.00', 'lt (60) must be less than gt (50)'],
    [
      'lt + 2 st that is not below gt',
      attributes('/3/0/9', { lt: 10, gt: 50, st: 20 }),
      '4.00',
      'lt + 2 st must be less than gt: 10 + 2 * 20 is not less than 50',
    ],
    ['epmin that is not below epmax', attributes('/3/0/9', { epmin: 5, epmax: 5 }), '4.00', 'epmin (5)'],
    ['gt on an instance', attributes('/3/0', { gt: 5 }), '4.00', 'gt belongs to resources'],
    ['gt on a text', attributes('/3/0/0', { gt: 5 }), '4.00', 'gt does not go with'],
    ['edge on a number', attributes('/3/0/9', { edge: 1 }), '4.00', 'edge does not go with'],
    ['edge that is neither 0 nor 1', attributes('/1/0/6', { edge: 2 }), '4.00', 'edge must be 0 or 1'],
    ['edge before 1.2', attributes('/1/0/6', { edge: 1 }), '4.00', 'from LwM2M 1.2 on', '1.1'],
    ['hqmax before 1.2, even to unset it', attributes('/3', { hqmax: 'unset' }), '4.00', 'from LwM2M 1.2 on', '1.1'],
    ['epmin before 1.1', attributes('/3', { epmin: 1 }), '4.00', 'from LwM2M 1.1 on', '1.0'],
    ['attributes of a resource instance in 1.0', attributes('/3/0/6/0', { pmin: 1 }), '4.05', 'LwM2M 1.0', '1.0'],
  ])('%s', (_name, request, code, words, lwm2m = '1.2') => {
    const refusal = expectedRefusal(request, device(lwm2m));
    expect(refusal?.code).toBe(code);
    expect(refusal?.detail).toContain(words);
  });
});

describe('a request that a device may well carry out', () => {
  it.each<readonly [string, DeviceRequest, EnablerVersion?]>([
    ['a read', read('/3/0/9')],
    ['a read of an object', read('/3303'), '1.0'],
    ['a read of a resource instance', read('/3/0/6/0'), '1.1'],
    ['anything of an object without definition', write('/40000/0/1', text('x'))],
    ['a Discover with depth', discover('/3', 3)],
    ['a Discover without', discover('/3'), '1.0'],
    ['a write', write('/1/0/1', integer(60))],
    ['a partial write of an instance', write('/1/0', instance({ 1: integer(61) }), 'update')],
    ['a write of a resource instance', write('/16/0/0/1', text('x')), '1.1'],
    ['several values for a multiple resource', write('/16/0/0', many('a', 'b'))],
    ['a text of the longest length', write('/5/0/1', text('x'.repeat(255)))],
    ['an execute', execute('/3/0/4')],
    ['a creation', create('/16', instance({ 0: many('a') }), 1)],
    ['a creation whose id the device chooses', create('/3303', instance({}))],
    ['a deletion', remove('/3303/2')],
    ['a deletion of a resource instance', remove('/16/0/0/1')],
    [
      'a composite read of what may not be there',
      { kind: 'readComposite', paths: [parsePath('/'), parsePath('/3339/0/5522')] },
    ],
    ['a composite removal', { kind: 'writeComposite', entries: [{ path: parsePath('/16/0/0/1'), node: 'removed' }] }],
    [
      'an observation of an executable and of what is not there yet, among others',
      observe(['/3/0/9', '/3/0/4', '/16/1']),
    ],
    ['an observation with parameters', observe(['/3/0/9'], { pmin: 1, gt: 5 })],
    ['a cancellation', { kind: 'cancelObserve', paths: [parsePath('/9')], token: new Uint8Array(8), by: 'observe' }],
    [
      'attributes in their order',
      attributes('/3/0/9', { lt: 10, gt: 50, st: 19.9, pmin: 60, pmax: 5, epmin: 1, epmax: 2 }),
    ],
    ['edge on a boolean', attributes('/1/0/6', { edge: 0, con: 1, hqmax: 10 })],
    ['attributes of a resource instance', attributes('/3/0/7/0', { pmin: 1, gt: 5 }), '1.1'],
    ['an unset gt beside an lt', attributes('/3/0/9', { lt: 60, gt: 'unset' })],
  ])('%s', (_name, request, lwm2m = '1.2') => {
    expect(expectedRefusal(request, device(lwm2m))).toBeUndefined();
  });
});
