/** One timer for whoever has a next deadline. */

import type { Clock, Instant } from '#base';

/** Rings when the next deadline has come; its owner says then when the one after that is. */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: (now: Instant) => Instant | undefined;
  #timer: NodeJS.Timeout | undefined;
  #at = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, ring: (now: Instant) => Instant | undefined) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Rings at `at` or earlier; undefined changes nothing. */
  set(at: Instant | undefined): void {
    if (at === undefined || at >= this.#at) return;
    clearTimeout(this.#timer);
    this.#at = at;
    const wait = Math.min(Math.max(Math.ceil(at - this.#clock.now()), 0), LONGEST_TIMER);
    this.#timer = setTimeout(() => {
      this.#at = Number.POSITIVE_INFINITY;
      this.set(this.#ring(this.#clock.now()));
    }, wait);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#at = Number.NEGATIVE_INFINITY;
  }
}

/** Longest wait a Node timer takes; a later deadline is looked at again then. */
const LONGEST_TIMER = 2_147_483_647;
