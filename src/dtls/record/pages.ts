/**
 * Memory for the few bytes that each association keeps, side by side in pages: a typed array of its own would take five times
 * as much as the keys in it. A piece that is given back is handed out again; one that is not goes with its page.
 */

/** Bytes `at` to `at + length` of a page. */
export interface Piece {
  readonly page: Uint8Array;
  readonly at: number;
}

/** Hands out pieces and takes them back. */
export class Pages {
  /** Pieces that were given back, by their length. */
  readonly #free = new Map<number, Piece[]>();
  #page = new Uint8Array(PAGE);
  #next = 0;

  /** A piece of `length` bytes; what is in it is whatever was left there. */
  take(length: number): Piece {
    const free = this.#free.get(length)?.pop();
    if (free !== undefined) return free;
    if (this.#next + length > this.#page.length) {
      this.#page = new Uint8Array(Math.max(PAGE, length));
      this.#next = 0;
    }
    const piece = { page: this.#page, at: this.#next };
    this.#next += length;
    return piece;
  }

  /** Takes back a piece that nobody uses any more. */
  give(piece: Piece, length: number): void {
    const free = this.#free.get(length);
    if (free === undefined) this.#free.set(length, [piece]);
    else if (free.length < MOST_FREE) free.push(piece);
  }
}

const PAGE = 8192;
/** Pieces of one length that are kept for later. */
const MOST_FREE = 16_384;
