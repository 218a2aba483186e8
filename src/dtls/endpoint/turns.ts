/**
 * The handshakes that wait to be answered with a key agreement. Such an answer costs as much as dozens of records: it is
 * given to one at a time, after all that had already come. Sources have their turns in rotation, and where too many wait the
 * one of which most do gives way: a crowd at one address keeps nobody elsewhere out. Who is turned away says hello again.
 */

import { ChurnMap, type Instant } from '#base';

import type { HalfOpen } from './half-open.js';
import { sourceOf } from './sources.js';

/** Those that wait for their turn. */
export class Turns {
  /** So many may wait. */
  readonly #most: number;
  /** Those that wait by their source, the source whose turn is next first; of each the one that has waited longest first. */
  readonly #waiting = new ChurnMap<string, Set<HalfOpen>>();
  #size = 0;
  #since: Instant | undefined;

  constructor(most: number) {
    this.#most = most;
  }

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /** Since when there has always been one that waits: the next turn is due from then on. Undefined while none does. */
  get since(): Instant | undefined {
    return this.#since;
  }

  /** One more waits; where too many do, gives the one that has to be turned away for it: that may be itself. */
  add(now: Instant, half: HalfOpen): HalfOpen | undefined {
    const source = sourceOf(half.place.address);
    const held = this.#waiting.get(source) ?? new Set<HalfOpen>();
    if (this.#size >= this.#most) {
      const crowd = this.#largest();
      if (crowd === undefined || crowd.size <= held.size + 1) return half;
      this.#put(now, source, held, half);
      // The newest: those before it have come nearer to their turn.
      return [...crowd].at(-1);
    }
    this.#put(now, source, held, half);
    return undefined;
  }

  /** One waits no more, if it did. */
  delete(half: HalfOpen): void {
    const source = sourceOf(half.place.address);
    const held = this.#waiting.get(source);
    if (held?.delete(half) !== true) return;
    if (held.size === 0) this.#waiting.delete(source);
    this.#size -= 1;
    if (this.#size === 0) this.#since = undefined;
  }

  /** Takes out the one whose turn it is; its source comes after all others then. */
  next(): HalfOpen | undefined {
    for (const [source, held] of this.#waiting) {
      const [half] = held;
      if (half === undefined) continue;
      this.delete(half);
      if (held.size > 0) {
        this.#waiting.delete(source);
        this.#waiting.set(source, held);
      }
      return half;
    }
    return undefined;
  }

  #put(now: Instant, source: string, held: Set<HalfOpen>, half: HalfOpen): void {
    if (held.size === 0) this.#waiting.set(source, held);
    held.add(half);
    this.#size += 1;
    this.#since ??= now;
  }

  #largest(): Set<HalfOpen> | undefined {
    let largest: Set<HalfOpen> | undefined;
    for (const [, held] of this.#waiting) if (held.size > (largest?.size ?? 0)) largest = held;
    return largest;
  }
}
