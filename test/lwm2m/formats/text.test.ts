/** text/plain, application/octet-stream and application/cbor: one value each (LwM2M-Core 1.1.1 §7.4.1 to §7.4.3). */

import { describe, expect, it } from '@jest/globals';
import { encodeUtf8 } from '#base';
import { FORMAT_LIMITS } from '#lwm2m/formats';
import type { Scalar } from '#lwm2m/model';
import * as be from './support.js';

const { model, noModel, single, multiple, instance, placed } = be;
const text = be.codecOf(0);
const O = be.TYPES_OBJECT;

/** A value at the resource of its type, and its text; decoded and encoded. */
const VECTORS: readonly (readonly [resource: number, scalar: Scalar, shown: string])[] = [
  [0, be.string('Open Mobile Alliance'), 'Open Mobile Alliance'],
  [0, be.string(''), ''],
  [0, be.string('\ufeffé😀\0'), '\ufeffé😀\0'],
  [1, be.integer(0), '0'],
  [1, be.integer(-5), '-5'],
  [1, be.integer(2n ** 63n - 1n), '9223372036854775807'],
  [1, be.integer(-(2n ** 63n)), '-9223372036854775808'],
  [1, be.integer(9_007_199_254_740_993n), '9007199254740993'],
  [2, be.unsigned(2n ** 64n - 1n), '18446744073709551615'],
  [3, be.float(21.5), '21.5'],
  [3, be.float(20), '20'],
  [3, be.float(-0), '-0.0'],
  [3, be.float(1e21), '1000000000000000000000'],
  [3, be.float(-1.25e22), '-12500000000000000000000'],
  [3, be.float(1e-7), '0.0000001'],
  [3, be.float(-1.5e-9), '-0.0000000015'],
  [3, be.float(0.1), '0.1'],
  [4, be.boolean(true), '1'],
  [4, be.boolean(false), '0'],
  [5, be.opaque('fbffbf01'), '+/+/AQ=='],
  [5, be.opaque(''), ''],
  [6, be.time(1_367_491_215), '1367491215'],
  [6, be.time(-1), '-1'],
  [7, be.link(10, 3), '10:3'],
  [7, be.link(65_535, 65_535), '65535:65535'],
  [8, be.corelnk('</3>;ver=1.1,</3/0>'), '</3>;ver=1.1,</3/0>'],
];

describe('text/plain', () => {
  it.each(VECTORS)('decodes a value of resource %i: %j', (resource, scalar, shown) => {
    expect(text.decode(encodeUtf8(shown), [O, 0, resource], model)).toEqual([
      placed(`/${O}/0/${resource}`, single(scalar)),
    ]);
  });

  it.each(VECTORS)('encodes a value of resource %i: %j', (resource, scalar, shown) => {
    expect(Buffer.from(text.encode([O, 0, resource], single(scalar), model)).toString()).toBe(shown);
  });

  it.each([
    [3, '1e3', be.float(1000)],
    [3, '-1.5E-3', be.float(-0.0015)],
    [3, '+.5', be.float(0.5)],
    [3, '5.', be.float(5)],
    [3, 'NaN', be.float(NaN)],
    [3, 'inf', be.float(Infinity)],
    [3, '-Infinity', be.float(-Infinity)],
    [1, '007', be.integer(7)],
    [1, '-0', be.integer(0)],
    [5, '+/+/AQ', be.opaque('fbffbf01')],
    [5, '-_-_AQ', be.opaque('fbffbf01')],
  ])('accepts other ways to write a value of resource %i: %j', (resource, shown, scalar) => {
    expect(text.decode(encodeUtf8(shown), [O, 0, resource], model)).toEqual([
      placed(`/${O}/0/${resource}`, single(scalar)),
    ]);
  });

  it('takes the type of a resource instance from its resource, and a string without a definition', () => {
    expect(text.decode(encodeUtf8('5'), [3, 0, 6, 1], model)).toEqual([placed('/3/0/6/1', single(be.integer(5)))]);
    expect(text.decode(encodeUtf8('5'), [9, 0, 0], noModel)).toEqual([placed('/9/0/0', single(be.string('5')))]);
    expect(text.decode(encodeUtf8('5'), [3, 0, 4], model)).toEqual([placed('/3/0/4', single(be.string('5')))]);
  });

  it.each([
    [1, ''],
    [1, ' 5'],
    [1, '5.0'],
    [1, '+5'],
    [1, '0x5'],
    [1, '9223372036854775808'],
    [1, '9'.repeat(1000)],
    [2, '-1'],
    [2, '18446744073709551616'],
    [3, ''],
    [3, '.'],
    [3, '1,5'],
    [3, '1e'],
    [3, '0x1p3'],
    [4, 'true'],
    [4, '2'],
    [4, ''],
    [5, '*'],
    [5, 'AA=A'],
    [5, 'A'],
    [6, '2013-05-02T10:40:15Z'],
    [7, '10'],
    [7, '10:65536'],
    [7, '10:'],
    [7, '010:3'],
    [7, '1:2:3'],
  ])('refuses a value of resource %i that is none: %j', (resource, shown) => {
    const call = (): unknown => text.decode(encodeUtf8(shown), [O, 0, resource], model);
    expect(be.thrownBy(call)).toMatchObject({ reason: 'bad_value' });
  });

  it('refuses text that is not UTF-8, an answer about an instance, and more than the limit', () => {
    const limits = { ...FORMAT_LIMITS, payloadBytes: 3 };
    expect(be.thrownBy(() => text.decode(be.bytes('c080'), [O, 0, 0], model))).toMatchObject({ reason: 'bad_utf8' });
    expect(be.thrownBy(() => text.decode(be.bytes('30'), [O, 0], model))).toMatchObject({ reason: 'bad_path' });
    expect(be.thrownBy(() => text.decode(be.bytes('30303030'), [O, 0, 0], model, limits))).toMatchObject({
      reason: 'too_large',
    });
  });

  it('refuses to send several values, floats that are no numbers, and a time with a fraction', () => {
    const nodes = [instance({}), multiple({ 0: be.integer(1) }), single(be.float(NaN)), single(be.time(0.5))];
    for (const node of nodes) {
      const path = node.kind === 'instance' ? [O, 0] : [O, 0, 3];
      expect(be.thrownBy(() => text.encode(path, node, model))).toMatchObject({ code: 'not_encodable' });
    }
  });
});

describe('application/octet-stream', () => {
  const opaque = be.codecOf(42);

  it('carries the bytes of one value as they are', () => {
    const payload = be.bytes('00 ff 01');
    const nodes = opaque.decode(payload, [O, 0, 5], model);
    expect(nodes).toEqual([placed(`/${O}/0/5`, single(be.opaque('00ff01')))]);
    expect(be.hex(opaque.encode([O, 0, 5], single(be.opaque('00ff01')), model))).toBe('00ff01');
    payload.fill(7);
    expect(nodes).toEqual([placed(`/${O}/0/5`, single(be.opaque('00ff01')))]);
  });

  it('refuses other types and several values', () => {
    expect(be.thrownBy(() => opaque.encode([O, 0, 0], single(be.string('a')), model))).toMatchObject({
      code: 'not_encodable',
    });
    expect(be.thrownBy(() => opaque.encode([O, 0], instance({}), model))).toMatchObject({ code: 'not_encodable' });
    expect(be.thrownBy(() => opaque.decode(be.bytes('00'), [O, 0], model))).toMatchObject({ reason: 'bad_path' });
    const limits = { ...FORMAT_LIMITS, payloadBytes: 3 };
    expect(be.thrownBy(() => opaque.decode(new Uint8Array(4), [O, 0, 5], model, limits))).toMatchObject({
      reason: 'too_large',
    });
  });
});
