/**
 * The query of a Register or Update request (LwM2M-Core 1.1.1 §6.2.1, §6.2.2; lwm2m-1.2 adds `pid`): what is written there,
 * each parameter at most once and well-formed by itself. Whether it may stand in that request is for register.ts.
 * Uri-Query options are read in place, byte by byte: this runs for every Register.
 */

import { decodeUtf8 } from '#base';
import { OptionNumber } from '#coap/codec';
import type { Message } from '#coap/codec';

/** Parameters as written. Strings are valid UTF-8; `lifetime` is in range; nothing else was judged. */
export interface RegistrationQuery {
  endpoint: string | undefined;
  /** Seconds, 0 to 2^32-1. */
  lifetime: number | undefined;
  version: string | undefined;
  binding: string | undefined;
  /** Whether the flag `Q` is there. */
  queueMode: boolean;
  sms: string | undefined;
  profile: string | undefined;
  /** Name of the first parameter that is not known; malformed UTF-8 in it is replaced. */
  unknown: string | undefined;
}

/** What is wrong with a query, in a sentence for the device. */
export interface QueryFault {
  readonly fault: string;
}

/** Reads the query of a Register or Update: each known parameter at most once. Throws DecodeError(`bad_utf8`). */
export function readQuery(message: Message): RegistrationQuery | QueryFault {
  const query: RegistrationQuery = {
    endpoint: undefined,
    lifetime: undefined,
    version: undefined,
    binding: undefined,
    queueMode: false,
    sms: undefined,
    profile: undefined,
    unknown: undefined,
  };
  for (const walk = message.walk(); walk.next() && walk.number <= OptionNumber.URI_QUERY;) {
    if (walk.number !== OptionNumber.URI_QUERY) continue;
    const fault = readParameter(query, message.bytes, walk.start, walk.end);
    if (fault !== undefined) return { fault };
  }
  return query;
}

/** Adds one parameter, `name=value` or a bare name, that stands at `start` to `end`; what is wrong with it, if anything. */
function readParameter(query: RegistrationQuery, bytes: Uint8Array, start: number, end: number): string | undefined {
  let mark = start;
  while (mark < end && bytes[mark] !== EQUALS) mark += 1;
  const name = nameIn(bytes, start, mark);
  const value = mark < end ? mark + 1 : undefined;
  if (name === undefined) {
    query.unknown ??= bufferOf(bytes).toString('utf8', start, mark);
    return undefined;
  }
  if (name === 'Q') return readQueueMode(query, value);
  if (name === 'lt') return readLifetime(query, bytes, value ?? end, end);
  const field = FIELDS[name];
  if (query[field] !== undefined) return `${name} is given twice`;
  if (value === undefined) return `${name} has no value`;
  query[field] = textFrom(bytes, value, end);
  return undefined;
}

function readQueueMode(query: RegistrationQuery, value: number | undefined): string | undefined {
  if (query.queueMode) return 'Q is given twice';
  if (value !== undefined) return 'Q takes no value';
  query.queueMode = true;
  return undefined;
}

function readLifetime(query: RegistrationQuery, bytes: Uint8Array, start: number, end: number): string | undefined {
  if (query.lifetime !== undefined) return 'lt is given twice';
  let lifetime = 0;
  for (let index = start; index < end; index += 1) {
    const digit = (bytes[index] as number) - DIGIT_0;
    if (digit < 0 || digit > 9) return LIFETIME_RULE;
    lifetime = lifetime * 10 + digit;
  }
  if (start >= end || end - start > 10 || lifetime > MAX_LIFETIME) return LIFETIME_RULE;
  query.lifetime = lifetime;
  return undefined;
}

/** The known parameter whose name stands at `start` to `end`; names are case-sensitive. */
function nameIn(bytes: Uint8Array, start: number, end: number): ParameterName | undefined {
  for (const name of PARAMETERS) if (name.length === end - start && spells(bytes, start, name)) return name;
  return undefined;
}

function spells(bytes: Uint8Array, start: number, name: string): boolean {
  for (let index = 0; index < name.length; index += 1)
    if (bytes[start + index] !== name.charCodeAt(index)) return false;
  return true;
}

/** Bytes as text: the usual plain ASCII at once, else as UTF-8, which must be well-formed. Never a part of a longer string. */
function textFrom(bytes: Uint8Array, start: number, end: number): string {
  for (let index = start; index < end; index += 1) {
    if ((bytes[index] as number) > 0x7f) return decodeUtf8(bytes.subarray(start, end));
  }
  return bufferOf(bytes).toString('latin1', start, end);
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** In the order in which they are looked for. */
const PARAMETERS = ['ep', 'lt', 'lwm2m', 'b', 'Q', 'sms', 'pid'] as const;
type ParameterName = (typeof PARAMETERS)[number];
/** Where each parameter that is text is kept. */
const FIELDS = { ep: 'endpoint', lwm2m: 'version', b: 'binding', sms: 'sms', pid: 'profile' } as const;
const MAX_LIFETIME = 0xffff_ffff;
const LIFETIME_RULE = `lt must be decimal seconds, 0 to ${MAX_LIFETIME}`;
const EQUALS = 0x3d;
const DIGIT_0 = 0x30;
