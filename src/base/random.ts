/**
 * Randomness as a port: cores draw from what they were handed, tests hand in a seeded source. The system's source is asked
 * for a few kilobytes at a time, since each call of it costs more than most of what it is called for.
 */

import { randomBytes, randomFillSync } from 'node:crypto';

/** Source of random numbers. */
export interface Random {
  /** `count` fresh random bytes. */
  bytes(count: number): Uint8Array;
  /** A uniform number in [0, 1). Not for secrets. */
  fraction(): number;
}

const POOL_SIZE = 8192;
/** Longest request that is served from the pool. */
const POOLED = 64;
const pool = Buffer.allocUnsafeSlow(POOL_SIZE);
let drawn = POOL_SIZE;

/** The operating system's random source. */
export const systemRandom: Random = {
  bytes: (count) => {
    if (count > POOLED) return randomBytes(count);
    if (drawn + count > POOL_SIZE) {
      randomFillSync(pool);
      drawn = 0;
    }
    const fresh = new Uint8Array(count);
    for (let index = 0; index < count; index += 1) {
      fresh[index] = pool[drawn] as number;
      // What was given out is not kept here.
      pool[drawn] = 0;
      drawn += 1;
    }
    return fresh;
  },
  fraction: () => Math.random(),
};
