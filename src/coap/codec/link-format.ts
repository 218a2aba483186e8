/**
 * Core links ↔ text (RFC 6690). One linear scan without regular expressions or backtracking, under limits of length and
 * number. An item without `<target>` is read too (LwM2M 1.0's bootstrap Discover writes `lwm2m="1.0",</0/0>`): its target
 * is ''.
 */

import { DecodeError } from '#base';

/** A link with its attributes; an attribute without a value is undefined. Whether a value was quoted is not kept. */
export interface Link {
  readonly target: string;
  readonly attributes: ReadonlyMap<string, string | undefined>;
}

/** Bounds of what is read. */
export interface LinkLimits {
  /** Characters. */
  readonly length: number;
  readonly links: number;
}

/** 16 KiB and 1,000 links. */
export const LINK_LIMITS: LinkLimits = { length: 16_384, links: 1000 };

/** Reads a list of links. Throws DecodeError (`links_too_long`, `too_many_links`, `bad_link`) with the offset of the fault. */
export function parseLinks(text: string, limits: LinkLimits = LINK_LIMITS): Link[] {
  if (text.length > limits.length)
    throw new DecodeError('links_too_long', `${text.length} characters of links, ${limits.length} are allowed`);
  if (text.length === 0) return [];
  const scanner = new Scanner(text);
  const links: Link[] = [];
  for (;;) {
    if (links.length === limits.links)
      throw new DecodeError('too_many_links', `more than ${limits.links} links`, scanner.at);
    links.push(scanner.link());
    if (scanner.at === text.length) return links;
    scanner.expect(COMMA);
  }
}

/** Writes links; values are quoted unless they are plain tokens. */
export function formatLinks(links: readonly Link[]): string {
  return links.map(formatLink).join(',');
}

function formatLink({ target, attributes }: Link): string {
  let text = `<${target}>`;
  for (const [name, value] of attributes)
    text += value === undefined ? `;${name}` : `;${name}=${isPlain(value) ? value : quote(value)}`;
  return text;
}

class Scanner {
  readonly #text: string;
  at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  link(): Link {
    const attributes = new Map<string, string | undefined>();
    const target = this.#code() === LESS ? this.#target() : '';
    if (
      target === '' &&
      this.#code() !== SEMICOLON &&
      this.#code() !== COMMA &&
      this.at < this.#text.length &&
      this.#text.charCodeAt(this.at - 1) !== GREATER
    ) {
      this.#attribute(attributes);
    }
    while (this.#code() === SEMICOLON) {
      this.at += 1;
      this.#attribute(attributes);
    }
    return { target, attributes };
  }

  expect(code: number): void {
    if (this.#code() !== code) this.#fail(`"${String.fromCharCode(code)}" expected`);
    this.at += 1;
  }

  #target(): string {
    const end = this.#text.indexOf('>', this.at);
    if (end < 0) this.#fail('a target begins and does not end');
    const target = this.#text.slice(this.at + 1, end);
    this.at = end + 1;
    return target;
  }

  #attribute(attributes: Map<string, string | undefined>): void {
    const start = this.at;
    while (isNameCode(this.#code())) this.at += 1;
    if (this.at === start) this.#fail('the name of an attribute expected');
    const name = this.#text.slice(start, this.at);
    let value: string | undefined;
    if (this.#code() === EQUALS) {
      this.at += 1;
      value = this.#code() === QUOTE ? this.#quoted() : this.#token();
    }
    // RFC 6690 §3: of attributes that may stand once, the first counts.
    if (!attributes.has(name)) attributes.set(name, value);
  }

  #token(): string {
    const start = this.at;
    for (
      let code = this.#code();
      code !== COMMA && code !== SEMICOLON && this.at < this.#text.length;
      code = this.#code()
    ) {
      if (code === QUOTE || code === LESS || code === GREATER || code <= SPACE)
        this.#fail('a character that a value without quotes cannot have');
      this.at += 1;
    }
    return this.#text.slice(start, this.at);
  }

  #quoted(): string {
    const start = this.at;
    let escaped = 'no';
    for (this.at += 1; this.at < this.#text.length; this.at += 1) {
      const code = this.#code();
      if (code === BACKSLASH) {
        escaped = 'yes';
        this.at += 1;
      } else if (code === QUOTE) {
        this.at += 1;
        const inner = this.#text.slice(start + 1, this.at - 1);
        return escaped === 'yes' ? unescape(inner) : inner;
      }
    }
    this.at = start;
    return this.#fail('a quoted value begins and does not end');
  }

  #code(): number {
    return this.at < this.#text.length ? this.#text.charCodeAt(this.at) : -1;
  }

  #fail(what: string): never {
    throw new DecodeError('bad_link', what, this.at);
  }
}

function unescape(text: string): string {
  const parts = text.split('\\');
  let result = parts[0] ?? '';
  for (let index = 1; index < parts.length; index += 1) {
    const part = parts[index] as string;
    if (part === '' && index + 1 < parts.length) {
      index += 1;
      result += `\\${parts[index] as string}`;
    } else result += part;
  }
  return result;
}

function quote(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

function isPlain(value: string): boolean {
  if (value.length === 0) return false;
  for (let index = 0; index < value.length; index += 1) {
    const code = value.charCodeAt(index);
    if (!isNameCode(code)) return false;
  }
  return true;
}

/** RFC 6690 `parmname` and then some: what attribute names and plain values are made of. */
function isNameCode(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x61 && code <= 0x7a) ||
    code === 0x2e ||
    code === 0x2d ||
    code === 0x5f ||
    code === 0x2a ||
    code === 0x2b ||
    code === 0x21 ||
    code === 0x23 ||
    code === 0x24 ||
    code === 0x26 ||
    code === 0x5e ||
    code === 0x60 ||
    code === 0x7c ||
    code === 0x7e
  );
}

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const LESS = 0x3c;
const EQUALS = 0x3d;
const GREATER = 0x3e;
const BACKSLASH = 0x5c;
