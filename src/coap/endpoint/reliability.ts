/**
 * Reliable transmission towards peers (RFC 7252 §4.2, §4.4, §4.7, §4.8): message ids, retransmission with jittered
 * exponential backoff, NSTART with a queue, and the byte budget of an address that is not proven (RFC 9175 §2.4): one
 * confirmable message goes there alone, retransmitted only while the budget lasts; the rest waits for the proof.
 */

import { after, Instant, Milliseconds } from '#base';
import type { Peer, PeerKey } from '#base';
import type { Core } from './core.js';
import { Lane, Transmission } from './lane.js';
import type { LaneKeeper, TransmissionOwner, Turn } from './lane.js';
import { MessageIds } from './message-ids.js';
import type { RequestFailure } from './events.js';

/** Message ids under which one request may leave. */
const MOST_IDS = 3;

/** Sends reliably, for all peers of an endpoint. */
export class Reliability implements LaneKeeper {
  readonly #core: Core;
  #waiting = 0;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Turns that wait for their place, over all peers. */
  get waiting(): number {
    return this.#waiting;
  }

  /** The lane to a peer, made when there was none. */
  lane(peer: Peer): Lane {
    const state = this.#core.peers.obtain(peer);
    if (state.lane === undefined) {
      const [high, low] = this.#core.randomBytes(2) as unknown as [number, number];
      state.lane = new Lane(this, peer, new MessageIds(high * 256 + low, this.#core.spans.exchangeLifetime));
    }
    return state.lane;
  }

  /** Begins a turn now when there is a place, else lets it wait; `first` puts it before all that wait. */
  enqueue(now: Instant, turn: Turn, place: 'first' | 'last'): void {
    if (place === 'first') turn.lane.waiting.unshift(turn);
    else turn.lane.waiting.push(turn);
    this.#waiting += 1;
    if (turn.lane.budgetEnd <= now) turn.lane.budgetEnd = now + this.#core.parameters.unprovenWait;
    this.#pump(now, turn.lane);
    this.#arm(turn.lane);
  }

  /** Ends a turn, begun or waiting, and begins the next. */
  finish(now: Instant, turn: Turn): void {
    const { lane } = turn;
    const at = lane.active.indexOf(turn);
    if (at >= 0) lane.active.splice(at, 1);
    else this.#unqueue(turn);
    this.#pump(now, lane);
    this.#arm(lane);
  }

  /** Sends a confirmable message; its message id is written into `bytes`, which the transmission keeps. */
  confirm(
    now: Instant,
    lane: Lane,
    bytes: Uint8Array,
    owner: TransmissionOwner,
    purpose: 'request' | 'answer',
  ): Transmission {
    const { ackTimeout, ackRandomFactor } = this.#core.parameters;
    const timeout = ackTimeout * (1 + this.#core.fraction() * (ackRandomFactor - 1));
    const transmission = new Transmission(this, lane, bytes, owner, timeout, purpose);
    lane.transmissions.push(transmission);
    this.#launch(now, transmission);
    return transmission;
  }

  /**
   * Sends a non-confirmable message and returns its message id; undefined, and nothing sent, when no id is free or an
   * unproven address has no budget for it (an answer needs none).
   */
  unconfirmed(now: Instant, lane: Lane, bytes: Uint8Array, purpose: 'request' | 'answer'): number | undefined {
    if (purpose === 'request' && lane.budget !== undefined && bytes.length > lane.budget) {
      this.#core.counters.dropped_budget += 1;
      return undefined;
    }
    const id = lane.ids.next(now);
    if (id === undefined) {
      this.#core.counters.dropped_message_ids += 1;
      return undefined;
    }
    this.#transmit(lane, bytes, id);
    this.#arm(lane);
    return id;
  }

  /** The transmission to a peer with a message id. */
  find(key: PeerKey, messageId: number): Transmission | undefined {
    const lane = this.#core.peers.find(key)?.lane;
    return lane?.transmissions.find((one) => one.messageId === messageId);
  }

  /** The transmission to a peer that left under a message id, be it the one in use or one before. */
  findFormer(key: PeerKey, messageId: number): Transmission | undefined {
    const lane = this.#core.peers.find(key)?.lane;
    return lane?.transmissions.find((one) => one.messageId === messageId || one.formerIds.includes(messageId));
  }

  /**
   * A peer answered the message id of a request under another token. It remembers the id from before, say from our last
   * run, takes the request for a duplicate, repeats its old answer and runs nothing (RFC 7252 §4.5): the same id will never
   * do. The request leaves under a fresh one some way off, at most `MOST_IDS` in all, while its retransmissions keep their rhythm and
   * their end. What may not run twice waits until the peer has repeated itself: one stray answer proves nothing.
   */
  replaceId(now: Instant, transmission: Transmission, effect: 'idempotent' | 'not_idempotent'): void {
    const { lane, bytes, attempt, idAttempt, formerIds } = transmission;
    if (formerIds.length + 1 >= MOST_IDS || (effect === 'not_idempotent' && attempt === idAttempt)) return;
    if (lane.budget !== undefined && bytes.length > lane.budget) {
      this.#core.counters.dropped_budget += 1;
      return;
    }
    lane.ids.leap(now);
    const id = lane.ids.next(now);
    if (id === undefined) return;
    formerIds.push(transmission.messageId);
    transmission.messageId = id;
    transmission.idAttempt = attempt;
    transmission.bytes = bytes.slice();
    this.#core.counters.message_ids_replaced += 1;
    this.#transmit(lane, transmission.bytes, id);
  }

  /** Ends a transmission without telling its owner. */
  stop(transmission: Transmission): void {
    const { lane } = transmission;
    const at = lane.transmissions.indexOf(transmission);
    if (at < 0) return;
    lane.transmissions.splice(at, 1);
    this.#core.timers.clear(transmission);
    this.#arm(lane);
  }

  /** An empty ACK or RST came. Whether it belonged to a transmission. */
  handleReaction(now: Instant, key: PeerKey, messageId: number, reaction: 'acknowledged' | 'wasReset'): boolean {
    const transmission = this.find(key, messageId);
    if (transmission === undefined) return false;
    this.stop(transmission);
    this.prove(now, transmission.lane);
    this.#core.sink.proven?.();
    transmission.owner[reaction](now, transmission);
    return true;
  }

  /** Gives the address of a lane `bytes` more to receive before it has proven itself. */
  limit(now: Instant, lane: Lane, bytes: number): void {
    lane.budget = (lane.budget ?? 0) + bytes;
    lane.budgetEnd = now + this.#core.parameters.unprovenWait;
    lane.limited = true;
    this.#resume(now, lane);
  }

  /** Nobody has to do with the peer any more: the limit of its address goes with the lane. */
  unlimit(now: Instant, lane: Lane): void {
    if (!lane.limited) return;
    lane.limited = false;
    lane.budgetEnd = now + this.#core.parameters.unprovenWait;
    this.#arm(lane);
  }

  /** The address of a lane has proven itself: what was held leaves. */
  prove(now: Instant, lane: Lane): void {
    if (lane.budget === undefined) return;
    lane.budget = undefined;
    lane.limited = false;
    this.#resume(now, lane);
  }

  /** Everything on its way to a peer, and what waits, ends with `reason`. */
  abandon(now: Instant, lane: Lane, reason: RequestFailure): void {
    const waiting = lane.waiting.splice(0);
    this.#waiting -= waiting.length;
    for (const turn of lane.active.splice(0)) turn.fail(now, reason);
    for (const turn of waiting) turn.fail(now, reason);
    for (const transmission of [...lane.transmissions]) {
      this.stop(transmission);
      transmission.owner.gaveUp(now, transmission);
    }
    this.#arm(lane);
  }

  /** What is on its way to `from` goes to `to` from now on, which has proven itself: the caller knows whose address it is. */
  move(now: Instant, from: PeerKey, to: Peer): void {
    const state = this.#core.peers.find(from);
    const lane = state?.lane;
    if (state === undefined || lane === undefined) return;
    const target = this.#core.peers.obtain(to);
    state.lane = undefined;
    if (target.lane === undefined) {
      target.lane = lane;
      lane.peer = to;
    } else {
      this.#merge(lane, target.lane);
    }
    target.lane.budget = undefined;
    target.lane.limited = false;
    this.#resume(now, target.lane);
    this.#core.peers.release(state);
  }

  transmissionDue(now: Instant, transmission: Transmission): void {
    const { lane } = transmission;
    if (transmission.messageId < 0) {
      this.#launch(now, transmission);
      return;
    }
    if (transmission.attempt >= this.#core.parameters.maxRetransmit) {
      this.stop(transmission);
      transmission.owner.gaveUp(now, transmission);
      return;
    }
    transmission.attempt += 1;
    transmission.timeout *= 2;
    this.#core.timers.set(transmission, after(now, Milliseconds(transmission.timeout)));
    if (lane.budget !== undefined && transmission.bytes.length > lane.budget) {
      this.#core.counters.dropped_budget += 1;
      return;
    }
    this.#core.counters.retransmissions += 1;
    this.#retransmit(now, transmission);
  }

  /**
   * An idle lane is dropped once its ids may be drawn again. What waits for the proof of an address ends after its time;
   * the address stays limited all the same, or the next request would be without limit.
   */
  laneDue(now: Instant, lane: Lane): void {
    if (lane.budget !== undefined && lane.budgetEnd <= now && lane.busy) this.abandon(now, lane, 'timeout');
    const state = this.#core.peers.find(lane.peer.key);
    if (state?.lane !== lane) return;
    if (!lane.busy && !lane.limited && this.#idleEnd(lane) <= now) {
      state.lane = undefined;
      this.#core.peers.release(state);
      return;
    }
    this.#arm(lane);
  }

  /** Sends what was held and need not be any more. */
  #resume(now: Instant, lane: Lane): void {
    for (const transmission of [...lane.transmissions]) if (transmission.held) this.#launch(now, transmission);
    this.#pump(now, lane);
    this.#arm(lane);
  }

  #launch(now: Instant, transmission: Transmission): void {
    const { lane, bytes } = transmission;
    transmission.held = !transmission.answer && lane.budget !== undefined && bytes.length > lane.budget;
    if (transmission.held) return;
    const id = lane.ids.next(now);
    if (id === undefined) {
      this.#core.timers.set(transmission, lane.ids.freeAt());
      return;
    }
    transmission.messageId = id;
    this.#core.timers.set(transmission, after(now, Milliseconds(transmission.timeout)));
    this.#transmit(lane, bytes, id);
  }

  #retransmit(now: Instant, transmission: Transmission): void {
    const { lane, successor } = transmission;
    const id = successor === undefined ? undefined : lane.ids.next(now);
    if (successor === undefined || id === undefined) {
      this.#transmit(lane, transmission.bytes, transmission.messageId);
      return;
    }
    transmission.successor = undefined;
    transmission.bytes = successor;
    transmission.messageId = id;
    this.#transmit(lane, successor, id);
  }

  #transmit(lane: Lane, bytes: Uint8Array, id: number): void {
    bytes[2] = id >>> 8;
    bytes[3] = id & 0xff;
    if (lane.budget !== undefined) lane.budget = Math.max(0, lane.budget - bytes.length);
    this.#core.send(lane.peer, bytes);
  }

  #pump(now: Instant, lane: Lane): void {
    while (lane.waiting.length > 0) {
      if (lane.active.length >= this.#core.parameters.nstart) return;
      if (lane.budget !== undefined && lane.active.length + lane.transmissions.length > 0) return;
      const turn = lane.waiting.shift() as Turn;
      this.#waiting -= 1;
      lane.active.push(turn);
      turn.begin(now);
    }
  }

  #unqueue(turn: Turn): void {
    const at = turn.lane.waiting.indexOf(turn);
    if (at < 0) return;
    turn.lane.waiting.splice(at, 1);
    this.#waiting -= 1;
  }

  #merge(from: Lane, into: Lane): void {
    for (const transmission of from.transmissions.splice(0)) {
      transmission.lane = into;
      into.transmissions.push(transmission);
    }
    for (const turn of from.active.splice(0)) {
      turn.lane = into;
      into.active.push(turn);
    }
    for (const turn of from.waiting.splice(0)) {
      turn.lane = into;
      into.waiting.push(turn);
    }
    this.#core.timers.clear(from);
  }

  /** Sets when the lane is looked at again. */
  #arm(lane: Lane): void {
    const budgetEnd = lane.budget === undefined ? undefined : Instant(lane.budgetEnd);
    const idleEnd = lane.limited ? undefined : this.#idleEnd(lane);
    const at = lane.busy ? budgetEnd : idleEnd;
    if (at === undefined) this.#core.timers.clear(lane);
    else this.#core.timers.set(lane, at);
  }

  #idleEnd(lane: Lane): Instant {
    const reuse = lane.ids.lastUse + this.#core.spans.exchangeLifetime;
    return Instant(Math.max(reuse, lane.tagUntil, lane.budget === undefined ? 0 : lane.budgetEnd));
  }
}
