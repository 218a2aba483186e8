/** A clock that tests move by hand. Both times run together; the calendar can be set apart to play clock jumps. */

import { Instant, WallTime } from '#base';
import type { Clock } from '#base';

/** Virtual time, starting at `now` milliseconds. */
export class VirtualClock implements Clock {
  #now: number;
  #wallAhead: number;

  constructor(now = 1_000_000, wall = Date.UTC(2030, 0, 1)) {
    this.#now = now;
    this.#wallAhead = wall - now;
  }

  now(): Instant {
    return Instant(this.#now);
  }

  wall(): WallTime {
    return WallTime(Math.round(this.#now + this.#wallAhead));
  }

  /** Lets `span` milliseconds pass. */
  advance(span: number): Instant {
    this.#now += Math.max(0, span);
    return this.now();
  }

  /** Moves to a later moment; an earlier one changes nothing. */
  moveTo(moment: number): Instant {
    this.#now = Math.max(this.#now, moment);
    return this.now();
  }

  /** Sets the calendar alone, as an operator or NTP does. */
  jumpWall(wall: number): void {
    this.#wallAhead = wall - this.#now;
  }
}
