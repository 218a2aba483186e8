/**
 * A body on its way in, block by block. Memory is taken for bytes received, never for bytes announced, and is counted
 * against one permit over all peers.
 */

import type { Permit } from '#base';

const FIRST = 2_048;

/** Grows as blocks arrive, up to `limit` bytes. */
export class BodyBuffer {
  readonly #permit: Permit;
  readonly #limit: number;
  #bytes: Uint8Array = new Uint8Array(0);
  #length = 0;

  constructor(permit: Permit, limit: number) {
    this.#permit = permit;
    this.#limit = limit;
  }

  /** Bytes received so far. */
  get length(): number {
    return this.#length;
  }

  /** Adds a block at the end: `too_large` beyond the limit, `no_memory` when the permit refuses. */
  append(block: Uint8Array): 'added' | 'too_large' | 'no_memory' {
    const needed = this.#length + block.length;
    if (needed > this.#limit) return 'too_large';
    if (needed > this.#bytes.length && !this.#grow(needed)) return 'no_memory';
    this.#bytes.set(block, this.#length);
    this.#length = needed;
    return 'added';
  }

  /** Whether the last `block.length` bytes received equal `block`. */
  endsWith(block: Uint8Array): boolean {
    const start = this.#length - block.length;
    return start >= 0 && block.every((byte, index) => this.#bytes[start + index] === byte);
  }

  /** The body; its memory is the caller's from now on. */
  take(): Uint8Array {
    const body = this.#bytes.subarray(0, this.#length);
    this.release();
    return body;
  }

  /** Gives the memory back. */
  release(): void {
    this.#permit.give(this.#bytes.length);
    this.#bytes = new Uint8Array(0);
    this.#length = 0;
  }

  #grow(needed: number): boolean {
    const capacity = Math.max(needed, Math.min(this.#limit, Math.max(FIRST, this.#bytes.length * 2)));
    if (!this.#permit.take(capacity - this.#bytes.length)) return false;
    const larger = new Uint8Array(capacity);
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
    return true;
  }
}
