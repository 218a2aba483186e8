/** OMA TLV: the worked bytes of LwM2M-Core 1.1.1 §7.4.5 and its rules, both directions. */

import { describe, expect, it } from '@jest/globals';
import { DecodeError } from '#base';
import { FORMAT_LIMITS } from '#lwm2m/formats';
import type { Node } from '#lwm2m/model';
import { parsePath } from '#lwm2m/model';
import * as be from './support.js';

const { model, noModel, single, multiple, instance, object, placed, bytes, hex } = be;
const tlv = be.codecOf(11542);

const DEVICE = instance({
  0: be.string('Open Mobile Alliance'),
  1: be.string('Lightweight M2M Client'),
  2: be.string('345000123'),
  3: be.string('1.0'),
  6: multiple({ 0: be.integer(1), 1: be.integer(5) }),
  7: multiple({ 0: be.integer(3800), 1: be.integer(5000) }),
  8: multiple({ 0: be.integer(125), 1: be.integer(900) }),
  9: be.integer(100),
  10: be.integer(15),
  11: multiple({ 0: be.integer(0) }),
  13: be.time(1_367_491_215),
  14: be.string('+02:00'),
  16: be.string('U'),
});
const DEVICE_BYTES =
  'C80014 "Open Mobile Alliance" C80116 "Lightweight M2M Client" C80209 "345000123" C303 "1.0" 8606 410001 410105' +
  '8807 08 42000ED8 42011388 8708 41007D 42010384 C10964 C10A0F 830B 410000 C40D 5182428F C60E "+02:00" C110 55';

/** What is at a path, and its only encoding here; decoded and encoded. */
const VECTORS: readonly (readonly [title: string, path: string, node: Node, literal: string])[] = [
  ['/1/0/1 = 86400', '/1/0/1', single(be.integer(86_400)), 'C4 01 00 01 51 80'],
  ['boolean true at 6', '/1/0/6', single(be.boolean(true)), 'C1 06 01'],
  ['integer -1 at 5', '/1/0/5', single(be.integer(-1)), 'C1 05 FF'],
  ['integer 128 at 5, which needs two bytes', '/1/0/5', single(be.integer(128)), 'C2 05 00 80'],
  ['integer 65535, which needs four bytes', '/1/0/5', single(be.integer(65_535)), 'C4 05 00 00 FF FF'],
  ['float of 4 bytes', '/6/0/0', single(be.float(23.5)), 'C4 00 41 BC 00 00'],
  ['float of 8 bytes', '/6/0/0', single(be.float(43.61092)), 'C8 00 08 40 45 CE 32 A0 66 3C 75'],
  ['id of 16 bits', '/3303/0/5700', single(be.float(20)), 'E4 16 44 41 A0 00 00'],
  ['empty string', '/3/0/1', single(be.string('')), 'C0 01'],
  ['empty multiple resource', '/3/0/6', multiple({}), '80 06'],
  [
    'object links as resource instances',
    '/65/0/0',
    multiple({ 0: be.link(66, 0), 1: be.link(66, 1) }),
    '88 00 0C 44 00 00 42 00 00 44 01 00 42 00 01',
  ],
  ['null object link', '/65/0/2', single(be.link(0xffff, 0xffff)), 'C4 02 FF FF FF FF'],
  ['resource instance alone', '/3/0/6/1', single(be.integer(5)), '41 01 05'],
  ['object instance 300', '/1', object({ 300: instance({ 0: be.integer(1) }) }), '23 01 2C C1 00 01'],
  ['read of /3/0', '/3/0', DEVICE, DEVICE_BYTES],
  ['read of /3', '/3', object({ 0: DEVICE }), `08 00 79 ${DEVICE_BYTES}`],
  [
    'read of /1 with one instance',
    '/1',
    object({ 0: instance({ 0: be.integer(1), 1: be.integer(86_400), 6: be.boolean(true), 7: be.string('U') }) }),
    '08 00 0F C1 00 01 C4 01 00 01 51 80 C1 06 01 C1 07 55',
  ],
  [
    'read of /2 with two instances',
    '/2',
    object({
      0: instance({ 0: be.integer(1), 1: be.integer(0), 2: multiple({ 127: be.integer(7) }), 3: be.integer(127) }),
      2: instance({
        0: be.integer(3),
        1: be.integer(0),
        2: multiple({ 127: be.integer(7), 310: be.integer(1) }),
        3: be.integer(127),
      }),
    }),
    '08000E C10001 C10100 8302417F07 C1037F 080212 C10003 C10100 87 02 417F07 61013601 C1037F',
  ],
  [
    'ETS 215 partial update of /1/0',
    '/1/0',
    instance({ 2: be.integer(101), 3: be.integer(1010), 5: be.integer(2000), 6: be.boolean(true), 7: be.string('U') }),
    'C1 02 65 C2 03 03 F2 C2 05 07 D0 C1 06 01 C1 07 55',
  ],
  [
    'ETS 651 write of /3/0',
    '/3/0',
    instance({ 13: be.time(1_367_491_215), 14: be.string('+02:00'), 15: be.string('Europe/Paris') }),
    'C4 0D 51 82 42 8F C6 0E "+02:00" C8 0F 0C "Europe/Paris"',
  ],
];

describe('TLV', () => {
  it.each(VECTORS)('LwM2M-Core 1.1.1 §7.4.5: decodes %s', (_title, path, node, literal) => {
    expect(tlv.decode(bytes(literal), parsePath(path), model)).toEqual([placed(path, node)]);
  });

  it.each(VECTORS)('LwM2M-Core 1.1.1 §7.4.5: encodes %s', (_title, path, node, literal) => {
    expect(hex(tlv.encode(parsePath(path), node, model))).toBe(hex(bytes(literal)));
  });

  it.each([
    [300, 'd000012c'],
    [70_000, 'd800011170'],
  ])('writes a length field as short as it goes for a value of %i bytes', (length, head) => {
    const value = new Uint8Array(length).fill(7);
    const encoded = tlv.encode([9, 0, 0], single({ type: 'opaque', value }), noModel);
    expect(hex(encoded.subarray(0, head.length / 2))).toBe(head);
    expect(tlv.decode(encoded, [9, 0, 0], noModel)).toEqual([placed('/9/0/0', single({ type: 'opaque', value }))]);
  });

  it.each([
    ['/3/0/9 in two bytes', '/3/0/9', 'C2 09 00 05', be.integer(5)],
    ['/3/0/9 in eight bytes', '/3/0/9', 'C8 09 08 FF FF FF FF FF FF FF FB', be.integer(-5)],
    ['the smallest integer', '/3/0/9', 'C8 09 08 80 00 00 00 00 00 00 00', be.integer(-(2n ** 63n))],
    ['a length field that is not needed', '/3/0/9', 'C8 09 01 05', be.integer(5)],
    ['an id of 16 bits that is not needed', '/3/0/9', 'E1 00 09 05', be.integer(5)],
    ['set bits where a length field makes them void', '/3/0/9', 'CF 09 01 05', be.integer(5)],
  ])('accepts a longer form than the shortest: %s', (_title, path, literal, scalar) => {
    expect(tlv.decode(bytes(literal), parsePath(path), model)).toEqual([placed(path, single(scalar))]);
  });

  it('accepts one object instance TLV around what an instance was asked for (ETS 203)', () => {
    expect(tlv.decode(bytes('08 00 03 C1 09 64'), [3, 0], model)).toEqual([
      placed('/3/0', instance({ 9: be.integer(100) })),
    ]);
    expect(tlv.decode(bytes('08 00 03 C1 09 64'), [3, 0, 9], model)).toEqual([
      placed('/3/0/9', single(be.integer(100))),
    ]);
  });

  it('accepts bare resource instances for a resource, and the resource around a resource instance', () => {
    expect(tlv.decode(bytes('41 00 01 41 01 05'), [3, 0, 6], model)).toEqual([
      placed('/3/0/6', multiple({ 0: be.integer(1), 1: be.integer(5) })),
    ]);
    expect(tlv.decode(bytes('83 06 41 01 05'), [3, 0, 6, 1], model)).toEqual([
      placed('/3/0/6/1', single(be.integer(5))),
    ]);
  });

  it('reads an empty payload as an empty object, instance or multiple resource', () => {
    expect(tlv.decode(bytes(''), [3], model)).toEqual([placed('/3', object({}))]);
    expect(tlv.decode(bytes(''), [3, 0], model)).toEqual([placed('/3/0', instance({}))]);
    expect(tlv.decode(bytes(''), [3, 0, 6], model)).toEqual([placed('/3/0/6', multiple({}))]);
  });

  it('takes values without a definition as opaque', () => {
    expect(tlv.decode(bytes('C2 07 01 02 83 08 41 00 FF'), [3, 0], noModel)).toEqual([
      placed('/3/0', instance({ 7: be.opaque('0102'), 8: multiple({ 0: be.opaque('ff') }) })),
    ]);
  });

  it('gives nodes that do not refer to the payload', () => {
    const payload = bytes('C2 00 01 02');
    const nodes = tlv.decode(payload, [9, 0, 0], noModel);
    payload.fill(0xff);
    expect(nodes).toEqual([placed('/9/0/0', single(be.opaque('0102')))]);
  });

  it.each([
    ['another resource than asked for', '/3/0/9', 'C1 0A 05', 'outside_path'],
    ['another resource after the one asked for', '/3/0/9', 'C1 09 05 C1 0A 05', 'outside_path'],
    ['another instance than asked for', '/3/0', '08 01 03 C1 09 64', 'outside_path'],
    ['a second instance', '/3/0', '08 00 03 C1 09 64 08 01 03 C1 09 64', 'outside_path'],
    ['another resource instance than asked for', '/3/0/6/1', '41 00 05', 'outside_path'],
    ['a second resource instance', '/3/0/6/1', '41 01 05 41 02 05', 'outside_path'],
    ['a resource twice', '/3/0', 'C1 09 05 C1 09 05', 'duplicate_path'],
    ['the resource asked for twice', '/3/0/9', 'C1 09 05 C1 09 05', 'duplicate_path'],
    ['a resource as single and multiple', '/3/0', 'C1 06 05 80 06', 'duplicate_path'],
    ['an instance twice', '/3', '00 00 00 00', 'duplicate_path'],
    ['a resource instance twice', '/3/0/6', '86 06 41 00 01 41 00 02', 'duplicate_path'],
    ['a resource where an instance belongs', '/3', 'C1 09 05', 'bad_nesting'],
    ['an instance within an instance', '/3', '08 00 02 00 00', 'bad_nesting'],
    ['a resource instance where a resource belongs', '/3/0', '41 00 05', 'bad_nesting'],
    ['a resource within a multiple resource', '/3/0', '83 06 C1 00 05', 'bad_nesting'],
    ['a bare resource after a wrapped instance', '/3/0', '08 00 00 C1 09 05', 'bad_nesting'],
    ['an instance within the instance of a resource', '/3/0/9', '08 00 02 00 00', 'bad_nesting'],
    ['another multiple resource for a resource instance', '/3/0/6/1', '83 07 41 01 05', 'outside_path'],
    ['a resource after the one of a resource instance', '/3/0/6/1', '83 06 41 01 05 C1 09 05', 'bad_nesting'],
    ['a resource for a resource instance', '/3/0/6/1', 'C1 06 05', 'bad_nesting'],
    ['an empty multiple resource for a resource instance', '/3/0/6/1', '80 06', 'no_value'],
    ['the reserved id 65535', '/3/0', 'E1 FF FF 05', 'bad_id'],
    ['no value for a single resource', '/3/0/9', '', 'no_value'],
    ['no value for a resource instance', '/3/0/6/1', '', 'no_value'],
    ['a length beyond the payload', '/3/0', 'C2 09 05', 'truncated'],
    ['a length beyond the enclosing TLV', '/3/0', '83 06 44 00 01 C1 09 05', 'truncated'],
    ['an integer of 3 bytes', '/3/0/9', 'C3 09 00 00 05', 'bad_value'],
    ['an integer of no bytes', '/3/0/9', 'C0 09', 'bad_value'],
    ['an integer of 16 bytes', '/3/0/9', 'C8 09 10 00000000000000000000000000000005', 'bad_value'],
    ['a float of 2 bytes', '/6/0/0', 'C2 00 41 BC', 'bad_value'],
    ['a boolean of 2', '/1/0/6', 'C1 06 02', 'bad_value'],
    ['a boolean of no bytes', '/1/0/6', 'C0 06', 'bad_value'],
    ['an object link of 3 bytes', '/65/0/2', 'C3 02 FF FF FF', 'bad_value'],
    ['text that is not UTF-8', '/3/0/0', 'C2 00 C0 80', 'bad_utf8'],
  ])('refuses %s', (_title, path, literal, reason) => {
    expect(be.thrownBy(() => tlv.decode(bytes(literal), parsePath(path), model))).toMatchObject({ reason });
  });

  it('refuses the device read cut off at any byte, unless it ends between two resources', () => {
    const whole = bytes(DEVICE_BYTES);
    const ends = new Set([0, 23, 48, 60, 65, 73, 84, 93, 96, 99, 104, 110, 118, 121]);
    for (let length = 0; length < whole.length; length += 1) {
      const error = be.thrownBy(() => tlv.decode(whole.subarray(0, length), [3, 0], model));
      if (ends.has(length)) expect(error).toBeUndefined();
      else expect(error).toBeInstanceOf(DecodeError);
    }
  });

  it('refuses more values and more bytes than the limits allow', () => {
    const limits = { ...FORMAT_LIMITS, records: 2, payloadBytes: 16 };
    const three = be.thrownBy(() => tlv.decode(bytes('C0 00 C0 01 C0 02'), [3, 0], model, limits));
    expect(three).toMatchObject({ reason: 'too_many' });
    expect(tlv.decode(bytes('C0 00 C0 01'), [3, 0], model, limits)).toHaveLength(1);
    const large = be.thrownBy(() => tlv.decode(new Uint8Array(17), [3, 0], model, limits));
    expect(large).toMatchObject({ reason: 'too_large' });
  });

  it('refuses to send a time with a fraction, and integers beyond 64 bits', () => {
    for (const scalar of [be.time(0.5), be.integer(2n ** 63n), be.unsigned(-1), be.integer(1.5), be.integer(2 ** 60)]) {
      expect(be.thrownBy(() => tlv.encode([9, 0, 0], single(scalar), noModel))).toMatchObject({
        code: 'not_encodable',
      });
    }
  });

  it('refuses to send more than 1 MiB', () => {
    const value = new Uint8Array(FORMAT_LIMITS.payloadBytes);
    const error = be.thrownBy(() => tlv.encode([9, 0, 0], single({ type: 'opaque', value }), noModel));
    expect(error).toMatchObject({ code: 'not_encodable' });
  });
});
