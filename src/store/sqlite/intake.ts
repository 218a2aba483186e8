/**
 * The way of a change on the main thread: its expected version is checked, it joins a group, and when the group is durable
 * it becomes visible to point reads and its receipt is given. A change whose version only the database can tell waits for
 * that answer, and later changes of the same aggregate wait behind it.
 */

import { AppError } from '#base';
import type { DeviceId, OperationId, SessionRecord } from '#fleet/model';
import { isFinished } from '#fleet/model';
import type { Change, OperationChange, Receipt } from '#fleet/ports';
import { Overlay } from './overlay.js';
import { GroupQueue } from './queue.js';
import type { Pending, QueueOwner } from './queue.js';
import { SessionOverlay } from './session-overlay.js';
import type { VersionedChange } from './versions.js';
import { Versions } from './versions.js';
import type { Reader } from './workers.js';

/** A change that waits for a version to be known. */
interface Parked<C extends Change = Change> {
  readonly change: C;
  readonly resolve: (receipt: Promise<Receipt>) => void;
  readonly reject: (reason: unknown) => void;
}

/** Takes changes. */
export class Intake {
  readonly versions: Versions;
  readonly overlay = new Overlay();
  readonly sessions = new SessionOverlay();
  readonly queue: GroupQueue;
  readonly #reader: Reader;
  /** Whether the versions of all devices and open operations are known; before, every change is parked. */
  #indexed = false;
  #indexing: Promise<void> | undefined;
  #parked: Parked[] = [];
  readonly #parkedOperations = new Map<OperationId, Parked<OperationChange>[]>();
  #deleted = false;

  /** `newestOperation` and `newestEvent`: the greatest ever stored. */
  constructor(
    reader: Reader,
    owner: Pick<QueueOwner, 'send' | 'settled'>,
    found: { readonly newestOperation: string; readonly newestEvent: number },
  ) {
    this.#reader = reader;
    this.versions = new Versions(found.newestOperation);
    this.queue = new GroupQueue(
      {
        ...owner,
        committed: (pending) => this.#committed(pending),
        undone: ({ change, previous }) => {
          if (change.aggregate !== 'values' && change.aggregate !== 'notice') this.versions.set(change, previous);
        },
      },
      found.newestEvent,
    );
  }

  /** Whether the versions of everything are known. */
  get indexed(): boolean {
    return this.#indexed;
  }

  /** Takes a change; resolves when it is durable, rejects with AppError `store_conflict` or the reason why the group failed. */
  take(change: Change): Promise<Receipt> {
    if (this.#indexed) return this.#accept(change);
    return new Promise((resolve, reject) => {
      this.#parked.push({ change, resolve, reject });
      this.index().catch((reason: unknown) => {
        const parked = this.#parked;
        this.#parked = [];
        for (const one of parked) one.reject(reason);
      });
    });
  }

  /** Resolves when the versions of everything are known; asks the reader unless `setIndexed` comes first. */
  index(): Promise<void> {
    if (this.#indexed) return Promise.resolve();
    this.#indexing ??= this.#readIndex().finally(() => (this.#indexing = undefined));
    return this.#indexing;
  }

  /** Versions of everything have been noted: what was parked goes on, in order. */
  setIndexed(): void {
    if (this.#indexed) return;
    this.#indexed = true;
    const parked = this.#parked;
    this.#parked = [];
    for (const { change, resolve } of parked) resolve(this.#accept(change));
  }

  /** Takes a session; resolves when it is durable. To be called when the versions are known, as the two below. */
  async keepSession(session: SessionRecord): Promise<void> {
    if (!this.versions.has(session.device)) return;
    await this.queue.addSession(session);
    this.sessions.put(session);
  }

  /** Forgets the sessions of a device; resolves when that is durable. */
  async dropSessions(device: DeviceId): Promise<void> {
    await this.queue.dropSessions(device);
    this.sessions.drop(device);
  }

  /** The session with a digest. */
  async session(digest: string): Promise<SessionRecord | undefined> {
    const near = this.sessions.find(digest);
    const text = near === undefined ? await this.#reader.ask('session', digest) : undefined;
    const found = near ?? (text === undefined ? undefined : (JSON.parse(text) as SessionRecord));
    // What was said of its place meanwhile, or is not folded yet, counts.
    if (found === undefined || this.sessions.knowsBetter(found)) return undefined;
    return this.versions.has(found.device) ? found : undefined;
  }

  /** What is journalled is being folded from now on. */
  fold(): void {
    this.overlay.fold();
    this.sessions.fold();
  }

  /** Folding is done. */
  folded(): void {
    this.overlay.folded();
    this.sessions.folded();
    if (this.#deleted) this.versions.prune();
    this.#deleted = false;
  }

  async #readIndex(): Promise<void> {
    const found = await this.#reader.ask('index', undefined);
    if (this.#indexed) return;
    for (const [id, version] of found.devices) this.versions.foundDevice(id as DeviceId, version);
    for (const [id, device, version] of found.operations)
      this.versions.foundOperation(id as OperationId, device as DeviceId, version);
    this.setIndexed();
  }

  #accept(change: Change): Promise<Receipt> {
    if (change.aggregate === 'values') return this.#enqueue(change, 0, 0, this.versions.has(change.values.device));
    if (change.aggregate === 'notice') return this.#enqueue(change, 0, 0, true);
    if (change.aggregate === 'operation' && this.#parkedOperations.has(change.id)) return this.#park(change);
    const previous = this.versions.of(change);
    if (previous === undefined) return this.#park(change as OperationChange);
    return this.#acceptVersioned(change, previous);
  }

  #acceptVersioned(change: VersionedChange, previous: number): Promise<Receipt> {
    if (previous !== change.expected) return Promise.reject(conflict(change, previous));
    const version = change.record === undefined ? 0 : previous + 1;
    const written = change.aggregate !== 'operation' || this.versions.has(change.record.device);
    this.versions.set(change, version);
    return this.#enqueue(change, version, previous, written);
  }

  #enqueue(change: Change, version: number, previous: number, written: boolean): Promise<Receipt> {
    return new Promise((resolve, reject) => {
      this.queue.add(change, version, previous, written, resolve, reject);
    });
  }

  #committed(pending: Pending): void {
    const { change, version, written, text } = pending;
    switch (change.aggregate) {
      case 'operation':
        if (written) this.overlay.putOperation(change.record, version, text);
        if (!written || isFinished(change.record.state)) this.versions.release(change.id, version);
        return;
      case 'values':
        if (written) this.overlay.putValues(change.values, pending.ids, pending.receivedAt, text);
        return;
      case 'device':
        if (version !== 0) return;
        this.overlay.removeDevice(change.id);
        this.#deleted = true;
        return;
      case 'model':
      case 'setting':
      case 'notice':
    }
  }

  /** Parks a change of an operation whose version only the reader can tell, behind those that wait for the same answer. */
  #park(change: OperationChange): Promise<Receipt> {
    return new Promise((resolve, reject) => {
      const parked = { change, resolve, reject };
      const others = this.#parkedOperations.get(change.id);
      if (others !== undefined) {
        others.push(parked);
        return;
      }
      this.#parkedOperations.set(change.id, [parked]);
      const near = this.overlay.operation(change.id);
      const found = near === undefined ? this.#reader.ask('operation', change.id) : Promise.resolve([near.version]);
      found.then(
        (row) => this.#unpark(change, row?.[0] ?? 0),
        (reason: unknown) => {
          for (const one of this.#takeParked(change.id)) one.reject(reason);
        },
      );
    });
  }

  #unpark({ id, record }: OperationChange, version: number): void {
    const waiting = this.#takeParked(id);
    if (version > 0) this.versions.foundOperation(id, record.device, version);
    for (const { change, resolve } of waiting)
      resolve(this.#acceptVersioned(change, this.versions.of(change) ?? version));
    this.versions.release(id, version);
  }

  #takeParked(id: OperationId): readonly Parked<OperationChange>[] {
    const waiting = this.#parkedOperations.get(id) ?? [];
    this.#parkedOperations.delete(id);
    return waiting;
  }
}

function conflict(change: VersionedChange, found: number): AppError {
  const has = found === 0 ? 'does not exist' : `has version ${found}`;
  const expected = change.expected === 0 ? 'was not to exist' : `was to have version ${change.expected}`;
  return new AppError('store_conflict', `${nameOf(change)} ${has} but ${expected}`, { details: { version: found } });
}

function nameOf(change: VersionedChange): string {
  switch (change.aggregate) {
    case 'model':
      return `definition ${change.record.object} version ${change.record.version}`;
    case 'setting':
      return `setting of ${change.kind} "${change.name}"`;
    default:
      return `${change.aggregate} ${change.id}`;
  }
}
