/**
 * Versions of what may change, on the main thread, so that an expected version is checked without asking anyone: of all
 * devices, of operations that are not finished or not yet durable, of all models and settings. Counts what was accepted, committed or
 * not; what fails is taken back by setting the version it had.
 */

import { ChurnMap } from '#base';
import type { DeviceId, OperationId } from '#fleet/model';
import type { DeviceChange, ModelChange, OperationChange, SettingChange } from '#fleet/ports';

/** A change with an expected version. */
export type VersionedChange = DeviceChange | OperationChange | ModelChange | SettingChange;

interface KnownOperation {
  readonly device: DeviceId;
  readonly version: number;
}

/** Versions by aggregate. */
export class Versions {
  readonly #devices = new Map<DeviceId, number>();
  readonly #operations = new ChurnMap<OperationId, KnownOperation>();
  readonly #models = new Map<string, number>();
  readonly #settings = new Map<string, number>();
  /** Greatest operation id accepted: a greater one is new. */
  #newestOperation: string;

  constructor(newestOperation: string) {
    this.#newestOperation = newestOperation;
  }

  /** Whether the device exists. */
  has(device: DeviceId): boolean {
    return this.#devices.has(device);
  }

  /** Devices and operations held. */
  get counts(): { readonly devices: number; readonly operations: number } {
    return { devices: this.#devices.size, operations: this.#operations.size };
  }

  /** Notes a device found in the store, unless it has been noted. */
  foundDevice(id: DeviceId, version: number): void {
    if (!this.#devices.has(id)) this.#devices.set(id, version);
  }

  /** Notes an operation found in the store, unless it has been noted. */
  foundOperation(id: OperationId, device: DeviceId, version: number): void {
    if (!this.#operations.has(id)) this.#operations.set(id, { device, version });
  }

  /** Notes a model found in the store. */
  foundModel(object: number, version: string, recordVersion: number): void {
    this.#models.set(modelKey(object, version), recordVersion);
  }

  /** Notes a setting found in the store. */
  foundSetting(kind: string, name: string, version: number): void {
    this.#settings.set(settingKey(kind, name), version);
  }

  /** Version of what `change` changes: 0 when it does not exist, undefined when only the store can tell. */
  of(change: VersionedChange): number | undefined {
    switch (change.aggregate) {
      case 'device':
        return this.#devices.get(change.id) ?? 0;
      case 'model':
        return this.#models.get(modelKey(change.record.object, change.record.version)) ?? 0;
      case 'setting':
        return this.#settings.get(settingKey(change.kind, change.name)) ?? 0;
      case 'operation':
        return this.#operations.get(change.id)?.version ?? (change.id > this.#newestOperation ? 0 : undefined);
    }
  }

  /** Sets the version of what `change` changes; 0: it does not exist. */
  set(change: VersionedChange, version: number): void {
    switch (change.aggregate) {
      case 'device': {
        put(this.#devices, change.id, version === 0 ? undefined : version);
        return;
      }
      case 'model': {
        put(this.#models, modelKey(change.record.object, change.record.version), version === 0 ? undefined : version);
        return;
      }
      case 'setting': {
        put(this.#settings, settingKey(change.kind, change.name), version === 0 ? undefined : version);
        return;
      }
      case 'operation':
        if (change.id > this.#newestOperation) this.#newestOperation = change.id;
        {
          put(this.#operations, change.id, version === 0 ? undefined : { device: change.record.device, version });
          return;
        }
    }
  }

  /** The operation will hardly change again: whoever asks for its version asks the store. */
  release(id: OperationId, version: number): void {
    if (this.#operations.get(id)?.version === version) this.#operations.delete(id);
  }

  /** Forgets operations of devices that do not exist. */
  prune(): void {
    for (const [id, { device }] of this.#operations) if (!this.#devices.has(device)) this.#operations.delete(id);
  }
}

function put<K, V>(map: Map<K, V> | ChurnMap<K, V>, key: K, value: V | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

function modelKey(object: number, version: string): string {
  return `${object}/${version}`;
}

function settingKey(kind: string, name: string): string {
  return `${kind}/${name}`;
}
