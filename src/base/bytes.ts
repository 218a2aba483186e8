/**
 * The one bounds-checked Reader and Writer, big-endian, and text helpers. A Reader never reads past the span it was made
 * for: a length from the wire is compared with what is left before anything is sliced.
 */

import { DecodeError } from './errors.js';

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** No bytes. */
export const EMPTY: Uint8Array = new Uint8Array(0);

/** Reads a span of bytes from front to back; every method throws DecodeError(`truncated`) when too few bytes are left. */
export class Reader {
  readonly bytes: Uint8Array;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Offset of the next byte within `bytes`. */
  get offset(): number {
    return this.#at;
  }

  /** How many bytes are left. */
  get remaining(): number {
    return this.#end - this.#at;
  }

  u8(): number {
    return this.bytes[this.#advance(1)] as number;
  }

  u16(): number {
    const at = this.#advance(2);
    return ((this.bytes[at] as number) << 8) | (this.bytes[at + 1] as number);
  }

  u24(): number {
    return this.uint(3);
  }

  u32(): number {
    return this.uint(4);
  }

  /** An unsigned integer of `width` bytes, 0 to 6. */
  uint(width: number): number {
    const at = this.#advance(width);
    let value = 0;
    for (let index = 0; index < width; index += 1) value = value * 256 + (this.bytes[at + index] as number);
    return value;
  }

  /** The next `count` bytes, as a view. */
  take(count: number): Uint8Array {
    const at = this.#advance(count);
    return this.bytes.subarray(at, at + count);
  }

  /** A Reader of the next `count` bytes alone. */
  sub(count: number): Reader {
    const at = this.#advance(count);
    return new Reader(this.bytes, at, at + count);
  }

  /** All that is left, as a view. */
  rest(): Uint8Array {
    return this.take(this.remaining);
  }

  /** Throws DecodeError(`trailing_bytes`) unless everything was read. */
  end(): void {
    if (this.remaining > 0) throw new DecodeError('trailing_bytes', `${this.remaining} bytes too many`, this.#at);
  }

  #advance(count: number): number {
    if (count > this.#end - this.#at) {
      throw new DecodeError('truncated', `${count} bytes needed, ${this.#end - this.#at} left`, this.#at);
    }
    const at = this.#at;
    this.#at += count;
    return at;
  }
}

/** Grows as it is written to; `finish` gives exactly what was written. */
export class Writer {
  #buffer: Buffer;
  #length = 0;

  constructor(capacity = 256) {
    this.#buffer = Buffer.allocUnsafe(capacity);
  }

  /** How many bytes were written so far. */
  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    this.#reserve(1);
    this.#buffer[this.#length] = value;
    this.#length += 1;
    return this;
  }

  u16(value: number): this {
    return this.uint(value, 2);
  }

  u24(value: number): this {
    return this.uint(value, 3);
  }

  u32(value: number): this {
    return this.uint(value, 4);
  }

  /** An unsigned integer in `width` bytes, 1 to 6. */
  uint(value: number, width: number): this {
    this.#reserve(width);
    this.#buffer.writeUIntBE(value, this.#length, width);
    this.#length += width;
    return this;
  }

  bytes(value: Uint8Array): this {
    this.#reserve(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
    return this;
  }

  utf8(text: string): this {
    const size = Buffer.byteLength(text);
    this.#reserve(size);
    this.#length += this.#buffer.write(text, this.#length, size, 'utf8');
    return this;
  }

  /** What was written, as a view of the Writer's memory: write no more after this. */
  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

/** UTF-8 bytes as text; malformed input throws DecodeError(`bad_utf8`) and is never replaced. */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes);
  } catch (cause) {
    throw new DecodeError('bad_utf8', 'text is not valid UTF-8', undefined, { cause });
  }
}

/** A text as one piece of memory of its own: one made by joining or cutting others keeps those as well. */
export function flat(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}

/** Text as UTF-8 bytes. */
export function encodeUtf8(text: string): Buffer {
  return Buffer.from(text, 'utf8');
}

/** Bytes as lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** Hex digits (blanks allowed between bytes) as bytes; throws DecodeError(`bad_hex`). */
export function fromHex(hex: string): Buffer {
  const digits = hex.replaceAll(/\s+/g, '');
  if (digits.length % 2 !== 0 || /[^0-9a-fA-F]/.test(digits))
    throw new DecodeError('bad_hex', 'not pairs of hex digits');
  return Buffer.from(digits, 'hex');
}

/** Whether two byte strings are equal. Not for secrets: its time depends on the content. */
export function bytesEqual(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index += 1) if (left[index] !== right[index]) return false;
  return true;
}
