/**
 * Content formats of a simulated device, by its version (LwM2M-Core 1.0.2 §6.4, 1.1.1 §7.4, 1.2 §7.5): what it reads and writes at
 * every level, and what it refuses.
 */

import { describe, expect, it } from '@jest/globals';

import { Code } from '#coap/codec';
import { codecFor } from '#lwm2m/formats';
import { RESOURCE_TYPES, showPath } from '#lwm2m/model';
import type { EnablerVersion, Node, Path, Scalar } from '#lwm2m/model';
import type { DeviceKind } from '#simulator';

import { Bench, kindOf } from './support.js';

const [TEXT, OPAQUE, CBOR, JSON_SENML, CBOR_SENML, TLV, JSON_1_0, TREE] = [0, 42, 60, 110, 112, 11542, 11543, 11544];
const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(/\s/g, ''), 'hex');
const get = (bench: Bench, path: string, accept: number) => bench.ask({ code: Code.GET, path, accept });
const put = (bench: Bench, path: string, format: number, payload: Uint8Array) =>
  bench.ask({ code: Code.PUT, path, format, payload });

/** Objects that have resources of all nine types between them. */
const OBJECTS = [16, 19, 26, 10, 3306];
const KINDS: Readonly<Record<EnablerVersion, DeviceKind>> = {
  '1.0': kindOf('1.0', { objects: OBJECTS }),
  '1.1': kindOf('1.1', { objects: OBJECTS }),
  '1.2': kindOf('1.2', { objects: OBJECTS }),
};

function nodeIn(kind: DeviceKind, bench: Bench, path: Path, format: number): Node {
  const answer = get(bench, showPath(path), format);
  if (answer?.code !== '2.05')
    throw new Error(`${showPath(path)} in ${format}: ${answer?.code ?? ''} ${answer?.text ?? ''}`);
  expect(answer.format).toBe(format);
  const node = codecFor(format)?.decode(answer.payload, path, kind.model)[0]?.node;
  if (node === undefined) throw new Error(`nothing at ${showPath(path)}`);
  return node;
}

/** Resources that can be read, with what stands there. */
function* readable(kind: DeviceKind, bench: Bench): Generator<readonly [Path, Node]> {
  for (const object of kind.objects.keys()) {
    const node = nodeIn(kind, bench, [object, 0], TLV);
    if (node.kind !== 'instance') continue;
    for (const [resource, value] of node.resources) yield [[object, 0, resource], value];
  }
}

const carriers = [
  ['1.0', JSON_1_0],
  ['1.1', JSON_SENML],
  ['1.1', CBOR_SENML],
  ['1.2', JSON_SENML],
  ['1.2', CBOR_SENML],
  ['1.2', TREE],
] as const;

describe.each(carriers)('a device of %s in format %d', (lwm2m, format) => {
  const kind = KINDS[lwm2m];

  it('says of every object, instance, resource and resource instance the same as in TLV', () => {
    const bench = Bench.registered({ kinds: [kind] });
    const types = new Set<Scalar['type']>();
    for (const id of kind.objects.keys()) {
      expect(nodeIn(kind, bench, [id], format)).toEqual(nodeIn(kind, bench, [id], TLV));
      expect(nodeIn(kind, bench, [id, 0], format)).toEqual(nodeIn(kind, bench, [id, 0], TLV));
    }
    for (const [path, node] of readable(kind, bench)) {
      expect(nodeIn(kind, bench, path, format)).toEqual(node);
      if (node.kind === 'single') types.add(node.value.type);
      if (node.kind !== 'multiple' || lwm2m === '1.0') continue;
      for (const [resourceInstance, value] of node.values) {
        expect(nodeIn(kind, bench, [...path, resourceInstance], format)).toEqual({ kind: 'single', value });
      }
    }
    expect([...types].sort()).toEqual([...RESOURCE_TYPES].sort());
  });

  it('takes back what it said: every writable resource by PUT, every instance by POST', () => {
    const bench = Bench.registered({ kinds: [kind] });
    let written = 0;
    for (const [path, node] of readable(kind, bench)) {
      const definition = kind.model.resource(path[0] as number, path[2] as number);
      if (definition?.operations !== 'RW') continue;
      written += 1;
      const payload = codecFor(format)?.encode(path, node, kind.model) ?? new Uint8Array();
      expect([showPath(path), put(bench, showPath(path), format, payload)?.code]).toEqual([showPath(path), '2.04']);
      const instance = path.slice(0, 2);
      const partial: Node = { kind: 'instance', resources: new Map([[path[2] as number, node as never]]) };
      const update = codecFor(format)?.encode(instance, partial, kind.model) ?? new Uint8Array();
      const answer = bench.ask({ code: Code.POST, path: showPath(instance), format, payload: update });
      expect([showPath(path), answer?.code]).toEqual([showPath(path), '2.04']);
      // The clock went on, everything else is as it was.
      if (definition.id !== 13) expect(nodeIn(kind, bench, path, TLV)).toEqual(node);
    }
    expect(written).toBeGreaterThan(20);
  });

  it('notifies in it', () => {
    const bench = Bench.registered({ kinds: [kind] });
    bench.observe('/3/0/14', { accept: format });
    bench.write('/3/0/14', '+05:00');
    bench.pass(0);
    const told = bench.notified[0]?.told;
    expect(told?.format).toBe(format);
    expect(codecFor(format)?.decode(told?.payload ?? new Uint8Array(), [3, 0, 14], kind.model)).toEqual([
      { path: [3, 0, 14], node: { kind: 'single', value: { type: 'string', value: '+05:00' } } },
    ]);
  });
});

describe('one value', () => {
  it.each([
    ['1.0', TEXT],
    ['1.1', TEXT],
    ['1.1', CBOR],
    ['1.2', CBOR],
  ] as const)('on a device of %s goes both ways in format %d', (lwm2m, format) => {
    const kind = KINDS[lwm2m];
    const bench = Bench.registered({ kinds: [kind] });
    for (const [path, node] of readable(kind, bench)) {
      if (node.kind !== 'single') continue;
      expect(nodeIn(kind, bench, path, format)).toEqual(node);
      if (kind.model.resource(path[0] as number, path[2] as number)?.operations !== 'RW') continue;
      const payload = codecFor(format)?.encode(path, node, kind.model) ?? new Uint8Array();
      expect([showPath(path), put(bench, showPath(path), format, payload)?.code]).toEqual([showPath(path), '2.04']);
    }
  });

  it('that is opaque goes in bytes, others do not', () => {
    const bench = Bench.registered({ kinds: [kindOf('1.1', { objects: [19] })] });
    expect(put(bench, '/19/0/0/0', OPAQUE, hex('010203'))?.code).toBe('2.04');
    expect(get(bench, '/19/0/0/0', OPAQUE)?.payload).toEqual(hex('010203'));
    expect(get(bench, '/19/0/0/0', CBOR)?.payload).toEqual(hex('43 010203'));
    expect(get(bench, '/19/0/0/0', JSON_SENML)?.text).toBe('[{"bn":"/19/0/0/0","vd":"AQID"}]');
    expect(get(bench, '/3/0/0', OPAQUE)?.code).toBe('4.06');
  });
});

describe('literal bytes of LwM2M CBOR and LwM2M JSON', () => {
  it('LightweightM2M-1.0-int-204: a query in JSON', () => {
    const bench = Bench.registered({ kinds: [kindOf('1.0')] });
    expect(get(bench, '/3/0/6', JSON_1_0)?.text).toBe('{"bn":"/3/0/","e":[{"n":"6/0","v":1},{"n":"6/1","v":5}]}');
  });

  it('LightweightM2M-1.0-int-220: a partial write in JSON', () => {
    const bench = Bench.registered({ kinds: [kindOf('1.0')] });
    const payload =
      '{"bn":"/1/0/","e":[{"n":"2","v":101},{"n":"3","v":1010},{"n":"5","v":2000},{"n":"6","bv":true},{"n":"7","sv":"U"}]}';
    expect(bench.ask({ code: Code.POST, path: '/1/0', format: JSON_1_0, payload })?.code).toBe('2.04');
    expect(['2', '3', '5', '6', '7'].map((id) => bench.read(`/1/0/${id}`))).toEqual(['101', '1010', '2000', '1', 'U']);
  });

  it('maps of LwM2M CBOR nested, with array keys, and of indefinite length', () => {
    const bench = Bench.registered({ kinds: [kindOf('1.2', { objects: [16] })] });
    expect(get(bench, '/3/0/6', TREE)?.payload).toEqual(hex('a1 83 03 00 06 a2 00 01 01 05'));
    expect(put(bench, '/1/0/1', TREE, hex('a1 01 a1 00 a1 01 18 3c'))?.code).toBe('2.04');
    expect(bench.read('/1/0/1')).toBe('60');
    expect(put(bench, '/1/0/1', TREE, hex('bf 82 01 00 bf 01 18 3d ff ff'))?.code).toBe('2.04');
    expect(bench.read('/1/0/1')).toBe('61');
    expect(put(bench, '/1/0/1', TREE, hex('a1 83 01 00 02 18 3d'))?.code).toBe('4.00');
    const create = { code: Code.POST, path: '/16', format: TREE, payload: hex('a1 82 10 01 a1 00 a1 00 61 61') };
    expect(bench.ask(create)?.code).toBe('2.01');
    expect(bench.read('/16/1/0/0')).toBe('a');
  });
});

describe('a format that a device does not speak', () => {
  it.each([
    ['1.0', [CBOR, JSON_SENML, CBOR_SENML, TREE, 320, 999]],
    ['1.1', [JSON_1_0, TREE, 320, 999]],
    ['1.2', [JSON_1_0, 320, 322, 999]],
  ] as const)('of %s is 4.06 in Accept and 4.15 in Content-Format', (lwm2m, formats) => {
    for (const format of formats) {
      const bench = Bench.registered({ kinds: [kindOf(lwm2m)] });
      expect([format, get(bench, '/3/0', format)?.code]).toEqual([format, '4.06']);
      expect([format, put(bench, '/3/0/14', format, hex('61 61'))?.code]).toEqual([format, '4.15']);
      const update = bench.ask({ code: Code.POST, path: '/1/0', format, payload: '[]' });
      expect([format, update?.code]).toEqual([format, '4.15']);
    }
  });

  it('is not among those it registers with', () => {
    const links = (lwm2m: EnablerVersion): string | undefined => {
      const bench = new Bench({ kinds: [kindOf(lwm2m)] });
      bench.device.start(bench.now);
      bench.drain();
      return bench.said[0]?.links.split(',')[0];
    };
    expect(links('1.0')).toBe('</>;rt="oma.lwm2m";ct=11543');
    expect(links('1.1')).toBe('</>;rt="oma.lwm2m";ct="60 110 112 11542"');
    expect(links('1.2')).toBe('</>;rt="oma.lwm2m";ct="60 110 112 11542 11544"');
  });
});
