/**
 * The one way to the store's `commit`: stamps the fence, and hands the numbered events of every receipt on in the order of
 * their numbers, before anybody who waits for the commit goes on.
 */

import type {
  Actor,
  DeviceId,
  DeviceRecord,
  InstanceValues,
  ModelRecord,
  NewEvent,
  NumberedEvent,
  OperationId,
  OperationRecord,
  SettingKind,
  SettingRecord,
} from '../model/index.js';
import type { DeviceChange, FleetStore, Receipt, SettingChange } from '../ports/index.js';

/** Who changes what, and what is told of it. */
export interface Cause {
  readonly actor: Actor;
  readonly events: readonly NewEvent[];
}

/** Commits changes and publishes their events. */
export class Commits {
  readonly counters = { commits: 0, commits_refused: 0 };
  readonly #store: FleetStore;
  readonly #publish: (events: readonly NumberedEvent[]) => void;

  constructor(store: FleetStore, publish: (events: readonly NumberedEvent[]) => void) {
    this.#store = store;
    this.#publish = publish;
  }

  /** Puts a device whose version is `expected` (0: it must not exist); without a record, deletes it. Rejects as `FleetStore`. */
  device(id: DeviceId, expected: number, record: DeviceRecord | undefined, cause: Cause): Promise<Receipt> {
    const { fence } = this.#store;
    const { actor, events } = cause;
    const change: DeviceChange =
      record === undefined
        ? { aggregate: 'device', id, expected, actor, fence, events }
        : { aggregate: 'device', id, expected, record, actor, fence, events };
    return this.#commit(this.#store.commit(change));
  }

  /** Puts an operation. Rejects as `FleetStore`. */
  operation(id: OperationId, expected: number, record: OperationRecord, cause: Cause): Promise<Receipt> {
    const { fence } = this.#store;
    const { actor, events } = cause;
    return this.#commit(this.#store.commit({ aggregate: 'operation', id, expected, record, actor, fence, events }));
  }

  /** Puts an object definition. Rejects as `FleetStore`. */
  model(expected: number, record: ModelRecord, cause: Cause): Promise<Receipt> {
    const { fence } = this.#store;
    const { actor, events } = cause;
    return this.#commit(this.#store.commit({ aggregate: 'model', expected, record, actor, fence, events }));
  }

  /** Puts a setting whose version is `expected` (0: it must not exist); without a record, removes it. Rejects as `FleetStore`. */
  setting(
    { kind, name }: { readonly kind: SettingKind; readonly name: string },
    expected: number,
    record: SettingRecord | undefined,
    cause: Cause,
  ): Promise<Receipt> {
    const { fence } = this.#store;
    const { actor, events } = cause;
    const change: SettingChange =
      record === undefined
        ? { aggregate: 'setting', kind, name, expected, actor, fence, events }
        : { aggregate: 'setting', kind, name, expected, record, actor, fence, events };
    return this.#commit(this.#store.commit(change));
  }

  /**
   * Merges last values of one instance. `dress` gives the events as they are told, when that is more than what the store
   * has to number. Rejects as `FleetStore`.
   */
  values(
    values: InstanceValues,
    cause: Cause,
    dress: (event: NumberedEvent) => NumberedEvent = (event) => event,
  ): Promise<Receipt> {
    const { fence } = this.#store;
    const { actor, events } = cause;
    return this.#commit(this.#store.commit({ aggregate: 'values', values, actor, fence, events }), dress);
  }

  /** Tells events that no change goes with. Rejects as `FleetStore`. */
  notice({ actor, events }: Cause): Promise<Receipt> {
    const { fence } = this.#store;
    return this.#commit(this.#store.commit({ aggregate: 'notice', actor, fence, events }));
  }

  async #commit(pending: Promise<Receipt>, dress?: (event: NumberedEvent) => NumberedEvent): Promise<Receipt> {
    this.counters.commits += 1;
    let receipt: Receipt;
    try {
      receipt = await pending;
    } catch (error) {
      this.counters.commits_refused += 1;
      throw error;
    }
    if (receipt.events.length > 0) this.#publish(dress === undefined ? receipt.events : receipt.events.map(dress));
    return receipt;
  }
}
