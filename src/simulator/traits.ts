/** What a simulated device is made with, and what it may have in common with many others. */

import type { Member } from './chosen.js';
import type { Fault } from './faults.js';
import type { HardwareOptions } from './hardware.js';
import type { DeviceKind } from './kind.js';
import type { Script } from './script.js';
import type { SendTerms } from './send.js';

/** What a device is made with. */
export interface DeviceOptions extends HardwareOptions, DeviceTraits {
  /** Which of the devices that run together it is; absent: it is alone. */
  readonly member?: Member;
}

/** How a device behaves: what many devices may have in common. */
export interface DeviceTraits {
  /** The kind to register as first, then what to fall back to when the server does not serve its version (4.12). */
  readonly kinds: readonly [DeviceKind, ...DeviceKind[]];
  /** Queue mode (LwM2M-Core 1.1.1 §6.5): how long the device listens after an exchange, in seconds; undefined: always. */
  readonly awakeFor: number | undefined;
  /** Queue mode with a schedule: the device wakes each so many seconds, by an Update; absent: whenever it has to. */
  readonly sleepFor?: number;
  /** Type of notifications where no attribute says it. */
  readonly notifications: 'con' | 'non';
  /** Values that the device sends of its own accord, from 1.1 on; absent: none. */
  readonly send?: SendTerms;
  /** What the device does wrong; absent: nothing. */
  readonly faults?: readonly Fault[];
  /** Share of the datagrams, 0 to 1, that the device's link loses each way; absent: 0. */
  readonly loss?: number;
  /** What the device does over time; absent: nothing of its own accord. */
  readonly script?: Script;
}
