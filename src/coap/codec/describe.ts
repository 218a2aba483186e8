/**
 * A datagram as people and programs read it: for traces and tools. Nothing a peer sends makes it throw, and its text is one
 * line of printable characters whatever the peer put in.
 */

import { decodeUtf8, toHex } from '#base';

import { blockSize, decodeBlock } from './block.js';
import { describeCode } from './codes.js';
import { contentFormatName } from './content-formats.js';
import type { Message, MessageType } from './message.js';
import { decodeUint, fitsRegistry, OptionNumber, OPTIONS, type OptionRow } from './options.js';
import { decodeMessage, isMalformed, type Malformed, type MalformedReason } from './udp.js';

/** What a datagram is: a message, or bytes that are none. Plain data, fit for JSON. */
export type MessageDescription = DescribedMessage | MalformedDescription;

/** A CoAP message. */
export interface DescribedMessage {
  readonly type: TypeName;
  /** The code with its name: `2.05 Content`. */
  readonly code: string;
  readonly messageId: number;
  /** In hex; empty when there is none. */
  readonly token: string;
  /** In the order of the wire. */
  readonly options: readonly DescribedOption[];
  /** Bytes behind the payload marker. */
  readonly payloadLength: number;
}

/**
 * An option. `value` is there when the bytes read as the registry says: text, a number, or the parts of a block value;
 * `hex` when they are opaque, not known or wrong. An option without value has neither.
 */
export interface DescribedOption {
  readonly number: number;
  /** Absent when the number is not in the registry. */
  readonly name?: string;
  readonly value?: string | number | { readonly num: number; readonly more: boolean; readonly size: number };
  /** Of Content-Format and Accept: the name of the format, when it has one. */
  readonly format?: string;
  readonly hex?: string;
  /** What is wrong with it. */
  readonly problem?: string;
}

/** Bytes that are no CoAP message. Type and message id are there when the header could be read. */
export interface MalformedDescription {
  readonly malformed: MalformedReason;
  /** The same as a sentence. */
  readonly why: string;
  /** Bytes of the datagram. */
  readonly length: number;
  readonly type?: TypeName;
  readonly messageId?: number;
}

/** Message types as RFC 7252 writes them. */
export type TypeName = 'CON' | 'NON' | 'ACK' | 'RST';

/** Describes one datagram (RFC 7252 §3). Never throws. */
export function describeMessage(bytes: Uint8Array): MessageDescription {
  const message = decodeMessage(bytes, MOST_OPTIONS);
  if (isMalformed(message)) return describeMalformed(message, bytes.length);
  return {
    type: typeName(message.type),
    code: describeCode(message.code),
    messageId: message.messageId,
    token: toHex(message.token),
    options: describeOptions(message),
    payloadLength: message.payloadLength,
  };
}

/**
 * One datagram, or its description, as one line: `ACK 2.05 Content, MID 32052, token ab01, Content-Format 0 (text), payload
 * 6 bytes`. Never throws; what is not printable in a text is escaped as `\u....`.
 */
export function showMessage(of: Uint8Array | MessageDescription): string {
  const described = of instanceof Uint8Array ? describeMessage(of) : of;
  if ('malformed' in described) {
    const { type, messageId, why, length } = described;
    const header = type === undefined ? '' : `${type}, MID ${messageId ?? ''}, `;
    return `${header}no CoAP message: ${why}; ${showLength(length)}`;
  }
  const { type, code, messageId, token, options, payloadLength } = described;
  return [
    `${type} ${code}`,
    `MID ${messageId}`,
    ...(token === '' ? [] : [`token ${token}`]),
    ...options.map(showOption),
    ...(payloadLength === 0 ? [] : [`payload ${showLength(payloadLength)}`]),
  ].join(', ');
}

/** The options of a message in the order of the wire, as `describeMessage` has them. Never throws. */
export function describeOptions(message: Message): DescribedOption[] {
  let before = -1;
  return message.options().map(({ number, value }) => {
    const repeated = number === before;
    before = number;
    return describeOption(number, value, repeated);
  });
}

/** An option as one text, as `showMessage` has it: `Content-Format 40 (link)`. */
export function showOption({ number, name, value, format, hex, problem }: DescribedOption): string {
  const words = [
    name ?? `option ${number}`,
    ...(value === undefined ? [] : [showValue(value)]),
    ...(hex === undefined ? [] : [hex === '' ? 'of no bytes' : `0x${hex}`]),
    ...(format === undefined ? [] : [`(${format})`]),
    ...(problem === undefined ? [] : [`(${problem})`]),
  ];
  return words.join(' ');
}

function describeMalformed({ malformed, type, messageId }: Malformed, length: number): MalformedDescription {
  return {
    malformed,
    why: REASONS[malformed],
    length,
    ...(type === undefined ? {} : { type: typeName(type) }),
    ...(messageId === undefined ? {} : { messageId }),
  };
}

function describeOption(number: number, value: Uint8Array, repeated: boolean): DescribedOption {
  const row = OPTIONS.get(number);
  if (row === undefined) return { number, ...inHex(value) };
  const { name, min, max, repeatable } = row;
  if (!fitsRegistry(number, value.length)) {
    const allowed = min === max ? `allowed is ${min}` : `allowed are ${min} to ${max}`;
    return { number, name, ...inHex(value), problem: `${showLength(value.length)}, ${allowed}` };
  }
  const problem = repeated && repeatable === 'once' ? { problem: 'may stand only once' } : {};
  return { number, name, ...problem, ...readValue(row, value) };
}

/** A value of an allowed length as its format says; one that does not read like that in hex, with the reason. */
function readValue(row: OptionRow, value: Uint8Array): Partial<DescribedOption> {
  switch (row.format) {
    case 'empty':
      return {};
    case 'opaque':
      return { hex: toHex(value) };
    case 'string':
      return readText(value);
    case 'uint':
      return BLOCKS.has(row.number) ? readBlock(value) : readNumber(row.number, value);
  }
}

function readText(value: Uint8Array): Partial<DescribedOption> {
  try {
    return { value: decodeUtf8(value) };
  } catch {
    return { hex: toHex(value), problem: 'not UTF-8' };
  }
}

function readBlock(value: Uint8Array): Partial<DescribedOption> {
  const block = decodeBlock(value);
  if (block === undefined) return { hex: toHex(value), problem: 'the size exponent 7 is reserved' };
  return { value: { num: block.num, more: block.more, size: blockSize(block.szx) } };
}

function readNumber(number: number, value: Uint8Array): Partial<DescribedOption> {
  // The registry allows four bytes at most, which is a number always.
  const read = decodeUint(value) as number;
  const format = FORMATS.has(number) ? contentFormatName(read) : undefined;
  return { value: read, ...(format === undefined ? {} : { format }) };
}

function inHex(value: Uint8Array): Partial<DescribedOption> {
  return value.length === 0 ? {} : { hex: toHex(value) };
}

function showValue(value: NonNullable<DescribedOption['value']>): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return quoted(value);
  return `${value.num}/${value.more ? 'more' : 'last'}/${value.size}`;
}

/** A text in quotes, on one line and without what a terminal would act on. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function showLength(length: number): string {
  return length === 1 ? '1 byte' : `${length} bytes`;
}

function typeName(type: MessageType): TypeName {
  return TYPE_NAMES[type];
}

const TYPE_NAMES: Readonly<Record<MessageType, TypeName>> = { 0: 'CON', 1: 'NON', 2: 'ACK', 3: 'RST' };
/** As many as an endpoint can be told to take; a message of more is described as malformed. */
const MOST_OPTIONS = 1_024;
const BLOCKS: ReadonlySet<number> = new Set([
  ...[OptionNumber.BLOCK1, OptionNumber.BLOCK2, OptionNumber.Q_BLOCK1, OptionNumber.Q_BLOCK2],
]);
const FORMATS: ReadonlySet<number> = new Set([OptionNumber.CONTENT_FORMAT, OptionNumber.ACCEPT]);
/** Control, line separator and bidirectional formatting characters; JSON has escaped those below U+0020 already. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const REASONS: Readonly<Record<MalformedReason, string>> = {
  too_short: 'shorter than the header of 4 bytes (RFC 7252 §3)',
  version: 'the version is not 1 (RFC 7252 §3)',
  token_length: 'the token length is above 8 (RFC 7252 §3)',
  truncated_token: 'the datagram ends within the token (RFC 7252 §3)',
  reserved_class: 'the class of the code is none of 0, 2, 4 and 5 (RFC 7252 §12.1)',
  empty_with_content: 'code 0.00 with more than a header (RFC 7252 §4.1)',
  wrong_type: 'an acknowledgement with a request, or a reset that is not empty (RFC 7252 §4.2, §4.3)',
  option_nibble: 'an option delta or length of 15 (RFC 7252 §3.1)',
  truncated_option: 'the datagram ends within an option (RFC 7252 §3.1)',
  option_number: 'an option number above 65535 (RFC 7252 §3.1)',
  too_many_options: `more than ${MOST_OPTIONS} options`,
  empty_payload: 'a payload marker with nothing behind it (RFC 7252 §3)',
};
