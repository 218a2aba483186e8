/** SenML CBOR: the worked bytes of LwM2M-Core 1.1.1 §7.4.4 and the rules of RFC 8428, both directions. */

import { describe, expect, it } from '@jest/globals';
import { FORMAT_LIMITS } from '#lwm2m/formats';
import type { Node } from '#lwm2m/model';
import { parsePath } from '#lwm2m/model';
import * as be from './support.js';

const { model, noModel, single, multiple, instance, object, placed, bytes, hex } = be;
const senml = be.codecOf(112);

/** What is at a path, and its only encoding here; decoded and encoded. */
const VECTORS: readonly (readonly [title: string, path: string, node: Node, literal: string])[] = [
  [
    'a string',
    '/3/0/0',
    single(be.string('Open Mobile Alliance')),
    '81 a3 21 65 "/3/0/" 00 61 "0" 03 74 "Open Mobile Alliance"',
  ],
  [
    'three resources of an instance',
    '/3/0',
    instance({ 9: be.integer(95), 13: be.time(1_367_491_215), 16: be.string('U') }),
    '83 a3 21 65 "/3/0/" 00 61 "9" 02 18 5f a2 00 62 "13" 02 1a 5182428f a2 00 62 "16" 03 61 55',
  ],
  [
    'an object link, whose key is text',
    '/65/0/0',
    multiple({ 0: be.link(66, 0) }),
    '81 a3 21 66 "/65/0/" 00 63 "0/0" 63 766c6f 64 "66:0"',
  ],
  [
    'an opaque resource instance, by base name alone',
    '/19/0/0/0',
    single(be.opaque('010203')),
    '81 a2 21 69 "/19/0/0/0" 08 43 010203',
  ],
  ['an object', '/1', object({ 0: instance({ 6: be.boolean(true) }) }), '81 a3 21 63 "/1/" 00 63 "0/6" 04 f5'],
  ['false', '/1/0/6', single(be.boolean(false)), '81 a3 21 65 "/1/0/" 00 61 "6" 04 f4'],
  ['a float of 4 bytes', '/3303/0/5700', single(be.float(21.5)), '81 a3 21 68 "/3303/0/" 00 64 "5700" 02 fa 41ac0000'],
  [
    'a float of 8 bytes',
    '/3303/0/5700',
    single(be.float(21.1)),
    '81 a3 21 68 "/3303/0/" 00 64 "5700" 02 fb 403519999999999a',
  ],
  ['not a number', '/3303/0/5700', single(be.float(NaN)), '81 a3 21 68 "/3303/0/" 00 64 "5700" 02 fa 7fc00000'],
  ['minus infinity', '/3303/0/5700', single(be.float(-Infinity)), '81 a3 21 68 "/3303/0/" 00 64 "5700" 02 fa ff800000'],
  [
    'the largest integer',
    '/3/0/9',
    single(be.integer(2n ** 63n - 1n)),
    '81 a3 21 65 "/3/0/" 00 61 "9" 02 1b 7fffffffffffffff',
  ],
  [
    'the smallest integer',
    '/3/0/9',
    single(be.integer(-(2n ** 63n))),
    '81 a3 21 65 "/3/0/" 00 61 "9" 02 3b 7fffffffffffffff',
  ],
  [
    'the largest unsigned',
    `/${be.TYPES_OBJECT}/0/2`,
    single(be.unsigned(2n ** 64n - 1n)),
    '81 a3 21 69 "/33000/0/" 00 61 "2" 02 1b ffffffffffffffff',
  ],
  [
    'a core link',
    `/${be.TYPES_OBJECT}/0/8`,
    single(be.corelnk('</3>')),
    '81 a3 21 69 "/33000/0/" 00 61 "8" 03 64 "</3>"',
  ],
  ['an instance without resources', '/3/0', instance({}), '80'],
  ['a multiple resource without instances', '/3/0/6', multiple({}), '80'],
];

describe('SenML CBOR', () => {
  it.each(VECTORS)('LwM2M-Core 1.1.1 §7.4.4: decodes %s', (_title, path, node, literal) => {
    expect(senml.decode(bytes(literal), parsePath(path), model)).toEqual([placed(path, node)]);
  });

  it.each(VECTORS)('LwM2M-Core 1.1.1 §7.4.4: encodes %s', (_title, path, node, literal) => {
    expect(hex(senml.encode(parsePath(path), node, model))).toBe(hex(bytes(literal)));
  });

  it('RFC 8428 §4.5.3: gives historical values a node for each time, in the order they came', () => {
    const history = '82 a3 21 6c "/3303/0/5700" 22 1a 6553f100 02 fa 41ac0000 a2 06 24 02 fa 41aa0000';
    expect(senml.decode(bytes(history), [3303, 0, 5700], model)).toEqual([
      placed('/3303/0/5700', single(be.float(21.5)), 1_700_000_000),
      placed('/3303/0/5700', single(be.float(21.25)), 1_699_999_995),
    ]);
  });

  it('puts the records of one time into one node', () => {
    const literal =
      '84 a4 21 65 "/6/0/" 00 61 "0" 06 1a 6553f100 02 fa 41ac0000 a3 00 61 "0" 06 1a 6553f101 02 01' +
      'a3 00 61 "1" 06 1a 6553f100 02 02 a2 00 61 "1" 02 03';
    expect(senml.decode(bytes(literal), [6, 0], model)).toEqual([
      placed('/6/0', instance({ 0: be.float(21.5), 1: be.float(2) }), 1_700_000_000),
      placed('/6/0', instance({ 0: be.float(1) }), 1_700_000_001),
      placed('/6/0', instance({ 1: be.float(3) })),
    ]);
  });

  it.each([
    ['with a slash at the end', '81 a3 21 65 "/3/0/" 00 61 "9" 02 05'],
    ['without, where the name has it', '81 a3 21 64 "/3/0" 00 62 "/9" 02 05'],
    ['that is the whole path', '81 a2 21 66 "/3/0/9" 02 05'],
    ['that is a slash', '81 a3 21 61 2f 00 65 "3/0/9" 02 05'],
    ['that is empty', '81 a3 21 60 00 66 "/3/0/9" 02 05'],
    ['that is absent', '81 a2 00 66 "/3/0/9" 02 05'],
    ['that comes after the name', '81 a3 00 61 "9" 02 05 21 65 "/3/0/"'],
    ['that comes last', '81 a3 02 05 00 61 "9" 21 65 "/3/0/"'],
  ])('RFC 8428 §4.5.1: puts a base name %s before the name', (_title, literal) => {
    expect(senml.decode(bytes(literal), [3, 0, 9], model)).toEqual([placed('/3/0/9', single(be.integer(5)))]);
  });

  it('RFC 8428 §4.1: keeps a base name until the next one', () => {
    const literal = '83 a3 21 65 "/3/0/" 00 61 "9" 02 05 a2 00 62 "10" 02 06 a3 21 63 "/3/" 00 64 "1/10" 02 07';
    expect(senml.decode(bytes(literal), [3], model)).toEqual([
      placed(
        '/3',
        object({ 0: instance({ 9: be.integer(5), 10: be.integer(6) }), 1: instance({ 10: be.integer(7) }) }),
      ),
    ]);
  });

  it('RFC 8428 §4.1: adds a base value to numbers, exactly, and to nothing else', () => {
    const literal =
      '83 a4 21 65 "/3/0/" 00 61 "9" 24 1b 0020000000000000 02 01 a2 00 62 "10" 02 02 a2 00 61 "0" 03 61 55';
    expect(senml.decode(bytes(literal), [3, 0], model)).toEqual([
      placed('/3/0', instance({ 9: be.integer(2n ** 53n + 1n), 10: be.integer(2n ** 53n + 2n), 0: be.string('U') })),
    ]);
    expect(senml.decode(bytes('81 a3 21 69 "/3303/0/5"  24 fa 3fc00000 02 18 14'), [3303, 0, 5], noModel)).toEqual([
      placed('/3303/0/5', single(be.float(21.5))),
    ]);
    expect(
      senml.decode(bytes('81 a3 21 69 "/3303/0/5"  24 fa 3fc00000 02 fa 3f000000'), [3303, 0, 5], noModel),
    ).toEqual([placed('/3303/0/5', single(be.float(2)))]);
  });

  it('passes over units, sums, update times and unknown fields, however they nest', () => {
    const literal =
      '81 aa 21 66 "/3/0/9" 23 61 "%" 01 61 "%" 25 02 05 03 07 04 20 0a 18 63 82 a1 00 fa 3f800000 f6 65 "other" 7f 61 61 ff 02 05';
    expect(senml.decode(bytes(literal), [3, 0, 9], noModel)).toEqual([placed('/3/0/9', single(be.integer(5)))]);
  });

  it('RFC 8428 §6: accepts versions up to 10 as unsigned integers', () => {
    const read = (version: string): unknown =>
      senml.decode(bytes(`81 a3 20 ${version} 21 66 "/3/0/9" 02 05`), [3, 0, 9], model);
    for (const version of ['0a', '09', '05', '01']) expect(read(version)).toHaveLength(1);
    for (const version of [
      '0b',
      '00',
      '20',
      '1b 0020000000000001',
      'f9 4900',
      'c4 82 00 0a',
      'c1 0a',
      '61 "a"',
      '80',
    ]) {
      expect(be.thrownBy(() => read(version))).toMatchObject({ reason: 'bad_version' });
    }
  });

  it('accepts arrays, maps and strings of indefinite length', () => {
    const literal =
      '9f bf 21 7f 62 "/3" 63 "/0/" ff 00 61 "0" 03 7f 64 "Open" 60 67 " Mobile" ff ff bf 00 61 "9" 02 05 ff ff';
    expect(senml.decode(bytes(literal), [3, 0], model)).toEqual([
      placed('/3/0', instance({ 0: be.string('Open Mobile'), 9: be.integer(5) })),
    ]);
    const opaque = '81 a2 21 69 "/19/0/0/0" 08 5f 41 01 40 42 0203 ff';
    expect(senml.decode(bytes(opaque), [19, 0, 0, 0], model)).toEqual([
      placed('/19/0/0/0', single(be.opaque('010203'))),
    ]);
  });

  it.each([
    ['an integer', '15', 21],
    ['an integer of 8 bytes', '1b 0000000000000015', 21],
    ['a negative integer of 8 bytes', '3b 0000000000000014', -21],
    ['a float of 2 bytes', 'f9 4d60', 21.5],
    ['a decimal fraction', 'c4 82 20 18 d7', 21.5],
    ['a decimal fraction with a big number', 'c4 82 20 c2 41 d7', 21.5],
    ['a negative decimal fraction', 'c4 82 20 c3 41 d6', -21.5],
    ['a big number', 'c2 49 010000000000000000', 2 ** 64],
  ])('takes %s for a float', (_title, value, expected) => {
    expect(senml.decode(bytes(`81 a2 21 6c "/3303/0/5700" 02 ${value}`), [3303, 0, 5700], model)).toEqual([
      placed('/3303/0/5700', single(be.float(expected))),
    ]);
  });

  it('takes a float for an integer only when it is whole and exact', () => {
    const read = (value: string): unknown => senml.decode(bytes(`81 a2 21 66 "/3/0/9" 02 ${value}`), [3, 0, 9], model);
    expect(read('fa 42be0000')).toEqual([placed('/3/0/9', single(be.integer(95)))]);
    expect(read('f9 8000')).toEqual([placed('/3/0/9', single(be.integer(0)))]);
    expect(be.thrownBy(() => read('fa 41ac0000'))).toMatchObject({ reason: 'bad_value' });
    expect(be.thrownBy(() => read('fb 4340000000000000'))).toMatchObject({ reason: 'bad_value' });
    expect(be.thrownBy(() => read('f9 7e00'))).toMatchObject({ reason: 'bad_value' });
  });

  it.each([
    ['an integer', '1a 5182428f', 1_367_491_215],
    ['a tagged integer', 'c1 1a 5182428f', 1_367_491_215],
    ['a tagged negative integer', 'c1 20', -1],
    ['a float', 'fb 41d46090a3e00000', 1_367_491_215.5],
    ['a tagged float', 'c1 fb 41d46090a3e00000', 1_367_491_215.5],
    ['a tagged integer of 8 bytes', 'c1 1b 7fffffffffffffff', 2n ** 63n - 1n],
  ])('takes %s for a time', (_title, value, expected) => {
    const [found] = senml.decode(bytes(`81 a2 21 67 "/3/0/13" 02 ${value}`), [3, 0, 13], model);
    expect(found).toEqual(placed('/3/0/13', single(be.time(expected))));
  });

  it.each([
    ['integer', '02 18 5f', be.integer(95)],
    ['integer beyond the signed ones', '02 1b ffffffffffffffff', be.unsigned(2n ** 64n - 1n)],
    ['float with a fraction', '02 fa 41ac0000', be.float(21.5)],
    ['whole float', '02 fa 41a00000', be.float(20)],
    ['whole decimal fraction', '02 c4 82 20 18 c8', be.float(20)],
    ['tagged time', '02 c1 1a 5182428f', be.time(1_367_491_215)],
    ['string', '03 61 55', be.string('U')],
    ['boolean', '04 f5', be.boolean(true)],
    ['opaque', '08 41 55', be.opaque('55')],
    ['object link', '63 "vlo" 63 "3:0"', be.link(3, 0)],
  ])('takes the type of a value without a definition from its form: %s', (_title, value, scalar) => {
    expect(senml.decode(bytes(`81 a2 21 66 "/9/0/0" ${value}`), [9, 0, 0], noModel)).toEqual([
      placed('/9/0/0', single(scalar)),
    ]);
  });

  it('gives the instances of a resource without a definition one type', () => {
    const read = (...values: string[]): unknown => {
      const records = values.map((value, id) => `a2 00 68 "/9/0/0/${id}" 02 ${value}`);
      return senml.decode(bytes(`8${values.length} ${records.join(' ')}`), [9, 0, 0], noModel);
    };
    expect(read('01', 'fa 40200000', '02')).toEqual([
      placed('/9/0/0', multiple({ 0: be.float(1), 1: be.float(2.5), 2: be.float(2) })),
    ]);
    expect(read('01', '1b ffffffffffffffff')).toEqual([
      placed('/9/0/0', multiple({ 0: be.unsigned(1), 1: be.unsigned(2n ** 64n - 1n) })),
    ]);
    expect(be.thrownBy(() => read('20', '1b ffffffffffffffff'))).toMatchObject({ reason: 'mixed_types' });
    expect(be.thrownBy(() => read('01', 'c1 01'))).toMatchObject({ reason: 'mixed_types' });
    expect(be.thrownBy(() => read('1b 0020000000000001', 'fa 40200000'))).toMatchObject({ reason: 'mixed_types' });
  });

  it.each([
    ['a path outside the one asked for', '/3/0/9', '81 a2 21 67 "/3/0/10" 02 05', 'outside_path'],
    ['a path above the one asked for', '/3/0/6/1', '81 a2 21 66 "/3/0/6" 02 05', 'outside_path'],
    ['a value at an instance', '/3/0', '81 a2 21 64 "/3/0" 02 05', 'bad_path'],
    ['a relative path', '/3/0/9', '81 a2 21 65 "3/0/9" 02 05', 'bad_path'],
    ['a path of five ids', '/3/0/6/1', '81 a2 21 6a "/3/0/6/1/1" 02 05', 'bad_path'],
    ['an id of 65535', '/3', '81 a2 21 6a "/3/65535/9" 02 05', 'bad_path'],
    ['neither base name nor name', '/3/0/9', '81 a1 02 05', 'bad_path'],
    ['the same path twice', '/3/0', '82 a2 21 66 "/3/0/9" 02 05 a1 02 06', 'duplicate_path'],
    ['a resource as single and multiple', '/3/0', '82 a2 21 66 "/3/0/6" 02 05 a2 00 62 "/0" 02 06', 'duplicate_path'],
    ['a resource as multiple and single', '/3/0', '82 a3 21 66 "/3/0/6" 00 62 "/0" 02 06 a1 02 05', 'duplicate_path'],
    ['the same resource instance twice', '/3/0/6', '82 a2 21 68 "/3/0/6/0" 02 05 a1 02 06', 'duplicate_path'],
    ['a record without a value', '/3/0/9', '81 a1 21 66 "/3/0/9"', 'no_value'],
    ['a record with a sum alone', '/3/0/9', '81 a2 21 66 "/3/0/9" 05 02', 'no_value'],
    ['no record for a single resource', '/3/0/9', '80', 'no_value'],
    ['no record for a resource instance', '/3/0/6/0', '80', 'no_value'],
    ['two values', '/3/0/9', '81 a3 21 66 "/3/0/9" 02 05 03 61 55', 'bad_senml'],
    ['a value that is null', '/3/0/9', '81 a2 21 66 "/3/0/9" 02 f6', 'bad_senml'],
    ['a value that is an array', '/3/0/9', '81 a2 21 66 "/3/0/9" 02 81 05', 'bad_senml'],
    ['text in the number field', '/3/0/9', '81 a2 21 66 "/3/0/9" 02 61 55', 'bad_senml'],
    ['a number in the text field', '/3/0/0', '81 a2 21 66 "/3/0/0" 03 05', 'bad_senml'],
    ['a number in the boolean field', '/1/0/6', '81 a2 21 66 "/1/0/6" 04 01', 'bad_senml'],
    ['text in the data field', '/19/0/0/0', '81 a2 21 69 "/19/0/0/0" 08 61 55', 'bad_senml'],
    ['a bad object link', '/65/0/2', '81 a2 21 67 "/65/0/2" 63 "vlo" 62 "3:"', 'bad_senml'],
    ['a number for a string', '/3/0/0', '81 a2 21 66 "/3/0/0" 02 05', 'bad_value'],
    ['a string for a number', '/3/0/9', '81 a2 21 66 "/3/0/9" 03 61 35', 'bad_value'],
    ['a tagged time for a number', '/3/0/9', '81 a2 21 66 "/3/0/9" 02 c1 05', 'bad_value'],
    ['a negative unsigned', '/33000/0/2', '81 a2 21 6a "/33000/0/2" 02 20', 'bad_value'],
    ['an integer beyond 64 bits', '/3/0/9', '81 a2 21 66 "/3/0/9" 02 1b 8000000000000000', 'bad_value'],
    [
      'an integer below 64 bits without definition',
      '/9/0/0',
      '81 a2 21 66 "/9/0/0" 02 3b 8000000000000000',
      'bad_value',
    ],
    ['a name that is no text', '/3/0/9', '81 a2 00 05 02 05', 'bad_senml'],
    ['a base name that is no text', '/3/0/9', '81 a2 21 05 02 05', 'bad_senml'],
    ['a time that is no number', '/3/0/9', '81 a3 21 66 "/3/0/9" 02 05 06 61 55', 'bad_senml'],
    ['a time beyond the year 9999', '/3/0/9', '81 a3 21 66 "/3/0/9" 02 05 06 fb 7e37e43c8800759c', 'bad_time'],
    ['a time that is not a number', '/3/0/9', '81 a3 21 66 "/3/0/9" 02 05 22 f9 7e00', 'bad_time'],
    ['a field that has to be understood', '/3/0/9', '81 a3 21 66 "/3/0/9" 02 05 62 "x_" 05', 'bad_senml'],
    ['a field twice', '/3/0/9', '81 a3 21 66 "/3/0/9" 02 05 02 05', 'duplicate_key'],
    ['an unknown field twice', '/3/0/9', '81 a4 21 66 "/3/0/9" 02 05 61 "x" 05 61 "x" 05', 'duplicate_key'],
    [
      'a key twice within an unknown field',
      '/3/0/9',
      '81 a3 21 66 "/3/0/9" 02 05 61 "x" a2 01 01 01 01',
      'duplicate_key',
    ],
    ['a map instead of an array', '/3/0/9', 'a2 21 66 "/3/0/9" 02 05', 'bad_senml'],
    ['a record that is an array', '/3/0/9', '81 80', 'bad_senml'],
  ])('refuses %s', (_title, path, literal, reason) => {
    expect(be.thrownBy(() => senml.decode(bytes(literal), parsePath(path), model))).toMatchObject({ reason });
  });

  it('refuses the vectors cut off at any byte', () => {
    for (const [, path, , literal] of VECTORS) {
      const whole = bytes(literal);
      for (let length = 0; length < whole.length; length += 1) {
        const error = be.thrownBy(() => senml.decode(whole.subarray(0, length), parsePath(path), model));
        expect(error).toMatchObject({ reason: 'truncated' });
      }
    }
  });

  it('refuses more records than the limit, whether their number is announced or not', () => {
    const limits = { ...FORMAT_LIMITS, records: 2 };
    const record = (id: number): string => `a2 00 68 "/3/0/6/${id}" 02 05`;
    const three = `${record(0)} ${record(1)} ${record(2)}`;
    for (const literal of [`83 ${three}`, `9f ${three} ff`]) {
      expect(be.thrownBy(() => senml.decode(bytes(literal), [3, 0, 6], model, limits))).toMatchObject({
        reason: 'too_many',
      });
    }
    expect(senml.decode(bytes(`82 ${record(0)} ${record(1)}`), [3, 0, 6], model, limits)).toHaveLength(1);
  });

  it('refuses a name longer than the limit after the base name was put before it', () => {
    const limits = { ...FORMAT_LIMITS, nameCharacters: 6 };
    const read = (literal: string): unknown => senml.decode(bytes(literal), [3, 0], model, limits);
    expect(read('81 a3 21 65 "/3/0/" 00 61 "9" 02 05')).toHaveLength(1);
    expect(be.thrownBy(() => read('81 a3 21 65 "/3/0/" 00 62 "10" 02 05'))).toMatchObject({ reason: 'too_long' });
  });

  it('refuses a base value and a value whose sum no double holds, and keeps infinities', () => {
    const read = (base: string, value: string): unknown =>
      senml.decode(bytes(`81 a3 21 66 "/6/0/0" 24 ${base} 02 ${value}`), [6, 0, 0], model);
    const largest = 'fb 7fefffffffffffff';
    expect(be.thrownBy(() => read(largest, largest))).toMatchObject({ reason: 'bad_senml' });
    expect(read(largest, 'f9 7c00')).toEqual([placed('/6/0/0', single(be.float(Infinity)))]);
    expect(read('1b ffffffffffffffff', 'fa 3f000000')).toEqual([placed('/6/0/0', single(be.float(2 ** 64)))]);
  });

  it('ends soon at 65,000 records with a base name of 60 KB', () => {
    const record = Buffer.from('a10201', 'hex');
    const name = Buffer.concat([
      Buffer.from('a22179ea60', 'hex'),
      Buffer.alloc(60_000, 0x33),
      Buffer.from('0201', 'hex'),
    ]);
    const bomb = Buffer.concat([Buffer.from('99fde8', 'hex'), name, ...Array.from({ length: 64_999 }, () => record)]);
    const fits = Buffer.concat([Buffer.from('990fa0', 'hex'), name, ...Array.from({ length: 3999 }, () => record)]);
    for (const [payload, reason] of [
      [bomb, 'too_many'],
      [fits, 'too_long'],
    ] as const) {
      let quickest = Infinity;
      for (let round = 0; round < 5; round += 1) {
        const start = performance.now();
        expect(be.thrownBy(() => senml.decode(payload, [3, 0], model))).toMatchObject({ reason });
        quickest = Math.min(quickest, performance.now() - start);
      }
      expect(quickest).toBeLessThan(20);
    }
  });

  it('refuses to send more than 1 MiB', () => {
    const node = single({ type: 'opaque', value: new Uint8Array(FORMAT_LIMITS.payloadBytes) });
    for (const format of [110, 112]) {
      const error = be.thrownBy(() => be.codecOf(format).encode([9, 0, 0], node, noModel));
      expect(error).toMatchObject({ code: 'not_encodable' });
    }
  });

  it('gives nodes that do not refer to the payload', () => {
    const payload = bytes('81 a2 21 69 "/19/0/0/0" 08 43 010203');
    const nodes = senml.decode(payload, [19, 0, 0, 0], model);
    payload.fill(0);
    expect(nodes).toEqual([placed('/19/0/0/0', single(be.opaque('010203')))]);
  });
});
