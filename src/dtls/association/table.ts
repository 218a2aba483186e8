/**
 * All associations of an endpoint: found by Connection ID, by where a record came from, or by who is at the other end. An
 * identity has one association at a time, and a place has one without Connection ID.
 */

import { ChurnMap, elapsed, type Instant, type Milliseconds, type PeerKey, type Random } from '#base';

import type { Association } from './association.js';

/** Listener, address and port as one text. */
export function placeOf(listener: number, address: string, port: number): string {
  return `${listener} ${address} ${port}`;
}

/** The associations. */
export class AssociationTable {
  readonly #byKey = new ChurnMap<PeerKey, Association>();
  readonly #byPlace = new ChurnMap<string, Association>();
  readonly #byCid: CidMap<Association>;

  /** `cidBytes`: length of our own Connection IDs. */
  constructor(cidBytes: number) {
    this.#byCid = new CidMap(cidBytes);
  }

  get size(): number {
    return this.#byKey.size;
  }

  byKey(key: PeerKey): Association | undefined {
    return this.#byKey.get(key);
  }

  /** The association whose records come from there without Connection ID. */
  byPlace(place: string): Association | undefined {
    return this.#byPlace.get(place);
  }

  /** The association of the Connection ID at `at`. */
  byCid(bytes: Uint8Array, at: number): Association | undefined {
    return this.#byCid.get(bytes, at);
  }

  /** Whether a Connection ID stands where this one would. */
  takesCid(cid: Uint8Array): boolean {
    return this.#byCid.takes(cid);
  }

  /** Adds an association; gives those whose place it takes, which are removed. */
  add(association: Association): Association[] {
    const { cid, peer } = association;
    const gone: Association[] = [];
    const before = this.#byKey.get(peer.key);
    if (before !== undefined) gone.push(before);
    const place = placeOf(peer.listener, peer.address, peer.port);
    const there = cid === undefined ? this.#byPlace.get(place) : undefined;
    if (there !== undefined && there !== before) gone.push(there);
    for (const other of gone) this.remove(other);
    this.#byKey.set(peer.key, association);
    if (cid === undefined) this.#byPlace.set(place, association);
    else this.#byCid.set(cid, association);
    return gone;
  }

  /** Removes an association; whether it was there. */
  remove(association: Association): boolean {
    const { cid, peer } = association;
    if (this.#byKey.get(peer.key) !== association) return false;
    this.#byKey.delete(peer.key);
    if (cid === undefined) this.#byPlace.delete(placeOf(peer.listener, peer.address, peer.port));
    else this.#byCid.delete(cid);
    return true;
  }

  /** Removes all. */
  clear(): void {
    this.#byKey.clear();
    this.#byPlace.clear();
    this.#byCid.clear();
  }

  /** One that was not heard for so long that it may make room for another; a few are looked at, the oldest first. */
  stale(now: Instant, span: Milliseconds): Association | undefined {
    const seen: Association[] = [];
    for (const association of this.#byKey.values()) {
      if (elapsed(association.heard, now) > span) return association;
      seen.push(association);
      if (seen.length === LOOKED_AT) break;
    }
    // The next search begins behind these.
    for (const association of seen) {
      this.#byKey.delete(association.peer.key);
      this.#byKey.set(association.peer.key, association);
    }
    return undefined;
  }

  values(): IterableIterator<Association> {
    return this.#byKey.values();
  }
}

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
    return this.#values.has(this.#hash(cid, 0));
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

  /** The last bytes as a number, at most 32 bits. */
  #hash(bytes: Uint8Array, at: number): number {
    let hash = 0;
    for (let index = Math.max(0, this.#bytes - HASHED); index < this.#bytes; index += 1)
      hash = (hash << 8) | (bytes[at + index] as number);
    return hash;
  }
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
/** Associations that are looked at for one that is stale. */
const LOOKED_AT = 32;
