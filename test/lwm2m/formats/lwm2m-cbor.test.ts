/** LwM2M CBOR: the examples and rules of LwM2M-Core 1.2 §7.5.6, both directions. */

import { describe, expect, it } from '@jest/globals';
import { FORMAT_LIMITS } from '#lwm2m/formats';
import type { Node } from '#lwm2m/model';
import { parsePath } from '#lwm2m/model';
import * as be from './support.js';

const { model, noModel, single, multiple, instance, object, placed, bytes, hex } = be;
const cbor = be.codecOf(11544);

function read(literal: string, path: string, view = model, limits = FORMAT_LIMITS): unknown {
  return cbor.decode(bytes(literal), parsePath(path), view, limits);
}

/** What is at a path, and its only encoding here; decoded and encoded. */
const VECTORS: readonly (readonly [title: string, path: string, node: Node, literal: string])[] = [
  ['a resource', '/3/0/0', single(be.string('Open Mobile Alliance')), 'a1 83 03 00 00 74 "Open Mobile Alliance"'],
  ['a multiple resource', '/3/0/6', multiple({ 0: be.integer(1), 1: be.integer(5) }), 'a1 83 03 00 06 a2 00 01 01 05'],
  [
    'an object',
    '/1',
    object({
      0: instance({
        ...{ 0: be.integer(101), 1: be.integer(86_400), 2: be.integer(300), 3: be.integer(6000) },
        ...{ 5: be.integer(86_400), 6: be.boolean(true), 7: be.string('U') },
      }),
    }),
    'a1 01 a1 00 a7 00 18 65 01 1a 00015180 02 19 012c 03 19 1770 05 1a 00015180 06 f5 07 61 55',
  ],
  ['a resource instance that is an object link', '/65/0/0/0', single(be.link(66, 0)), 'a1 84 18 41 00 00 00 64 "66:0"'],
  [
    'an instance',
    '/3/0',
    instance({ 0: be.string('A'), 6: multiple({ 0: be.integer(1), 1: be.integer(5) }) }),
    'a1 82 03 00 a2 00 61 41 06 a2 00 01 01 05',
  ],
  ['a float', '/3303/0/5700', single(be.float(21.5)), 'a1 83 19 0ce7 00 19 1644 fa 41ac0000'],
  ['a whole float', '/6/0/0', single(be.float(20)), 'a1 83 06 00 00 fa 41a00000'],
  ['opaque bytes', '/19/0/0/0', single(be.opaque('010203')), 'a1 84 13 00 00 00 43 010203'],
  ['a time', '/3/0/13', single(be.time(1_367_491_215)), 'a1 83 03 00 0d 1a 5182428f'],
  ['a large unsigned', '/33000/0/2', single(be.unsigned(2n ** 64n - 1n)), 'a1 83 19 80e8 00 02 1b ffffffffffffffff'],
  ['an instance without content', '/3/0', instance({}), 'a1 82 03 00 a0'],
  ['a multiple resource without instances', '/3/0/6', multiple({}), 'a1 83 03 00 06 a0'],
];

describe('LwM2M CBOR', () => {
  it.each(VECTORS)('carries %s', (_title, path, node, literal) => {
    expect(read(literal, path)).toEqual([placed(path, node)]);
    expect(hex(cbor.encode(parsePath(path), node, model))).toBe(hex(bytes(literal)));
  });

  const device = instance({ 0: be.string('A'), 6: multiple({ 0: be.integer(1), 1: be.integer(5) }) });
  it.each([
    ['as nested maps', 'a1 03 a1 00 a2 00 61 41 06 a2 00 01 01 05'],
    ['of indefinite length, keys as arrays among them', 'bf 82 03 00 bf 00 61 41 06 bf 00 01 01 05 ff ff ff'],
    ['with an array of indefinite length as key', 'a1 9f 03 00 ff a2 00 61 41 06 a2 00 01 01 05'],
    ['with an array of one id as key', 'a1 81 03 a1 81 00 a2 81 00 61 41 81 06 a2 00 01 01 05'],
    ['with branches that part anywhere', 'a3 83 03 00 00 61 41 84 03 00 06 00 01 83 03 00 06 a1 01 05'],
    ['with text in chunks', 'a1 82 03 00 a2 00 7f 61 41 60 ff 06 a2 00 01 01 05'],
  ])('is read %s', (_title, literal) => {
    expect(read(literal, '/3/0')).toEqual([placed('/3/0', device)]);
  });

  it.each([
    ['a float of two bytes', '/6/0/0', 'a1 83 06 00 00 f9 4d00', be.float(20)],
    ['a decimal fraction (tag 4)', '/6/0/0', 'a1 83 06 00 00 c4 82 20 18 d7', be.float(21.5)],
    ['a whole number for a float', '/6/0/0', 'a1 83 06 00 00 14', be.float(20)],
    ['a time under tag 1', '/3/0/13', 'a1 83 03 00 0d c1 1a 5182428f', be.time(1_367_491_215)],
    ['bytes in chunks', '/33000/0/5', 'a1 83 19 80e8 00 05 5f 41 01 42 0203 ff', be.opaque('010203')],
  ])('is read with %s', (_title, path, literal, scalar) => {
    expect(read(literal, path)).toEqual([placed(path, single(scalar))]);
  });

  it('takes values for what they look like without a definition', () => {
    const values = { 0: be.string('66:0'), 1: be.integer(1), 2: be.float(1), 3: be.boolean(false), 4: be.opaque('01') };
    expect(read('a1 82 09 00 a5 00 64 "66:0" 01 01 02 f9 3c00 03 f4 04 41 01', '/9/0', noModel)).toEqual([
      placed('/9/0', instance(values)),
    ]);
  });

  it.each([
    ['truncated', 'a1 82 03 00'],
    ['trailing_bytes', 'a0 00'],
    ['bad_lwm2m_cbor', '18 5f'],
    ['bad_lwm2m_cbor', '80'],
    ['bad_path', 'a1 80 01'],
    ['bad_path', 'a1 82 03 61 30 01'],
    ['bad_path', 'a1 64 "dev1" a1 03 a0'],
    ['bad_path', 'a1 82 64 "dev1" 03 a0'],
    ['bad_path', 'a1 83 03 00 20 01'],
    ['bad_path', 'a1 83 03 00 19 ffff 01'],
    ['bad_path', 'a1 83 03 00 1a 00010000 01'],
    ['bad_path', 'a1 85 03 00 06 00 00 01'],
    ['bad_path', 'a1 84 03 00 06 00 a1 00 01'],
    ['bad_path', 'a1 84 03 00 06 00 a0'],
    ['bad_path', 'a1 82 03 00 01'],
    ['bad_path', 'a1 83 03 00 82 00 01 01'],
    ['bad_cbor', 'a1 a0 01'],
    ['bad_cbor', 'a1 83 03 00 f9 4880 01'],
    ['bad_cbor', 'a1 83 03 00 c2 41 09 01'],
    ['bad_cbor', 'a1 f9 3c00 01'],
    ['outside_path', 'a1 83 01 00 01 01'],
    ['outside_path', 'a1 82 01 00 a0'],
    ['duplicate_path', 'a2 83 03 00 09 01 83 03 00 09 02'],
    ['duplicate_path', 'a2 83 03 00 06 a0 83 03 00 06 a0'],
    ['duplicate_key', 'a1 82 03 00 a2 09 01 09 02'],
    ['duplicate_key', 'a1 82 03 00 a3 09 01 0a 02 09 03'],
    ['duplicate_key', 'a1 82 03 00 a4 0d 01 0a 02 09 03 0a 04'],
    ['no_value', 'a1 83 03 00 09 f6'],
    ['no_value', 'a1 83 03 00 09 81 01'],
    ['bad_value', 'a1 83 03 00 09 61 39'],
    ['bad_tag', 'a1 83 03 00 09 c6 01'],
    ['too_deep', `a1 ${'81'.repeat(20)} 00 01`],
  ])('is refused as %s: %s', (reason, literal) => {
    expect(be.thrownBy(() => read(literal, '/3/0'))).toMatchObject({ name: 'DecodeError', reason });
  });

  it('is read though the ids of 4,000 instances come the wrong way round', () => {
    const ids = Array.from({ length: 4000 }, (_, index) =>
      Buffer.of(0x19, (4000 - index) >> 8, (4000 - index) & 0xff, 0xa0),
    );
    const payload = Buffer.concat([bytes('a1 19 80e8 b9 0fa0'), ...ids]);
    const [found] = cbor.decode(payload, [be.TYPES_OBJECT], model);
    expect(found?.node.kind === 'object' && [...found.node.instances.keys()]).toEqual(
      ids.map((_, index) => 4000 - index),
    );
  });

  it('is refused when it holds more values, items or bytes than allowed', () => {
    const two = 'a1 82 03 00 a2 09 01 0a 02';
    const limited = (limits: Partial<typeof FORMAT_LIMITS>): unknown =>
      be.thrownBy(() => read(two, '/3/0', model, { ...FORMAT_LIMITS, ...limits }));
    expect(limited({ records: 1 })).toMatchObject({ reason: 'too_many' });
    const empty = (): unknown => read('a1 03 a2 00 a0 01 bf ff', '/3', model, { ...FORMAT_LIMITS, records: 1 });
    expect(be.thrownBy(empty)).toMatchObject({ reason: 'too_many' });
    expect(limited({ cborItems: 5 })).toMatchObject({ reason: 'too_many' });
    expect(limited({ payloadBytes: 5 })).toMatchObject({ reason: 'too_large' });
  });
});
