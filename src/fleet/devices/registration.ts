/** What registrations are made of: the pure steps from one record to the next. */

import type { Peer, WallTime } from '#base';
import type { RegisterParameters, UpdateParameters } from '#lwm2m/model';
import type { DeviceId, DeviceRecord, NewEvent, ObservationRecord, RegistrationRecord } from '../model/index.js';
import { deviceEvent } from './changes.js';
import { NO_OBSERVATIONS, NO_TAGS, addressOf } from './device.js';
import type { Writable } from './device.js';
import { unwritten } from './kept-attributes.js';
import { observationIn } from './observation.js';
import { sameSource } from './ownership.js';
import { NEVER_SEEN } from './presence.js';

/** The registration that a Register makes (LwM2M-Core 1.1.1 §6.2.1). */
export function firstRegistration(
  location: string,
  parameters: RegisterParameters,
  peer: Peer,
  at: WallTime,
): RegistrationRecord {
  const { lwm2m, lifetime, binding, queueMode, sms, objects } = parameters;
  const registration: Writable<RegistrationRecord> = {
    location,
    lwm2m,
    lifetime,
    binding,
    queueMode,
    objects: objects.key,
    address: addressOf(peer),
    registeredAt: at,
    updatedAt: at,
  };
  if (sms !== undefined) registration.sms = sms;
  return registration;
}

/**
 * The registration after an Update (LwM2M-Core 1.1.1 §6.2.2): only what was sent changes; the address is where the Update
 * came from (of an identity: when anything else changes). Undefined when nothing but time has changed.
 */
export function nextRegistration(
  current: RegistrationRecord,
  parameters: UpdateParameters,
  peer: Peer,
  updatedAt: WallTime,
): RegistrationRecord | undefined {
  const next: RegistrationRecord = {
    ...current,
    ...(parameters.lifetime !== undefined && { lifetime: parameters.lifetime }),
    ...(parameters.binding !== undefined && { binding: parameters.binding }),
    ...(parameters.queueMode !== undefined && { queueMode: parameters.queueMode }),
    ...(parameters.sms !== undefined && { sms: parameters.sms }),
    ...(parameters.objects !== undefined && { objects: parameters.objects.key }),
    ...(!sameSource(current.address, peer) && { address: addressOf(peer) }),
    updatedAt,
  };
  const same =
    next.lifetime === current.lifetime &&
    next.binding === current.binding &&
    next.queueMode === current.queueMode &&
    next.sms === current.sms &&
    next.objects === current.objects &&
    next.address === current.address;
  return same ? undefined : next;
}

/** The record of a device that registers for the first time. */
export function registeredFirst(id: DeviceId, endpoint: string, registration: RegistrationRecord): DeviceRecord {
  const at = registration.registeredAt;
  const [tags, observations] = [NO_TAGS, NO_OBSERVATIONS];
  const record: Writable<DeviceRecord> = {
    ...{ id, endpoint, firstSeen: at, lastSeen: at, tags, registration, observations },
  };
  if (registration.address.identity !== undefined) record.secured = true;
  return record;
}

/** The record of a known device that registers, perhaps for the first time. Whoever proved an identity once is to prove one for ever. */
export function registeredAgain(before: DeviceRecord, registration: RegistrationRecord): DeviceRecord {
  const at = registration.registeredAt;
  const record: Writable<DeviceRecord> = { ...unregistered(before, at), registration };
  if (before.lastSeen === NEVER_SEEN) record.firstSeen = at;
  if (registration.address.identity !== undefined) record.secured = true;
  return record;
}

/** The record of a device that is told of before it was ever heard; firstSeen has no meaning until it is. */
export function neverSeen(id: DeviceId, endpoint: string, at: WallTime): DeviceRecord {
  return { id, endpoint, firstSeen: at, lastSeen: NEVER_SEEN, tags: NO_TAGS, observations: NO_OBSERVATIONS };
}

/** The event of a registration. */
export function registeredEvent(
  device: Pick<DeviceRecord, 'id' | 'endpoint'>,
  registration: RegistrationRecord,
): NewEvent {
  const { lwm2m, lifetime, binding, queueMode, registeredAt, address } = registration;
  const { identity } = address;
  return deviceEvent('device.registered', device, registeredAt, {
    ...{ lwm2m, lifetime, binding, queueMode },
    ...(identity !== undefined && { identity: { kind: identity.kind, name: identity.name } }),
  });
}

/** A record without its registration: observations and attributes never survive one (LwM2M-Core 1.1.1 §6.4.1), so all are pending again. */
export function unregistered(record: DeviceRecord, lastSeen: WallTime): DeviceRecord {
  const { registration: _ended, ...rest } = record;
  const attributes = record.attributes === undefined ? {} : { attributes: unwritten(record.attributes) };
  return { ...rest, lastSeen, observations: allPending(record.observations), ...attributes };
}

function allPending(observations: readonly ObservationRecord[]): readonly ObservationRecord[] {
  if (observations.every((observation) => observation.state === 'pending')) return observations;
  return observations.map((observation) => observationIn(observation, 'pending'));
}
