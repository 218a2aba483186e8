/** Our Connection IDs: new ones, and what is found by them. */

import { ChurnMap, type Random } from '#base';

/** What is found by a Connection ID, and knows its own. */
export interface CidBearer {
  /** Whether its Connection ID stands at `at`. */
  bearsCid(bytes: Uint8Array, at: number): boolean;
}

/**
 * Values by Connection IDs of one length, found in a datagram without making a text of them. The key is a small integer, and
 * whether it is the right one the value says itself: nothing is held for an entry beside its place in the map.
 */
export class CidMap<T extends CidBearer> {
  readonly #bytes: number;
  readonly #values = new ChurnMap<number, T>();

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  get size(): number {
    return this.#values.size;
  }

  get(bytes: Uint8Array, at: number): T | undefined {
    const value = this.#values.get(this.#hash(bytes, at));
    return value?.bearsCid(bytes, at) === true ? value : undefined;
  }

  /** Whether an entry stands where this one would. */
  takes(cid: Uint8Array): boolean {
    return this.takesHash(this.#hash(cid, 0));
  }

  /** The same of an entry with a Connection ID of such a `cidHash`. */
  takesHash(hash: number): boolean {
    return this.#values.has(hash);
  }

  set(cid: Uint8Array, value: T): void {
    this.#values.set(this.#hash(cid, 0), value);
  }

  delete(cid: Uint8Array): boolean {
    return this.#values.delete(this.#hash(cid, 0));
  }

  clear(): void {
    this.#values.clear();
  }

  #hash(bytes: Uint8Array, at: number): number {
    return cidHash(bytes, at, this.#bytes);
  }
}

/** The last bytes of a Connection ID of `length` bytes as a number, at most 32 bits. */
export function cidHash(bytes: Uint8Array, at: number, length: number): number {
  let hash = 0;
  for (let index = length < HASHED ? at : at + length - HASHED; index < at + length; index += 1)
    hash = (hash << 8) | (bytes[index] as number);
  return hash;
}

/** A Connection ID that is not `taken`: the number of the node, then random bytes. */
export function newCid(random: Random, node: number, bytes: number, taken: (cid: Uint8Array) => boolean): Uint8Array {
  for (;;) {
    const cid = random.bytes(bytes);
    cid[0] = node;
    if (!taken(cid)) return cid;
  }
}

const HASHED = 4;
