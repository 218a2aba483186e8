/** Time: spans and moments add up, RFC 3339 is in UTC, and the system clock's two times are of the kind they claim. */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { Instant, Milliseconds, WallTime, after, elapsed, rfc3339, seconds, systemClock, wallAfter } from '#base';

describe('spans and moments', () => {
  it('add and subtract, in milliseconds', () => {
    expect(seconds(1.5)).toBe(1500);
    expect(after(Instant(100), seconds(2))).toBe(2100);
    expect(elapsed(Instant(100), Instant(350))).toBe(250);
    expect(elapsed(Instant(350), Instant(100))).toBe(-250);
    expect(wallAfter(WallTime(5), Milliseconds(7))).toBe(12);
  });

  it('are exact for the longest lifetime, 2^32-1 s, from any moment of a century', () => {
    fc.assert(
      fc.property(fc.nat(3_155_760_000), (started) => {
        const span = seconds(2 ** 32 - 1);
        expect(elapsed(Instant(started), after(Instant(started), span))).toBe(span);
      }),
    );
  });
});

describe('rfc3339', () => {
  it('writes UTC with milliseconds', () => {
    expect(rfc3339(WallTime(0))).toBe('1970-01-01T00:00:00.000Z');
    expect(rfc3339(WallTime(1_764_043_200_123))).toBe('2025-11-25T04:00:00.123Z');
  });

  it('writes every moment as Date does, in whatever order they come', () => {
    const moment = fc.oneof(
      fc.integer({ min: -8_640_000_000_000_000, max: 8_640_000_000_000_000 }),
      fc.integer({ min: -3000, max: 3000 }),
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    );
    fc.assert(
      fc.property(moment, (at) => {
        expect(rfc3339(WallTime(at))).toBe(new Date(at).toISOString());
      }),
      { numRuns: 1000 },
    );
    expect(() => rfc3339(WallTime(Number.NaN))).toThrow(RangeError);
  });
});

describe('the system clock', () => {
  it('never goes back', () => {
    let last = systemClock.now();
    for (let count = 0; count < 1000; count += 1) {
      const now = systemClock.now();
      expect(elapsed(last, now)).toBeGreaterThanOrEqual(0);
      last = now;
    }
  });

  it('has whole milliseconds since 1970 as wall time', () => {
    const wall = systemClock.wall();
    expect(Number.isInteger(wall)).toBe(true);
    expect(wall).toBeGreaterThan(Date.UTC(2024, 0));
  });
});
