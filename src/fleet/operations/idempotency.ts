/**
 * Idempotency keys of the last 24 hours, and which operation each made. A key comes back to the same operation when the
 * request is the same; they outlive a restart with the operations' records.
 */

import { AppError, Milliseconds, after } from '#base';
import type { Instant } from '#base';
import type { DeviceId, OperationId, OperationRecord } from '../model/index.js';

/** What a caller sends with a request that it may repeat: the key, and a digest of the request. */
export interface Idempotency {
  readonly key: string;
  readonly digest: string;
}

/** What a key stands for. */
export interface KeyEntry {
  readonly operation: OperationId;
  readonly device: DeviceId;
  readonly endpoint: string;
  readonly digest: string;
  readonly until: Instant;
}

/** Remembers keys. */
export class IdempotencyKeys {
  readonly #limit: number;
  /** In the order they were made, so that the first are the first to go. */
  readonly #entries = new Map<string, KeyEntry>();

  /** `limit`: keys remembered; beyond: AppError(`queue_full`). */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** What the key stands for; undefined when it was not used in the last 24 hours. */
  find(key: string, now: Instant): KeyEntry | undefined {
    this.#purge(now);
    return this.#entries.get(key);
  }

  /** Remembers the key of a new operation. */
  add(idempotency: Idempotency, record: OperationRecord, now: Instant): void {
    if (this.#entries.size >= this.#limit) {
      throw new AppError('queue_full', `more than ${this.#limit} idempotency keys of the last 24 hours are remembered`);
    }
    this.restore(idempotency, record, now);
  }

  /** Remembers a key from before a restart, made at `made`, however many there are. */
  restore({ key, digest }: Idempotency, record: OperationRecord, made: Instant): void {
    const { id: operation, device, endpoint } = record;
    this.#entries.delete(key);
    this.#entries.set(key, { operation, device, endpoint, digest, until: after(made, REMEMBERED) });
  }

  /** Forgets a key, when it stands for `operation`. */
  forget(key: string, operation: OperationId): void {
    if (this.#entries.get(key)?.operation === operation) this.#entries.delete(key);
  }

  #purge(now: Instant): void {
    for (const [key, entry] of this.#entries) {
      if (entry.until > now) return;
      this.#entries.delete(key);
    }
  }
}

/** How long a key is good. */
export const REMEMBERED = Milliseconds(24 * 3_600_000);
