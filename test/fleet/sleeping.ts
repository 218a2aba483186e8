/** Devices in queue mode in a World: put to sleep, heard again, and what waits for them on the disk. */

import type { RegisterParameters } from '#lwm2m/model';
import type { OperationRecord } from '#fleet/model';
import { peerAt, settle } from './world.js';
import type { World } from './world.js';

/** A device in queue mode outside its awake window; its location. */
export async function asleep(
  world: World,
  endpoint = 'a',
  port = 1,
  more: Partial<RegisterParameters> = {},
): Promise<string> {
  const parameters = { lifetime: 86_400, queueMode: true, binding: 'UQ', ...more };
  const location = await world.register(endpoint, parameters, peerAt(port));
  await world.pass(100_000);
  return location;
}

/** The device refreshes and is answered. */
export async function uplink(world: World, location: string, port = 1): Promise<void> {
  const result = world.fleet.refresh(location, peerAt(port), world.now());
  if (result !== 'refreshed') throw new Error(`the refresh was ${result}`);
  world.fleet.reached(peerAt(port), world.now());
  await settle();
}

/** Operations as they are on the disk. */
export function stored(world: World): OperationRecord[] {
  return [...world.disk.operations.values()].map(({ text }) => JSON.parse(text) as OperationRecord);
}
