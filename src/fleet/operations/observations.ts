/**
 * Wanted observations as callers see them: put, look at, list, remove (LwM2M-Core 1.1.1 §6.4). Each has a token from the
 * start, stored with it before anybody is told of it; renewal.ts brings them to the device.
 */

import { AppError, EMPTY, fromHex, rfc3339, unreachable } from '#base';
import type { Clock, Random, WallTime } from '#base';
import { checkSayable, isWithin, showPath } from '#lwm2m/model';
import type { AttributeName, Attributes, DeviceRequest, FormatName, Path } from '#lwm2m/model';
import { permit } from '../access/guard.js';
import type { DeviceRecord, InstanceValues, ObservationRecord, ObservationState, Principal } from '../model/index.js';
import type { DeviceLink, FleetStore } from '../ports/index.js';
import type { DeviceChanges, NextRecord } from '../devices/changes.js';
import type { Device, Writable } from '../devices/device.js';
import { observationIn, observedPaths, pathTexts } from '../devices/observation.js';
import type { Directory } from '../devices/directory.js';
import { newToken } from '../devices/ids.js';
import { deviceNotFound } from '../devices/registry.js';
import { observationEvent } from './renewal.js';
import type { Renewal } from './renewal.js';
import { readAttributes, readPaths, refuseBeforehand } from './requests.js';

/** What a caller wants observed. */
export interface ObservationInput {
  /** One path is observed by Observe, several by one Observe-Composite. */
  readonly paths: readonly string[];
  /** Written to each path first. */
  readonly attributes?: Readonly<Record<string, number | null>>;
  /** Sent with the observation itself and good for it alone (LwM2M 1.2). */
  readonly parameters?: Readonly<Record<string, number>>;
  readonly format?: FormatName;
}

/** A wanted observation as shown. */
export interface ObservationView {
  readonly id: string;
  readonly paths: readonly string[];
  readonly attributes?: Readonly<Partial<Record<AttributeName, number>>>;
  readonly parameters?: Readonly<Partial<Record<AttributeName, number>>>;
  readonly format?: FormatName;
  readonly state: ObservationState;
  readonly error?: ObservationRecord['error'];
  /** When the last value of it came, RFC 3339. */
  readonly lastValueAt?: string;
}

/** What observations stand on. */
export interface ObservationsParts {
  readonly store: Pick<FleetStore, 'values'>;
  readonly directory: Directory;
  readonly changes: DeviceChanges;
  readonly renewal: Renewal;
  readonly link: DeviceLink;
  readonly clock: Clock;
  readonly random: Random;
  readonly perDevice: number;
  readonly isReachable: (device: Device) => boolean;
}

/** The wanted observations of all devices. */
export class Observations {
  readonly #parts: ObservationsParts;

  constructor(parts: ObservationsParts) {
    this.#parts = parts;
  }

  /**
   * Wants an observation, in place of one with the same id; resolves when that is durable, and the device is told when it
   * can be reached. Throws AppError `device_not_found`, `invalid_path`, `invalid_attributes`, `not_encodable` what the device
   * has no words for, `would_be_refused` when it is validated, `queue_full`, and what the store refuses.
   */
  async put(
    principal: Principal,
    endpoint: string,
    id: string,
    input: ObservationInput,
    validate?: 'strict',
  ): Promise<ObservationView> {
    const device = this.#device(principal, 'observation:write', endpoint);
    const wanted = readInput(input);
    const { dialect } = device;
    if (dialect !== undefined) checkSayable(requestFor(wanted), dialect.lwm2m);
    if (dialect !== undefined && validate === 'strict') {
      for (const request of allRequestsFor(wanted)) refuseBeforehand(request, dialect);
    }
    const { changes, directory, renewal } = this.#parts;
    let before: ObservationRecord | undefined;
    let next: ObservationRecord | undefined;
    const there = await changes.change(
      device,
      principal.actor,
      (record) => {
        before = find(record, id);
        next = this.#next(before, id, wanted);
        return next === before ? undefined : this.#replace(device, record, next);
      },
      () => {
        if (next?.token !== undefined) directory.setToken(next.token, device);
        if (before !== undefined && before.token !== next?.token) this.#drop(device, before, 'observe');
        renewal.due(device);
      },
    );
    if (!there || next === undefined) throw deviceNotFound(endpoint);
    return this.#view(device, next);
  }

  /** One wanted observation. Throws AppError `device_not_found`, `observation_not_found`. */
  async get(principal: Principal, endpoint: string, id: string): Promise<ObservationView> {
    const device = this.#device(principal, 'observation:read', endpoint);
    const observation = find(device, id);
    if (observation === undefined) throw observationNotFound(id);
    return this.#view(device, observation);
  }

  /** All wanted observations of a device. Throws AppError(`device_not_found`). */
  async list(principal: Principal, endpoint: string): Promise<readonly ObservationView[]> {
    const device = this.#device(principal, 'observation:read', endpoint);
    const { observations } = device;
    if (observations.length === 0) return [];
    const values = await this.#parts.store.values(device.id);
    return observations.map((observation) => viewOf(observation, values));
  }

  /**
   * Wants an observation no longer. The device is told with Observe 1 when it can be reached now; else, or by `reset`, its
   * next notification is answered with RST. Throws AppError `device_not_found`, `observation_not_found`, and what the store
   * refuses.
   */
  async remove(principal: Principal, endpoint: string, id: string, cancel: 'observe' | 'reset'): Promise<void> {
    const device = this.#device(principal, 'observation:write', endpoint);
    let gone: ObservationRecord | undefined;
    const there = await this.#parts.changes.change(
      device,
      principal.actor,
      (record) => {
        gone = find(record, id);
        if (gone === undefined) throw observationNotFound(id);
        const observations = record.observations.filter((other) => other.id !== id);
        return { record: { ...record, lastSeen: device.lastSeen, observations } };
      },
      () => {
        if (gone !== undefined) this.#drop(device, gone, cancel);
      },
    );
    if (!there) throw deviceNotFound(endpoint);
  }

  #next(before: ObservationRecord | undefined, id: string, wanted: Wanted): ObservationRecord {
    const { random, directory } = this.#parts;
    const [path = '/', ...morePaths] = wanted.paths.map(showPath);
    const samePaths = before !== undefined && sameTexts(pathTexts(before), [path, ...morePaths]);
    const kept =
      samePaths && before.format === wanted.format && sameAttributes(before.parameters, wanted.parameters)
        ? before
        : undefined;
    if (kept !== undefined && sameAttributes(kept.attributes, wanted.attributes)) {
      if (kept.state === 'pending' || kept.state === 'active') return kept;
    }
    const attributes = withUnset(samePaths ? before.attributes : undefined, wanted.attributes);
    let token = kept?.token ?? newToken(random);
    while (kept === undefined && directory.byToken(token) !== undefined) token = newToken(random);
    const { format, parameters } = wanted;
    const next: Writable<ObservationRecord> = { id, path, state: 'pending', token };
    if (morePaths.length > 0) next.morePaths = morePaths;
    if (attributes !== undefined) next.attributes = attributes;
    if (Object.keys(parameters).length > 0) next.parameters = parameters;
    if (format !== undefined) next.format = format;
    return observationIn(next, 'pending');
  }

  #replace(device: Device, record: DeviceRecord, next: ObservationRecord): NextRecord {
    const others = record.observations.filter((other) => other.id !== next.id);
    if (others.length >= this.#parts.perDevice) {
      throw new AppError('queue_full', `at most ${this.#parts.perDevice} observations per device`);
    }
    const observations = [...others, next];
    const events = [observationEvent(device, next, this.#parts.clock)];
    return { record: { ...record, lastSeen: device.lastSeen, observations }, events };
  }

  /** The token is unknown from now on; whether the device is told or finds out depends on its being reachable. */
  #drop(device: Device, observation: ObservationRecord, cancel: 'observe' | 'reset'): void {
    const { directory, link, renewal, isReachable } = this.#parts;
    const { token } = observation;
    if (token === undefined) return;
    directory.clearToken(token);
    switch (cancel) {
      case 'observe':
        if (isReachable(device)) renewal.cancel(device, observation, token);
        else link.forget(fromHex(token));
        return;
      case 'reset':
        link.forget(fromHex(token));
        return;
      default:
        unreachable(cancel);
    }
  }

  #device(principal: Principal, permission: 'observation:write' | 'observation:read', endpoint: string): Device {
    const device = this.#parts.directory.byEndpoint(endpoint);
    permit(principal, permission, device?.id);
    if (device === undefined) throw deviceNotFound(endpoint);
    return device;
  }

  async #view(device: Device, observation: ObservationRecord): Promise<ObservationView> {
    const [[object, instance] = [], ...more] = observedPaths(observation);
    const { store } = this.#parts;
    const values = more.length === 0 ? await store.values(device.id, object, instance) : await store.values(device.id);
    return viewOf(observation, values);
  }
}

interface Wanted {
  readonly paths: readonly Path[];
  readonly attributes: Attributes;
  readonly parameters: Attributes;
  readonly format: FormatName | undefined;
}

function readInput({ paths, attributes, parameters, format }: ObservationInput): Wanted {
  const wanted = readPaths(paths);
  const own = readAttributes(parameters ?? {}, '/parameters');
  if (wanted.length > 1) refuseBeyond(own, COMPOSITE_PARAMETERS, '/parameters');
  return { paths: wanted, attributes: readAttributes(attributes ?? {}), parameters: own, format };
}

/** LwM2M-Core 1.2 §5.1.2: what the parameters of an Observe-Composite may be. */
const COMPOSITE_PARAMETERS: readonly AttributeName[] = ['pmin', 'pmax', 'epmin', 'epmax', 'con'];

function refuseBeyond(attributes: Attributes, allowed: readonly AttributeName[], pointer: string): void {
  for (const name of Object.keys(attributes) as AttributeName[]) {
    if (allowed.includes(name)) continue;
    const detail = `"${name}" does not go with several paths, which take ${allowed.join(', ')}`;
    throw new AppError('invalid_attributes', detail, { faults: [{ pointer: `${pointer}/${name}`, detail }] });
  }
}

function requestFor({ paths, parameters }: Wanted): DeviceRequest {
  const observe = { kind: 'observe', paths, token: EMPTY } as const;
  return Object.keys(parameters).length === 0 ? observe : { ...observe, parameters };
}

/** What is sent to bring it about. */
function allRequestsFor(wanted: Wanted): DeviceRequest[] {
  const { attributes, paths } = wanted;
  const written = Object.keys(attributes).length === 0 ? [] : paths;
  return [...written.map((path): DeviceRequest => ({ kind: 'writeAttributes', path, attributes })), requestFor(wanted)];
}

function sameTexts(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((text, index) => text === right[index]);
}

function find(record: Pick<DeviceRecord, 'observations'>, id: string): ObservationRecord | undefined {
  return record.observations.find((observation) => observation.id === id);
}

function viewOf(observation: ObservationRecord, values: readonly InstanceValues[]): ObservationView {
  const { id, attributes, parameters, format, state, error } = observation;
  const shown = shownAttributes(attributes);
  const at = lastValueAt(observedPaths(observation), values);
  return {
    id,
    paths: pathTexts(observation),
    ...(Object.keys(shown).length > 0 && { attributes: shown }),
    ...(parameters !== undefined && { parameters: shownAttributes(parameters) }),
    ...(format !== undefined && { format }),
    state,
    ...(error !== undefined && { error }),
    ...(at !== undefined && { lastValueAt: rfc3339(at) }),
  };
}

/** When a value at or below one of `paths` last came by notification. */
function lastValueAt(paths: readonly Path[], values: readonly InstanceValues[]): WallTime | undefined {
  let latest: WallTime | undefined;
  for (const { object, instance, resources } of values) {
    for (const [id, last] of Object.entries(resources)) {
      const place = [object, instance, Number(id)];
      if (last.source !== 'notify' || !paths.some((path) => isWithin(place, path) || isWithin(path, place))) continue;
      if (latest === undefined || last.receivedAt > latest) latest = last.receivedAt;
    }
  }
  return latest;
}

/** The attributes without those that are only to be removed from the device. */
function shownAttributes(attributes: Attributes | undefined): Partial<Record<AttributeName, number>> {
  const shown: Partial<Record<AttributeName, number>> = {};
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === 'number') shown[name as AttributeName] = value;
  }
  return shown;
}

function sameAttributes(left: Attributes | undefined, right: Attributes): boolean {
  const [a, b] = [shownAttributes(left), shownAttributes(right)];
  const names = Object.keys(a) as AttributeName[];
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/** The wanted attributes, and removal of those that were set before and are not wanted any more. */
function withUnset(before: Attributes | undefined, wanted: Attributes): Attributes | undefined {
  const all: Partial<Record<AttributeName, number | 'unset'>> = {};
  for (const name of Object.keys(before ?? {}) as AttributeName[]) all[name] = 'unset';
  Object.assign(all, wanted);
  return Object.keys(all).length === 0 ? undefined : all;
}

function observationNotFound(id: string): AppError {
  return new AppError('observation_not_found', `the device has no observation "${id}"`);
}
