/**
 * All associations of an endpoint: found by Connection ID, by where a record came from, or by who is at the other end. An
 * identity has one association at a time, and a place has one without Connection ID.
 */

import { ChurnMap, elapsed, type Instant, type Milliseconds, type Peer, type PeerKey } from '#base';

import type { Association } from './association.js';
import { CidMap } from './cid-map.js';
import { placeOf } from './place.js';
import { Resting, type Admission, type Revival } from './resting.js';
import type { Snapshot } from './snapshot.js';

/** The associations. */
export class AssociationTable {
  readonly #byKey = new ChurnMap<PeerKey, Association>();
  readonly #byPlace = new ChurnMap<string, Association>();
  readonly #byCid: CidMap<Association>;
  /** Those of before a restart that nothing needed yet. */
  #resting: Resting | undefined;
  /** Length of our own Connection IDs. */
  readonly cidBytes: number;

  constructor(cidBytes: number) {
    this.cidBytes = cidBytes;
    this.#byCid = new CidMap(cidBytes);
  }

  get size(): number {
    return this.#byKey.size + (this.#resting?.size ?? 0);
  }

  byKey(key: PeerKey): Association | undefined {
    return this.#byKey.get(key) ?? this.#woken(this.#resting?.byKey(key));
  }

  /** The association whose records come from there without Connection ID. */
  byPlace(place: string): Association | undefined {
    return this.#byPlace.get(place) ?? this.#woken(this.#resting?.byPlace(place));
  }

  /** The association of the Connection ID at `at`. */
  byCid(bytes: Uint8Array, at: number): Association | undefined {
    return this.#byCid.get(bytes, at) ?? this.#woken(this.#resting?.byCid(bytes, at));
  }

  /** Whether a Connection ID stands where this one would. */
  takesCid(cid: Uint8Array): boolean {
    return this.#byCid.takes(cid) || this.#resting?.takesCid(cid) === true;
  }

  /** Adds an association; gives those whose place it takes, which are removed. */
  add(association: Association): Association[] {
    const { cid, peer } = association;
    const gone: Association[] = [];
    const before = this.byKey(peer.key);
    if (before !== undefined) gone.push(before);
    const place = placeOf(peer.listener, peer.address, peer.port);
    const there = cid === undefined ? this.byPlace(place) : undefined;
    if (there !== undefined && there !== before) gone.push(there);
    for (const other of gone) this.remove(other);
    this.#set(association);
    return gone;
  }

  /**
   * Adds the associations of a snapshot where nothing stands in their way, as long as there are not `most`, and of whose peers
   * `wanted` says so; gives how many. The others are wiped.
   */
  rest(snapshot: Snapshot, revival: Revival, most: number, wanted: (peer: Peer) => boolean): number {
    // What rests has one snapshot.
    for (const { key } of this.#resting?.peers() ?? []) this.byKey(key);
    const awake = this.#byKey.size;
    const admits: Admission = (peer, mark, before) => {
      if (awake + before >= most || (typeof mark === 'number' && snapshot.cidBytes !== this.cidBytes)) return false;
      return (awake === 0 || this.#isFree(peer, mark)) && wanted(peer);
    };
    this.#resting = new Resting(snapshot, revival, admits);
    return this.#resting.size;
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
    this.#resting = undefined;
  }

  /** One that was not heard for so long that it may make room for another; a few are looked at, the oldest first. */
  stale(now: Instant, span: Milliseconds): Association | undefined {
    const resting = this.#resting?.stale(now, span);
    if (resting !== undefined) return this.#woken(resting);
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

  /** Who is at the other ends. */
  peers(): Peer[] {
    return [...(this.#resting?.peers() ?? []), ...Array.from(this.#byKey.values(), ({ peer }) => peer)];
  }

  /** All associations, for whoever clears the table afterwards. */
  all(): Association[] {
    return [...(this.#resting?.all() ?? []), ...this.#byKey.values()];
  }

  #woken(association: Association | undefined): Association | undefined {
    if (association === undefined) return undefined;
    this.#set(association);
    if (this.#resting?.size === 0) this.#resting = undefined;
    return association;
  }

  #set(association: Association): void {
    const { cid, peer } = association;
    this.#byKey.set(peer.key, association);
    if (cid === undefined) this.#byPlace.set(placeOf(peer.listener, peer.address, peer.port), association);
    else this.#byCid.set(cid, association);
  }

  #isFree(peer: Peer, mark: number | string): boolean {
    if (this.#byKey.has(peer.key)) return false;
    return typeof mark === 'number' ? !this.#byCid.takesHash(mark) : !this.#byPlace.has(mark);
  }
}

/** Associations that are looked at for one that is stale. */
const LOOKED_AT = 32;
