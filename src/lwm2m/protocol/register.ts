/**
 * The registration interface: what a Register, Update or De-register request says, or with which code it is refused
 * (LwM2M-Core 1.1.1 §6.2, LwM2M-Transport 1.1.1 §6.4.3), for the enablers 1.0, 1.1 and 1.2. Who may register under a name,
 * and whether a location is known, is for others to judge.
 */

import { DecodeError, decodeUtf8, encodeUtf8 } from '#base';
import type { Random } from '#base';
import { Code, MessageType, OptionNumber, stringOption } from '#coap/codec';
import type { LinkLimits, Message, Option } from '#coap/codec';
import { ENABLER_VERSIONS, FORMATS } from '#lwm2m/model';
import type { EnablerVersion, ObjectList, ObjectLists, ProfileObject } from '#lwm2m/model';
import type { RegisterParameters, UpdateParameters } from '#lwm2m/model';
import { parseObjectList, readObjectList, withProfiles } from './object-lists.js';
import { readQuery } from './query.js';
import type { RegistrationQuery } from './query.js';

/** A request that is answered with an error. */
export interface Refusal {
  /** CoAP code of the answer. */
  readonly refused: number;
  /** Why, in a sentence; becomes the diagnostic payload. */
  readonly detail: string;
  /** The stable word of what could not be decoded or is beyond a limit; worth a metric. */
  readonly fault?: string;
}

/** How requests are judged where the standard leaves it open. */
export interface RegistrationRules {
  /** Query parameters that no version knows: passed over, or answered with 4.00. */
  readonly unknownParameters: 'ignore' | 'refuse';
  /** The endpoint name that the peer's authenticated identity stands for; used when `ep` is absent. */
  readonly identityEndpoint?: string;
  /** Bytes of an endpoint name; 128 unless given. */
  readonly endpointBytes?: number;
  /** Limits of the object list; LINK_LIMITS unless given. */
  readonly links?: LinkLimits;
  /** What devices of a profile have, by its id; undefined: it is not known. */
  readonly profiles?: (id: string) => readonly ProfileObject[] | undefined;
}

/** Whether a judgement is a refusal. */
export function isRefusal<T extends object>(judged: T | Refusal): judged is Refusal {
  return 'refused' in judged;
}

/**
 * Reads a Register request (`POST /rd?ep=…`). `body` is the whole payload. Refusals: 4.00 what is missing or malformed,
 * 4.12 an enabler version that is not served, 4.15 a payload that is not link-format, 4.13 one beyond the limits,
 * 4.09 a profile id that is not known (LwM2M-Transport 1.2.1 §6.4.3.1).
 */
export function decodeRegister(
  message: Message,
  body: Uint8Array,
  lists: ObjectLists,
  rules: RegistrationRules,
): RegisterParameters | Refusal {
  try {
    const query = readQuery(message);
    if ('fault' in query) return badRequest(query.fault);
    const lwm2m = versionOf(query.version);
    if (typeof lwm2m !== 'string') return lwm2m;
    const endpoint = query.endpoint ?? rules.identityEndpoint;
    if (endpoint === undefined) return badRequest('ep is missing');
    const fault =
      formFault(message) ?? unknownFault(query, lwm2m, rules) ?? bindingFault(query, lwm2m) ?? smsFault(query.sms);
    if (fault !== undefined) return badRequest(fault);
    const nameFault = endpointFault(endpoint, rules.endpointBytes ?? MAX_ENDPOINT);
    if (nameFault !== undefined) return nameFault;
    const lifetime = query.lifetime ?? (lwm2m === '1.0' ? DEFAULT_LIFETIME : undefined);
    if (lifetime === undefined) return badRequest(`lt is missing: LwM2M ${lwm2m} requires it`);
    if (!isLinkFormat(message)) return NOT_LINK_FORMAT;
    const profiles = lwm2m === '1.2' ? profilesOf(query.profile, rules) : NO_PROFILES;
    if ('refused' in profiles) return profiles;
    const binding = query.binding ?? 'U';
    const parameters = {
      endpoint,
      lwm2m,
      lifetime,
      binding,
      queueMode: query.queueMode || binding.includes('Q'),
      objects: objectsOf(body, profiles, lwm2m, lists, rules),
    };
    return query.sms === undefined ? parameters : { ...parameters, sms: query.sms };
  } catch (error) {
    return refusalOf(error);
  }
}

/**
 * Reads an Update request (`POST /{location}`) of a device registered with `current.lwm2m`: only what it sent. A new
 * object list replaces the old one as a whole. `Q` can only be set: from 1.1 a binding without it leaves queue mode as it
 * was, because a request held back too long is better than one lost. Refusals as of decodeRegister.
 */
export function decodeUpdate(
  message: Message,
  body: Uint8Array,
  current: { readonly lwm2m: EnablerVersion },
  lists: ObjectLists,
  rules: RegistrationRules,
): UpdateParameters | Refusal {
  const { lwm2m } = current;
  try {
    const query = readQuery(message);
    if ('fault' in query) return badRequest(query.fault);
    if (query.endpoint !== undefined) return badRequest('ep may not be given in an Update');
    if (query.version !== undefined) return badRequest('lwm2m may not be given in an Update');
    const fault =
      formFault(message) ?? unknownFault(query, lwm2m, rules) ?? bindingFault(query, lwm2m) ?? smsFault(query.sms);
    if (fault !== undefined) return badRequest(fault);
    if (!isLinkFormat(message)) return NOT_LINK_FORMAT;
    const profiles = lwm2m === '1.2' ? profilesOf(query.profile, rules) : NO_PROFILES;
    if ('refused' in profiles) return profiles;
    const none = body.length === 0 && profiles.length === 0;
    const objects = none ? undefined : objectsOf(body, profiles, lwm2m, lists, rules);
    return updateOf(query, lwm2m, objects);
  } catch (error) {
    return refusalOf(error);
  }
}

/** Judges a De-register request (`DELETE /{location}`): undefined when there is nothing against it. */
export function decodeDeregister(message: Message): Refusal | undefined {
  const fault = formFault(message);
  return fault === undefined ? undefined : badRequest(fault);
}

/** Whether a request to a location is an Update that only refreshes the lifetime: confirmable, no query, no payload. */
export function isRefresh(message: Message): boolean {
  if (message.code !== Code.POST || message.type !== MessageType.CON || message.payloadLength > 0) return false;
  return !message.has(OptionNumber.URI_QUERY) && !message.has(OptionNumber.CONTENT_FORMAT);
}

/** A fresh location: 10 base64url characters from 60 random bits. It is the proof of who registered, so it is not guessed. */
export function newLocation(random: Random): string {
  return Buffer.from(random.bytes(8)).toString('base64url').slice(0, 10);
}

/** The answer to a Register: 2.01 with Location-Path `rd`, `location`. */
export function registeredAnswer(location: string): { readonly code: number; readonly options: readonly Option[] } {
  return { code: Code.CREATED, options: [LOCATION_RD, stringOption(OptionNumber.LOCATION_PATH, location)] };
}

/** The answer to a refused request: its code and its reason as diagnostic payload (RFC 7252 §5.5.2). */
export function refusalAnswer(refusal: Refusal): { readonly code: number; readonly payload: Uint8Array } {
  return { code: refusal.refused, payload: encodeUtf8(refusal.detail) };
}

function versionOf(text: string | undefined): EnablerVersion | Refusal {
  if (text === undefined) return '1.0';
  for (const version of ENABLER_VERSIONS) if (version === text) return version;
  if (!/^\d{1,3}\.\d{1,3}$/.test(text)) return badRequest('lwm2m must be a version such as 1.1');
  return {
    refused: Code.PRECONDITION_FAILED,
    detail: `LwM2M ${text} is not served: ${ENABLER_VERSIONS.join(', ')} are`,
  };
}

function formFault(message: Message): string | undefined {
  return message.type === MessageType.CON ? undefined : 'the request must be confirmable';
}

/** An endpoint name is 1 to `most` bytes of UTF-8 without control characters. */
function endpointFault(endpoint: string, most: number): Refusal | undefined {
  const size = Buffer.byteLength(endpoint);
  if (size === 0) return badRequest(`ep must have 1 to ${most} bytes`);
  if (size > most) return { ...badRequest(`ep must have 1 to ${most} bytes`), fault: 'endpoint_too_long' };
  for (let index = 0; index < endpoint.length; index += 1) {
    const code = endpoint.charCodeAt(index);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return badRequest('ep must not contain control characters');
  }
  return undefined;
}

function unknownFault(query: RegistrationQuery, lwm2m: EnablerVersion, rules: RegistrationRules): string | undefined {
  if (rules.unknownParameters === 'ignore') return undefined;
  const unknown = query.unknown ?? (query.profile !== undefined && lwm2m !== '1.2' ? 'pid' : undefined);
  return unknown === undefined ? undefined : `unknown query parameter "${unknown.slice(0, 40)}"`;
}

/** Binding letters by version (LwM2M-Core 1.0.2 §5.3.1.1, 1.1.1 §6.2.1.2, 1.2.1 §6.2.1.2). */
function bindingFault(query: RegistrationQuery, lwm2m: EnablerVersion): string | undefined {
  if (query.queueMode && lwm2m === '1.0') return 'Q is not known to LwM2M 1.0: it stands in b there';
  const { binding } = query;
  if (binding === undefined || binding === 'U') return undefined;
  const legal = lwm2m === '1.0' ? BINDINGS_1_0.includes(binding) : isSetOf(binding, BINDING_LETTERS[lwm2m]);
  if (legal) return undefined;
  const rule =
    lwm2m === '1.0' ? `one of ${BINDINGS_1_0.join(', ')}` : `letters of ${BINDING_LETTERS[lwm2m]}, each once`;
  return `b must be ${rule} in LwM2M ${lwm2m}`;
}

/** Whether `text` is one or more of `letters`, each at most once. */
function isSetOf(text: string, letters: string): boolean {
  if (text.length === 0 || text.length > letters.length) return false;
  for (let index = 0; index < text.length; index += 1) {
    const letter = text.charAt(index);
    if (!letters.includes(letter) || text.indexOf(letter) !== index) return false;
  }
  return true;
}

/** An MSISDN is the digits of an international number, at most 15 (ITU-T E.164). */
function smsFault(sms: string | undefined): string | undefined {
  return sms === undefined || /^\d{1,15}$/.test(sms) ? undefined : 'sms must be 1 to 15 digits';
}

/** Register and Update carry link-format; a device that does not say so is believed. */
function isLinkFormat(message: Message): boolean {
  const format = message.uint(OptionNumber.CONTENT_FORMAT);
  return format === undefined || format === FORMATS.link;
}

/** What devices of the profiles in `pid` have: one id, or several with commas between, in quotes (LwM2M-Core 1.2.1 §6.2.1.2). */
function profilesOf(
  pid: string | undefined,
  { profiles }: RegistrationRules,
): readonly (readonly ProfileObject[])[] | Refusal {
  if (pid === undefined) return NO_PROFILES;
  const ids = pid.replace(/^"(.*)"$/, '$1').split(',');
  if (ids.includes('')) return badRequest('pid must be a profile id, or several with commas between');
  const found: (readonly ProfileObject[])[] = [];
  for (const id of ids) {
    const objects = profiles?.(id);
    if (objects === undefined) {
      const detail = `the profile "${id.slice(0, 64)}" is not known: register with the object list`;
      return { refused: Code.CONFLICT, detail };
    }
    found.push(objects);
  }
  return found;
}

/** The objects of a device: those of its payload and those of its profiles. */
function objectsOf(
  body: Uint8Array,
  profiles: readonly (readonly ProfileObject[])[],
  lwm2m: EnablerVersion,
  lists: ObjectLists,
  rules: RegistrationRules,
): ObjectList {
  if (profiles.length === 0) return readObjectList(body, lwm2m, lists, rules.links);
  // The payload may say nothing but the root: formats beside the objects of the profile.
  const list = body.length === 0 ? undefined : parseObjectList(decodeUtf8(body), lwm2m, rules.links, 'nothing');
  return lists.intern(withProfiles(list, profiles, lwm2m));
}

function updateOf(query: RegistrationQuery, lwm2m: EnablerVersion, objects: ObjectList | undefined): UpdateParameters {
  const { lifetime, binding, sms } = query;
  const inBinding = lwm2m === '1.0' && binding !== undefined ? binding.includes('Q') : undefined;
  const queueMode = query.queueMode ? true : inBinding;
  return {
    ...(lifetime === undefined ? {} : { lifetime }),
    ...(binding === undefined ? {} : { binding }),
    ...(queueMode === undefined ? {} : { queueMode }),
    ...(sms === undefined ? {} : { sms }),
    ...(objects === undefined ? {} : { objects }),
  };
}

function badRequest(detail: string): Refusal {
  return { refused: Code.BAD_REQUEST, detail };
}

/** What cannot be decoded is 4.00, what is beyond a limit 4.13; anything else is not the device's fault. */
function refusalOf(error: unknown): Refusal {
  if (!(error instanceof DecodeError)) throw error;
  return {
    refused: TOO_LARGE.has(error.reason) ? Code.REQUEST_ENTITY_TOO_LARGE : Code.BAD_REQUEST,
    detail: error.message,
    fault: error.reason,
  };
}

/** Reasons of a DecodeError that speak of a limit. */
const TOO_LARGE: ReadonlySet<string> = new Set(['links_too_long', 'too_many_links']);
const NOT_LINK_FORMAT: Refusal = {
  refused: Code.UNSUPPORTED_CONTENT_FORMAT,
  detail: `the payload must be of content format ${FORMATS.link} (application/link-format)`,
};
const NO_PROFILES: readonly (readonly ProfileObject[])[] = Object.freeze([]);
const LOCATION_RD = stringOption(OptionNumber.LOCATION_PATH, 'rd');
/** Seconds, when a device of 1.0 gives none (LwM2M-Core 1.0.2 §5.3.1). */
const DEFAULT_LIFETIME = 86_400;
/** Bytes, unless the rules say otherwise. */
const MAX_ENDPOINT = 128;
const BINDINGS_1_0 = ['U', 'UQ', 'S', 'SQ', 'US', 'UQS'];
const BINDING_LETTERS = { '1.1': 'UTSN', '1.2': 'UMHTSN' } as const;
