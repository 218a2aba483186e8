/**
 * The value of one TLV ↔ Scalar (LwM2M-Core 1.1.1 Appendix C, column TLV): integers of 1, 2, 4 or 8 bytes, floats of 4 or 8,
 * booleans of 1, object links of 4, everything big-endian.
 */

import { decodeUtf8, unreachable } from '#base';
import { exactInteger, fitsInteger } from '#lwm2m/model';
import type { ObjectLink, Path, ResourceType, Scalar } from '#lwm2m/model';
import { wholeNumber } from './integers.js';
import { badValue } from './wire.js';

/** Reads the value in `bytes[start..end)`; without a type it is opaque. Throws DecodeError(bad_value, bad_utf8). */
export function decodeTlvValue(
  type: ResourceType | undefined,
  bytes: Uint8Array,
  start: number,
  end: number,
  path: Path,
): Scalar {
  switch (type) {
    case 'string':
    case 'corelnk':
      return { type, value: start === end ? '' : decodeUtf8(bytes.subarray(start, end)) };
    case 'integer':
    case 'time':
      return { type, value: integerAt(bytes, start, end, 'signed', path) };
    case 'unsigned':
      return { type, value: integerAt(bytes, start, end, 'unsigned', path) };
    case 'float':
      return { type, value: floatAt(bytes, start, end, path) };
    case 'boolean':
      return { type, value: booleanAt(bytes, start, end, path) };
    case 'objlnk':
      return { type, value: linkAt(bytes, start, end, path) };
    case 'opaque':
    case undefined:
      return { type: 'opaque', value: Uint8Array.prototype.slice.call(bytes, start, end) };
    default:
      return unreachable(type);
  }
}

/**
 * How many bytes a value has in a TLV, integers and floats as few as they go without loss; it stands at `id` below `above`.
 * Throws AppError(`not_encodable`).
 */
export function tlvValueLength(scalar: Scalar, above: Path, id: number): number {
  switch (scalar.type) {
    case 'string':
    case 'corelnk':
      return utf8Length(scalar.value);
    case 'integer':
    case 'unsigned':
    case 'time':
      if (!fitsInteger(scalar.type, scalar.value)) wholeNumber(scalar.type, scalar.value, [...above, id]);
      return scalar.type === 'unsigned' ? unsignedWidth(scalar.value) : signedWidth(scalar.value);
    case 'float':
      return Object.is(Math.fround(scalar.value), scalar.value) ? 4 : 8;
    case 'boolean':
      return 1;
    case 'opaque':
      return scalar.value.length;
    case 'objlnk':
      return 4;
    default:
      return unreachable(scalar);
  }
}

/** Writes a value at `at`, in the `length` bytes that tlvValueLength gave for it. */
export function writeTlvValue(buffer: Buffer, at: number, scalar: Scalar, length: number): void {
  switch (scalar.type) {
    case 'string':
    case 'corelnk':
      writeText(buffer, at, scalar.value, length);
      return;
    case 'integer':
    case 'unsigned':
    case 'time':
      if (length < 8) writeBits(buffer, at, Number(scalar.value), length);
      else buffer.writeBigUInt64BE(BigInt.asUintN(64, BigInt(scalar.value)), at);
      return;
    case 'float':
      if (length === 4) buffer.writeFloatBE(scalar.value, at);
      else buffer.writeDoubleBE(scalar.value, at);
      return;
    case 'boolean':
      buffer[at] = scalar.value ? 1 : 0;
      return;
    case 'opaque':
      buffer.set(scalar.value, at);
      return;
    case 'objlnk':
      writeBits(buffer, at, scalar.value.object, 2);
      writeBits(buffer, at + 2, scalar.value.instance, 2);
      return;
    default:
      unreachable(scalar);
  }
}

function integerAt(
  bytes: Uint8Array,
  start: number,
  end: number,
  sign: 'signed' | 'unsigned',
  path: Path,
): number | bigint {
  const length = end - start;
  if (length !== 1 && length !== 2 && length !== 4 && length !== 8) {
    throw badValue(path, `an integer of ${length} bytes; allowed are 1, 2, 4 and 8`);
  }
  if (length === 8) return integer64At(bytes, start, sign);
  let value = 0;
  for (let index = start; index < end; index += 1) value = value * 256 + (bytes[index] as number);
  const half = 2 ** (length * 8 - 1);
  return sign === 'signed' && value >= half ? value - half * 2 : value;
}

function integer64At(bytes: Uint8Array, start: number, sign: 'signed' | 'unsigned'): number | bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, 8);
  return exactInteger(sign === 'signed' ? view.getBigInt64(0) : view.getBigUint64(0));
}

function floatAt(bytes: Uint8Array, start: number, end: number, path: Path): number {
  const length = end - start;
  if (length !== 4 && length !== 8) throw badValue(path, `a float of ${length} bytes; allowed are 4 and 8`);
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, length);
  return length === 4 ? view.getFloat32(0) : view.getFloat64(0);
}

function booleanAt(bytes: Uint8Array, start: number, end: number, path: Path): boolean {
  const value = bytes[start] as number;
  if (end - start !== 1 || value > 1) throw badValue(path, 'no boolean: expected one byte, 00 or 01');
  return value === 1;
}

function linkAt(bytes: Uint8Array, start: number, end: number, path: Path): ObjectLink {
  if (end - start !== 4) throw badValue(path, `an object link of ${end - start} bytes; it has 4`);
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, 4);
  return { object: view.getUint16(0), instance: view.getUint16(2) };
}

function signedWidth(value: number | bigint): number {
  if (value >= -0x80 && value < 0x80) return 1;
  if (value >= -0x8000 && value < 0x8000) return 2;
  return value >= -0x8000_0000 && value < 0x8000_0000 ? 4 : 8;
}

function unsignedWidth(value: number | bigint): number {
  if (value <= 0xff) return 1;
  if (value <= 0xffff) return 2;
  return value <= 0xffff_ffff ? 4 : 8;
}

/** The lowest bytes of a number of at most 32 bits, big-endian. */
function writeBits(buffer: Buffer, at: number, value: number, width: number): void {
  for (let index = 0; index < width; index += 1) buffer[at + index] = value >> ((width - 1 - index) * 8);
}

/** Bytes of a text in UTF-8. */
function utf8Length(text: string): number {
  if (text.length > SHORT) return Buffer.byteLength(text);
  for (let index = 0; index < text.length; index += 1)
    if (text.charCodeAt(index) >= 0x80) return Buffer.byteLength(text);
  return text.length;
}

/** Writes a text of which `length` bytes are known; those of as many characters are ASCII. */
function writeText(buffer: Buffer, at: number, text: string, length: number): void {
  if (length > SHORT || length !== text.length) buffer.write(text, at, length, 'utf8');
  else for (let index = 0; index < length; index += 1) buffer[at + index] = text.charCodeAt(index);
}

/** Characters of a text up to which a loop is quicker than a call out of JavaScript. */
const SHORT = 23;
