/**
 * Core links ↔ text (RFC 6690 §2). One scan from front to back that looks at each character once or twice, under limits of
 * length and number. Two liberties: blanks around `,` and `;`, which the examples of LwM2M 1.0 have, and items without
 * `<target>`, whose target is '' here (its bootstrap Discover answers `lwm2m="1.0",</0/0>`).
 */

import { DecodeError, invariant } from '#base';

/** A link with its attributes; an attribute without a value is undefined. Whether a value was quoted is not kept. */
export interface Link {
  readonly target: string;
  readonly attributes: ReadonlyMap<string, string | undefined>;
}

/** Bounds of what is read. */
export interface LinkLimits {
  /** Characters of the whole text. */
  readonly length: number;
  readonly links: number;
  /** Attributes of one link. */
  readonly attributes: number;
}

/** 16 KiB, 1,000 links, 64 attributes each. */
export const LINK_LIMITS: LinkLimits = Object.freeze({ length: 16_384, links: 1000, attributes: 64 });

/**
 * Reads a list of links; text without any gives none. Throws DecodeError (`links_too_long`, `too_many_links`,
 * `too_many_attributes`, `bad_link`) with the offset of the fault in characters.
 */
export function parseLinks(text: string, limits: LinkLimits = LINK_LIMITS): Link[] {
  if (text.length > limits.length) {
    throw new DecodeError('links_too_long', `${text.length} characters of links, ${limits.length} are allowed`);
  }
  const links: Link[] = [];
  const scanner = new LinkScanner(text, limits.attributes);
  if (scanner.isAtEnd()) return links;
  do {
    if (links.length === limits.links) {
      throw new DecodeError('too_many_links', `more than ${limits.links} links`, scanner.offset);
    }
    links.push(scanner.link());
  } while (scanner.comma());
  return links;
}

/**
 * Writes links. Numbers stand bare and all other values in quotes, which every reader takes; the target '' is left out when
 * there are attributes. Targets and names must be what RFC 6690 allows: anything else throws InvariantError.
 */
export function formatLinks(links: readonly Link[]): string {
  return links.map(formatLink).join(',');
}

function formatLink({ target, attributes }: Link): string {
  for (let at = 0; at < target.length; at += 1) {
    invariant(isTargetCode(target.charCodeAt(at)), 'a link target is a URI reference');
  }
  const parts = target === '' && attributes.size > 0 ? [] : [`<${target}>`];
  for (const [name, value] of attributes) {
    invariant(isName(name), 'an attribute name is a parmname of RFC 6690');
    parts.push(value === undefined ? name : `${name}=${isNumber(value) ? value : quote(value)}`);
  }
  return parts.join(';');
}

/** Reads one text; after `link` comes `comma`. */
class LinkScanner {
  readonly #text: string;
  readonly #most: number;
  #at = 0;

  constructor(text: string, mostAttributes: number) {
    this.#text = text;
    this.#most = mostAttributes;
    this.#blanks();
  }

  get offset(): number {
    return this.#at;
  }

  isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  /** A link with its attributes, and the blanks behind it. */
  link(): Link {
    const attributes = new Map<string, string | undefined>();
    let target = '';
    if (this.#code() === LESS) target = this.#target();
    else this.#attribute(attributes);
    this.#blanks();
    for (let count = attributes.size; this.#code() === SEMICOLON; count += 1) {
      if (count === this.#most) {
        throw new DecodeError('too_many_attributes', `more than ${this.#most} attributes of a link`, this.#at);
      }
      this.#at += 1;
      this.#blanks();
      this.#attribute(attributes);
      this.#blanks();
    }
    return { target, attributes };
  }

  /** Whether another link follows; its comma is read then. */
  comma(): boolean {
    if (this.isAtEnd()) return false;
    if (this.#code() !== COMMA) this.#fail('expected "," or ";"');
    this.#at += 1;
    this.#blanks();
    return true;
  }

  #target(): string {
    const start = this.#at + 1;
    for (this.#at = start; this.#code() !== GREATER; this.#at += 1) {
      if (this.isAtEnd()) this.#fail('expected ">"');
      if (!isTargetCode(this.#code())) this.#fail('a character that no link target has');
    }
    this.#at += 1;
    return this.#text.slice(start, this.#at - 1);
  }

  #attribute(attributes: Map<string, string | undefined>): void {
    const start = this.#at;
    while (isNameCode(this.#code())) this.#at += 1;
    if (this.#at === start) this.#fail('expected a link or the name of an attribute');
    const name = this.#text.slice(start, this.#at);
    let value: string | undefined;
    if (this.#code() === EQUALS) {
      this.#at += 1;
      value = this.#code() === QUOTE ? this.#quoted() : this.#token();
    }
    // Of attributes that may stand once only the first counts (RFC 6690 §3), and there are no others here.
    if (!attributes.has(name)) attributes.set(name, value);
  }

  #token(): string {
    const start = this.#at;
    while (isTokenCode(this.#code())) this.#at += 1;
    return this.#text.slice(start, this.#at);
  }

  /** A quoted value; a backslash stands before a character that is meant literally (RFC 2616 §2.2). */
  #quoted(): string {
    let value = '';
    let from = this.#at + 1;
    for (this.#at = from; this.#code() !== QUOTE; this.#at += 1) {
      if (this.#code() === BACKSLASH) {
        value += this.#text.slice(from, this.#at);
        this.#at += 1;
        from = this.#at;
      }
      if (this.isAtEnd()) this.#fail('expected the closing quote');
    }
    this.#at += 1;
    const last = this.#text.slice(from, this.#at - 1);
    return value === '' ? last : value + last;
  }

  #blanks(): void {
    while (isBlank(this.#code())) this.#at += 1;
  }

  /** The next character's code, -1 at the end. */
  #code(): number {
    return this.#at < this.#text.length ? this.#text.charCodeAt(this.#at) : -1;
  }

  #fail(expectation: string): never {
    throw new DecodeError('bad_link', `link-format: ${expectation}`, this.#at);
  }
}

function isBlank(code: number): boolean {
  return code === SPACE || code === 0x09 || code === 0x0d || code === 0x0a;
}

/** What a URI reference may hold, escapes and characters beyond ASCII (IRIs) included. */
function isTargetCode(code: number): boolean {
  return code > SPACE && code !== 0x7f && code !== QUOTE && code !== LESS && code !== GREATER;
}

/** `parmname` of RFC 5987 and the `*` of its extended form. */
function isNameCode(code: number): boolean {
  return code >= 0 && code < 0x80 && NAME_CODES[code] === 1;
}

/** `ptoken` of RFC 6690, and characters beyond ASCII. */
function isTokenCode(code: number): boolean {
  return code > SPACE && code !== 0x7f && code !== QUOTE && code !== COMMA && code !== SEMICOLON && code !== BACKSLASH;
}

function isName(name: string): boolean {
  for (let at = 0; at < name.length; at += 1) if (!isNameCode(name.charCodeAt(at))) return false;
  return name.length > 0;
}

/** Whether a value is made of what numbers and versions are made of. */
function isNumber(value: string): boolean {
  for (let at = 0; at < value.length; at += 1) {
    const code = value.charCodeAt(at);
    if ((code < 0x30 || code > 0x39) && code !== DOT && (code !== MINUS || at > 0)) return false;
  }
  return value.length > 0;
}

function quote(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const SEMICOLON = 0x3b;
const LESS = 0x3c;
const EQUALS = 0x3d;
const GREATER = 0x3e;
const BACKSLASH = 0x5c;
/** 1 for the characters of names. */
const NAME_CODES = new Uint8Array(0x80);
for (const character of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$&+-.^_`|~*') {
  NAME_CODES[character.charCodeAt(0)] = 1;
}
