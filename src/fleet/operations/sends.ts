/** Values that devices report of their own accord (Send, LwM2M-Core 1.1.1 §6.4.6). */

import type { PeerKey } from '#base';
import type { DeviceDialect, PlacedNode } from '#lwm2m/model';
import type { DeviceChanges } from '../devices/changes.js';
import type { Directory } from '../devices/directory.js';
import type { ValueRecorder } from '../devices/recorder.js';

/** Who sends: how it speaks, and which object instances it has registered. */
export interface SendingDevice {
  readonly dialect: DeviceDialect;
  readonly holds: (object: number, instance: number) => boolean;
}

/** Takes Sends in. */
export class Sends {
  readonly counters = { sends: 0 };
  readonly #directory: Directory;
  readonly #changes: DeviceChanges;
  readonly #values: ValueRecorder;

  constructor(directory: Directory, changes: DeviceChanges, values: ValueRecorder) {
    this.#directory = directory;
    this.#changes = changes;
    this.#values = values;
  }

  /** See `Fleet.senderAt`. */
  at(peer: PeerKey): SendingDevice | undefined {
    const dialect = this.#directory.byPeer(peer)?.dialect;
    if (dialect === undefined) return undefined;
    const { objects } = dialect.list;
    const holds = (object: number, instance: number): boolean =>
      objects.some(({ id, instances }) => id === object && instances.includes(instance));
    return { dialect, holds };
  }

  /** See `Fleet.sent`. */
  async sent(peer: PeerKey, nodes: readonly PlacedNode[]): Promise<'kept' | 'unknown'> {
    const device = this.#directory.byPeer(peer);
    if (device?.dialect === undefined) return 'unknown';
    const { dialect, id, endpoint } = device;
    if (device.phase === 'removing' && !(await this.#changes.isPresent(device))) return 'unknown';
    this.counters.sends += 1;
    const actor = { kind: 'device', id } as const;
    await this.#values.record({ device: id, endpoint, model: dialect.model, source: 'send', actor }, nodes);
    return 'kept';
  }
}
