/**
 * Datagram ↔ Message (RFC 7252 §3). Decoding never throws: bytes that are no message are a value that says why.
 *
 *   byte 0: version (2 bits, 1), type (2), token length (4)   byte 1: code   bytes 2-3: message id
 *   token, 0-8 bytes   options: delta and length nibbles, their extensions, value   [FF and a payload of at least one byte]
 */

import { invariant } from '#base';

import { Code } from './codes.js';
import { HEADER, Message, MessageType, type MessageParts } from './message.js';
import type { Option } from './options.js';

/**
 * Why a datagram is no message. Type and message id are there when its header could be read, so that a CON can be answered
 * with RST (RFC 7252 §4.2); not with another version, which is ignored in silence (§3).
 */
export interface Malformed {
  readonly malformed: MalformedReason;
  readonly type?: MessageType;
  readonly messageId?: number;
}

/** Stable reasons, used as metric labels. */
export type MalformedReason =
  /** Fewer than four bytes. */
  | 'too_short'
  | 'version'
  /** A token length of 9 to 15 (§3). */
  | 'token_length'
  | 'truncated_token'
  /** A code of the classes 1, 3, 6 and 7: reserved, or signals, which are for TCP (§12.1, RFC 8323 §2.3). */
  | 'reserved_class'
  /** Code 0.00 and more than the header (§4.1). */
  | 'empty_with_content'
  /** An ACK that carries a request, or an RST that is not empty (§4.2). */
  | 'wrong_type'
  /** A delta or length nibble of 15 (§3.1). */
  | 'option_nibble'
  | 'truncated_option'
  /** Deltas that add up to more than 65,535. */
  | 'option_number'
  /** More options than are allowed: 64 by default. */
  | 'too_many_options'
  /** A payload marker with nothing behind it (§3). */
  | 'empty_payload';

/** Most options a message may have unless a caller says otherwise. */
export const MAX_OPTIONS = 64;

/**
 * Reads a datagram in one pass over all of its bytes but the payload. The message is a view of `bytes`; one of more than
 * `mostOptions` options is malformed.
 */
export function decodeMessage(bytes: Uint8Array, mostOptions: number = MAX_OPTIONS): Message | Malformed {
  const length = bytes.length;
  if (length < HEADER) return length > 0 && (bytes[0] as number) >> 6 !== 1 ? WRONG_VERSION : TOO_SHORT;
  const first = bytes[0] as number;
  if (first >> 6 !== 1) return WRONG_VERSION;
  const tokenLength = first & 0x0f;
  if (tokenLength > MAX_TOKEN) return bad('token_length', bytes);
  let at = HEADER + tokenLength;
  if (at > length) return bad('truncated_token', bytes);
  const code = bytes[1] as number;
  if (code === Code.EMPTY) return length === HEADER ? new Message(bytes, length, 0) : bad('empty_with_content', bytes);
  if (((USED_CLASSES >> (code >> 5)) & 1) === 0) return bad('reserved_class', bytes);
  const type = (first >> 4) & 3;
  if (type > MessageType.NON && (type === MessageType.RST || code < FIRST_RESPONSE)) return bad('wrong_type', bytes);
  let number = 0;
  let count = 0;
  while (at < length) {
    const head = bytes[at] as number;
    if (head === PAYLOAD_MARKER) {
      return at + 1 === length ? bad('empty_payload', bytes) : new Message(bytes, at, count);
    }
    at += 1;
    let delta = head >> 4;
    let size = head & 0x0f;
    if (delta > 12) {
      if (delta === 15) return bad('option_nibble', bytes);
      const width = delta - 12;
      if (width > length - at) return bad('truncated_option', bytes);
      delta = width === 1 ? 13 + (bytes[at] as number) : wide(bytes, at);
      at += width;
    }
    if (size > 12) {
      if (size === 15) return bad('option_nibble', bytes);
      const width = size - 12;
      if (width > length - at) return bad('truncated_option', bytes);
      size = width === 1 ? 13 + (bytes[at] as number) : wide(bytes, at);
      at += width;
    }
    number += delta;
    if (number > MAX_NUMBER) return bad('option_number', bytes);
    if (size > length - at) return bad('truncated_option', bytes);
    at += size;
    count += 1;
    if (count > mostOptions) return bad('too_many_options', bytes);
  }
  return new Message(bytes, length, count);
}

/** Whether decoding failed. */
export function isMalformed(result: Message | Malformed): result is Malformed {
  return !(result instanceof Message);
}

/**
 * Writes a message. Options are sorted by number, equal ones stay in the order given. What no datagram can hold (a token of
 * more than 8 bytes, a message id beyond 16 bits, …) is a fault of the caller and throws InvariantError.
 */
export function encodeMessage(parts: MessageParts): Buffer {
  const { code, token, payload } = parts;
  const options = sorted(parts.options);
  const tail = payload.length === 0 ? 0 : 1 + payload.length;
  invariant(code !== Code.EMPTY || token.length + options.length + tail === 0, 'an empty message has a header alone');
  const bytes = Buffer.allocUnsafe(HEADER + token.length + optionsSize(options) + tail);
  writeHeader(bytes, parts.type, code, parts.messageId, token.length);
  let at = copy(token, bytes, HEADER);
  let before = 0;
  for (let index = 0; index < options.length; index += 1) {
    const { number, value } = options[index] as Option;
    at = writeOption(bytes, at, number - before, value);
    before = number;
  }
  if (tail > 0) {
    bytes[at] = PAYLOAD_MARKER;
    copy(payload, bytes, at + 1);
  }
  return bytes;
}

/** An empty message: ACK, RST, or CON as a ping (RFC 7252 §4.1, §4.3). */
export function encodeEmpty(type: MessageType, messageId: number): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER);
  writeHeader(bytes, type, Code.EMPTY, messageId, 0);
  return bytes;
}

/** An answer of a code alone, without options and payload, to `request`, whose token is copied. */
export function encodeBareAnswer(type: MessageType, code: number, messageId: number, request: Message): Buffer {
  const end = HEADER + request.tokenLength;
  const bytes = Buffer.allocUnsafe(end);
  writeHeader(bytes, type, code, messageId, request.tokenLength);
  for (let at = HEADER; at < end; at += 1) bytes[at] = request.bytes[at] as number;
  return bytes;
}

function bad(reason: MalformedReason, bytes: Uint8Array): Malformed {
  return {
    malformed: reason,
    type: (((bytes[0] as number) >> 4) & 3) as MessageType,
    messageId: ((bytes[2] as number) << 8) | (bytes[3] as number),
  };
}

/** The value of a two-byte extension. */
function wide(bytes: Uint8Array, at: number): number {
  return 269 + (((bytes[at] as number) << 8) | (bytes[at + 1] as number));
}

function writeHeader(bytes: Buffer, type: MessageType, code: number, messageId: number, tokenLength: number): void {
  invariant(tokenLength <= MAX_TOKEN, 'a token has at most 8 bytes');
  invariant((messageId & 0xffff) === messageId, 'a message id has 16 bits');
  invariant((code & 0xff) === code, 'a code has 8 bits');
  bytes[0] = 0x40 | (type << 4) | tokenLength;
  bytes[1] = code;
  bytes[2] = messageId >> 8;
  bytes[3] = messageId;
}

function sorted(options: readonly Option[]): readonly Option[] {
  for (let index = 1; index < options.length; index += 1) {
    if ((options[index] as Option).number < (options[index - 1] as Option).number)
      return [...options].sort((left, right) => left.number - right.number);
  }
  return options;
}

function optionsSize(options: readonly Option[]): number {
  let size = 0;
  let before = 0;
  for (let index = 0; index < options.length; index += 1) {
    const { number, value } = options[index] as Option;
    size += 1 + extensionSize(number - before) + extensionSize(value.length) + value.length;
    before = number;
  }
  invariant(before <= MAX_NUMBER && (options[0]?.number ?? 0) >= 0, 'an option number has 16 bits');
  return size;
}

function extensionSize(value: number): number {
  return value < 13 ? 0 : value < 269 ? 1 : 2;
}

function writeOption(bytes: Buffer, start: number, delta: number, value: Uint8Array): number {
  const size = value.length;
  invariant(size <= MAX_VALUE, 'the value of an option has at most 65,804 bytes');
  let at = start + 1;
  if (delta < 13 && size < 13) bytes[start] = (delta << 4) | size;
  else {
    bytes[start] = (nibble(delta) << 4) | nibble(size);
    at = writeExtension(bytes, at, delta);
    at = writeExtension(bytes, at, size);
  }
  return copy(value, bytes, at);
}

function nibble(value: number): number {
  return value < 13 ? value : value < 269 ? 13 : 14;
}

function writeExtension(bytes: Buffer, at: number, value: number): number {
  if (value < 13) return at;
  if (value < 269) {
    bytes[at] = value - 13;
    return at + 1;
  }
  bytes[at] = (value - 269) >> 8;
  bytes[at + 1] = value - 269;
  return at + 2;
}

function copy(from: Uint8Array, to: Buffer, at: number): number {
  if (from.length > SHORT_COPY) to.set(from, at);
  else for (let index = 0; index < from.length; index += 1) to[at + index] = from[index] as number;
  return at + from.length;
}

const TOO_SHORT: Malformed = { malformed: 'too_short' };
const WRONG_VERSION: Malformed = { malformed: 'version' };
/** A bit for each class a datagram may have: 0, 2, 4 and 5. */
const USED_CLASSES = 0b0011_0101;
/** Codes below are requests (or 0.00). */
const FIRST_RESPONSE = 0x40;
const PAYLOAD_MARKER = 0xff;
const MAX_TOKEN = 8;
const MAX_NUMBER = 0xffff;
/** What a length nibble of 14 and its two bytes can say. */
const MAX_VALUE = 269 + 0xffff;
/** Up to here a loop is quicker than a call into the runtime. */
const SHORT_COPY = 24;
