/**
 * One CoAP message (RFC 7252 §3) as a view of its datagram. Decoding checks the whole datagram once and keeps only where
 * options and payload begin; accessors walk the options again, which for the few options of a message is cheaper than an
 * object each.
 */

import { decodeUtf8, EMPTY } from '#base';

import { decodeUint, type Option } from './options.js';

/** Message types (RFC 7252 §4). */
export const MessageType = { CON: 0, NON: 1, ACK: 2, RST: 3 } as const;
/** One of the message types. */
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

/** What a message is built from. */
export interface MessageParts {
  readonly type: MessageType;
  readonly code: number;
  readonly messageId: number;
  readonly token: Uint8Array;
  readonly options: readonly Option[];
  readonly payload: Uint8Array;
}

/** A decoded message. Its views live as long as the datagram's bytes, which it keeps. */
export class Message {
  readonly type: MessageType;
  readonly code: number;
  readonly messageId: number;
  readonly bytes: Uint8Array;
  readonly #payloadAt: number;
  /** How many options there are. */
  readonly optionCount: number;

  /** Made by `decodeMessage` from a checked datagram; `payloadAt` is where the payload begins, or the datagram's length. */
  constructor(bytes: Uint8Array, payloadAt: number, optionCount: number) {
    const first = bytes[0] as number;
    this.type = ((first >> 4) & 3) as MessageType;
    this.code = bytes[1] as number;
    this.messageId = ((bytes[2] as number) << 8) | (bytes[3] as number);
    this.bytes = bytes;
    this.#payloadAt = payloadAt;
    this.optionCount = optionCount;
  }

  get tokenLength(): number {
    return (this.bytes[0] as number) & 0x0f;
  }

  /** The token, 0 to 8 bytes, as a view. */
  get token(): Uint8Array {
    const length = this.tokenLength;
    return length === 0 ? EMPTY : this.bytes.subarray(HEADER, HEADER + length);
  }

  /** The token as a Map key: one character a byte. */
  tokenKey(): string {
    return tokenKeyOf(this.bytes, HEADER, this.tokenLength);
  }

  /** Length of the payload in bytes. */
  get payloadLength(): number {
    return this.bytes.length - this.#payloadAt;
  }

  /** The payload as a view; no bytes when there is none. */
  get payload(): Uint8Array {
    return this.#payloadAt === this.bytes.length ? EMPTY : this.bytes.subarray(this.#payloadAt);
  }

  /** Whether the option is there. */
  has(option: number): boolean {
    return this.#find(option, 0) >= 0;
  }

  /** How often the option is there. */
  count(option: number): number {
    let count = 0;
    const walk = this.#walk();
    while (walk.next()) {
      if (walk.number === option) count += 1;
      else if (walk.number > option) break;
    }
    return count;
  }

  /** The value of the option's first (or `index`-th) occurrence, as a view. */
  first(option: number, index = 0): Uint8Array | undefined {
    const at = this.#find(option, index);
    return at < 0 ? undefined : this.bytes.subarray(at, at + this.#length);
  }

  /** The values of all occurrences, as views. */
  all(option: number): Uint8Array[] {
    const values: Uint8Array[] = [];
    const walk = this.#walk();
    while (walk.next()) if (walk.number === option) values.push(this.bytes.subarray(walk.start, walk.end));
    return values;
  }

  /** The first occurrence as an unsigned integer; undefined when absent or longer than six bytes. */
  uint(option: number): number | undefined {
    const value = this.first(option);
    return value === undefined ? undefined : decodeUint(value);
  }

  /** All occurrences as text; malformed UTF-8 throws DecodeError(`bad_utf8`). */
  strings(option: number): string[] {
    return this.all(option).map(decodeUtf8);
  }

  /**
   * The `index`-th occurrence as text with one character a byte (exact for ASCII, never equal to other text otherwise);
   * '' when absent. For comparing and looking up without decoding.
   */
  text(option: number, index: number): string {
    const at = this.#find(option, index);
    return at < 0 ? '' : tokenKeyOf(this.bytes, at, this.#length);
  }

  /** Visits every option in order. */
  forEachOption(visit: (number: number, value: Uint8Array) => void): void {
    const walk = this.#walk();
    while (walk.next()) visit(walk.number, this.bytes.subarray(walk.start, walk.end));
  }

  /** All options, as views. */
  options(): Option[] {
    const list: Option[] = [];
    this.forEachOption((number, value) => list.push({ number, value }));
    return list;
  }

  /** Length of what `#find` found. */
  #length = 0;

  /** Offset of the `index`-th value of an option, or -1. Allocates nothing. */
  #find(option: number, index: number): number {
    const { bytes } = this;
    const end = this.#payloadAt;
    let at = HEADER + this.tokenLength;
    let number = 0;
    let left = index;
    while (at < end) {
      const head = bytes[at] as number;
      if (head === PAYLOAD_MARKER) break;
      at += 1;
      let delta = head >> 4;
      let length = head & 0x0f;
      if (delta >= 13) {
        if (delta === 13) delta = 13 + (bytes[at++] as number);
        else {
          delta = 269 + (((bytes[at] as number) << 8) | (bytes[at + 1] as number));
          at += 2;
        }
      }
      if (length >= 13) {
        if (length === 13) length = 13 + (bytes[at++] as number);
        else {
          length = 269 + (((bytes[at] as number) << 8) | (bytes[at + 1] as number));
          at += 2;
        }
      }
      number += delta;
      if (number === option) {
        if (left === 0) {
          this.#length = length;
          return at;
        }
        left -= 1;
      } else if (number > option) return -1;
      at += length;
    }
    return -1;
  }

  #walk(): OptionWalk {
    return new OptionWalk(this.bytes, HEADER + this.tokenLength, this.#payloadAt);
  }
}

/** Goes through the options of a checked datagram. */
class OptionWalk {
  number = 0;
  start = 0;
  end: number;
  readonly #bytes: Uint8Array;
  readonly #limit: number;

  constructor(bytes: Uint8Array, at: number, limit: number) {
    this.#bytes = bytes;
    this.#limit = limit;
    this.end = at;
  }

  /** Moves to the next option; false when there is none. */
  next(): boolean {
    const bytes = this.#bytes;
    let at = this.end;
    if (at >= this.#limit) return false;
    const head = bytes[at] as number;
    if (head === PAYLOAD_MARKER) return false;
    at += 1;
    let delta = head >> 4;
    let length = head & 0x0f;
    if (delta === 13) delta = 13 + (bytes[at++] as number);
    else if (delta === 14) {
      delta = 269 + (((bytes[at] as number) << 8) | (bytes[at + 1] as number));
      at += 2;
    }
    if (length === 13) length = 13 + (bytes[at++] as number);
    else if (length === 14) {
      length = 269 + (((bytes[at] as number) << 8) | (bytes[at + 1] as number));
      at += 2;
    }
    this.number += delta;
    this.start = at;
    this.end = at + length;
    return true;
  }
}

/** Bytes as a Map key: one character a byte. */
export function tokenKeyOf(bytes: Uint8Array, start = 0, length: number = bytes.length - start): string {
  if (length > SHORT_TEXT) return Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString('latin1');
  let text = '';
  for (let index = start; index < start + length; index += 1) text += String.fromCharCode(bytes[index] as number);
  return text;
}

/** Bytes before the token. */
export const HEADER = 4;
/** Between options and payload. */
export const PAYLOAD_MARKER = 0xff;
/** Up to here building a text by characters is quicker than asking the runtime for a slice. */
const SHORT_TEXT = 12;
