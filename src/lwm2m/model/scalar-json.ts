/**
 * One value ↔ JSON, in the shapes of the API: integers beyond 2^53 are decimal strings, opaque values base64, times
 * RFC 3339, object links `3:0`, NaN and infinities strings. Reading says what is allowed when it refuses.
 */

import { decodeBase64, encodeBase64, unreachable } from '#base';
import { MAX_UNSIGNED, fitsInteger, showRange } from './range.js';
import type { IntegerType } from './range.js';
import { parseTimestamp, showTimestamp } from './timestamp.js';
import { exactInteger } from './value.js';
import type { ObjectLink, ResourceType, Scalar } from './value.js';

/** A value in JSON; its type stands beside it. */
export type JsonScalar = string | number | boolean;

/** Why a JSON value is not of the type: a sentence that says what is allowed. */
export interface ScalarFault {
  readonly fault: string;
}

/** A value in the JSON form of its type. A time outside the years 0000 to 9999 is its Unix seconds. */
export function scalarToJson(scalar: Scalar): JsonScalar {
  switch (scalar.type) {
    case 'string':
    case 'corelnk':
    case 'boolean':
      return scalar.value;
    case 'integer':
    case 'unsigned':
      return integerToJson(scalar.value);
    case 'float':
      return Number.isFinite(scalar.value) ? scalar.value : String(scalar.value);
    case 'time':
      return showTimestamp(Number(scalar.value)) ?? integerToJson(scalar.value);
    case 'opaque':
      return encodeBase64(scalar.value);
    case 'objlnk':
      return showObjectLink(scalar.value);
    default:
      return unreachable(scalar);
  }
}

/** Reads a value of `type` from JSON; a ScalarFault when it is none. */
export function scalarFromJson(type: ResourceType, json: unknown): Scalar | ScalarFault {
  switch (type) {
    case 'string':
    case 'corelnk':
      if (typeof json !== 'string') return expected(type, 'a string');
      return LONE_SURROGATE.test(json) ? expected(type, 'text without lone surrogates') : { type, value: json };
    case 'integer':
    case 'unsigned':
      return integerFromJson(type, json);
    case 'float':
      return floatFromJson(json);
    case 'boolean':
      return typeof json === 'boolean' ? { type, value: json } : expected(type, 'true or false');
    case 'opaque': {
      const value = typeof json === 'string' ? decodeBase64(json) : undefined;
      return value === undefined ? expected(type, 'base64 text') : { type, value };
    }
    case 'time':
      return timeFromJson(json);
    case 'objlnk': {
      const value = typeof json === 'string' ? parseObjectLink(json) : undefined;
      return value === undefined
        ? expected(type, '"object:instance", each 0 to 65535, such as "3:0"')
        : { type, value };
    }
    default:
      return unreachable(type);
  }
}

/** An object link as text: `3:0` (LwM2M-Core 1.1.1 Appendix C). */
export function showObjectLink(link: ObjectLink): string {
  return `${link.object}:${link.instance}`;
}

/** Reads `3:0`, each side 0 to 65535 without leading zeros; undefined when `text` is no object link. */
export function parseObjectLink(text: string): ObjectLink | undefined {
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  const object = linkId(text, 0, colon);
  const instance = linkId(text, colon + 1, text.length);
  return object === undefined || instance === undefined ? undefined : { object, instance };
}

function linkId(text: string, start: number, end: number): number | undefined {
  if (end === start || end - start > 5 || (text.charCodeAt(start) === ZERO && end - start > 1)) return undefined;
  let id = 0;
  for (let index = start; index < end; index += 1) {
    const digit = text.charCodeAt(index) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    id = id * 10 + digit;
  }
  return id <= 0xffff ? id : undefined;
}

function integerToJson(value: number | bigint): JsonScalar {
  const exact = typeof value === 'bigint' ? exactInteger(value) : value;
  return typeof exact === 'bigint' ? exact.toString() : exact;
}

function integerFromJson(type: IntegerType, json: unknown): Scalar | ScalarFault {
  const value = wholeNumber(json);
  if (value !== undefined && fitsInteger(type, value)) return { type, value };
  return expected(type, `a whole number from ${showRange(type)}, as a decimal string when beyond 2^53`);
}

/** A JSON number that is whole and exact, or decimal digits; -0 is 0. */
function wholeNumber(json: unknown): number | bigint | undefined {
  if (typeof json === 'number') return Number.isSafeInteger(json) ? json + 0 : undefined;
  if (typeof json !== 'string' || !DECIMAL.test(json)) return undefined;
  const value = BigInt(json);
  return value > MAX_UNSIGNED ? undefined : exactInteger(value);
}

function floatFromJson(json: unknown): Scalar | ScalarFault {
  if (typeof json === 'number') return { type: 'float', value: json };
  if (json === 'NaN' || json === 'Infinity' || json === '-Infinity') return { type: 'float', value: Number(json) };
  return expected('float', 'a number, "NaN", "Infinity" or "-Infinity"');
}

function timeFromJson(json: unknown): Scalar | ScalarFault {
  const moment = typeof json === 'string' ? parseTimestamp(json) : undefined;
  if (moment !== undefined) return { type: 'time', value: moment };
  const seconds = wholeNumber(json);
  if (seconds !== undefined && fitsInteger('time', seconds)) return { type: 'time', value: seconds };
  return expected('time', 'an RFC 3339 time such as "2013-05-02T10:40:15Z", or whole Unix seconds');
}

function expected(type: ResourceType, allowed: string): ScalarFault {
  return { fault: `expected a value of type ${type}: ${allowed}` };
}

const ZERO = 0x30;
const DECIMAL = /^-?\d{1,20}$/;
const LONE_SURROGATE = /\p{Surrogate}/u;
