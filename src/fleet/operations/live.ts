/**
 * An operation that is not finished: its record as shown, how much of it is stored, and who waits for it. What takes effect
 * only when durable (a final state) enters the record with the receipt.
 */

import type { Instant } from '#base';
import type { Actor, OperationId, OperationRecord } from '../model/index.js';
import type { Device } from '../devices/device.js';

/**
 * accepting: its first commit, as queued, is under way; waiting: for its turn; running: from its turn to its outcome;
 * settling: its final state is being committed; ended.
 */
export type OperationPhase = 'accepting' | 'waiting' | 'running' | 'settling' | 'ended';

/** An unfinished operation. */
export class LiveOperation {
  readonly device: Device;
  readonly actor: Actor;
  /** Monotonic twin of the record's deadline. */
  readonly deadline: Instant;
  record: OperationRecord;
  /** Version in the store; 0 when it is not there. */
  version: number;
  phase: OperationPhase = 'waiting';
  /** The last commit of it, while that is under way. */
  saving: Promise<void> | undefined;
  /** Why it was dropped unfinished: its device was deleted, or the store refused it. */
  dropped: Error | undefined;
  readonly finished: Promise<OperationRecord>;
  #resolve: (record: OperationRecord) => void = () => {};
  #reject: (error: Error) => void = () => {};

  constructor(device: Device, actor: Actor, record: OperationRecord, version: number, deadline: Instant) {
    this.device = device;
    this.actor = actor;
    this.record = record;
    this.version = version;
    this.deadline = deadline;
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Nobody may be waiting; whoever is, hears of it all the same.
    this.finished.catch(() => {});
  }

  get id(): OperationId {
    return this.record.id;
  }

  /** Its final record is durable. */
  end(record: OperationRecord): void {
    this.record = record;
    this.phase = 'ended';
    this.#resolve(record);
  }

  /** It ends without a final record. */
  drop(error: Error): void {
    if (this.phase === 'ended') return;
    this.phase = 'ended';
    this.dropped = error;
    this.#reject(error);
  }
}
