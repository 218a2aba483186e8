/**
 * The value of one TLV ↔ Scalar (LwM2M-Core 1.1.1 Appendix C, column TLV): integers of 1, 2, 4 or 8 bytes, floats of 4 or 8,
 * booleans of 1, object links of 4, everything big-endian.
 */

import { EMPTY, decodeUtf8, encodeUtf8, unreachable } from '#base';
import { exactInteger } from '#lwm2m/model';
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

/** A value as the bytes of a TLV, integers and floats as short as they go without loss. Throws AppError(`not_encodable`). */
export function encodeTlvValue(scalar: Scalar, path: Path): Uint8Array {
  switch (scalar.type) {
    case 'string':
    case 'corelnk':
      return scalar.value === '' ? EMPTY : encodeUtf8(scalar.value);
    case 'integer':
    case 'time':
      return signedBytes(wholeNumber(scalar.type, scalar.value, path));
    case 'unsigned':
      return unsignedBytes(wholeNumber(scalar.type, scalar.value, path));
    case 'float':
      return floatBytes(scalar.value);
    case 'boolean':
      return Buffer.of(scalar.value ? 1 : 0);
    case 'opaque':
      return scalar.value;
    case 'objlnk': {
      const { object, instance } = scalar.value;
      return Buffer.of(object >> 8, object & 0xff, instance >> 8, instance & 0xff);
    }
    default:
      return unreachable(scalar);
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

function signedBytes(value: number | bigint): Buffer {
  if (typeof value === 'number' && value >= -0x8000_0000 && value < 0x8000_0000) {
    const width = value >= -0x80 && value < 0x80 ? 1 : value >= -0x8000 && value < 0x8000 ? 2 : 4;
    const bytes = Buffer.allocUnsafe(width);
    bytes.writeIntBE(value, 0, width);
    return bytes;
  }
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
}

function unsignedBytes(value: number | bigint): Buffer {
  if (typeof value === 'number' && value <= 0xffff_ffff) {
    const width = value <= 0xff ? 1 : value <= 0xffff ? 2 : 4;
    const bytes = Buffer.allocUnsafe(width);
    bytes.writeUIntBE(value, 0, width);
    return bytes;
  }
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

/** Four bytes where they hold the value exactly, else eight. */
function floatBytes(value: number): Buffer {
  if (Object.is(Math.fround(value), value)) {
    const bytes = Buffer.allocUnsafe(4);
    bytes.writeFloatBE(value);
    return bytes;
  }
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeDoubleBE(value);
  return bytes;
}
