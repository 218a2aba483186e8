/**
 * CBOR data items (RFC 8949) for the formats that stand on them. The library decodes what the pre-check of cbor-check.ts let
 * pass: its own record, reference and date extensions can never be reached. Only the portable part of it is loaded.
 */

import { Decoder, addExtension } from 'cbor-x/decode';
import { DecodeError } from '#base';
import { checkCbor } from './cbor-check.js';
import type { CborKeys } from './cbor-check.js';
import { checkSize } from './codec.js';
import type { FormatLimits } from './parameters.js';
import { WireFloat, WireTime } from './wire.js';
import type { WireValue } from './wire.js';

/** A decoded payload. */
export interface CborDocument {
  /** Maps are Maps; integers beyond four bytes and big numbers are bigint; byte strings are views of the payload. */
  readonly value: unknown;
  /** Where a value was written as a float, see CborFacts. */
  readonly floats: readonly number[];
}

/** Decodes a payload that is one data item; `keys`: what the keys of its maps may be. Throws DecodeError. */
export function decodeCbor(bytes: Uint8Array, limits: FormatLimits, keys: CborKeys = 'ids'): CborDocument {
  checkSize(bytes, limits);
  const facts = checkCbor(bytes, limits, keys);
  let value: unknown;
  try {
    value = decoder.decode(facts.bytes);
  } catch (cause) {
    throw new DecodeError('bad_cbor', 'the CBOR library refuses the payload', undefined, { cause });
  }
  const nested = facts.depth > 2 || keys !== 'ids' ? countEntries : countFlat;
  if (facts.entries !== nested(value)) throw new DecodeError('duplicate_key', 'a key appears twice in a CBOR map');
  return { value, floats: facts.floats };
}

/** Entries of all maps in `value`, at most as deep as the pre-check allows. */
export function countEntries(value: unknown): number {
  let entries = 0;
  if (value instanceof Map) {
    entries = value.size;
    for (const member of value.values()) if (typeof member === 'object') entries += countEntries(member);
  } else if (Array.isArray(value)) {
    for (const member of value) if (typeof member === 'object') entries += countEntries(member);
  }
  return entries;
}

/** What a value is for scalarFromWire; undefined for null, arrays and maps. `form` says whether a number was a float. */
export function cborWire(value: unknown, form: 'float' | 'plain'): WireValue | undefined {
  switch (typeof value) {
    case 'number':
      return form === 'float' && Number.isInteger(value) ? new WireFloat(value) : value;
    case 'bigint':
    case 'string':
    case 'boolean':
      return value;
    default:
      return value instanceof Uint8Array || value instanceof WireTime ? value : undefined;
  }
}

/** countEntries of a map, or of an array of maps, that holds no further container. */
function countFlat(value: unknown): number {
  if (value instanceof Map) return value.size;
  let entries = 0;
  if (Array.isArray(value)) for (const member of value) if (member instanceof Map) entries += member.size;
  return entries;
}

const decoder = new Decoder({ useRecords: false, mapsAsObjects: false });

addExtension<WireTime, number | bigint>({
  Class: WireTime,
  tag: 1,
  encode: (time, encode) => encode(time.value),
  decode: (seconds) => new WireTime(seconds),
});
