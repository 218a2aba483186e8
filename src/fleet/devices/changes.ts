/**
 * Changes of one device's aggregate. Each runs alone (`Exclusive`), starts from the committed record, and takes effect in
 * memory when the store has it: until then everybody sees the device as it was.
 */

import type { WallTime } from '#base';
import type { JsonValue } from '#lwm2m/model';
import type { Commits } from '../access/commits.js';
import type { Actor, DeviceId, DeviceRecord, EventType, NewEvent } from '../model/index.js';
import type { Receipt } from '../ports/index.js';
import type { Device } from './device.js';
import { Exclusive } from './exclusive.js';
import type { Texts } from './texts.js';

/** What a change makes of a record, and what is told of it. */
export interface NextRecord {
  readonly record: DeviceRecord;
  readonly events?: readonly NewEvent[];
}

/** Changes devices, one change per device at a time. */
export class DeviceChanges {
  readonly #commits: Commits;
  readonly #texts: Texts;
  readonly #exclusive = new Exclusive();

  constructor(commits: Commits, texts: Texts) {
    this.#commits = commits;
    this.#texts = texts;
  }

  /** How many devices are being changed. */
  get running(): number {
    return this.#exclusive.size;
  }

  /** Whether a change of that endpoint is under way. */
  busy(endpoint: string): boolean {
    return this.#exclusive.busy(endpoint);
  }

  /** Whether a device is there: one that is being deleted is waited for. Nothing of it may be committed otherwise. */
  async isPresent(device: Device): Promise<boolean> {
    while (device.phase === 'removing') await this.alone(device.endpoint, () => Promise.resolve());
    return device.phase === 'present';
  }

  /** Runs `work` alone on an endpoint. */
  alone<T>(endpoint: string, work: () => Promise<T>): Promise<T> {
    return this.#exclusive.run(endpoint, work);
  }

  /** As `alone`, without a function: see `Exclusive.enter`. */
  enter(endpoint: string): Promise<void> | undefined {
    return this.#exclusive.enter(endpoint);
  }

  /** Ends a turn that `enter` gave. */
  leave(endpoint: string): void {
    this.#exclusive.leave(endpoint);
  }

  /**
   * Commits the next record of a device; only within `alone`. `apply` does what takes effect together with the record.
   * Rejects as `FleetStore`, and then nothing has changed.
   */
  async put(device: Device, actor: Actor, { record, events = [] }: NextRecord, apply?: () => void): Promise<void> {
    const receipt = await this.#commits.device(device.id, device.version, record, { actor, events });
    device.version = receipt.version;
    device.adopt(record, this.#texts);
    apply?.();
  }

  /** Commits a device's deletion; only within `alone`. */
  async drop(device: Device, actor: Actor, events: readonly NewEvent[]): Promise<void> {
    await this.#commits.device(device.id, device.version, undefined, { actor, events });
  }

  /** Commits a new device. Only within `alone`. */
  create(record: DeviceRecord, actor: Actor, events: readonly NewEvent[]): Promise<Receipt> {
    return this.#commits.device(record.id, 0, record, { actor, events });
  }

  /**
   * Changes a device by what `next` makes of its record; undefined changes nothing. False when the device was deleted
   * meanwhile. Rejects as `FleetStore`.
   */
  change(
    device: Device,
    actor: Actor,
    next: (record: DeviceRecord) => NextRecord | undefined,
    apply?: () => void,
  ): Promise<boolean> {
    return this.alone(device.endpoint, async () => {
      if (device.phase === 'removed') return false;
      const made = next(device.record);
      if (made !== undefined) await this.put(device, actor, made, apply);
      return true;
    });
  }
}

/** An event about a device. */
export function deviceEvent(
  type: EventType,
  device: { readonly id: DeviceId; readonly endpoint: string },
  at: WallTime,
  data: Readonly<Record<string, JsonValue>> = {},
): NewEvent {
  return { type, at, device: device.id, endpoint: device.endpoint, data };
}
