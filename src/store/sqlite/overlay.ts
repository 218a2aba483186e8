/**
 * What is committed and not yet folded, where point reads look first: operations and last values by key, as JSON text. Two
 * layers, as in the writer: the one being folded and the one that waits; `fold` and `folded` move them on.
 */

import type { DeviceId, InstanceValues, OperationId, OperationRecord, OperationState } from '#fleet/model';
import type { Resources } from './values.js';

/** An operation in the overlay. */
export interface OverlayOperation {
  readonly id: OperationId;
  readonly device: DeviceId;
  readonly state: OperationState;
  readonly version: number;
  readonly text: string;
}

/** Last values of one instance that were reported together. */
interface OverlayValues {
  readonly object: number;
  readonly instance: number;
  readonly ids: string;
  readonly receivedAt: number;
  readonly text: string;
}

interface Layer {
  readonly operations: Map<OperationId, OverlayOperation>;
  readonly values: Map<DeviceId, OverlayValues[]>;
}

/** Committed operations and values that are not in the record tables yet. */
export class Overlay {
  #waiting: Layer = emptyLayer();
  #folding: Layer = emptyLayer();

  /** Adds a committed operation. */
  putOperation(record: OperationRecord, version: number, text: string): void {
    this.#waiting.operations.set(record.id, {
      id: record.id,
      device: record.device,
      state: record.state,
      version,
      text,
    });
  }

  /** Adds committed values; `ids` and `receivedAt` as `shapeOf` gives them. */
  putValues(values: InstanceValues, ids: string, receivedAt: number, text: string): void {
    const { device, object, instance } = values;
    const known = this.#waiting.values.get(device);
    if (known === undefined) {
      this.#waiting.values.set(device, [{ object, instance, ids, receivedAt, text }]);
      return;
    }
    for (let index = 0; index < known.length; index += 1) {
      const entry = known[index] as OverlayValues;
      if (entry.object !== object || entry.instance !== instance || entry.ids !== ids) continue;
      if (receivedAt === 0 || entry.receivedAt === 0 || entry.receivedAt > receivedAt) continue;
      known.splice(index, 1);
      break;
    }
    known.push({ object, instance, ids, receivedAt, text });
  }

  /** The device is gone, and with it everything of it that waits. */
  removeDevice(device: DeviceId): void {
    this.#waiting.values.delete(device);
    this.#folding.values.delete(device);
  }

  /** What waits is being folded from now on. */
  fold(): void {
    this.#folding = this.#waiting;
    this.#waiting = emptyLayer();
  }

  /** What was being folded is in the record tables. */
  folded(): void {
    this.#folding = emptyLayer();
  }

  /** The operation, when it is here. */
  operation(id: OperationId): OverlayOperation | undefined {
    return this.#waiting.operations.get(id) ?? this.#folding.operations.get(id);
  }

  /** All operations that `wanted` chooses, by id. */
  operations(wanted: (operation: OverlayOperation) => boolean): Map<OperationId, OverlayOperation> {
    const chosen = new Map<OperationId, OverlayOperation>();
    for (const { operations } of [this.#folding, this.#waiting])
      for (const [id, operation] of operations) if (wanted(operation)) chosen.set(id, operation);
    return chosen;
  }

  /** Hands values of the device to `visit`, in the order in which they are to be merged. */
  values(device: DeviceId, visit: (object: number, instance: number, resources: Resources) => void): void {
    for (const { values } of [this.#folding, this.#waiting])
      for (const { object, instance, text } of values.get(device) ?? [])
        visit(object, instance, JSON.parse(text) as Resources);
  }
}

function emptyLayer(): Layer {
  return { operations: new Map(), values: new Map() };
}
