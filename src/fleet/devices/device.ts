/**
 * A device while the server runs: what is committed of it, taken apart, and what changes without a commit (when it was
 * heard, where it stands in the expiry heap). There are many, so the shape is fixed, the numbers stand in one array for many
 * devices (slots.ts), and nothing is held that a device without work needs not.
 */

import { Instant } from '#base';
import type { Milliseconds, Peer, WallTime } from '#base';
import type {
  CredentialRecord,
  DeviceAddress,
  DeviceId,
  DeviceRecord,
  KeptAttributes,
  ObservationRecord,
  RegistrationRecord,
} from '../model/index.js';
import type { ListDialect } from './dialects.js';
import { WIDTH } from './slots.js';
import type { Slot } from './slots.js';
import type { Texts } from './texts.js';

/** Before every moment. */
export const LONG_AGO = Instant(Number.NEGATIVE_INFINITY);

/** Where a device stands in its life: `removing` while its deletion is being committed. */
export type DevicePhase = 'present' | 'removing' | 'removed';

/** A live device. Only devices/ writes its fields. */
export class Device {
  readonly id: DeviceId;
  readonly endpoint: string;
  version: number;
  manufacturer: string | undefined;
  model: string | undefined;
  firmware: string | undefined;
  tags: DeviceRecord['tags'] = NO_TAGS;
  /** Seconds. */
  awakeWindow: number | undefined;
  observations: readonly ObservationRecord[] = NO_OBSERVATIONS;
  attributes: readonly KeptAttributes[] = NO_ATTRIBUTES;
  credentials: readonly CredentialRecord[] = NO_CREDENTIALS;
  /** Of the registration; undefined when there is none, and then what follows has no meaning. */
  location: string | undefined;
  binding = '';
  sms: string | undefined;
  /** Where it is registered from, and how to speak with it. */
  peer: Peer | undefined = undefined;
  dialect: ListDialect | undefined = undefined;
  /** Short handshakes since the server started. */
  resumptions = 0;
  /** Place in the expiry heap, -1 when not there. */
  heapIndex = -1;
  #times: number[];
  #at: number;
  /** What is so of it, a bit each. */
  #bits = 0;

  constructor(record: DeviceRecord, version: number, slot: Slot, texts: Texts) {
    this.id = record.id;
    this.endpoint = record.endpoint;
    this.version = version;
    this.#times = slot.times;
    this.#at = slot.at;
    this.lastSeen = record.lastSeen;
    this.heard = LONG_AGO;
    this.renewed = LONG_AGO;
    this.heapAt = LONG_AGO;
    this.adopt(record, texts);
  }

  /** Gives its slot back. Whoever still holds the device writes beside it from now on, not into another device's. */
  release(): Slot {
    const slot = { times: this.#times, at: this.#at };
    this.#times = slot.times.slice(slot.at, slot.at + WIDTH);
    this.#at = 0;
    return slot;
  }

  get phase(): DevicePhase {
    return this.#is(REMOVED) ? 'removed' : this.#is(REMOVING) ? 'removing' : 'present';
  }

  set phase(phase: DevicePhase) {
    this.#let(REMOVED, phase === 'removed');
    this.#let(REMOVING, phase === 'removing');
  }

  /** Of the registration. */
  get queueMode(): 'queue' | 'always' {
    return this.#is(QUEUE) ? 'queue' : 'always';
  }

  /** It had a credential, or proved an identity: no plain CoAP for it. */
  get secured(): boolean {
    return this.#is(SECURED);
  }

  /** Nothing may be sent to it: the answer to its registration has not left yet. */
  get quiet(): boolean {
    return this.#is(QUIET);
  }

  set quiet(quiet: boolean) {
    this.#let(QUIET, quiet);
  }

  /** There is no association to reach it over: it has to come first. Never so over plain CoAP. */
  get away(): boolean {
    return this.#is(AWAY);
  }

  set away(away: boolean) {
    this.#let(AWAY, away);
  }

  /** lastSeen is to be written down. */
  get touched(): boolean {
    return this.#is(TOUCHED);
  }

  set touched(touched: boolean) {
    this.#let(TOUCHED, touched);
  }

  /** Without meaning while it was never heard. */
  get firstSeen(): WallTime {
    return this.#times[this.#at + FIRST_SEEN] as WallTime;
  }

  get lastSeen(): WallTime {
    return this.#times[this.#at + LAST_SEEN] as WallTime;
  }

  set lastSeen(moment: WallTime) {
    this.#times[this.#at + LAST_SEEN] = moment;
  }

  /** When the last message was exchanged with it; long ago when a request timed out. */
  get heard(): Instant {
    return this.#times[this.#at + HEARD] as Instant;
  }

  set heard(moment: Instant) {
    this.#times[this.#at + HEARD] = moment;
  }

  /** When it last registered or updated. */
  get renewed(): Instant {
    return this.#times[this.#at + RENEWED] as Instant;
  }

  set renewed(moment: Instant) {
    this.#times[this.#at + RENEWED] = moment;
  }

  /** The moment recorded in the expiry heap. */
  get heapAt(): Instant {
    return this.#times[this.#at + HEAP_AT] as Instant;
  }

  set heapAt(moment: Instant) {
    this.#times[this.#at + HEAP_AT] = moment;
  }

  /** Seconds. */
  get lifetime(): number {
    return this.#times[this.#at + LIFETIME] as number;
  }

  get registeredAt(): WallTime {
    return this.#times[this.#at + REGISTERED_AT] as WallTime;
  }

  get updatedAt(): WallTime {
    return this.#times[this.#at + UPDATED_AT] as WallTime;
  }

  /** As committed, with lastSeen as it is now. */
  get record(): DeviceRecord {
    const record: Writable<DeviceRecord> = {
      id: this.id,
      endpoint: this.endpoint,
      firstSeen: this.firstSeen,
      lastSeen: this.lastSeen,
      tags: this.tags,
      observations: this.observations,
    };
    if (this.manufacturer !== undefined) record.manufacturer = this.manufacturer;
    if (this.model !== undefined) record.model = this.model;
    if (this.firmware !== undefined) record.firmware = this.firmware;
    if (this.awakeWindow !== undefined) record.awakeWindow = this.awakeWindow;
    if (this.attributes.length > 0) record.attributes = this.attributes;
    if (this.credentials.length > 0) record.credentials = this.credentials;
    if (this.secured) record.secured = true;
    const { registration } = this;
    if (registration !== undefined) record.registration = registration;
    return record;
  }

  /** Its registration as committed. */
  get registration(): RegistrationRecord | undefined {
    const { location, peer, dialect } = this;
    if (location === undefined || peer === undefined || dialect === undefined) return undefined;
    const registration: Writable<RegistrationRecord> = {
      location,
      lwm2m: dialect.lwm2m,
      lifetime: this.lifetime,
      binding: this.binding,
      queueMode: this.queueMode === 'queue',
      objects: dialect.list.key,
      address: addressOf(peer),
      registeredAt: this.registeredAt,
      updatedAt: this.updatedAt,
    };
    if (this.sms !== undefined) registration.sms = this.sms;
    return registration;
  }

  /** Takes a committed record over, but for lastSeen and later uses of credentials; peer and dialect of a registration are set by whoever has them. */
  adopt(record: DeviceRecord, texts: Texts): void {
    this.#times[this.#at + FIRST_SEEN] = record.firstSeen;
    this.manufacturer = texts.share(record.manufacturer);
    this.model = texts.share(record.model);
    this.firmware = texts.share(record.firmware);
    this.tags = hasMembers(record.tags) ? record.tags : NO_TAGS;
    this.awakeWindow = record.awakeWindow;
    this.observations = record.observations.length === 0 ? NO_OBSERVATIONS : record.observations;
    this.attributes = record.attributes ?? NO_ATTRIBUTES;
    this.credentials = withUses(record.credentials ?? NO_CREDENTIALS, this.credentials);
    this.#let(SECURED, record.secured === true);
    const { registration } = record;
    this.location = registration?.location;
    if (registration === undefined) return;
    this.binding = texts.share(registration.binding);
    this.sms = registration.sms;
    this.#let(QUEUE, registration.queueMode);
    this.#times[this.#at + LIFETIME] = registration.lifetime;
    this.#times[this.#at + REGISTERED_AT] = registration.registeredAt;
    this.#times[this.#at + UPDATED_AT] = registration.updatedAt;
  }

  #is(bit: number): boolean {
    return (this.#bits & bit) !== 0;
  }

  #let(bit: number, so: boolean): void {
    this.#bits = so ? this.#bits | bit : this.#bits & ~bit;
  }
}

/** When the registration of `device` ends; undefined when it never does or there is none. */
export function expiresAt(device: Device, grace: Milliseconds): Instant | undefined {
  const { lifetime } = device;
  if (device.location === undefined || lifetime === 0) return undefined;
  return Instant(device.renewed + lifetime * 1000 + grace);
}

/** Where a peer is, as stored. */
export function addressOf({ listener, address, port, identity }: Peer): DeviceAddress {
  if (identity === undefined) return { listener, address, port };
  const { kind, name } = identity;
  return { listener, address, port, identity: { kind, name } };
}

/** Credentials as committed; one that was used later than it says keeps that. */
function withUses(
  committed: readonly CredentialRecord[],
  current: readonly CredentialRecord[],
): readonly CredentialRecord[] {
  if (committed === current || current.length === 0) return committed;
  const later = (credential: CredentialRecord): CredentialRecord => {
    const known = current.find(({ id, createdAt }) => id === credential.id && createdAt === credential.createdAt);
    const { lastUsed = 0 } = known ?? {};
    return lastUsed > (credential.lastUsed ?? 0) ? { ...credential, lastUsed: lastUsed as WallTime } : credential;
  };
  const merged = committed.map(later);
  return merged.every((credential, index) => credential === committed[index]) ? committed : merged;
}

/** No tags, shared. */
export const NO_TAGS: DeviceRecord['tags'] = Object.freeze({});
/** No observations, shared. */
export const NO_OBSERVATIONS: readonly ObservationRecord[] = Object.freeze([]);

/** No attributes, shared. */
export const NO_ATTRIBUTES: readonly KeptAttributes[] = Object.freeze([]);

/** No credentials, shared. */
export const NO_CREDENTIALS: readonly CredentialRecord[] = Object.freeze([]);

/** The same type, to be filled member by member: objects made so share one hidden class, objects made by spreading do not. */
export type Writable<T> = { -readonly [K in keyof T]: T[K] };

function hasMembers(object: object): boolean {
  for (const _name in object) return true;
  return false;
}

/** Places of the numbers in a slot. */
const FIRST_SEEN = 0;
const LAST_SEEN = 1;
const HEARD = 2;
const RENEWED = 3;
const LIFETIME = 4;
const HEAP_AT = 5;
const REGISTERED_AT = 6;
const UPDATED_AT = 7;
const [REMOVING, REMOVED, QUEUE, SECURED] = [1, 2, 4, 8];
const [QUIET, AWAY, TOUCHED] = [16, 32, 64];
