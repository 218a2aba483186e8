/**
 * Places for the numbers of devices, eight each, side by side in large arrays: a number on the heap of its own would take
 * three times as much, and a refresh would touch several places in memory.
 */

/** Numbers of one device: `times[at]` to `times[at + 7]`. */
export interface Slot {
  readonly times: number[];
  readonly at: number;
}

/** Hands out slots and takes them back. */
export class Slots {
  readonly #free: Slot[] = [];
  #times: number[] = [];
  #next = 0;

  /** A slot; what is in it is whatever was left there. */
  take(): Slot {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#next === this.#times.length) {
      // A fraction, so that V8 keeps the array as plain doubles from the first store on.
      this.#times = new Array<number>(SLOTS * WIDTH).fill(0.5);
      this.#next = 0;
    }
    const slot = { times: this.#times, at: this.#next };
    this.#next += WIDTH;
    return slot;
  }

  /** Takes back a slot that nobody uses any more. */
  give(slot: Slot): void {
    this.#free.push(slot);
  }
}

/** Numbers per slot: one cache line. */
export const WIDTH = 8;
/** Slots per array. */
const SLOTS = 512;
