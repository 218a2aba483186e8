/**
 * A pull reader of JSON text (RFC 8259) that keeps what JSON.parse loses: integers beyond 2^53, whether a number was written
 * as a float, fields that appear twice. Its caller drives it; only `skip` follows nesting, by a counter and not by recursion.
 */

import { DecodeError } from '#base';
import { exactInteger } from '#lwm2m/model';
import { WireFloat } from './wire.js';

/** A JSON value that is no array and no object; `undefined` stands for null. */
export type JsonToken = string | number | bigint | boolean | WireFloat | undefined;

/** Reads JSON text from front to back; every method throws DecodeError(`bad_json`) at what does not belong there. */
export class JsonReader {
  readonly #text: string;
  readonly #depth: number;
  #at = 0;

  /** `depth`: how deeply a skipped value may nest. */
  constructor(text: string, depth: number) {
    this.#text = text;
    this.#depth = depth;
  }

  /** Reads an opening `[` or `{`. */
  open(bracket: '[' | '{'): void {
    if (this.#peek() !== bracket.charCodeAt(0)) throw this.#expected(bracket);
    this.#at += 1;
  }

  /** Whether another element or member follows in the array or object that `bracket` closes; reads a comma or the bracket. */
  more(bracket: ']' | '}', position: 'first' | 'next'): boolean {
    const code = this.#peek();
    if (code === bracket.charCodeAt(0)) {
      this.#at += 1;
      return false;
    }
    if (position === 'first') return true;
    if (code !== COMMA) throw this.#expected(`, or ${bracket}`);
    this.#at += 1;
    return true;
  }

  /** The name of a member and its colon. */
  key(): string {
    if (this.#peek() !== QUOTE) throw this.#expected('a name in quotes');
    const name = this.#string();
    if (this.#peek() !== COLON) throw this.#expected(':');
    this.#at += 1;
    return name;
  }

  /** A value that is no array and no object. */
  scalar(): JsonToken {
    const code = this.#peek();
    if (code === QUOTE) return this.#string();
    if (code === MINUS || isDigit(code)) return this.#number();
    return this.#literal();
  }

  /** Whether the next value is an array or an object. */
  atContainer(): boolean {
    const code = this.#peek();
    return code === OPEN_ARRAY || code === OPEN_OBJECT;
  }

  /** Passes over any value. Throws DecodeError(`too_deep`). */
  skip(): void {
    // Bit n of `objects` says whether the container at depth n is an object; #depth is at most 30.
    let depth = 0;
    let objects = 0;
    do {
      if (this.atContainer()) {
        const object = this.#peek() === OPEN_OBJECT;
        this.#at += 1;
        depth += 1;
        if (depth > this.#depth) throw new DecodeError('too_deep', `JSON nested deeper than ${this.#depth}`, this.#at);
        objects = object ? objects | (1 << depth) : objects & ~(1 << depth);
        if (this.more(object ? '}' : ']', 'first')) {
          if (object) this.key();
          continue;
        }
        depth -= 1;
      } else {
        this.scalar();
      }
      while (depth > 0) {
        const object = (objects & (1 << depth)) !== 0;
        if (this.more(object ? '}' : ']', 'next')) {
          if (object) this.key();
          break;
        }
        depth -= 1;
      }
    } while (depth > 0);
  }

  /** Throws unless only blanks are left. */
  end(): void {
    if (this.#skipBlanks() < this.#text.length) {
      throw new DecodeError('trailing_bytes', 'text after the JSON value', this.#at);
    }
  }

  #skipBlanks(): number {
    const text = this.#text;
    let at = this.#at;
    for (; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) break;
    }
    this.#at = at;
    return at;
  }

  /** The next character that is no blank; NaN at the end. */
  #peek(): number {
    return this.#text.charCodeAt(this.#skipBlanks());
  }

  #string(): string {
    const text = this.#text;
    const start = this.#at + 1;
    for (let at = start; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        this.#at = at + 1;
        return text.slice(start, at);
      }
      if (code === BACKSLASH) return this.#escapedString(start, at);
      if (code < 0x20) throw new DecodeError('bad_json', 'a control character in a JSON string', at);
    }
    throw new DecodeError('truncated', 'JSON ends within a string', text.length);
  }

  /** A string whose first backslash stands at `at`. */
  #escapedString(start: number, at: number): string {
    const text = this.#text;
    let result = text.slice(start, at);
    let next = at;
    for (;;) {
      const code = text.charCodeAt(next);
      if (code === QUOTE) break;
      if (code === BACKSLASH) {
        const kind = text.charAt(next + 1);
        const plain = ESCAPES.get(kind);
        const unit = kind === 'u' ? hexUnit(text, next + 2) : undefined;
        if (plain === undefined && unit === undefined) throw new DecodeError('bad_json', 'a bad escape', next);
        result += plain ?? String.fromCharCode(unit as number);
        next += plain === undefined ? 6 : 2;
      } else {
        if (!(code >= 0x20)) throw new DecodeError('bad_json', 'a string that ends early', next);
        const from = next;
        do next += 1;
        while (isOrdinary(text.charCodeAt(next)));
        result += text.slice(from, next);
      }
    }
    if (LONE_SURROGATE.test(result)) throw new DecodeError('bad_utf8', 'an escaped lone surrogate', start);
    this.#at = next + 1;
    return result;
  }

  /** An integer exactly, or a float; a whole float as WireFloat. */
  #number(): number | bigint | WireFloat {
    const text = this.#text;
    const start = this.#at;
    let at = text.charCodeAt(start) === MINUS ? start + 1 : start;
    const first = text.charCodeAt(at);
    const digits = at;
    at = digitsEnd(text, at);
    if (at === digits || (first === ZERO && at > digits + 1)) throw this.#expected('a number');
    let form: 'integer' | 'float' = 'integer';
    if (text.charCodeAt(at) === POINT) {
      form = 'float';
      at = this.#digitsFrom(at + 1);
    }
    if ((text.charCodeAt(at) | 0x20) === LOWER_E) {
      form = 'float';
      const sign = text.charCodeAt(at + 1);
      at = this.#digitsFrom(sign === MINUS || sign === PLUS ? at + 2 : at + 1);
    }
    if (at - start > MAX_NUMBER_CHARACTERS) throw new DecodeError('too_long', 'a number of too many digits', start);
    this.#at = at;
    const token = text.slice(start, at);
    if (form === 'integer') {
      if (token.length < 16) return token === '-0' ? new WireFloat(-0) : Number(token);
      return exactInteger(BigInt(token));
    }
    const value = Number(token);
    if (!Number.isFinite(value)) throw new DecodeError('bad_json', 'a number that no double holds', start);
    return Number.isInteger(value) ? new WireFloat(value) : value;
  }

  /** The end of one or more digits that begin at `at`. */
  #digitsFrom(at: number): number {
    const end = digitsEnd(this.#text, at);
    if (end === at) throw new DecodeError('bad_json', 'a number that ends early', at);
    return end;
  }

  #literal(): boolean | undefined {
    for (const [word, value] of LITERALS) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    throw this.#expected('a value');
  }

  #expected(what: string): DecodeError {
    const reason = this.#at >= this.#text.length ? 'truncated' : 'bad_json';
    return new DecodeError(reason, `expected ${what} in JSON`, this.#at);
  }
}

function digitsEnd(text: string, from: number): number {
  let at = from;
  while (isDigit(text.charCodeAt(at))) at += 1;
  return at;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= 0x39;
}

function isOrdinary(code: number): boolean {
  return code >= 0x20 && code !== QUOTE && code !== BACKSLASH;
}

/** Four hex digits as a UTF-16 unit. */
function hexUnit(text: string, at: number): number | undefined {
  const digits = text.slice(at, at + 4);
  return HEX_UNIT.test(digits) ? Number.parseInt(digits, 16) : undefined;
}

const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const LOWER_E = 0x65;
const OPEN_OBJECT = 0x7b;
const HEX_UNIT = /^[0-9a-fA-F]{4}$/;
const LONE_SURROGATE = /\p{Surrogate}/u;
/** Enough for any double in plain digits; keeps the conversion of digits to bigint cheap. */
const MAX_NUMBER_CHARACTERS = 512;
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);
const LITERALS: readonly (readonly [string, boolean | undefined])[] = [
  ['true', true],
  ['false', false],
  ['null', undefined],
];
