/** One request of ours from its queue to its outcome: what was asked, what it waits for, and the datagram of its next step. */

import { EMPTY } from '#base';
import type { Instant } from '#base';
import {
  blockOption,
  bytesOption,
  Code,
  decodeBlock,
  encodeMessage,
  OptionNumber,
  szxFor,
  tokenKeyOf,
  uintOption,
} from '#coap/codec';
import type { Message, Option, MessageType } from '#coap/codec';
import { isStreamed } from './events.js';
import type { OutgoingRequest, RequestFailure, RequestId } from './events.js';
import type { Lane, Timed, Transmission, TransmissionOwner, Turn } from './lane.js';
import type { RequestBody } from './request-body.js';
import type { ResponseBody } from './response-body.js';

/** Who is told how a request went. */
export interface RequestListener {
  /** The first block of a longer response came: the rest is being fetched. */
  began(now: Instant, request: ClientRequest, message: Message): void;
  responded(now: Instant, request: ClientRequest, message: Message, body: Uint8Array): void;
  failed(now: Instant, request: ClientRequest, reason: RequestFailure): void;
}

/** Moves requests on; implemented by Requests. */
export interface RequestDriver {
  begin(now: Instant, request: ClientRequest): void;
  fail(now: Instant, request: ClientRequest, reason: RequestFailure): void;
  acknowledged(now: Instant, request: ClientRequest): void;
}

/** What a request is made of, beside its lane and body. */
export interface RequestParts {
  readonly id: RequestId;
  readonly code: number;
  readonly options: readonly Option[];
  readonly type: MessageType;
  readonly token: Uint8Array;
  readonly observe: OutgoingRequest['observe'];
  readonly body: RequestBody | undefined;
  readonly preferredBlockSize: number | undefined;
  readonly listener: RequestListener;
}

/** A request of ours. */
export class ClientRequest implements Turn, TransmissionOwner, Timed {
  lane: Lane;
  readonly parts: RequestParts;
  readonly listener: RequestListener;
  /** The token now in use; later blocks of an observation's first response have one of their own. */
  token: Uint8Array;
  tokenKey: string;
  response: ResponseBody | undefined = undefined;
  transmission: Transmission | undefined = undefined;
  /** The piece of a streamed body that was asked for. */
  wanted: { readonly offset: number; readonly length: number } | undefined = undefined;
  /** The server's challenge, repeated to it (RFC 9175 §2.3). */
  echo: Uint8Array | undefined = undefined;
  /** Tells this body in blocks apart from an earlier, broken one (RFC 9175 §3). */
  requestTag: Uint8Array | undefined = undefined;
  /** Whether a datagram left in an earlier step. */
  left = false;
  /** Message id of the last non-confirmable datagram, for its Reset. */
  lastId = -1;
  ended = false;
  readonly #driver: RequestDriver;

  constructor(driver: RequestDriver, lane: Lane, parts: RequestParts) {
    this.#driver = driver;
    this.lane = lane;
    this.parts = parts;
    this.listener = parts.listener;
    this.token = parts.token;
    this.tokenKey = tokenKeyOf(parts.token);
  }

  get id(): RequestId {
    return this.parts.id;
  }

  /** Whether any datagram of it left. */
  get sent(): boolean {
    return this.left || (this.transmission !== undefined && this.transmission.messageId >= 0);
  }

  /** Whether the caller asks for one block by its number. */
  get picksBlock(): boolean {
    const option = this.parts.options.find((one) => one.number === OptionNumber.BLOCK2);
    return option !== undefined && (decodeBlock(option.value)?.num ?? 0) > 0;
  }

  /** The body the next step carries a piece of: none once the response is being fetched, save a short FETCH body. */
  get stepBody(): RequestBody | undefined {
    const { body, code } = this.parts;
    if (body === undefined || this.response === undefined) return body;
    return code === Code.FETCH && body.block === undefined && !isStreamed(body.payload) ? body : undefined;
  }

  /** The datagram of the next step, message id left 0, carrying `piece` of the body. */
  encode(piece: Uint8Array | undefined): Uint8Array {
    return encodeMessage({
      type: this.parts.type,
      code: this.parts.code,
      messageId: 0,
      token: this.token,
      options: this.#options(),
      payload: piece ?? EMPTY,
    });
  }

  begin(now: Instant): void {
    this.#driver.begin(now, this);
  }

  fail(now: Instant, reason: RequestFailure): void {
    this.#driver.fail(now, this, reason);
  }

  acknowledged(now: Instant): void {
    this.#driver.acknowledged(now, this);
  }

  wasReset(now: Instant): void {
    this.#driver.fail(now, this, 'reset');
  }

  gaveUp(now: Instant): void {
    this.#driver.fail(now, this, 'timeout');
  }

  due(now: Instant): void {
    this.#driver.fail(now, this, this.wanted === undefined ? 'timeout' : 'body_failed');
  }

  #options(): Option[] {
    const { options, observe, body, preferredBlockSize } = this.parts;
    const fetching = this.response !== undefined;
    const all = fetching ? options.filter((option) => option.number !== OptionNumber.BLOCK2) : [...options];
    if (!fetching && observe !== undefined) all.push(uintOption(OptionNumber.OBSERVE, observe === 'register' ? 0 : 1));
    const block1 = this.stepBody?.block;
    if (block1 !== undefined) {
      all.push(blockOption(OptionNumber.BLOCK1, block1));
      if (block1.num === 0 && body !== undefined) all.push(uintOption(OptionNumber.SIZE1, body.size));
      if (this.requestTag !== undefined) all.push(bytesOption(OptionNumber.REQUEST_TAG, this.requestTag));
    }
    if (this.response !== undefined) {
      all.push(blockOption(OptionNumber.BLOCK2, this.response.next));
    } else if (preferredBlockSize !== undefined && !all.some((option) => option.number === OptionNumber.BLOCK2)) {
      all.push(blockOption(OptionNumber.BLOCK2, { num: 0, more: false, szx: szxFor(preferredBlockSize) }));
    }
    if (this.echo !== undefined) all.push(bytesOption(OptionNumber.ECHO, this.echo));
    return all;
  }
}
