/** The reader of CBOR: what it lets pass is read as RFC 8949 says, and hostile input ends early and cheaply. */

import { describe, expect, it } from '@jest/globals';
import { Decoder } from 'cbor-x/decode';
import { CborReader } from '../../../src/lwm2m/formats/cbor-reader.js';
import { WireFloat, WireTime } from '../../../src/lwm2m/formats/wire.js';
import { FORMAT_LIMITS } from '#lwm2m/formats';
import { readWhole } from './cbor-items.js';
import { bytes, thrownBy } from './support.js';

/** Passes over one item. */
function pass(payload: Uint8Array, limits = FORMAT_LIMITS): unknown {
  const reader = new CborReader(payload, limits);
  const value = reader.value();
  reader.end();
  return value;
}

const read = (literal: string): unknown => readWhole(bytes(literal));

describe('the reader of CBOR', () => {
  it.each([
    ['an integer', '18 5f', 95],
    ['a non-minimal integer', '1a 0000005f', 95],
    ['an integer of 8 bytes', '1b 0020000000000001', 2n ** 53n + 1n],
    ['the smallest integer of 4 bytes', '3a ffffffff', -4_294_967_296],
    ['true, false and null', '83 f5 f4 f6', [true, false, null]],
    ['empty containers', '82 80 a0', [[], new Map()]],
    ['nested indefinite containers', '9f 9f ff bf 01 80 ff ff', [[], new Map([[1, []]])]],
    ['a half float', 'f9 3c00', new WireFloat(1)],
    ['a float with a fraction', 'fa 41ac0000', 21.5],
    ['a time', 'c1 1a 5182428f', new WireTime(1_367_491_215)],
    ['a decimal fraction', 'c4 82 20 18 c8', new WireFloat(20)],
    ['the largest exact negative integer', '3b 001ffffffffffffe', -9_007_199_254_740_991],
    ['the one below it', '3b 001fffffffffffff', -(2n ** 53n)],
    ['bytes in chunks', '5f 41 01 40 42 0203 ff', Buffer.of(1, 2, 3)],
    ['text in chunks', '7f 61 61 60 62 6263 ff', 'abc'],
    ['long text that begins with a byte order mark', `78 41 efbbbf ${'61'.repeat(62)}`, `\ufeff${'a'.repeat(62)}`],
    ['text of each length', `85 60 61 "a" 62 c3a9 64 f09f9880 65 e282ac 6161`, ['', 'a', 'é', '😀', '€aa'.slice(0, 3)]],
    ['text of a NUL', '61 00', '\0'],
    ['a big number', 'c2 42 0100', 256],
    ['a negative big number', 'c3 42 0100', -257],
    ['a key that is text', 'a1 69 "__proto__" 01', new Map([['__proto__', 1]])],
  ])('lets pass %s', (_title, literal, value) => {
    expect(read(literal)).toEqual(value);
  });

  it('lets pass text of any length with characters of any width', () => {
    for (let length = 0; length < 300; length += 1) {
      for (const character of ['a', 'é', '€', '😀', '\0']) {
        const text = character.repeat(length);
        const utf8 = Buffer.from(text);
        const item = Buffer.concat([Buffer.from([0x79, utf8.length >> 8, utf8.length & 0xff]), utf8]);
        expect(readWhole(item)).toBe(text);
      }
    }
  });

  it.each([
    ['nothing', '', 'truncated'],
    ['a second item', '01 02', 'trailing_bytes'],
    ['a lone break', 'ff', 'bad_cbor'],
    ['a break in an array of known length', '82 01 ff', 'bad_cbor'],
    ['a break after a key', 'bf 01 ff', 'bad_cbor'],
    ['a reserved length', '5c 00', 'bad_cbor'],
    ['a reserved integer', '1c', 'bad_cbor'],
    ['an indefinite integer', '1f', 'bad_cbor'],
    ['a simple value', 'e0', 'bad_cbor'],
    ['a simple value of two bytes', 'f8 20', 'bad_cbor'],
    ['undefined', 'f7', 'bad_cbor'],
    ['tag 0, a date as text', 'c0 61 "a"', 'bad_tag'],
    ['tag 5, a big float', 'c5 82 01 01', 'bad_tag'],
    ['tag 6, a packed reference', 'c6 01', 'bad_tag'],
    ['tag 24, CBOR within CBOR', 'd8 18 41 01', 'bad_tag'],
    ['tag 28, a shared value', 'd8 1c 80', 'bad_tag'],
    ['tag 29, a reference to it', 'd8 1d 00', 'bad_tag'],
    ['tag 51, a packed table', 'd8 33 82 80 80', 'bad_tag'],
    ['tag 105, a record', 'd8 69 82 01 81 61 "a"', 'bad_tag'],
    ['tag 258, a set', 'd9 0102 80', 'bad_tag'],
    ['tag 57337, bundled strings', 'd9 dff9 82 00 00', 'bad_tag'],
    ['tag 57343, an inline record', 'd9 dfff 83 19 e000 81 61 "a" 01', 'bad_tag'],
    ['tag 57344, a record', 'd9 e000 81 01', 'bad_tag'],
    ['a non-minimal tag 1', 'd8 01 01', 'bad_tag'],
    ['a time that is text', 'c1 61 "a"', 'bad_cbor'],
    ['a time within a time', 'c1 c1 01', 'bad_cbor'],
    ['a big number that is an integer', 'c2 01', 'bad_cbor'],
    ['a big number of 17 bytes', `c2 51 ${'00'.repeat(17)}`, 'bad_cbor'],
    ['a big number of indefinite length', 'c2 5f 41 01 ff', 'bad_cbor'],
    ['a decimal fraction of one', 'c4 81 01', 'bad_cbor'],
    ['a decimal fraction of indefinite length', 'c4 9f 01 01 ff', 'bad_cbor'],
    ['a decimal fraction with a float as exponent', 'c4 82 f9 3c00 01', 'bad_cbor'],
    ['a decimal fraction with text as mantissa', 'c4 82 01 61 "a"', 'bad_cbor'],
    ['a key that is bytes', 'a1 41 01 01', 'bad_cbor'],
    ['a key that is an array', 'a1 80 01', 'bad_cbor'],
    ['a key that is a map', 'a1 a0 01', 'bad_cbor'],
    ['a key that is a float', 'a1 f9 3c00 01', 'bad_cbor'],
    ['a key that is null', 'a1 f6 01', 'bad_cbor'],
    ['a key that is tagged', 'a1 c1 01 01', 'bad_cbor'],
    ['a key of 8 bytes', 'a1 1b 0000000000000001 01', 'bad_cbor'],
    ['a key of indefinite length', 'a1 7f 61 "a" ff 01', 'bad_cbor'],
    ['a chunk of bytes in a text', '7f 41 61 ff', 'bad_cbor'],
    ['a chunk of indefinite length', '5f 5f ff ff', 'bad_cbor'],
    ['a character split between chunks', '7f 61 c3 61 a9 ff', 'bad_utf8'],
    ['a text without its break', '7f 61 61', 'truncated'],
    ['an overlong character', '62 c080', 'bad_utf8'],
    ['an overlong character of three bytes', '63 e08080', 'bad_utf8'],
    ['an overlong character of four bytes', '64 f0808080', 'bad_utf8'],
    ['a surrogate', '63 eda080', 'bad_utf8'],
    ['a character beyond U+10FFFF', '64 f4908080', 'bad_utf8'],
    ['a byte that begins nothing', '61 80', 'bad_utf8'],
    ['a character cut off', '62 61 c3', 'bad_utf8'],
    ['a text longer than the payload', '63 6161', 'truncated'],
    ['a text of 2^64-1 bytes', '7b ffffffffffffffff', 'truncated'],
    ['a byte string of 2^32 bytes', '5b 0000000100000000', 'truncated'],
    ['a map longer than the payload', 'a2 01 02 03', 'truncated'],
  ])('refuses %s', (_title, literal, reason) => {
    expect(thrownBy(() => read(literal))).toMatchObject({ name: 'DecodeError', reason });
    expect(thrownBy(() => pass(bytes(literal)))).toMatchObject({ name: 'DecodeError', reason });
  });

  it.each(['a2 01 01 01 01', 'a2 01 01 18 01 01', 'a2 61 "a" 01 78 01 "a" 01', '81 81 a2 01 01 01 01'])(
    'refuses a key that appears twice in what is passed over, however it is written: %s',
    (literal) => {
      expect(thrownBy(() => pass(bytes(literal)))).toMatchObject({ reason: 'duplicate_key' });
    },
  );

  it('lets a number and the text of that number be keys side by side', () => {
    expect(pass(bytes('a2 01 01 61 "1" 01'))).toBeUndefined();
  });

  it('takes arrays for keys only where they may be', () => {
    const payload = bytes('81 a2 82 01 02 01 82 01 02 01');
    expect(thrownBy(() => new CborReader(payload, FORMAT_LIMITS).value())).toMatchObject({ reason: 'bad_cbor' });
    expect(new CborReader(payload, FORMAT_LIMITS, 'ids or arrays').value()).toBeUndefined();
  });

  it('lets pass nesting up to the limit and refuses it beyond', () => {
    for (const reading of [readWhole, pass]) {
      const deep = (literal: string, limits = FORMAT_LIMITS): unknown =>
        thrownBy(() => reading(bytes(literal), limits));
      expect(deep('81'.repeat(15) + '80')).toBeUndefined();
      expect(deep('81'.repeat(16) + '80')).toMatchObject({ reason: 'too_deep' });
      expect(deep('81'.repeat(16) + '9f ff')).toMatchObject({ reason: 'too_deep' });
      expect(deep('81 80', { ...FORMAT_LIMITS, depth: 1 })).toMatchObject({ reason: 'too_deep' });
      expect(deep('83 80 80 80', { ...FORMAT_LIMITS, depth: 2 })).toBeUndefined();
    }
  });

  it('refuses more items than the limit, announced or not', () => {
    const limits = { ...FORMAT_LIMITS, cborItems: 3 };
    for (const reading of [readWhole, pass]) {
      expect(thrownBy(() => reading(bytes('82 01 02'), limits))).toBeUndefined();
      for (const literal of [
        '83 01 02 03',
        '9f 01 02 03 ff',
        'a2 01 02 03 04',
        '84 01 02 03 04',
        'bf 01 02 03 04 ff',
      ]) {
        expect(thrownBy(() => reading(bytes(literal), limits))).toMatchObject({ reason: 'too_many' });
      }
    }
  });

  it.each([
    ['100 KB of nested arrays', Buffer.alloc(100_000, 0x81)],
    ['100 KB of nested indefinite arrays', Buffer.alloc(100_000, 0x9f)],
    ['100 KB of nested maps', Buffer.alloc(100_000, Buffer.from('a101', 'hex'))],
    ['100 KB of nested tags', Buffer.alloc(100_000, 0xc1)],
    ['an array of 2^32 elements', Buffer.from('9b0000000100000000', 'hex')],
    ['an array of 2^64-1 elements', Buffer.from('9bffffffffffffffff', 'hex')],
    ['a map of 2^63 entries', Buffer.from('bb8000000000000000', 'hex')],
    ['an indefinite array without end', Buffer.concat([Buffer.from([0x9f]), Buffer.alloc(1_000_000)])],
    ['an indefinite text without end', Buffer.concat([Buffer.from([0x7f]), Buffer.alloc(1_000_000, 0x60)])],
  ])('ends early and cheaply at %s', (_title, payload) => {
    let quickest = Infinity;
    for (let round = 0; round < 5; round += 1) {
      const start = performance.now();
      const error = thrownBy(() => pass(payload));
      quickest = Math.min(quickest, performance.now() - start);
      expect(error).toMatchObject({ name: 'DecodeError' });
    }
    expect(quickest).toBeLessThan(20);
  });

  it('reads a payload that is a view into a larger buffer', () => {
    const whole = bytes('ff ff 83 1a 5182428f 61 55 1b 7fffffffffffffff ff');
    for (const view of [whole.subarray(2, 19), new Uint8Array(whole).subarray(2, 19)]) {
      expect(readWhole(view)).toEqual([1_367_491_215, 'U', 2n ** 63n - 1n]);
    }
  });

  it('RFC 8949 Appendix A: reads every float16 as an independent decoder does', () => {
    const oracle = new Decoder({ mapsAsObjects: false });
    for (let bits = 0; bits < 0x1_0000; bits += 1) {
      const item = Buffer.of(0xf9, bits >> 8, bits & 0xff);
      const value = pass(item);
      const number = value instanceof WireFloat ? value.value : value;
      if (!Object.is(number, oracle.decode(item))) expect([bits, number]).toEqual([bits, oracle.decode(item)]);
    }
  });
});
