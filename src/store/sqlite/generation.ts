/**
 * The journalled changes that are still to be folded, coalesced: of each aggregate the last word, of last values one entry
 * for each set of resources that were reported together. Holds the groups' bytes, not objects.
 */

import { unreachable } from '#base';
import type { Entry } from './group.js';
import { ENTRY, WIDTH, headNumber, headText, readGroup, settingKey } from './group.js';

/** A change of last values, in the order of the journal. */
interface ValuesEntry {
  readonly entry: Entry;
  readonly order: number;
  readonly receivedAt: number;
}

/** The last values of one instance that wait. */
export interface InstanceChanges {
  /** Device, object and instance as they stand in the head. */
  readonly key: string;
  readonly entries: readonly Entry[];
}

/** Coalesced changes of all groups added. */
export class Generation {
  /** Puts and deletes by device. */
  readonly devices = new Map<string, Entry>();
  readonly operations = new Map<string, Entry>();
  readonly models = new Map<string, Entry>();
  /** Puts and deletes by kind and name. */
  readonly settings = new Map<string, Entry>();
  readonly seen = new Map<string, number>();
  /** Devices whose sessions are gone, but for those that came after. */
  readonly sessionDrops = new Set<string>();
  readonly events: Entry[] = [];
  /** Number of the last group added; 0 when there is none. */
  lastSeq = 0;
  /** Whether a device is deleted. */
  deletes = false;
  /** Highest event number given. */
  newest = 0;
  /** Sessions by device, then by listener as it stands in the head. */
  readonly #sessions = new Map<string, Map<string, Entry>>();
  readonly #values = new Map<string, ValuesEntry>();
  #order = 0;

  /** Adds a group that is in the journal; returns how many entries it has. */
  add(seq: number, newest: number, bytes: Uint8Array): number {
    this.lastSeq = seq;
    this.newest = Math.max(this.newest, newest);
    return readGroup(bytes, (entry) => this.#take(entry));
  }

  /** Waiting values by instance, in the order of their keys, each instance's in the order of the journal. */
  values(): readonly InstanceChanges[] {
    const byInstance = new Map<string, ValuesEntry[]>();
    for (const [key, waiting] of this.#values) {
      const instance = key.slice(0, INSTANCE_KEY);
      const known = byInstance.get(instance);
      if (known === undefined) byInstance.set(instance, [waiting]);
      else known.push(waiting);
    }
    return [...byInstance.keys()].sort().map((key) => {
      const waiting = (byInstance.get(key) as ValuesEntry[]).sort((left, right) => left.order - right.order);
      return { key, entries: waiting.map(({ entry }) => entry) };
    });
  }

  /** Waiting sessions in the order of their devices. */
  sessions(): readonly Entry[] {
    return [...this.#sessions.keys()].sort().flatMap((device) => [...(this.#sessions.get(device)?.values() ?? [])]);
  }

  #take(entry: Entry): void {
    switch (entry.kind) {
      case ENTRY.deviceDelete:
        this.deletes = true;
        this.devices.set(headText(entry, 0, WIDTH.device), entry);
        return;
      case ENTRY.devicePut:
        this.devices.set(headText(entry, 0, WIDTH.device), entry);
        return;
      case ENTRY.operation:
        this.operations.set(headText(entry, 0, WIDTH.operation), entry);
        return;
      case ENTRY.values: {
        this.#takeValues(entry);
        return;
      }
      case ENTRY.model:
        this.models.set(headText(entry, WIDTH.version, entry.headLength - WIDTH.version), entry);
        return;
      case ENTRY.settingPut:
      case ENTRY.settingDelete:
        this.settings.set(settingKey(entry).join('/'), entry);
        return;
      case ENTRY.event:
        this.events.push(entry);
        return;
      case ENTRY.seen:
        this.seen.set(headText(entry, 0, WIDTH.device), headNumber(entry, WIDTH.device, WIDTH.time));
        return;
      case ENTRY.sessionPut: {
        const device = headText(entry, 0, WIDTH.device);
        const listener = headText(entry, WIDTH.device, WIDTH.id);
        const known = this.#sessions.get(device);
        if (known === undefined) this.#sessions.set(device, new Map([[listener, entry]]));
        else known.set(listener, entry);
        return;
      }
      case ENTRY.sessionsDrop: {
        const device = headText(entry, 0, WIDTH.device);
        this.#sessions.delete(device);
        this.sessionDrops.add(device);
        return;
      }
      default:
        unreachable(entry.kind);
    }
  }

  #takeValues(entry: Entry): void {
    const keyLength = entry.headLength - WIDTH.time;
    const receivedAt = headNumber(entry, keyLength, WIDTH.time);
    const order = (this.#order += 1);
    const key = headText(entry, 0, keyLength);
    const known = this.#values.get(key);
    // Resources received at different moments, or out of order, must be merged one by one: both entries stay.
    if (known === undefined || (known.receivedAt !== 0 && receivedAt !== 0 && known.receivedAt <= receivedAt))
      this.#values.set(key, { entry, order, receivedAt });
    else this.#values.set(`${key}#${order}`, { entry, order, receivedAt });
  }
}

/** Characters of device, object and instance in a key of values. */
export const INSTANCE_KEY = WIDTH.device + 2 * WIDTH.id;
