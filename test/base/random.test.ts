/** The system's random source: as many bytes as asked, fresh each time, also across the refill of what is drawn ahead. */

import { describe, expect, it } from '@jest/globals';

import { systemRandom, toHex } from '#base';

describe('the system random source', () => {
  it('gives as many bytes as asked', () => {
    for (const count of [0, 1, 8, 63, 64, 65, 8192, 10_000]) expect(systemRandom.bytes(count)).toHaveLength(count);
  });

  it('never gives the same bytes twice, over many refills', () => {
    const seen = new Set(Array.from({ length: 20_000 }, () => toHex(systemRandom.bytes(8))));
    expect(seen.size).toBe(20_000);
  });

  it('keeps nothing of what it gave: changing one draw changes no other', () => {
    const first = systemRandom.bytes(16);
    const shown = toHex(first);
    const second = systemRandom.bytes(16);
    second.fill(0);
    expect(toHex(first)).toBe(shown);
    expect(first.buffer.byteLength).toBe(16);
  });

  it('sets every bit about half of the time', () => {
    let ones = 0;
    for (let draw = 0; draw < 4000; draw += 1) {
      for (const byte of systemRandom.bytes(10)) for (let bit = 0; bit < 8; bit += 1) ones += (byte >> bit) & 1;
    }
    // 320,000 coin flips: ten standard deviations are 2,829.
    expect(Math.abs(ones - 160_000)).toBeLessThan(2829);
  });

  it('gives fractions below 1', () => {
    for (let count = 0; count < 100; count += 1) {
      const fraction = systemRandom.fraction();
      expect(fraction >= 0 && fraction < 1).toBe(true);
    }
  });
});
