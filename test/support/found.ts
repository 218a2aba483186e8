/** Everything that is in a store, asked through the port. */

import { WallTime } from '#base';
import { EVERYTHING } from '#fleet/model';
import type { DeviceRecord, InstanceValues, ModelRecord, NumberedEvent, OperationRecord } from '#fleet/model';
import type { SettingRecord } from '#fleet/model';
import type { FleetStore, Versioned } from '#fleet/ports';

/** Everything a start finds. */
export interface Found {
  readonly devices: readonly Versioned<DeviceRecord>[];
  readonly operations: readonly Versioned<OperationRecord>[];
  readonly models: readonly Versioned<ModelRecord>[];
  readonly settings: readonly Versioned<SettingRecord>[];
  readonly events: readonly NumberedEvent[];
  readonly newestEvent: number;
  /** Last values of all devices. */
  readonly values: readonly InstanceValues[];
}

/** Everything that is in a store. */
export async function foundIn(store: FleetStore): Promise<Found> {
  const devices: Versioned<DeviceRecord>[] = [];
  const operations: Versioned<OperationRecord>[] = [];
  const models: Versioned<ModelRecord>[] = [];
  const settings: Versioned<SettingRecord>[] = [];
  for await (const batch of store.load(EVERYTHING, WallTime(0))) {
    if (batch.kind === 'devices') devices.push(...batch.items);
    else if (batch.kind === 'operations') operations.push(...batch.items);
    else if (batch.kind === 'models') models.push(...batch.items);
    else settings.push(...batch.items);
  }
  const { events, newest } = await store.events(EVERYTHING, 0, 1_000_000);
  const values: InstanceValues[] = [];
  for (const { record } of devices) values.push(...(await store.values(record.id)));
  return { devices, operations, models, settings, events, newestEvent: newest, values };
}
