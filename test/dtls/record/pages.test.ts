import { describe, expect, it } from '@jest/globals';

import { Pages } from '../../../src/dtls/record/pages.js';

describe('memory in pages', () => {
  it('is handed out in pieces that do not overlap', () => {
    const pages = new Pages();
    const lengths = Array.from({ length: 1000 }, (_, index) => [40, 48, 72, 295, 9000][index % 5] as number);
    const pieces = lengths.map((length, index) => {
      const { page, at } = pages.take(length);
      page.fill(index % 256, at, at + length);
      return { page, at };
    });
    for (const [index, { page, at }] of pieces.entries()) {
      const bytes = page.subarray(at, at + (lengths[index] as number));
      expect(bytes).toHaveLength(lengths[index] as number);
      expect(bytes.every((byte) => byte === index % 256)).toBe(true);
    }
  });

  it('is handed out again when it is given back, to who asks for as much', () => {
    const pages = new Pages();
    const piece = pages.take(40);
    pages.give(piece, 40);
    expect(pages.take(48)).not.toEqual(piece);
    expect(pages.take(40)).toBe(piece);
    expect(pages.take(40)).not.toEqual(piece);
  });
});
