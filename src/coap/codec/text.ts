/** Short byte strings as text, without a view or a decoder where that can be had. */

import { decodeUtf8 } from '#base';

/** Bytes `start` to `end` as text of one character a byte: exact for ASCII, and different for different bytes always. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > SHORT_TEXT) {
    return bytes instanceof Buffer
      ? bytes.toString('latin1', start, end)
      : Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
  }
  let at = start;
  let text = '';
  if (end - start >= 8) {
    text = String.fromCharCode(
      bytes[at] as number,
      bytes[at + 1] as number,
      bytes[at + 2] as number,
      bytes[at + 3] as number,
      bytes[at + 4] as number,
      bytes[at + 5] as number,
      bytes[at + 6] as number,
      bytes[at + 7] as number,
    );
    at += 8;
  }
  for (; at < end; at += 1) text += String.fromCharCode(bytes[at] as number);
  return text;
}

/** Bytes `start` to `end` as UTF-8 text; malformed input throws DecodeError(`bad_utf8`). */
export function utf8(bytes: Uint8Array, start: number, end: number): string {
  for (let at = start; at < end; at += 1) {
    if ((bytes[at] as number) > 0x7f) return decodeUtf8(bytes.subarray(start, end));
  }
  return latin1(bytes, start, end);
}

/** A token as a Map key: one character a byte. */
export function tokenKeyOf(token: Uint8Array): string {
  return latin1(token, 0, token.length);
}

/** Up to here building a text by characters is quicker than asking the runtime for it. */
const SHORT_TEXT = 12;
