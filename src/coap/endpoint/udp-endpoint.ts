/**
 * The CoAP endpoint of a datagram socket (RFC 7252, 7641, 7959, 8132, 9175): one machine for all peers, client and server
 * at once. It takes datagrams, moments and commands, and gives datagrams, events and its next deadline; it has no socket,
 * clock or timer of its own. After each input the driver polls `nextEvent` until it is undefined, then `nextDeadline`.
 */

import { Instant, Permit } from '#base';
import type { Peer, PeerKey, Random } from '#base';
import { decodeMessage, encodeEmpty, isMalformed, MessageType, tokenKeyOf } from '#coap/codec';
import type { Malformed, Message } from '#coap/codec';
import { Client } from './client.js';
import { Core } from './core.js';
import { Downloads } from './downloads.js';
import type {
  EndpointEvent,
  EndpointSink,
  ExchangeId,
  NotificationId,
  ObservedRequest,
  OutgoingNotification,
  OutgoingRequest,
  OutgoingResponse,
  RelationId,
  RequestId,
} from './events.js';
import { Exchanges } from './exchanges.js';
import { Observations } from './observe.js';
import type { Parameters } from './parameters.js';
import { Relations } from './relations.js';
import { Reliability } from './reliability.js';
import { Requests } from './requests.js';
import { Server } from './server.js';
import { Uploads } from './uploads.js';

/** One endpoint for all peers of its sockets. */
export class UdpEndpoint {
  readonly #core: Core;
  readonly #buffered: Permit;
  readonly #reliability: Reliability;
  readonly #requests: Requests;
  readonly #observations: Observations;
  readonly #client: Client;
  readonly #downloads: Downloads;
  readonly #uploads: Uploads;
  readonly #relations: Relations;
  readonly #exchanges: Exchanges;
  readonly #server: Server;

  /** `sink.send` is called while an input is handled and must not call back. */
  constructor(parameters: Parameters, random: Random, sink: EndpointSink) {
    const core = new Core(parameters, random, sink);
    this.#core = core;
    this.#buffered = new Permit(parameters.bufferedBytesTotal);
    this.#reliability = new Reliability(core);
    this.#requests = new Requests(core, this.#reliability, this.#buffered);
    this.#observations = new Observations(core, this.#requests);
    this.#client = new Client(core, this.#reliability, this.#requests, this.#observations);
    this.#downloads = new Downloads(core);
    this.#uploads = new Uploads(core, this.#buffered);
    this.#relations = new Relations(core, this.#reliability, this.#downloads);
    this.#exchanges = new Exchanges(core, this.#reliability, this.#downloads, this.#relations);
    this.#server = new Server(core, this.#exchanges, this.#uploads, this.#downloads, this.#relations);
  }

  /** Monotonic counters by name; each reason for a drop has its own. */
  get counters(): Readonly<Record<string, number>> {
    this.#core.counters.duplicates_forgotten = this.#core.duplicates.forgotten;
    return this.#core.counters;
  }

  /** A datagram came. Never throws for what a peer sent. */
  handleDatagram(now: Instant, peer: Peer, bytes: Uint8Array): void {
    const message = decodeMessage(bytes, this.#core.parameters.optionsPerMessage);
    if (isMalformed(message)) {
      this.#handleMalformed(peer, message);
      return;
    }
    // The codec refuses requests in an ACK and anything but emptiness in an RST (RFC 7252 §4.2).
    const { code } = message;
    if (code === 0) this.#handleEmpty(now, peer, message);
    else if (code < FIRST_RESPONSE) this.#server.handleRequest(now, peer, message);
    else if (message.type === MessageType.ACK) this.#client.handlePiggyBacked(now, peer, message);
    else this.#handleResponse(now, peer, message);
  }

  /** A deadline may have come. */
  handleTimeout(now: Instant): void {
    this.#exchanges.handleTimeout(now);
    for (let timed = this.#core.timers.due(now); timed !== undefined; timed = this.#core.timers.due(now))
      timed.due(now);
    this.#core.duplicates.expire(now);
  }

  /** A datagram could not be sent to a peer: everything on its way there has failed. */
  handleSendError(now: Instant, peer: Peer): void {
    const lane = this.#core.peers.find(peer.key)?.lane;
    if (lane !== undefined) this.#reliability.abandon(now, lane, 'unreachable');
  }

  /** Sends a request; the outcome comes as an event `response` or `requestFailed` with the id. */
  request(now: Instant, request: OutgoingRequest): RequestId {
    return this.#client.request(now, request);
  }

  /** Ends a request of ours; it fails with `cancelled`. */
  cancel(now: Instant, request: RequestId): void {
    this.#client.cancel(now, request);
  }

  /** Answers a received request. Nothing happens when its exchange is gone. */
  respond(now: Instant, exchange: ExchangeId, response: OutgoingResponse): void {
    this.#exchanges.respond(now, exchange, response);
  }

  /** Leaves a received request without any answer; when it comes again it is new. */
  ignore(_now: Instant, exchange: ExchangeId): void {
    this.#exchanges.ignore(exchange);
  }

  /** The notification is safe: the ACK of a confirmable one leaves. */
  acknowledge(_now: Instant, notification: NotificationId): void {
    this.#observations.acknowledge(notification);
  }

  /** The notification is not wanted: Reset, and its observation ends (RFC 7641 §3.6). */
  reject(_now: Instant, notification: NotificationId): void {
    this.#observations.reject(notification);
  }

  /** Nothing is sent for the notification; when it comes again it is new. */
  leave(_now: Instant, notification: NotificationId): void {
    this.#observations.leave(notification);
  }

  /** Gives a saved observation back after a restart; its first notification counts as the newest. */
  restoreObservation(token: Uint8Array, peer: Peer, request: ObservedRequest): void {
    this.#observations.restore(token, peer, request);
  }

  /** Forgets an observation; later notifications are answered with Reset. */
  forgetObservation(token: Uint8Array): void {
    this.#observations.forget(tokenKeyOf(token));
  }

  /** A device has a new address: observations and what is on its way or waits follow it there. */
  movePeer(now: Instant, from: PeerKey, to: Peer): void {
    if (from === to.key) return;
    this.#reliability.move(now, from, to);
    this.#observations.movePeer(from, to);
  }

  /** A peer is no longer of interest: requests end as `cancelled`, observations are forgotten. */
  dropPeer(now: Instant, peer: PeerKey): void {
    const state = this.#core.peers.find(peer);
    if (state !== undefined) this.#relations.dropPeer(now, state);
    if (state?.lane !== undefined) {
      this.#reliability.abandon(now, state.lane, 'cancelled');
      this.#reliability.unlimit(now, state.lane);
    }
    this.#observations.dropPeer(peer);
  }

  /** A peer has begun anew, in another security association: its message ids are not those of before (RFC 7252 §9.1.1). */
  renewPeer(peer: PeerKey): void {
    const state = this.#core.peers.find(peer);
    if (state !== undefined) this.#core.duplicates.forgetPeer(state);
  }

  /** An address that has not proven itself may receive `bytes` of our own confirmable messages, one at a time. */
  limitPeer(now: Instant, peer: Peer, bytes: number): void {
    this.#reliability.limit(now, this.#reliability.lane(peer), bytes);
  }

  /** An address has proven itself: what was held back leaves. */
  provePeer(now: Instant, peer: Peer): void {
    const lane = this.#core.peers.find(peer.key)?.lane;
    if (lane !== undefined) this.#reliability.prove(now, lane);
  }

  /** Tells an observer of ours the new state. The last notification carries an error or no sequence number. */
  notify(now: Instant, relation: RelationId, notification: OutgoingNotification): void {
    this.#relations.notify(now, relation, notification);
  }

  /** A piece of a streamed body that was asked for by `bodyWanted`. */
  feed(now: Instant, body: number, offset: number, bytes: Uint8Array): void {
    if (!this.#requests.feed(now, body, offset, bytes)) this.#downloads.feed(now, body, offset, bytes);
  }

  /** The owner of a streamed body cannot go on. */
  failBody(now: Instant, body: number): void {
    if (!this.#requests.failBody(now, body)) this.#downloads.failBody(now, body);
  }

  /** What happened, oldest first; undefined when all was polled. */
  nextEvent(): EndpointEvent | undefined {
    return this.#core.nextEvent();
  }

  /** When `handleTimeout` is next needed; perhaps in the past. */
  nextDeadline(): Instant | undefined {
    const timer = this.#core.timers.earliest();
    const ack = this.#exchanges.nextDeadline();
    const expiry = this.#core.duplicates.nextExpiry();
    let earliest = Infinity;
    if (timer !== undefined) earliest = timer;
    if (ack !== undefined && ack < earliest) earliest = ack;
    if (expiry !== undefined && expiry < earliest) earliest = expiry;
    return earliest === Infinity ? undefined : Instant(earliest);
  }

  /** How much of everything lives now. All return to 0 when peers go silent. */
  gauges(): Readonly<Record<string, number>> {
    return {
      peers: this.#core.peers.size,
      exchanges: this.#exchanges.size,
      duplicates: this.#core.duplicates.size,
      assemblies: this.#uploads.size,
      downloads: this.#downloads.size,
      requests: this.#requests.size,
      queued: this.#reliability.waiting,
      observations: this.#observations.size,
      relations: this.#relations.size,
      bodies: this.#requests.bodies + this.#downloads.bodies,
      buffered_bytes: this.#buffered.taken + this.#downloads.bytes,
      deadlines: this.#core.timers.size,
    };
  }

  #handleMalformed(peer: Peer, { malformed, type, messageId }: Malformed): void {
    const { counters } = this.#core;
    counters.dropped_malformed += 1;
    const reason = `malformed_${malformed}`;
    counters[reason] = (counters[reason] ?? 0) + 1;
    if (type === MessageType.CON && messageId !== undefined) this.#reset(peer, messageId);
  }

  #handleEmpty(now: Instant, peer: Peer, message: Message): void {
    const { counters } = this.#core;
    const { type, messageId } = message;
    if (type === MessageType.CON || type === MessageType.NON) {
      counters.pings_answered += 1;
      this.#resetStray(peer, messageId);
    } else if (type === MessageType.ACK) {
      if (!this.#reliability.handleReaction(now, peer.key, messageId, 'acknowledged'))
        counters.dropped_unknown_ack += 1;
    } else {
      counters.resets_received += 1;
      if (this.#reliability.handleReaction(now, peer.key, messageId, 'wasReset')) return;
      const state = this.#core.peers.find(peer.key);
      if (state === undefined || this.#relations.handleReset(now, state, messageId)) return;
      if (state.lane !== undefined) this.#requests.handleReset(now, state.lane, messageId);
    }
  }

  /** A separate response or a notification. */
  #handleResponse(now: Instant, peer: Peer, message: Message): void {
    const state = this.#core.peers.find(peer.key);
    const known = state === undefined ? -1 : this.#core.duplicates.find(state, message.messageId);
    if (known >= 0) {
      this.#core.counters.duplicates += 1;
      this.#server.replay(peer, known);
    } else {
      const judged = this.#client.handleSeparate(now, peer, message);
      if (judged === 'reset') this.#resetStray(peer, message.messageId);
      else if (judged === 'foreign') this.#reset(peer, message.messageId);
    }
  }

  #resetStray(peer: Peer, messageId: number): void {
    this.#reset(peer, messageId);
    this.#core.emit({ type: 'stray', peer });
  }

  #reset(peer: Peer, messageId: number): void {
    this.#core.counters.resets_sent += 1;
    this.#core.send(peer, encodeEmpty(MessageType.RST, messageId));
  }
}

/** Codes below are requests: class 0 (RFC 7252 §12.1). */
const FIRST_RESPONSE = 0x40;
