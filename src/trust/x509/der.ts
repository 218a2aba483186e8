/**
 * A strict reader of DER (X.690 §10) for the subset X.509 uses: tags of one byte, definite lengths in their shortest form.
 * It goes through one level at a time and never descends by itself, so that depth cannot hurt it; every length is compared
 * with the bytes left in its parent before anything is sliced.
 */

import { DecodeError } from '#base';

/** Tags of the universal class, constructed where DER says so. */
export const Tag = {
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  NULL: 0x05,
  OID: 0x06,
  ENUMERATED: 0x0a,
  UTF8_STRING: 0x0c,
  PRINTABLE_STRING: 0x13,
  TELETEX_STRING: 0x14,
  IA5_STRING: 0x16,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
  VISIBLE_STRING: 0x1a,
  UNIVERSAL_STRING: 0x1c,
  BMP_STRING: 0x1e,
  SEQUENCE: 0x30,
  SET: 0x31,
} as const;

/** The tag `[number]` of the context class. */
export function context(number: number, form: 'primitive' | 'constructed'): number {
  return (form === 'constructed' ? 0xa0 : 0x80) | number;
}

/** One element: its tag, and where header, content and end lie in the whole. */
export interface Element {
  readonly tag: number;
  readonly bytes: Buffer;
  /** Offset of the tag. */
  readonly start: number;
  /** Offset of the content. */
  readonly at: number;
  /** Offset behind the content. */
  readonly end: number;
}

/** The content of an element, as a view. */
export function content(element: Element): Buffer {
  return element.bytes.subarray(element.at, element.end);
}

/** The whole element with its header, as a view. */
export function encoded(element: Element): Buffer {
  return element.bytes.subarray(element.start, element.end);
}

/** Reads the elements of one level from front to back; throws DecodeError where they are no DER or not what was asked for. */
export class DerReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#at = start;
    this.#end = end;
  }

  /** A reader of what is inside an element. */
  static inside(element: Element): DerReader {
    return new DerReader(element.bytes, element.at, element.end);
  }

  /** Whether everything was read. */
  get done(): boolean {
    return this.#at === this.#end;
  }

  /** The next tag, or -1 at the end. */
  get tag(): number {
    return this.done ? -1 : (this.#bytes[this.#at] as number);
  }

  /** The next element, of any tag. */
  next(): Element {
    const bytes = this.#bytes;
    const start = this.#at;
    if (this.#end - start < 2) throw new DecodeError('truncated', 'an element is cut short', start);
    const tag = bytes[start] as number;
    if ((tag & 0x1f) === 0x1f) throw new DecodeError('bad_tag', 'a tag of several bytes', start);
    if (tag === 0) throw new DecodeError('bad_tag', 'the tag 0', start);
    let length = bytes[start + 1] as number;
    let at = start + 2;
    if (length > 0x7f) {
      const width = length & 0x7f;
      if (width === 0) throw new DecodeError('bad_length', 'an indefinite length, which DER forbids', start + 1);
      if (width > MOST_LENGTH_BYTES) throw new DecodeError('bad_length', `a length of ${width} bytes`, start + 1);
      if (width > this.#end - at) throw new DecodeError('truncated', 'a length is cut short', start + 1);
      length = 0;
      for (let index = 0; index < width; index += 1) length = length * 256 + (bytes[at + index] as number);
      at += width;
      if (length < 0x80 || length < 256 ** (width - 1)) {
        throw new DecodeError('bad_length', 'a length that is not in its shortest form, which DER forbids', start + 1);
      }
    }
    if (length > this.#end - at) {
      throw new DecodeError('truncated', `${length} bytes declared, ${this.#end - at} left`, start);
    }
    this.#at = at + length;
    return { tag, bytes, start, at, end: this.#at };
  }

  /** The next element, which must have this tag; `what` names it in the error. */
  take(tag: number, what: string): Element {
    const start = this.#at;
    if (this.done) throw new DecodeError('missing', `${what} is missing`, start);
    const element = this.next();
    if (element.tag !== tag) {
      throw new DecodeError('bad_tag', `${what} has the tag ${hex(element.tag)}, not ${hex(tag)}`, start);
    }
    return element;
  }

  /** The next element if it has this tag. */
  optional(tag: number): Element | undefined {
    return this.tag === tag ? this.next() : undefined;
  }

  /** A reader of the inside of the next element, which must have this tag. */
  enter(tag: number, what: string): DerReader {
    return DerReader.inside(this.take(tag, what));
  }

  /** Throws DecodeError(`trailing_bytes`) unless everything was read. */
  finish(what: string): void {
    if (!this.done) throw new DecodeError('trailing_bytes', `${this.#end - this.#at} bytes behind ${what}`, this.#at);
  }
}

/** A reader of the inside of bytes that must be one element of this tag and nothing more. */
export function only(bytes: Uint8Array, tag: number, what: string): DerReader {
  const outer = new DerReader(bytes);
  const inner = outer.enter(tag, what);
  outer.finish(what);
  return inner;
}

const hex = (tag: number): string => `0x${tag.toString(16).padStart(2, '0')}`;

/** Four bytes reach 4 GiB, more than any file that is read here. */
const MOST_LENGTH_BYTES = 4;
