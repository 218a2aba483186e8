/** SenML JSON: the examples of LwM2M-Core 1.1.1 §7.4.4 and the rules of RFC 8428, both directions. */

import { describe, expect, it } from '@jest/globals';
import { encodeUtf8 } from '#base';
import { FORMAT_LIMITS } from '#lwm2m/formats';
import type { Node } from '#lwm2m/model';
import { parsePath } from '#lwm2m/model';
import * as be from './support.js';

const { model, noModel, single, multiple, instance, object, placed } = be;
const senml = be.codecOf(110);
const types = (id: number): string => `/${be.TYPES_OBJECT}/0/${id}`;

function read(text: string, path: string, view = model, limits = FORMAT_LIMITS): unknown {
  return senml.decode(encodeUtf8(text), parsePath(path), view, limits);
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
      11: multiple({ 0: be.integer(0) }),
    }),
    '[{"bn":"/3/0/","n":"0","vs":"Open Mobile Alliance"},{"n":"6/0","v":1},{"n":"6/1","v":5},{"n":"9","v":100},{"n":"11/0","v":0}]',
  ],
  ['an object link', '/65/0/0', multiple({ 0: be.link(66, 0) }), '[{"bn":"/65/0/","n":"0/0","vlo":"66:0"}]'],
  [
    'floats',
    '/6/0',
    instance({ 0: be.float(43.61092), 1: be.float(3.87723) }),
    '[{"bn":"/6/0/","n":"0","v":43.61092},{"n":"1","v":3.87723}]',
  ],
  ['a resource instance, by base name alone', '/3/0/6/1', single(be.integer(5)), '[{"bn":"/3/0/6/1","v":5}]'],
  ['an object', '/1', object({ 0: instance({ 6: be.boolean(true) }) }), '[{"bn":"/1/","n":"0/6","vb":true}]'],
  ['base64url without padding', '/19/0/0/0', single(be.opaque('fbeffe01')), '[{"bn":"/19/0/0/0","vd":"--_-AQ"}]'],
  ['a whole float', '/6/0/0', single(be.float(20)), '[{"bn":"/6/0/","n":"0","v":20.0}]'],
  ['minus zero', '/6/0/0', single(be.float(-0)), '[{"bn":"/6/0/","n":"0","v":-0.0}]'],
  ['a large float', '/6/0/0', single(be.float(1e300)), '[{"bn":"/6/0/","n":"0","v":1e+300}]'],
  [
    'the largest integer',
    '/3/0/9',
    single(be.integer(2n ** 63n - 1n)),
    '[{"bn":"/3/0/","n":"9","v":9223372036854775807}]',
  ],
  [
    'the smallest integer',
    '/3/0/9',
    single(be.integer(-(2n ** 63n))),
    '[{"bn":"/3/0/","n":"9","v":-9223372036854775808}]',
  ],
  [
    'the largest unsigned',
    types(2),
    single(be.unsigned(2n ** 64n - 1n)),
    '[{"bn":"/33000/0/","n":"2","v":18446744073709551615}]',
  ],
  [
    'a time with a fraction',
    types(6),
    single(be.time(1_700_000_000.5)),
    '[{"bn":"/33000/0/","n":"6","v":1700000000.5}]',
  ],
  ['a core link', types(8), single(be.corelnk('</3>;a="b"')), '[{"bn":"/33000/0/","n":"8","vs":"</3>;a=\\"b\\""}]'],
  ['no resources', '/3/0', instance({}), '[]'],
];

describe('SenML JSON', () => {
  it.each(VECTORS)('LwM2M-Core 1.1.1 §7.4.4: decodes %s', (_title, path, node, text) => {
    expect(read(text, path)).toEqual([placed(path, node)]);
  });

  it.each(VECTORS)('LwM2M-Core 1.1.1 §7.4.4: encodes %s', (_title, path, node, text) => {
    expect(Buffer.from(senml.encode(parsePath(path), node, model)).toString()).toBe(text);
  });

  it('RFC 8428 §4.5.3: reads historical values with times relative to a base time', () => {
    const text = '[{"bn":"/72/","bt":25462634,"n":"1/2","v":22.4,"t":-5},{"n":"1/2","v":22.9,"t":-30}]';
    expect(read(text, '/72/1/2')).toEqual([
      placed('/72/1/2', single(be.float(22.4)), 25_462_629),
      placed('/72/1/2', single(be.float(22.9)), 25_462_604),
    ]);
  });

  it.each([
    ['bt = 0', '"bt":0,', 0],
    ['bt = -1', '"bt":-1,', -1],
    ['bt = 2^28 - 1', '"bt":268435455,', 268_435_455],
    ['bt = 2^28', '"bt":268435456,', 268_435_456],
    ['t alone', '"t":-0.5,', -0.5],
    ['bt and t', '"bt":1700000000.5,"t":-5,', 1_699_999_995.5],
  ])('keeps the time of a record as the device gave it: %s', (_title, fields, expected) => {
    expect(read(`[{${fields}"bn":"/3/0/9","v":1}]`, '/3/0/9')).toEqual([
      placed('/3/0/9', single(be.integer(1)), expected),
    ]);
  });

  it.each(['"-_-_AQ"', '"+/+/AQ"', '"-_-_AQ=="', '"+/+/AQ=="', '"\\u002b/+/AQ=="'])(
    'accepts both alphabets of base64, with padding and without: %s',
    (text) => {
      expect(read(`[{"bn":"/19/0/0/0","vd":${text}}]`, '/19/0/0/0')).toEqual([
        placed('/19/0/0/0', single(be.opaque('fbffbf01'))),
      ]);
    },
  );

  it('accepts blanks, any order of fields, escapes and unknown fields', () => {
    const text =
      ' [ { "vs" : "a\\u00e9\\ud83d\\ude00\\n\\\\\\"\\/" , "x" : { "y" : [ 1 , { } , [ ] , null , "]" ] , "z" : -1.5e3 } , "u":"%", "bn" : "/3\\/0/0" } ]\r\n\t ';
    expect(read(text, '/3/0/0')).toEqual([placed('/3/0/0', single(be.string('aé😀\n\\"/')))]);
  });

  it.each([
    ['a number', '95', be.integer(95)],
    ['minus zero', '-0', be.float(-0)],
    ['an integer of 64 bits', '9007199254740993', be.integer(9_007_199_254_740_993n)],
    ['an integer beyond the signed ones', '18446744073709551615', be.unsigned(2n ** 64n - 1n)],
    ['a number with a fraction', '21.5', be.float(21.5)],
    ['a whole number with a point', '20.0', be.float(20)],
    ['a whole number with an exponent', '2e1', be.float(20)],
    ['a negative exponent', '15E-1', be.float(1.5)],
  ])('takes the type of a value without a definition from its form: %s', (_title, value, scalar) => {
    expect(read(`[{"bn":"/9/0/0","v":${value}}]`, '/9/0/0', noModel)).toEqual([placed('/9/0/0', single(scalar))]);
  });

  it('passes over fields named like parts of a prototype', () => {
    const text = '[{"constructor":{"prototype":{"polluted":1}},"toString":1,"bn":"/3/0/9","v":5}]';
    expect(read(text, '/3/0/9')).toEqual([placed('/3/0/9', single(be.integer(5)))]);
    const proto = be.thrownBy(() => read('[{"__proto__":{"polluted":1},"bn":"/3/0/9","v":5}]', '/3/0/9'));
    expect(proto).toMatchObject({ reason: 'bad_senml' });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('takes a float for an integer only when it is whole and exact', () => {
    const value = (text: string): unknown => read(`[{"bn":"/3/0/9","v":${text}}]`, '/3/0/9');
    expect(value('95.0')).toEqual([placed('/3/0/9', single(be.integer(95)))]);
    expect(value('-0')).toEqual([placed('/3/0/9', single(be.integer(0)))]);
    for (const text of ['95.5', '9007199254740993.0', '1e19', '9223372036854775808', '-9223372036854775809']) {
      expect(be.thrownBy(() => value(text))).toMatchObject({ reason: 'bad_value' });
    }
  });

  it.each([
    ['no JSON', 'x', 'bad_json'],
    ['nothing', '', 'truncated'],
    ['an object', '{"bn":"/3/0/9","v":5}', 'bad_json'],
    ['a record that is an array', '[[]]', 'bad_json'],
    ['a comma before the end', '[{"bn":"/3/0/9","v":5},]', 'bad_json'],
    ['a comma in an empty record', '[{,}]', 'bad_json'],
    ['no comma between records', '[{"bn":"/3/0/9","v":5}{"v":5}]', 'bad_json'],
    ['text after the end', '[{"bn":"/3/0/9","v":5}] x', 'trailing_bytes'],
    ['a byte order mark', '\ufeff[{"bn":"/3/0/9","v":5}]', 'bad_json'],
    ['a name without quotes', '[{bn:"/3/0/9","v":5}]', 'bad_json'],
    ['a name without colon', '[{"bn" "/3/0/9","v":5}]', 'bad_json'],
    ['a field twice', '[{"bn":"/3/0/9","v":5,"v":5}]', 'duplicate_key'],
    ['a leading zero', '[{"bn":"/3/0/9","v":05}]', 'bad_json'],
    ['a plus', '[{"bn":"/3/0/9","v":+5}]', 'bad_json'],
    ['a point without digits', '[{"bn":"/3/0/9","v":5.}]', 'bad_json'],
    ['an exponent without digits', '[{"bn":"/3/0/9","v":5e}]', 'bad_json'],
    ['a minus alone', '[{"bn":"/3/0/9","v":-}]', 'bad_json'],
    ['NaN', '[{"bn":"/6/0/0","v":NaN}]', 'bad_json'],
    ['Infinity', '[{"bn":"/6/0/0","v":Infinity}]', 'bad_json'],
    ['a number beyond all doubles', '[{"bn":"/6/0/0","v":1e999}]', 'bad_json'],
    ['a number of 600 digits', `[{"bn":"/6/0/0","v":${'1'.repeat(600)}}]`, 'too_long'],
    ['a word', '[{"bn":"/3/0/9","v":tru}]', 'bad_json'],
    ['null', '[{"bn":"/3/0/9","v":null}]', 'bad_senml'],
    ['an array as value', '[{"bn":"/3/0/9","v":[5]}]', 'bad_senml'],
    ['a string as number', '[{"bn":"/3/0/9","v":"5"}]', 'bad_senml'],
    ['no base64', '[{"bn":"/19/0/0/0","vd":"A*=="}]', 'bad_value'],
    ['base64 of an impossible length', '[{"bn":"/19/0/0/0","vd":"AAAAA"}]', 'bad_value'],
    ['base64 padded wrongly', '[{"bn":"/19/0/0/0","vd":"AA="}]', 'bad_value'],
    ['a data value that is a number', '[{"bn":"/19/0/0/0","vd":5}]', 'bad_value'],
    ['a control character', '[{"bn":"/3/0/0","vs":"\u0001"}]', 'bad_json'],
    ['a control character after an escape', '[{"bn":"/3/0/0","vs":"\\n\u0001"}]', 'bad_json'],
    ['a bad escape', '[{"bn":"/3/0/0","vs":"\\x"}]', 'bad_json'],
    ['a bad unit', '[{"bn":"/3/0/0","vs":"\\u12g4"}]', 'bad_json'],
    ['an escaped lone surrogate', '[{"bn":"/3/0/0","vs":"\\ud800"}]', 'bad_utf8'],
    ['a field that has to be understood', '[{"bn":"/3/0/9","v":5,"x_":5}]', 'bad_senml'],
    ['another version', '[{"bver":11,"bn":"/3/0/9","v":5}]', 'bad_version'],
    ['a time beyond the year 9999', '[{"bn":"/3/0/9","v":5,"t":1e300}]', 'bad_time'],
    ['a path outside the one asked for', '[{"bn":"/3/0/10","v":5}]', 'outside_path'],
    ['the same path twice', '[{"bn":"/3/0/9","v":5},{"v":5}]', 'duplicate_path'],
    ['a record without a value', '[{"bn":"/3/0/9"}]', 'no_value'],
  ])('refuses %s', (_title, text, reason) => {
    const path = /"bn":"(\/[0-9/]+)/.exec(text)?.[1] ?? '/3/0/9';
    expect(be.thrownBy(() => read(text, path === '/3/0/10' ? '/3/0/9' : path))).toMatchObject({ reason });
  });

  it('refuses text that is not UTF-8', () => {
    const payload = Buffer.concat([encodeUtf8('[{"bn":"/3/0/0","vs":"'), Buffer.from([0xc0, 0x80]), encodeUtf8('"}]')]);
    expect(be.thrownBy(() => senml.decode(payload, [3, 0, 0], model))).toMatchObject({ reason: 'bad_utf8' });
  });

  it('refuses the vectors cut off at any character', () => {
    for (const [, path, , text] of VECTORS) {
      for (let length = 0; length < text.length; length += 1) {
        expect(be.thrownBy(() => read(text.slice(0, length), path))).toMatchObject({ name: 'DecodeError' });
      }
    }
  });

  it('refuses nesting, records, names and bytes beyond the limits', () => {
    const nested = (depth: number): string => `[{"bn":"/3/0/9","v":5,"x":${'['.repeat(depth)}${']'.repeat(depth)}}]`;
    expect(read(nested(14), '/3/0/9')).toHaveLength(1);
    expect(be.thrownBy(() => read(nested(15), '/3/0/9'))).toMatchObject({ reason: 'too_deep' });
    expect(be.thrownBy(() => read(nested(400_000), '/3/0/9'))).toMatchObject({ reason: 'too_deep' });
    const limits = { ...FORMAT_LIMITS, records: 1, nameCharacters: 8, payloadBytes: 60 };
    const limited = (text: string): unknown => be.thrownBy(() => read(text, '/3/0/6', model, limits));
    expect(limited('[{"bn":"/3/0/6/1","v":5}]')).toBeUndefined();
    expect(limited('[{"bn":"/3/0/6/1","v":5},{"bn":"/3/0/6/2","v":5}]')).toMatchObject({ reason: 'too_many' });
    expect(limited('[{"bn":"/3/0/6/10","v":5}]')).toMatchObject({ reason: 'too_long' });
    expect(limited(' '.repeat(61))).toMatchObject({ reason: 'too_large' });
  });

  it('refuses a bomb of 65,000 records with a base name of 60 KB soon', () => {
    const bomb = `[{"bn":"/${'3'.repeat(60_000)}","v":1}${',{"v":1}'.repeat(65_000)}]`;
    let quickest = Infinity;
    for (let round = 0; round < 5; round += 1) {
      const start = performance.now();
      expect(be.thrownBy(() => read(bomb, '/3/0'))).toMatchObject({ reason: 'too_long' });
      quickest = Math.min(quickest, performance.now() - start);
    }
    expect(quickest).toBeLessThan(20);
  });

  it.each([NaN, Infinity, -Infinity])('refuses to send %d, which JSON has no word for', (value) => {
    const call = (): unknown => senml.encode([6, 0, 0], single(be.float(value)), model);
    expect(be.thrownBy(call)).toMatchObject({ code: 'not_encodable' });
  });
});
