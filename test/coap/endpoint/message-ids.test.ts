/** Message ids towards one peer. */

import { describe, expect, it } from '@jest/globals';
import { Instant } from '#base';
import { SeededRandom } from '../../support/random.js';
import { MessageIds } from '../../../src/coap/endpoint/message-ids.js';

const LIFETIME = 247_000;

describe('message ids', () => {
  it('begin at the start and go up by one, over 65,535 to 0 (RFC 7252 §4.4)', () => {
    const ids = new MessageIds(65_534, LIFETIME);
    expect([0, 1, 2].map(() => ids.next(Instant(0)))).toEqual([65_534, 65_535, 0]);
  });

  it('are never given twice within EXCHANGE_LIFETIME, however fast they are drawn (RFC 7252 §4.4)', () => {
    const ids = new MessageIds(7, LIFETIME);
    const last = new Map<number, number>();
    let now = 0;
    let given = 0;
    for (let attempt = 0; attempt < 500_000; attempt += 1) {
      now += attempt % 7 === 0 ? 3 : 0;
      const id = ids.next(Instant(now));
      if (id === undefined) {
        now = Math.max(now, ids.freeAt());
        continue;
      }
      const before = last.get(id);
      if (before !== undefined && now - before < LIFETIME) throw new Error(`id ${id} again after ${now - before} ms`);
      last.set(id, now);
      given += 1;
    }
    expect(given).toBeGreaterThan(400_000);
  });

  it('leap to the next chunk of 4,096, and stay where that was used too recently', () => {
    const ids = new MessageIds(0, LIFETIME);
    expect(ids.next(Instant(0))).toBe(0);
    for (let chunk = 1; chunk < 16; chunk += 1) {
      ids.leap(Instant(0));
      expect(ids.next(Instant(0))).toBe(chunk * 4_096);
    }
    ids.leap(Instant(LIFETIME - 1));
    expect(ids.next(Instant(LIFETIME - 1))).toBe(15 * 4_096 + 1);
    ids.leap(Instant(LIFETIME));
    expect(ids.next(Instant(LIFETIME))).toBe(0);
  });

  it('are never given twice within EXCHANGE_LIFETIME with leaps among them, and never run out for a leap', () => {
    const random = new SeededRandom(7252);
    const ids = new MessageIds(60_000, LIFETIME);
    const last = new Map<number, number>();
    let now = 0;
    for (let draw = 0; draw < 100_000; draw += 1) {
      now += random.chance(0.01) ? random.integer(0, 400) : 0;
      if (random.chance(0.001)) {
        const before = ids.freeAt();
        ids.leap(Instant(now));
        expect(ids.freeAt() <= now || ids.freeAt() === before).toBe(true);
      }
      const id = ids.next(Instant(now));
      if (id === undefined) {
        now = ids.freeAt();
        continue;
      }
      const before = last.get(id);
      if (before !== undefined && now - before < LIFETIME) throw new Error(`id ${id} again after ${now - before} ms`);
      last.set(id, now);
    }
    expect(last.size).toBeGreaterThan(10_000);
  });

  it('say when they may be drawn again', () => {
    const ids = new MessageIds(0, LIFETIME);
    for (let count = 0; count < 65_536; count += 1) expect(ids.next(Instant(1_000))).toBe(count);
    expect(ids.next(Instant(1_000))).toBeUndefined();
    expect(ids.freeAt()).toBe(1_000 + LIFETIME);
    expect(ids.next(ids.freeAt())).toBe(0);
    expect(ids.lastUse).toBe(1_000 + LIFETIME);
  });
});
