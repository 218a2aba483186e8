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
export function integerBytes(element: Element): Uint8Array {
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
  const value = BigInt.asIntN(bytes.length * 8, BigInt(`0x${Buffer.from(bytes).toString('hex')}`));
  const digits = (value < 0n ? -value : value).toString(16);
  return `${value < 0n ? '-' : ''}${digits.length % 2 === 0 ? '' : '0'}${digits}`;
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
  const digits = element.tag === Tag.UTC_TIME ? 12 : 14;
  const bytes = content(element);
  const wrong = (): DecodeError => new DecodeError('bad_time', `${what} is no time of RFC 5280`, element.start);
  if (bytes.length !== digits + 1 || bytes[digits] !== ZULU) throw wrong();
  const pair = (at: number): number => {
    const [tens, ones] = [(bytes[at] as number) - ZERO, (bytes[at + 1] as number) - ZERO];
    if (tens < 0 || tens > 9 || ones < 0 || ones > 9) throw wrong();
    return tens * 10 + ones;
  };
  const short = digits === 12 ? pair(0) : 0;
  const year = digits === 12 ? short + (short < 50 ? 2000 : 1900) : pair(0) * 100 + pair(2);
  const at = digits - 10;
  const [month, day, hour, minute, second] = [pair(at), pair(at + 2), pair(at + 4), pair(at + 6), pair(at + 8)];
  const days = month < 1 || month > 12 ? 0 : month === 2 && leap(year) ? 29 : (MONTHS[month - 1] as number);
  if (day < 1 || day > days || hour > 23 || minute > 59 || second > 59) throw wrong();
  return WallTime((((daysBefore(year, month) + day - 1) * 24 + hour) * 60 + minute) * 60_000 + second * 1000);
}

/** Text of a string type; undefined when the element is of none. */
export function text(element: Element): string | undefined {
  const bytes = content(element);
  switch (element.tag) {
    case Tag.UTF8_STRING:
      return decodeUtf8(bytes);
    case Tag.PRINTABLE_STRING:
    case Tag.TELETEX_STRING:
    case Tag.IA5_STRING:
    case Tag.VISIBLE_STRING:
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    case Tag.BMP_STRING:
      return wide(element, bytes, 2);
    case Tag.UNIVERSAL_STRING:
      return wide(element, bytes, 4);
    default:
      return undefined;
  }
}

/** Printable ASCII, as names of hosts, mailboxes and URIs are; nothing else stands in them (no NUL that ends a name early). */
export function ascii(element: Element, what: string): string {
  const bytes = content(element);
  for (const byte of bytes) {
    if (byte < 0x20 || byte > 0x7e) {
      throw new DecodeError('bad_text', `${what} holds a byte that is no printable ASCII`, element.start);
    }
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
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
const MOST_OID_BYTES = 64;
const MOST_ARC = 2 ** 46 - 1;
/** RFC 5280 §4.1.2.2 wants 20 at most; longer ones are seen, and do no harm up to here. */
const MOST_SERIAL_BYTES = 64;
