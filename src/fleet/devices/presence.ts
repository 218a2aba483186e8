/** Presence: computed from the registration and the time, never stored (fleet.md of the design, LwM2M-Core 1.1.1 §6.5). */

import { WallTime } from '#base';
import type { Instant, Milliseconds } from '#base';
import type { Presence } from '../model/index.js';
import { LONG_AGO } from './device.js';
import type { Device } from './device.js';

/** lastSeen of a device that was made before it was ever heard. */
export const NEVER_SEEN = WallTime(-8_640_000_000_000_000);

/** How long a device listens after the last message exchanged with it (LwM2M-Core 1.1.1 §6.5). */
export type AwakeWindow = (device: Device) => Milliseconds;

/**
 * How a device can be reached at `now`. A device that is in no queue mode is online as long as it is registered; whatever its
 * mode, one without the association it is to be reached over is asleep until it makes another.
 */
export function presenceOf(device: Device, now: Instant, awakeWindow: AwakeWindow): Presence {
  if (device.location === undefined) return device.lastSeen === NEVER_SEEN ? 'neverSeen' : 'offline';
  if (device.away) return 'asleep';
  return device.queueMode === 'always' || now < device.heard + awakeWindow(device) ? 'online' : 'asleep';
}

/** Whether requests may be sent to a device at `now`: it is online, and the answer to its registration has left. */
export function isReachable(device: Device, now: Instant, awakeWindow: AwakeWindow): boolean {
  return !device.quiet && device.phase === 'present' && presenceOf(device, now, awakeWindow) === 'online';
}

/** A message was exchanged with the device: it listens for another awake window. */
export function markAwake(device: Device, now: Instant): void {
  if (now > device.heard) device.heard = now;
  device.away = false;
}

/** A request to the device timed out: in queue mode it is taken to be asleep until it is heard again. */
export function markAsleep(device: Device): void {
  device.heard = LONG_AGO;
}
