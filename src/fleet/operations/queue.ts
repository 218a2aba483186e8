/**
 * Unfinished operations in memory: by id, per device in the order they are carried out (by priority, then by age), and by
 * deadline while they wait. Knows nothing of the store.
 */

import { ChurnMap, Deadlines } from '#base';
import type { Instant } from '#base';
import type { OperationId } from '../model/index.js';
import { rankOf } from '../model/index.js';
import type { Device } from '../devices/device.js';
import type { LiveOperation } from './live.js';

/** The queues of all devices. */
export class OperationQueue {
  readonly #byId = new ChurnMap<OperationId, LiveOperation>();
  readonly #byDevice = new ChurnMap<Device, LiveOperation[]>();
  readonly #deadlines = new Deadlines<LiveOperation>();

  /** Unfinished operations in all. */
  get size(): number {
    return this.#byId.size;
  }

  /** Devices with unfinished operations. */
  devices(): Iterable<Device> {
    return this.#byDevice.keys();
  }

  get(id: OperationId): LiveOperation | undefined {
    return this.#byId.get(id);
  }

  /** Unfinished operations of a device in the order they are carried out. */
  of(device: Device): readonly LiveOperation[] {
    return this.#byDevice.get(device) ?? NONE;
  }

  /** Puts an operation behind those of its device that are as urgent or more; what is under way goes on. */
  add(operation: LiveOperation): void {
    this.#byId.set(operation.id, operation);
    const line = this.#byDevice.get(operation.device);
    if (line === undefined) this.#byDevice.set(operation.device, [operation]);
    else line.splice(placeIn(line, operation), 0, operation);
  }

  /** Takes an operation out. */
  remove(operation: LiveOperation): void {
    this.#byId.delete(operation.id);
    this.#deadlines.clear(operation);
    const line = this.#byDevice.get(operation.device);
    const index = line?.indexOf(operation) ?? -1;
    if (line === undefined || index < 0) return;
    line.splice(index, 1);
    if (line.length === 0) this.#byDevice.delete(operation.device);
  }

  /** The operation waits for its turn, at most until its deadline. */
  wait(operation: LiveOperation): void {
    operation.phase = 'waiting';
    this.#deadlines.set(operation, operation.deadline);
  }

  /** The operation waits no longer: it is carried out or settled. */
  take(operation: LiveOperation, phase: 'running' | 'settling'): void {
    operation.phase = phase;
    this.#deadlines.clear(operation);
  }

  /** The operation whose turn it is: the one under way, else the first of its device that is not being settled. */
  first(device: Device): LiveOperation | undefined {
    let first: LiveOperation | undefined;
    for (const operation of this.#byDevice.get(device) ?? NONE) {
      if (operation.phase === 'running') return operation;
      if (first === undefined && operation.phase !== 'settling') first = operation;
    }
    return first;
  }

  /** Takes the deadline off one waiting operation whose deadline has come, and returns it. */
  due(now: Instant): LiveOperation | undefined {
    return this.#deadlines.due(now);
  }

  /** The earliest deadline of all that wait. */
  earliest(): Instant | undefined {
    return this.#deadlines.earliest();
  }
}

/** Where an operation that is the newest of its device belongs. */
function placeIn(line: readonly LiveOperation[], { record }: LiveOperation): number {
  const rank = rankOf(record);
  let place = line.length;
  while (place > 0 && rankOf((line[place - 1] as LiveOperation).record) > rank) place -= 1;
  return place;
}

const NONE: readonly LiveOperation[] = Object.freeze([]);
