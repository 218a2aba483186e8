/**
 * The way of a received request up to its event (RFC 7252 §4.2, §5.4, §5.2): duplicates are answered as before, critical
 * options judged, bodies in blocks joined, later blocks of a kept answer served.
 */

import type { Instant, Peer } from '#base';
import { Code, criticalProblem, encodeEmpty, MessageType, OptionNumber } from '#coap/codec';
import type { Message } from '#coap/codec';
import type { Core } from './core.js';
import type { Downloads } from './downloads.js';
import { Reaction } from './duplicates.js';
import type { Exchange, Exchanges } from './exchanges.js';
import type { PeerState } from './peers.js';
import type { Relations } from './relations.js';
import { blockOf } from './response-body.js';
import { isUnderstood } from './understood.js';
import type { Uploads } from './uploads.js';

/** Handles requests of peers. */
export class Server {
  readonly #core: Core;
  readonly #exchanges: Exchanges;
  readonly #uploads: Uploads;
  readonly #downloads: Downloads;
  readonly #relations: Relations;
  /** Whether the request at hand has a block option: noticed while its critical options are judged, to walk them once. */
  #inBlocks = false;
  readonly #judge = (option: number): boolean => {
    if (option === OptionNumber.BLOCK1 || option === OptionNumber.BLOCK2) this.#inBlocks = true;
    return isUnderstood(option);
  };

  constructor(core: Core, exchanges: Exchanges, uploads: Uploads, downloads: Downloads, relations: Relations) {
    this.#core = core;
    this.#exchanges = exchanges;
    this.#uploads = uploads;
    this.#downloads = downloads;
    this.#relations = relations;
  }

  /** A CON or NON request. */
  handleRequest(now: Instant, peer: Peer, message: Message): void {
    const { peers, duplicates, counters, parameters } = this.#core;
    const state = peers.obtain(peer);
    const known = duplicates.find(state, message.messageId);
    if (known >= 0) {
      counters.duplicates += 1;
      if (!this.replay(peer, known)) this.#rebuild(now, state, known, message);
      return;
    }
    if (state.exchanges >= parameters.exchangesPerPeer || this.#exchanges.size >= parameters.exchangesTotal) {
      counters.dropped_exchanges_full += 1;
      peers.release(state);
      return;
    }
    counters.requests_received += 1;
    const confirmable = message.type === MessageType.CON;
    const entry = duplicates.add(now, state, message.messageId, confirmable ? 'con' : 'non');
    const problem = this.#walkOptions(message);
    if (problem !== undefined && !confirmable) {
      counters.dropped_bad_option += 1;
      duplicates.setReaction(entry, Reaction.SILENT);
      return;
    }
    const exchange = this.#exchanges.open(now, state, message, entry);
    if (problem !== undefined) this.#refuseOption(now, exchange, problem);
    else if (this.#inBlocks) this.#handleBlocks(now, state, message, exchange);
    else this.#emit(now, state, exchange, message, message.payload, message.bytes.length);
  }

  /** Answers a duplicate as before, or with silence. False when the answer has to be rebuilt. */
  replay(peer: Peer, entry: number): boolean {
    const { duplicates } = this.#core;
    const reaction = duplicates.reaction(entry);
    if (reaction === Reaction.REBUILD) return false;
    if (reaction === Reaction.ANSWERED) this.#core.send(peer, duplicates.answer(entry));
    if (reaction === Reaction.ACKNOWLEDGED) {
      this.#core.send(peer, encodeEmpty(MessageType.ACK, duplicates.messageId(entry)));
    }
    return true;
  }

  /** The answer was a block too large to keep: it is served again from the body, when that is still there. */
  #rebuild(now: Instant, state: PeerState, entry: number, message: Message): void {
    const download = this.#downloads.find(state, message);
    if (download === undefined) return;
    this.#core.duplicates.setReaction(entry, Reaction.OPEN);
    const exchange = this.#exchanges.open(now, state, message, entry);
    exchange.block1 = blockOf(message, OptionNumber.BLOCK1);
    exchange.block2 = blockOf(message, OptionNumber.BLOCK2);
    this.#exchanges.serve(now, exchange, download, exchange.block2 ?? this.#exchanges.firstBlock);
  }

  /** The number of an option that must be refused; `#inBlocks` is set on the way. */
  #walkOptions(message: Message): number | undefined {
    this.#inBlocks = false;
    return message.optionCount === 0 ? undefined : criticalProblem(message, this.#judge);
  }

  /** RFC 7252 §5.4.1, §5.7.2. */
  #refuseOption(now: Instant, exchange: Exchange, option: number): void {
    this.#core.counters.bad_options_answered += 1;
    const proxy = option === OptionNumber.PROXY_URI || option === OptionNumber.PROXY_SCHEME;
    this.#exchanges.refuse(now, exchange, proxy ? Code.PROXYING_NOT_SUPPORTED : Code.BAD_OPTION);
  }

  /** A request with Block1, Block2 or both (RFC 7959 §2, §3.3). */
  #handleBlocks(now: Instant, state: PeerState, message: Message, exchange: Exchange): void {
    const block1 = blockOf(message, OptionNumber.BLOCK1);
    const block2 = blockOf(message, OptionNumber.BLOCK2);
    const reserved =
      (block1 === undefined && message.has(OptionNumber.BLOCK1)) ||
      (block2 === undefined && message.has(OptionNumber.BLOCK2));
    if (reserved) {
      this.#exchanges.refuse(now, exchange, Code.BAD_REQUEST);
      return;
    }
    exchange.block2 = block2;
    if (block1 === undefined) {
      this.#handleWhole(now, state, exchange, message, message.payload, message.bytes.length);
      return;
    }
    const outcome = this.#uploads.receive(now, state, message, block1);
    if (outcome.kind === 'whole') {
      exchange.block1 = block1;
      this.#handleWhole(now, state, exchange, outcome.first, outcome.body, outcome.received);
      return;
    }
    if (outcome.code !== Code.CONTINUE) exchange.block1 = block1;
    this.#exchanges.refuse(now, exchange, outcome.code, outcome.options);
  }

  /** The body is whole: a later block of a kept answer is served, all else is for the application. */
  #handleWhole(
    now: Instant,
    state: PeerState,
    exchange: Exchange,
    message: Message,
    body: Uint8Array,
    received: number,
  ): void {
    const { block2 } = exchange;
    if (block2 !== undefined && block2.num > 0) {
      const kept = this.#downloads.find(state, message);
      if (kept !== undefined) {
        this.#exchanges.serve(now, exchange, kept, block2);
        return;
      }
      if (!asksAlone(message)) {
        this.#exchanges.refuse(now, exchange, Code.REQUEST_ENTITY_INCOMPLETE);
        return;
      }
    }
    this.#emit(now, state, exchange, message, body, received);
  }

  #emit(
    now: Instant,
    state: PeerState,
    exchange: Exchange,
    message: Message,
    body: Uint8Array,
    received: number,
  ): void {
    exchange.body = body;
    this.#relations.noticeRequest(now, state, message);
    this.#core.emit({ type: 'request', exchange: exchange.id, peer: state.peer, message, body, received });
  }
}

/** Whether a request for a later block says all that is needed to make the body again, and makes it without effect. */
function asksAlone(message: Message): boolean {
  return message.code === Code.GET || (message.code === Code.FETCH && message.payloadLength > 0);
}
