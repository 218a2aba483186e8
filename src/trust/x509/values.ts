/** The primitive values of X.509 (X.690 §8 and §11, RFC 5280 §4.1.2.5): each reader throws DecodeError for what DER forbids. */

import { DecodeError, WallTime, decodeUtf8 } from '#base';

import { content, Tag, type DerReader, type Element } from './der.js';

/** A dotted object identifier, such as `2.5.29.15`; one with a number beyond 53 bits as the hex of its bytes. */
export function oid(element: Element): string {
  const bytes = content(element);
  if (bytes.length === 0 || bytes.length > MOST_OID_BYTES || (bytes[bytes.length - 1] as number) > 0x7f) {
    throw new DecodeError('bad_oid', 'an object identifier that is empty, cut short or too long', element.start);
  }
  const parts: string[] = [];
  let value = 0;
  let fresh = true;
  for (const byte of bytes) {
    if (fresh && byte === 0x80) {
      throw new DecodeError('bad_oid', 'an object identifier that is not in its shortest form', element.start);
    }
    // An arc of more than 53 bits, such as one made of a UUID, is known to nobody here; it only has to be told from others.
    if (value > MOST_ARC) return `0x${Buffer.from(bytes).toString('hex')}`;
    value = value * 128 + (byte & 0x7f);
    fresh = byte < 0x80;
    if (!fresh) continue;
    if (parts.length > 0) parts.push(String(value));
    else {
      const first = Math.min(2, Math.floor(value / 40));
      parts.push(String(first), String(value - first * 40));
    }
    value = 0;
  }
  return parts.join('.');
}

/** Counts one more element of a list; throws DecodeError beyond the most that are read. */
export function counted(count: number, most: number, what: string): void {
  if (count > most) throw new DecodeError('too_many', `more than ${most} of ${what}`);
}

/** The next element of a reader as a dotted object identifier. */
export function readOid(reader: DerReader, what: string): string {
  return oid(reader.take(Tag.OID, what));
}

/** A boolean: 00 or FF (X.690 §11.1). */
export function boolean(element: Element): boolean {
  const bytes = content(element);
  if (bytes.length !== 1 || (bytes[0] !== 0 && bytes[0] !== 0xff)) {
    throw new DecodeError('bad_boolean', 'a boolean that is neither 00 nor FF', element.start);
  }
  return bytes[0] !== 0;
}

/** The bytes of an integer in their shortest form, two's complement. */
export function integerBytes(element: Element): Buffer {
  const bytes = content(element);
  const second = bytes[1] ?? 0;
  if (bytes.length === 0) throw new DecodeError('bad_integer', 'an integer without bytes', element.start);
  if (bytes.length > 1 && ((bytes[0] === 0 && second < 0x80) || (bytes[0] === 0xff && second > 0x7f))) {
    throw new DecodeError('bad_integer', 'an integer that is not in its shortest form', element.start);
  }
  return bytes;
}

/** An integer from 0 to `most`. */
export function smallInteger(element: Element, most: number, what: string): number {
  const bytes = integerBytes(element);
  let value = 0;
  if ((bytes[0] as number) > 0x7f) value = -1;
  else for (const byte of bytes) value = Math.min(value * 256 + byte, Number.MAX_SAFE_INTEGER);
  if (value < 0 || value > most) {
    throw new DecodeError('bad_integer', `${what} is not a number from 0 to ${most}`, element.start);
  }
  return value;
}

/** A serial number as hex, with a minus sign where it is negative: users are to bear with those (RFC 5280 §4.1.2.2). */
export function serialNumber(element: Element): string {
  const bytes = integerBytes(element);
  if (bytes.length > MOST_SERIAL_BYTES) {
    throw new DecodeError('bad_integer', `a serial number of ${bytes.length} bytes`, element.start);
  }
  if ((bytes[0] as number) < 0x80) return bytes.toString('hex', bytes.length > 1 && bytes[0] === 0 ? 1 : 0);
  const size = BigInt(`0x1${'00'.repeat(bytes.length)}`) - BigInt(`0x${bytes.toString('hex')}`);
  const digits = size.toString(16);
  return `-${digits.length % 2 === 0 ? '' : '0'}${digits}`;
}

/** The bytes of a bit string that is whole bytes: a key or a signature. */
export function wholeBits(element: Element): Uint8Array {
  const bytes = content(element);
  if (bytes[0] !== 0) throw new DecodeError('bad_bits', 'a bit string that is not whole bytes', element.start);
  return bytes.subarray(1);
}

/** The first 16 named bits of a bit string, bit 0 of the standard as the lowest. */
export function namedBits(element: Element): number {
  const bytes = content(element);
  const unused = bytes[0] ?? 8;
  const last = bytes[bytes.length - 1] ?? 0;
  if (unused > 7 || (bytes.length === 1 && unused > 0) || (last & ((1 << unused) - 1)) !== 0) {
    throw new DecodeError('bad_bits', 'a bit string with a wrong count of unused bits', element.start);
  }
  let bits = 0;
  for (let bit = 0; bit < 16; bit += 1) {
    if ((((bytes[1 + (bit >> 3)] ?? 0) >> (7 - (bit & 7))) & 1) === 1) bits |= 1 << bit;
  }
  return bits;
}

/** A time in one of the two forms of RFC 5280 §4.1.2.5: with seconds, in UTC, without fractions. */
export function readTime(reader: DerReader, what: string): WallTime {
  const element = reader.tag === Tag.GENERALIZED_TIME ? reader.next() : reader.take(Tag.UTC_TIME, what);
  const { bytes, end } = element;
  const short = element.tag === Tag.UTC_TIME;
  const at = end - 11;
  if (end - element.at !== (short ? 13 : 15) || bytes[end - 1] !== ZULU) throw badTime(element, what);
  let year = pair(bytes, at - 2);
  year += short ? (year < 50 ? 2000 : 1900) : pair(bytes, at - 4) * 100;
  const [month, day] = [pair(bytes, at), pair(bytes, at + 2)];
  const [hour, minute, second] = [pair(bytes, at + 4), pair(bytes, at + 6), pair(bytes, at + 8)];
  const days = month === 2 && leap(year) ? 29 : (MONTHS[month - 1] ?? 0);
  // What is no digit makes all of it NaN.
  const sound = year >= 0 && day >= 1 && day <= days && hour <= 23 && minute <= 59 && second <= 59;
  if (!sound) throw badTime(element, what);
  return WallTime((((daysBefore(year, month) + day - 1) * 24 + hour) * 60 + minute) * 60_000 + second * 1000);
}

/** Text of a string type; undefined when the element is of none. */
export function text(element: Element): string | undefined {
  switch (element.tag) {
    case Tag.UTF8_STRING:
      return decodeUtf8(content(element));
    case Tag.PRINTABLE_STRING:
    case Tag.TELETEX_STRING:
    case Tag.IA5_STRING:
    case Tag.VISIBLE_STRING:
      return element.bytes.toString('latin1', element.at, element.end);
    case Tag.BMP_STRING:
      return wide(element, content(element), 2);
    case Tag.UNIVERSAL_STRING:
      return wide(element, content(element), 4);
    default:
      return undefined;
  }
}

/** Printable ASCII, as names of hosts, mailboxes and URIs are; nothing else stands in them (no NUL that ends a name early). */
export function ascii({ bytes, start, at, end }: Element, what: string): string {
  for (let index = at; index < end; index += 1) {
    const byte = bytes[index] as number;
    if (byte < 0x20 || byte > 0x7e) {
      throw new DecodeError('bad_text', `${what} holds a byte that is no printable ASCII`, start);
    }
  }
  return bytes.toString('latin1', at, end);
}

function wide(element: Element, bytes: Uint8Array, width: 2 | 4): string {
  const wrong = (): DecodeError => new DecodeError('bad_text', 'text that is no Unicode', element.start);
  if (bytes.length % width !== 0) throw wrong();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const points: string[] = [];
  for (let at = 0; at < bytes.length; at += width) {
    const point = width === 2 ? view.getUint16(at) : view.getUint32(at);
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) throw wrong();
    points.push(String.fromCodePoint(point));
  }
  return points.join('');
}

/** Two digits as a number, NaN when one of them is none. */
function pair(bytes: Uint8Array, at: number): number {
  const [tens, ones] = [(bytes[at] as number) - ZERO, (bytes[at + 1] as number) - ZERO];
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

const badTime = (element: Element, what: string): DecodeError =>
  new DecodeError('bad_time', `${what} is no time of RFC 5280`, element.start);

const leap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

/** Days from 1970-01-01 to the first of a month of the Gregorian calendar. */
function daysBefore(year: number, month: number): number {
  const before = year - 1;
  let days = before * 365 + Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400) - EPOCH_DAYS;
  for (let index = 0; index < month - 1; index += 1) days += MONTHS[index] as number;
  return month > 2 && leap(year) ? days + 1 : days;
}

const MONTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;
/** Days from 0001-01-01 to 1970-01-01. */
const EPOCH_DAYS = 719_162;
const ZERO = 0x30;
const ZULU = 0x5a;
/** Most elements of a list whose length no standard bounds. */
export const MOST_IN_LIST = 64;

const MOST_OID_BYTES = 64;
const MOST_ARC = 2 ** 46 - 1;
/** RFC 5280 §4.1.2.2 wants 20 at most; longer ones are seen, and do no harm up to here. */
const MOST_SERIAL_BYTES = 64;
