/**
 * What the endpoint remembers of a peer while anything of it lives, and the table of peers. An idle peer costs nothing:
 * its state leaves the table with the last thing that held it.
 */

import type { Peer, PeerKey } from '#base';
import type { Lane } from './lane.js';

/** Credit for notifications: a token bucket. */
export interface Bucket {
  credit: number;
  at: number;
}

/** State of one peer. The `oldest`, `newest`, `kept` and `remembered` fields belong to the table of duplicates. */
export class PeerState {
  peer: Peer;
  /** Small number that stands for the peer in packed tables. */
  readonly slot: number;
  /** Entries in the table of duplicates: how many, and the ends of their list by age; -1 = none. */
  remembered = 0;
  oldest = -1;
  newest = -1;
  /** Entry of the newest request that created a resource: it is not forgotten for a full ring. */
  kept = -1;
  /** Received requests without an answer. */
  exchanges = 0;
  assemblies = 0;
  downloads = 0;
  relations = 0;
  /** Everything of ours on its way to the peer. */
  lane: Lane | undefined = undefined;
  bucket: Bucket | undefined = undefined;

  constructor(peer: Peer, slot: number) {
    this.peer = peer;
    this.slot = slot;
  }

  /** Whether anything of the peer lives. */
  get held(): boolean {
    return (
      this.remembered + this.exchanges + this.assemblies + this.downloads + this.relations > 0 ||
      this.lane !== undefined
    );
  }
}

/** Peers by key and by slot. */
export class PeerTable {
  readonly #byKey = new Map<PeerKey, PeerState>();
  readonly #bySlot: (PeerState | undefined)[] = [];
  readonly #freeSlots: number[] = [];

  /** How many peers have state. */
  get size(): number {
    return this.#byKey.size;
  }

  /** State of a peer, when there is any. */
  find(key: PeerKey): PeerState | undefined {
    return this.#byKey.get(key);
  }

  /** State of a peer, made when there was none. */
  obtain(peer: Peer): PeerState {
    const known = this.#byKey.get(peer.key);
    if (known !== undefined) {
      // On a secure listener the same peer may be heard from another address.
      if (peer.identity !== undefined) known.peer = peer;
      return known;
    }
    const slot = this.#freeSlots.pop() ?? this.#bySlot.length;
    const state = new PeerState(peer, slot);
    this.#bySlot[slot] = state;
    this.#byKey.set(peer.key, state);
    return state;
  }

  /** The peer in a slot that is in use. */
  at(slot: number): PeerState {
    return this.#bySlot[slot] as PeerState;
  }

  /** Drops the state of a peer unless something holds it. */
  release(state: PeerState): void {
    if (state.held || this.#bySlot[state.slot] !== state) return;
    this.#byKey.delete(state.peer.key);
    this.#bySlot[state.slot] = undefined;
    this.#freeSlots.push(state.slot);
    if (this.#byKey.size === 0) {
      this.#bySlot.length = 0;
      this.#freeSlots.length = 0;
    }
  }
}
