/**
 * Return routability check (RFC 9853 §4): a challenge that whoever is truly at an address gives back. Messages of other
 * types are unknown, and ignored by who gets them.
 *
 *   message type (1)   cookie (8)
 */

import { DecodeError, Reader, invariant } from '#base';

/** Types of messages. */
export const RoutabilityType = Object.freeze({ PATH_CHALLENGE: 0, PATH_RESPONSE: 1, PATH_DROP: 2 } as const);
/** One of the types. */
export type RoutabilityType = (typeof RoutabilityType)[keyof typeof RoutabilityType];

/** Bytes of a cookie. */
export const ROUTABILITY_COOKIE = 8;

/** A message. */
export interface RoutabilityMessage {
  readonly type: RoutabilityType;
  /** 8 bytes. */
  readonly cookie: Uint8Array;
}

/** Reads a message. Throws DecodeError: `illegal_value` for an unknown type, `truncated`, `trailing_bytes`. */
export function decodeRoutability(content: Uint8Array): RoutabilityMessage {
  const reader = new Reader(content);
  const type = reader.u8();
  if (type !== 0 && type !== 1 && type !== 2)
    throw new DecodeError('illegal_value', `routability message ${type}, known are 0 to 2`);
  const cookie = reader.take(ROUTABILITY_COOKIE);
  reader.end();
  return { type, cookie };
}

/** Writes a message. */
export function encodeRoutability({ cookie, type }: RoutabilityMessage): Uint8Array {
  invariant(cookie.length === ROUTABILITY_COOKIE, 'the cookie of a routability check has 8 bytes');
  const out = new Uint8Array(1 + ROUTABILITY_COOKIE);
  out[0] = type;
  out.set(cookie, 1);
  return out;
}
