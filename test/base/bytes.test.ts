/** Reader, Writer and the text helpers of base: bounds, widths, views and round trips. */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { DecodeError, EMPTY, Reader, Writer, bytesEqual, decodeUtf8, encodeUtf8, fromHex, toHex } from '#base';

/** The DecodeError that `work` throws. */
function refusal(work: () => unknown): DecodeError {
  try {
    work();
  } catch (error) {
    if (error instanceof DecodeError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

const bytes = (hex: string): Uint8Array => fromHex(hex);

describe('Reader', () => {
  it('reads big-endian integers of each width one after the other', () => {
    const reader = new Reader(bytes('01 0203 040506 0708090a 0b0c0d0e0f10'));
    expect(reader.u8()).toBe(0x01);
    expect(reader.u16()).toBe(0x0203);
    expect(reader.u24()).toBe(0x040506);
    expect(reader.u32()).toBe(0x0708090a);
    expect(reader.uint(6)).toBe(0x0b0c0d0e0f10);
    expect(reader.remaining).toBe(0);
  });

  it('reads the largest value of each width as a positive number', () => {
    const all = bytes('ffffffffffff');
    expect(new Reader(all).u8()).toBe(0xff);
    expect(new Reader(all).u16()).toBe(0xffff);
    expect(new Reader(all).u24()).toBe(0xffffff);
    expect(new Reader(all).u32()).toBe(0xffffffff);
    expect(new Reader(all).uint(6)).toBe(2 ** 48 - 1);
  });

  it('reads an integer of no bytes as 0', () => {
    const reader = new Reader(EMPTY);
    expect(reader.uint(0)).toBe(0);
    expect(reader.remaining).toBe(0);
  });

  it('gives views of the memory it reads, not copies', () => {
    const memory = new Uint8Array([1, 2, 3, 4]);
    const view = new Reader(memory).take(2);
    memory[1] = 9;
    expect([...view]).toEqual([1, 9]);
  });

  it('counts its offset within the whole memory, also in a sub-reader', () => {
    const reader = new Reader(bytes('00010203040506'), 1, 6);
    expect(reader.offset).toBe(1);
    expect(reader.u8()).toBe(1);
    const inner = reader.sub(3);
    expect(inner.offset).toBe(2);
    expect(inner.u16()).toBe(0x0203);
    expect(inner.remaining).toBe(1);
    expect(reader.offset).toBe(5);
    expect(reader.remaining).toBe(1);
  });

  it('never reads past the end it was given, though the memory goes on', () => {
    const reader = new Reader(bytes('0102030405'), 1, 3);
    expect(reader.u8()).toBe(2);
    expect(refusal(() => reader.u16())).toMatchObject({ reason: 'truncated', offset: 2 });
    expect(reader.u8()).toBe(3);
  });

  it('keeps a sub-reader within its span', () => {
    const inner = new Reader(bytes('01020304')).sub(2);
    expect(refusal(() => inner.take(3)).reason).toBe('truncated');
    expect([...inner.rest()]).toEqual([1, 2]);
  });

  it('stays where it is when a read is refused', () => {
    const reader = new Reader(bytes('0102'));
    reader.u8();
    for (const read of [() => reader.u16(), () => reader.take(2), () => reader.sub(2), () => reader.uint(6)]) {
      expect(refusal(read)).toMatchObject({ reason: 'truncated', offset: 1 });
      expect(reader.remaining).toBe(1);
    }
    expect(reader.u8()).toBe(2);
  });

  it('says how many bytes were needed, how many are left, and where', () => {
    expect(refusal(() => new Reader(bytes('0102')).u32()).message).toBe('4 bytes needed, 2 left at offset 0');
  });

  it('gives all that is left, once', () => {
    const reader = new Reader(bytes('010203'));
    reader.u8();
    expect([...reader.rest()]).toEqual([2, 3]);
    expect(reader.rest()).toHaveLength(0);
  });

  it('refuses bytes that are left at the end, and says where they begin', () => {
    const reader = new Reader(bytes('010203'));
    reader.u8();
    expect(refusal(() => reader.end())).toMatchObject({ reason: 'trailing_bytes', offset: 1 });
    reader.rest();
    expect(() => reader.end()).not.toThrow();
  });

  it('agrees with a slice of the memory for any sequence of takes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.array(fc.nat(20), { maxLength: 12 }), (memory, counts) => {
        const reader = new Reader(memory);
        let at = 0;
        for (const count of counts) {
          if (at + count > memory.length) {
            expect(refusal(() => reader.take(count)).offset).toBe(at);
          } else {
            expect([...reader.take(count)]).toEqual([...memory.slice(at, at + count)]);
            at += count;
          }
          expect(reader.offset).toBe(at);
          expect(reader.remaining).toBe(memory.length - at);
        }
      }),
    );
  });
});

describe('Writer', () => {
  it('writes big-endian integers of each width', () => {
    const writer = new Writer();
    writer.u8(1).u16(0x0203).u24(0x040506).u32(0x0708090a).uint(0x0b0c0d0e0f10, 6);
    expect(toHex(writer.finish())).toBe('0102030405060708090a0b0c0d0e0f10');
    expect(writer.length).toBe(16);
  });

  it('writes bytes and text, counting text in bytes', () => {
    const writer = new Writer(1);
    writer
      .bytes(new Uint8Array([1, 2]))
      .utf8('ä€😀')
      .bytes(EMPTY)
      .utf8('');
    expect(toHex(writer.finish())).toBe('0102' + 'c3a4' + 'e282ac' + 'f09f9880');
    expect(writer.length).toBe(11);
  });

  it('grows from any capacity, 0 included, without losing a byte', () => {
    for (const capacity of [0, 1, 2, 7, 256]) {
      const writer = new Writer(capacity);
      for (let value = 0; value < 600; value += 1) writer.u8(value & 0xff);
      const written = writer.finish();
      expect(written).toHaveLength(600);
      written.forEach((value, index) => expect(value).toBe(index & 0xff));
    }
  });

  it('copies the bytes it is given', () => {
    const given = new Uint8Array([1]);
    const writer = new Writer();
    writer.bytes(given);
    given[0] = 9;
    expect([...writer.finish()]).toEqual([1]);
  });

  it('refuses a number that the width cannot hold', () => {
    expect(() => new Writer().u16(0x10000)).toThrow('out of range');
    expect(() => new Writer().u24(-1)).toThrow('out of range');
  });

  it('is read back by a Reader, whatever was written', () => {
    const item = fc.oneof(
      fc
        .integer({ min: 1, max: 6 })
        .chain((width) =>
          fc.record({ width: fc.constant(width), value: fc.integer({ min: 0, max: 2 ** (8 * width) - 1 }) }),
        ),
      fc.uint8Array({ maxLength: 40 }),
    );
    fc.assert(
      fc.property(fc.array(item, { maxLength: 20 }), fc.nat(64), (items, capacity) => {
        const writer = new Writer(capacity);
        for (const each of items) {
          if (each instanceof Uint8Array) writer.bytes(each);
          else writer.uint(each.value, each.width);
        }
        const reader = new Reader(writer.finish());
        for (const each of items) {
          if (each instanceof Uint8Array) expect([...reader.take(each.length)]).toEqual([...each]);
          else expect(reader.uint(each.width)).toBe(each.value);
        }
        reader.end();
      }),
    );
  });
});

describe('text', () => {
  it('is decoded from UTF-8 and encoded to the same bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(decodeUtf8(encodeUtf8(text))).toBe(text);
      }),
    );
  });

  it.each([
    ['a lone continuation byte', '80'],
    ['a sequence cut short', 'e282'],
    ['an overlong slash', 'c0af'],
    ['a surrogate', 'eda080'],
    ['a code point beyond U+10FFFF', 'f4908080'],
    ['a byte that never occurs', '61ff62'],
  ])('is refused, never replaced, when it holds %s', (_what, hex) => {
    expect(refusal(() => decodeUtf8(bytes(hex))).reason).toBe('bad_utf8');
  });

  it('keeps a byte order mark, which is part of the text', () => {
    expect(decodeUtf8(bytes('efbbbf61'))).toBe('\ufeffa');
  });

  it('keeps NUL', () => {
    expect(decodeUtf8(bytes('610062'))).toBe('a\0b');
  });
});

describe('hex', () => {
  it('is written in lower case, two digits a byte, from any view', () => {
    const memory = new Uint8Array([0, 0x0a, 0xff, 7]);
    expect(toHex(memory.subarray(1, 3))).toBe('0aff');
    expect(toHex(EMPTY)).toBe('');
  });

  it('is read with blanks and in either case', () => {
    expect([...fromHex(' 0A ff\n07 ')]).toEqual([10, 255, 7]);
    expect(fromHex('')).toHaveLength(0);
  });

  it.each(['0', '0g', '012', 'zz', '0x01', '-1'])('refuses %j', (text) => {
    expect(refusal(() => fromHex(text)).reason).toBe('bad_hex');
  });

  it('is the inverse of itself for all bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (value) => {
        expect([...fromHex(toHex(value))]).toEqual([...value]);
      }),
    );
  });
});

describe('bytesEqual', () => {
  it('compares content, whatever the memory behind', () => {
    const memory = new Uint8Array([9, 1, 2, 9]);
    expect(bytesEqual(memory.subarray(1, 3), Buffer.from([1, 2]))).toBe(true);
    expect(bytesEqual(memory.subarray(1, 3), Buffer.from([1, 3]))).toBe(false);
    expect(bytesEqual(memory.subarray(1, 3), Buffer.from([1, 2, 3]))).toBe(false);
    expect(bytesEqual(EMPTY, new Uint8Array(0))).toBe(true);
  });

  it('agrees with the comparison of their hex', () => {
    const short = fc.uint8Array({ maxLength: 3, max: 2 });
    fc.assert(
      fc.property(short, short, (left, right) => {
        expect(bytesEqual(left, right)).toBe(toHex(left) === toHex(right));
      }),
    );
  });
});
