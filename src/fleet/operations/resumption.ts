/** Soon after a start, what waits for devices that are always reachable goes out, a few devices at a time. */

import { Milliseconds, seconds } from '#base';
import type { Agenda } from '../devices/agenda.js';
import type { Device } from '../devices/device.js';

/** Pokes all devices that have something waiting. */
export async function resume(
  devices: Iterable<Device>,
  agenda: Pick<Agenda, 'pause'>,
  poke: (device: Device) => void,
): Promise<void> {
  const waiting = [...new Set(devices)];
  if (waiting.length === 0) return;
  await agenda.pause(RESUME_AFTER);
  for (let index = 0; index < waiting.length; index += RESUMED_AT_ONCE) {
    if (index > 0) await agenda.pause(RESUME_EVERY);
    for (const device of waiting.slice(index, index + RESUMED_AT_ONCE)) poke(device);
  }
}

/** When devices are asked again after a start (the listeners are open then), and how many how often. */
const RESUME_AFTER = seconds(2);
const RESUME_EVERY = Milliseconds(100);
const RESUMED_AT_ONCE = 50;
