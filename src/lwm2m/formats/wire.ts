/**
 * Values as self-describing formats carry them (SenML, CBOR) → Scalars of the type the model gives (LwM2M-Core 1.1.1
 * Appendix C). Lenient only where nothing is lost: a whole float for an integer, an integer for a float or a time.
 */

import { DecodeError, unreachable } from '#base';
import { exactInteger, fitsInteger, parseObjectLink, showPath } from '#lwm2m/model';
import type { IntegerType, ObjectLink, Path, ResourceType, Scalar } from '#lwm2m/model';

/** A whole number that was written as a float, such as `20.0`: its kind matters where the model gives no type. */
export class WireFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** Seconds since 1970 under CBOR tag 1 (RFC 8949 §3.4.2). */
export class WireTime {
  readonly value: number | bigint;

  constructor(value: number | bigint) {
    this.value = value;
  }
}

/** A value as read from the wire. A number with a fraction is a float in any case. */
export type WireValue = number | bigint | string | boolean | Uint8Array | ObjectLink | WireFloat | WireTime;

/** The value at `path` with the model's type, or with the type its form shows when there is none. Throws DecodeError(`bad_value`). */
export function scalarFromWire(type: ResourceType | undefined, wire: WireValue, path: Path): Scalar {
  switch (type) {
    case undefined:
      return untyped(wire, path);
    case 'string':
    case 'corelnk':
      return typeof wire === 'string' ? { type, value: wire } : mismatch(type, wire, path);
    case 'integer':
    case 'unsigned':
      return { type, value: integerFrom(type, wire, path) };
    case 'float':
      return { type, value: floatFrom(wire, path) };
    case 'boolean':
      return typeof wire === 'boolean' ? { type, value: wire } : mismatch(type, wire, path);
    case 'opaque':
      return wire instanceof Uint8Array ? { type, value: ownBytes(wire) } : mismatch(type, wire, path);
    case 'time':
      return { type, value: timeFrom(wire, path) };
    case 'objlnk':
      return { type, value: linkFrom(wire, path) };
    default:
      return unreachable(type);
  }
}

/** A copy that shares no memory with the payload. */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes);
}

function untyped(wire: WireValue, path: Path): Scalar {
  if (typeof wire === 'number') {
    return Number.isSafeInteger(wire) ? { type: 'integer', value: wire + 0 } : { type: 'float', value: wire };
  }
  if (typeof wire === 'string') return { type: 'string', value: wire };
  if (typeof wire === 'boolean') return { type: 'boolean', value: wire };
  if (typeof wire === 'bigint') {
    const type = fitsInteger('integer', wire) ? 'integer' : 'unsigned';
    return { type, value: integerFrom(type, wire, path) };
  }
  if (wire instanceof Uint8Array) return { type: 'opaque', value: ownBytes(wire) };
  if (wire instanceof WireFloat) return { type: 'float', value: wire.value };
  if (wire instanceof WireTime) return { type: 'time', value: timeFrom(wire, path) };
  return { type: 'objlnk', value: wire };
}

function integerFrom(type: IntegerType, wire: WireValue, path: Path): number | bigint {
  const value = wire instanceof WireFloat ? wire.value : wire;
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw badValue(path, `${value} is no exact whole number`);
    if (type === 'unsigned' && value < 0) throw badValue(path, `${value} is negative, the type is unsigned`);
    return value + 0;
  }
  if (typeof value !== 'bigint') return mismatch(type, wire, path);
  if (!fitsInteger(type, value)) throw badValue(path, `the number does not fit in 64 bits (${type})`);
  return exactInteger(value);
}

function floatFrom(wire: WireValue, path: Path): number {
  if (typeof wire === 'number') return wire;
  if (wire instanceof WireFloat) return wire.value;
  return typeof wire === 'bigint' ? Number(wire) : mismatch('float', wire, path);
}

/** Seconds, whole or with a fraction. */
function timeFrom(wire: WireValue, path: Path): number | bigint {
  const value = wire instanceof WireTime || wire instanceof WireFloat ? wire.value : wire;
  if (typeof value === 'number') {
    if (!(Math.abs(value) <= Number.MAX_SAFE_INTEGER)) throw badValue(path, `${value} is no time`);
    return value + 0;
  }
  return typeof value === 'bigint' ? integerFrom('time', value, path) : mismatch('time', wire, path);
}

function linkFrom(wire: WireValue, path: Path): ObjectLink {
  if (typeof wire === 'string') {
    const link = parseObjectLink(wire);
    if (link === undefined) throw badValue(path, 'no object link: expected "object:instance"');
    return link;
  }
  return typeof wire === 'object' && 'instance' in wire ? wire : mismatch('objlnk', wire, path);
}

function mismatch(type: ResourceType, wire: WireValue, path: Path): never {
  throw badValue(path, `expected a value of type ${type}, got ${formOf(wire)}`);
}

function formOf(wire: WireValue): string {
  if (typeof wire === 'string') return 'text';
  if (typeof wire === 'boolean') return 'a boolean';
  if (wire instanceof Uint8Array) return 'bytes';
  if (wire instanceof WireTime) return 'a time';
  return typeof wire === 'object' && 'instance' in wire ? 'an object link' : 'a number';
}

/** The DecodeError of a value that is not of its type. */
export function badValue(path: Path, why: string): DecodeError {
  return new DecodeError('bad_value', `${showPath(path)}: ${why}`);
}
