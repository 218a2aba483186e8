/**
 * The states of an operation as pure steps: from what was asked and what came of it to the next record.
 *
 *   queued ──> sent ──> succeeded | failed | unknown
 *     │         └─> queued   (it never left, or it is a read: nothing has happened)
 *     └──> expired | cancelled
 */

import type { WallTime } from '#base';
import { FORMATS, nodeToJson, parsePath, selectNodes, showPath } from '#lwm2m/model';
import type { FormatName, JsonNode, ModelView, Outcome, Path, PlacedNode } from '#lwm2m/model';
import type { OperationError, OperationRecord, OperationResult, OperationState } from '../model/index.js';
import { isWriteType } from '../model/index.js';
import type { Writable } from '../devices/device.js';

/** The record when its request is about to leave. */
export function sentRecord(record: OperationRecord, at: WallTime): OperationRecord {
  const next = recordIn(record, 'sent');
  next.sentAt = at;
  return next;
}

/** The record when its request has not left after all, or asks again. */
export function queuedRecord(record: OperationRecord): OperationRecord {
  return recordIn(record, 'queued');
}

/** The record when the moment passed until which it could be sent. */
export function expiredRecord(record: OperationRecord, at: WallTime): OperationRecord {
  return ended(record, 'expired', at, { code: 'expired', detail: 'the device was not reached before the deadline' });
}

/** The record when its caller took it back. */
export function cancelledRecord(record: OperationRecord, at: WallTime): OperationRecord {
  return ended(record, 'cancelled', at, { code: 'cancelled', detail: 'it was cancelled before it was sent' });
}

/** The record when its request cannot be made for the device as it is registered now. */
export function impossibleRecord(record: OperationRecord, at: WallTime, error: OperationError): OperationRecord {
  return ended(record, 'failed', at, error);
}

/** What a start makes of a record that was under way: a read asks again, a write's outcome is not known. */
export function restartedRecord(record: OperationRecord, at: WallTime): OperationRecord {
  if (!isWriteType(record.request.kind)) return queuedRecord(record);
  const detail = 'the server was restarted while the device had the request';
  return ended(record, 'unknown', at, { code: 'restarted', detail });
}

/** What an outcome makes of a record that was sent; undefined: it goes back to the queue, because nothing has happened. */
export function outcomeRecord(
  record: OperationRecord,
  outcome: Outcome,
  at: WallTime,
  model: ModelView,
): OperationRecord | undefined {
  switch (outcome.kind) {
    case 'done':
      return finished(record, 'succeeded', at, resultOf(record, outcome, model));
    case 'refused': {
      const error = { code: 'device_refused', coapCode: showCode(outcome.code), detail: outcome.detail };
      return ended(record, 'failed', at, error);
    }
    case 'failed': {
      const mayHaveHappened = isWriteType(record.request.kind) && outcome.sent === 'yes';
      if (outcome.reason === 'cancelled' && !mayHaveHappened) return undefined;
      const error = { code: FAILURES[outcome.reason], detail: outcome.detail };
      return ended(record, mayHaveHappened ? 'unknown' : 'failed', at, error);
    }
  }
}

/** A CoAP code as text, such as `4.05`. */
export function showCode(code: number): string {
  return `${code >> 5}.${String(code & 0x1f).padStart(2, '0')}`;
}

/** Of several nodes with times the one with the latest. */
export function latestNode(nodes: readonly PlacedNode[]): PlacedNode | undefined {
  let latest = nodes[0];
  for (const node of nodes) {
    if (latest !== undefined && (node.time ?? Number.POSITIVE_INFINITY) >= (latest.time ?? Number.POSITIVE_INFINITY)) {
      latest = node;
    }
  }
  return latest;
}

function resultOf(
  { request }: OperationRecord,
  outcome: Outcome & { readonly kind: 'done' },
  model: ModelView,
): OperationResult {
  const { format, nodes, links, created } = outcome;
  const result: Writable<OperationResult> = { coapCode: showCode(outcome.code) };
  const name = format === undefined ? undefined : FORMAT_NAMES.get(format);
  const composite = request.kind === 'readComposite' && nodes !== undefined;
  const placed = nodes === undefined || composite ? undefined : latestNode(nodes);
  if (name !== undefined) result.format = name;
  if (placed !== undefined) result.node = nodeToJson(placed.path, placed.node, model);
  if (composite) result.nodes = nodesByPath(request.paths.map(parsePath), nodes, model);
  if (links !== undefined) result.links = links;
  if (created !== undefined) result.path = showPath(created);
  return result;
}

function nodesByPath(
  paths: readonly Path[],
  objects: readonly PlacedNode[],
  model: ModelView,
): Readonly<Record<string, JsonNode>> {
  const found: Record<string, JsonNode> = {};
  for (const { path, node } of selectNodes(paths, objects)) found[showPath(path)] = nodeToJson(path, node, model);
  return found;
}

function ended(
  record: OperationRecord,
  state: 'failed' | 'unknown' | 'expired' | 'cancelled',
  finishedAt: WallTime,
  error: OperationError,
): OperationRecord {
  const next = finished(record, state, finishedAt, undefined);
  next.error = error;
  return next;
}

function finished(
  record: OperationRecord,
  state: OperationState,
  finishedAt: WallTime,
  result: OperationResult | undefined,
): Writable<OperationRecord> {
  const next = recordIn(record, state);
  if (record.sentAt !== undefined) next.sentAt = record.sentAt;
  next.finishedAt = finishedAt;
  if (result !== undefined) next.result = result;
  return next;
}

/** What was asked, in another state. Member by member, which is several times quicker than spreading. */
function recordIn(record: OperationRecord, state: OperationState): Writable<OperationRecord> {
  const { id, device, endpoint, request, priority, createdAt, deadline, idempotency } = record;
  const next: Writable<OperationRecord> = { id, device, endpoint, request, state, createdAt, deadline };
  if (priority !== undefined) next.priority = priority;
  if (idempotency !== undefined) next.idempotency = idempotency;
  return next;
}

/** Codes of failures, by reason. */
export const FAILURES: Readonly<Record<(Outcome & { kind: 'failed' })['reason'], string>> = {
  timeout: 'device_timeout',
  unreachable: 'device_unreachable',
  reset: 'device_reset',
  bad_answer: 'device_bad_answer',
  too_large: 'device_bad_answer',
  bad_request: 'not_encodable',
  busy: 'device_busy',
  cancelled: 'device_gone',
};
const FORMAT_NAMES: ReadonlyMap<number, FormatName> = new Map(
  Object.entries(FORMATS).map(([name, number]) => [number, name as FormatName]),
);
