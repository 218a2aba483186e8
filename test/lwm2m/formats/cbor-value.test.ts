/** application/cbor: the worked bytes of LwM2M-Core 1.1.1 §7.4.3, both directions, and other forms that are accepted. */

import { describe, expect, it } from '@jest/globals';
import { FORMAT_LIMITS } from '#lwm2m/formats';
import type { Scalar } from '#lwm2m/model';
import * as be from './support.js';

const { model, noModel, single, instance, placed, bytes, hex } = be;
const cbor = be.codecOf(60);
const O = be.TYPES_OBJECT;

/** A value at the resource of its type, and its bytes; decoded and encoded. */
const VECTORS: readonly (readonly [resource: number, scalar: Scalar, literal: string])[] = [
  [1, be.integer(95), '18 5f'],
  [1, be.integer(-5), '24'],
  [1, be.integer(3800), '19 0ed8'],
  [1, be.integer(4_294_967_296), '1b 0000000100000000'],
  [1, be.integer(-4_294_967_296), '3a ffffffff'],
  [1, be.integer(2n ** 63n - 1n), '1b 7fffffffffffffff'],
  [2, be.unsigned(2n ** 64n - 1n), '1b ffffffffffffffff'],
  [4, be.boolean(true), 'f5'],
  [4, be.boolean(false), 'f4'],
  [0, be.string('U'), '61 55'],
  [3, be.float(21.5), 'fa 41ac0000'],
  [3, be.float(21.1), 'fb 403519999999999a'],
  [3, be.float(20), 'fa 41a00000'],
  [3, be.float(Infinity), 'fa 7f800000'],
  [6, be.time(1_367_491_215), 'c1 1a 5182428f'],
  [5, be.opaque('010203'), '43 010203'],
  [7, be.link(10, 3), '64 "10:3"'],
  [8, be.corelnk('</3>'), '64 "</3>"'],
];

describe('application/cbor', () => {
  it.each(VECTORS)('LwM2M-Core 1.1.1 §7.4.3: decodes a value of resource %i: %j', (resource, scalar, literal) => {
    expect(cbor.decode(bytes(literal), [O, 0, resource], model)).toEqual([
      placed(`/${O}/0/${resource}`, single(scalar)),
    ]);
  });

  it.each(VECTORS)('LwM2M-Core 1.1.1 §7.4.3: encodes a value of resource %i: %j', (resource, scalar, literal) => {
    expect(hex(cbor.encode([O, 0, resource], single(scalar), model))).toBe(hex(bytes(literal)));
  });

  it.each([
    [6, '1a 5182428f', be.time(1_367_491_215)],
    [6, 'fb 41d46090a3c00000', be.time(1_367_491_215)],
    [6, 'c1 fb 41d46090a3e00000', be.time(1_367_491_215.5)],
    [3, '14', be.float(20)],
    [3, 'c4 82 21 19 0866', be.float(21.5)],
    [3, 'f9 4d60', be.float(21.5)],
    [1, 'f9 4d00', be.integer(20)],
    [1, 'c2 41 05', be.integer(5)],
    [1, '1a 00000005', be.integer(5)],
    [0, '7f 61 55 61 56 ff', be.string('UV')],
    [5, '5f 41 01 42 0203 ff', be.opaque('010203')],
  ])('accepts other forms of a value of resource %i: %s', (resource, literal, scalar) => {
    expect(cbor.decode(bytes(literal), [O, 0, resource], model)).toEqual([
      placed(`/${O}/0/${resource}`, single(scalar)),
    ]);
  });

  it.each([
    ['18 5f', be.integer(95)],
    ['fa 41a00000', be.float(20)],
    ['c1 05', be.time(5)],
    ['61 55', be.string('U')],
    ['f4', be.boolean(false)],
    ['41 55', be.opaque('55')],
  ])('takes the type of a value without a definition from its form: %s', (literal, scalar) => {
    expect(cbor.decode(bytes(literal), [9, 0, 0], noModel)).toEqual([placed('/9/0/0', single(scalar))]);
  });

  it.each([
    [1, 'f6', 'bad_value'],
    [1, '81 05', 'bad_value'],
    [1, 'a1 01 05', 'bad_value'],
    [1, '61 35', 'bad_value'],
    [1, 'fa 41ac0000', 'bad_value'],
    [1, '1b 8000000000000000', 'bad_value'],
    [2, '20', 'bad_value'],
    [4, '01', 'bad_value'],
    [6, '61 35', 'bad_value'],
    [6, 'f9 7e00', 'bad_value'],
    [7, '62 "3:"', 'bad_value'],
    [7, '05', 'bad_value'],
    [5, '61 35', 'bad_value'],
    [1, '', 'truncated'],
    [1, '05 05', 'trailing_bytes'],
  ])('refuses a value of resource %i that is none: %s', (resource, literal, reason) => {
    expect(be.thrownBy(() => cbor.decode(bytes(literal), [O, 0, resource], model))).toMatchObject({ reason });
  });

  it('refuses several values, an answer about an instance, and more than the limit', () => {
    expect(be.thrownBy(() => cbor.encode([O, 0], instance({}), model))).toMatchObject({ code: 'not_encodable' });
    expect(be.thrownBy(() => cbor.decode(bytes('05'), [O, 0], model))).toMatchObject({ reason: 'bad_path' });
    const limits = { ...FORMAT_LIMITS, payloadBytes: 3 };
    const call = (): unknown => cbor.decode(bytes('1a 00000005'), [O, 0, 1], model, limits);
    expect(be.thrownBy(call)).toMatchObject({ reason: 'too_large' });
  });
});
