/** Operations: ordered, listed, looked at, cancelled. */

import { createHash } from 'node:crypto';

import { AppError, WallTime } from '#base';
import type { OperationView } from '#fleet';
import {
  OPERATION_PRIORITIES,
  OPERATION_STATES,
  OperationId,
  type OperationPriority,
  type OperationRequest,
  type OperationState,
} from '#fleet/model';

import { endpointOf } from '../names.js';
import { checkMatch } from '../preconditions.js';
import type { Context, Route } from '../route.js';
import { OPERATION_INPUT, PAGING, VALIDATE, pageOf, ref } from '../schemas.js';
import { settle, waitOf } from '../wait.js';

/** Rows of the table. */
export const OPERATION_ROUTES: readonly Route[] = [
  {
    method: 'post',
    path: '/devices/{endpoint}/operations',
    id: 'createOperation',
    summary: 'Order an operation',
    permission: 'operation:write',
    query: { validate: VALIDATE },
    headers: {
      Prefer: 'wait=N: seconds to wait for the outcome (default 10, 0 allowed).',
      'Idempotency-Key': 'The same key within 24 h gives the same operation; with another request 422.',
    },
    bodyKind: 'json',
    body: OPERATION_INPUT,
    answers: {
      200: { description: 'The finished operation, whatever its state.', schema: ref('Operation') },
      202: { description: 'It is not finished; Location names it.', schema: ref('Operation') },
    },
    problems: [
      'device_not_found',
      'invalid_path',
      'invalid_value',
      'invalid_arguments',
      'invalid_attributes',
      'invalid_deadline',
      'not_encodable',
      'would_be_refused',
      'queue_full',
      'idempotency_conflict',
    ],
    handler: async (context) => {
      const wait = waitOf(context.headers.prefer);
      const { deadline, priority, ...request } = context.body as OperationRequest & {
        deadline?: string;
        priority?: OperationPriority;
      };
      const submitted = await context.fleet.operations.submit(
        context.principal,
        endpointOf(context.params['endpoint'] ?? ''),
        request,
        {
          ...(deadline === undefined ? {} : { deadline: timeOf(deadline) }),
          ...(priority === undefined ? {} : { priority }),
          ...idempotencyOf(context),
          ...validateOf(context),
        },
      );
      const { done, operation } = await settle(submitted, wait, context.onGone);
      return done === 'yes'
        ? { status: 200, body: operation }
        : { status: 202, body: operation, headers: { location: locationOf(operation.id) } };
    },
  },
  {
    method: 'get',
    path: '/devices/{endpoint}/operations',
    id: 'listOperations',
    summary: 'List the operations of a device, newest first',
    permission: 'operation:read',
    query: { ...PAGING, state: { type: 'string', maxLength: 128, description: 'Only these states, with commas.' } },
    answers: { 200: { description: 'A page of operations.', schema: pageOf('Operation') } },
    problems: ['device_not_found', 'invalid_cursor'],
    handler: async ({ fleet, principal, params, query }) => ({
      status: 200,
      body: await fleet.operations.list(principal, endpointOf(params['endpoint'] ?? ''), {
        limit: Number(query['limit']),
        ...(query['cursor'] === undefined ? {} : { cursor: String(query['cursor']) }),
        ...(query['state'] === undefined ? {} : { states: statesOf(String(query['state'])) }),
      }),
    }),
  },
  {
    method: 'get',
    path: '/operations/{id}',
    id: 'getOperation',
    summary: 'One operation',
    permission: 'operation:read',
    answers: { 200: { description: 'The operation.', schema: ref('Operation') } },
    problems: ['operation_not_found'],
    handler: async ({ fleet, principal, params }) => {
      const operation = await fleet.operations.get(principal, OperationId(params['id'] ?? ''));
      return { status: 200, body: operation, headers: { etag: operationEtag(operation) } };
    },
  },
  {
    method: 'delete',
    path: '/operations/{id}',
    id: 'cancelOperation',
    summary: 'Cancel a queued operation',
    permission: 'operation:write',
    answers: { 200: { description: 'The cancelled operation.', schema: ref('Operation') } },
    headers: { 'If-Match': 'ETag the operation must still have.' },
    problems: ['operation_not_found', 'operation_not_cancellable', 'precondition_failed'],
    handler: async ({ fleet, principal, params, headers }) => {
      const id = OperationId(params['id'] ?? '');
      if (headers['if-match'] !== undefined)
        checkMatch(headers, operationEtag(await fleet.operations.get(principal, id)), 'the operation');
      return { status: 200, body: await fleet.operations.cancel(principal, id) };
    },
  },
];

/** Where an operation is. */
export function locationOf(id: string): string {
  return `/api/v1/operations/${id}`;
}

/** The Idempotency-Key of a request with a digest of what it asks. Throws AppError(`invalid_header`). */
export function idempotencyOf(context: Context): { idempotency?: { key: string; digest: string } } {
  const key = context.headers['idempotency-key'];
  if (key === undefined) return {};
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,128}$/.test(key)) {
    throw new AppError('invalid_header', 'Idempotency-Key must be 1 to 128 printable ASCII characters without blanks');
  }
  const { route, params, query } = context;
  const endpoint = endpointOf(params['endpoint'] ?? '');
  const digest = createHash('sha256')
    .update(JSON.stringify([route.id, { ...params, endpoint }, query]))
    .update('\n')
    .update(context.bytes)
    .digest('base64url');
  return { idempotency: { key, digest } };
}

/** Whether what is ordered is to be validated first. */
export function validateOf({ query }: Context): { validate?: 'strict' } {
  return query['validate'] === 'strict' ? { validate: 'strict' } : {};
}

/** How urgent the query says an operation is. */
export function priorityOf({ query }: Context): { priority?: OperationPriority } {
  const priority = OPERATION_PRIORITIES.find((one) => one === query['priority']);
  return priority === undefined ? {} : { priority };
}

/** A strong ETag of a body. */
export function etagOf(body: unknown): string {
  return `"${createHash('sha256').update(JSON.stringify(body)).digest('base64url').slice(0, 22)}"`;
}

/** When the device is expected is no state of the operation. */
function operationEtag({ nextExpectedContact: _expected, ...operation }: OperationView): string {
  return etagOf(operation);
}

function timeOf(text: string): WallTime {
  const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/i.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isNaN(time)) {
    throw new AppError('invalid_deadline', 'the deadline is not a time', {
      faults: [{ pointer: '/deadline', detail: 'must be RFC 3339, such as 2026-01-31T12:00:00Z' }],
    });
  }
  return WallTime(time);
}

function statesOf(text: string): OperationState[] {
  return text.split(',').map((name) => {
    const state = OPERATION_STATES.find((other) => other === name);
    if (state === undefined) {
      throw new AppError('invalid_query', `there is no state "${name}"`, {
        faults: [{ pointer: '/state', detail: `must be of ${OPERATION_STATES.join(', ')}` }],
      });
    }
    return state;
  });
}
