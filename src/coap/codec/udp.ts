/** Datagram ↔ Message (RFC 7252 §3). Decoding never throws: bad bytes are a value that says why. */

import { isUnknownCritical } from './critical.js';
import { HEADER, Message, MessageType, PAYLOAD_MARKER, type MessageParts } from './message.js';
import type { Option } from './options.js';

/** Why a datagram is no message. Type and message id are there when the header could be read, so that a CON can be answered with RST (RFC 7252 §4.2). */
export interface Malformed {
  readonly malformed: MalformedReason;
  readonly type?: MessageType;
  readonly messageId?: number;
}

/** Stable reasons, used as metric labels. */
export type MalformedReason =
  | 'too_short'
  | 'version'
  | 'token_length'
  | 'truncated_token'
  | 'reserved_class'
  | 'empty_with_content'
  | 'option_nibble'
  | 'truncated_option'
  | 'option_number'
  | 'too_many_options'
  | 'empty_payload';

/** Most options a message may have. */
export const MAX_OPTIONS = 64;

/** Reads a datagram in one pass over all of its bytes but the payload. */
export function decodeMessage(bytes: Uint8Array): Message | Malformed {
  const length = bytes.length;
  if (length < HEADER) return TOO_SHORT;
  const first = bytes[0] as number;
  if (first >> 6 !== 1) return WRONG_VERSION;
  const tokenLength = first & 0x0f;
  if (tokenLength > 8) return bad('token_length', bytes);
  let at = HEADER + tokenLength;
  if (at > length) return bad('truncated_token', bytes);
  const code = bytes[1] as number;
  if (code === 0) return length === HEADER ? new Message(bytes, length, 0) : bad('empty_with_content', bytes);
  const group = code >> 5;
  if (group === 1 || group === 3 || group > 5) return bad('reserved_class', bytes);
  let number = 0;
  let count = 0;
  while (at < length) {
    const head = bytes[at] as number;
    at += 1;
    if (head === PAYLOAD_MARKER) {
      if (at === length) return bad('empty_payload', bytes);
      return new Message(bytes, at, count);
    }
    let delta = head >> 4;
    let size = head & 0x0f;
    if (delta >= 13) {
      if (delta === 15) return bad('option_nibble', bytes);
      const width = delta - 12;
      if (at + width > length) return bad('truncated_option', bytes);
      delta =
        width === 1 ? 13 + (bytes[at] as number) : 269 + (((bytes[at] as number) << 8) | (bytes[at + 1] as number));
      at += width;
    }
    if (size >= 13) {
      if (size === 15) return bad('option_nibble', bytes);
      const width = size - 12;
      if (at + width > length) return bad('truncated_option', bytes);
      size =
        width === 1 ? 13 + (bytes[at] as number) : 269 + (((bytes[at] as number) << 8) | (bytes[at + 1] as number));
      at += width;
    }
    number += delta;
    if (number > 65_535) return bad('option_number', bytes);
    at += size;
    if (at > length) return bad('truncated_option', bytes);
    count += 1;
    if (count > MAX_OPTIONS) return bad('too_many_options', bytes);
  }
  return new Message(bytes, length, count);
}

/** Whether decoding failed. */
export function isMalformed(result: Message | Malformed): result is Malformed {
  return !(result instanceof Message);
}

/** Writes a message. Options are sorted by number, equal ones in the order given. */
export function encodeMessage(parts: MessageParts): Buffer {
  const { token, payload } = parts;
  const options = sorted(parts.options);
  const bytes = Buffer.allocUnsafe(
    HEADER + token.length + optionsSize(options) + (payload.length === 0 ? 0 : 1 + payload.length),
  );
  bytes[0] = 0x40 | (parts.type << 4) | token.length;
  bytes[1] = parts.code;
  bytes[2] = parts.messageId >> 8;
  bytes[3] = parts.messageId;
  let at = copy(token, bytes, HEADER);
  let before = 0;
  for (const option of options) {
    at = writeOption(bytes, at, option.number - before, option.value);
    before = option.number;
  }
  if (payload.length > 0) {
    bytes[at] = PAYLOAD_MARKER;
    bytes.set(payload, at + 1);
  }
  return bytes;
}

/** An empty ACK or RST (RFC 7252 §4.1). */
export function encodeEmpty(type: MessageType, messageId: number): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER);
  bytes[0] = 0x40 | (type << 4);
  bytes[1] = 0;
  bytes[2] = messageId >> 8;
  bytes[3] = messageId;
  return bytes;
}

/** An answer with a code alone, to the request in `request`: its token is copied. */
export function encodeBareAnswer(type: MessageType, code: number, messageId: number, request: Message): Buffer {
  const length = request.tokenLength;
  const bytes = Buffer.allocUnsafe(HEADER + length);
  bytes[0] = 0x40 | (type << 4) | length;
  bytes[1] = code;
  bytes[2] = messageId >> 8;
  bytes[3] = messageId;
  for (let index = HEADER; index < HEADER + length; index += 1) bytes[index] = request.bytes[index] as number;
  return bytes;
}

/**
 * The first option of a message that its receiver must refuse: critical and not `known`, of a wrong length, or repeated
 * where it may not be (RFC 7252 §5.4.1, §5.4.3, §5.4.5). Undefined when there is none.
 */
export function criticalProblem(message: Message, known: (option: number) => boolean): number | undefined {
  let problem: number | undefined;
  let before = -1;
  message.forEachOption((number, value) => {
    if (problem === undefined && isUnknownCritical(number, value.length, number === before ? 'again' : 'first', known))
      problem = number;
    before = number;
  });
  return problem;
}

function bad(reason: MalformedReason, bytes: Uint8Array): Malformed {
  return {
    malformed: reason,
    type: (((bytes[0] as number) >> 4) & 3) as MessageType,
    messageId: ((bytes[2] as number) << 8) | (bytes[3] as number),
  };
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
  for (const { number, value } of options) {
    size += 1 + extension(number - before) + extension(value.length) + value.length;
    before = number;
  }
  return size;
}

function extension(value: number): number {
  return value < 13 ? 0 : value < 269 ? 1 : 2;
}

function writeOption(bytes: Buffer, start: number, delta: number, value: Uint8Array): number {
  const size = value.length;
  bytes[start] = (nibble(delta) << 4) | nibble(size);
  let at = writeExtension(bytes, start + 1, delta);
  at = writeExtension(bytes, at, size);
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
/** Up to here a loop is quicker than a call into the runtime. */
const SHORT_COPY = 24;
