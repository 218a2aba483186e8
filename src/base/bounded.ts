/** The two tools for backpressure: a queue that refuses when full and a permit that is given back exactly once. */

import { invariant } from './errors.js';

/** First in, first out, at most `limit` items. */
export class BoundedQueue<T> {
  readonly limit: number;
  #items: (T | undefined)[] = [];
  #head = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  /** Adds an item; false, and nothing added, when the queue is full. */
  push(item: T): boolean {
    if (this.size >= this.limit) return false;
    this.#items.push(item);
    return true;
  }

  /** Removes and returns the oldest item. */
  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head > 32 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** The oldest item, left in place. */
  peek(): T | undefined {
    return this.#items[this.#head];
  }
}

/** Counts how many may go on at once (or how many bytes may wait). */
export class Permit {
  readonly limit: number;
  #taken = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get taken(): number {
    return this.#taken;
  }

  /** Takes `amount`; false, and nothing taken, when the limit would be passed. */
  take(amount = 1): boolean {
    if (this.#taken + amount > this.limit) return false;
    this.#taken += amount;
    return true;
  }

  /** Gives `amount` back. */
  give(amount = 1): void {
    invariant(this.#taken >= amount, 'a permit was given back twice');
    this.#taken -= amount;
  }
}
