/**
 * Operations as callers see them: submit, look at, list, take back. What a caller may be told of is in the store first; an
 * operation that waits for a device that cannot be reached is stored before `submit` resolves.
 */

import { AppError, Instant, rfc3339, wallAfter } from '#base';
import type { Clock, WallTime } from '#base';
import { checkSayable, showPath } from '#lwm2m/model';
import type { DeviceRequest } from '#lwm2m/model';
import { permit } from '../access/guard.js';
import type {
  OperationId,
  OperationPriority,
  OperationRecord,
  OperationRequest,
  OperationState,
  Principal,
} from '../model/index.js';
import type { FleetSettings, FleetStore, Page, Versioned } from '../ports/index.js';
import type { Agenda } from '../devices/agenda.js';
import type { DeviceChanges } from '../devices/changes.js';
import { nextContact } from '../devices/contact.js';
import type { Device, Writable } from '../devices/device.js';
import type { Dialects } from '../devices/dialects.js';
import type { Directory } from '../devices/directory.js';
import type { OperationIds } from '../devices/ids.js';
import { presenceOf } from '../devices/presence.js';
import type { AwakeWindow } from '../devices/presence.js';
import { deviceNotFound } from '../devices/registry.js';
import type { Idempotency, IdempotencyKeys } from './idempotency.js';
import type { Ledger } from './ledger.js';
import { LiveOperation } from './live.js';
import type { OperationQueue } from './queue.js';
import { permissionFor, refuseBeforehand, requestFrom } from './requests.js';
import type { OperationRunner } from './runner.js';
import { cancelledRecord, restartedRecord } from './steps.js';
import { operationView } from './view.js';
import type { OperationView, WaitingFor } from './view.js';

/** A submitted operation: `view` is its state now; the queue carries it out. */
export interface Submitted {
  view(): OperationView;
  /** What it waits for now, as in its view; undefined when it is finished. */
  readonly waitingFor: WaitingFor | undefined;
  /**
   * Resolves when it is in a final state and that is durable. Rejects with AppError when the store refused it or its device
   * was deleted. Made when it is asked for.
   */
  readonly finished: Promise<OperationView>;
  /** The caller waits no longer: resolves when the record, as it is, is durable. */
  persist(): Promise<OperationView>;
}

/** Which operations of a device to list, newest first. */
export interface OperationListQuery {
  readonly states?: readonly OperationState[];
  readonly limit: number;
  readonly cursor?: string;
}

/** What may be said beside the request. */
export interface SubmitOptions {
  readonly deadline?: WallTime;
  /** normal when absent. */
  readonly priority?: OperationPriority;
  readonly idempotency?: Idempotency;
  /** strict: refused at once when the device, as it is registered, is expected to refuse it. */
  readonly validate?: 'strict';
}

/** What operations stand on. */
export interface OperationsParts {
  readonly queue: OperationQueue;
  readonly runner: OperationRunner;
  readonly ledger: Ledger;
  readonly keys: IdempotencyKeys;
  readonly store: Pick<FleetStore, 'operation' | 'operations'>;
  readonly directory: Directory;
  readonly changes: DeviceChanges;
  readonly dialects: Dialects;
  readonly agenda: Agenda;
  readonly clock: Clock;
  readonly ids: OperationIds;
  readonly settings: FleetSettings;
  readonly awakeWindow: AwakeWindow;
  readonly poke: (device: Device) => void;
}

/** What a submitted operation asks of those who carry it out; one for all of them. */
interface Progress {
  view(operation: LiveOperation): OperationView;
  waitingFor(operation: LiveOperation): WaitingFor | undefined;
  persist(operation: LiveOperation): Promise<OperationView>;
}

class SubmittedOperation implements Submitted {
  readonly #operation: LiveOperation;
  readonly #progress: Progress;

  constructor(operation: LiveOperation, progress: Progress) {
    this.#operation = operation;
    this.#progress = progress;
  }

  view(): OperationView {
    return this.#progress.view(this.#operation);
  }

  get waitingFor(): WaitingFor | undefined {
    return this.#progress.waitingFor(this.#operation);
  }

  get finished(): Promise<OperationView> {
    return this.#operation.finished().then((record) => operationView(record));
  }

  persist(): Promise<OperationView> {
    return this.#progress.persist(this.#operation);
  }
}

/** The operations of all devices. */
export class Operations {
  readonly counters = { operations_submitted: 0, operations_refused: 0, operations_repeated: 0 };
  readonly #parts: OperationsParts;
  readonly #progress: Progress = {
    view: (operation) => this.#view(operation),
    waitingFor: (operation) => this.#waitingFor(operation),
    persist: (operation) => this.#persist(operation),
  };

  constructor(parts: OperationsParts) {
    this.#parts = parts;
  }

  /**
   * Takes an operation in. Throws AppError `device_not_found`, `invalid_path`, `invalid_value`, `invalid_attributes`,
   * `invalid_deadline`, `not_encodable` what the device has no words for, `would_be_refused`, `queue_full`, `idempotency_conflict`, and what the
   * store refuses.
   */
  async submit(
    principal: Principal,
    endpoint: string,
    request: OperationRequest,
    more: SubmitOptions = {},
  ): Promise<Submitted> {
    const device = await this.#device(endpoint);
    permit(principal, permissionFor(request.kind), device.id);
    // Nothing is awaited between looking for the key and taking it: of two equal requests at once, one is the repetition.
    const repeated = this.#repeated(device, more.idempotency);
    if (repeated !== undefined) return this.#repeat(repeated);
    const operation = this.#admit(principal, device, request, more);
    if (!this.#isOnline(device)) await this.#accept(operation);
    this.#parts.poke(device);
    // When its turn did not come at once, it has a deadline to watch.
    if (isWaiting(operation)) {
      this.#parts.queue.wait(operation);
      this.#parts.agenda.due(operation.deadline);
    }
    return this.#submitted(operation);
  }

  /** One operation. Throws AppError(`operation_not_found`). */
  async get(principal: Principal, id: OperationId): Promise<OperationView> {
    const live = this.#parts.queue.get(id);
    if (live !== undefined) {
      permit(principal, 'operation:read', live.device.id);
      return this.#view(live);
    }
    const record = await this.#stored(id);
    permit(principal, 'operation:read', record?.device);
    if (record === undefined) throw operationNotFound(id);
    return operationView(record);
  }

  /** Operations of a device, newest first. Throws AppError `device_not_found`, `invalid_cursor`. */
  async list(principal: Principal, endpoint: string, query: OperationListQuery): Promise<Page<OperationView>> {
    const device = await this.#device(endpoint);
    permit(principal, 'operation:read', device.id);
    if (query.cursor !== undefined && !OPERATION_ID.test(query.cursor))
      throw new AppError('invalid_cursor', 'the cursor is not one that this list has given');
    const page = await this.#parts.store.operations(principal.scope, { ...query, device: device.id });
    const items = page.items.map((record) => {
      const live = this.#parts.queue.get(record.id);
      return live === undefined ? operationView(record) : this.#view(live);
    });
    return { ...page, items };
  }

  /** Takes a queued operation back. Throws AppError `operation_not_found`, `operation_not_cancellable`, and what the store refuses. */
  async cancel(principal: Principal, id: OperationId): Promise<OperationView> {
    const { queue, ledger, clock, poke } = this.#parts;
    const operation = queue.get(id);
    if (operation === undefined) {
      const record = await this.#stored(id);
      permit(principal, 'operation:write', record?.device);
      throw record === undefined ? operationNotFound(id) : notCancellable(record.state);
    }
    permit(principal, 'operation:write', operation.device.id);
    if (operation.phase !== 'waiting') throw notCancellable(operation.phase);
    queue.take(operation, 'settling');
    const final = cancelledRecord(operation.record, clock.wall());
    try {
      await ledger.save(operation, final, principal.actor);
    } catch (error) {
      if (operation.dropped === undefined) queue.wait(operation);
      poke(operation.device);
      throw error;
    }
    queue.remove(operation);
    operation.end(final);
    return operationView(final);
  }

  /** A device was deleted: its operations are gone with it. */
  removed(device: Device): void {
    const gone = new AppError('device_not_found', `the device "${device.endpoint}" was deleted while this waited`);
    for (const operation of [...this.#parts.queue.of(device)]) this.#parts.runner.drop(operation, gone);
  }

  /** Takes loaded operations in, oldest first; resolves when what was under way is put right in the store. */
  async restore(records: readonly Versioned<OperationRecord>[]): Promise<void> {
    const righted: Promise<void>[] = [];
    for (const { record, version } of records) {
      const { clock, directory, keys, queue } = this.#parts;
      const device = directory.byEndpoint(record.endpoint);
      if (device?.id !== record.device) continue;
      if (record.idempotency !== undefined) {
        const age = Math.max(0, clock.wall() - record.createdAt);
        keys.restore(record.idempotency, record, Instant(clock.now() - age));
      }
      if (record.state !== 'queued' && record.state !== 'sent') continue;
      const deadline = Instant(clock.now() + (record.deadline - clock.wall()));
      const operation = new LiveOperation(device, SYSTEM, record, version, deadline);
      queue.add(operation);
      if (record.state === 'queued') queue.wait(operation);
      else righted.push(this.#right(operation));
      if (righted.length >= RIGHTED_AT_ONCE) await Promise.all(righted.splice(0));
    }
    await Promise.all(righted);
  }

  /** Puts right an operation that was under way when the server went down. */
  async #right(operation: LiveOperation): Promise<void> {
    const { queue, ledger, clock } = this.#parts;
    queue.take(operation, 'settling');
    const next = restartedRecord(operation.record, clock.wall());
    await ledger.save(operation, next, SYSTEM);
    if (next.state === 'queued') {
      operation.record = next;
      queue.wait(operation);
    } else {
      queue.remove(operation);
      operation.end(next);
    }
  }

  #admit(principal: Principal, device: Device, request: OperationRequest, more: SubmitOptions): LiveOperation {
    const { queue, keys, dialects, clock, ids, settings } = this.#parts;
    const { dialect } = device;
    const asked = requestFrom(request, dialect?.model ?? dialects.anyModel);
    if (dialect !== undefined) checkSayable(asked, dialect.lwm2m);
    if (dialect !== undefined && more.validate === 'strict') refuseBeforehand(asked, dialect);
    const now = clock.now();
    const createdAt = clock.wall();
    const deadline = this.#deadline(more.deadline, createdAt);
    if (queue.of(device).length >= settings.queuePerDevice) throw this.#full(settings.queuePerDevice, 'of this device');
    this.#checkAttributes(device, asked);
    if (queue.size >= settings.queueTotal) throw this.#full(settings.queueTotal, 'of all devices');
    const { idempotency, priority } = more;
    const record: Writable<OperationRecord> = {
      id: ids.next(createdAt),
      device: device.id,
      endpoint: device.endpoint,
      request,
      state: 'queued',
      createdAt,
      deadline,
    };
    if (priority !== undefined && priority !== 'normal') record.priority = priority;
    if (idempotency !== undefined) record.idempotency = idempotency;
    if (idempotency !== undefined) keys.add(idempotency, record, now);
    const operation = new LiveOperation(device, principal.actor, record, 0, Instant(now + (deadline - createdAt)));
    queue.add(operation);
    this.counters.operations_submitted += 1;
    return operation;
  }

  #deadline(asked: WallTime | undefined, now: WallTime): WallTime {
    const { operationDeadline, maxDeadline } = this.#parts.settings;
    if (asked === undefined) return wallAfter(now, operationDeadline);
    if (asked > now && asked <= wallAfter(now, maxDeadline)) return asked;
    const latest = rfc3339(wallAfter(now, maxDeadline));
    const detail = `the deadline must lie in the future, at the latest at ${latest}`;
    throw new AppError('invalid_deadline', detail, { faults: [{ pointer: '/deadline', detail }] });
  }

  /** Attributes are kept for later registrations, of so many paths. */
  #checkAttributes({ attributes }: Device, asked: DeviceRequest): void {
    const limit = this.#parts.settings.attributesPerDevice;
    if (asked.kind !== 'writeAttributes' || attributes.length < limit) return;
    if (attributes.some(({ path }) => path === showPath(asked.path))) return;
    this.counters.operations_refused += 1;
    throw new AppError('queue_full', `attributes of ${limit} paths of this device are kept already: unset some first`);
  }

  #full(limit: number, whose: string): AppError {
    this.counters.operations_refused += 1;
    return new AppError('queue_full', `${limit} operations ${whose} are unfinished already`);
  }

  /** Stores an operation that has to wait, before anybody is told of it. */
  async #accept(operation: LiveOperation): Promise<void> {
    const { ledger, runner, poke } = this.#parts;
    operation.phase = 'accepting';
    try {
      await ledger.save(operation, operation.record, operation.actor);
    } catch (error) {
      runner.drop(operation, error instanceof Error ? error : new Error(String(error)));
      poke(operation.device);
      throw error;
    }
    if (operation.dropped !== undefined) throw operation.dropped;
    operation.phase = 'waiting';
  }

  /** The operation that the key has made already. Throws AppError(`idempotency_conflict`). */
  #repeated(device: Device, idempotency: Idempotency | undefined): OperationId | undefined {
    if (idempotency === undefined) return undefined;
    const { keys, clock, directory } = this.#parts;
    const entry = keys.find(idempotency.key, clock.now());
    // What a deleted device leaves behind counts no more.
    if (entry === undefined || directory.byEndpoint(entry.endpoint)?.id !== entry.device) return undefined;
    if (entry.device === device.id && entry.digest === idempotency.digest) return entry.operation;
    throw new AppError('idempotency_conflict', 'this Idempotency-Key was used with another request');
  }

  async #repeat(id: OperationId): Promise<Submitted> {
    this.counters.operations_repeated += 1;
    const live = this.#parts.queue.get(id);
    if (live !== undefined) {
      if (live.phase === 'accepting') await live.saving;
      return this.#submitted(live);
    }
    const record = await this.#stored(id);
    if (record === undefined) throw operationNotFound(id);
    const view = operationView(record);
    return {
      view: () => view,
      waitingFor: undefined,
      finished: Promise.resolve(view),
      persist: () => Promise.resolve(view),
    };
  }

  #submitted(operation: LiveOperation): Submitted {
    return new SubmittedOperation(operation, this.#progress);
  }

  async #persist(operation: LiveOperation): Promise<OperationView> {
    while (operation.saving !== undefined && operation.version === 0) await operation.saving.catch(() => {});
    if (operation.dropped !== undefined) throw operation.dropped;
    if (operation.version === 0) await this.#parts.ledger.save(operation, operation.record, operation.actor);
    return this.#view(operation);
  }

  /** A stored operation whose device is still there. */
  async #stored(id: OperationId): Promise<OperationRecord | undefined> {
    const record = (await this.#parts.store.operation(id))?.record;
    if (record === undefined) return undefined;
    return this.#parts.directory.byEndpoint(record.endpoint)?.id === record.device ? record : undefined;
  }

  /** The device of an endpoint; one that is being deleted is waited for. */
  async #device(endpoint: string): Promise<Device> {
    const { directory, changes } = this.#parts;
    if (directory.byEndpoint(endpoint)?.phase === 'removing') await changes.alone(endpoint, () => Promise.resolve());
    const device = directory.byEndpoint(endpoint);
    if (device === undefined) throw deviceNotFound(endpoint);
    return device;
  }

  /** Whether the device can be reached, or will be as soon as the answer to its registration has left. */
  #isOnline(device: Device): boolean {
    const { clock, awakeWindow } = this.#parts;
    return device.quiet || presenceOf(device, clock.now(), awakeWindow) === 'online';
  }

  #view(operation: LiveOperation): OperationView {
    const waitingFor = this.#waitingFor(operation);
    const contact = waitingFor === 'contact' ? nextContact(operation.device, this.#parts.clock) : undefined;
    return operationView(operation.record, waitingFor, contact);
  }

  #waitingFor(operation: LiveOperation): WaitingFor | undefined {
    if (operation.phase === 'ended') return undefined;
    if (operation.phase === 'running' || operation.phase === 'settling') return 'device';
    if (!this.#isOnline(operation.device)) return 'contact';
    return this.#parts.queue.first(operation.device) === operation ? 'device' : 'queue';
  }
}

/** Asked through a function, because what was called before may have changed it. */
function isWaiting(operation: LiveOperation): boolean {
  return operation.phase === 'waiting';
}

function operationNotFound(id: string): AppError {
  return new AppError('operation_not_found', `there is no operation ${id}`);
}

function notCancellable(state: string): AppError {
  return new AppError(
    'operation_not_cancellable',
    `only an operation that waits can be cancelled; this one is ${state}`,
  );
}

const SYSTEM = { kind: 'system' } as const;
/** What a cursor of a list of operations is: the id of the last one on the page before. */
const OPERATION_ID = /^[0-9a-f]{20}$/;
/** Commits under way at once while a start puts operations right. */
const RIGHTED_AT_ONCE = 256;
