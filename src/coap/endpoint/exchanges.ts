/**
 * Received requests and their answers (RFC 7252 §5.2): piggy-backed, separate after an empty ACK, or non-confirmable; in
 * blocks when large (RFC 7959). A request answered at once costs neither a timer nor an object: exchanges are used again,
 * and wait for their empty ACK in one list by age.
 */

import { ChurnMap, EMPTY, Instant } from '#base';
import {
  blockOption,
  blockSize,
  Code,
  encodeBareAnswer,
  encodeEmpty,
  encodeMessage,
  isSuccess,
  MessageType,
  OptionNumber,
  szxFor,
} from '#coap/codec';
import type { Block, Message, Option } from '#coap/codec';
import type { Core } from './core.js';
import type { BlockSink, Download, Downloads } from './downloads.js';
import { Reaction } from './duplicates.js';
import type { EntryOwner } from './duplicates.js';
import { isStreamed } from './events.js';
import type { ExchangeId, OutgoingResponse } from './events.js';
import type { Transmission, TransmissionOwner } from './lane.js';
import type { PeerState } from './peers.js';
import { observeOption } from './relations.js';
import type { Relation, Relations } from './relations.js';
import type { Reliability } from './reliability.js';
import { bodyKey, transferKey } from './transfer-key.js';

/** A received request until it is answered. Used again afterwards, under another id. */
export class Exchange implements EntryOwner, BlockSink {
  id: ExchangeId;
  entry = -1;
  /** Undefined while the exchange is free. */
  state: PeerState | undefined = undefined;
  /** The message to answer: of a body in blocks the last block. */
  message: Message | undefined = undefined;
  body: Uint8Array = EMPTY;
  block1: Block | undefined = undefined;
  block2: Block | undefined = undefined;
  /** The application answered; a piece of the body is awaited. */
  answered = false;
  acknowledged = false;
  /** When the empty ACK leaves, and the neighbours in the list of those that wait for it. */
  ackAt: Instant = Instant(0);
  waits = false;
  earlier: Exchange | undefined = undefined;
  later: Exchange | undefined = undefined;
  relation: Relation | undefined = undefined;
  /** The Observe option that accepts the observation. */
  observe: Option | undefined = undefined;
  readonly #exchanges: Exchanges;

  constructor(exchanges: Exchanges, id: ExchangeId) {
    this.#exchanges = exchanges;
    this.id = id;
  }

  block(now: Instant, download: Download, options: readonly Option[], piece: Uint8Array): void {
    this.#exchanges.sendBlock(now, this, download, options, piece);
  }

  beyondEnd(now: Instant): void {
    this.#exchanges.send(now, this, Code.BAD_REQUEST, NONE, EMPTY);
  }

  bodyFailed(now: Instant): void {
    this.#exchanges.send(now, this, Code.INTERNAL_SERVER_ERROR, NONE, EMPTY);
  }
}

/** All received requests without an answer. */
export class Exchanges implements TransmissionOwner {
  readonly #core: Core;
  readonly #reliability: Reliability;
  readonly #downloads: Downloads;
  readonly #relations: Relations;
  readonly #slots: Exchange[] = [];
  readonly #free: Exchange[] = [];
  #first: Exchange | undefined = undefined;
  #last: Exchange | undefined = undefined;
  /** Relations whose accepting answer went separately. */
  readonly #accepting = new ChurnMap<Transmission, Relation>();

  constructor(core: Core, reliability: Reliability, downloads: Downloads, relations: Relations) {
    this.#core = core;
    this.#reliability = reliability;
    this.#downloads = downloads;
    this.#relations = relations;
  }

  get size(): number {
    return this.#slots.length - this.#free.length;
  }

  /** Opens an exchange for a request remembered under `entry`. */
  open(now: Instant, state: PeerState, message: Message, entry: number): Exchange {
    let exchange = this.#free.pop();
    if (exchange === undefined) {
      exchange = new Exchange(this, this.#slots.length);
      this.#slots.push(exchange);
    }
    exchange.state = state;
    exchange.message = message;
    state.exchanges += 1;
    this.#core.duplicates.own(entry, exchange);
    if (message.type === MessageType.CON) this.#await(now, exchange);
    return exchange;
  }

  /** The open exchange with an id. */
  find(id: ExchangeId): Exchange | undefined {
    const exchange = this.#slots[id % SLOTS];
    return exchange?.id === id && exchange.state !== undefined && !exchange.answered ? exchange : undefined;
  }

  /** The application's answer. An exchange that is gone takes none: what it streams is released. */
  respond(now: Instant, id: ExchangeId, response: OutgoingResponse): void {
    const exchange = this.find(id);
    const { payload } = response;
    if (exchange === undefined) {
      this.#core.counters.dropped_answers_late += 1;
      if (isStreamed(payload)) this.#core.emit({ type: 'bodyDone', body: payload.id });
      return;
    }
    const { code, options = NONE } = response;
    if (response.observe !== undefined) {
      exchange.relation = this.#relations.accept(now, exchange, code);
      if (exchange.relation !== undefined) exchange.observe = observeOption(response.observe.sequence);
    }
    const { block2 } = exchange;
    if (payload === undefined) this.send(now, exchange, code, options, EMPTY);
    else if (isStreamed(payload) || !this.#fits(payload.length, block2)) {
      this.#respondInBlocks(now, exchange, code, options, payload);
    } else if (block2 === undefined) this.send(now, exchange, code, options, payload);
    else this.send(now, exchange, code, [...options, blockOption(OptionNumber.BLOCK2, block2)], payload);
  }

  /** Serves a later block of a body that is kept. */
  serve(now: Instant, exchange: Exchange, download: Download, block: Block): void {
    exchange.answered = true;
    const szx = Math.min(block.szx, szxFor(this.#core.parameters.blockSize));
    this.#downloads.serve(now, download, (block.num * blockSize(block.szx)) / blockSize(szx), szx, exchange);
  }

  /** Block 0 in our largest size. */
  get firstBlock(): Block {
    return { num: 0, more: false, szx: szxFor(this.#core.parameters.blockSize) };
  }

  /** Answers without asking the application. */
  refuse(now: Instant, exchange: Exchange, code: number, options: readonly Option[] = NONE): void {
    this.send(now, exchange, code, options, EMPTY);
  }

  /** No answer: the request, when it comes again, is new. */
  ignore(id: ExchangeId): void {
    const exchange = this.find(id);
    if (exchange === undefined) return;
    const { entry } = exchange;
    this.#close(exchange);
    if (entry >= 0) this.#core.duplicates.remove(entry);
  }

  /** Sends a block of a kept body as the answer. */
  sendBlock(now: Instant, exchange: Exchange, download: Download, options: readonly Option[], piece: Uint8Array): void {
    const whole = piece.length === download.size && exchange.block2 === undefined;
    this.send(now, exchange, download.parts.code, whole ? download.parts.options : options, piece);
  }

  /** Sends the answer and closes the exchange. */
  send(now: Instant, exchange: Exchange, code: number, options: readonly Option[], payload: Uint8Array): void {
    const { entry } = exchange;
    const message = exchange.message as Message;
    const state = exchange.state as PeerState;
    const all = exchange.block1 === undefined && exchange.observe === undefined ? options : steered(exchange, options);
    const piggyBacked = message.type === MessageType.CON && !exchange.acknowledged;
    const type = piggyBacked ? MessageType.ACK : message.type;
    const messageId = piggyBacked ? message.messageId : 0;
    const bytes =
      all.length + payload.length === 0
        ? encodeBareAnswer(type, code, messageId, message)
        : encodeMessage({ type, code, messageId, token: message.token, options: all, payload });
    if (piggyBacked) {
      if (entry >= 0) this.#remember(entry, bytes);
      this.#core.send(state.peer, bytes);
    } else {
      this.#sendSeparately(now, exchange, state, bytes);
    }
    // The newest creation is remembered longest, because running it twice creates twice.
    if (entry >= 0 && isCreation(message, code, options)) this.#core.duplicates.keepLongest(entry);
    this.#close(exchange);
  }

  /** Sends the empty ACKs that are due. */
  handleTimeout(now: Instant): void {
    for (let exchange = this.#first; exchange !== undefined && exchange.ackAt <= now; exchange = this.#first) {
      this.#unlist(exchange);
      const { messageId } = exchange.message as Message;
      exchange.acknowledged = true;
      if (exchange.entry >= 0) this.#core.duplicates.setReaction(exchange.entry, Reaction.ACKNOWLEDGED);
      this.#core.counters.empty_acks_sent += 1;
      this.#core.send((exchange.state as PeerState).peer, encodeEmpty(MessageType.ACK, messageId));
    }
  }

  /** When the next empty ACK is due. */
  nextDeadline(): Instant | undefined {
    return this.#first?.ackAt;
  }

  acknowledged(_now: Instant, transmission: Transmission): void {
    this.#accepting.delete(transmission);
  }

  wasReset(now: Instant, transmission: Transmission): void {
    this.#endRelation(now, transmission, 'reset');
  }

  gaveUp(now: Instant, transmission: Transmission): void {
    this.#core.counters.dropped_answers_given_up += 1;
    this.#endRelation(now, transmission, 'timeout');
  }

  #respondInBlocks(
    now: Instant,
    exchange: Exchange,
    code: number,
    options: readonly Option[],
    payload: NonNullable<OutgoingResponse['payload']>,
  ): void {
    exchange.answered = true;
    const message = exchange.message as Message;
    const download = this.#downloads.open(now, exchange.state as PeerState, {
      key: transferKey(message),
      bodyKey: bodyKey(message.code, exchange.body),
      code,
      options,
      payload,
    });
    if (download === undefined) {
      this.send(now, exchange, Code.SERVICE_UNAVAILABLE, NONE, EMPTY);
      return;
    }
    const asked = isSuccess(code) ? exchange.block2 : undefined;
    this.serve(now, exchange, download, asked ?? this.firstBlock);
  }

  /** Whether a body goes in one message that can be kept for duplicates. */
  #fits(length: number, asked: Block | undefined): boolean {
    const { blockSize: largest, answerCacheBytes } = this.#core.parameters;
    if (length > largest || length + OPTIONS_ROOM > answerCacheBytes) return false;
    return asked === undefined || (asked.num === 0 && length <= blockSize(asked.szx));
  }

  #sendSeparately(now: Instant, exchange: Exchange, state: PeerState, bytes: Uint8Array): void {
    const lane = this.#reliability.lane(state.peer);
    if ((exchange.message as Message).type === MessageType.NON) {
      if (exchange.entry >= 0) this.#core.duplicates.setReaction(exchange.entry, Reaction.SILENT);
      this.#reliability.unconfirmed(now, lane, bytes, 'answer');
      return;
    }
    const transmission = this.#reliability.confirm(now, lane, bytes, this, 'answer');
    if (exchange.relation !== undefined) this.#accepting.set(transmission, exchange.relation);
  }

  /** Keeps the answer for duplicates. */
  #remember(entry: number, bytes: Uint8Array): void {
    const { duplicates, parameters } = this.#core;
    if (bytes.length <= parameters.answerCacheBytes) duplicates.keepAnswer(entry, bytes);
    else duplicates.setReaction(entry, Reaction.REBUILD);
  }

  #endRelation(now: Instant, transmission: Transmission, reason: 'reset' | 'timeout'): void {
    const relation = this.#accepting.get(transmission);
    this.#accepting.delete(transmission);
    if (relation !== undefined) this.#relations.end(now, relation, reason);
  }

  #await(now: Instant, exchange: Exchange): void {
    exchange.ackAt = Instant(now + this.#core.parameters.processingTime);
    exchange.waits = true;
    exchange.earlier = this.#last;
    if (this.#last === undefined) this.#first = exchange;
    else this.#last.later = exchange;
    this.#last = exchange;
  }

  #unlist(exchange: Exchange): void {
    if (!exchange.waits) return;
    exchange.waits = false;
    const { earlier, later } = exchange;
    if (earlier === undefined) this.#first = later;
    else earlier.later = later;
    if (later === undefined) this.#last = earlier;
    else later.earlier = earlier;
    exchange.earlier = undefined;
    exchange.later = undefined;
  }

  #close(exchange: Exchange): void {
    const state = exchange.state as PeerState;
    this.#unlist(exchange);
    if (exchange.entry >= 0) this.#core.duplicates.disown(exchange.entry);
    exchange.id += SLOTS;
    exchange.state = undefined;
    exchange.message = undefined;
    exchange.body = EMPTY;
    exchange.block1 = undefined;
    exchange.block2 = undefined;
    exchange.relation = undefined;
    exchange.observe = undefined;
    exchange.answered = false;
    exchange.acknowledged = false;
    this.#free.push(exchange);
    state.exchanges -= 1;
    this.#core.peers.release(state);
  }
}

/** Whether an answer says that the request created a resource. */
function isCreation(request: Message, code: number, options: readonly Option[]): boolean {
  return (
    code === Code.CREATED &&
    request.code === Code.POST &&
    options.some((option) => option.number === OptionNumber.LOCATION_PATH)
  );
}

/** The options of an answer with those that steer the exchange. */
function steered(exchange: Exchange, options: readonly Option[]): Option[] {
  const all = [...options];
  if (exchange.block1 !== undefined) all.push(blockOption(OptionNumber.BLOCK1, { ...exchange.block1, more: false }));
  if (exchange.observe !== undefined) all.push(exchange.observe);
  return all;
}

const NONE: readonly Option[] = [];
/** Bytes left for token and options beside a payload that is to be kept for duplicates. */
const OPTIONS_ROOM = 128;
/** Ids of one exchange object lie this far apart: more than exchanges there can be. */
const SLOTS = 2 ** 21;
