/**
 * The pre-check of CBOR (RFC 8949): one pass over the bytes, without recursion, before the library sees them. It refuses
 * what could harm or mislead: nesting and counts beyond the limits, lengths beyond what is left, tags other than those of
 * numbers and times, malformed UTF-8, keys that are no integer or text (or array, where those may be), bytes after the end.
 */

import { DecodeError, Writer } from '#base';
import type { FormatLimits } from './parameters.js';
import { utf8ErrorAt } from './utf8.js';

/** What the pass learns that the library's answer does not show. */
export interface CborFacts {
  /** The same data, with strings of indefinite length made definite; the input itself when there were none. */
  readonly bytes: Uint8Array;
  /** Entries of all maps together: fewer in the decoded maps means that a key appeared twice. */
  readonly entries: number;
  /** Deepest nesting of arrays and maps. */
  readonly depth: number;
  /**
   * Where a value is written as a float: the number of its map entry, counted from 1 in the order of the bytes; 0 for a
   * value in no map. Ascending.
   */
  readonly floats: readonly number[];
}

/** What the keys of maps may be: integers and text, or arrays of these too (LwM2M CBOR). */
export type CborKeys = 'ids' | 'ids or arrays';

/** Checks a payload that is to be one data item. Throws DecodeError. */
export function checkCbor(bytes: Uint8Array, limits: FormatLimits, keys: CborKeys = 'ids'): CborFacts {
  const deepestAllowed = Math.min(limits.depth, FRAMES - 1);
  let definite: DefiniteStrings | undefined;
  let floats: number[] | undefined;
  let at = 0;
  let depth = 0;
  let deepest = 0;
  let items = 0;
  let entries = 0;
  do {
    const initial = byteAt(bytes, at);
    const major = initial >> 5;
    const map = depth > 0 && isMap[depth] === 1;
    const odd = ((done[depth] as number) & 1) === 1;
    if (initial === BREAK) {
      if (depth === 0 || total[depth] !== INDEFINITE || (map && odd)) throw bad('a break where none may stand', at);
      at += 1;
      depth -= 1;
    } else {
      items += 1;
      if (items > limits.cborItems) throw new DecodeError('too_many', `more than ${limits.cborItems} CBOR items`, at);
      if (map && !odd) {
        if (major !== 4 || keys === 'ids') checkKey(initial, at);
        entries += 1;
      }
      if (major === 4 || major === 5) {
        const count = containerCount(bytes, at, initial, limits);
        at += headLength(initial);
        if (depth === deepestAllowed)
          throw new DecodeError('too_deep', `CBOR nested deeper than ${deepestAllowed}`, at);
        if (depth >= deepest) deepest = depth + 1;
        if (count !== 0) {
          depth += 1;
          total[depth] = count;
          done[depth] = 0;
          isMap[depth] = major === 5 ? 1 : 0;
          continue;
        }
      } else if (initial === INDEFINITE_BYTES || initial === INDEFINITE_TEXT) {
        definite ??= new DefiniteStrings(bytes, limits);
        at = definite.join(at, major);
      } else {
        if ((depth === 0 || map) && isFloat(initial)) (floats ??= []).push(entries);
        at = itemEnd(bytes, at, initial);
      }
    }
    done[depth] = (done[depth] as number) + 1;
    while (depth > 0 && done[depth] === total[depth]) {
      depth -= 1;
      done[depth] = (done[depth] as number) + 1;
    }
  } while (depth > 0);
  if (at < bytes.length) throw new DecodeError('trailing_bytes', `${bytes.length - at} bytes after the CBOR item`, at);
  return { bytes: definite === undefined ? bytes : definite.finish(), entries, depth: deepest, floats: floats ?? NONE };
}

/** Where the item that begins at `at` ends; it is no array, no map and no string of indefinite length. */
function itemEnd(bytes: Uint8Array, at: number, initial: number): number {
  switch (initial >> 5) {
    case 0:
    case 1:
      return integerEnd(bytes, at, initial);
    case 2:
    case 3:
      return stringEnd(bytes, at, initial);
    case 6:
      return taggedEnd(bytes, at, initial);
    default:
      return simpleEnd(bytes, at, initial);
  }
}

function integerEnd(bytes: Uint8Array, at: number, initial: number): number {
  const end = at + headLength(initial);
  if ((initial & 0x1f) > 27) throw bad('a reserved integer form', at);
  if (end > bytes.length) throw truncated(at);
  return end;
}

/** A string of definite length; text must be UTF-8. */
function stringEnd(bytes: Uint8Array, at: number, initial: number): number {
  const start = at + headLength(initial);
  const length = argumentAt(bytes, at, initial);
  if (length > bytes.length - start) throw truncated(at);
  const end = start + length;
  if (initial >> 5 === 3) {
    const wrong = utf8ErrorAt(bytes, start, end);
    if (wrong >= 0) throw new DecodeError('bad_utf8', 'text is not valid UTF-8', wrong);
    if (length > 64 && bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf) {
      throw bad('long text that begins with a byte order mark, which the library would drop,', at);
    }
  }
  return end;
}

/** Tag 1 around a number, 2 and 3 around at most 16 bytes, 4 around [integer, integer or big number]. */
function taggedEnd(bytes: Uint8Array, at: number, initial: number): number {
  const content = at + 1;
  switch (initial) {
    case TAG + 1: {
      const inner = byteAt(bytes, content);
      if (inner >> 5 <= 1) return integerEnd(bytes, content, inner);
      if (inner >> 5 === 7 && isFloat(inner)) return simpleEnd(bytes, content, inner);
      throw bad('a time (tag 1) that is no number', content);
    }
    case TAG + 2:
    case TAG + 3:
      return bigNumberEnd(bytes, content);
    case TAG + 4: {
      if (byteAt(bytes, content) !== ARRAY_OF_TWO)
        throw bad('a decimal fraction (tag 4) that is no array of two', content);
      const exponent = byteAt(bytes, content + 1);
      if (exponent >> 5 > 1) throw bad('an exponent that is no integer', content + 1);
      const mantissa = integerEnd(bytes, content + 1, exponent);
      const inner = byteAt(bytes, mantissa);
      if (inner >> 5 <= 1) return integerEnd(bytes, mantissa, inner);
      if (inner === TAG + 2 || inner === TAG + 3) return bigNumberEnd(bytes, mantissa + 1);
      throw bad('a mantissa that is no integer', mantissa);
    }
    default:
      throw new DecodeError('bad_tag', 'a CBOR tag other than 1, 2, 3 and 4', at);
  }
}

function bigNumberEnd(bytes: Uint8Array, at: number): number {
  const inner = byteAt(bytes, at);
  if (inner < BYTES || inner > BYTES + 16) throw bad('a big number that is not 0 to 16 bytes', at);
  return stringEnd(bytes, at, inner);
}

/** false, true, null and floats of 2, 4 and 8 bytes. */
function simpleEnd(bytes: Uint8Array, at: number, initial: number): number {
  if (!isFloat(initial) && (initial < FALSE || initial > NULL)) throw bad('a CBOR simple value of no use', at);
  const end = at + headLength(initial);
  if (end > bytes.length) throw truncated(at);
  return end;
}

/** Elements that an array, or keys and values that a map announces; INDEFINITE when it does not. Compared with what is left. */
function containerCount(bytes: Uint8Array, at: number, initial: number, limits: FormatLimits): number {
  if ((initial & 0x1f) === 31) return INDEFINITE;
  const count = argumentAt(bytes, at, initial) * (initial >> 5 === 5 ? 2 : 1);
  if (count > limits.cborItems) throw new DecodeError('too_many', `more than ${limits.cborItems} CBOR items`, at);
  if (count > bytes.length - at - headLength(initial)) throw truncated(at);
  return count;
}

/** A key is an integer of at most four bytes or text of definite length. */
function checkKey(initial: number, at: number): void {
  const major = initial >> 5;
  const info = initial & 0x1f;
  if (major > 1 && major !== 3) throw bad('a map key that is no integer and no text', at);
  if (info === 31 || (major <= 1 && info > 26)) throw bad('a map key of this form', at);
}

/** Bytes of the initial byte and its argument. */
function headLength(initial: number): number {
  const info = initial & 0x1f;
  return info < 24 || info > 27 ? 1 : 1 + (1 << (info - 24));
}

/** The argument of a string, array or map: a length. Beyond 2^53 it is inexact, and beyond what is left in any case. */
function argumentAt(bytes: Uint8Array, at: number, initial: number): number {
  const info = initial & 0x1f;
  if (info < 24) return info;
  if (info > 27) throw bad('a reserved length form', at);
  const end = at + 1 + (1 << (info - 24));
  if (end > bytes.length) throw truncated(at);
  let value = 0;
  for (let index = at + 1; index < end; index += 1) value = value * 256 + (bytes[index] as number);
  return value;
}

/** Whether an item is a float, or a decimal fraction, which the library makes one. */
function isFloat(initial: number): boolean {
  return (initial >= HALF_FLOAT && initial <= HALF_FLOAT + 2) || initial === TAG + 4;
}

function byteAt(bytes: Uint8Array, at: number): number {
  if (at >= bytes.length) throw truncated(at);
  return bytes[at] as number;
}

/** Copies the data with its strings of indefinite length (RFC 8949 §3.2.3) made definite, for the library reads none. */
class DefiniteStrings {
  readonly #bytes: Uint8Array;
  readonly #limits: FormatLimits;
  readonly #writer: Writer;
  #copied = 0;
  #chunks = 0;

  constructor(bytes: Uint8Array, limits: FormatLimits) {
    this.#bytes = bytes;
    this.#limits = limits;
    this.#writer = new Writer(bytes.length + 8);
  }

  /** Joins the chunks of the string at `at`; where it ends in the input. Each chunk of a text must be UTF-8 by itself. */
  join(at: number, major: number): number {
    const bytes = this.#bytes;
    let length = 0;
    let end = at + 1;
    for (let initial = byteAt(bytes, end); initial !== BREAK; initial = byteAt(bytes, end)) {
      if (initial >> 5 !== major || (initial & 0x1f) === 31) throw bad('a chunk of another kind than its string', end);
      this.#chunks += 1;
      if (this.#chunks > this.#limits.cborItems) {
        throw new DecodeError('too_many', `more than ${this.#limits.cborItems} CBOR items`, end);
      }
      const next = stringEnd(bytes, end, initial);
      length += next - end - headLength(initial);
      end = next;
    }
    this.#writer
      .bytes(bytes.subarray(this.#copied, at))
      .u8((major << 5) | 26)
      .u32(length);
    for (let next = at + 1; next < end;) {
      const initial = bytes[next] as number;
      const chunkEnd = next + headLength(initial) + argumentAt(bytes, next, initial);
      this.#writer.bytes(bytes.subarray(next + headLength(initial), chunkEnd));
      next = chunkEnd;
    }
    this.#copied = end + 1;
    return this.#copied;
  }

  finish(): Uint8Array {
    return this.#writer.bytes(this.#bytes.subarray(this.#copied)).finish();
  }
}

function bad(what: string, at: number): DecodeError {
  return new DecodeError('bad_cbor', `${what} in CBOR`, at);
}

function truncated(at: number): DecodeError {
  return new DecodeError('truncated', 'CBOR ends early', at);
}

/** Open containers by depth; 0 stands for the payload itself. One check runs at a time, so one stack serves all. */
const FRAMES = 65;
/** Items a container holds, keys and values both counted; INDEFINITE when only a break will tell. */
const total = new Int32Array(FRAMES);
/** Items read of it so far. */
const done = new Int32Array(FRAMES);
const isMap = new Uint8Array(FRAMES);
const INDEFINITE = -1;
const NONE: readonly number[] = [];

const BREAK = 0xff;
const BYTES = 0x40;
const INDEFINITE_BYTES = 0x5f;
const INDEFINITE_TEXT = 0x7f;
const ARRAY_OF_TWO = 0x82;
const TAG = 0xc0;
const FALSE = 0xf4;
const NULL = 0xf6;
const HALF_FLOAT = 0xf9;
