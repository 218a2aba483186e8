import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { blockOption, blockSize, decodeBlock, encodeBlock, MAX_BLOCK_NUM, OptionNumber, szxFor } from '#coap/codec';
import { fromHex, InvariantError, toHex } from '#base';

const VECTORS = [
  ['1e', { num: 1, more: true, szx: 6 }],
  ['0446', { num: 68, more: false, szx: 6 }],
  ['3e8e', { num: 1000, more: true, szx: 6 }],
  ['02', { num: 0, more: false, szx: 2 }],
  ['0d', { num: 0, more: true, szx: 5 }],
  ['', { num: 0, more: false, szx: 0 }],
  ['f6', { num: 15, more: false, szx: 6 }],
  ['0106', { num: 16, more: false, szx: 6 }],
  ['fff6', { num: 4095, more: false, szx: 6 }],
  ['010006', { num: 4096, more: false, szx: 6 }],
  ['fffffe', { num: MAX_BLOCK_NUM, more: true, szx: 6 }],
] as const;

describe('Block values (RFC 7959 §2.2)', () => {
  it.each(VECTORS)('%j is read and written', (hex, block) => {
    expect(decodeBlock(fromHex(hex))).toEqual(block);
    expect(toHex(encodeBlock(block))).toBe(hex);
  });

  it('come back as they were, in as few bytes as they need', () => {
    const anyBlock = fc.record({
      num: fc.oneof(fc.nat({ max: MAX_BLOCK_NUM }), fc.nat({ max: 20 })),
      more: fc.boolean(),
      szx: fc.nat({ max: 6 }),
    });
    fc.assert(
      fc.property(anyBlock, (block) => {
        const bytes = encodeBlock(block);
        expect(decodeBlock(bytes)).toEqual(block);
        expect(bytes[0]).not.toBe(0);
        expect(bytes.length).toBeLessThanOrEqual(3);
      }),
    );
  });

  it('are read with leading zeros', () => {
    expect(decodeBlock(fromHex('00001e'))).toEqual({ num: 1, more: true, szx: 6 });
  });

  it.each(['07', '0f', '1f', 'ffffff', '0007'])('%s has the size exponent 7, which is reserved on UDP', (hex) => {
    expect(decodeBlock(fromHex(hex))).toBeUndefined();
  });

  it('of more than three bytes are none', () => {
    expect(decodeBlock(fromHex('0000001e'))).toBeUndefined();
    expect(decodeBlock(Buffer.alloc(1000))).toBeUndefined();
  });

  it.each([
    [{ num: MAX_BLOCK_NUM + 1, more: false, szx: 0 }],
    [{ num: -1, more: false, szx: 0 }],
    [{ num: 0.5, more: false, szx: 0 }],
    [{ num: 0, more: false, szx: 7 }],
    [{ num: 0, more: false, szx: -1 }],
  ])('of impossible numbers are a fault of the caller: %j', (block) => {
    expect(() => encodeBlock(block)).toThrow(InvariantError);
  });

  it('make options', () => {
    const option = blockOption(OptionNumber.BLOCK2, { num: 1, more: true, szx: 6 });
    expect({ ...option, value: toHex(option.value) }).toEqual({ number: 23, value: '1e' });
  });
});

describe('block sizes (RFC 7959 §2.2)', () => {
  it('are the powers of two from 16 to 1024', () => {
    expect([0, 1, 2, 3, 4, 5, 6].map(blockSize)).toEqual([16, 32, 64, 128, 256, 512, 1024]);
  });

  it.each([
    [0, 0],
    [15, 0],
    [16, 0],
    [31, 0],
    [32, 1],
    [1000, 5],
    [1023, 5],
    [1024, 6],
    [65_536, 6],
  ])('for at most %d bytes have the exponent %d', (size, szx) => {
    expect(szxFor(size)).toBe(szx);
  });
});
