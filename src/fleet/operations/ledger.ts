/** Commits operations: of one operation one commit at a time, each on the version that the one before it made. */

import type { Commits } from '../access/commits.js';
import type { Actor, OperationRecord, OperationRequest } from '../model/index.js';
import { isFinished } from '../model/index.js';
import { deviceEvent } from '../devices/changes.js';
import type { DeviceChanges } from '../devices/changes.js';
import type { LiveOperation } from './live.js';

/** The way of operations to the store. */
export class Ledger {
  readonly #commits: Commits;
  readonly #changes: DeviceChanges;

  constructor(commits: Commits, changes: DeviceChanges) {
    this.#commits = commits;
    this.#changes = changes;
  }

  /** Commits a record of an operation; a final one tells `operation.finished`. Rejects as `FleetStore`, and with why it was dropped. */
  save(operation: LiveOperation, record: OperationRecord, actor: Actor): Promise<void> {
    operation.saves += 1;
    const mine = this.#commit(operation, operation.saving, record, actor);
    operation.saving = mine;
    return mine;
  }

  async #commit(
    operation: LiveOperation,
    before: Promise<void> | undefined,
    record: OperationRecord,
    actor: Actor,
  ): Promise<void> {
    try {
      if (before !== undefined) await before.catch(() => {});
      if (operation.device.phase === 'removing') await this.#changes.isPresent(operation.device);
      if (operation.dropped !== undefined) throw operation.dropped;
      const events = isFinished(record.state) ? [finishedEvent(record)] : [];
      const receipt = await this.#commits.operation(operation.id, operation.version, record, { actor, events });
      operation.version = receipt.version;
    } finally {
      operation.saves -= 1;
      if (operation.saves === 0) operation.saving = undefined;
    }
  }
}

function placeOf(request: OperationRequest): { readonly path: string } | { readonly paths: readonly string[] } {
  switch (request.kind) {
    case 'readComposite':
      return { paths: request.paths };
    case 'writeComposite':
      return { paths: Object.keys(request.value) };
    default:
      return { path: request.path };
  }
}

function finishedEvent(record: OperationRecord): ReturnType<typeof deviceEvent> {
  const device = { id: record.device, endpoint: record.endpoint };
  const at = record.finishedAt ?? record.createdAt;
  return deviceEvent('operation.finished', device, at, {
    id: record.id,
    kind: record.request.kind,
    ...placeOf(record.request),
    state: record.state,
    ...(record.error !== undefined && { error: { ...record.error } }),
  });
}
