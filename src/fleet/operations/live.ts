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

/** Somebody who waits for the end. */
interface Waiting {
  readonly resolve: (record: OperationRecord) => void;
  readonly reject: (error: Error) => void;
}

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
  /** How many commits of it are under way. */
  saves = 0;
  /** Why it was dropped unfinished: its device was deleted, or the store refused it. */
  dropped: Error | undefined;
  #waiting: Waiting[] = NOBODY;

  constructor(device: Device, actor: Actor, record: OperationRecord, version: number, deadline: Instant) {
    this.device = device;
    this.actor = actor;
    this.record = record;
    this.version = version;
    this.deadline = deadline;
  }

  get id(): OperationId {
    return this.record.id;
  }

  /** Resolves when its final record is durable; rejects when it ends without one. */
  finished(): Promise<OperationRecord> {
    if (this.dropped !== undefined) return Promise.reject(this.dropped);
    if (this.phase === 'ended') return Promise.resolve(this.record);
    return new Promise((resolve, reject) => {
      if (this.#waiting === NOBODY) this.#waiting = [];
      this.#waiting.push({ resolve, reject });
    });
  }

  /** Its final record is durable. */
  end(record: OperationRecord): void {
    this.record = record;
    this.phase = 'ended';
    for (const { resolve } of this.#waiting) resolve(record);
    this.#waiting = NOBODY;
  }

  /** It ends without a final record. */
  drop(error: Error): void {
    if (this.phase === 'ended') return;
    this.phase = 'ended';
    this.dropped = error;
    for (const { reject } of this.#waiting) reject(error);
    this.#waiting = NOBODY;
  }
}

const NOBODY: Waiting[] = [];
