/** Strict DER, as far as certificates and public keys need it taken apart (X.690 §8.1, §10.1): definite, shortest lengths. */

import { DecodeError } from '#base';
import type { Reader } from '#base';

/** Tags used here. */
export const Tag = Object.freeze({
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  NULL: 0x05,
  OID: 0x06,
  SEQUENCE: 0x30,
  VERSION: 0xa0,
} as const);

/** A Reader of the content of the next element, which must have `tag`; throws DecodeError(`bad_der` or `truncated`). */
export function enter(reader: Reader, tag: number): Reader {
  const at = reader.offset;
  const found = reader.u8();
  if (found !== tag) throw new DecodeError('bad_der', `tag ${found} where ${tag} must stand`, at);
  return reader.sub(readLength(reader));
}

/** Whether the next element has `tag`; false at the end. */
export function nextIs(reader: Reader, tag: number): boolean {
  return reader.remaining > 0 && reader.bytes[reader.offset] === tag;
}

/** The next element with its header, as a view; throws as `enter` does. */
export function whole(reader: Reader, tag: number): Uint8Array {
  const start = reader.offset;
  enter(reader, tag);
  return reader.bytes.subarray(start, reader.offset);
}

/** Goes over the next element, of whatever tag; throws as `enter` does. */
export function skip(reader: Reader): void {
  reader.u8();
  reader.take(readLength(reader));
}

function readLength(reader: Reader): number {
  const at = reader.offset;
  const first = reader.u8();
  if (first < 0x80) return first;
  const width = first - 0x80;
  const value = width >= 1 && width <= 3 ? reader.uint(width) : 0;
  if (value < 0x80 || value < 256 ** (width - 1)) {
    throw new DecodeError('bad_der', 'a length is definite, in its shortest form and below 2^24', at);
  }
  return value;
}
