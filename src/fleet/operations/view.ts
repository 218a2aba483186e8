/** An operation in the shape of the API. */

import { rfc3339 } from '#base';
import type { FormatName, JsonValue } from '#lwm2m/model';
import type { OperationError, OperationId, OperationKind, OperationRecord } from '../model/index.js';
import type { OperationResult, OperationState } from '../model/index.js';

/** device: it has the request or is about to get it; contact: it must be heard first; queue: others of the device go before. */
export type WaitingFor = 'device' | 'contact' | 'queue';

/** An operation as shown; times are RFC 3339. */
export interface OperationView {
  readonly id: OperationId;
  readonly endpoint: string;
  readonly kind: OperationKind;
  readonly path: string;
  /** What was asked beside kind and path, as it was asked. */
  readonly value?: JsonValue;
  readonly mode?: 'replace' | 'update';
  readonly arguments?: string;
  readonly attributes?: Readonly<Record<string, number | null>>;
  readonly instance?: number;
  readonly depth?: number;
  readonly format?: FormatName;
  readonly state: OperationState;
  /** Absent when it is finished. */
  readonly waitingFor?: WaitingFor;
  readonly createdAt: string;
  readonly sentAt?: string;
  readonly finishedAt?: string;
  readonly deadline: string;
  readonly result?: OperationResult;
  readonly error?: OperationError;
}

/** An operation as shown; `waitingFor` only when it is not finished. */
export function operationView(record: OperationRecord, waitingFor?: WaitingFor): OperationView {
  const { id, endpoint, request, state, createdAt, sentAt, finishedAt, deadline, result, error } = record;
  return {
    id,
    endpoint,
    ...request,
    state,
    ...(waitingFor !== undefined && { waitingFor }),
    createdAt: rfc3339(createdAt),
    ...(sentAt !== undefined && { sentAt: rfc3339(sentAt) }),
    ...(finishedAt !== undefined && { finishedAt: rfc3339(finishedAt) }),
    deadline: rfc3339(deadline),
    ...(result !== undefined && { result }),
    ...(error !== undefined && { error }),
  };
}
