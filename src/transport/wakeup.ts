/**
 * The one timer of a stack. What is due already is done as soon as the datagrams that are there have been taken, and not a
 * millisecond later, which is the shortest wait a timer has.
 */

import type { Instant } from '#base';

/** Calls once, at the earliest of the times it was asked for. */
export class Wakeup {
  readonly #wake: () => void;
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Immediate | undefined;
  #armedFor: number = Number.POSITIVE_INFINITY;

  constructor(wake: () => void) {
    this.#wake = wake;
  }

  /** Is to call at `deadline`, unless it is to call earlier anyway. */
  by(deadline: Instant | undefined, now: Instant): void {
    if (deadline === undefined || deadline >= this.#armedFor) return;
    this.#armedFor = deadline;
    if (this.#soon !== undefined) return;
    clearTimeout(this.#timer);
    if (deadline <= now) this.#soon = setImmediate(this.#call);
    else this.#timer = setTimeout(this.#call, Math.min(Math.ceil(deadline - now), LONGEST_TIMER));
  }

  /** Never calls again, and keeps no process alive, whatever is asked for later. */
  stop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#soon);
    this.#armedFor = Number.NEGATIVE_INFINITY;
  }

  readonly #call = (): void => {
    this.#armedFor = Number.POSITIVE_INFINITY;
    this.#soon = undefined;
    this.#wake();
  };
}

/** Longest wait a Node timer takes; a later deadline is looked at again then. */
const LONGEST_TIMER = 2_147_483_647;
