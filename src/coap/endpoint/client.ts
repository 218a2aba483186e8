/**
 * Responses and notifications on their way in (RFC 7252 §4.2, §5.3.2; RFC 7641 §3): which request or observation one
 * belongs to. A piggy-backed response matches by message id and token, any other by token and peer; one under a token that
 * belongs to another peer is met with silence, because a Reset would tell and end what it does not own – unless one of the two
 * has proven who it is: then a Reset goes to nobody else, and the attempt is told.
 */

import { bytesEqual } from '#base';
import type { Instant, Peer } from '#base';
import {
  criticalProblem,
  encodeEmpty,
  isIdempotent,
  isSuccess,
  MessageType,
  OptionNumber,
  tokenKeyOf,
} from '#coap/codec';
import type { Message } from '#coap/codec';
import { ClientRequest } from './client-request.js';
import type { RequestListener } from './client-request.js';
import type { Core } from './core.js';
import { Reaction } from './duplicates.js';
import type { OutgoingRequest, RequestFailure, RequestId } from './events.js';
import type { Observations } from './observe.js';
import type { Reliability } from './reliability.js';
import type { Requests } from './requests.js';
import { isUnderstood } from './understood.js';

/** The client side of an endpoint. */
export class Client implements RequestListener {
  readonly #core: Core;
  readonly #reliability: Reliability;
  readonly #requests: Requests;
  readonly #observations: Observations;

  constructor(core: Core, reliability: Reliability, requests: Requests, observations: Observations) {
    this.#core = core;
    this.#reliability = reliability;
    this.#requests = requests;
    this.#observations = observations;
  }

  /** Takes a request on; its outcome is an event. */
  request(now: Instant, request: OutgoingRequest): RequestId {
    const { token, peer, observe } = request;
    const known = token !== undefined && this.#observations.peerOf(tokenKeyOf(token)) !== undefined;
    const room = observe !== 'register' || known || this.#observations.hasRoom(peer.key) ? 'room' : 'no_room';
    return this.#requests.request(now, request, this, room);
  }

  /** Ends a request of ours. */
  cancel(now: Instant, id: RequestId): void {
    const request = this.#requests.find(id);
    if (request !== undefined) this.#requests.fail(now, request, 'cancelled');
  }

  /** An ACK with a response. */
  handlePiggyBacked(now: Instant, peer: Peer, message: Message): void {
    const transmission = this.#reliability.findFormer(peer.key, message.messageId);
    const request = transmission?.owner;
    if (transmission === undefined) this.#core.counters.dropped_unknown_ack += 1;
    else if (!(request instanceof ClientRequest)) this.#core.counters.dropped_token_mismatch += 1;
    else if (!bytesEqual(request.token, message.token)) {
      this.#core.counters.dropped_token_mismatch += 1;
      const effect = isIdempotent(request.parts.code) ? 'idempotent' : 'not_idempotent';
      if (transmission.messageId === message.messageId) this.#reliability.replaceId(now, transmission, effect);
    } else this.#requests.handleResponse(now, request, message, criticalProblem(message, isUnderstood));
  }

  /** A CON or NON response or notification that is no duplicate; `reset` when it deserves a Reset, `foreign` one for a token of another. */
  handleSeparate(now: Instant, peer: Peer, message: Message): 'reset' | 'foreign' | 'handled' {
    const tokenKey = message.tokenKey();
    const request = this.#requests.byToken(tokenKey);
    const observer = this.#observations.peerOf(tokenKey);
    if (request === undefined && observer === undefined) {
      this.#core.counters.dropped_unknown_token += 1;
      return 'reset';
    }
    const answers = request?.lane.peer.key === peer.key && !isNotification(request, observer, message);
    if (!answers && observer?.key !== peer.key) {
      this.#core.counters.dropped_foreign_token += 1;
      const owner = observer ?? request?.lane.peer;
      if (owner === undefined || (owner.identity === undefined && peer.identity === undefined)) return 'handled';
      this.#core.emit({ type: 'foreign', peer, owner });
      return 'foreign';
    }
    const problem = criticalProblem(message, isUnderstood);
    if (answers) {
      if (problem === undefined) this.#accept(now, peer, message);
      this.#requests.handleResponse(now, request, message, problem);
    } else if (problem === undefined) this.#observations.handleNotification(now, peer, message, tokenKey);
    else this.#core.counters.dropped_bad_option += 1;
    return problem !== undefined && message.type === MessageType.CON ? 'reset' : 'handled';
  }

  began(now: Instant, request: ClientRequest, message: Message): void {
    if (accepts(request, message)) this.#observations.begin(now, request, message);
  }

  responded(now: Instant, request: ClientRequest, message: Message, body: Uint8Array): void {
    const { parts, lane } = request;
    const tokenKey = tokenKeyOf(parts.token);
    if (request.response === undefined) {
      if (accepts(request, message)) this.#observations.begin(now, request, message);
      else if (parts.observe !== undefined) this.#observations.forget(tokenKey);
    } else if (parts.observe === 'cancel') this.#observations.forget(tokenKey);
    const observing = parts.observe === 'register' && this.#observations.peerOf(tokenKey) !== undefined;
    this.#core.emit({ type: 'response', request: request.id, peer: lane.peer, message, body, observing });
  }

  failed(_now: Instant, request: ClientRequest, reason: RequestFailure): void {
    const { parts, lane, response, sent } = request;
    if (parts.observe === 'register' && response !== undefined) this.#observations.forget(tokenKeyOf(parts.token));
    this.#core.emit({ type: 'requestFailed', request: request.id, peer: lane.peer, reason, sent: sent ? 'yes' : 'no' });
  }

  /** Remembers a separate response and acknowledges it at once when it asks for that (RFC 7252 §5.2.2). */
  #accept(now: Instant, peer: Peer, message: Message): void {
    const { duplicates, peers } = this.#core;
    const confirmable = message.type === MessageType.CON;
    const entry = duplicates.add(now, peers.obtain(peer), message.messageId, confirmable ? 'con' : 'non');
    if (!confirmable) {
      duplicates.setReaction(entry, Reaction.SILENT);
      return;
    }
    const bytes = encodeEmpty(MessageType.ACK, message.messageId);
    duplicates.keepAnswer(entry, bytes);
    this.#core.send(peer, bytes);
  }
}

/** While an observation is being cancelled, what carries Observe is still a notification of it. */
function isNotification(request: ClientRequest, observer: Peer | undefined, message: Message): boolean {
  return observer !== undefined && request.parts.observe === 'cancel' && message.has(OptionNumber.OBSERVE);
}

/** Whether a response accepts the observation its request asked for (RFC 7641 §3.1). */
function accepts(request: ClientRequest, message: Message): boolean {
  return request.parts.observe === 'register' && isSuccess(message.code) && message.has(OptionNumber.OBSERVE);
}
