/**
 * Observations of ours (RFC 7641, client): which token belongs to which peer, the order of notifications (§3.4), one cap
 * on their rate and one on their number per peer, and their verdict: a confirmable notification is acknowledged when the
 * application says so and not before, because the acknowledgement is its promise. The rest of a notification in blocks is
 * fetched first (RFC 7959 §2.6).
 */

import { Instant } from '#base';
import type { Peer, PeerKey } from '#base';
import { encodeEmpty, isSuccess, MessageType, OptionNumber, tokenKeyOf } from '#coap/codec';
import type { Message } from '#coap/codec';
import type { ClientRequest, RequestListener } from './client-request.js';
import type { Core } from './core.js';
import { Reaction } from './duplicates.js';
import type { EntryOwner } from './duplicates.js';
import type { NotificationId, ObservedRequest } from './events.js';
import type { PeerState } from './peers.js';
import type { Requests } from './requests.js';
import { blockOf } from './response-body.js';

/** One observation of ours. */
class Observation {
  readonly token: Uint8Array;
  readonly tokenKey: string;
  peer: Peer;
  request: ObservedRequest;
  /** Observe value of the newest notification and when it came; undefined until one came. */
  sequence: number | undefined = undefined;
  at: Instant = Instant(0);
  /** The newest notification, while its rest is being fetched. */
  partial: Waiting | undefined = undefined;

  constructor(token: Uint8Array, tokenKey: string, peer: Peer, request: ObservedRequest) {
    this.token = token;
    this.tokenKey = tokenKey;
    this.peer = peer;
    this.request = request;
  }
}

/** A notification without a verdict. Told through `entry` when it is forgotten. */
class Waiting implements EntryOwner {
  entry = -1;
  readonly observation: Observation;
  readonly message: Message;
  readonly final: boolean;
  /** What the observation knew before, to be put back when the notification is left. */
  readonly sequenceBefore: number | undefined;
  readonly atBefore: Instant;
  fetch: ClientRequest | undefined = undefined;

  constructor(observation: Observation, message: Message, final: boolean) {
    this.observation = observation;
    this.message = message;
    this.final = final;
    this.sequenceBefore = observation.sequence;
    this.atBefore = observation.at;
  }
}

/** All observations of ours. */
export class Observations {
  readonly #core: Core;
  readonly #requests: Requests;
  readonly #byToken = new Map<string, Observation>();
  readonly #byPeer = new Map<PeerKey, Set<Observation>>();

  constructor(core: Core, requests: Requests) {
    this.#core = core;
    this.#requests = requests;
  }

  get size(): number {
    return this.#byToken.size;
  }

  /** Whether one more observation fits at a peer. */
  hasRoom(peer: PeerKey): boolean {
    return (this.#byPeer.get(peer)?.size ?? 0) < this.#core.parameters.observationsPerPeer;
  }

  /** Gives a saved observation back after a restart: its first notification counts as the newest. */
  restore(token: Uint8Array, peer: Peer, request: ObservedRequest): void {
    if (this.hasRoom(peer.key)) this.#add(token, peer, request);
    else this.#core.counters.dropped_observations_full += 1;
  }

  /** A response to a registration accepted it (RFC 7641 §3.1). */
  begin(now: Instant, request: ClientRequest, message: Message): void {
    const { code, options, token, body } = request.parts;
    const payload = body?.payload instanceof Uint8Array ? { payload: body.payload } : {};
    const observation = this.#add(token, request.lane.peer, { code, options, ...payload });
    observation.sequence = message.uint(OptionNumber.OBSERVE) ?? 0;
    observation.at = now;
  }

  /** The peer an observation is at; undefined for an unknown token. */
  peerOf(tokenKey: string): Peer | undefined {
    return this.#byToken.get(tokenKey)?.peer;
  }

  /** Forgets an observation: later notifications are answered with Reset, which cancels it (RFC 7641 §3.6). */
  forget(tokenKey: string): void {
    const observation = this.#byToken.get(tokenKey);
    if (observation !== undefined) this.#remove(observation);
  }

  /** Observations at `from` are at `to` from now on. */
  movePeer(from: PeerKey, to: Peer): void {
    const moved = this.#byPeer.get(from);
    if (moved === undefined) return;
    this.#byPeer.delete(from);
    const there = this.#byPeer.get(to.key);
    for (const observation of moved) {
      observation.peer = to;
      there?.add(observation);
    }
    if (there === undefined) this.#byPeer.set(to.key, moved);
  }

  dropPeer(peer: PeerKey): void {
    for (const observation of [...(this.#byPeer.get(peer) ?? [])]) this.#remove(observation);
  }

  /** A notification that is no duplicate, under a token that belongs to its peer. */
  handleNotification(now: Instant, peer: Peer, message: Message, tokenKey: string): void {
    const observation = this.#byToken.get(tokenKey) as Observation;
    const state = this.#core.peers.obtain(peer);
    if (!this.#takeCredit(now, state)) {
      this.#core.counters.dropped_notification_rate += 1;
      this.#core.peers.release(state);
      return;
    }
    this.#core.counters.notifications_received += 1;
    const sequence = message.uint(OptionNumber.OBSERVE);
    const waiting = new Waiting(observation, message, sequence === undefined || !isSuccess(message.code));
    const kind = message.type === MessageType.CON ? 'con' : 'non';
    this.#core.duplicates.own(this.#core.duplicates.add(now, state, message.messageId, kind), waiting);
    const fresh = isFresh(now, observation, sequence);
    if (fresh) {
      observation.sequence = sequence ?? observation.sequence;
      observation.at = now;
      this.#supersede(now, observation);
    }
    const block = blockOf(message, OptionNumber.BLOCK2);
    if (fresh && block?.more === true && block.num === 0) this.#fetchRest(now, peer, waiting);
    else this.#emit(peer, waiting, message.payload, fresh);
  }

  /** The notification is safe: a confirmable one is acknowledged. */
  acknowledge(id: NotificationId): void {
    const entry = this.#core.duplicates.entryOf(id);
    const waiting = entry < 0 ? undefined : this.#core.duplicates.owner(entry);
    if (!(waiting instanceof Waiting)) return;
    this.#settle(entry, MessageType.ACK);
    if (waiting.final) this.#end(waiting.observation);
  }

  /** The notification is not wanted: Reset, and the observation ends. */
  reject(id: NotificationId): void {
    const entry = this.#core.duplicates.entryOf(id);
    const waiting = entry < 0 ? undefined : this.#core.duplicates.owner(entry);
    if (!(waiting instanceof Waiting)) return;
    this.#core.counters.resets_sent += 1;
    this.#settle(entry, MessageType.RST);
    this.#end(waiting.observation);
  }

  /** Nothing is sent; the notification, when it comes again, is new. */
  leave(id: NotificationId): void {
    const entry = this.#core.duplicates.entryOf(id);
    const waiting = entry < 0 ? undefined : this.#core.duplicates.owner(entry);
    if (waiting instanceof Waiting) this.#forgetNotification(waiting);
  }

  /** Sends the reaction and keeps it for duplicates. A non-confirmable notification gets a Reset only. */
  #settle(entry: number, reaction: typeof MessageType.ACK | typeof MessageType.RST): void {
    const { duplicates } = this.#core;
    duplicates.disown(entry);
    if (reaction === MessageType.ACK && !duplicates.isConfirmable(entry)) {
      duplicates.setReaction(entry, Reaction.SILENT);
      return;
    }
    const bytes = encodeEmpty(reaction, duplicates.messageId(entry));
    duplicates.keepAnswer(entry, bytes);
    this.#core.send(duplicates.peer(entry).peer, bytes);
  }

  #emit(peer: Peer, waiting: Waiting, body: Uint8Array, fresh: boolean): void {
    const { observation, message, entry, final } = waiting;
    const { token, tokenKey } = observation;
    this.#core.emit({
      type: 'notification',
      notification: this.#core.duplicates.handle(entry),
      token,
      tokenKey,
      peer,
      message,
      body,
      fresh,
      confirmable: message.type === MessageType.CON,
      final,
    });
  }

  #fetchRest(now: Instant, peer: Peer, waiting: Waiting): void {
    const { observation, message } = waiting;
    const listener: RequestListener = {
      began: () => undefined,
      responded: (_now, _request, answer, body) => {
        observation.partial = undefined;
        if (waiting.entry < 0) return;
        if (isSuccess(answer.code)) this.#emit(peer, waiting, body, true);
        else this.#giveUp(waiting);
      },
      failed: () => {
        if (observation.partial === waiting) observation.partial = undefined;
        this.#giveUp(waiting);
      },
    };
    observation.partial = waiting;
    waiting.fetch = this.#requests.fetchRest(now, peer, observation.request, message, listener);
    if (waiting.fetch === undefined) {
      observation.partial = undefined;
      this.#giveUp(waiting);
    }
  }

  /** The rest could not be fetched: as if the notification had not come, so that its retransmission tries again. */
  #giveUp(waiting: Waiting): void {
    if (waiting.entry < 0) return;
    this.#core.counters.dropped_notification_fetch += 1;
    this.#forgetNotification(waiting);
  }

  /** A newer notification came: the rest of an older one can be had no more, so the older one is done with. */
  #supersede(now: Instant, observation: Observation): void {
    const older = observation.partial;
    if (older === undefined) return;
    observation.partial = undefined;
    const { entry, fetch } = older;
    if (entry >= 0) this.#settle(entry, MessageType.ACK);
    if (fetch !== undefined) this.#requests.fail(now, fetch, 'cancelled');
  }

  #forgetNotification(waiting: Waiting): void {
    const { observation, message, entry } = waiting;
    const sequence = message.uint(OptionNumber.OBSERVE);
    if (sequence !== undefined && observation.sequence === sequence) {
      observation.sequence = waiting.sequenceBefore;
      observation.at = waiting.atBefore;
    }
    this.#core.duplicates.remove(entry);
  }

  #takeCredit(now: Instant, state: PeerState): boolean {
    const { notificationRate, notificationBurst } = this.#core.parameters;
    const bucket = (state.bucket ??= { credit: notificationBurst, at: now });
    bucket.credit = Math.min(notificationBurst, bucket.credit + ((now - bucket.at) * notificationRate) / 1_000);
    bucket.at = now;
    if (bucket.credit < 1) return false;
    bucket.credit -= 1;
    return true;
  }

  #add(token: Uint8Array, peer: Peer, request: ObservedRequest): Observation {
    const tokenKey = tokenKeyOf(token);
    const known = this.#byToken.get(tokenKey);
    if (known !== undefined && known.peer.key === peer.key) {
      known.request = request;
      return known;
    }
    if (known !== undefined) this.#remove(known);
    const observation = new Observation(Uint8Array.from(token), tokenKey, peer, request);
    this.#byToken.set(tokenKey, observation);
    const atPeer = this.#byPeer.get(peer.key);
    if (atPeer === undefined) this.#byPeer.set(peer.key, new Set([observation]));
    else atPeer.add(observation);
    return observation;
  }

  /** Ends an observation unless its token was given to another meanwhile. */
  #end(observation: Observation): void {
    if (this.#byToken.get(observation.tokenKey) === observation) this.#remove(observation);
  }

  #remove(observation: Observation): void {
    this.#byToken.delete(observation.tokenKey);
    const atPeer = this.#byPeer.get(observation.peer.key);
    atPeer?.delete(observation);
    if (atPeer?.size === 0) this.#byPeer.delete(observation.peer.key);
  }
}

/** Whether a notification is newer than all before (RFC 7641 §3.4). One without Observe ends the observation: it is. */
function isFresh(now: Instant, observation: Observation, sequence: number | undefined): boolean {
  const { sequence: last, at } = observation;
  if (sequence === undefined || last === undefined || now > at + FRESH_SPAN) return true;
  return (last < sequence && sequence - last < HALF) || (last > sequence && last - sequence > HALF);
}

const HALF = 2 ** 23;
/** RFC 7641 §3.4: after 128 seconds any notification is newer. */
const FRESH_SPAN = 128_000;
