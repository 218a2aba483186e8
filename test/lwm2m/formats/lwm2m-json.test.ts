/** LwM2M JSON: the examples of LwM2M-Core 1.0.2 §6.4.4 and its rules, both directions. */

import { describe, expect, it } from '@jest/globals';
import { encodeUtf8 } from '#base';
import { FORMAT_LIMITS } from '#lwm2m/formats';
import type { Node } from '#lwm2m/model';
import { parsePath } from '#lwm2m/model';
import * as be from './support.js';

const { model, noModel, single, multiple, instance, object, placed } = be;
const json = be.codecOf(11543);
const types = (id: number): string => `/${be.TYPES_OBJECT}/0/${id}`;

function read(text: string, path: string, view = model, limits = FORMAT_LIMITS): unknown {
  return json.decode(encodeUtf8(text), parsePath(path), view, limits);
}

/** What is at a path, and its only encoding here; decoded and encoded. */
const VECTORS: readonly (readonly [title: string, path: string, node: Node, text: string])[] = [
  [
    'resources of the device',
    '/3/0',
    instance({
      0: be.string('Open Mobile Alliance'),
      6: multiple({ 0: be.integer(1), 1: be.integer(5) }),
      9: be.integer(100),
    }),
    '{"bn":"/3/0/","e":[{"n":"0","sv":"Open Mobile Alliance"},{"n":"6/0","v":1},{"n":"6/1","v":5},{"n":"9","v":100}]}',
  ],
  [
    'object links',
    '/65/0/0',
    multiple({ 0: be.link(66, 0), 1: be.link(66, 1) }),
    '{"bn":"/65/0/","e":[{"n":"0/0","ov":"66:0"},{"n":"0/1","ov":"66:1"}]}',
  ],
  ['a resource', '/3/0/9', single(be.integer(95)), '{"bn":"/3/0/","e":[{"n":"9","v":95}]}'],
  ['a resource instance', '/3/0/6/1', single(be.integer(5)), '{"bn":"/3/0/6/1","e":[{"v":5}]}'],
  ['an object', '/1', object({ 0: instance({ 6: be.boolean(true) }) }), '{"bn":"/1/","e":[{"n":"0/6","bv":true}]}'],
  ['opaque in base64', '/19/0/0/0', single(be.opaque('fbeffe01')), '{"bn":"/19/0/0/0","e":[{"sv":"++/+AQ=="}]}'],
  ['a whole float', '/6/0/0', single(be.float(20)), '{"bn":"/6/0/","e":[{"n":"0","v":20.0}]}'],
  ['a time', '/3/0/13', single(be.time(1_367_491_215)), '{"bn":"/3/0/","e":[{"n":"13","v":1367491215}]}'],
  [
    'the largest unsigned',
    types(2),
    single(be.unsigned(2n ** 64n - 1n)),
    '{"bn":"/33000/0/","e":[{"n":"2","v":18446744073709551615}]}',
  ],
  ['an instance without content', '/3/0', instance({}), '{"bn":"/3/0/","e":[]}'],
];

describe('LwM2M JSON', () => {
  it.each(VECTORS)('carries %s', (_title, path, node, text) => {
    expect(read(text, path)).toEqual([placed(path, node)]);
    expect(Buffer.from(json.encode(parsePath(path), node, model)).toString()).toBe(text);
  });

  it.each([
    ['without a base name: the names begin at what was asked for', '/3/0', '{"e":[{"n":"9","v":95}]}'],
    ['with an empty base name', '/3/0', '{"bn":"","e":[{"n":"9","v":95}]}'],
    ['with a base name without its last slash', '/3/0', '{"bn":"/3/0","e":[{"n":"9","v":95}]}'],
    ['with a slash on both sides', '/3/0', '{"bn":"/3/0/","e":[{"n":"/9","v":95}]}'],
    ['with the whole path in the name', '/3/0', '{"bn":"/","e":[{"n":"3/0/9","v":95}]}'],
    ['with the base after the entries', '/3/0', '{"e":[{"v":95,"n":"9"}],"bn":"/3/0/"}'],
    ['with fields it does not know', '/3/0', '{"x":{"y":[1]},"bn":"/3/0/","e":[{"n":"9","v":95,"u":"%","z":{}}]}'],
    ['with blanks', '/3/0', ' { "bn" : "/3/0/" , "e" : [ { "n" : "9" , "v" : 95 } ] } '],
  ])('is read %s', (_title, path, text) => {
    expect(read(text, path)).toEqual([placed(path, instance({ 9: be.integer(95) }))]);
  });

  it('reads the entry of a resource by an empty or missing name', () => {
    for (const entry of ['{"v":95}', '{"n":"","v":95}']) {
      expect(read(`{"bn":"/3/0/9","e":[${entry}]}`, '/3/0/9')).toEqual([placed('/3/0/9', single(be.integer(95)))]);
      expect(read(`{"e":[${entry}]}`, '/3/0/9')).toEqual([placed('/3/0/9', single(be.integer(95)))]);
    }
  });

  it('keeps values of different times apart: the time of an entry counts from the base time', () => {
    const text =
      '{"bn":"/72/0/","bt":25462634,"e":[{"n":"2","v":22.4,"t":-5},{"n":"2","v":22.9,"t":-30},{"n":"2","v":24.1}]}';
    expect(read(text, '/72/0')).toEqual([
      placed('/72/0', instance({ 2: be.float(22.4) }), 25_462_629),
      placed('/72/0', instance({ 2: be.float(22.9) }), 25_462_604),
      placed('/72/0', instance({ 2: be.float(24.1) }), 25_462_634),
    ]);
  });

  it('takes values for what they look like without a definition', () => {
    const text =
      '{"bn":"/9/0/","e":[{"n":"0","sv":"a"},{"n":"1","v":1},{"n":"2","v":1.0},{"n":"3","bv":false},{"n":"4","ov":"3:0"}]}';
    const values = { 0: be.string('a'), 1: be.integer(1), 2: be.float(1), 3: be.boolean(false), 4: be.link(3, 0) };
    expect(read(text, '/9/0', noModel)).toEqual([placed('/9/0', instance(values))]);
  });

  it.each([
    ['truncated', '{"bn":"/3/0/","e":[{"n":"9"'],
    ['trailing_bytes', '{"e":[]} x'],
    ['bad_json', '[]'],
    ['bad_json', '{"bn":3,"e":[]}'],
    ['bad_json', '{"e":{}}'],
    ['bad_json', '{"e":[1]}'],
    ['bad_json', '{"e":[{"n":["9"],"v":1}]}'],
    ['bad_json', '{"e":[{"n":"9","v":null}]}'],
    ['bad_json', '{"e":[{"n":"9","v":1,"sv":"1"}]}'],
    ['bad_value', '{"e":[{"n":"9","v":"95"}]}'],
    ['bad_value', '{"e":[{"n":"9","sv":"95"}]}'],
    ['bad_value', '{"e":[{"n":"0","bv":"true"}]}'],
    ['bad_value', '{"e":[{"n":"0","ov":"66"}]}'],
    ['no_value', '{"bn":"/3/0/"}'],
    ['no_value', '{"e":[{"n":"9"}]}'],
    ['duplicate_key', '{"e":[],"e":[]}'],
    ['duplicate_key', '{"bn":"/3/0/","bn":"/3/0/","e":[]}'],
    ['duplicate_key', '{"e":[{"n":"9","n":"9","v":1}]}'],
    ['duplicate_path', '{"e":[{"n":"9","v":1},{"n":"9","v":2}]}'],
    ['outside_path', '{"bn":"/1/0/","e":[{"n":"1","v":1}]}'],
    ['bad_path', '{"e":[{"n":"nine","v":1}]}'],
    ['bad_path', '{"bn":"/3/0/6/0/","e":[{"n":"1","v":1}]}'],
    ['bad_time', '{"e":[{"n":"9","v":1,"t":1e15}]}'],
    ['bad_time', '{"bt":"now","e":[]}'],
    ['bad_time', '{"bt":253402300799,"e":[{"n":"9","v":1,"t":1}]}'],
    ['bad_time', '{"bt":-253402300799,"e":[{"n":"9","v":1,"t":-1}]}'],
    ['too_long', `{"bn":"/3/0/","e":[{"n":"${'9'.repeat(130)}","v":1}]}`],
    ['too_deep', `{"x":${'['.repeat(20)}${']'.repeat(20)},"e":[]}`],
  ])('is refused as %s: %s', (reason, text) => {
    expect(be.thrownBy(() => read(text, '/3/0'))).toMatchObject({ name: 'DecodeError', reason });
  });

  it('is refused when a value is no base64, or there are more entries or bytes than allowed', () => {
    const bad = '{"bn":"/19/0/0/0","e":[{"sv":"?"}]}';
    expect(be.thrownBy(() => read(bad, '/19/0/0/0'))).toMatchObject({ reason: 'bad_value' });
    const two = '{"e":[{"n":"9","v":1},{"n":"10","v":1}]}';
    expect(be.thrownBy(() => read(two, '/3/0', model, { ...FORMAT_LIMITS, records: 1 }))).toMatchObject({
      reason: 'too_many',
    });
    expect(be.thrownBy(() => read(two, '/3/0', model, { ...FORMAT_LIMITS, payloadBytes: 10 }))).toMatchObject({
      reason: 'too_large',
    });
  });

  it('cannot carry what JSON has no number for', () => {
    for (const value of [NaN, Infinity, -Infinity]) {
      expect(be.thrownBy(() => json.encode([6, 0, 0], single(be.float(value)), model))).toMatchObject({
        code: 'not_encodable',
      });
    }
  });
});
