/** A certificate that is trusted by itself counts in its own time, and at no other. */

import { describe, expect, it } from '@jest/globals';

import { WallTime } from '#base';
import { validityOf } from '#trust';
import { time } from '../support/der.js';
import { DAY, issue, NOW } from '../support/x509.js';

const { der } = issue({ subject: 'pinned', from: time(NOW - DAY), to: time(NOW + DAY) });
const SKEW = 300_000;
const at = (wall: number): unknown => validityOf(der, WallTime(wall));

describe('a certificate that is trusted by itself', () => {
  it('is valid until its end, with five minutes for clocks that differ', () => {
    const valid = { kind: 'valid', until: NOW + DAY };
    for (const wall of [NOW, NOW - DAY - SKEW, NOW + DAY + SKEW + 999]) expect(at(wall)).toEqual(valid);
  });

  it('is refused before and after, in words that say when it was', () => {
    expect(at(NOW - DAY - SKEW - 1)).toMatchObject({ kind: 'refused', reason: 'not_yet_valid', alert: 45 });
    expect(at(NOW + DAY + SKEW + 1000)).toMatchObject({
      ...{ kind: 'refused', reason: 'expired', alert: 45 },
      sentence: expect.stringMatching(
        /^the certificate of CN="pinned" .* was valid until 2026-06-16T12:00:00/,
      ) as unknown,
    });
  });

  it('is refused when it cannot be read', () => {
    expect(validityOf(der.subarray(1), WallTime(NOW))).toMatchObject({ kind: 'refused', reason: 'malformed' });
  });
});
