/**
 * Deduplication (RFC 7252 §4.2, §4.3, §4.5): message ids received from all peers, in packed arrays, so that remembering
 * one allocates nothing. An entry is found by a hash of (peer, id), leaves by age through two queues (confirmable and
 * non-confirmable live for different spans), and is in its peer's list by age, at most `perPeer` long. Small answers lie
 * in the arrays, larger ones beside them.
 */

import { EMPTY, Instant, invariant } from '#base';
import type { PeerState, PeerTable } from './peers.js';

/** What an entry knows about the reaction to its message. */
export const Reaction = {
  /** Being handled: a duplicate is dropped. */
  OPEN: 0,
  /** Being handled, empty ACK sent: a duplicate gets it again. */
  ACKNOWLEDGED: 1,
  /** Answered with bytes that are kept: a duplicate gets them again. */
  ANSWERED: 2,
  /** Answered with a block too large to keep: a duplicate has it rebuilt. */
  REBUILD: 3,
  /** Done; a duplicate is dropped. */
  SILENT: 4,
} as const;
export type Reaction = (typeof Reaction)[keyof typeof Reaction];

/** Something that is told, through its field, when its entry is forgotten. */
export interface EntryOwner {
  /** Number of the entry, -1 once it is forgotten. */
  entry: number;
}

/** Spans and limits of the table. */
export interface DuplicateLimits {
  readonly perPeer: number;
  readonly total: number;
  /** Milliseconds an entry of a confirmable message lives. */
  readonly confirmableLife: number;
  /** Milliseconds an entry of a non-confirmable message lives. */
  readonly nonConfirmableLife: number;
}

/** The table of message ids received. */
export class DuplicateTable {
  readonly #limits: DuplicateLimits;
  readonly #peers: PeerTable;
  #capacity = 0;
  #count = 0;
  #free = -1;
  #forgotten = 0;
  /** Generation of entries never used: above all that were given back. */
  #unused = 0;
  #buckets = new Int32Array(0);
  #shift = 0;
  /** A row of eight numbers an entry: one line of the processor's cache. */
  #rows = new Int32Array(0);
  #at = new Float64Array(0);
  /** Kind, reaction and answer of an entry. */
  #records = new Uint8Array(0);
  #outside: (Uint8Array | undefined)[] = [];
  #owners: (EntryOwner | undefined)[] = [];
  /** First and last of the two queues by age: index 0 non-confirmable, 1 confirmable. */
  readonly #first = [-1, -1];
  readonly #last = [-1, -1];

  constructor(limits: DuplicateLimits, peers: PeerTable) {
    this.#limits = limits;
    this.#peers = peers;
  }

  /** Entries alive. */
  get size(): number {
    return this.#count;
  }

  /** Entries that had to go before their time, for a full ring or a full table. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** The entry of a message id of a peer; -1 when it is new. */
  find(state: PeerState, id: number): number {
    if (state.remembered === 0) return -1;
    let entry = this.#buckets[this.#bucketOf(state.slot, id)] as number;
    while (entry >= 0) {
      if (this.#rows[entry * ROW + ID] === id && this.#rows[entry * ROW + SLOT] === state.slot) return entry;
      entry = this.#rows[entry * ROW + NEXT] as number;
    }
    return -1;
  }

  /** Remembers a message id just received; makes room when the peer's ring or the table is full. Returns the entry. */
  add(now: Instant, state: PeerState, id: number, kind: 'con' | 'non'): number {
    state.remembered += 1; // holds the peer while others leave
    this.#expireSome(now, 2);
    if (state.remembered > this.#limits.perPeer) this.#forgetOldestOf(state);
    if (this.#count >= this.#limits.total) this.#forgetOldest();
    if (this.#free < 0) this.#grow();
    const entry = this.#free;
    this.#free = this.#rows[entry * ROW + NEXT] as number;
    this.#count += 1;
    const confirmable = kind === 'con' ? 1 : 0;
    this.#rows[entry * ROW + SLOT] = state.slot;
    this.#rows[entry * ROW + ID] = id;
    this.#at[entry] = now;
    this.#records[entry * RECORD + KIND] = confirmable;
    this.#records[entry * RECORD + REACTION] = Reaction.OPEN;
    this.#records[entry * RECORD + LENGTH] = 0;
    const bucket = this.#bucketOf(state.slot, id);
    this.#rows[entry * ROW + NEXT] = this.#buckets[bucket] as number;
    this.#buckets[bucket] = entry;
    const last = this.#last[confirmable] as number;
    this.#rows[entry * ROW + EARLIER] = last;
    this.#rows[entry * ROW + LATER] = -1;
    if (last >= 0) this.#rows[last * ROW + LATER] = entry;
    else this.#first[confirmable] = entry;
    this.#last[confirmable] = entry;
    this.#rows[entry * ROW + OLDER] = state.newest;
    this.#rows[entry * ROW + YOUNGER] = -1;
    if (state.newest >= 0) this.#rows[state.newest * ROW + YOUNGER] = entry;
    else state.oldest = entry;
    state.newest = entry;
    return entry;
  }

  /** What the reaction to the entry's message was. */
  reaction(entry: number): Reaction {
    return this.#records[entry * RECORD + REACTION] as Reaction;
  }

  setReaction(entry: number, reaction: Reaction): void {
    this.#records[entry * RECORD + REACTION] = reaction;
  }

  /** Keeps the bytes that answered the entry's message. */
  keepAnswer(entry: number, bytes: Uint8Array): void {
    this.#records[entry * RECORD + REACTION] = Reaction.ANSWERED;
    if (bytes.length > INLINE) {
      this.#records[entry * RECORD + LENGTH] = OUTSIDE;
      this.#outside[entry] = new Uint8Array(bytes); // a copy: a Buffer would keep the slab it was cut from
      return;
    }
    this.#records[entry * RECORD + LENGTH] = bytes.length;
    const start = entry * RECORD + INLINE_AT;
    for (let index = 0; index < bytes.length; index += 1) this.#records[start + index] = bytes[index] as number;
  }

  /** The bytes kept by `keepAnswer`, the caller's own. */
  answer(entry: number): Uint8Array {
    const length = this.#records[entry * RECORD + LENGTH] as number;
    if (length === OUTSIDE) return this.#outside[entry] ?? EMPTY;
    const start = entry * RECORD + INLINE_AT;
    return Buffer.from(this.#records.subarray(start, start + length));
  }

  /** Marks the entry as its peer's newest creation: it stays its whole life although the ring is full. */
  keepLongest(entry: number): void {
    this.#peers.at(this.#rows[entry * ROW + SLOT] as number).kept = entry;
  }

  /** Ties an owner to the entry; its `entry` becomes -1 when the entry is forgotten. */
  own(entry: number, owner: EntryOwner): void {
    this.#owners[entry] = owner;
    owner.entry = entry;
  }

  /** Unties the owner, whose work is done. */
  disown(entry: number): void {
    const owner = this.#owners[entry];
    if (owner !== undefined) owner.entry = -1;
    this.#owners[entry] = undefined;
  }

  owner(entry: number): EntryOwner | undefined {
    return this.#owners[entry];
  }

  peer(entry: number): PeerState {
    return this.#peers.at(this.#rows[entry * ROW + SLOT] as number);
  }

  messageId(entry: number): number {
    return this.#rows[entry * ROW + ID] as number;
  }

  isConfirmable(entry: number): boolean {
    return this.#records[entry * RECORD + KIND] === 1;
  }

  /** A number that names this use of the entry for ever: entries are used again, handles are not. */
  handle(entry: number): number {
    return ((this.#rows[entry * ROW + GENERATION] as number) >>> 0) * 2 ** 20 + entry;
  }

  /** The entry of a handle; -1 when it is forgotten. */
  entryOf(handle: number): number {
    const entry = handle % 2 ** 20;
    return Number.isInteger(entry) && entry < this.#capacity && this.handle(entry) === handle ? entry : -1;
  }

  /** Forgets an entry: its message, when it comes again, is new. */
  remove(entry: number): void {
    const state = this.peer(entry);
    this.disown(entry);
    this.#unlinkBucket(entry);
    this.#unlinkQueue(entry);
    this.#unlinkPeer(entry, state);
    if (this.#records[entry * RECORD + LENGTH] === OUTSIDE) this.#outside[entry] = undefined;
    this.#rows[entry * ROW + GENERATION] = (this.#rows[entry * ROW + GENERATION] as number) + 1;
    this.#rows[entry * ROW + NEXT] = this.#free;
    this.#free = entry;
    this.#count -= 1;
    this.#peers.release(state);
  }

  /** Forgets what is too old; gives memory back when nothing is left. */
  expire(now: Instant): void {
    this.#expireSome(now, Infinity);
    if (this.#count === 0 && this.#capacity > FIRST_CAPACITY) this.#shrink();
  }

  /** When `expire` is next worth calling: a whole second after an entry ran out. */
  nextExpiry(): Instant | undefined {
    let earliest = Infinity;
    const con = this.#first[1] as number;
    if (con >= 0) earliest = (this.#at[con] as number) + this.#limits.confirmableLife;
    const non = this.#first[0] as number;
    if (non >= 0) earliest = Math.min(earliest, (this.#at[non] as number) + this.#limits.nonConfirmableLife);
    return earliest === Infinity ? undefined : Instant(Math.ceil(earliest / GRAIN) * GRAIN);
  }

  #expireSome(now: Instant, most: number): void {
    let left = most;
    for (let kind = 0; kind < 2; kind += 1) {
      const limit = now - (kind === 1 ? this.#limits.confirmableLife : this.#limits.nonConfirmableLife);
      let first = this.#first[kind] as number;
      while (first >= 0 && (this.#at[first] as number) <= limit && left > 0) {
        this.remove(first);
        left -= 1;
        first = this.#first[kind] as number;
      }
    }
  }

  /** The oldest goes, save the newest creation and what is being handled (that one only when nothing else is left). */
  #forgetOldestOf(state: PeerState): void {
    let entry = state.oldest;
    while (entry >= 0 && (entry === state.kept || this.#owners[entry] !== undefined)) {
      entry = this.#rows[entry * ROW + YOUNGER] as number;
    }
    if (entry < 0)
      entry = state.oldest === state.kept ? (this.#rows[state.oldest * ROW + YOUNGER] as number) : state.oldest;
    if (entry < 0) entry = state.oldest;
    this.#forgotten += 1;
    this.remove(entry);
  }

  /** Forgets all message ids of a peer: it begins anew, and may use them again. */
  forgetPeer(state: PeerState): void {
    while (state.oldest >= 0) this.remove(state.oldest);
  }

  #forgetOldest(): void {
    const con = this.#first[1] as number;
    const non = this.#first[0] as number;
    const older = non < 0 || (con >= 0 && (this.#at[con] as number) <= (this.#at[non] as number)) ? con : non;
    invariant(older >= 0, 'a full table of duplicates has an oldest entry');
    this.#forgotten += 1;
    this.remove(older);
  }

  #bucketOf(slot: number, id: number): number {
    return Math.imul((slot << 16) ^ id ^ (slot >>> 16), 0x9e3779b1) >>> this.#shift;
  }

  #unlinkBucket(entry: number): void {
    const bucket = this.#bucketOf(this.#rows[entry * ROW + SLOT] as number, this.#rows[entry * ROW + ID] as number);
    let at = this.#buckets[bucket] as number;
    if (at === entry) {
      this.#buckets[bucket] = this.#rows[entry * ROW + NEXT] as number;
      return;
    }
    while (this.#rows[at * ROW + NEXT] !== entry) at = this.#rows[at * ROW + NEXT] as number;
    this.#rows[at * ROW + NEXT] = this.#rows[entry * ROW + NEXT] as number;
  }

  #unlinkQueue(entry: number): void {
    const kind = this.#records[entry * RECORD + KIND] as number;
    const earlier = this.#rows[entry * ROW + EARLIER] as number;
    const later = this.#rows[entry * ROW + LATER] as number;
    if (earlier >= 0) this.#rows[earlier * ROW + LATER] = later;
    else this.#first[kind] = later;
    if (later >= 0) this.#rows[later * ROW + EARLIER] = earlier;
    else this.#last[kind] = earlier;
  }

  #unlinkPeer(entry: number, state: PeerState): void {
    const older = this.#rows[entry * ROW + OLDER] as number;
    const younger = this.#rows[entry * ROW + YOUNGER] as number;
    if (older >= 0) this.#rows[older * ROW + YOUNGER] = younger;
    else state.oldest = younger;
    if (younger >= 0) this.#rows[younger * ROW + OLDER] = older;
    else state.newest = older;
    if (state.kept === entry) state.kept = -1;
    state.remembered -= 1;
  }

  #grow(): void {
    const from = this.#capacity;
    this.#resize(from === 0 ? FIRST_CAPACITY : from * 2);
    this.#addFree(from);
    for (let kind = 0; kind < 2; kind += 1) {
      for (let entry = this.#first[kind] as number; entry >= 0; entry = this.#rows[entry * ROW + LATER] as number) {
        const bucket = this.#bucketOf(this.#rows[entry * ROW + SLOT] as number, this.#rows[entry * ROW + ID] as number);
        this.#rows[entry * ROW + NEXT] = this.#buckets[bucket] as number;
        this.#buckets[bucket] = entry;
      }
    }
  }

  /** Handles of entries given back must stay unknown, so generations go on from the highest. */
  #shrink(): void {
    for (let entry = 0; entry < this.#capacity; entry += 1) {
      this.#unused = Math.max(this.#unused, (this.#rows[entry * ROW + GENERATION] as number) + 1);
    }
    this.#outside = [];
    this.#owners = [];
    this.#capacity = 0;
    this.#free = -1;
    this.#resize(FIRST_CAPACITY);
    this.#addFree(0);
  }

  #addFree(from: number): void {
    for (let entry = this.#capacity - 1; entry >= from; entry -= 1) {
      this.#rows[entry * ROW + GENERATION] = this.#unused;
      this.#rows[entry * ROW + NEXT] = this.#free;
      this.#free = entry;
      this.#outside[entry] = undefined;
      this.#owners[entry] = undefined;
    }
  }

  /** Moves to arrays of another capacity, a power of two; buckets are empty afterwards. */
  #resize(capacity: number): void {
    const kept = this.#capacity;
    const rows = new Int32Array(capacity * ROW);
    rows.set(this.#rows.subarray(0, kept * ROW));
    const at = new Float64Array(capacity);
    at.set(this.#at.subarray(0, kept));
    const records = new Uint8Array(capacity * RECORD);
    records.set(this.#records.subarray(0, kept * RECORD));
    this.#rows = rows;
    this.#at = at;
    this.#records = records;
    this.#buckets = new Int32Array(capacity).fill(-1);
    this.#shift = 32 - Math.log2(capacity);
    this.#capacity = capacity;
  }
}

/** Columns of a row. */
const ROW = 8;
const NEXT = 0; // in the bucket; also the list of free entries
const LATER = 1; // in the queue by age
const EARLIER = 2;
const YOUNGER = 3; // in the peer's list by age
const OLDER = 4;
const SLOT = 5;
const ID = 6;
const GENERATION = 7;
/** Bytes of a record: kind, reaction, length of the answer, then the answer when it is at most INLINE long. */
const KIND = 0;
const REACTION = 1;
const LENGTH = 2;
const INLINE_AT = 4;
const INLINE = 32;
const RECORD = INLINE_AT + INLINE;
/** Length of an answer that lies beside the arrays. */
const OUTSIDE = 255;
const FIRST_CAPACITY = 256;
/** Entries leave in steps of a second: one timer wakes for many. */
const GRAIN = 1_000;
