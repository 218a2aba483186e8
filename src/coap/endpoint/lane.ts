/**
 * What of ours is on its way to one peer: message ids, turns in flight and waiting (NSTART), confirmable messages that
 * wait for their acknowledgement, and the byte budget of an unproven address. Data only; reliability.ts moves it.
 */

import type { Instant, Peer } from '#base';
import type { RequestFailure } from './events.js';
import type { MessageIds } from './message-ids.js';

/** Something with a deadline in the endpoint's table of deadlines. */
export interface Timed {
  /** Called once when its deadline has come; the deadline is no longer set. */
  due(now: Instant): void;
}

/** An interaction that takes one of the peer's NSTART places from `begin` until it tells the lane that it ended. */
export interface Turn {
  lane: Lane;
  /** The place is free: start. */
  begin(now: Instant): void;
  /** The lane gives the turn up, begun or not. */
  fail(now: Instant, reason: RequestFailure): void;
}

/** Who sent a confirmable message. Exactly one of these is called, once, after the transmission left the lane. */
export interface TransmissionOwner {
  acknowledged(now: Instant, transmission: Transmission): void;
  wasReset(now: Instant, transmission: Transmission): void;
  /** No reaction after the last retransmission, or the peer cannot be reached. */
  gaveUp(now: Instant, transmission: Transmission): void;
}

/** Drives lanes and transmissions when their deadlines come. */
export interface LaneKeeper {
  transmissionDue(now: Instant, transmission: Transmission): void;
  laneDue(now: Instant, lane: Lane): void;
}

/** A confirmable message of ours until it is acknowledged, reset or given up (RFC 7252 §4.2). */
export class Transmission implements Timed {
  lane: Lane;
  /** The datagram; its message id is written when it first leaves. */
  bytes: Uint8Array;
  readonly owner: TransmissionOwner;
  /** Whether its first transmission answers something the peer sent, and so needs no budget. */
  readonly answer: boolean;
  /** -1 until it left. */
  messageId = -1;
  /** Message ids under which it left before, and the peer took it for something else. */
  readonly formerIds: number[] = [];
  attempt = 0;
  /** The attempt at which it first left under its message id. */
  idAttempt = 0;
  /** Milliseconds until the next retransmission; doubles each time. */
  timeout: number;
  /** Waits for the peer's address to be proven. */
  held = false;
  /** What is sent in its place at the next retransmission (RFC 7641 §4.5.2). */
  successor: Uint8Array | undefined = undefined;
  readonly #keeper: LaneKeeper;

  constructor(
    keeper: LaneKeeper,
    lane: Lane,
    bytes: Uint8Array,
    owner: TransmissionOwner,
    timeout: number,
    purpose: 'request' | 'answer',
  ) {
    this.#keeper = keeper;
    this.lane = lane;
    this.bytes = bytes;
    this.owner = owner;
    this.timeout = timeout;
    this.answer = purpose === 'answer';
  }

  due(now: Instant): void {
    this.#keeper.transmissionDue(now, this);
  }
}

/** Everything of ours on its way to one peer. */
export class Lane implements Timed {
  peer: Peer;
  readonly ids: MessageIds;
  /** Turns in flight, at most NSTART. */
  readonly active: Turn[] = [];
  /** Turns that wait, first in, first out. */
  readonly waiting: Turn[] = [];
  readonly transmissions: Transmission[] = [];
  /** Bytes that may still go to an address that is not proven; undefined = proven or never limited. */
  budget: number | undefined = undefined;
  /** When what waits for an unproven address to prove itself is given up. */
  budgetEnd: number = 0;
  /** The budget outlives everything else of the lane: whoever set it still has to do with the peer. */
  limited = false;
  /** Until when a new body in blocks needs a Request-Tag of its own, and the tag last used (RFC 9175 §3.4). */
  tagUntil: number = -Infinity;
  tag = 0;
  readonly #keeper: LaneKeeper;

  constructor(keeper: LaneKeeper, peer: Peer, ids: MessageIds) {
    this.#keeper = keeper;
    this.peer = peer;
    this.ids = ids;
  }

  /** Whether anything is on its way or waits. */
  get busy(): boolean {
    return this.active.length + this.waiting.length + this.transmissions.length > 0;
  }

  due(now: Instant): void {
    this.#keeper.laneDue(now, this);
  }
}
