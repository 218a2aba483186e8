/** Randomness as a port: cores draw from what they were handed, tests hand in a seeded source. */

import { randomBytes } from 'node:crypto';

/** Source of random numbers. */
export interface Random {
  /** `count` fresh random bytes. */
  bytes(count: number): Uint8Array;
  /** A uniform number in [0, 1). Not for secrets. */
  fraction(): number;
}

/** The operating system's random source. */
export const systemRandom: Random = {
  bytes: (count) => randomBytes(count),
  fraction: () => Math.random(),
};
