/**
 * Associations of before a restart that nothing needed yet: they are found as others are, and stay as they were read until
 * then. A start would take several times as long if it made objects of all of them.
 */

import { Instant, Reader, elapsed, type Milliseconds, type Peer, type PeerKey, type Random } from '#base';

import { suiteOf, type CryptoProvider, type Suite } from '../crypto/index.js';
import { Channel } from '../record/index.js';
import { Association } from './association.js';
import { cidHash } from './cid-map.js';
import { placeOf } from './place.js';
import { Mark, MOST_JUMP, type Snapshot } from './snapshot.js';

/** What is needed to go on with associations. */
export interface Revival {
  readonly now: Instant;
  /** How long they were nobody's. */
  readonly rested: Milliseconds;
  readonly provider: CryptoProvider;
  readonly random: Random;
}

/** Whether one of a snapshot is taken in; `mark`: what it is found by, as in `markOf`; `before`: how many were. */
export type Admission = (peer: Peer, mark: number | string, before: number) => boolean;

/** The associations of a snapshot that rest. One is its index there. */
export class Resting {
  readonly #snapshot: Snapshot;
  readonly #revival: Revival;
  readonly #byKey = new Map<PeerKey, number>();
  readonly #byMark = new Map<number | string, number>();
  /** Where the search for one that is stale goes on. */
  #search = this.#byKey.values();

  /** `admits` is asked for each that does not stand where another does; those that it does not want are wiped. */
  constructor(snapshot: Snapshot, revival: Revival, admits: Admission) {
    this.#snapshot = snapshot;
    this.#revival = revival;
    const { peers } = snapshot;
    const count = peers.length;
    const byKey = this.#byKey;
    const byMark = this.#byMark;
    for (let index = 0; index < count; index += 1) {
      const peer = peers[index];
      const mark = peer === undefined ? '' : markOf(snapshot, index, peer);
      if (peer === undefined || byKey.has(peer.key) || byMark.has(mark) || !admits(peer, mark, byKey.size)) {
        this.#wipe(index);
        continue;
      }
      byKey.set(peer.key, index);
      byMark.set(mark, index);
    }
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** Wakes the association of a peer. */
  byKey(key: PeerKey): Association | undefined {
    return this.#wake(this.#byKey.get(key));
  }

  /** Wakes the association whose records come from there without Connection ID. */
  byPlace(place: string): Association | undefined {
    return this.#wake(this.#byMark.get(place));
  }

  /** Wakes the association of the Connection ID at `at`. */
  byCid(bytes: Uint8Array, at: number): Association | undefined {
    const { cidBytes, cids } = this.#snapshot;
    const index = this.#byMark.get(cidHash(bytes, at, cidBytes));
    if (index === undefined) return undefined;
    const own = index * cidBytes;
    for (let byte = 0; byte < cidBytes; byte += 1) if (cids[own + byte] !== bytes[at + byte]) return undefined;
    return this.#wake(index);
  }

  /** Whether a Connection ID stands where this one would. */
  takesCid(cid: Uint8Array): boolean {
    return this.#byMark.has(cidHash(cid, 0, this.#snapshot.cidBytes));
  }

  /** Wakes one that was not heard for so long that it may make room for another; a few are looked at, the oldest first. */
  stale(now: Instant, span: Milliseconds): Association | undefined {
    for (let looked = 0; looked < LOOKED_AT; looked += 1) {
      const next = this.#search.next();
      if (next.done === true) this.#search = this.#byKey.values();
      else if (elapsed(this.#heard(next.value), now) > span) return this.#wake(next.value);
    }
    return undefined;
  }

  /** Who is at the other ends. */
  peers(): Peer[] {
    return Array.from(this.#byKey.values(), (index) => this.#peer(index));
  }

  /** All of them, awake, for whoever has no more use for what rests. */
  all(): Association[] {
    return Array.from(this.#byKey.values(), (index) => this.#made(index));
  }

  #wake(index: number | undefined): Association | undefined {
    if (index === undefined) return undefined;
    const association = this.#made(index);
    this.#byKey.delete(association.peer.key);
    this.#byMark.delete(markOf(this.#snapshot, index, association.peer));
    return association;
  }

  /** The association of an index, once. Its numbers to send go on far ahead of where they were. */
  #made(index: number): Association {
    const { now, provider, random, rested } = this.#revival;
    const { age, content, marks, newest, older, pieces, recent, sequence, starts, suite } = this.#snapshot;
    const mark = at(marks, index);
    const channel = Channel.resume('server', provider, {
      suite: suiteOf(at(suite, index)) as Suite,
      page: pieces,
      at: at(starts, index),
      cidLength: mark >> Mark.CID_LENGTH,
      sequence: at(sequence, index) + jump(random),
      window: { newest: at(newest, index), recent: at(recent, index), older: at(older, index) },
    });
    const association = new Association(Instant(now - rested - at(age, index)), {
      channel,
      peer: this.#peer(index),
      cid: this.#cid(index),
      routability: (mark & Mark.CHECKED) === 0 ? 'unchecked' : 'checked',
      content: at(content, index),
      last: undefined,
      kind: (mark & Mark.RESUMED) === 0 ? 'full' : 'resumed',
    });
    association.heard = this.#heard(index);
    return association;
  }

  #heard(index: number): Instant {
    const { now, rested } = this.#revival;
    return Instant(now - rested - at(this.#snapshot.silence, index));
  }

  #peer(index: number): Peer {
    return this.#snapshot.peers[index] as Peer;
  }

  /** Our Connection ID; absent when none was agreed on. */
  #cid(index: number): Uint8Array | undefined {
    const { cidBytes, cids, marks } = this.#snapshot;
    if ((at(marks, index) & Mark.OWN_CID) === 0) return undefined;
    return cids.subarray(cidBytes * index, cidBytes * (index + 1));
  }

  #wipe(index: number): void {
    const { piece, pieces, starts } = this.#snapshot;
    const start = at(starts, index);
    pieces.fill(0, start, start + at(piece, index));
  }
}

/** What records of an association are known by: the hash of its Connection ID, or its place when it has none. */
function markOf(
  { cidBytes, cids, marks }: Snapshot,
  index: number,
  { address, listener, port }: Peer,
): number | string {
  const own = ((marks[index] as number) & Mark.OWN_CID) !== 0;
  return own ? cidHash(cids, cidBytes * index, cidBytes) : placeOf(listener, address, port);
}

function at(column: Float64Array | Uint32Array | Uint16Array, index: number): number {
  return column[index] as number;
}

/** 2^20 to 2^36, at random: beyond all that whoever has the snapshot twice would send by mistake. */
function jump(random: Random): number {
  return LEAST_JUMP + (new Reader(random.bytes(6)).uint(6) % (MOST_JUMP - LEAST_JUMP));
}

const LEAST_JUMP = 2 ** 20;
/** Associations that are looked at for one that is stale. */
const LOOKED_AT = 32;
