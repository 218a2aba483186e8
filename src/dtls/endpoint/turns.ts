/**
 * The handshakes that wait to be answered with a key agreement. Such an answer costs as much as dozens of records: it is
 * given to one at a time, after all that had already come. First come, first served; beyond as many as may wait the next
 * one is turned away, and its device says hello again.
 */

import { ChurnMap, type Instant } from '#base';

import type { HalfOpen } from './half-open.js';

/** Those that wait for their turn. */
export class Turns {
  /** So many may wait. */
  readonly #most: number;
  /** The one that has waited longest first. */
  readonly #waiting = new ChurnMap<HalfOpen, true>();
  #since: Instant | undefined;

  constructor(most: number) {
    this.#most = most;
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Since when there has always been one that waits: the next turn is due from then on. Undefined while none does. */
  get since(): Instant | undefined {
    return this.#since;
  }

  /** One more waits, unless there are too many. */
  add(now: Instant, half: HalfOpen): 'waits' | 'full' {
    if (this.#waiting.size >= this.#most) return 'full';
    this.#since ??= now;
    this.#waiting.set(half, true);
    return 'waits';
  }

  /** One waits no more, if it did. */
  delete(half: HalfOpen): void {
    if (this.#waiting.delete(half) && this.#waiting.size === 0) this.#since = undefined;
  }

  /** Takes out the one whose turn it is. */
  next(): HalfOpen | undefined {
    for (const half of this.#waiting.keys()) {
      this.delete(half);
      return half;
    }
    return undefined;
  }
}
