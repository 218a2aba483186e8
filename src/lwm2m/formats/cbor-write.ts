/** Writing CBOR in its shortest form (RFC 8949 §4.1), floats in four bytes where those hold them exactly, else in eight. */

import { Writer, unreachable } from '#base';
import { showObjectLink } from '#lwm2m/model';
import type { Path, Scalar } from '#lwm2m/model';
import { isFraction, wholeNumber } from './integers.js';

/** Appends CBOR items to bytes. */
export class CborWriter {
  readonly #writer: Writer;

  constructor(capacity = 128) {
    this.#writer = new Writer(capacity);
  }

  array(count: number): this {
    return this.#head(4, count);
  }

  map(count: number): this {
    return this.#head(5, count);
  }

  tag(number: number): this {
    return this.#head(6, number);
  }

  integer(value: number | bigint): this {
    return value < 0 ? this.#head(1, typeof value === 'bigint' ? -1n - value : -1 - value) : this.#head(0, value);
  }

  float(value: number): this {
    if (Object.is(Math.fround(value), value)) {
      scratch.writeFloatBE(value);
      this.#writer.u8(0xfa).bytes(scratch.subarray(0, 4));
    } else {
      scratch.writeDoubleBE(value);
      this.#writer.u8(0xfb).bytes(scratch);
    }
    return this;
  }

  truth(value: 'true' | 'false'): this {
    this.#writer.u8(value === 'true' ? 0xf5 : 0xf4);
    return this;
  }

  /** Null. */
  none(): this {
    this.#writer.u8(0xf6);
    return this;
  }

  text(value: string): this {
    this.#head(3, Buffer.byteLength(value));
    this.#writer.utf8(value);
    return this;
  }

  bytes(value: Uint8Array): this {
    this.#head(2, value.length);
    this.#writer.bytes(value);
    return this;
  }

  /** What was written; write no more after this. */
  finish(): Uint8Array {
    return this.#writer.finish();
  }

  #head(major: number, argument: number | bigint): this {
    const type = major << 5;
    if (argument < 24) this.#writer.u8(type | Number(argument));
    else if (argument <= 0xff) this.#writer.u8(type | 24).u8(Number(argument));
    else if (argument <= 0xffff) this.#writer.u8(type | 25).u16(Number(argument));
    else if (argument <= 0xffff_ffff) this.#writer.u8(type | 26).u32(Number(argument));
    else {
      scratch.writeBigUInt64BE(BigInt(argument));
      this.#writer.u8(type | 27).bytes(scratch);
    }
    return this;
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

const scratch = Buffer.alloc(8);
