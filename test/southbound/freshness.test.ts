/** Echo values (RFC 9175 §2.3): for one address, for some time, signed. */

import { expect, it } from '@jest/globals';
import { Instant, plainPeer } from '#base';
import { Freshness } from '#southbound';
import { SeededRandom } from '../support/random.js';

const { key } = plainPeer(0, '192.0.2.1', 5683);
const { key: other } = plainPeer(0, '192.0.2.1', 5684);

it('a value is accepted from its address for as long as was said, and with every bit as it was', () => {
  const freshness = new Freshness(60, new SeededRandom(1));
  const echo = freshness.challenge(key, Instant(5_000));
  expect(echo).toHaveLength(12);
  expect(freshness.accepts(echo, key, Instant(5_000))).toBe(true);
  expect(freshness.accepts(echo, key, Instant(65_999))).toBe(true);
  expect(freshness.accepts(echo, key, Instant(66_000))).toBe(false);
  expect(freshness.accepts(echo, key, Instant(3_999))).toBe(false);
  expect(freshness.accepts(echo, other, Instant(5_000))).toBe(false);
  expect(freshness.accepts(echo.subarray(0, 11), key, Instant(5_000))).toBe(false);
  for (let bit = 0; bit < 96; bit += 1) {
    const changed = Uint8Array.from(echo);
    changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
    expect(freshness.accepts(changed, key, Instant(5_000))).toBe(false);
  }
  expect(new Freshness(60, new SeededRandom(2)).accepts(echo, key, Instant(5_000))).toBe(false);
});
