/** A device in the shape of the API. Times are RFC 3339; what is not known is absent. */

import { rfc3339, showAddress, toHex, wallAfter, elapsed } from '#base';
import type { Clock, IdentityKind, Milliseconds } from '#base';
import type { Attributes, EnablerVersion, ObjectEntry } from '#lwm2m/model';
import type { Presence } from '../model/index.js';
import type { Associations } from '../ports/index.js';
import { nextContact } from './contact.js';
import { expiresAt } from './device.js';
import type { Device } from './device.js';
import { NEVER_SEEN, presenceOf } from './presence.js';
import type { AwakeWindow } from './presence.js';

/** A registration as shown. */
export interface RegistrationView {
  readonly lwm2m: EnablerVersion;
  readonly lifetime: number;
  readonly binding: string;
  readonly queueMode: boolean;
  readonly sms?: string;
  readonly objects: readonly ObjectEntry[];
  readonly root?: string;
  readonly address: string;
  /** What it proved; absent over plain CoAP. */
  readonly identity?: { readonly kind: IdentityKind; readonly name: string };
  readonly registeredAt: string;
  readonly updatedAt: string;
  /** Absent when it never expires. */
  readonly expiresAt?: string;
}

/** A secure association as shown. */
export interface AssociationView {
  /** Name in the registry. */
  readonly suite: string;
  readonly identity: { readonly kind: IdentityKind; readonly name: string };
  /** Our Connection ID in hex; absent when none is used. */
  readonly cid?: string;
  readonly address: string;
  readonly since: string;
  readonly handshake: 'full' | 'resumed';
}

/** A device as shown. */
export interface DeviceView {
  readonly endpoint: string;
  readonly presence: Presence;
  /** Absent when it was never heard. */
  readonly firstSeen?: string;
  readonly lastSeen?: string;
  /** When it is to be heard at the latest; absent when nothing binds it. */
  readonly nextExpectedContact?: string;
  readonly manufacturer?: string;
  readonly model?: string;
  readonly firmware?: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Seconds; only when set for this device. */
  readonly awakeWindow?: number;
  /** Attributes given by Write-Attributes, by path; written again after each registration. */
  readonly attributes?: Readonly<Record<string, Attributes>>;
  /** No plain CoAP for it; absent: no. */
  readonly secured?: true;
  readonly registration?: RegistrationView;
  /** The secure association it has now; absent when there is none. */
  readonly association?: AssociationView;
  /** How often it came with a short handshake since the server started; absent: never. */
  readonly resumptions?: number;
}

/** The times that a view depends on. */
export interface ViewSettings {
  readonly clock: Clock;
  readonly awakeWindow: AwakeWindow;
  readonly grace: Milliseconds;
  readonly associations: Associations;
}

/** A device as shown now. */
export function viewOf(device: Device, { clock, awakeWindow, grace, associations }: ViewSettings): DeviceView {
  const { record } = device;
  const registration = registrationView(device, clock, grace);
  const contact = nextContact(device, clock);
  const association = associationView(device, associations);
  return {
    endpoint: record.endpoint,
    presence: presenceOf(device, clock.now(), awakeWindow),
    ...(device.lastSeen !== NEVER_SEEN && {
      firstSeen: rfc3339(record.firstSeen),
      lastSeen: rfc3339(device.lastSeen),
    }),
    ...(contact !== undefined && { nextExpectedContact: rfc3339(contact) }),
    ...(record.manufacturer !== undefined && { manufacturer: record.manufacturer }),
    ...(record.model !== undefined && { model: record.model }),
    ...(record.firmware !== undefined && { firmware: record.firmware }),
    tags: record.tags,
    ...(record.awakeWindow !== undefined && { awakeWindow: record.awakeWindow }),
    ...(device.attributes.length > 0 && { attributes: attributesOf(device) }),
    ...(device.secured && { secured: true as const }),
    ...(registration !== undefined && { registration }),
    ...(association !== undefined && { association }),
    ...(device.resumptions > 0 && { resumptions: device.resumptions }),
  };
}

function associationView({ endpoint, peer }: Device, associations: Associations): AssociationView | undefined {
  const facts = associations.of(endpoint, peer?.listener);
  if (facts === undefined) return undefined;
  const { address, cid, handshake, identity, port, since, suite } = facts;
  return {
    suite,
    identity,
    ...(cid !== undefined && { cid: toHex(cid) }),
    address: showAddress(address, port),
    since: rfc3339(since),
    handshake,
  };
}

function attributesOf(device: Device): Readonly<Record<string, Attributes>> {
  return Object.fromEntries(device.attributes.map(({ path, attributes }) => [path, attributes]));
}

/** Entity tag (RFC 9110 §8.8.3) of the state of a device's record; what changes without a commit does not change it. */
export function etagOf(device: Device): string {
  return `"${device.id.slice(12, 20)}-${device.version}"`;
}

function registrationView(device: Device, clock: Clock, grace: Milliseconds): RegistrationView | undefined {
  const { registration } = device;
  if (registration === undefined) return undefined;
  const { lwm2m, lifetime, binding, queueMode, sms, address, registeredAt, updatedAt } = registration;
  const end = expiresAt(device, grace);
  const list = device.dialect?.list;
  return {
    lwm2m,
    lifetime,
    binding,
    queueMode,
    ...(sms !== undefined && { sms }),
    objects: list?.objects ?? [],
    ...(list !== undefined && list.root !== '' && { root: list.root }),
    address: showAddress(address.address, address.port),
    ...(address.identity !== undefined && { identity: address.identity }),
    registeredAt: rfc3339(registeredAt),
    updatedAt: rfc3339(updatedAt),
    ...(end !== undefined && { expiresAt: rfc3339(wallAfter(clock.wall(), roundMs(elapsed(clock.now(), end)))) }),
  };
}

function roundMs(span: Milliseconds): Milliseconds {
  return Math.round(span) as Milliseconds;
}
