/**
 * Anti-replay (RFC 6347 §4.1.2.6): which of the last 64 sequence numbers were received. It is asked before a record is
 * opened and told only after the record proved genuine, so that a forged one moves nothing.
 */

/** A window as numbers: two of 32 bits beside the newest. */
export interface WindowState {
  readonly newest: number;
  readonly recent: number;
  readonly older: number;
}

/** The window of one direction. */
export class ReplayWindow {
  #newest = -1;
  /** Bit n: newest − n was received, for n of 0 to 31. */
  #recent = 0;
  /** The same for 32 to 63. */
  #older = 0;

  /** The highest sequence number that was received; −1 before the first. */
  get newest(): number {
    return this.#newest;
  }

  /** What the window is; `recent` and `older`: which of the last 32 numbers, and of the 32 before, were received. */
  state(): WindowState {
    return { newest: this.#newest, recent: this.#recent >>> 0, older: this.#older >>> 0 };
  }

  /** Becomes what `state` gave. */
  resume({ newest, older, recent }: WindowState): void {
    this.#newest = newest;
    this.#recent = recent | 0;
    this.#older = older | 0;
  }

  /** Whether a record with this number may still be genuine and new. */
  accepts(sequence: number): boolean {
    const age = this.#newest - sequence;
    if (age < 0) return true;
    if (age >= WIDTH) return false;
    const bit = age < HALF ? this.#recent >>> age : this.#older >>> (age - HALF);
    return (bit & 1) === 0;
  }

  /** Takes note of a genuine record. */
  mark(sequence: number): void {
    const ahead = sequence - this.#newest;
    if (ahead > 0) {
      this.#shift(ahead);
      this.#newest = sequence;
      this.#recent |= 1;
      return;
    }
    const age = -ahead;
    if (age < HALF) this.#recent |= 1 << age;
    else if (age < WIDTH) this.#older |= 1 << (age - HALF);
  }

  #shift(ahead: number): void {
    if (ahead >= WIDTH) {
      this.#recent = 0;
      this.#older = 0;
    } else if (ahead >= HALF) {
      this.#older = this.#recent << (ahead - HALF);
      this.#recent = 0;
    } else {
      this.#older = (this.#older << ahead) | (this.#recent >>> (HALF - ahead));
      this.#recent <<= ahead;
    }
  }
}

const HALF = 32;
const WIDTH = 64;
