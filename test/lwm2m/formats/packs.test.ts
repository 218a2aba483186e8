/** Values of several objects in one payload, as a Send carries them: literals of LwM2M-Core 1.1.1, RFC 8428 and clients. */

import { describe, expect, it } from '@jest/globals';
import { encodeUtf8 } from '#base';
import { FORMAT_LIMITS, carriesPacks, decodePack } from '#lwm2m/formats';
import * as be from './support.js';

const { model, noModel, instance, multiple, object, placed, bytes } = be;

const json = (text: string): unknown => decodePack(110, encodeUtf8(text), model);
const cbor = (literal: string): unknown => decodePack(112, bytes(literal), model);

describe('a pack of values', () => {
  it('is carried by the formats that name whole paths', () => {
    for (const format of [110, 112, 11544]) expect(carriesPacks(format)).toBe(true);
    for (const format of [0, 40, 42, 60, 11542, 11543, 320]) expect(carriesPacks(format)).toBe(false);
  });

  const expected = [
    placed('/1', object({ 0: instance({ 1: be.integer(86_400) }) })),
    placed('/3', object({ 0: instance({ 11: multiple({ 0: be.integer(0) }) }) })),
  ];
  it('LightweightM2M-1.1-int-311: holds objects in the order they come up', () => {
    expect(json('[{"n":"/1/0/1","v":86400},{"n":"/3/0/11/0","v":0}]')).toEqual(expected);
    expect(cbor('82 a2 00 66 "/1/0/1" 02 1a 00015180 a2 00 69 "/3/0/11/0" 02 00')).toEqual(expected);
    expect(decodePack(11544, bytes('a2 83 01 00 01 1a 00015180 83 03 00 0b a1 00 00'), model)).toEqual(expected);
    expect(decodePack(11544, bytes('bf 01 bf 00 bf 01 1a 00015180 ff ff 83 03 00 0b bf 00 00 ff ff'), model)).toEqual(
      expected,
    );
  });

  it('takes a base name without its last slash, and names that begin with one, as some clients send', () => {
    expect(json('[{"bn":"/3/0","n":"/9","v":95},{"n":"/14","vs":"+01:00"}]')).toEqual([
      placed('/3', object({ 0: instance({ 9: be.integer(95), 14: be.string('+01:00') }) })),
    ]);
  });

  it('keeps values of one object apart by their times', () => {
    const history = [
      placed('/3303', object({ 0: instance({ 5700: be.float(21.5) }) }), 1_700_000_000),
      placed('/3303', object({ 0: instance({ 5700: be.float(21.25) }) }), 1_699_999_995),
    ];
    expect(json('[{"bn":"/3303/0/5700","bt":1700000000,"v":21.5},{"t":-5,"v":21.25}]')).toEqual(history);
    expect(cbor('82 a3 21 6c "/3303/0/5700" 22 1a 6553f100 02 fa 41ac0000 a2 06 24 02 fa 41aa0000')).toEqual(history);
  });

  it('may hold instances and multiple resources without content in LwM2M CBOR', () => {
    expect(decodePack(11544, bytes('a2 82 03 00 a0 83 13 00 00 a0'), noModel)).toEqual([
      placed('/3', object({ 0: instance({}) })),
      placed('/19', object({ 0: instance({ 0: multiple({}) }) })),
    ]);
  });

  it('may be empty', () => {
    expect(json('[]')).toEqual([]);
    expect(cbor('80')).toEqual([]);
    expect(decodePack(11544, bytes('a0'), model)).toEqual([]);
  });

  it.each([
    ['bad_path', 110, '[{"n":"/","v":1}]'],
    ['bad_path', 110, '[{"n":"/3","v":1}]'],
    ['bad_path', 110, '[{"n":"/3/0","v":1}]'],
    ['bad_path', 110, '[{"n":"3/0/9","v":1}]'],
    ['no_value', 110, '[{"n":"/3/0/9"}]'],
    ['duplicate_path', 110, '[{"n":"/3/0/9","v":1},{"n":"/3/0/9","v":2}]'],
    ['bad_value', 110, '[{"n":"/3/0/9","vs":"95"}]'],
    ['truncated', 110, '[{"n":"/3/0/9","v":1}'],
    ['bad_senml', 112, 'a0'],
    ['bad_lwm2m_cbor', 11544, '80'],
    ['bad_path', 11544, 'a1 03 01'],
  ])('is refused as %s in %i: %s', (reason, format, payload) => {
    const body = format === 110 ? encodeUtf8(payload) : bytes(payload);
    expect(be.thrownBy(() => decodePack(format, body, model))).toMatchObject({ name: 'DecodeError', reason });
  });

  it('is refused beyond the limits', () => {
    const limits = { ...FORMAT_LIMITS, records: 1 };
    const two = encodeUtf8('[{"n":"/1/0/1","v":1},{"n":"/3/0/9","v":0}]');
    expect(be.thrownBy(() => decodePack(110, two, model, limits))).toMatchObject({ reason: 'too_many' });
    const tree = bytes('a2 83 01 00 01 01 83 03 00 09 01');
    expect(be.thrownBy(() => decodePack(11544, tree, model, limits))).toMatchObject({ reason: 'too_many' });
  });
});
