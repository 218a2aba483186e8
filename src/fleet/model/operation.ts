/**
 * An operation: one request to one device, remembered from the moment it was accepted. The record holds what the caller
 * sent and what came of it in the JSON shapes of the API, so that it outlives the code that made it.
 *
 *   queued ──> sent ──> succeeded | failed | unknown
 *     └──────────────> expired | cancelled
 *
 * `unknown`: it was sent and its outcome is not known; it is never guessed and never blindly repeated.
 */

import type { JsonNode, JsonValue, DiscoveredLink, FormatName, ReadFormat } from '#lwm2m/model';
import type { WallTime } from '#base';
import type { DeviceId } from './device.js';

declare const operationId: unique symbol;

/**
 * Id of an operation: 20 hex digits: 11 of the millisecond, 2 of the node number (today 00), 7 of a counter. Ids made later
 * sort later, over restarts too.
 */
export type OperationId = string & { readonly [operationId]: true };

/** Marks text as an OperationId. */
export function OperationId(text: string): OperationId {
  return text as OperationId;
}

/** What an operation asks, in the words of the API; `format` is the caller's choice. */
export type OperationRequest =
  | { readonly kind: 'read'; readonly path: string; readonly format?: ReadFormat }
  | { readonly kind: 'discover'; readonly path: string; readonly depth?: number }
  | {
      readonly kind: 'write';
      readonly path: string;
      readonly mode: 'replace' | 'update';
      readonly value: JsonValue;
      readonly format?: FormatName;
    }
  | {
      readonly kind: 'writeAttributes';
      readonly path: string;
      readonly attributes: Readonly<Record<string, number | null>>;
    }
  | { readonly kind: 'execute'; readonly path: string; readonly arguments?: string }
  | {
      readonly kind: 'create';
      readonly path: string;
      readonly instance?: number;
      readonly value: JsonValue;
      readonly format?: FormatName;
    }
  | { readonly kind: 'delete'; readonly path: string }
  | { readonly kind: 'readComposite'; readonly paths: readonly string[]; readonly format?: FormatName }
  | {
      readonly kind: 'writeComposite';
      /** Values by path; null removes a resource instance (LwM2M 1.2). */
      readonly value: Readonly<Record<string, JsonValue>>;
      readonly format?: FormatName;
    };

/** All kinds of operations. */
export const OPERATION_KINDS = [
  'read',
  'discover',
  'write',
  'writeAttributes',
  'execute',
  'create',
  'delete',
  'readComposite',
  'writeComposite',
] as const satisfies readonly OperationRequest['kind'][];
/** Kind of an operation; a kind that is missing above is an error wherever a request's kind is taken for one. */
export type OperationKind = (typeof OPERATION_KINDS)[number];

/** All priorities, the most urgent first: of what waits for a device, the more urgent goes first, then the older. */
export const OPERATION_PRIORITIES = ['high', 'normal', 'low'] as const;
/** Priority of an operation. */
export type OperationPriority = (typeof OPERATION_PRIORITIES)[number];

/** All states. */
export const OPERATION_STATES = ['queued', 'sent', 'succeeded', 'failed', 'expired', 'cancelled', 'unknown'] as const;
/** State of an operation. */
export type OperationState = (typeof OPERATION_STATES)[number];

/** What a device answered. */
export interface OperationResult {
  /** Such as `2.05`. */
  readonly coapCode: string;
  readonly format?: FormatName;
  /** Of a read. */
  readonly node?: JsonNode;
  /** Of a composite read: what stands at each path; a path at which nothing is, is not there. */
  readonly nodes?: Readonly<Record<string, JsonNode>>;
  /** Of a discover. */
  readonly links?: readonly DiscoveredLink[];
  /** Of a create: path of the new instance. */
  readonly path?: string;
}

/** Why an operation did not succeed. Codes: device_refused, device_timeout, device_unreachable, device_reset, device_bad_answer, device_busy, expired, cancelled, restarted, deregistered. */
export interface OperationError {
  readonly code: string;
  readonly coapCode?: string;
  readonly detail: string;
}

/** An operation as stored. */
export interface OperationRecord {
  readonly id: OperationId;
  readonly device: DeviceId;
  readonly endpoint: string;
  readonly request: OperationRequest;
  /** normal when absent. */
  readonly priority?: OperationPriority;
  readonly state: OperationState;
  readonly createdAt: WallTime;
  readonly sentAt?: WallTime;
  readonly finishedAt?: WallTime;
  /** Not sent after this moment; a queued operation expires then. */
  readonly deadline: WallTime;
  readonly result?: OperationResult;
  readonly error?: OperationError;
  /** Idempotency-Key of the request that made it, with a digest of its body; good for 24 h. */
  readonly idempotency?: { readonly key: string; readonly digest: string };
}

/** Place of an operation's priority among all of them: the lower goes first. */
export function rankOf({ priority = 'normal' }: Pick<OperationRecord, 'priority'>): number {
  return OPERATION_PRIORITIES.indexOf(priority);
}

/** Whether an operation in this state will never change again. */
export function isFinished(state: OperationState): boolean {
  return state !== 'queued' && state !== 'sent';
}

/** Whether a request of this kind changes the device: committed as `sent` before its first datagram, and never repeated blindly. */
export function isWriteType(kind: OperationKind): boolean {
  return kind !== 'read' && kind !== 'discover' && kind !== 'readComposite';
}
