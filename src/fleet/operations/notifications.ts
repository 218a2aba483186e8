/** What comes under the token of an observation: values, or its end (RFC 7641 §3.2, LwM2M-Core 1.1.1 §6.4.3). */

import type { PeerKey } from '#base';
import type { DeviceDialect, Path, PlacedNode } from '#lwm2m/model';
import type { ObservationRecord } from '../model/index.js';
import type { DeviceChanges } from '../devices/changes.js';
import type { Device } from '../devices/device.js';
import type { Directory } from '../devices/directory.js';
import type { ValueRecorder } from '../devices/recorder.js';
import { observedPaths } from '../devices/observation.js';
import { isAlive } from './renewal.js';
import type { Renewal } from './renewal.js';

/** How to read a notification. */
export interface ObservationTarget {
  readonly paths: readonly Path[];
  readonly dialect: DeviceDialect;
  /** Where the device is registered from. */
  readonly peer: PeerKey;
}

/** Takes notifications in. */
export class Notifications {
  readonly counters = { notifications: 0 };
  readonly #directory: Directory;
  readonly #changes: DeviceChanges;
  readonly #values: ValueRecorder;
  readonly #renewal: Renewal;

  constructor(directory: Directory, changes: DeviceChanges, values: ValueRecorder, renewal: Renewal) {
    this.#directory = directory;
    this.#changes = changes;
    this.#values = values;
    this.#renewal = renewal;
  }

  /** See `Fleet.observationOf`. */
  target(token: string): ObservationTarget | undefined {
    const device = this.#directory.byToken(token);
    if (device?.dialect === undefined || device.peer === undefined) return undefined;
    const observation = expected(device, token);
    if (observation === undefined) return undefined;
    return { paths: observedPaths(observation), dialect: device.dialect, peer: device.peer.key };
  }

  /** See `Fleet.notified`. */
  async notified(token: string, nodes: readonly PlacedNode[]): Promise<void> {
    const device = this.#directory.byToken(token);
    if (device?.dialect === undefined) return;
    const { dialect, id, endpoint } = device;
    const observation = expected(device, token);
    if (observation === undefined) return;
    if (device.phase === 'removing' && !(await this.#changes.isPresent(device))) return;
    this.counters.notifications += 1;
    const actor = { kind: 'device', id } as const;
    const origin = { device: id, endpoint, model: dialect.model, source: 'notify', actor } as const;
    await this.#values.record({ ...origin, observation: observation.id }, nodes);
  }

  /** See `Fleet.observationEnded`. */
  async ended(token: string, code: number, detail: string): Promise<void> {
    const device = this.#directory.byToken(token);
    if (device === undefined || expected(device, token) === undefined) return;
    await this.#renewal.lost(device, token, code, detail);
  }
}

/** The observation with that token, when notifications of it are expected. */
function expected(device: Device, token: string): ObservationRecord | undefined {
  for (const observation of device.observations) {
    if (observation.token === token) return isAlive(observation) ? observation : undefined;
  }
  return undefined;
}
