/** The option registry (RFC 7252 §5.10, RFC 7641, 7959, 7967, 8613, 8768, 9175, 9177) and options as values. */

import { EMPTY, encodeUtf8, invariant } from '#base';

/** Option numbers by name. */
export const OptionNumber = Object.freeze({
  IF_MATCH: 1,
  URI_HOST: 3,
  ETAG: 4,
  IF_NONE_MATCH: 5,
  OBSERVE: 6,
  URI_PORT: 7,
  LOCATION_PATH: 8,
  OSCORE: 9,
  URI_PATH: 11,
  CONTENT_FORMAT: 12,
  MAX_AGE: 14,
  URI_QUERY: 15,
  HOP_LIMIT: 16,
  ACCEPT: 17,
  Q_BLOCK1: 19,
  LOCATION_QUERY: 20,
  BLOCK2: 23,
  BLOCK1: 27,
  SIZE2: 28,
  Q_BLOCK2: 31,
  PROXY_URI: 35,
  PROXY_SCHEME: 39,
  SIZE1: 60,
  ECHO: 252,
  NO_RESPONSE: 258,
  REQUEST_TAG: 292,
} as const);

/** What is known of an option: how its value reads, its length in bytes, and whether it may stand more than once. */
export interface OptionRow {
  readonly number: number;
  readonly name: string;
  readonly format: 'empty' | 'opaque' | 'uint' | 'string';
  readonly min: number;
  readonly max: number;
  readonly repeatable: 'once' | 'repeatable';
}

/** The registry, by number. ETag may be repeated in requests only (RFC 7252 §5.10.6), Q-Block2 too (RFC 9177 §4.4). */
export const OPTIONS: ReadonlyMap<number, OptionRow> = new Map(
  (
    [
      [1, 'If-Match', 'opaque', 0, 8, 'repeatable'],
      [3, 'Uri-Host', 'string', 1, 255, 'once'],
      [4, 'ETag', 'opaque', 1, 8, 'repeatable'],
      [5, 'If-None-Match', 'empty', 0, 0, 'once'],
      [6, 'Observe', 'uint', 0, 3, 'once'],
      [7, 'Uri-Port', 'uint', 0, 2, 'once'],
      [8, 'Location-Path', 'string', 0, 255, 'repeatable'],
      [9, 'OSCORE', 'opaque', 0, 255, 'once'],
      [11, 'Uri-Path', 'string', 0, 255, 'repeatable'],
      [12, 'Content-Format', 'uint', 0, 2, 'once'],
      [14, 'Max-Age', 'uint', 0, 4, 'once'],
      [15, 'Uri-Query', 'string', 0, 255, 'repeatable'],
      [16, 'Hop-Limit', 'uint', 1, 1, 'once'],
      [17, 'Accept', 'uint', 0, 2, 'once'],
      [19, 'Q-Block1', 'uint', 0, 3, 'once'],
      [20, 'Location-Query', 'string', 0, 255, 'repeatable'],
      [23, 'Block2', 'uint', 0, 3, 'once'],
      [27, 'Block1', 'uint', 0, 3, 'once'],
      [28, 'Size2', 'uint', 0, 4, 'once'],
      [31, 'Q-Block2', 'uint', 0, 3, 'repeatable'],
      [35, 'Proxy-Uri', 'string', 1, 1034, 'once'],
      [39, 'Proxy-Scheme', 'string', 1, 255, 'once'],
      [60, 'Size1', 'uint', 0, 4, 'once'],
      [252, 'Echo', 'opaque', 1, 40, 'once'],
      [258, 'No-Response', 'uint', 0, 1, 'once'],
      [292, 'Request-Tag', 'opaque', 0, 8, 'repeatable'],
    ] as const
  ).map(([number, name, format, min, max, repeatable]) => [
    number,
    Object.freeze({ number, name, format, min, max, repeatable }),
  ]),
);

/** Whether a value of `length` bytes is allowed for the option; options that are not in the registry may have any length. */
export function fitsRegistry(number: number, length: number): boolean {
  const row = OPTIONS.get(number);
  return row === undefined || (length >= row.min && length <= row.max);
}

/** An option with its value's bytes. */
export interface Option {
  readonly number: number;
  readonly value: Uint8Array;
}

/** An option that is an unsigned integer of up to 48 bits, without leading zero bytes (RFC 7252 §3.2). */
export function uintOption(number: number, value: number): Option {
  return { number, value: encodeUint(value) };
}

/** An option that is text. */
export function stringOption(number: number, text: string): Option {
  return { number, value: encodeUtf8(text) };
}

/** An option that is bytes, which are not copied. */
export function bytesOption(number: number, value: Uint8Array): Option {
  return { number, value };
}

/** An option without a value. */
export function emptyOption(number: number): Option {
  return { number, value: EMPTY };
}

/** Whether a receiver that does not know the option must refuse the message (RFC 7252 §5.4.1). */
export function isCritical(number: number): boolean {
  return (number & 1) === 1;
}

/** Whether a proxy that does not know the option must not forward it (RFC 7252 §5.4.2). */
export function isUnsafe(number: number): boolean {
  return (number & 2) === 2;
}

/** Whether the option is left out of the cache key (RFC 7252 §5.4.2). */
export function isNoCacheKey(number: number): boolean {
  return (number & 0x1e) === 0x1c;
}

/** An unsigned integer of up to 48 bits in as few bytes as it needs; 0 is no byte (RFC 7252 §3.2). */
export function encodeUint(value: number): Uint8Array {
  invariant(Number.isInteger(value) && value >= 0 && value <= MAX_UINT, 'an option value is an integer of 48 bits');
  let length = 0;
  for (let rest = value; rest >= 1; rest /= 256) length += 1;
  if (length === 0) return EMPTY;
  const bytes = new Uint8Array(length);
  for (let at = length - 1, rest = value; at >= 0; at -= 1, rest = Math.floor(rest / 256)) bytes[at] = rest;
  return bytes;
}

/** Bytes `start` to `end` as an unsigned integer; leading zeros are accepted, more than six bytes give undefined. */
export function decodeUint(bytes: Uint8Array, start = 0, end: number = bytes.length): number | undefined {
  if (end - start > 6) return undefined;
  let value = 0;
  for (let at = start; at < end; at += 1) value = value * 256 + (bytes[at] as number);
  return value;
}

const MAX_UINT = 0xffff_ffff_ffff;
