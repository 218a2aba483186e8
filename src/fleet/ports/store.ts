/**
 * What must be remembered. A change concerns one aggregate and is atomic; there is no transaction over two, so every
 * order of two changes is safe at each prefix. Nothing here is SQL-shaped: the contract suite in test/contract runs
 * unchanged on every adapter.
 */

import type { WallTime } from '#base';
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
  OperationState,
  Scope,
  SessionRecord,
  SettingKind,
  SettingRecord,
} from '../model/index.js';

/** What every change carries. */
interface ChangeBase {
  readonly actor: Actor;
  /** Fence of the writer; a store that has seen a higher one refuses (`store_fenced`). Today one writer, handed out by `open`. */
  readonly fence: number;
  /** Stored with the change and numbered by the store; `value.received` is numbered and not kept. */
  readonly events: readonly NewEvent[];
}

/** Puts or (record absent) deletes a device. Deleting makes its operations, values and sessions unreachable at once; the store removes them by and by. */
export interface DeviceChange extends ChangeBase {
  readonly aggregate: 'device';
  readonly id: DeviceId;
  /** Version the aggregate has; 0 when it must not exist. */
  readonly expected: number;
  readonly record?: DeviceRecord;
}

/** Puts an operation. */
export interface OperationChange extends ChangeBase {
  readonly aggregate: 'operation';
  readonly id: OperationId;
  readonly expected: number;
  readonly record: OperationRecord;
}

/** Puts a definition that a user added. Key: object and version. */
export interface ModelChange extends ChangeBase {
  readonly aggregate: 'model';
  readonly expected: number;
  readonly record: ModelRecord;
}

/** Puts or (record absent) removes a setting. Key: kind and name. */
export interface SettingChange extends ChangeBase {
  readonly aggregate: 'setting';
  readonly kind: SettingKind;
  /** At most 256 characters. */
  readonly name: string;
  readonly expected: number;
  readonly record?: SettingRecord;
}

/** Merges last values of one instance, resource by resource: the one with the later `receivedAt` stays. No expected version. Capped in size: beyond the cap the oldest resources go. */
export interface ValuesChange extends ChangeBase {
  readonly aggregate: 'values';
  readonly values: InstanceValues;
}

/** Changes nothing: its events are all there is to it. */
export interface NoticeChange extends ChangeBase {
  readonly aggregate: 'notice';
}

/** One atomic change. */
export type Change = DeviceChange | OperationChange | ModelChange | SettingChange | ValuesChange | NoticeChange;

/** Answer to a commit: the change and its events are durable. */
export interface Receipt {
  /** Version the aggregate has now (0 after a removal, for values and for a notice). */
  readonly version: number;
  /** The events with their numbers, in order. */
  readonly events: readonly NumberedEvent[];
}

/** A record and its version. */
export interface Versioned<T> {
  readonly version: number;
  readonly record: T;
}

/** A page of a list; `next` is the cursor of the next one, absent at the end. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next?: string;
}

/** What is loaded at the start, in batches, before the first datagram is read. */
export type LoadBatch =
  | { readonly kind: 'devices'; readonly items: readonly Versioned<DeviceRecord>[] }
  | { readonly kind: 'operations'; readonly items: readonly Versioned<OperationRecord>[] }
  | { readonly kind: 'models'; readonly items: readonly Versioned<ModelRecord>[] }
  | { readonly kind: 'settings'; readonly items: readonly Versioned<SettingRecord>[] };

/** Which operations to list: newest first. */
export interface OperationQuery {
  readonly device?: DeviceId;
  readonly states?: readonly OperationState[];
  readonly limit: number;
  readonly cursor?: string;
}

/** Numbers for metrics and `/readyz`. */
export interface StoreStatus {
  /** ok, or why it is not well in one sentence. */
  readonly problem?: string;
  /** Bytes waiting for the writer, journal and file sizes, last commit time and the like, by metric name. */
  readonly gauges: Readonly<Record<string, number>>;
}

/**
 * The store. Every promise may reject with AppError: `store_busy` (the queue to the writer is full; `details.retryAfter`
 * in seconds), `store_unavailable` (disk full, I/O error; says what), `store_conflict` (expected version differs),
 * `store_fenced`.
 */
export interface FleetStore {
  /** The fence to put into changes. */
  readonly fence: number;
  /** Names this opening of the store and no other, of a copy of it neither; durable before the store is there. */
  readonly opening: string;
  /** The opening before this one, however it ended; undefined when this is the first. */
  readonly openingBefore: string | undefined;
  /** Commits one change; resolves when it is durable. Changes of one aggregate are applied in the order of the calls, and all receipts come in the order of event numbers. */
  commit(change: Change): Promise<Receipt>;
  /** Whether a commit would be refused as `store_busy` now. */
  readonly busy: boolean;
  /** Writes down when devices were last heard; not durable before `flush` or 60 s. Unknown devices are ignored. */
  touch(device: DeviceId, lastSeen: WallTime): void;
  /** Resolves when all touches so far are durable. */
  flush(): Promise<void>;
  /**
   * Keeps a session in the place of the device's last one on that listener; resolves when that is durable, and only then is
   * it found. No version, no event. Sessions of unknown devices are ignored; those that have expired go by and by.
   */
  keepSession(session: SessionRecord): Promise<void>;
  /** Forgets all sessions of a device; resolves when that is durable. Never refused as `store_busy`. */
  dropSessions(device: DeviceId): Promise<void>;
  /** The session with a digest; one that has expired may still be found. */
  session(digest: string): Promise<SessionRecord | undefined>;
  /** All devices, all operations that are not finished, finished operations with an idempotency key made after `since`, all models, all settings. */
  load(scope: Scope, since: WallTime): AsyncIterable<LoadBatch>;
  /** One operation. */
  operation(id: OperationId): Promise<Versioned<OperationRecord> | undefined>;
  /** Operations, newest first. */
  operations(scope: Scope, query: OperationQuery): Promise<Page<OperationRecord>>;
  /** Last values of a device, of one object or one instance when given; instances in ascending order. */
  values(device: DeviceId, object?: number, instance?: number): Promise<readonly InstanceValues[]>;
  /** Kept events with a number above `after`, in order, at most `limit`; `oldest` is the number of the oldest kept event (0 when none), `newest` the highest number ever given. */
  events(
    scope: Scope,
    after: number,
    limit: number,
  ): Promise<{ readonly events: readonly NumberedEvent[]; readonly oldest: number; readonly newest: number }>;
  /** For metrics and health. */
  status(): StoreStatus;
  /** Finishes what was accepted, writes the touches, closes. */
  close(): Promise<void>;
}

/** Limits of a store, settings of the server. */
export interface StoreLimits {
  /** Bytes of changes that may wait for the writer. */
  readonly queueBytes: number;
  /** Days that finished operations are kept. */
  readonly operationDays: number;
  /** Finished operations kept per device. */
  readonly operationsPerDevice: number;
  /** Events kept for `Last-Event-ID`. */
  readonly events: number;
  /** Bytes of last values kept per instance. */
  readonly valueBytes: number;
}
