/**
 * A pull reader of CBOR (RFC 8949) that judges as it reads: its caller drives it through the arrays and maps it expects, and
 * passes over what it does not. It refuses what could harm or mislead: nesting and counts beyond the limits, lengths beyond
 * what is left, tags other than those of numbers and times, malformed UTF-8, keys that are no integer or text (or array,
 * where those may be), a key twice in what is passed over, bytes after the end.
 */

import { DecodeError } from '#base';
import { exactInteger } from '#lwm2m/model';
import { checkSize } from './codec.js';
import type { FormatLimits } from './parameters.js';
import { utf8ErrorAt } from './utf8.js';
import { WireFloat, WireTime } from './wire.js';
import type { WireValue } from './wire.js';

/** What the keys of maps may be: integers and text, or arrays of these too (LwM2M CBOR). */
export type CborKeys = 'ids' | 'ids or arrays';

/** Reads one data item from front to back; every method throws DecodeError at what does not belong there. */
export class CborReader {
  readonly #bytes: Buffer;
  readonly #limits: FormatLimits;
  readonly #keys: CborKeys;
  #at = 0;
  #depth = 0;
  #items = 0;
  #chunks = 0;

  /** Throws DecodeError(`too_large`). */
  constructor(bytes: Uint8Array, limits: FormatLimits, keys: CborKeys = 'ids') {
    checkSize(bytes, limits);
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#limits = limits;
    this.#keys = keys;
  }

  /** Whether the next item is an array. */
  atArray(): boolean {
    return this.#initial() >> 5 === ARRAY;
  }

  /** Whether the next item is a map. */
  atMap(): boolean {
    return this.#initial() >> 5 === MAP;
  }

  /** Reads the head of the array or map that comes next: how many elements or entries it announces, or UNANNOUNCED. */
  open(): number {
    const at = this.#at;
    const initial = this.#initial();
    this.#countItem(at);
    let count = UNANNOUNCED;
    this.#at = at + 1;
    if ((initial & 0x1f) !== 31) {
      count = this.#length(initial);
      const items = initial >> 5 === MAP ? count * 2 : count;
      if (items > this.#limits.cborItems) throw tooMany(this.#limits.cborItems, at);
      if (items > this.#bytes.length - this.#at) throw truncated(at);
    }
    if (this.#depth >= this.#limits.depth) {
      throw new DecodeError('too_deep', `CBOR nested deeper than ${this.#limits.depth}`, at);
    }
    this.#depth += 1;
    return count;
  }

  /** Whether the array or map that `open` said `count` of ends here, by a break. */
  atBreak(count: number): boolean {
    return count === UNANNOUNCED && this.#initial() === BREAK;
  }

  /** Whether another element or entry follows the `done` ones of what `open` said of the array or map; closes it when not. */
  more(count: number, done: number): boolean {
    if (count >= 0) {
      if (done < count) return true;
    } else {
      if (this.#initial() !== BREAK) return true;
      this.#at += 1;
    }
    this.#depth -= 1;
    return false;
  }

  /** A key: an integer of at most four bytes or text of definite length. */
  key(): number | string {
    const at = this.#at;
    const initial = this.#initial();
    const major = initial >> 5;
    const info = initial & 0x1f;
    if (major > 1 && major !== TEXT) throw bad('a map key that is no integer and no text', at);
    if (info === 31 || (major <= 1 && info > 26)) throw bad('a map key of this form', at);
    this.#countItem(at);
    this.#at = at + 1;
    if (major === TEXT) return this.#text(this.#length(initial));
    const argument = info < 24 ? info : this.#length(initial);
    return major === 0 ? argument : -1 - argument;
  }

  /** A value; null, or undefined for an array or a map, which is passed over. Bytes are a view of the payload. */
  value(): WireValue | null | undefined {
    const at = this.#at;
    const initial = this.#initial();
    const major = initial >> 5;
    if (major === ARRAY || major === MAP) {
      this.#pass(major);
      return undefined;
    }
    this.#countItem(at);
    this.#at = at + 1;
    switch (major) {
      case 0:
      case 1:
        return this.#integer(initial);
      case BYTES:
        return (initial & 0x1f) === 31 ? this.#joinedBytes() : this.#take(this.#length(initial));
      case TEXT:
        return (initial & 0x1f) === 31 ? this.#joinedText() : this.#text(this.#length(initial));
      case TAGGED:
        return this.#tagged(initial);
      default:
        return this.#simple(initial);
    }
  }

  /** Throws DecodeError(`trailing_bytes`) unless all was read. */
  end(): void {
    const left = this.#bytes.length - this.#at;
    if (left > 0) throw new DecodeError('trailing_bytes', `${left} bytes after the CBOR item`, this.#at);
  }

  /** Passes over an array or a map, as deep as the limit allows. */
  #pass(major: number): void {
    const keys = major === MAP ? new Set<number | string>() : undefined;
    const count = this.open();
    for (let done = 0; this.more(count, done); done += 1) {
      if (keys !== undefined) this.#passKey(keys);
      this.value();
    }
  }

  #passKey(keys: Set<number | string>): void {
    if (this.#keys === 'ids or arrays' && this.atArray()) {
      this.value();
      return;
    }
    const at = this.#at;
    const key = this.key();
    if (keys.has(key)) throw new DecodeError('duplicate_key', 'a key appears twice in a CBOR map', at);
    keys.add(key);
  }

  /** The byte the next item begins with. */
  #initial(): number {
    const initial = this.#bytes[this.#at];
    if (initial === undefined) throw truncated(this.#at);
    return initial;
  }

  #countItem(at: number): void {
    this.#items += 1;
    if (this.#items > this.#limits.cborItems) throw tooMany(this.#limits.cborItems, at);
  }

  /** The argument of a head whose first byte was read, as a length. Beyond 2^53 it is inexact, and beyond what is left. */
  #length(initial: number): number {
    const info = initial & 0x1f;
    if (info < 24) return info;
    if (info > 27) throw bad('a reserved length form', this.#at - 1);
    const width = 1 << (info - 24);
    const at = this.#at;
    const end = at + width;
    const bytes = this.#bytes;
    if (end > bytes.length) throw truncated(at - 1);
    let value = 0;
    for (let index = at; index < end; index += 1) value = value * 256 + (bytes[index] as number);
    this.#at = end;
    return value;
  }

  #integer(initial: number): number | bigint {
    const info = initial & 0x1f;
    if (info > 27) throw bad('a reserved integer form', this.#at - 1);
    const argument = this.#length(initial);
    if (argument <= LARGEST_EXACT) return initial < 0x20 ? argument : -1 - argument;
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + this.#at - 8, 8);
    const exact = view.getBigUint64(0);
    return exactInteger(initial < 0x20 ? exact : -1n - exact);
  }

  #take(length: number): Uint8Array {
    const at = this.#at;
    if (length > this.#bytes.length - at) throw truncated(at);
    this.#at = at + length;
    return this.#bytes.subarray(at, at + length);
  }

  /** Text of so many bytes, which must be UTF-8. */
  #text(length: number): string {
    const bytes = this.#bytes;
    const start = this.#at;
    if (length > bytes.length - start) throw truncated(start);
    const end = start + length;
    this.#at = end;
    if (length <= SHORT) {
      const short = shortAscii(bytes, start, length);
      if (short !== undefined) return short;
    }
    const wrong = utf8ErrorAt(bytes, start, end);
    if (wrong >= 0) throw new DecodeError('bad_utf8', 'text is not valid UTF-8', wrong);
    return bytes.toString('utf8', start, end);
  }

  /** Bytes of indefinite length (RFC 8949 §3.2.3), whose head was read. */
  #joinedBytes(): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let initial = this.#chunk(BYTES); initial !== BREAK; initial = this.#chunk(BYTES)) {
      parts.push(this.#take(this.#length(initial)));
    }
    return Buffer.concat(parts);
  }

  /** Text of indefinite length, whose head was read; each chunk must be UTF-8 by itself. */
  #joinedText(): string {
    const parts: string[] = [];
    for (let initial = this.#chunk(TEXT); initial !== BREAK; initial = this.#chunk(TEXT)) {
      parts.push(this.#text(this.#length(initial)));
    }
    return parts.join('');
  }

  /** Reads the first byte of a chunk, or the break that ends the chunks. */
  #chunk(major: number): number {
    const at = this.#at;
    const initial = this.#initial();
    if (initial !== BREAK) {
      if (initial >> 5 !== major || (initial & 0x1f) === 31) throw bad('a chunk of another kind than its string', at);
      this.#chunks += 1;
      if (this.#chunks > this.#limits.cborItems) throw tooMany(this.#limits.cborItems, at);
    }
    this.#at = at + 1;
    return initial;
  }

  /** Tag 1 around a number, 2 and 3 around at most 16 bytes, 4 around [integer, integer or big number]. */
  #tagged(initial: number): WireValue {
    switch (initial) {
      case TAG + 1:
        return this.#time();
      case TAG + 2:
      case TAG + 3:
        return this.#bigNumber(initial);
      case TAG + 4:
        return this.#decimalFraction();
      default:
        throw new DecodeError('bad_tag', 'a CBOR tag other than 1, 2, 3 and 4', this.#at - 1);
    }
  }

  #time(): WireTime {
    const at = this.#at;
    const initial = this.#initial();
    this.#at = at + 1;
    if (initial >> 5 <= 1) return new WireTime(this.#integer(initial));
    if (initial < HALF_FLOAT || initial > DOUBLE_FLOAT) throw bad('a time (tag 1) that is no number', at);
    return new WireTime(this.#float(initial));
  }

  #bigNumber(tag: number): number | bigint {
    const at = this.#at;
    const initial = this.#initial();
    if (initial < EMPTY_BYTES || initial > EMPTY_BYTES + 16) throw bad('a big number that is not 0 to 16 bytes', at);
    this.#at = at + 1;
    let value = 0n;
    for (const byte of this.#take(initial & 0x1f)) value = (value << 8n) | BigInt(byte);
    return exactInteger(tag === TAG + 2 ? value : -1n - value);
  }

  /** Mantissa times ten to the exponent, the nearest double (RFC 8949 §3.4.4). */
  #decimalFraction(): number | WireFloat {
    const at = this.#at;
    if (this.#initial() !== ARRAY_OF_TWO) throw bad('a decimal fraction (tag 4) that is no array of two', at);
    this.#at = at + 1;
    const head = this.#initial();
    if (head >> 5 > 1) throw bad('an exponent that is no integer', at + 1);
    this.#at = at + 2;
    const exponent = this.#integer(head);
    const inner = this.#at;
    const initial = this.#initial();
    this.#at = inner + 1;
    let mantissa: number | bigint;
    if (initial >> 5 <= 1) mantissa = this.#integer(initial);
    else if (initial === TAG + 2 || initial === TAG + 3) mantissa = this.#bigNumber(initial);
    else throw bad('a mantissa that is no integer', inner);
    const value = Number(`${mantissa}e${exponent}`);
    if (!Number.isFinite(value)) throw bad('a decimal fraction that no double holds', at);
    return wireFloat(value);
  }

  /** false, true, null and floats. */
  #simple(initial: number): boolean | null | number | WireFloat {
    switch (initial) {
      case FALSE:
        return false;
      case FALSE + 1:
        return true;
      case FALSE + 2:
        return null;
      case HALF_FLOAT:
      case HALF_FLOAT + 1:
      case DOUBLE_FLOAT:
        return wireFloat(this.#float(initial));
      case BREAK:
        throw bad('a break where none may stand', this.#at - 1);
      default:
        throw bad('a CBOR simple value of no use', this.#at - 1);
    }
  }

  /** A float of 2, 4 or 8 bytes, whose first byte was read. */
  #float(initial: number): number {
    const bytes = this.#bytes;
    const at = this.#at;
    const end = at + (2 << (initial - HALF_FLOAT));
    if (end > bytes.length) throw truncated(at - 1);
    for (let index = at; index < end; index += 1) scratch.setUint8(index - at, bytes[index] as number);
    this.#at = end;
    if (initial === DOUBLE_FLOAT) return scratch.getFloat64(0);
    return initial === HALF_FLOAT ? halfFloat(scratch.getUint16(0)) : scratch.getFloat32(0);
  }
}

/** A float as such, though its value be whole. */
function wireFloat(value: number): number | WireFloat {
  return Number.isInteger(value) ? new WireFloat(value) : value;
}

/** A float of 16 bits (IEEE 754 §3.4): sign, five bits of exponent, ten of fraction. */
function halfFloat(bits: number): number {
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  const sign = bits < 0x8000 ? 1 : -1;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** At most SHORT bytes as text when all are ASCII: quicker than a call out of JavaScript. */
function shortAscii(bytes: Uint8Array, start: number, length: number): string | undefined {
  let text = '';
  let at = start;
  for (let left = length; left > 0; left -= 4, at += 4) {
    const first = bytes[at] as number;
    const second = left > 1 ? (bytes[at + 1] as number) : 0;
    const third = left > 2 ? (bytes[at + 2] as number) : 0;
    const fourth = left > 3 ? (bytes[at + 3] as number) : 0;
    if ((first | second | third | fourth) >= 0x80) return undefined;
    if (left > 3) text += String.fromCharCode(first, second, third, fourth);
    else if (left === 3) text += String.fromCharCode(first, second, third);
    else text += left === 2 ? String.fromCharCode(first, second) : String.fromCharCode(first);
  }
  return text;
}

function bad(what: string, at: number): DecodeError {
  return new DecodeError('bad_cbor', `${what} in CBOR`, at);
}

function truncated(at: number): DecodeError {
  return new DecodeError('truncated', 'CBOR ends early', at);
}

function tooMany(limit: number, at: number): DecodeError {
  return new DecodeError('too_many', `more than ${limit} CBOR items`, at);
}

/** What `open` gives for an array or map that a break will end. */
const UNANNOUNCED = -1;

const scratch = new DataView(new ArrayBuffer(8));
/** Bytes of text up to which putting it together is quicker; V8 keeps strings that short in one piece. */
const SHORT = 12;
/** Largest argument whose negative, less one, a double holds exactly too. */
const LARGEST_EXACT = Number.MAX_SAFE_INTEGER - 1;

const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;
const TAGGED = 6;
const EMPTY_BYTES = 0x40;
const ARRAY_OF_TWO = 0x82;
const TAG = 0xc0;
const FALSE = 0xf4;
const HALF_FLOAT = 0xf9;
const DOUBLE_FLOAT = 0xfb;
const BREAK = 0xff;
