/**
 * Handshake messages and their fragments (RFC 6347 §4.2.2). Reading a fragment never throws and allocates nothing; whether
 * fragments fit each other is for the reassembly.
 *
 *   type (1)   length of the message (3)   message sequence (2)   fragment offset (3)   fragment length (3)   fragment
 */

import { invariant } from '#base';

/** Types of handshake messages (RFC 6347 §4.3.2, RFC 5077 §3.3). */
export const HandshakeType = Object.freeze({
  HELLO_REQUEST: 0,
  CLIENT_HELLO: 1,
  SERVER_HELLO: 2,
  HELLO_VERIFY_REQUEST: 3,
  NEW_SESSION_TICKET: 4,
  CERTIFICATE: 11,
  SERVER_KEY_EXCHANGE: 12,
  CERTIFICATE_REQUEST: 13,
  SERVER_HELLO_DONE: 14,
  CERTIFICATE_VERIFY: 15,
  CLIENT_KEY_EXCHANGE: 16,
  FINISHED: 20,
} as const);
/** One of the handshake types. */
export type HandshakeType = (typeof HandshakeType)[keyof typeof HandshakeType];

/** Bytes of the header that each fragment has. */
export const HANDSHAKE_HEADER = 12;
/** Most bytes the body of a message can say it has: 24 bits. What is accepted is for the reassembly to bound. */
export const MAX_HANDSHAKE_BODY = 2 ** 24 - 1;

/** Positions of one fragment in the record that carries it; one object is used for fragment after fragment. */
export interface FragmentView {
  type: number;
  /** Bytes of the whole body. */
  length: number;
  /** The message's sequence number. */
  sequence: number;
  /** Where in the body the fragment lies. */
  offset: number;
  /** The fragment's bytes; the next fragment begins at their end. */
  start: number;
  end: number;
}

/** Why there is no fragment at an offset. Stable words, used as metric labels. */
export type FragmentFault =
  /** The record ends within the header or the fragment. */
  | 'fragment_truncated'
  /** A fragment that reaches beyond the end of its message. */
  | 'fragment_beyond_message'
  /** A fragment of no bytes of a message that has some. */
  | 'fragment_empty'
  /** A type that is none of ours. */
  | 'handshake_type';

/** A view to read fragments into. */
export function newFragmentView(): FragmentView {
  return { type: 0, length: 0, sequence: 0, offset: 0, start: 0, end: 0 };
}

/**
 * Reads the fragment at `at`, of a record whose plaintext ends at `end`, into `view`. `view.end` is always set: after
 * `fragment_truncated` it is `end`, after the other faults the next fragment begins there, and the other members are set.
 */
export function readFragment(
  bytes: Uint8Array,
  at: number,
  end: number,
  view: FragmentView,
): FragmentFault | undefined {
  view.end = end;
  const start = at + HANDSHAKE_HEADER;
  if (start > end || end > bytes.length) return 'fragment_truncated';
  const size = u24(bytes, at + 9);
  if (size > end - start) return 'fragment_truncated';
  const type = bytes[at] as number;
  const length = u24(bytes, at + 1);
  const offset = u24(bytes, at + 6);
  view.type = type;
  view.length = length;
  view.sequence = ((bytes[at + 4] as number) << 8) | (bytes[at + 5] as number);
  view.offset = offset;
  view.start = start;
  view.end = start + size;
  if (!isHandshakeType(type)) return 'handshake_type';
  if (offset + size > length) return 'fragment_beyond_message';
  return size === 0 && length > 0 ? 'fragment_empty' : undefined;
}

/**
 * A message as one fragment: what the transcript hashes and what flights keep. `sequence` has 16 bits. The body is copied.
 * What no message can hold throws InvariantError.
 */
export function handshakeMessage(type: number, sequence: number, body: Uint8Array): Uint8Array {
  const length = body.length;
  invariant(isHandshakeType(type), 'a handshake message has a handshake type');
  invariant((sequence & 0xffff) === sequence, 'a message sequence has 16 bits');
  invariant(length <= MAX_HANDSHAKE_BODY, 'the length of a handshake message has 24 bits');
  const message = new Uint8Array(HANDSHAKE_HEADER + length);
  message[0] = type;
  putU24(message, 1, length);
  message[4] = sequence >> 8;
  message[5] = sequence;
  putU24(message, 9, length);
  message.set(body, HANDSHAKE_HEADER);
  return message;
}

/**
 * Writes at `at` the fragment of `message` (as `handshakeMessage` gives it) that begins at byte `offset` of its body and has
 * `length` bytes; returns the offset behind it. A fragment outside the message, one of no bytes of a message that has some,
 * and an `out` without room throw InvariantError.
 */
export function writeFragment(
  out: Uint8Array,
  at: number,
  message: Uint8Array,
  offset: number,
  length: number,
): number {
  const whole = message.length - HANDSHAKE_HEADER;
  const start = at + HANDSHAKE_HEADER;
  invariant(offset >= 0 && length >= 0 && offset + length <= whole, 'a fragment lies within its message');
  invariant(length > 0 || whole === 0, 'a fragment has bytes unless its message has none');
  invariant(start + length <= out.length, 'there is room for a fragment');
  for (let index = 0; index < FRAGMENT_FIELDS; index += 1) out[at + index] = message[index] as number;
  putU24(out, at + 6, offset);
  putU24(out, at + 9, length);
  // A loop, because a copy by the runtime would take a view of the part.
  const from = HANDSHAKE_HEADER + offset;
  for (let index = 0; index < length; index += 1) out[start + index] = message[from + index] as number;
  return start + length;
}

function isHandshakeType(type: number): boolean {
  return type >= 0 && type < 32 && ((HANDSHAKE_TYPES >>> type) & 1) === 1;
}

function u24(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
}

function putU24(out: Uint8Array, at: number, value: number): void {
  out[at] = value >> 16;
  out[at + 1] = value >> 8;
  out[at + 2] = value;
}

/** A bit for each type. */
const HANDSHAKE_TYPES = Object.values(HandshakeType).reduce<number>((bits, type) => bits | (1 << type), 0);
/** Bytes of the header that all fragments of a message have alike: type, length, message sequence. */
const FRAGMENT_FIELDS = 6;
