/**
 * When the fleet must be ticked next. Deadlines are data: whoever has one tells the agenda, which asks the server to be
 * woken when that is earlier than what it asked for before. A pause is a deadline somebody awaits.
 */

import { Deadlines, after } from '#base';
import type { Clock, Instant, Milliseconds } from '#base';

/** Something with deadlines of its own. */
export interface Timed {
  tick(now: Instant): void;
  nextDeadline(): Instant | undefined;
}

/** The earliest deadline of all parts, and pauses. */
export class Agenda {
  readonly #clock: Clock;
  readonly #wake: (at: Instant) => void;
  readonly #parts: Timed[] = [];
  readonly #pauses = new Deadlines<() => void>();
  #asked = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, wake: (at: Instant) => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** Adds a part whose deadlines count. */
  add(part: Timed): void {
    this.#parts.push(part);
  }

  /** Says that there is a deadline at `at`. */
  due(at: Instant): void {
    if (at >= this.#asked) return;
    this.#asked = at;
    this.#wake(at);
  }

  /** Resolves when `span` has passed. */
  pause(span: Milliseconds): Promise<void> {
    return new Promise((resolve) => {
      const at = after(this.#clock.now(), span);
      this.#pauses.set(resolve, at);
      this.due(at);
    });
  }

  /** Lets every part do what is due. */
  tick(now: Instant): void {
    this.#asked = Number.POSITIVE_INFINITY;
    for (const part of this.#parts) part.tick(now);
    for (let resume = this.#pauses.due(now); resume !== undefined; resume = this.#pauses.due(now)) resume();
    const next = this.nextDeadline();
    if (next !== undefined) this.due(next);
  }

  /** The earliest deadline; undefined when there is none. */
  nextDeadline(): Instant | undefined {
    let earliest = this.#pauses.earliest();
    for (const part of this.#parts) {
      const at = part.nextDeadline();
      if (at !== undefined && (earliest === undefined || at < earliest)) earliest = at;
    }
    return earliest;
  }
}
