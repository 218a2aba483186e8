/**
 * One CoAP message (RFC 7252 §3) as a view of its datagram. Decoding checks the whole datagram once and keeps only where its
 * options end; accessors walk the few options again, which costs less than an object for each would.
 */

import { EMPTY } from '#base';

import { decodeUint, fitsRegistry, type Option } from './options.js';
import { latin1, utf8 } from './text.js';

/** Message types (RFC 7252 §4). */
export const MessageType = Object.freeze({ CON: 0, NON: 1, ACK: 2, RST: 3 } as const);
/** One of the message types. */
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

/** What a message is built from. Options need no order; the message id is 0 to 65535, the token 0 to 8 bytes. */
export interface MessageParts {
  readonly type: MessageType;
  readonly code: number;
  readonly messageId: number;
  readonly token: Uint8Array;
  readonly options: readonly Option[];
  readonly payload: Uint8Array;
}

/**
 * A decoded message. What its accessors return are views of `bytes`: copy what is kept longer than the datagram. `has`,
 * `count` and `uint` allocate nothing to speak of, `text`, `string` and `tokenKey` the string alone.
 */
export class Message {
  readonly type: MessageType;
  readonly code: number;
  readonly messageId: number;
  /** The datagram. */
  readonly bytes: Uint8Array;
  /** How many options there are. */
  readonly optionCount: number;
  readonly #optionsEnd: number;

  /** Made by `decodeMessage` alone, from a datagram it has checked; `optionsEnd` is where its options end. */
  constructor(bytes: Uint8Array, optionsEnd: number, optionCount: number) {
    this.type = (((bytes[0] as number) >> 4) & 3) as MessageType;
    this.code = bytes[1] as number;
    this.messageId = ((bytes[2] as number) << 8) | (bytes[3] as number);
    this.bytes = bytes;
    this.optionCount = optionCount;
    this.#optionsEnd = optionsEnd;
  }

  /** Length of the token, 0 to 8. */
  get tokenLength(): number {
    return (this.bytes[0] as number) & 0x0f;
  }

  /** The token, as a view. */
  get token(): Uint8Array {
    const length = this.tokenLength;
    return length === 0 ? EMPTY : this.bytes.subarray(HEADER, HEADER + length);
  }

  /** The token as a Map key: one character a byte. */
  tokenKey(): string {
    return latin1(this.bytes, HEADER, HEADER + this.tokenLength);
  }

  /** Length of the payload in bytes. */
  get payloadLength(): number {
    const rest = this.bytes.length - this.#optionsEnd;
    return rest === 0 ? 0 : rest - 1;
  }

  /** The payload, as a view; no bytes when there is none. */
  get payload(): Uint8Array {
    return this.payloadLength === 0 ? EMPTY : this.bytes.subarray(this.#optionsEnd + 1);
  }

  /** Goes through all options without allocating for each: `for (const walk = message.walk(); walk.next(); ) …`. */
  walk(): OptionWalk {
    return new OptionWalk(this.bytes, HEADER + this.tokenLength, this.#optionsEnd);
  }

  /** Whether the option is there. */
  has(option: number): boolean {
    return this.walk().find(option, 0);
  }

  /** How often the option is there. */
  count(option: number): number {
    let count = 0;
    for (const walk = this.walk(); walk.next() && walk.number <= option;) if (walk.number === option) count += 1;
    return count;
  }

  /** The value of the option's first (or `index`-th) occurrence as it stands on the wire, as a view. */
  first(option: number, index = 0): Uint8Array | undefined {
    const walk = this.walk();
    return walk.find(option, index) ? this.bytes.subarray(walk.start, walk.end) : undefined;
  }

  /** The values of all occurrences, as views. */
  all(option: number): Uint8Array[] {
    const values: Uint8Array[] = [];
    for (const walk = this.walk(); walk.next() && walk.number <= option;) {
      if (walk.number === option) values.push(this.bytes.subarray(walk.start, walk.end));
    }
    return values;
  }

  /**
   * The first occurrence as an unsigned integer, leading zeros accepted (RFC 7252 §3.2). Undefined when the option is absent,
   * or of a length its row in the registry forbids, which counts as not recognised (RFC 7252 §5.4.3).
   */
  uint(option: number): number | undefined {
    const walk = this.walk();
    if (!walk.find(option, 0) || !fitsRegistry(option, walk.end - walk.start)) return undefined;
    return decodeUint(this.bytes, walk.start, walk.end);
  }

  /** The `index`-th occurrence as UTF-8; undefined when there are fewer; malformed UTF-8 throws DecodeError(`bad_utf8`). */
  string(option: number, index: number): string | undefined {
    const walk = this.walk();
    return walk.find(option, index) ? utf8(this.bytes, walk.start, walk.end) : undefined;
  }

  /** All occurrences as UTF-8; malformed UTF-8 throws DecodeError(`bad_utf8`). */
  strings(option: number): string[] {
    const texts: string[] = [];
    for (const walk = this.walk(); walk.next() && walk.number <= option;) {
      if (walk.number === option) texts.push(utf8(this.bytes, walk.start, walk.end));
    }
    return texts;
  }

  /**
   * The `index`-th occurrence as text of one character a byte (exact for ASCII, never equal to other text otherwise), ''
   * when there are fewer. Never throws: for comparing and looking up.
   */
  text(option: number, index: number): string {
    const walk = this.walk();
    return walk.find(option, index) ? latin1(this.bytes, walk.start, walk.end) : '';
  }

  /** Visits every option in order; values are views. */
  forEachOption(visit: (number: number, value: Uint8Array) => void): void {
    for (const walk = this.walk(); walk.next();) visit(walk.number, this.bytes.subarray(walk.start, walk.end));
  }

  /** All options in order; values are views. */
  options(): Option[] {
    const options: Option[] = [];
    for (const walk = this.walk(); walk.next();) {
      options.push({ number: walk.number, value: this.bytes.subarray(walk.start, walk.end) });
    }
    return options;
  }
}

/** Stands on one option of a checked datagram after the other (RFC 7252 §3.1). */
export class OptionWalk {
  /** Number of the option it stands on. */
  number = 0;
  /** Offset of the option's value in the datagram. */
  start = 0;
  /** Offset behind the option's value. */
  end: number;
  readonly #bytes: Uint8Array;
  readonly #optionsEnd: number;

  constructor(bytes: Uint8Array, start: number, optionsEnd: number) {
    this.#bytes = bytes;
    this.#optionsEnd = optionsEnd;
    this.end = start;
  }

  /** Moves to the next option; false when there is none. */
  next(): boolean {
    const bytes = this.#bytes;
    let at = this.end;
    if (at >= this.#optionsEnd) return false;
    const head = bytes[at++] as number;
    let delta = head >> 4;
    let length = head & 0x0f;
    if (delta === 13) delta += bytes[at++] as number;
    else if (delta === 14) delta = 269 + (((bytes[at++] as number) << 8) | (bytes[at++] as number));
    if (length === 13) length += bytes[at++] as number;
    else if (length === 14) length = 269 + (((bytes[at++] as number) << 8) | (bytes[at++] as number));
    this.number += delta;
    this.start = at;
    this.end = at + length;
    return true;
  }

  /** Moves forward to the `index`-th occurrence of an option; false, and the walk over or past it, when there are fewer. */
  find(option: number, index: number): boolean {
    let left = index;
    while (this.next() && this.number <= option) {
      if (this.number !== option) continue;
      if (left === 0) return true;
      left -= 1;
    }
    return false;
  }
}

/** Bytes before the token. */
export const HEADER = 4;
