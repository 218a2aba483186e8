/**
 * Brings wanted attributes and observations to devices: after each registration what Write-Attributes gave them is written
 * again and every observation established anew, its own attributes written first (LwM2M-Core 1.1.1 §6.4.1, §6.4.2); and
 * takes observations back that are wanted no more.
 *
 *   pending ──> active ──> lost
 *      └─────> refused          (all ──> pending with the next registration)
 */

import { AppError, ChurnMap, fromHex, seconds } from '#base';
import type { Clock } from '#base';
import { parsePath } from '#lwm2m/model';
import type { DeviceRequest, Outcome } from '#lwm2m/model';
import type { Actor, KeptAttributes, NewEvent, ObservationRecord } from '../model/index.js';
import type { DeviceLink } from '../ports/index.js';
import type { Agenda } from '../devices/agenda.js';
import { deviceEvent } from '../devices/changes.js';
import type { DeviceChanges } from '../devices/changes.js';
import type { Device } from '../devices/device.js';
import { observationIn, observeRequest, observedPaths, pathTexts } from '../devices/observation.js';
import type { ValueRecorder } from '../devices/recorder.js';
import type { Exchange } from './exchange.js';
import { FAILURES, showCode } from './steps.js';
import type { Work, WorkSource } from './workers.js';

/** What renewal stands on. */
export interface RenewalParts {
  readonly exchange: Exchange;
  readonly changes: DeviceChanges;
  readonly values: ValueRecorder;
  readonly link: DeviceLink;
  readonly agenda: Agenda;
  readonly clock: Clock;
  readonly poke: (device: Device) => void;
  readonly fault: (error: unknown) => void;
}

/** An observation the device is to be told to end. */
type Cancel = DeviceRequest & { readonly kind: 'cancelObserve' };

/** What is to be done on one device. */
interface Due {
  readonly cancels: Cancel[];
  /** A request failed: go on when the device is heard again. */
  blocked: boolean;
}

/** How an observation ended. */
type ObservationError = NonNullable<ObservationRecord['error']>;

/** Establishes and cancels observations. */
export class Renewal implements WorkSource {
  readonly counters = {
    observations_established: 0,
    observations_refused: 0,
    observations_lost: 0,
    attributes_rewritten: 0,
    attributes_refused: 0,
  };
  readonly #parts: RenewalParts;
  readonly #due = new ChurnMap<Device, Due>();

  constructor(parts: RenewalParts) {
    this.#parts = parts;
  }

  /** Devices with something to do. */
  get size(): number {
    return this.#due.size;
  }

  /** Devices with something to do. */
  devices(): Iterable<Device> {
    return this.#due.keys();
  }

  /** A device was loaded: its observations are recognised, and those that are pending are to be established. */
  restored(device: Device): void {
    const { peer, dialect } = device;
    if (peer === undefined || dialect === undefined) return;
    if (device.attributes.some(({ state }) => state === 'pending')) this.#due.set(device, fresh());
    for (const observation of device.observations) {
      if (observation.token === undefined || !isAlive(observation)) continue;
      this.#parts.link.restore({ peer, dialect }, observeRequest(observation, observation.token));
      if (observation.state === 'pending' && !this.#due.has(device)) this.#due.set(device, fresh());
    }
  }

  /** A device has registered: nothing that was under way counts any more. */
  registered(device: Device): void {
    if (device.observations.length === 0 && device.attributes.length === 0) this.#due.delete(device);
    else this.#due.set(device, fresh());
  }

  /** The registration ended. */
  gone(device: Device): void {
    this.#due.delete(device);
  }

  /** The device was heard. */
  contact(device: Device): void {
    const due = this.#due.get(device);
    if (due !== undefined) due.blocked = false;
  }

  /** A pending observation is to be established. */
  due(device: Device): void {
    if (!this.#due.has(device)) this.#due.set(device, fresh());
    this.#parts.poke(device);
  }

  /** An observation is to be ended with Observe 1. */
  cancel(device: Device, observation: ObservationRecord, token: string): void {
    const due = this.#due.get(device) ?? fresh();
    this.#due.set(device, due);
    due.cancels.push({ ...observeRequest(observation, token), kind: 'cancelObserve', by: 'observe' });
    this.#parts.poke(device);
  }

  next(device: Device): Work | undefined {
    const due = this.#due.get(device);
    if (due === undefined || due.blocked) return undefined;
    const cancel = due.cancels.shift();
    if (cancel !== undefined) return () => this.#cancel(device, cancel);
    if (device.attributes.some(({ state }) => state === 'pending')) return () => this.#writeKept(device, due);
    const pending = device.observations.find(({ state }) => state === 'pending');
    if (pending?.token !== undefined) {
      const { token } = pending;
      return () => this.#establish(device, due, pending, token);
    }
    this.#due.delete(device);
    return undefined;
  }

  /** The device ended an observation. */
  async lost(device: Device, token: string, code: number, detail: string): Promise<void> {
    const error = { code: 'observation_ended', coapCode: showCode(code), detail };
    if (await this.#become(aimAt(device, token), { state: 'lost', error })) this.counters.observations_lost += 1;
  }

  /** Whatever the answer, the token is unknown afterwards. */
  async #cancel(device: Device, cancel: Cancel): Promise<'go on'> {
    await this.#parts.exchange.perform(device, cancel);
    this.#parts.link.forget(cancel.token);
    return 'go on';
  }

  /** Writes what was ordered once and is lost with a registration, and commits what became of it once for all paths. */
  async #writeKept(device: Device, due: Due): Promise<'go on' | 'stop'> {
    const { location } = device;
    const states = new Map<KeptAttributes, KeptAttributes['state']>();
    const refusals: NewEvent[] = [];
    for (const kept of device.attributes) {
      if (kept.state !== 'pending') continue;
      const { path, attributes } = kept;
      const request = { kind: 'writeAttributes', path: parsePath(path), attributes } as const;
      const end = this.#judge(due, device, await this.#parts.exchange.perform(device, request), '');
      if (end === 'again') break;
      states.set(kept, end === 'done' ? 'written' : 'refused');
      if (end !== 'done') refusals.push(refusedEvent(device, path, end, this.#parts.clock));
    }
    if (states.size === 0) return 'go on';
    return this.#settle(device, due, async () => {
      await this.#parts.changes.change(device, actorOf(device), (record) => {
        if (location === undefined || record.registration?.location !== location) return undefined;
        const attributes = device.attributes.map((kept) => ({ ...kept, state: states.get(kept) ?? kept.state }));
        return { record: { ...record, lastSeen: device.lastSeen, attributes }, events: refusals };
      });
      for (const state of states.values())
        this.counters[state === 'written' ? 'attributes_rewritten' : 'attributes_refused'] += 1;
    });
  }

  async #establish(device: Device, due: Due, wanted: ObservationRecord, token: string): Promise<'go on' | 'stop'> {
    const { exchange } = this.#parts;
    const aim = aimAt(device, token);
    const attributed = wanted.attributes === undefined ? [] : observedPaths(wanted);
    for (const path of attributed) {
      const attributes = wanted.attributes ?? {};
      const outcome = await exchange.perform(device, { kind: 'writeAttributes', path, attributes });
      const end = this.#judge(due, device, outcome, 'Write-Attributes: ');
      if (end === 'again' || !isWanted(device, wanted)) return 'go on';
      if (end !== 'done') return this.#settle(device, due, () => this.#refuse(aim, end));
    }
    const outcome = await exchange.perform(device, observeRequest(wanted, token));
    const end = this.#judge(due, device, outcome, '');
    if (end === 'again' || !isWanted(device, wanted)) return 'go on';
    if (end !== 'done') return this.#settle(device, due, () => this.#refuse(aim, end));
    return this.#settle(device, due, () => this.#accepted(aim, wanted, outcome));
  }

  /** done; or again: when the device is heard next; or why it cannot be. */
  #judge(due: Due, device: Device, outcome: Outcome, prefix: string): 'done' | 'again' | ObservationError {
    switch (outcome.kind) {
      case 'done':
        return 'done';
      case 'refused':
        return { code: 'device_refused', coapCode: showCode(outcome.code), detail: `${prefix}${outcome.detail}` };
      case 'failed':
        if (!PASSING.has(outcome.reason)) {
          return { code: FAILURES[outcome.reason], detail: `${prefix}${outcome.detail}` };
        }
        due.blocked = true;
        if (outcome.reason !== 'timeout') this.#later(device, due);
        return 'again';
    }
  }

  /** Does what must be committed; when the store refuses, all is tried again after a while. */
  async #settle(device: Device, due: Due, commit: () => Promise<void>): Promise<'go on' | 'stop'> {
    try {
      await commit();
      return 'go on';
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      due.blocked = true;
      this.#later(device, due);
      return 'stop';
    }
  }

  async #accepted(aim: Aim, wanted: ObservationRecord, outcome: Outcome): Promise<void> {
    const { changes, values } = this.#parts;
    const { device } = aim;
    if (outcome.kind !== 'done') return;
    const model = device.dialect?.model;
    const { nodes = [] } = outcome;
    if (model !== undefined && nodes.length > 0 && (await changes.isPresent(device))) {
      const { id, endpoint } = device;
      const origin = { device: id, endpoint, model, source: 'notify' as const, actor: actorOf(device) };
      await values.record({ ...origin, observation: wanted.id }, nodes);
    }
    if (outcome.observing !== 'yes') {
      const detail = 'the device answered the value but did not begin to observe it';
      await this.#refuse(aim, { code: 'not_observed', detail });
      return;
    }
    if (await this.#become(aim, { state: 'active' })) this.counters.observations_established += 1;
  }

  async #refuse(aim: Aim, error: ObservationError): Promise<void> {
    if (!(await this.#become(aim, { state: 'refused', error }))) return;
    this.#parts.link.forget(fromHex(aim.token));
    this.counters.observations_refused += 1;
  }

  /** Changes the state of an observation; whether it was still wanted, in the same registration, and in another state. */
  async #become(
    { device, token, location }: Aim,
    next: { readonly state: ObservationRecord['state']; readonly error?: ObservationError },
  ): Promise<boolean> {
    const { changes, clock } = this.#parts;
    let changed = false;
    await changes.change(device, actorOf(device), (record) => {
      const known = record.observations.find((other) => other.token === token);
      if (known === undefined || known.state === next.state) return undefined;
      if (location === undefined || record.registration?.location !== location) return undefined;
      changed = true;
      const observation = observationIn(known, next.state, next.error);
      const observations = record.observations.map((other) => (other === known ? observation : other));
      const events = [observationEvent(device, observation, clock)];
      return { record: { ...record, lastSeen: device.lastSeen, observations }, events };
    });
    return changed;
  }

  #later(device: Device, due: Due): void {
    const { agenda, poke, fault } = this.#parts;
    agenda
      .pause(TRY_AGAIN)
      .then(() => {
        due.blocked = false;
        poke(device);
      })
      .catch(fault);
  }
}

/** The event that tells of an observation's state. */
export function observationEvent(
  device: Device,
  observation: ObservationRecord,
  clock: Clock,
): ReturnType<typeof deviceEvent> {
  const { id, state, error } = observation;
  const data = { id, paths: pathTexts(observation), state, ...(error !== undefined && { error: { ...error } }) };
  return deviceEvent('observation.changed', device, clock.wall(), data);
}

/** The event that tells that attributes, which the device took once, are refused in a new registration. */
function refusedEvent(device: Device, path: string, error: ObservationError, clock: Clock): NewEvent {
  return deviceEvent('attributes.refused', device, clock.wall(), { path, error: { ...error } });
}

/** One observation in one registration of a device: what becomes of it there says nothing of the next registration. */
interface Aim {
  readonly device: Device;
  readonly token: string;
  readonly location: string | undefined;
}

function aimAt(device: Device, token: string): Aim {
  return { device, token, location: device.location };
}

/** Whether notifications of an observation are expected. */
export function isAlive(observation: ObservationRecord): boolean {
  return observation.state === 'pending' || observation.state === 'active';
}

/** Whether an observation is as it was when its establishment began. */
function isWanted(device: Device, wanted: ObservationRecord): boolean {
  return device.observations.includes(wanted);
}

function fresh(): Due {
  return { cancels: [], blocked: false };
}

function actorOf(device: Device): Actor {
  return { kind: 'device', id: device.id };
}

/** Failures that say nothing of the observation. */
const PASSING: ReadonlySet<string> = new Set(['timeout', 'unreachable', 'busy', 'cancelled']);
/** When what failed for a passing reason is tried again. */
const TRY_AGAIN = seconds(5);
