/** Writing CBOR in its shortest form (RFC 8949 §4.1), floats in four bytes where those hold them exactly, else in eight. */

import { unreachable } from '#base';
import { showObjectLink } from '#lwm2m/model';
import type { Path, Scalar } from '#lwm2m/model';
import { isFraction, wholeNumber } from './integers.js';

/** Appends CBOR items to bytes. */
export class CborWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(capacity = 256) {
    this.#buffer = Buffer.allocUnsafe(capacity);
  }

  array(count: number): this {
    return this.#head(0x80, count);
  }

  map(count: number): this {
    return this.#head(0xa0, count);
  }

  tag(number: number): this {
    return this.#head(0xc0, number);
  }

  integer(value: number | bigint): this {
    if (value >= 0) return this.#head(0x00, value);
    return this.#head(0x20, typeof value === 'bigint' ? -1n - value : -1 - value);
  }

  float(value: number): this {
    this.#reserve(9);
    if (Object.is(Math.fround(value), value)) {
      this.#buffer[this.#length] = 0xfa;
      this.#length = this.#buffer.writeFloatBE(value, this.#length + 1);
    } else {
      this.#buffer[this.#length] = 0xfb;
      this.#length = this.#buffer.writeDoubleBE(value, this.#length + 1);
    }
    return this;
  }

  truth(value: 'true' | 'false'): this {
    return this.#byte(value === 'true' ? 0xf5 : 0xf4);
  }

  /** Null. */
  none(): this {
    return this.#byte(0xf6);
  }

  text(value: string): this {
    if (value.length <= SHORT && this.#shortAscii(value)) return this;
    const size = Buffer.byteLength(value);
    this.#head(0x60, size);
    this.#reserve(size);
    this.#length += this.#buffer.write(value, this.#length, size, 'utf8');
    return this;
  }

  bytes(value: Uint8Array): this {
    this.#head(0x40, value.length);
    this.#reserve(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
    return this;
  }

  /** What was written; write no more after this. */
  finish(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Text of at most SHORT characters, unless one of them is beyond ASCII: quicker than two calls out of JavaScript. */
  #shortAscii(value: string): boolean {
    this.#reserve(1 + SHORT);
    const buffer = this.#buffer;
    const start = this.#length + 1;
    for (let index = 0; index < value.length; index += 1) {
      const code = value.charCodeAt(index);
      if (code >= 0x80) return false;
      buffer[start + index] = code;
    }
    buffer[start - 1] = 0x60 | value.length;
    this.#length = start + value.length;
    return true;
  }

  #byte(value: number): this {
    this.#reserve(1);
    this.#buffer[this.#length] = value;
    this.#length += 1;
    return this;
  }

  /** The first byte of an item, whose high bits are `type`, and its argument in as few bytes as it goes. */
  #head(type: number, argument: number | bigint): this {
    this.#reserve(9);
    const buffer = this.#buffer;
    const at = this.#length;
    if (argument < 24) {
      buffer[at] = type | Number(argument);
      this.#length = at + 1;
    } else if (argument <= 0xff) {
      buffer[at] = type | 24;
      buffer[at + 1] = Number(argument);
      this.#length = at + 2;
    } else if (argument <= 0xffff) {
      buffer[at] = type | 25;
      this.#length = buffer.writeUInt16BE(Number(argument), at + 1);
    } else if (argument <= 0xffff_ffff) {
      buffer[at] = type | 26;
      this.#length = buffer.writeUInt32BE(Number(argument), at + 1);
    } else {
      buffer[at] = type | 27;
      this.#length = buffer.writeBigUInt64BE(BigInt(argument), at + 1);
    }
    return this;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}

/** Writes a value (LwM2M-Core 1.1.1 Appendix C, column CBOR). Throws AppError(`not_encodable`). */
export function writeScalar(writer: CborWriter, scalar: Scalar, path: Path): void {
  switch (scalar.type) {
    case 'string':
    case 'corelnk':
      writer.text(scalar.value);
      return;
    case 'integer':
    case 'unsigned':
      writer.integer(wholeNumber(scalar.type, scalar.value, path));
      return;
    case 'float':
      writer.float(scalar.value);
      return;
    case 'boolean':
      writer.truth(scalar.value ? 'true' : 'false');
      return;
    case 'opaque':
      writer.bytes(scalar.value);
      return;
    case 'time':
      if (isFraction(scalar.value)) writer.float(scalar.value);
      else writer.integer(wholeNumber('time', scalar.value, path));
      return;
    case 'objlnk':
      writer.text(showObjectLink(scalar.value));
      return;
    default:
      unreachable(scalar);
  }
}

/** Characters of a text up to which a loop is quicker; its length fits in the first byte. */
const SHORT = 23;
