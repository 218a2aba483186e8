/**
 * Requests of ours (RFC 7252 §5.2, §5.3): tokens, piggy-backed and separate responses, bodies in blocks both ways
 * (RFC 7959), one answer to a challenge (RFC 9175 §2.3). A request keeps its place on the lane from its first block to its
 * last.
 */

import { ChurnMap, Milliseconds, after } from '#base';
import type { Instant, Permit } from '#base';
import { blockSize, Code, isSuccess, MessageType, OptionNumber, szxFor, tokenKeyOf, uintOption } from '#coap/codec';
import type { Message } from '#coap/codec';
import { ClientRequest } from './client-request.js';
import type { RequestDriver, RequestListener } from './client-request.js';
import type { Core } from './core.js';
import type { Counters } from './counters.js';
import { isStreamed } from './events.js';
import type { ObservedRequest, OutgoingRequest, RequestFailure, RequestId } from './events.js';
import type { Lane } from './lane.js';
import type { Reliability } from './reliability.js';
import { RequestBody } from './request-body.js';
import { blockOf, ResponseBody } from './response-body.js';

/** All requests of ours that are not over. */
export class Requests implements RequestDriver {
  readonly #core: Core;
  readonly #reliability: Reliability;
  readonly #buffered: Permit;
  readonly #byId = new ChurnMap<RequestId, ClientRequest>();
  readonly #byToken = new ChurnMap<string, ClientRequest>();
  readonly #byBody = new ChurnMap<number, ClientRequest>();
  #lastId = 0;

  /** `buffered` counts the bytes of half received bodies. */
  constructor(core: Core, reliability: Reliability, buffered: Permit) {
    this.#core = core;
    this.#reliability = reliability;
    this.#buffered = buffered;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Streamed bodies on their way out. */
  get bodies(): number {
    return this.#byBody.size;
  }

  /** Takes a request on, or fails it at once when a limit is reached. */
  request(now: Instant, request: OutgoingRequest, listener: RequestListener, room: 'room' | 'no_room'): RequestId {
    const lane = this.#reliability.lane(request.peer);
    const { queuePerPeer, requestsTotal, nstart } = this.#core.parameters;
    const waits = lane.active.length >= nstart || lane.waiting.length > 0 || lane.budget !== undefined;
    const full = (waits && lane.waiting.length >= queuePerPeer) || this.#byId.size >= requestsTotal;
    const { payload } = request;
    const made = this.#make(lane, request, request.token ?? this.#core.randomBytes(TOKEN_LENGTH), listener);
    this.#byId.set(made.id, made);
    if (isStreamed(payload)) this.#byBody.set(payload.id, made);
    if (full || room === 'no_room') this.fail(now, made, 'queue_full');
    else this.#reliability.enqueue(now, made, 'last');
    return made.id;
  }

  /** Fetches the rest of a notification whose first block came, with a token of its own (RFC 7959 §2.6). */
  fetchRest(
    now: Instant,
    peer: OutgoingRequest['peer'],
    observed: ObservedRequest,
    first: Message,
    listener: RequestListener,
  ): ClientRequest | undefined {
    const lane = this.#reliability.lane(peer);
    const made = this.#make(lane, { peer, ...observed }, this.#core.randomBytes(TOKEN_LENGTH), listener);
    made.response = this.#responseBody(first);
    if (made.response.accept(first) !== 'next') {
      made.response.release();
      return undefined;
    }
    this.#byId.set(made.id, made);
    this.#reliability.enqueue(now, made, 'first');
    return made;
  }

  find(id: RequestId): ClientRequest | undefined {
    return this.#byId.get(id);
  }

  /** The request in flight under a token. */
  byToken(tokenKey: string): ClientRequest | undefined {
    return this.#byToken.get(tokenKey);
  }

  begin(now: Instant, request: ClientRequest): void {
    this.#byToken.set(request.tokenKey, request);
    const { body, options } = request.parts;
    const tagged = options.some((option) => option.number === OptionNumber.REQUEST_TAG);
    if (body?.block !== undefined && !tagged && (request.lane.tagUntil > now || sendsAnother(request))) {
      request.lane.tag += 1;
      request.requestTag = uintOption(OptionNumber.REQUEST_TAG, request.lane.tag).value;
    }
    this.#step(now, request);
  }

  /** The empty ACK came: wait for the separate response. */
  acknowledged(now: Instant, request: ClientRequest): void {
    this.#stop(request);
    this.#core.timers.set(request, after(now, Milliseconds(this.#core.parameters.separateResponseWait)));
  }

  /** A Reset that belongs to no confirmable message: perhaps to a non-confirmable request. */
  handleReset(now: Instant, lane: Lane, messageId: number): boolean {
    const request = lane.active.find((turn) => turn instanceof ClientRequest && turn.lastId === messageId);
    request?.fail(now, 'reset');
    return request !== undefined;
  }

  /** A response that belongs to the request, by message id and token or by token and peer. */
  handleResponse(now: Instant, request: ClientRequest, message: Message, problem: number | undefined): void {
    const { body } = request.parts;
    if (request.wanted !== undefined || request.response?.isStale(message) || body?.isStale(message)) return;
    this.#core.counters.responses_received += 1;
    this.#stop(request);
    this.#reliability.prove(now, request.lane);
    this.#core.sink.proven?.();
    if (problem !== undefined) {
      this.#core.counters.dropped_bad_option += 1;
      this.fail(now, request, 'bad_response');
      return;
    }
    const echo = message.first(OptionNumber.ECHO);
    if (message.code === Code.UNAUTHORIZED && echo !== undefined && request.echo === undefined) {
      request.echo = Uint8Array.from(echo);
      body?.rewind();
      this.#step(now, request);
      return;
    }
    if (request.response !== undefined && isSuccess(message.code)) this.#handleBlock(now, request, message);
    else if (request.response !== undefined || body === undefined) this.#handleFinal(now, request, message);
    else this.#handleBlockAnswer(now, request, body, message);
  }

  /** The owner of a streamed body hands in the piece that was asked for. Whether a request wanted it. */
  feed(now: Instant, body: number, offset: number, bytes: Uint8Array): boolean {
    const request = this.#byBody.get(body);
    const wanted = request?.wanted;
    if (request === undefined) return false;
    if (wanted === undefined || wanted.offset !== offset) return true;
    request.wanted = undefined;
    this.#core.timers.clear(request);
    if (bytes.length !== wanted.length) this.fail(now, request, 'body_failed');
    else this.#transmit(now, request, bytes);
    return true;
  }

  /** The owner of a streamed body cannot go on. Whether a request used it. */
  failBody(now: Instant, body: number): boolean {
    const request = this.#byBody.get(body);
    if (request !== undefined) this.fail(now, request, 'body_failed');
    return request !== undefined;
  }

  fail(now: Instant, request: ClientRequest, reason: RequestFailure): void {
    if (request.ended) return;
    const { body } = request.parts;
    if (body?.underway || (body?.block !== undefined && request.sent)) {
      request.lane.tagUntil = now + this.#core.spans.exchangeLifetime;
    }
    this.#stop(request);
    this.#core.counters[FAILED[reason]] += 1;
    request.listener.failed(now, request, reason);
    this.#end(now, request);
  }

  #make(lane: Lane, request: OutgoingRequest, token: Uint8Array, listener: RequestListener): ClientRequest {
    const { blockSize: most, transferRestarts } = this.#core.parameters;
    const largest = Math.min(request.preferredBlockSize ?? most, most);
    const { payload } = request;
    this.#lastId += 1;
    return new ClientRequest(this, lane, {
      id: this.#lastId,
      code: request.code,
      options: request.options,
      type: request.type ?? MessageType.CON,
      token,
      observe: request.observe,
      body: payload === undefined ? undefined : new RequestBody(payload, largest, transferRestarts),
      preferredBlockSize: request.preferredBlockSize === undefined ? undefined : largest,
      listener,
    });
  }

  /** Sends the next datagram of a request, or asks for the piece of the body it carries. */
  #step(now: Instant, request: ClientRequest): void {
    const body = request.stepBody;
    const { payload } = body ?? {};
    if (body?.reachesEnd === false) {
      this.fail(now, request, 'too_large');
      return;
    }
    if (body === undefined || payload === undefined) {
      this.#transmit(now, request, undefined);
    } else if (!isStreamed(payload)) {
      this.#transmit(now, request, payload.subarray(body.offset, body.offset + body.length));
    } else if (body.length === 0) {
      this.#transmit(now, request, undefined);
    } else {
      request.wanted = { offset: body.offset, length: body.length };
      this.#core.timers.set(request, after(now, Milliseconds(this.#core.parameters.bodyWait)));
      this.#core.emit({ type: 'bodyWanted', body: payload.id, offset: body.offset, length: body.length });
    }
  }

  #transmit(now: Instant, request: ClientRequest, piece: Uint8Array | undefined): void {
    const bytes = request.encode(piece);
    this.#core.counters.requests_sent += 1;
    if (request.parts.type === MessageType.CON) {
      request.transmission = this.#reliability.confirm(now, request.lane, bytes, request, 'request');
      return;
    }
    const id = this.#reliability.unconfirmed(now, request.lane, bytes, 'request');
    if (id === undefined) {
      this.fail(now, request, 'queue_full');
      return;
    }
    request.left = true;
    request.lastId = id;
    this.#core.timers.set(request, after(now, Milliseconds(this.#core.parameters.separateResponseWait)));
  }

  /** The answer to a block of the request's body, or to the whole. */
  #handleBlockAnswer(now: Instant, request: ClientRequest, body: RequestBody, message: Message): void {
    const verdict = body.judge(message);
    if (verdict === 'final') this.#handleFinal(now, request, message);
    else if (verdict === 'bad') this.fail(now, request, 'bad_response');
    else this.#step(now, request);
  }

  /** The response proper: whole, one chosen block, or the first of several. */
  #handleFinal(now: Instant, request: ClientRequest, message: Message): void {
    const block = blockOf(message, OptionNumber.BLOCK2);
    if (block === undefined && message.has(OptionNumber.BLOCK2)) {
      this.fail(now, request, 'bad_response');
    } else if (block === undefined || request.picksBlock || !isSuccess(message.code)) {
      this.#succeed(now, request, message, message.payload);
    } else if (block.num !== 0 || message.payloadLength > blockSize(block.szx)) {
      this.fail(now, request, 'bad_response');
    } else if (!block.more) {
      this.#succeed(now, request, message, message.payload);
    } else {
      request.response = this.#responseBody(message);
      request.listener.began(now, request, message);
      if (request.parts.observe !== undefined) this.#changeToken(request);
      this.#handleBlock(now, request, message);
    }
  }

  #handleBlock(now: Instant, request: ClientRequest, message: Message): void {
    const response = request.response as ResponseBody;
    const verdict = response.accept(message);
    if (verdict === 'complete') this.#succeed(now, request, response.first, response.take());
    else if (verdict === 'bad') this.fail(now, request, 'bad_response');
    else if (verdict === 'too_large') this.fail(now, request, 'too_large');
    else this.#step(now, request);
  }

  #succeed(now: Instant, request: ClientRequest, message: Message, body: Uint8Array): void {
    request.listener.responded(now, request, message, body);
    this.#end(now, request);
  }

  #end(now: Instant, request: ClientRequest): void {
    request.ended = true;
    request.response?.release();
    this.#byId.delete(request.id);
    this.#dropToken(request);
    const payload = request.parts.body?.payload;
    if (isStreamed(payload) && this.#byBody.get(payload.id) === request) {
      this.#byBody.delete(payload.id);
      this.#core.emit({ type: 'bodyDone', body: payload.id });
    }
    this.#reliability.finish(now, request);
  }

  /** Nothing is in flight any more, nor waited for. */
  #stop(request: ClientRequest): void {
    if (request.transmission !== undefined) {
      request.left ||= request.transmission.messageId >= 0;
      this.#reliability.stop(request.transmission);
      request.transmission = undefined;
    }
    request.wanted = undefined;
    this.#core.timers.clear(request);
  }

  #changeToken(request: ClientRequest): void {
    this.#dropToken(request);
    request.token = this.#core.randomBytes(TOKEN_LENGTH);
    request.tokenKey = tokenKeyOf(request.token);
    this.#byToken.set(request.tokenKey, request);
  }

  #dropToken(request: ClientRequest): void {
    if (this.#byToken.get(request.tokenKey) === request) this.#byToken.delete(request.tokenKey);
  }

  #responseBody(first: Message): ResponseBody {
    const { blockSize: most, bodyBytes, transferRestarts } = this.#core.parameters;
    return new ResponseBody(first, szxFor(most), this.#buffered, bodyBytes, transferRestarts);
  }
}

/** Whether another body in blocks is on its way to the same peer (RFC 9175 §3.3). */
function sendsAnother(request: ClientRequest): boolean {
  return request.lane.active.some(
    (turn) => turn !== request && turn instanceof ClientRequest && turn.parts.body?.block !== undefined,
  );
}

const TOKEN_LENGTH = 8;
/** What each failure is counted as. */
const FAILED = {
  timeout: 'requests_failed_timeout',
  reset: 'requests_failed_reset',
  unreachable: 'requests_failed_unreachable',
  cancelled: 'requests_failed_cancelled',
  queue_full: 'requests_failed_queue_full',
  bad_response: 'requests_failed_bad_response',
  too_large: 'requests_failed_too_large',
  body_failed: 'requests_failed_body_failed',
} as const satisfies Record<RequestFailure, keyof Counters>;
