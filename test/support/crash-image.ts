/**
 * What a process that ended at this very moment would leave behind: a copy of the store's files, made without asking the store
 * anything. Opening the copy is the start after the crash.
 */

import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WallTime, silentLogger, systemClock, systemRandom } from '#base';
import { EVERYTHING } from '#fleet/model';
import type { DeviceRecord, InstanceValues, ModelRecord, NumberedEvent, OperationRecord } from '#fleet/model';
import type { FleetStore, StoreLimits, Versioned } from '#fleet/ports';
import { openStore } from '#store';
import type { SqliteParameters } from '#store';

/** Limits that no test reaches unless it makes one smaller. */
export const ROOMY: StoreLimits = {
  queueBytes: 64 * 1024 * 1024,
  operationDays: 100_000,
  operationsPerDevice: 1000,
  events: 10_000,
  valueBytes: 65_536,
};

/** The files of a store in which anything durable stands. */
export const DURABLE = ['bellwether.db', 'bellwether.db-wal'];

/** Everything a start finds. */
export interface Found {
  readonly devices: readonly Versioned<DeviceRecord>[];
  readonly operations: readonly Versioned<OperationRecord>[];
  readonly models: readonly Versioned<ModelRecord>[];
  readonly events: readonly NumberedEvent[];
  readonly newestEvent: number;
  /** Last values of all devices. */
  readonly values: readonly InstanceValues[];
}

/** Copies the durable files of the store in `folder` to a folder of their own, at once. */
export function crashImage(folder: string): string {
  const image = mkdtempSync(join(tmpdir(), 'bellwether-image-'));
  for (const name of DURABLE) if (existsSync(join(folder, name))) copyFileSync(join(folder, name), join(image, name));
  return image;
}

/** Opens the store in `folder`. */
export function openAt(
  folder: string,
  parameters: Partial<SqliteParameters> = {},
  limits: Partial<StoreLimits> = {},
): Promise<FleetStore> {
  return openStore(folder, {
    limits: { ...ROOMY, ...limits },
    ...{ parameters, clock: systemClock, random: systemRandom, logger: silentLogger },
  });
}

/** Everything that is in a store. */
export async function foundIn(store: FleetStore): Promise<Found> {
  const devices: Versioned<DeviceRecord>[] = [];
  const operations: Versioned<OperationRecord>[] = [];
  const models: Versioned<ModelRecord>[] = [];
  for await (const batch of store.load(EVERYTHING, WallTime(0))) {
    if (batch.kind === 'devices') devices.push(...batch.items);
    else if (batch.kind === 'operations') operations.push(...batch.items);
    else models.push(...batch.items);
  }
  const { events, newest } = await store.events(EVERYTHING, 0, 1_000_000);
  const values: InstanceValues[] = [];
  for (const { record } of devices) values.push(...(await store.values(record.id)));
  return { devices, operations, models, events, newestEvent: newest, values };
}

/** Starts on an image, looks at everything, and removes it. */
export async function lookInto(image: string): Promise<Found> {
  const store = await openAt(image);
  try {
    return await foundIn(store);
  } finally {
    await store.close();
    rmSync(image, { recursive: true, force: true });
  }
}
