/**
 * JSON bodies, read strictly: duplicate keys, keys that could poison a prototype, numbers that a double cannot hold
 * exactly and deep nesting are refused with a pointer to the place, never repaired.
 */

import { visit, type JSONPath } from 'jsonc-parser';

import { AppError, decodeUtf8, DecodeError, type InputFault } from '#base';

/** Deepest nesting of a body. */
const MAX_DEPTH = 32;

/** Reads a body. Throws AppError(`invalid_json`) with every fault found. */
export function parseStrictJson(bytes: Uint8Array): unknown {
  const text = decode(bytes);
  const value = parse(text);
  refuseDeep(text);
  const faults = findFaults(text);
  if (faults.length > 0) throw new AppError('invalid_json', faults[0]?.detail ?? 'the body is not usable', { faults });
  return value;
}

/**
 * Whether a double holds what a JSON number (RFC 8259 §6) means: an integer, in whatever notation, exactly; any other number
 * as its nearest double, which is neither infinite nor, unless it is 0 itself, 0.
 */
export function isExactNumber(text: string): boolean {
  const value = Number(text);
  if (!Number.isFinite(value)) return false;
  const { digits, exponent } = significant(text);
  if (digits === '') return true;
  if (value === 0) return false;
  if (exponent < 0 || Number.isSafeInteger(value)) return true;
  // Finite means 309 digits at most.
  return BigInt(digits) * 10n ** BigInt(exponent) === BigInt(Math.abs(value));
}

/** A JSON number as digits without zeros at either end, times a power of ten; no digits for 0. */
function significant(text: string): { readonly digits: string; readonly exponent: number } {
  const [mantissa = '', power = '0'] = text.replace(/^-/, '').split(/[eE]/);
  const [whole = '', fraction = ''] = mantissa.split('.');
  const all = whole + fraction;
  let start = 0;
  while (all.charAt(start) === '0') start += 1;
  let end = all.length;
  while (end > start && all.charAt(end - 1) === '0') end -= 1;
  return { digits: all.slice(start, end), exponent: Number(power) + whole.length - end };
}

function decode(bytes: Uint8Array): string {
  try {
    return decodeUtf8(bytes);
  } catch (error) {
    if (error instanceof DecodeError)
      throw new AppError('invalid_json', 'the body is not valid UTF-8', { cause: error });
    throw error;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError(
      'invalid_json',
      `the body is not valid JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

/** Counts brackets outside of strings, before anything recursive looks at the text. */
function refuseDeep(text: string): void {
  let depth = 0;
  let inString = 'no';
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (inString === 'yes') {
      if (code === BACKSLASH) index += 1;
      else if (code === QUOTE) inString = 'no';
    } else if (code === QUOTE) inString = 'yes';
    else if (code === OPEN_BRACKET || code === OPEN_BRACE) {
      depth += 1;
      if (depth > MAX_DEPTH) throw new AppError('invalid_json', `the body is nested deeper than ${MAX_DEPTH} levels`);
    } else if (code === CLOSE_BRACKET || code === CLOSE_BRACE) depth -= 1;
  }
}

function findFaults(text: string): InputFault[] {
  const faults: InputFault[] = [];
  const keys: Set<string>[] = [];
  const fault = (path: JSONPath, detail: string): void => {
    if (faults.length < MOST_FAULTS) faults.push({ pointer: pointerOf(path), detail });
  };
  visit(text, {
    onObjectBegin: () => {
      keys.push(new Set());
    },
    onObjectEnd: () => {
      keys.pop();
    },
    onObjectProperty: (property, _offset, _length, _line, _character, path) => {
      const known = keys.at(-1);
      if (known?.has(property) === true) fault([...path(), property], `the key "${property}" is given twice`);
      known?.add(property);
      if (property === '__proto__') fault([...path(), property], 'this key is not allowed');
      if (LONE_SURROGATE.test(property)) fault([...path(), property], 'half of a surrogate pair is no character');
    },
    onLiteralValue: (value, offset, length, _line, _character, path) => {
      if (typeof value === 'string' && LONE_SURROGATE.test(value))
        fault(path(), 'half of a surrogate pair is no character');
      if (typeof value !== 'number') return;
      const digits = text.slice(offset, offset + length);
      if (!isExactNumber(digits))
        fault(path(), `the number ${digits.slice(0, 64)} cannot be held exactly: give it as a string`);
    },
  });
  return faults;
}

/** A path as a JSON pointer (RFC 6901). */
export function pointerOf(path: readonly (string | number)[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** With the flag `u`, whole pairs are one character each and do not match. */
const LONE_SURROGATE = /\p{Surrogate}/u;
const MOST_FAULTS = 20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
