/**
 * A map whose entries come and go, such as what is under way. V8's own Map gets a new table now and then, and every table
 * it leaves points to the next one: once one of them is old, all later ones and everything that was ever in them stay until
 * the whole heap is collected, which made half of the collector's work under load.
 */

/** So many entries may leave, beyond twice those that are there, before the rest moves. */
const FEWEST_REMOVALS = 64;

/** A map, by the rules of Map, that leaves nothing behind when its entries come and go. */
export class ChurnMap<K, V> {
  #entries = new Map<K, V>();
  #removed = 0;

  /** How many entries there are. */
  get size(): number {
    return this.#entries.size;
  }

  /** The value of `key`. */
  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  /** Whether `key` has a value. */
  has(key: K): boolean {
    return this.#entries.has(key);
  }

  /** Gives `key` a value, in place of an earlier one; not to be called while the entries are walked through. */
  set(key: K, value: V): void {
    // Here and not in `delete`, so that a walk may delete as it goes.
    if (this.#removed > 2 * this.#entries.size + FEWEST_REMOVALS) {
      this.#entries = new Map(this.#entries);
      this.#removed = 0;
    }
    this.#entries.set(key, value);
  }

  /** Removes `key`; whether it was there. */
  delete(key: K): boolean {
    const there = this.#entries.delete(key);
    if (there) this.#removed += 1;
    return there;
  }

  /** Removes everything. */
  clear(): void {
    this.#entries = new Map();
    this.#removed = 0;
  }

  /** The keys, oldest first. */
  keys(): IterableIterator<K> {
    return this.#entries.keys();
  }

  /** The values, oldest first. */
  values(): IterableIterator<V> {
    return this.#entries.values();
  }

  /** The entries, oldest first. */
  [Symbol.iterator](): IterableIterator<[K, V]> {
    return this.#entries[Symbol.iterator]();
  }
}
