/**
 * Observers of ours (RFC 7641, server): relations by (peer, token), notifications confirmable or not, one confirmable at
 * least every 24 hours, a newer notification in place of one that is being retransmitted (§4.5.2), and the end by
 * cancellation, Reset or silence.
 */

import type { Instant } from '#base';
import { EMPTY } from '#base';
import { encodeMessage, isSuccess, MessageType, OptionNumber, szxFor, uintOption } from '#coap/codec';
import type { Message, Option } from '#coap/codec';
import type { Core } from './core.js';
import type { BlockSink, Download, Downloads } from './downloads.js';
import { isStreamed } from './events.js';
import type { ExchangeId, OutgoingNotification, RelationEnd, RelationId } from './events.js';
import type { Lane, Transmission, TransmissionOwner, Turn } from './lane.js';
import type { PeerState } from './peers.js';
import type { Reliability } from './reliability.js';
import { bodyKey, transferKey } from './transfer-key.js';

/** A notification that has its content and waits to leave. */
interface Ready {
  readonly bytes: Uint8Array;
  readonly confirmable: 'con' | 'non';
}

/** The request that began a relation, as the exchange knows it. */
export interface ObserveRequest {
  readonly id: ExchangeId;
  readonly state: PeerState | undefined;
  readonly message: Message | undefined;
  readonly body: Uint8Array;
}

/** One observer. */
export class Relation implements Turn, TransmissionOwner {
  readonly id: RelationId;
  readonly state: PeerState;
  lane: Lane;
  readonly token: Uint8Array;
  /** Where its notifications' later blocks are asked for. */
  readonly transferKey: string;
  readonly bodyKey: string;
  /** When a confirmable message last told that the observer is alive. */
  confirmedAt: Instant;
  /** The confirmable notification in flight. */
  transmission: Transmission | undefined = undefined;
  /** The newest notification that has not left. */
  ready: Ready | undefined = undefined;
  /** Message id of the last non-confirmable notification, for its Reset. */
  lastId = -1;
  ended = false;
  readonly #relations: Relations;

  constructor(relations: Relations, id: RelationId, lane: Lane, request: ObserveRequest, now: Instant) {
    const message = request.message as Message;
    this.#relations = relations;
    this.id = id;
    this.state = request.state as PeerState;
    this.lane = lane;
    this.token = Uint8Array.from(message.token);
    this.transferKey = transferKey(message);
    this.bodyKey = bodyKey(message.code, request.body);
    this.confirmedAt = now;
  }

  begin(now: Instant): void {
    this.#relations.begin(now, this);
  }

  fail(now: Instant): void {
    this.#relations.end(now, this, 'timeout');
  }

  acknowledged(now: Instant): void {
    this.#relations.acknowledged(now, this);
  }

  wasReset(now: Instant): void {
    this.#relations.end(now, this, 'reset');
  }

  gaveUp(now: Instant): void {
    this.#relations.end(now, this, 'timeout');
  }
}

/** All observers of ours. */
export class Relations {
  readonly #core: Core;
  readonly #reliability: Reliability;
  readonly #downloads: Downloads;
  readonly #byId = new Map<RelationId, Relation>();
  readonly #byPeer = new Map<PeerState, Map<string, Relation>>();
  #lastId = 0;

  constructor(core: Core, reliability: Reliability, downloads: Downloads) {
    this.#core = core;
    this.#reliability = reliability;
    this.#downloads = downloads;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** A request is about to be handed out: what it does to a relation of its token. Deregistration ends it (§4.1). */
  noticeRequest(now: Instant, state: PeerState, message: Message): void {
    if (state.relations === 0 || message.uint(OptionNumber.OBSERVE) !== 1) return;
    const relation = this.#byPeer.get(state)?.get(message.tokenKey());
    if (relation !== undefined) this.end(now, relation, 'cancelled');
  }

  /** Begins a relation for a request that asked for one; undefined when it did not, was refused, or a limit is reached. */
  accept(now: Instant, request: ObserveRequest, code: number): Relation | undefined {
    const { state, message } = request;
    if (state === undefined || message?.uint(OptionNumber.OBSERVE) !== 0 || !isSuccess(code)) return undefined;
    const tokenKey = message.tokenKey();
    const earlier = this.#byPeer.get(state)?.get(tokenKey);
    if (earlier !== undefined) this.end(now, earlier, 'replaced');
    if (state.relations >= this.#core.parameters.relationsPerPeer) {
      this.#core.counters.dropped_observations_full += 1;
      return undefined;
    }
    this.#lastId += 1;
    const relation = new Relation(this, this.#lastId, this.#reliability.lane(state.peer), request, now);
    this.#byId.set(relation.id, relation);
    const ofPeer = this.#byPeer.get(state);
    if (ofPeer === undefined) this.#byPeer.set(state, new Map([[tokenKey, relation]]));
    else ofPeer.set(tokenKey, relation);
    state.relations += 1;
    this.#core.emit({ type: 'observed', relation: relation.id, exchange: request.id, peer: state.peer });
    return relation;
  }

  /** Sends a notification; the last one when it carries an error or no sequence number. */
  notify(now: Instant, id: RelationId, notification: OutgoingNotification): void {
    const relation = this.#byId.get(id);
    const { payload } = notification;
    if (relation === undefined) {
      if (isStreamed(payload)) this.#core.emit({ type: 'bodyDone', body: payload.id });
      return;
    }
    const { blockSize } = this.#core.parameters;
    const sender = new NotificationSender(this, relation, notification);
    if (payload === undefined || (!isStreamed(payload) && payload.length <= blockSize)) {
      sender.send(now, notification.options ?? [], payload ?? EMPTY);
      return;
    }
    const download = this.#downloads.open(now, relation.state, {
      key: relation.transferKey,
      bodyKey: relation.bodyKey,
      code: notification.code,
      options: notification.options ?? [],
      payload,
    });
    if (download === undefined) this.#core.counters.dropped_notification_fetch += 1;
    else this.#downloads.serve(now, download, 0, szxFor(blockSize), sender);
  }

  /** A notification has its content: it leaves, waits for its turn, or takes the place of the one in flight. */
  send(now: Instant, relation: Relation, ready: Ready): void {
    if (relation.ended) return;
    if (relation.transmission === undefined && relation.ready === undefined) {
      relation.lane = this.#reliability.lane(relation.state.peer); // an idle lane may have been dropped
    }
    if (relation.transmission !== undefined) {
      relation.ready = ready;
      relation.transmission.successor = confirmable(ready.bytes);
      return;
    }
    const overdue = now - relation.confirmedAt >= CONFIRM_EVERY;
    if (relation.ready !== undefined) {
      relation.ready = ready; // it already waits for its turn
    } else if (ready.confirmable === 'con' || overdue) {
      relation.ready = { bytes: confirmable(ready.bytes), confirmable: 'con' };
      this.#reliability.enqueue(now, relation, 'last');
    } else {
      relation.lastId = this.#reliability.unconfirmed(now, relation.lane, ready.bytes, 'request') ?? -1;
    }
  }

  /** The relation's turn on its lane has come. */
  begin(now: Instant, relation: Relation): void {
    const { ready } = relation;
    relation.ready = undefined;
    if (ready === undefined) {
      this.#reliability.finish(now, relation);
      return;
    }
    relation.confirmedAt = now;
    const bytes = confirmable(ready.bytes);
    relation.transmission = this.#reliability.confirm(now, relation.lane, bytes, relation, 'request');
  }

  acknowledged(now: Instant, relation: Relation): void {
    const { ready, transmission } = relation;
    const newer = transmission?.successor === undefined ? undefined : ready;
    relation.transmission = undefined;
    relation.ready = undefined;
    this.#reliability.finish(now, relation);
    if (newer !== undefined) this.send(now, relation, newer);
  }

  /** A Reset that belongs to no confirmable message: perhaps to a non-confirmable notification. */
  handleReset(now: Instant, state: PeerState, messageId: number): boolean {
    for (const relation of this.#byPeer.get(state)?.values() ?? []) {
      if (relation.lastId !== messageId) continue;
      this.end(now, relation, 'reset');
      return true;
    }
    return false;
  }

  /** Ends a relation; nothing more is sent. */
  end(now: Instant, relation: Relation, reason: RelationEnd): void {
    if (this.#forget(relation)) this.#core.emit({ type: 'observerGone', relation: relation.id, reason });
    relation.ended = true;
    relation.ready = undefined;
    if (relation.transmission !== undefined) this.#reliability.stop(relation.transmission);
    relation.transmission = undefined;
    this.#reliability.finish(now, relation);
  }

  /** Ends all relations with a peer. */
  dropPeer(now: Instant, state: PeerState): void {
    for (const relation of [...(this.#byPeer.get(state)?.values() ?? [])]) this.end(now, relation, 'cancelled');
  }

  /** Takes a relation off the books; what is in flight goes on. Whether it was on them. */
  #forget(relation: Relation): boolean {
    if (!this.#byId.delete(relation.id)) return false;
    const { state } = relation;
    const ofPeer = this.#byPeer.get(state);
    for (const [tokenKey, one] of ofPeer ?? []) if (one === relation) ofPeer?.delete(tokenKey);
    if (ofPeer?.size === 0) this.#byPeer.delete(state);
    state.relations -= 1;
    this.#core.peers.release(state);
    return true;
  }

  /** After the last notification the relation is over for both sides (§4.2). */
  finishAfter(relation: Relation): void {
    this.#forget(relation);
  }
}

/** Builds one notification once its content is there. */
class NotificationSender implements BlockSink {
  readonly #relations: Relations;
  readonly #relation: Relation;
  readonly #notification: OutgoingNotification;

  constructor(relations: Relations, relation: Relation, notification: OutgoingNotification) {
    this.#relations = relations;
    this.#relation = relation;
    this.#notification = notification;
  }

  send(now: Instant, options: readonly Option[], payload: Uint8Array): void {
    const { code, observe, confirmable: kind } = this.#notification;
    const final = observe === undefined || !isSuccess(code);
    const all = final ? options : [...options, observeOption(observe.sequence)];
    const bytes = encodeMessage({
      type: kind === 'con' ? MessageType.CON : MessageType.NON,
      code,
      messageId: 0,
      token: this.#relation.token,
      options: all,
      payload,
    });
    this.#relations.send(now, this.#relation, { bytes, confirmable: kind });
    if (final) this.#relations.finishAfter(this.#relation);
  }

  block(now: Instant, download: Download, options: readonly Option[], piece: Uint8Array): void {
    this.send(now, piece.length === download.size ? download.parts.options : options, piece);
  }

  beyondEnd(): void {
    // Block 0 is never beyond the end.
  }

  bodyFailed(): void {
    // The owner of the body knows; the observer hears the next notification.
  }
}

/** An Observe option with a sequence number of 24 bits (RFC 7641 §4.4). */
export function observeOption(sequence: number): Option {
  return uintOption(OptionNumber.OBSERVE, sequence & 0xff_ffff);
}

/** The same message as a confirmable one. */
function confirmable(bytes: Uint8Array): Uint8Array {
  const head = bytes[0] as number;
  const wanted = head & ~TYPE_BITS;
  if (head === wanted) return bytes;
  const copy = Uint8Array.from(bytes);
  copy[0] = wanted;
  return copy;
}

/** The type in the first byte; a CON has it 0 (RFC 7252 §3). */
const TYPE_BITS = 0x30;
/** RFC 7641 §4.5: a confirmable notification at least once in 24 hours. */
const CONFIRM_EVERY = 86_400_000;
