/**
 * Deadlines by key: a binary heap in which every entry knows its place, so that setting and clearing are cheap and `earliest` is exact. A
 * key has at most one deadline; setting it again replaces it.
 */

import { ChurnMap } from './churn-map.js';
import type { Instant } from './time.js';

interface Entry<K> {
  readonly key: K;
  at: Instant;
  /** Where the entry stands in the heap; -1 once it left. */
  index: number;
}

/** Deadlines of keys of type K, compared by Map identity. */
export class Deadlines<K> {
  readonly #entries = new ChurnMap<K, Entry<K>>();
  readonly #heap: Entry<K>[] = [];

  /** How many deadlines are set. */
  get size(): number {
    return this.#heap.length;
  }

  /** Sets the deadline of `key`, in place of an earlier one. */
  set(key: K, at: Instant): void {
    const known = this.#entries.get(key);
    if (known === undefined) {
      const entry: Entry<K> = { key, at, index: this.#heap.length };
      this.#entries.set(key, entry);
      this.#heap.push(entry);
      this.#up(entry);
      return;
    }
    const earlier = at < known.at;
    known.at = at;
    if (earlier) this.#up(known);
    else this.#down(known);
  }

  /** Removes the deadline of `key`; whether there was one. */
  clear(key: K): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    this.#remove(entry);
    return true;
  }

  /** The deadline of `key`. */
  get(key: K): Instant | undefined {
    return this.#entries.get(key)?.at;
  }

  /** The earliest deadline of all. */
  earliest(): Instant | undefined {
    return this.#heap[0]?.at;
  }

  /** Removes and returns one key whose deadline is at or before `now`, earliest first. */
  due(now: Instant): K | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return undefined;
    this.#remove(first);
    return first.key;
  }

  #remove(entry: Entry<K>): void {
    this.#entries.delete(entry.key);
    const last = this.#heap.pop() as Entry<K>;
    if (last !== entry) {
      last.index = entry.index;
      this.#heap[last.index] = last;
      this.#up(last);
      this.#down(last);
    }
    entry.index = -1;
  }

  #up(entry: Entry<K>): void {
    let index = entry.index;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = this.#heap[above] as Entry<K>;
      if (parent.at <= entry.at) break;
      this.#heap[index] = parent;
      parent.index = index;
      index = above;
    }
    this.#heap[index] = entry;
    entry.index = index;
  }

  #down(entry: Entry<K>): void {
    const heap = this.#heap;
    let index = entry.index;
    for (;;) {
      let below = index * 2 + 1;
      if (below >= heap.length) break;
      const right = below + 1;
      if (right < heap.length && (heap[right] as Entry<K>).at < (heap[below] as Entry<K>).at) below = right;
      const child = heap[below] as Entry<K>;
      if (child.at >= entry.at) break;
      heap[index] = child;
      child.index = index;
      index = below;
    }
    heap[index] = entry;
    entry.index = index;
  }
}
