/**
 * Carries operations out and finishes them. A write is committed as `sent` before its first datagram; a final state is shown
 * when it is durable; what the store refuses is either not stored at all yet, and then refused to its caller, or tried again.
 */

import { AppError, seconds } from '#base';
import type { Clock, Instant } from '#base';
import type { DeviceRequest, Outcome, PlacedNode } from '#lwm2m/model';
import type { Actor, DeviceRecord, OperationRecord, ValueSource } from '../model/index.js';
import { isWriteType } from '../model/index.js';
import type { Agenda, Timed } from '../devices/agenda.js';
import type { DeviceChanges, NextRecord } from '../devices/changes.js';
import type { Device } from '../devices/device.js';
import type { Dialects } from '../devices/dialects.js';
import { attributesAfter } from '../devices/kept-attributes.js';
import type { ValueRecorder } from '../devices/recorder.js';
import type { Exchange } from './exchange.js';
import type { Ledger } from './ledger.js';
import type { LiveOperation } from './live.js';
import type { OperationQueue } from './queue.js';
import { requestFrom, writtenNodes } from './requests.js';
import { expiredRecord, impossibleRecord, outcomeRecord, queuedRecord, sentRecord } from './steps.js';
import type { Work, WorkSource } from './workers.js';

/** What a runner stands on. */
export interface RunnerParts {
  readonly queue: OperationQueue;
  readonly ledger: Ledger;
  readonly exchange: Exchange;
  readonly values: ValueRecorder;
  readonly dialects: Dialects;
  readonly changes: DeviceChanges;
  readonly agenda: Agenda;
  readonly clock: Clock;
  readonly isReachable: (device: Device) => boolean;
  readonly isPresent: (device: Device) => Promise<boolean>;
  /** Looks again whether a device has work. */
  readonly poke: (device: Device) => void;
  /** An operation ended without a record: its idempotency key is free again. */
  readonly forget: (operation: LiveOperation) => void;
  readonly fault: (error: unknown) => void;
}

/** Values that a finished operation brought. */
interface Found {
  readonly nodes: readonly PlacedNode[];
  readonly source: ValueSource;
}

/** The one who carries operations out. */
export class OperationRunner implements WorkSource, Timed {
  readonly counters = { operations_finished: 0, operations_expired: 0, operations_dropped: 0, values_refused: 0 };
  readonly #parts: RunnerParts;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
  }

  next(device: Device): Work | undefined {
    const { queue, clock } = this.#parts;
    for (;;) {
      const operation = queue.first(device);
      if (operation?.phase !== 'waiting') return undefined;
      if (operation.deadline > clock.now()) return () => this.#carryOut(operation);
      this.#expire(operation);
    }
  }

  tick(now: Instant): void {
    const { queue } = this.#parts;
    for (let left = EXPIRIES_PER_TICK; left > 0; left -= 1) {
      const operation = queue.due(now);
      if (operation === undefined) return;
      this.#expire(operation);
    }
  }

  nextDeadline(): Instant | undefined {
    return this.#parts.queue.earliest();
  }

  /** Ends an operation without a record: its device was deleted, or the store refused what nobody was told of. */
  drop(operation: LiveOperation, error: Error): void {
    this.#parts.queue.remove(operation);
    operation.drop(error);
    this.#parts.forget(operation);
    this.counters.operations_dropped += 1;
  }

  async #carryOut(operation: LiveOperation): Promise<'go on' | 'stop'> {
    const { queue, ledger, exchange, dialects, clock, isReachable } = this.#parts;
    const { device, record } = operation;
    queue.take(operation, 'running');
    const request = this.#request(operation);
    if (request === undefined) return 'go on';
    const sent = sentRecord(record, clock.wall());
    if (isWriteType(record.request.kind)) {
      try {
        await ledger.save(operation, sent, operation.actor);
      } catch (error) {
        return this.#notSaved(operation, error);
      }
    }
    operation.record = sent;
    const { location } = device;
    const outcome = isReachable(device) ? await exchange.perform(device, request) : NOT_NOW;
    if (operation.dropped !== undefined) return 'go on';
    const model = (device.dialect ?? { model: dialects.anyModel }).model;
    const final = outcomeRecord(sent, outcome, clock.wall(), model);
    if (final === undefined) return this.#requeue(operation);
    if (outcome.kind === 'done') await this.#keepAttributes(operation, request, location);
    this.#finish(operation, final, deviceActor(device), foundBy(request, outcome));
    return 'go on';
  }

  /** The request, read against the device as it is registered now; undefined when it cannot be made, and then it failed. */
  #request(operation: LiveOperation): DeviceRequest | undefined {
    const { dialects, clock } = this.#parts;
    try {
      return requestFrom(operation.record.request, operation.device.dialect?.model ?? dialects.anyModel);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const why = { code: error.code, detail: error.message };
      this.#finish(operation, impossibleRecord(operation.record, clock.wall(), why), SYSTEM);
      return undefined;
    }
  }

  /** The store refused `sent`: nothing was sent. One that is stored waits and is tried again, another is refused. */
  #notSaved(operation: LiveOperation, error: unknown): 'stop' | 'go on' {
    if (!(error instanceof AppError)) throw error;
    if (operation.phase === 'ended') return 'go on';
    if (operation.version === 0) {
      this.drop(operation, error);
      return 'go on';
    }
    this.#parts.queue.wait(operation);
    return this.#later(operation.device);
  }

  /** Looks again at a device's work after a while. */
  #later(device: Device): 'stop' {
    const { agenda, poke, fault } = this.#parts;
    agenda
      .pause(TRY_AGAIN)
      .then(() => {
        poke(device);
      })
      .catch(fault);
    return 'stop';
  }

  /** Nothing has happened: it waits again, at its place. A record that says `sent` is put right by and by. */
  #requeue(operation: LiveOperation): 'stop' | 'go on' {
    const { queue, ledger, agenda, isReachable } = this.#parts;
    const stored = operation.version > 0 && isWriteType(operation.record.request.kind);
    operation.record = queuedRecord(operation.record);
    queue.wait(operation);
    agenda.due(operation.deadline);
    // Should this fail, the store says `sent` of what was not: after a kill it would be unknown, never repeated.
    if (stored) ledger.save(operation, operation.record, SYSTEM).catch(ignoreRefusal(this.#parts.fault));
    return isReachable(operation.device) ? this.#later(operation.device) : 'go on';
  }

  #expire(operation: LiveOperation): void {
    this.counters.operations_expired += 1;
    this.#finish(operation, expiredRecord(operation.record, this.#parts.clock.wall()), SYSTEM);
  }

  /** Commits a final state, and again until the store takes it; the device's next operation does not wait for that. */
  #finish(operation: LiveOperation, final: OperationRecord, actor: Actor, found?: Found): void {
    this.#parts.queue.take(operation, 'settling');
    this.#commitFinal(operation, final, actor, found).catch(this.#parts.fault);
  }

  async #commitFinal(operation: LiveOperation, final: OperationRecord, actor: Actor, found?: Found): Promise<void> {
    const { queue, ledger, agenda } = this.#parts;
    const recorded = found === undefined ? undefined : this.#record(operation, found, actor);
    for (;;) {
      try {
        await ledger.save(operation, final, actor);
        break;
      } catch (error) {
        if (operation.dropped !== undefined) return;
        if (!isTemporary(error)) throw error;
        if (operation.version === 0) {
          this.drop(operation, error);
          return;
        }
        await agenda.pause(TRY_AGAIN);
      }
    }
    await recorded;
    if (operation.dropped !== undefined) return;
    queue.remove(operation);
    operation.end(final);
    this.counters.operations_finished += 1;
  }

  /**
   * Keeps what attributes the device has now, to be written again in later registrations; before the operation has succeeded,
   * before the next one of the device, and again until the store takes it: they are promised by then.
   */
  async #keepAttributes(operation: LiveOperation, request: DeviceRequest, location: string | undefined): Promise<void> {
    const { changes, agenda } = this.#parts;
    const { device, actor } = operation;
    const next = (record: DeviceRecord): NextRecord | undefined => {
      // Another registration has begun meanwhile: the device has forgotten them already.
      const state = record.registration?.location === location ? 'written' : 'pending';
      const attributes = attributesAfter(device.attributes, request, state);
      if (attributes === device.attributes) return undefined;
      const { attributes: _before, ...rest } = record;
      const kept = attributes.length === 0 ? {} : { attributes };
      return { record: { ...rest, lastSeen: device.lastSeen, ...kept } };
    };
    while (device.phase !== 'removed' && attributesAfter(device.attributes, request, 'written') !== device.attributes) {
      try {
        await changes.change(device, actor, next);
        return;
      } catch (error) {
        if (!isTemporary(error)) throw error;
        await agenda.pause(TRY_AGAIN);
      }
    }
  }

  /** Values are written before the operation that brought them; when the store refuses them, only they are missing. */
  async #record(operation: LiveOperation, { nodes, source }: Found, actor: Actor): Promise<void> {
    const { values, dialects, isPresent } = this.#parts;
    const { device } = operation;
    if (device.phase === 'removing' && !(await isPresent(device))) return;
    const model = device.dialect?.model ?? dialects.anyModel;
    try {
      await values.record({ device: device.id, endpoint: device.endpoint, model, source, actor }, nodes);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.counters.values_refused += 1;
    }
  }
}

function foundBy(request: DeviceRequest, outcome: Outcome): Found | undefined {
  if (outcome.kind !== 'done') return undefined;
  if (request.kind === 'read' || request.kind === 'readComposite')
    return { nodes: outcome.nodes ?? [], source: 'read' };
  const nodes = writtenNodes(request, outcome.created);
  return nodes.length === 0 ? undefined : { nodes, source: 'write' };
}

function deviceActor(device: Device): Actor {
  return { kind: 'device', id: device.id };
}

/** Whether the store may take the same change a while later. */
function isTemporary(error: unknown): error is AppError {
  return error instanceof AppError && (error.code === 'store_busy' || error.code === 'store_unavailable');
}

function ignoreRefusal(fault: (error: unknown) => void): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof AppError)) fault(error);
  };
}

const SYSTEM: Actor = { kind: 'system' };
const NOT_NOW: Outcome = {
  kind: 'failed',
  reason: 'cancelled',
  detail: 'the device could not be reached any more',
  sent: 'no',
};
/** When a commit that the store refused is tried again. */
const TRY_AGAIN = seconds(1);
/** Operations expired in one tick; the rest in the next, at once. */
const EXPIRIES_PER_TICK = 500;
