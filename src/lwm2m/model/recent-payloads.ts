/**
 * What registration payloads read lately said: devices of one kind send the same bytes, which need not be parsed again.
 * Two generations: a new one is begun when the younger is full, and the older is dropped except for what was asked for
 * meanwhile; so the memory is bounded whatever devices send, and a hit costs one lookup.
 */

import type { ObjectList } from './registration.js';

/** Payloads as text, one character a byte, and their object lists; within `limit` characters, twice. */
export class RecentPayloads {
  readonly #limit: number;
  #young = new Map<string, ObjectList>();
  #old = new Map<string, ObjectList>();
  #characters = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** What a payload said, when it was read lately. */
  get(payload: string): ObjectList | undefined {
    const young = this.#young.get(payload);
    if (young !== undefined) return young;
    const old = this.#old.get(payload);
    if (old !== undefined) this.add(payload, old);
    return old;
  }

  /** Remembers what a payload said; one longer than an eighth of the limit is not kept. */
  add(payload: string, list: ObjectList): void {
    if (payload.length * 8 > this.#limit) return;
    if (this.#characters + payload.length > this.#limit) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#characters = 0;
    }
    this.#young.set(payload, list);
    this.#characters += payload.length;
  }
}
