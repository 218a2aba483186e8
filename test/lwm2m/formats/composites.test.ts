/** Bodies of composite operations: literals of LwM2M-Core 1.1.1 and 1.2, RFC 8790 and the OMA test cases 229, 230 and 257. */

import { describe, expect, it } from '@jest/globals';
import { encodeUtf8, toHex } from '#base';
import { FORMAT_LIMITS, decodeComposite, decodePaths, encodeComposite, encodePaths } from '#lwm2m/formats';
import { parsePath } from '#lwm2m/model';
import type { CompositeEntry, Node } from '#lwm2m/model';
import * as be from './support.js';

const { model, instance, multiple, object, placed, bytes } = be;

const NAMES = '82 a1 00 66 "/3/0/9" a1 00 66 "/1/0/1"';
const at = (path: string, node: Node): CompositeEntry => ({ path: parsePath(path), node });
const removed = (path: string): CompositeEntry => ({ path: parsePath(path), node: 'removed' });
const hex = (literal: string): string => toHex(bytes(literal));
const text = (body: Uint8Array): string => Buffer.from(body).toString();

describe('a list of paths', () => {
  const paths = [parsePath('/3/0/9'), parsePath('/1/0/1')];

  it.each([110, 320])('is names without values in SenML JSON (%i)', (format) => {
    expect(text(encodePaths(format, paths))).toBe('[{"n":"/3/0/9"},{"n":"/1/0/1"}]');
    expect(decodePaths(format, encodeUtf8('[{"n":"/3/0/9"},{"n":"/1/0/1"}]'))).toEqual(paths);
    expect(decodePaths(format, encodeUtf8('[{"bn":"/3/0/","n":"9"},{"bn":"/1/0/1"}]'))).toEqual(paths);
  });

  it.each([112, 322])('is names without values in SenML CBOR (%i)', (format) => {
    expect(toHex(encodePaths(format, paths))).toBe(hex(NAMES));
    expect(decodePaths(format, bytes(NAMES))).toEqual(paths);
  });

  it('is keys with null in LwM2M CBOR', () => {
    const literal = 'a2 83 03 00 09 f6 83 01 00 01 f6';
    expect(toHex(encodePaths(11544, paths))).toBe(hex(literal));
    expect(decodePaths(11544, bytes(literal))).toEqual(paths);
    expect(decodePaths(11544, bytes('a2 03 a1 00 a1 09 f6 01 a1 82 00 01 f6'))).toEqual(paths);
    expect(decodePaths(11544, bytes('a1 03 f6'))).toEqual([parsePath('/3')]);
  });

  it('may be the root, paths of every level, and paths that overlap', () => {
    const levels = ['/', '/3', '/1/0', '/1/0/1', '/3/0/11/0'].map(parsePath);
    expect(decodePaths(110, encodePaths(110, levels))).toEqual(levels);
    expect(decodePaths(322, encodePaths(322, levels))).toEqual(levels);
    expect(be.thrownBy(() => encodePaths(11544, levels))).toMatchObject({ code: 'not_encodable' });
  });

  it.each([
    ['unexpected_value', 110, '[{"n":"/3/0/9","v":1}]'],
    ['unexpected_value', 11544, 'a1 83 03 00 09 01'],
    ['unexpected_value', 11544, 'a1 82 03 00 a0'],
    ['bad_path', 110, '[{"n":"3/0/9"}]'],
    ['bad_path', 110, '[{"n":""}]'],
    ['bad_senml', 110, '[{"n":null}]'],
    ['bad_senml', 112, 'a1 00 61 2f'],
    ['truncated', 112, '82 a1 00 61 "/"'],
  ])('is refused as %s in %i: %s', (reason, format, payload) => {
    const body = format === 110 ? encodeUtf8(payload) : bytes(payload);
    expect(be.thrownBy(() => decodePaths(format, body))).toMatchObject({ name: 'DecodeError', reason });
  });

  it('is refused beyond the limits', () => {
    const limits = { ...FORMAT_LIMITS, records: 1 };
    expect(be.thrownBy(() => decodePaths(112, bytes(NAMES), limits))).toMatchObject({ reason: 'too_many' });
    const tree = bytes('a1 03 a1 00 a2 09 f6 0a f6');
    expect(be.thrownBy(() => decodePaths(11544, tree, limits))).toMatchObject({ reason: 'too_many' });
    expect(decodePaths(11544, tree, { ...limits, records: 2 })).toHaveLength(2);
  });
});

describe('values at any paths', () => {
  const entries = [
    at('/1/0/1', be.single(be.integer(61))),
    at('/1/0/6', be.single(be.boolean(true))),
    at('/16/0/0', multiple({ 0: be.string('aa'), 3: be.string('dd') })),
  ];
  const nodes = [
    placed('/1', object({ 0: instance({ 1: be.integer(61), 6: be.boolean(true) }) })),
    placed('/16', object({ 0: instance({ 0: multiple({ 0: be.string('aa'), 3: be.string('dd') }) }) })),
  ];

  it('LightweightM2M-1.1-int-230: are records with whole paths in SenML JSON', () => {
    const literal =
      '[{"n":"/1/0/1","v":61},{"n":"/1/0/6","vb":true},{"n":"/16/0/0/0","vs":"aa"},{"n":"/16/0/0/3","vs":"dd"}]';
    expect(text(encodeComposite(110, entries))).toBe(literal);
    expect(text(encodeComposite(320, entries))).toBe(literal);
    expect(decodeComposite(110, encodeUtf8(literal), model)).toEqual({ nodes, removed: [] });
  });

  it('are records with whole paths in SenML CBOR', () => {
    const literal =
      '84 a2 00 66 "/1/0/1" 02 18 3d a2 00 66 "/1/0/6" 04 f5 a2 00 69 "/16/0/0/0" 03 62 "aa" a2 00 69 "/16/0/0/3" 03 62 "dd"';
    expect(toHex(encodeComposite(112, entries))).toBe(hex(literal));
    expect(toHex(encodeComposite(322, entries))).toBe(hex(literal));
    expect(decodeComposite(322, bytes(literal), model)).toEqual({ nodes, removed: [] });
  });

  it('LightweightM2M-1.1-int-257: are read with a base name of one slash', () => {
    const literal = '83 a3 21 61 "/" 00 65 "1/0/2" 02 18 65 a2 00 65 "1/0/6" 04 f5 a2 00 66 "3/0/13" 02 00';
    expect(decodeComposite(112, bytes(literal), model).nodes).toEqual([
      placed('/1', object({ 0: instance({ 2: be.integer(101), 6: be.boolean(true) }) })),
      placed('/3', object({ 0: instance({ 13: be.time(0) }) })),
    ]);
  });

  it('are keys that are arrays in LwM2M CBOR', () => {
    const literal = 'a3 83 01 00 01 18 3d 83 01 00 06 f5 83 10 00 00 a2 00 62 "aa" 03 62 "dd"';
    expect(toHex(encodeComposite(11544, entries))).toBe(hex(literal));
    expect(decodeComposite(11544, bytes(literal), model)).toEqual({ nodes, removed: [] });
  });

  it('may carry instances and objects, and times', () => {
    const whole = [
      at('/1/0', instance({ 1: be.integer(61) })),
      at('/3', object({ 0: instance({ 9: be.integer(95) }) })),
    ];
    expect(text(encodeComposite(110, whole))).toBe('[{"n":"/1/0/1","v":61},{"n":"/3/0/9","v":95}]');
    const timed = [{ ...at('/3/0/9', be.single(be.integer(95))), time: 1_700_000_000 } as CompositeEntry];
    expect(text(encodeComposite(110, timed))).toBe('[{"n":"/3/0/9","t":1700000000,"v":95}]');
    expect(toHex(encodeComposite(112, timed))).toBe(hex('81 a3 00 66 "/3/0/9" 06 1a 6553f100 02 18 5f'));
  });

  it('RFC 8790 §3.2: remove resource instances by null, in the formats of 1.2', () => {
    const entry = [removed('/16/0/0/1')];
    const path = [parsePath('/16/0/0/1')];
    expect(text(encodeComposite(320, entry))).toBe('[{"n":"/16/0/0/1","v":null}]');
    expect(toHex(encodeComposite(322, entry))).toBe(hex('81 a2 00 69 "/16/0/0/1" 02 f6'));
    expect(toHex(encodeComposite(11544, entry))).toBe(hex('a1 84 10 00 00 01 f6'));
    for (const format of [320, 322, 11544]) {
      expect(decodeComposite(format, encodeComposite(format, entry), model)).toEqual({ nodes: [], removed: path });
    }
    expect(decodeComposite(320, encodeUtf8('[{"n":"/16/0/0/1","vs":null}]'), model).removed).toEqual(path);
    for (const format of [110, 112])
      expect(be.thrownBy(() => encodeComposite(format, entry))).toMatchObject({ code: 'not_encodable' });
  });

  it.each([
    ['no_value', 110, '[{"n":"/3/0/9"}]'],
    ['no_value', 320, '[{"n":"/3/0/9","v":null}]'],
    ['bad_senml', 320, '[{"n":"/16/0/0/1","v":null,"vs":"x"}]'],
    ['duplicate_path', 110, '[{"n":"/3/0/9","v":1},{"n":"/3/0/9","v":2}]'],
    ['bad_value', 110, '[{"n":"/3/0/9","vs":"95"}]'],
  ])('are refused as %s in %i: %s', (reason, format, payload) => {
    expect(be.thrownBy(() => decodeComposite(format, encodeUtf8(payload), model))).toMatchObject({ reason });
  });
});

describe('formats of composite bodies', () => {
  it('are SenML, SenML-ETCH and LwM2M CBOR alone', () => {
    for (const format of [110, 112, 320, 322, 11544]) expect(encodePaths(format, [[3]]).length).toBeGreaterThan(2);
    for (const format of [0, 40, 42, 60, 11542, 11543])
      expect(be.thrownBy(() => encodePaths(format, [[3]]))).toMatchObject({ code: 'not_encodable' });
  });
});
