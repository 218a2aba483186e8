/** What comes under the token of an observation: values, or its end (RFC 7641 §3.2, LwM2M-Core 1.1.1 §6.4.3). */

import type { Peer, PeerKey } from '#base';
import type { DeviceDialect, Path, PlacedNode } from '#lwm2m/model';
import type { ObservationRecord } from '../model/index.js';
import type { DeviceChanges } from '../devices/changes.js';
import type { Device } from '../devices/device.js';
import type { Directory } from '../devices/directory.js';
import type { ValueRecorder } from '../devices/recorder.js';
import { observedPaths } from '../devices/observation.js';
import { owns } from '../devices/ownership.js';
import type { RefusedIdentities } from '../devices/refused-identities.js';
import { isAlive } from './renewal.js';
import type { Renewal } from './renewal.js';

/** How to read a notification. */
export interface ObservationTarget {
  readonly paths: readonly Path[];
  readonly dialect: DeviceDialect;
  /** Where the device is registered from. */
  readonly peer: PeerKey;
}

/** What notifications stand on. */
export interface NotificationsParts {
  readonly directory: Directory;
  readonly changes: DeviceChanges;
  readonly values: ValueRecorder;
  readonly renewal: Renewal;
  readonly refused: RefusedIdentities;
}

/** Takes notifications in. */
export class Notifications {
  readonly counters = { notifications: 0 };
  readonly #parts: NotificationsParts;

  constructor(parts: NotificationsParts) {
    this.#parts = parts;
  }

  /** See `Fleet.observationOf`. */
  target(token: string, peer: Peer): ObservationTarget | undefined {
    const device = this.#parts.directory.byToken(token);
    if (device?.dialect === undefined || device.peer === undefined) return undefined;
    const observation = expected(device, token);
    if (observation === undefined) return undefined;
    if (!owns(device, peer)) {
      this.#parts.refused.note('notify', peer, device);
      return undefined;
    }
    return { paths: observedPaths(observation), dialect: device.dialect, peer: device.peer.key };
  }

  /** See `Fleet.notified`. */
  async notified(token: string, nodes: readonly PlacedNode[]): Promise<void> {
    const device = this.#parts.directory.byToken(token);
    if (device?.dialect === undefined) return;
    const { dialect, id, endpoint } = device;
    const observation = expected(device, token);
    if (observation === undefined) return;
    if (device.phase === 'removing' && !(await this.#parts.changes.isPresent(device))) return;
    this.counters.notifications += 1;
    const actor = { kind: 'device', id } as const;
    const origin = { device: id, endpoint, model: dialect.model, source: 'notify', actor } as const;
    await this.#parts.values.record({ ...origin, observation: observation.id }, nodes);
  }

  /** See `Fleet.observationEnded`. */
  async ended(token: string, code: number, detail: string): Promise<void> {
    const device = this.#parts.directory.byToken(token);
    if (device === undefined || expected(device, token) === undefined) return;
    await this.#parts.renewal.lost(device, token, code, detail);
  }
}

/** The observation with that token, when notifications of it are expected. */
function expected(device: Device, token: string): ObservationRecord | undefined {
  for (const observation of device.observations) {
    if (observation.token === token) return isAlive(observation) ? observation : undefined;
  }
  return undefined;
}
