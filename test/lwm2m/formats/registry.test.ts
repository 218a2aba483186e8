/** The table of content formats, and what a Create carries in each. */

import { describe, expect, it } from '@jest/globals';
import { codecFor, encodeCreate } from '#lwm2m/formats';
import { FORMATS } from '#lwm2m/model';
import * as be from './support.js';

const { model, noModel, instance, multiple, bytes, hex } = be;

describe('the content formats', () => {
  it.each([
    [0, 'text'],
    [42, 'opaque'],
    [60, 'cbor'],
    [110, 'senml-json'],
    [112, 'senml-cbor'],
    [11542, 'tlv'],
    [11543, 'json'],
    [11544, 'lwm2m-cbor'],
  ] as const)('LwM2M-Core 1.1.1 §7.4: %i is %s', (number, name) => {
    expect(codecFor(number)).toMatchObject({ number, name });
    expect(FORMATS[name]).toBe(number);
  });

  it('knows no codec of single paths for link format, for composites alone and for others', () => {
    for (const number of [40, 320, 322, 1, -1]) expect(codecFor(number)).toBeUndefined();
  });
});

describe('a Create', () => {
  const portfolio = instance({
    0: multiple({ 0: be.string('Host Device ID #2'), 1: be.string('Host Device Model #2') }),
  });
  const sensor = instance({ 5700: be.float(20) });

  it('ETS 1630: carries an object instance TLV when it names the instance', () => {
    const expected = '08 01 2E 88 00 2B 48 00 11 "Host Device ID #2" 48 01 14 "Host Device Model #2"';
    expect(hex(encodeCreate(11542, 16, 1, portfolio, model))).toBe(hex(bytes(expected)));
  });

  it('carries bare resource TLVs when the device is to choose the instance', () => {
    expect(hex(encodeCreate(11542, 3303, undefined, sensor, model))).toBe(hex(bytes('E4 16 44 41 A0 00 00')));
  });

  it('carries full paths in SenML', () => {
    expect(Buffer.from(encodeCreate(110, 3303, 2, sensor, model)).toString()).toBe(
      '[{"bn":"/3303/2/","n":"5700","v":20.0}]',
    );
    expect(hex(encodeCreate(112, 3303, 2, sensor, model))).toBe(
      hex(bytes('81 a3 21 68 "/3303/2/" 00 64 "5700" 02 fa 41a00000')),
    );
  });

  it('names the instance in LwM2M JSON (1.0) and LwM2M CBOR (1.2.1)', () => {
    expect(Buffer.from(encodeCreate(11543, 3303, 2, sensor, model)).toString()).toBe(
      '{"bn":"/3303/2/","e":[{"n":"5700","v":20.0}]}',
    );
    expect(hex(encodeCreate(11544, 3303, 2, sensor, model))).toBe(
      hex(bytes('a1 82 19 0ce7 02 a1 19 1644 fa 41a00000')),
    );
  });

  it.each([
    [110, undefined],
    [112, undefined],
    [11543, undefined],
    [11544, undefined],
    [0, 2],
    [42, 2],
    [60, 2],
    [40, 2],
    [9999, undefined],
  ])('cannot be said in format %i with instance %p', (format, id) => {
    expect(be.thrownBy(() => encodeCreate(format, 3303, id, sensor, noModel))).toMatchObject({ code: 'not_encodable' });
  });
});
