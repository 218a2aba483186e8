/**
 * What is read from a device after each registration: a list of paths, of which three become manufacturer, model and
 * firmware of the record. These reads are no operations: nobody asked for them and nobody waits for them.
 */

import { AppError, ChurnMap } from '#base';
import type { Clock } from '#base';
import { parsePath, samePath } from '#lwm2m/model';
import type { ObjectList, Outcome, Path } from '#lwm2m/model';
import type { Actor, DeviceRecord } from '../model/index.js';
import { deviceEvent } from '../devices/changes.js';
import type { DeviceChanges } from '../devices/changes.js';
import type { Device } from '../devices/device.js';
import type { ValueRecorder } from '../devices/recorder.js';
import type { Exchange } from './exchange.js';
import { latestNode } from './steps.js';
import type { Work, WorkSource } from './workers.js';

/** What is known of a device's make. */
type Identity = Pick<DeviceRecord, 'manufacturer' | 'model' | 'firmware'>;

/** What is still to be read of one device, and what was found. */
interface Reading {
  readonly left: Path[];
  found: Identity;
  /** The device did not answer: go on when it is heard again. */
  blocked: boolean;
}

/** What identity reads stand on. */
export interface IdentityParts {
  readonly exchange: Exchange;
  readonly changes: DeviceChanges;
  readonly values: ValueRecorder;
  readonly clock: Clock;
  /** Paths to read. */
  readonly paths: readonly string[];
}

/** Reads what devices are. */
export class Identities implements WorkSource {
  readonly counters = { identity_refused: 0 };
  readonly #parts: IdentityParts;
  readonly #paths: readonly Path[];
  readonly #pathsOf = new WeakMap<ObjectList, readonly Path[]>();
  readonly #readings = new ChurnMap<Device, Reading>();

  constructor(parts: IdentityParts) {
    this.#parts = parts;
    this.#paths = parts.paths.map(parsePath);
  }

  /** Devices of which something is still to be read. */
  get size(): number {
    return this.#readings.size;
  }

  /** A device has registered: everything is read anew. */
  registered(device: Device): void {
    const list = device.dialect?.list;
    const paths = list === undefined ? [] : this.#pathsIn(list);
    if (paths.length === 0) this.#readings.delete(device);
    else this.#readings.set(device, { left: [...paths], found: {}, blocked: false });
  }

  /** A device was loaded: what a kill may have cut short is made up for. */
  restored(device: Device): void {
    const { manufacturer, model, firmware } = device;
    if (manufacturer === undefined && model === undefined && firmware === undefined) this.registered(device);
  }

  /** The registration ended. */
  gone(device: Device): void {
    this.#readings.delete(device);
  }

  /** The device was heard. */
  contact(device: Device): void {
    const reading = this.#readings.get(device);
    if (reading !== undefined) reading.blocked = false;
  }

  next(device: Device): Work | undefined {
    const reading = this.#readings.get(device);
    if (reading === undefined || reading.blocked) return undefined;
    return () => this.#read(device, reading);
  }

  /** What there is to read; found once for all devices that share a list of objects. */
  #pathsIn(list: ObjectList): readonly Path[] {
    let paths = this.#pathsOf.get(list);
    if (paths === undefined) {
      paths = this.#paths.filter((path) => hasInstance(list, path));
      this.#pathsOf.set(list, paths);
    }
    return paths;
  }

  async #read(device: Device, reading: Reading): Promise<'go on'> {
    const { left } = reading;
    const path = left[0] as Path;
    const outcome = await this.#parts.exchange.perform(device, { kind: 'read', path });
    if (this.#readings.get(device) !== reading) return 'go on';
    if (outcome.kind === 'failed' && outcome.reason !== 'bad_answer' && outcome.reason !== 'reset') {
      reading.blocked = true;
      return 'go on';
    }
    left.shift();
    if (outcome.kind === 'done') await this.#ifStored(this.#take(device, reading, path, outcome));
    if (left.length > 0 || this.#readings.get(device) !== reading) return 'go on';
    this.#readings.delete(device);
    await this.#ifStored(this.#write(device, reading.found));
    return 'go on';
  }

  /** What the store refuses is missing until the next registration; nobody was told of it. */
  async #ifStored(stored: Promise<void>): Promise<void> {
    try {
      await stored;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.counters.identity_refused += 1;
    }
  }

  async #take(device: Device, reading: Reading, path: Path, outcome: Outcome & { kind: 'done' }): Promise<void> {
    const { changes, values } = this.#parts;
    const nodes = outcome.nodes ?? [];
    const node = latestNode(nodes)?.node;
    const field = FIELDS.find((row) => samePath(parsePath(row.path), path))?.field;
    if (field !== undefined && node?.kind === 'single' && node.value.type === 'string') {
      reading.found = { ...reading.found, [field]: node.value.value.slice(0, MAX_TEXT) };
    }
    const model = device.dialect?.model;
    if (model === undefined || nodes.length === 0 || !(await changes.isPresent(device))) return;
    const { id, endpoint } = device;
    await values.record({ device: id, endpoint, model, source: 'read', actor: actorOf(device) }, nodes);
  }

  /** Changes the record when the device is not what it was. */
  async #write(device: Device, found: Identity): Promise<void> {
    const { changes, clock } = this.#parts;
    await changes.change(device, actorOf(device), (record) => {
      const differs = FIELDS.some(({ field }) => found[field] !== undefined && found[field] !== record[field]);
      if (!differs) return undefined;
      const events = [deviceEvent('device.updated', device, clock.wall(), { ...found })];
      return { record: { ...record, lastSeen: device.lastSeen, ...found }, events };
    });
  }
}

function hasInstance(list: ObjectList, path: Path): boolean {
  const [object, instance] = path;
  const entry = list.objects.find(({ id }) => id === object);
  return entry !== undefined && (instance === undefined || entry.instances.includes(instance));
}

function actorOf(device: Device): Actor {
  return { kind: 'device', id: device.id };
}

const FIELDS = [
  { path: '/3/0/0', field: 'manufacturer' },
  { path: '/3/0/1', field: 'model' },
  { path: '/3/0/3', field: 'firmware' },
] as const;
/** Characters kept of each. */
const MAX_TEXT = 256;
