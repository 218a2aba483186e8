/** An operation in the shape of the API. */

import { rfc3339 } from '#base';
import type { WallTime } from '#base';
import type { Writable } from '../devices/device.js';
import type { JsonValue, ReadFormat } from '#lwm2m/model';
import type { OperationError, OperationId, OperationKind, OperationPriority } from '../model/index.js';
import type { OperationRecord, OperationResult, OperationState } from '../model/index.js';

/** device: it has the request or is about to get it; contact: it must be heard first; queue: others of the device go before. */
export type WaitingFor = 'device' | 'contact' | 'queue';

/** An operation as shown; times are RFC 3339. */
export interface OperationView {
  readonly id: OperationId;
  readonly endpoint: string;
  readonly kind: OperationKind;
  /** Of a request about one path. */
  readonly path?: string | undefined;
  /** Of a composite read. */
  readonly paths?: readonly string[];
  /** What was asked beside kind and path, as it was asked. */
  readonly value?: JsonValue;
  readonly mode?: 'replace' | 'update';
  readonly arguments?: string;
  readonly attributes?: Readonly<Record<string, number | null>>;
  readonly instance?: number;
  readonly depth?: number;
  readonly format?: ReadFormat;
  readonly priority: OperationPriority;
  readonly state: OperationState;
  /** Absent when it is finished. */
  readonly waitingFor?: WaitingFor;
  /** When the device that it waits for is to be heard at the latest; absent when nothing binds the device. */
  readonly nextExpectedContact?: string;
  readonly createdAt: string;
  readonly sentAt?: string;
  readonly finishedAt?: string;
  readonly deadline: string;
  readonly result?: OperationResult;
  readonly error?: OperationError;
}

/** An operation as shown; `waitingFor` only when it is not finished, `contact` (when one is expected) only when it waits for that. */
export function operationView(record: OperationRecord, waitingFor?: WaitingFor, contact?: WallTime): OperationView {
  const { id, endpoint, request, state, sentAt, finishedAt, result, error } = record;
  const createdAt = rfc3339(record.createdAt);
  const deadline = rfc3339(record.deadline);
  const view: Writable<OperationView> = {
    id,
    endpoint,
    kind: request.kind,
    path: 'path' in request ? request.path : undefined,
    priority: record.priority ?? 'normal',
    state,
    createdAt,
    deadline,
  };
  copyAsked(request, view);
  if (waitingFor !== undefined) view.waitingFor = waitingFor;
  if (contact !== undefined) view.nextExpectedContact = rfc3339(contact);
  if (sentAt !== undefined) view.sentAt = rfc3339(sentAt);
  if (finishedAt !== undefined) view.finishedAt = rfc3339(finishedAt);
  if (result !== undefined) view.result = result;
  if (error !== undefined) view.error = error;
  return view;
}

/** What was asked beside kind and path; each kind of request has some of it. */
type Asked = Pick<
  OperationView,
  'kind' | 'paths' | 'value' | 'mode' | 'arguments' | 'attributes' | 'instance' | 'depth' | 'format'
>;

function copyAsked(request: Asked, view: Writable<Asked>): void {
  if (request.paths !== undefined) view.paths = request.paths;
  if (request.format !== undefined) view.format = request.format;
  if (request.value !== undefined) view.value = request.value;
  if (request.mode !== undefined) view.mode = request.mode;
  if (request.arguments !== undefined) view.arguments = request.arguments;
  if (request.attributes !== undefined) view.attributes = request.attributes;
  if (request.instance !== undefined) view.instance = request.instance;
  if (request.depth !== undefined) view.depth = request.depth;
}
