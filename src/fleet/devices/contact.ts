/**
 * When a device must be heard at the latest, if it keeps what its registration and its observations bind it to: computed,
 * never stored (fleet.md of the design).
 */

import { WallTime, wallAfter } from '#base';
import type { Clock, Milliseconds } from '#base';
import type { ObservationRecord } from '../model/index.js';
import type { Device } from './device.js';

/**
 * The moment by which a registered device is to be heard: before its lifetime ends (LwM2M-Core 1.1.1 §6.2.2), and within
 * the pmax of every active observation since it was heard last (§5.1.2). In the past when it is late. Undefined when
 * nothing binds it: it is not registered, or its lifetime is 0 and no observation has a pmax.
 */
export function nextContact(device: Device, clock: Clock): WallTime | undefined {
  if (device.location === undefined) return undefined;
  const notification = nextNotification(device);
  if (device.lifetime === 0) return notification;
  const left = device.renewed + device.lifetime * 1000 - clock.now();
  const refresh = wallAfter(clock.wall(), Math.round(left) as Milliseconds);
  return notification !== undefined && notification < refresh ? notification : refresh;
}

/** When the first notification is due; a later one than that of the pmax may have been the last message, never an earlier. */
function nextNotification(device: Device): WallTime | undefined {
  let shortest: number | undefined;
  for (const observation of device.observations) {
    const pmax = pmaxOf(observation);
    if (pmax !== undefined && (shortest === undefined || pmax < shortest)) shortest = pmax;
  }
  return shortest === undefined ? undefined : WallTime(device.lastSeen + shortest * 1000);
}

/** Seconds; undefined when the device need not notify without a change. Parameters of an Observe stand for all attributes (LwM2M-Core 1.2 §5.1.2). */
function pmaxOf({ state, attributes, parameters }: ObservationRecord): number | undefined {
  const { pmin, pmax } = parameters ?? attributes ?? {};
  if (state !== 'active' || typeof pmax !== 'number' || pmax === 0 || pmax > LONGEST) return undefined;
  // A device passes over a pmax that is less than pmin.
  return typeof pmin === 'number' && pmax < pmin ? undefined : pmax;
}

/** Seconds: 136 years, as of a lifetime; what is longer binds nobody. */
const LONGEST = 0xffff_ffff;
