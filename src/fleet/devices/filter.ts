/**
 * The filter language of lists, RSQL-like: comparisons `field operator value` joined by `;` (and) and `,` (or), `;` binding
 * closer, with parentheses. Operators: `==` `!=` `=gt=` `=ge=` `=lt=` `=le=` `=in=(a,b)` `=out=(a,b)`. Values may be quoted
 * with `'` or `"`, a backslash escaping; `*` in a value of `==`, `!=`, `=in=` or `=out=` stands for any characters, `\*` for
 * itself.
 */

import { AppError } from '#base';

/** Operators by their spelling. */
export const OPERATORS = ['==', '!=', '=gt=', '=ge=', '=lt=', '=le=', '=in=', '=out='] as const;
/** One of the operators. */
export type Operator = (typeof OPERATORS)[number];

/** One value: its characters, and where wildcards stand among them. */
export interface FilterValue {
  readonly text: string;
  /** Pieces between wildcards; one piece when there are none. */
  readonly pieces: readonly string[];
  /** Offset in the filter, in characters. */
  readonly at: number;
}

/** A comparison. `field` is as written, `tags.NAME` included. */
export interface Comparison {
  readonly kind: 'comparison';
  readonly field: string;
  readonly operator: Operator;
  readonly values: readonly FilterValue[];
  readonly at: number;
}

/** A filter as a tree. */
export type Filter = Comparison | { readonly kind: 'and' | 'or'; readonly parts: readonly Filter[] };

/** Reads a filter. Throws AppError(`invalid_filter`) that says where and what is allowed. */
export function parseFilter(text: string): Filter {
  if (text.length > MAX_LENGTH) throw invalidFilter(MAX_LENGTH, `the filter is longer than ${MAX_LENGTH} characters`);
  const parser = new Parser(text);
  return parser.parse();
}

/** The refusal of a filter: `at` is the offset in characters. */
export function invalidFilter(at: number, detail: string): AppError {
  return new AppError('invalid_filter', `the filter is not understood at character ${at + 1}: ${detail}`, {
    faults: [{ pointer: '/filter', detail: `character ${at + 1}: ${detail}` }],
  });
}

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  #comparisons = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Filter {
    const filter = this.#or();
    if (this.#at < this.#text.length) throw this.#expected('";", "," or the end');
    return filter;
  }

  #or(): Filter {
    const parts = [this.#and()];
    while (this.#skip(',')) parts.push(this.#and());
    return parts.length === 1 ? (parts[0] as Filter) : { kind: 'or', parts };
  }

  #and(): Filter {
    const parts = [this.#term()];
    while (this.#skip(';')) parts.push(this.#term());
    return parts.length === 1 ? (parts[0] as Filter) : { kind: 'and', parts };
  }

  #term(): Filter {
    if (!this.#skip('(')) return this.#comparison();
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw invalidFilter(this.#at, `at most ${MAX_DEPTH} parentheses within each other`);
    const filter = this.#or();
    if (!this.#skip(')')) throw this.#expected('")"');
    this.#depth -= 1;
    return filter;
  }

  #comparison(): Comparison {
    this.#comparisons += 1;
    if (this.#comparisons > MAX_COMPARISONS) throw invalidFilter(this.#at, `at most ${MAX_COMPARISONS} comparisons`);
    const at = this.#at;
    const field = this.#bare(FIELD_ENDS);
    if (field === '') throw this.#expected('a field name or "("');
    const operator = OPERATORS.find((candidate) => this.#text.startsWith(candidate, this.#at));
    if (operator === undefined) throw this.#expected(`one of ${OPERATORS.join(' ')}`);
    this.#at += operator.length;
    const values = operator === '=in=' || operator === '=out=' ? this.#list() : [this.#value()];
    return { kind: 'comparison', field, operator, values, at };
  }

  #list(): FilterValue[] {
    if (!this.#skip('(')) throw this.#expected('"(" before the values');
    const values = [this.#value()];
    while (this.#skip(',')) {
      values.push(this.#value());
      if (values.length > MAX_VALUES) throw invalidFilter(this.#at, `at most ${MAX_VALUES} values`);
    }
    if (!this.#skip(')')) throw this.#expected('"," or ")"');
    return values;
  }

  #value(): FilterValue {
    const at = this.#at;
    const quote = this.#text[at];
    const raw = quote === '"' || quote === "'" ? this.#quoted(quote) : this.#bare(VALUE_ENDS);
    if (raw === '' && this.#at === at) throw this.#expected('a value');
    const pieces = splitWildcards(raw);
    return { text: pieces.join('*'), pieces, at };
  }

  /** What stands between quotes, escapes kept. */
  #quoted(quote: string): string {
    const start = this.#at + 1;
    for (let index = start; index < this.#text.length; index += 1) {
      const character = this.#text[index];
      if (character === '\\') index += 1;
      else if (character === quote) {
        this.#at = index + 1;
        return this.#text.slice(start, index);
      }
    }
    throw invalidFilter(this.#at, `the ${quote} that begins here is not closed`);
  }

  /** Characters up to one of `ends`, escapes kept. */
  #bare(ends: string): string {
    const start = this.#at;
    while (this.#at < this.#text.length && !ends.includes(this.#text[this.#at] as string)) {
      this.#at += this.#text[this.#at] === '\\' ? 2 : 1;
    }
    this.#at = Math.min(this.#at, this.#text.length);
    return this.#text.slice(start, this.#at);
  }

  #skip(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #expected(what: string): AppError {
    const found = this.#at < this.#text.length ? `"${this.#text[this.#at] ?? ''}"` : 'the end';
    return invalidFilter(this.#at, `expected ${what}, found ${found}`);
  }
}

/** Pieces between unescaped `*`, with escapes resolved. */
function splitWildcards(raw: string): string[] {
  const pieces: string[] = [];
  let piece = '';
  for (let index = 0; index < raw.length; index += 1) {
    const character = raw[index] as string;
    if (character === '*') {
      pieces.push(piece);
      piece = '';
    } else if (character === '\\' && index + 1 < raw.length) {
      index += 1;
      piece += raw[index] as string;
    } else {
      piece += character;
    }
  }
  pieces.push(piece);
  return pieces;
}

const FIELD_ENDS = `=!<>~;,()'" `;
const VALUE_ENDS = `;,()'" `;
const MAX_LENGTH = 4096;
const MAX_DEPTH = 16;
const MAX_COMPARISONS = 64;
const MAX_VALUES = 500;
