/**
 * The life of registrations: register, update, de-register, expire, delete (LwM2M-Core 1.1.1 §6.2). A refresh Update
 * touches memory only; everything else is committed before it takes effect. Whoever follows a device's registrations
 * (operations, observations) listens here.
 */

import { AppError, Emitter, after, flat, fromHex, seconds } from '#base';
import type { Clock, Instant, Milliseconds, Peer, Random } from '#base';
import type { ObjectLists, RegisterParameters, UpdateParameters } from '#lwm2m/model';
import type { Actor, DeviceRecord, RegistrationRecord } from '../model/index.js';
import type { DeviceLink } from '../ports/index.js';
import type { Agenda, Timed } from './agenda.js';
import { deviceEvent } from './changes.js';
import type { DeviceChanges, NextRecord } from './changes.js';
import { Device, LONG_AGO, expiresAt } from './device.js';
import type { Dialects } from './dialects.js';
import type { Directory } from './directory.js';
import { ExpiryHeap } from './expiry.js';
import { newDeviceId, newLocation } from './ids.js';
import { keptPeer, peerOf } from './kept-peer.js';
import type { LastSeen } from './last-seen.js';
import { owns, samePeer } from './ownership.js';
import type { RefusedIdentities } from './refused-identities.js';
import { firstRegistration, neverSeen, nextRegistration, registeredAgain, registeredEvent } from './registration.js';
import { registeredFirst, unregistered } from './registration.js';
import type { SecuredNames } from './secured-names.js';
import { Slots } from './slots.js';
import type { Texts } from './texts.js';

/** What happens to a device's registration, told after it is committed. */
export type RegistrationChange =
  | { readonly type: 'registered'; readonly device: Device }
  | { readonly type: 'unregistered'; readonly device: Device }
  | { readonly type: 'removed'; readonly device: Device };

/** What the registry stands on. */
export interface RegistryParts {
  readonly changes: DeviceChanges;
  readonly directory: Directory;
  readonly dialects: Dialects;
  readonly lastSeen: LastSeen;
  readonly texts: Texts;
  readonly secured: SecuredNames;
  readonly refused: RefusedIdentities;
  readonly lists: ObjectLists;
  readonly link: DeviceLink;
  readonly agenda: Agenda;
  readonly clock: Clock;
  readonly random: Random;
  readonly grace: Milliseconds;
  readonly fault: (error: unknown) => void;
}

/** Keeps registrations. */
export class Registry implements Timed {
  readonly followers = new Emitter<RegistrationChange>();
  readonly counters = { registrations: 0, updates: 0, deregistrations: 0, expirations: 0, deletions: 0 };
  readonly #parts: RegistryParts;
  readonly #expiry = new ExpiryHeap();
  readonly #slots = new Slots();
  /** The device whose refresh was handled last: the one that `reached` most likely means. */
  #refreshed: Device | undefined;

  constructor(parts: RegistryParts) {
    this.#parts = parts;
  }

  /** Takes a loaded device in. Its registration gets its whole lifetime anew: a server that was down expires nobody. */
  restore(record: DeviceRecord, version: number, now: Instant): Device {
    const { directory, dialects, lists } = this.#parts;
    const device = this.#make(record, version);
    directory.add(device);
    const { registration } = record;
    if (registration === undefined) return device;
    device.dialect = dialects.of(lists.fromText(registration.objects), registration.lwm2m);
    this.#place(device, registration.location, peerOf(record.endpoint, registration), now);
    device.away = device.peer?.identity !== undefined;
    return device;
  }

  /** An Update with nothing in it: see `Fleet.refresh`. The hottest path of all. */
  refresh(location: string, peer: Peer, now: Instant): 'refreshed' | 'moved' | 'unknown' {
    const device = this.#parts.directory.byLocation(location);
    if (device === undefined) return 'unknown';
    if (!samePeer(device.peer, peer)) return owns(device, peer) ? 'moved' : 'unknown';
    if (peer.identity !== undefined) this.#meet(device, peer);
    if (now > device.renewed) device.renewed = now;
    this.#parts.lastSeen.note(device, now);
    this.#refreshed = device;
    return 'refreshed';
  }

  /** The device at a peer: the one whose refresh was just handled, else the one last registered or moved there. */
  at(peer: Peer): Device | undefined {
    const recent = this.#refreshed;
    if (recent !== undefined && samePeer(recent.peer, peer)) return recent;
    return this.#parts.directory.byPeer(peer.key);
  }

  /** The device whose registration has a location and is the peer's to change; otherwise the attempt is told. */
  locate(location: string, peer: Peer, tried: 'update' | 'deregister'): Device | undefined {
    const { directory, refused } = this.#parts;
    const device = directory.byLocation(location);
    if (device === undefined || owns(device, peer)) return device;
    refused.note(tried, peer, device);
    return undefined;
  }

  /** Whether there is no plain CoAP for a name. */
  isSecured(endpoint: string): boolean {
    const { directory, secured } = this.#parts;
    return directory.byEndpoint(endpoint)?.secured === true || secured.has(endpoint);
  }

  /**
   * Registers a device; resolves when that is durable. Rejects with AppError `identity_mismatch` (the peer's identity owns
   * another name), `endpoint_secured` (it proved none, and the name asks for one), and as `FleetStore`.
   */
  async register(parameters: RegisterParameters, peer: Peer, now: Instant): Promise<{ location: string }> {
    const { changes, directory, clock, random } = this.#parts;
    const { endpoint } = parameters;
    this.#checkName(endpoint, peer);
    const turn = changes.enter(endpoint);
    if (turn !== undefined) await turn;
    try {
      this.#checkName(endpoint, peer);
      const registration = firstRegistration(this.#freshLocation(), parameters, peer, clock.wall());
      const known = directory.byEndpoint(endpoint);
      if (known === undefined) {
        const id = newDeviceId(registration.registeredAt, random);
        const record = registeredFirst(id, endpoint, registration);
        const events = [registeredEvent(record, registration)];
        const { version } = await changes.create(record, { kind: 'device', id: record.id }, events);
        const device = this.#make(record, version);
        directory.add(device);
        this.#begin(device, parameters, registration, peer, now);
      } else {
        const before = known.location;
        const record = registeredAgain(known.record, registration);
        const events = [registeredEvent(known, registration)];
        await changes.put(known, { kind: 'device', id: known.id }, { record, events }, () => {
          this.#leave(known, before);
          this.#begin(known, parameters, registration, peer, now);
        });
      }
      return { location: registration.location };
    } finally {
      changes.leave(endpoint);
    }
  }

  /** Updates a registration; what changes nothing is a refresh and needs no commit. */
  async update(
    location: string,
    parameters: UpdateParameters,
    peer: Peer,
    now: Instant,
  ): Promise<'updated' | 'unknown'> {
    const { directory, changes } = this.#parts;
    const device = this.locate(location, peer, 'update');
    if (device === undefined) return 'unknown';
    if (peer.identity !== undefined && samePeer(device.peer, peer)) this.#meet(device, peer);
    this.#renew(device, now);
    if (!changes.busy(device.endpoint) && this.#next(device, parameters, peer) === undefined) return 'updated';
    return changes.alone(device.endpoint, async () => {
      if (directory.byLocation(location) !== device) return 'unknown';
      const registration = this.#next(device, parameters, peer);
      if (registration !== undefined) await this.#commitUpdate(device, registration, parameters, peer);
      return 'updated';
    });
  }

  /** Ends a registration at the device's wish. */
  async deregister(location: string, peer: Peer): Promise<'removed' | 'unknown'> {
    const { directory, changes, clock } = this.#parts;
    const device = this.locate(location, peer, 'deregister');
    if (device === undefined) return 'unknown';
    return changes.alone(device.endpoint, async () => {
      if (directory.byLocation(location) !== device) return 'unknown';
      const wall = clock.wall();
      device.lastSeen = wall;
      const events = [deviceEvent('device.deregistered', device, wall)];
      const record = unregistered(device.record, wall);
      await changes.put(device, { kind: 'device', id: device.id }, { record, events }, () => {
        this.#leave(device, location);
        this.counters.deregistrations += 1;
        this.followers.emit({ type: 'unregistered', device });
      });
      return 'removed';
    });
  }

  /**
   * Changes by `next` what is kept of an endpoint, whether its device was ever seen or not; undefined changes nothing. When the
   * device is secured by it, a registration that proved nothing ends. `apply` does what takes effect together with it.
   */
  provision(
    endpoint: string,
    actor: Actor,
    next: (record: DeviceRecord, device: Device | undefined) => NextRecord | undefined,
    apply: (device: Device) => void,
  ): Promise<void> {
    const { changes, directory, clock, random } = this.#parts;
    return changes.alone(endpoint, async () => {
      const known = directory.byEndpoint(endpoint);
      const at = clock.wall();
      const made = next(known?.record ?? neverSeen(newDeviceId(at, random), flat(endpoint), at), known);
      if (made === undefined) return;
      if (known === undefined) {
        const { version } = await changes.create(made.record, actor, made.events ?? []);
        const device = this.#make(made.record, version);
        directory.add(device);
        apply(device);
      } else if (made.record.secured === true && known.peer !== undefined && known.peer.identity === undefined) {
        await this.#endPlain(known, actor, made, apply);
      } else {
        await changes.put(known, actor, made, () => {
          apply(known);
        });
      }
    });
  }

  /** Deletes a device with all that belongs to it but that it was secured; `check` runs on the device when its turn has come. */
  remove(device: Device, actor: Actor, check: () => void): Promise<void> {
    const { directory, changes, clock, secured } = this.#parts;
    return changes.alone(device.endpoint, async () => {
      if (device.phase !== 'present') throw deviceNotFound(device.endpoint);
      check();
      device.phase = 'removing';
      try {
        if (device.secured) await secured.add(device.endpoint, actor);
        await changes.drop(device, actor, [deviceEvent('device.deleted', device, clock.wall())]);
      } catch (error) {
        device.phase = 'present';
        throw error;
      }
      device.phase = 'removed';
      this.#leave(device, device.location);
      directory.remove(device);
      this.#slots.give(device.release());
      this.counters.deletions += 1;
      this.followers.emit({ type: 'removed', device });
    });
  }

  tick(now: Instant): void {
    for (let left = EXPIRIES_PER_TICK; left > 0; left -= 1) {
      const device = this.#expiry.due(now);
      if (device === undefined) return;
      const end = expiresAt(device, this.#parts.grace);
      if (end === undefined) continue;
      if (end > now) this.#expiry.expect(device, end);
      else this.#expire(device).catch(this.#parts.fault);
    }
  }

  nextDeadline(): Instant | undefined {
    return this.#expiry.earliest();
  }

  async #expire(device: Device): Promise<void> {
    const { changes, clock, grace, agenda } = this.#parts;
    try {
      await changes.alone(device.endpoint, () => this.#commitExpiry(device));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const end = expiresAt(device, grace);
      if (end === undefined || device.phase === 'removed') return;
      const again = after(clock.now(), EXPIRE_AGAIN);
      this.#expiry.expect(device, end > again ? end : again);
      agenda.due(again);
    }
  }

  /** While the commit is under way the location is already dead, so that no refresh is answered 2.04 and then lost. */
  async #commitExpiry(device: Device): Promise<void> {
    const { changes, clock, directory, grace } = this.#parts;
    const { location } = device;
    const end = expiresAt(device, grace);
    if (location === undefined || end === undefined || device.phase === 'removed') return;
    if (end > clock.now()) {
      this.#expiry.expect(device, end);
      return;
    }
    directory.clearLocation(location);
    const events = [deviceEvent('device.expired', device, clock.wall())];
    const record = unregistered(device.record, device.lastSeen);
    try {
      await changes.put(device, SYSTEM, { record, events }, () => {
        this.#leave(device, location);
        this.counters.expirations += 1;
        this.followers.emit({ type: 'unregistered', device });
      });
    } catch (error) {
      directory.setLocation(location, device);
      throw error;
    }
  }

  /** Secures a device that is registered over plain CoAP: its registration ends. */
  async #endPlain(
    device: Device,
    actor: Actor,
    { record, events = [] }: NextRecord,
    apply: (device: Device) => void,
  ): Promise<void> {
    const { changes, clock } = this.#parts;
    const { location } = device;
    const ended = deviceEvent('device.deregistered', device, clock.wall(), { cause: 'secured' });
    const next = { record: unregistered(record, device.lastSeen), events: [...events, ended] };
    await changes.put(device, actor, next, () => {
      this.#leave(device, location);
      this.followers.emit({ type: 'unregistered', device });
      apply(device);
    });
  }

  /** Throws unless the peer may register under a name. */
  #checkName(endpoint: string, peer: Peer): void {
    const { directory, refused } = this.#parts;
    const { identity } = peer;
    if (identity === undefined ? !this.isSecured(endpoint) : identity.endpoint === endpoint) return;
    refused.note('register', peer, { endpoint, ...idOf(directory.byEndpoint(endpoint)) });
    if (identity === undefined) throw new AppError('endpoint_secured', 'this name asks for a proven identity');
    throw new AppError('identity_mismatch', 'the proven identity owns another name');
  }

  /** An identity is heard from where it is now, which is no change of its registration; its association has the same peer. */
  #meet(device: Device, peer: Peer): void {
    device.peer = keptPeer(peer);
  }

  /** A registration that is durable takes effect. */
  #begin(
    device: Device,
    { objects, lwm2m }: RegisterParameters,
    { location, registeredAt }: RegistrationRecord,
    peer: Peer,
    now: Instant,
  ): void {
    device.dialect = this.#parts.dialects.of(objects, lwm2m);
    device.lastSeen = registeredAt;
    device.quiet = true;
    device.heard = LONG_AGO;
    this.#place(device, location, peer, now);
    this.counters.registrations += 1;
    this.followers.emit({ type: 'registered', device });
  }

  async #commitUpdate(
    device: Device,
    registration: RegistrationRecord,
    parameters: UpdateParameters,
    peer: Peer,
  ): Promise<void> {
    const { changes, directory, dialects, link } = this.#parts;
    const { lwm2m, lifetime, binding, queueMode, updatedAt } = registration;
    const record = { ...device.record, lastSeen: device.lastSeen, registration };
    const events = [deviceEvent('device.updated', device, updatedAt, { lwm2m, lifetime, binding, queueMode })];
    await changes.put(device, { kind: 'device', id: device.id }, { record, events }, () => {
      if (parameters.objects !== undefined) device.dialect = dialects.of(parameters.objects, lwm2m);
      const before = device.peer;
      if (before !== undefined && !samePeer(before, peer)) {
        if (directory.clearPeer(before.key, device)) link.moved(before, peer);
        device.peer = keptPeer(peer);
        directory.setPeer(device.peer.key, device);
      }
      this.#expect(device);
      this.counters.updates += 1;
    });
  }

  /** What an Update makes of the registration; undefined when it changes nothing but time. */
  #next(device: Device, parameters: UpdateParameters, peer: Peer): RegistrationRecord | undefined {
    const { registration } = device;
    if (registration === undefined) return undefined;
    return nextRegistration(registration, parameters, peer, this.#parts.clock.wall());
  }

  #renew(device: Device, now: Instant): void {
    if (now > device.renewed) device.renewed = now;
    this.#parts.lastSeen.note(device, now);
  }

  /** A registration takes effect. */
  #place(device: Device, location: string, peer: Peer, now: Instant): void {
    const { directory } = this.#parts;
    const kept = keptPeer(peer);
    device.peer = kept;
    device.renewed = now;
    directory.setLocation(location, device);
    directory.setPeer(kept.key, device);
    this.#expect(device);
  }

  #make(record: DeviceRecord, version: number): Device {
    return new Device(record, version, this.#slots.take(), this.#parts.texts);
  }

  /** A registration ends: its location is dead, requests to it end, its observations are forgotten below. */
  #leave(device: Device, location: string | undefined): void {
    const { directory, link } = this.#parts;
    const { peer } = device;
    this.#expiry.clear(device);
    if (this.#refreshed === device) this.#refreshed = undefined;
    if (peer === undefined) return;
    device.peer = undefined;
    device.dialect = undefined;
    if (location !== undefined) directory.clearLocation(location);
    if (directory.clearPeer(peer.key, device)) link.gone(peer);
    else for (const { token } of device.observations) if (token !== undefined) link.forget(fromHex(token));
  }

  #expect(device: Device): void {
    const end = expiresAt(device, this.#parts.grace);
    if (end === undefined) {
      this.#expiry.clear(device);
      return;
    }
    this.#expiry.expect(device, end);
    this.#parts.agenda.due(end);
  }

  #freshLocation(): string {
    const { directory, random } = this.#parts;
    let location = newLocation(random);
    while (directory.byLocation(location) !== undefined) location = newLocation(random);
    return location;
  }
}

function idOf(device: Device | undefined): Partial<Pick<Device, 'id'>> {
  return device === undefined ? {} : { id: device.id };
}

/** The refusal for an endpoint that is not known. */
export function deviceNotFound(endpoint: string): AppError {
  return new AppError('device_not_found', `no device has the endpoint name "${endpoint}"`);
}

const SYSTEM: Actor = { kind: 'system' };
/** Registrations looked at in one tick; the rest in the next, at once. */
const EXPIRIES_PER_TICK = 500;
/** When an expiry that the store refused is tried again. */
const EXPIRE_AGAIN = seconds(1);
