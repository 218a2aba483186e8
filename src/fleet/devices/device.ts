/**
 * A device while the server runs: its committed record and what changes without a commit (when it was heard, where it
 * stands in the expiry heap). There are many, so the shape is fixed and holds nothing that a device without work needs not.
 */

import { Instant } from '#base';
import type { Milliseconds, Peer, WallTime } from '#base';
import type { DeviceId, DeviceRecord } from '../model/index.js';
import type { ListDialect } from './dialects.js';

/** Before every moment. */
export const LONG_AGO = Instant(Number.NEGATIVE_INFINITY);

/** Where a device stands in its life: `removing` while its deletion is being committed. */
export type DevicePhase = 'present' | 'removing' | 'removed';

/** A live device. Only devices/ writes its fields. */
export class Device {
  /** As committed. */
  record: DeviceRecord;
  version: number;
  phase: DevicePhase = 'present';
  /** Where it is registered from; undefined when it is not registered. */
  peer: Peer | undefined = undefined;
  /** How to speak with it; undefined when it is not registered. */
  dialect: ListDialect | undefined = undefined;
  /** Nothing may be sent to it: the answer to its registration has not left yet. */
  quiet = false;
  /** lastSeen is to be written down. */
  touched = false;
  lastSeen: WallTime;
  /** When the last message was exchanged with it; long ago when a request timed out. */
  heard: Instant = LONG_AGO;
  /** When it last registered or updated. */
  renewed: Instant = LONG_AGO;
  /** Place in the expiry heap, -1 when not there, and the moment recorded there. */
  heapIndex = -1;
  heapAt: Instant = LONG_AGO;

  constructor(record: DeviceRecord, version: number) {
    this.record = record;
    this.version = version;
    this.lastSeen = record.lastSeen;
  }

  get id(): DeviceId {
    return this.record.id;
  }

  get endpoint(): string {
    return this.record.endpoint;
  }
}

/** When the registration of `device` ends; undefined when it never does or there is none. */
export function expiresAt(device: Device, grace: Milliseconds): Instant | undefined {
  const { registration } = device.record;
  if (registration === undefined || registration.lifetime === 0) return undefined;
  return Instant(device.renewed + registration.lifetime * 1000 + grace);
}
