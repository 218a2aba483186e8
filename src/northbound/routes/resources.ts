/**
 * The short forms: `/devices/{endpoint}/resources/…` read the last known value or the device itself, write, execute,
 * create and delete. A refusal of the device is a problem here, not an operation.
 */

import { AppError } from '#base';
import type { OperationView } from '#fleet';
import type { OperationRequest } from '#fleet/model';
import { parsePath, type JsonValue, type Path } from '#lwm2m/model';

import { endpointOf } from '../names.js';
import type { Context, Reply, Route, Schema } from '../route.js';
import { EXECUTE_OR_CREATE_INPUT, FORMAT, PRIORITY, READ_FORMAT, ref, VALIDATE, VALUE_INPUT } from '../schemas.js';
import { settle, waitOf } from '../wait.js';
import { idempotencyOf, locationOf, priorityOf, validateOf } from './operations.js';

const LEVELS = [
  '{object}',
  '{object}/{instance}',
  '{object}/{instance}/{resource}',
  '{object}/{instance}/{resource}/{resourceInstance}',
];
const NAMES = ['Object', 'Instance', 'Resource', 'ResourceInstance'];

const PREFER = { Prefer: 'wait=N: seconds to wait for the outcome (default 10, 0 allowed).' };
const KEYED = {
  ...PREFER,
  'Idempotency-Key': 'The same key within 24 h gives the same operation; with another request 422.',
};
const READ_QUERY: Readonly<Record<string, Schema>> = { format: READ_FORMAT, priority: PRIORITY };
const DELETE_QUERY: Readonly<Record<string, Schema>> = { priority: PRIORITY, validate: VALIDATE };
const CHANGE_QUERY: Readonly<Record<string, Schema>> = { format: FORMAT, priority: PRIORITY, validate: VALIDATE };
const DEVICE_PROBLEMS = [
  'device_not_found',
  'invalid_path',
  'not_encodable',
  'queue_full',
  'device_refused',
  'device_unreachable',
  'device_reset',
  'device_bad_answer',
  'device_busy',
  'device_gone',
  'device_timeout',
  'operation_cancelled',
];
const FINISHED = {
  200: { description: 'The finished operation.', schema: ref('Operation') },
  202: { description: 'It is not finished; Location names the operation.', schema: ref('Operation') },
};

/** Rows of the table, for each level. */
export const RESOURCE_ROUTES: readonly Route[] = LEVELS.flatMap((level, index) =>
  routesAt(`/devices/{endpoint}/resources/${level}`, index),
);

function routesAt(path: string, index: number): Route[] {
  const name = NAMES[index] ?? '';
  const rows: Route[] = [
    {
      method: 'get',
      path,
      id: `get${name}`,
      summary: 'The last known value, or with live=true the value read now',
      permission: 'operation:read',
      query: { ...READ_QUERY, live: { type: 'boolean', default: false, description: 'Read from the device now.' } },
      headers: PREFER,
      answers: {
        200: {
          description: 'The node, with reportedAt, receivedAt and source on every resource.',
          schema: ref('Node'),
        },
        202: {
          description: 'The device has not answered yet; Location names the operation.',
          schema: ref('Operation'),
        },
      },
      problems: ['no_value', ...DEVICE_PROBLEMS],
      handler: readNode,
    },
  ];
  if (index >= 1) {
    rows.push(writeRoute('put', path, `replace${name}`, 'Write, replacing what is there', 'replace'));
    if (index <= 2)
      rows.push(writeRoute('patch', path, `update${name}`, 'Write, changing only what is given', 'update'));
    rows.push(deleteRoute(path, `delete${name}`));
  }
  if (index === 0) rows.push(postRoute(path, 'createInstance', 'Create an instance'));
  if (index === 2) rows.push(postRoute(path, 'executeResource', 'Execute'));
  return rows;
}

function writeRoute(
  method: 'put' | 'patch',
  path: string,
  id: string,
  summary: string,
  mode: 'replace' | 'update',
): Route {
  return {
    method,
    path,
    id,
    summary,
    permission: 'operation:write',
    query: CHANGE_QUERY,
    headers: KEYED,
    bodyKind: 'json',
    body: VALUE_INPUT,
    answers: FINISHED,
    problems: ['invalid_value', 'would_be_refused', 'idempotency_conflict', ...DEVICE_PROBLEMS],
    handler: (context) => {
      const { value } = context.body as { value: never };
      return order(context, { kind: 'write', path: pathText(context), mode, value, ...formatOf(context) });
    },
  };
}

function deleteRoute(path: string, id: string): Route {
  return {
    method: 'delete',
    path,
    id,
    summary: 'Delete on the device',
    permission: 'operation:write',
    query: DELETE_QUERY,
    headers: KEYED,
    answers: FINISHED,
    problems: ['would_be_refused', ...DEVICE_PROBLEMS],
    handler: (context) => order(context, { kind: 'delete', path: pathText(context) }),
  };
}

function postRoute(path: string, id: string, summary: string): Route {
  return {
    method: 'post',
    path,
    id,
    summary,
    permission: 'operation:write',
    query: CHANGE_QUERY,
    headers: KEYED,
    bodyKind: 'optional-json',
    body: EXECUTE_OR_CREATE_INPUT,
    answers: FINISHED,
    problems: ['invalid_value', 'invalid_arguments', 'would_be_refused', 'idempotency_conflict', ...DEVICE_PROBLEMS],
    handler: (context) => order(context, id === 'executeResource' ? executeOf(context) : createOf(context)),
  };
}

async function readNode(context: Context): Promise<Reply> {
  const { fleet, principal, query } = context;
  const endpoint = endpointOf(context.params['endpoint'] ?? '');
  const path = pathOf(context);
  const wait = waitOf(context.headers.prefer);
  if (query['live'] !== true) return { status: 200, body: await fleet.values.get(principal, endpoint, path) };
  const submitted = await fleet.operations.submit(
    principal,
    endpoint,
    { kind: 'read', path: pathText(context), ...formatOf(context) },
    priorityOf(context),
  );
  const { done, operation } = await settle(submitted, wait, context.onGone);
  if (done === 'no') return { status: 202, body: operation, headers: { location: locationOf(operation.id) } };
  if (operation.state !== 'succeeded') throw problemOfOperation(operation);
  return { status: 200, body: stamp(operation.result?.node ?? {}, operation.finishedAt) };
}

async function order(context: Context, request: OperationRequest): Promise<Reply> {
  const wait = waitOf(context.headers.prefer);
  const endpoint = endpointOf(context.params['endpoint'] ?? '');
  const submitted = await context.fleet.operations.submit(context.principal, endpoint, request, {
    ...idempotencyOf(context),
    ...priorityOf(context),
    ...validateOf(context),
  });
  const { done, operation } = await settle(submitted, wait, context.onGone);
  if (done === 'no') return { status: 202, body: operation, headers: { location: locationOf(operation.id) } };
  if (operation.state !== 'succeeded') throw problemOfOperation(operation);
  return { status: 200, body: operation };
}

function executeOf(context: Context): OperationRequest {
  const body = (context.body ?? {}) as { arguments?: string };
  refuseMembers(body, ['arguments']);
  return {
    kind: 'execute',
    path: pathText(context),
    ...(body.arguments === undefined ? {} : { arguments: body.arguments }),
  };
}

function createOf(context: Context): OperationRequest {
  const body = (context.body ?? {}) as { instance?: number; value?: JsonValue };
  refuseMembers(body, ['instance', 'value']);
  if (body.value === undefined) {
    throw new AppError('invalid_body', 'a create needs a value', {
      faults: [{ pointer: '/value', detail: 'is missing' }],
    });
  }
  const instance = body.instance === undefined ? {} : { instance: body.instance };
  return { kind: 'create', path: pathText(context), value: body.value, ...instance, ...formatOf(context) };
}

function refuseMembers(body: object, allowed: readonly string[]): void {
  const faults = Object.keys(body)
    .filter((name) => !allowed.includes(name))
    .map((name) => ({ pointer: `/${name}`, detail: 'is not known here' }));
  if (faults.length > 0)
    throw new AppError('invalid_body', `the body does not fit: ${faults[0]?.pointer ?? ''} is not known here`, {
      faults,
    });
}

function formatOf(context: Context): { format?: never } {
  return context.query['format'] === undefined ? {} : { format: context.query['format'] as never };
}

function pathText({ params }: Context): string {
  const parts = ['object', 'instance', 'resource', 'resourceInstance']
    .map((name) => params[name])
    .filter((part) => part !== undefined);
  return `/${parts.join('/')}`;
}

function pathOf(context: Context): Path {
  try {
    return parsePath(pathText(context));
  } catch (cause) {
    throw new AppError('invalid_path', cause instanceof Error ? cause.message : 'not a path', { cause });
  }
}

/** Why an operation did not succeed, as a problem. */
function problemOfOperation(operation: OperationView): AppError {
  const { error, state } = operation;
  const details = { operation: operation.id, ...(error?.coapCode === undefined ? {} : { coapCode: error.coapCode }) };
  if (state === 'cancelled') return new AppError('operation_cancelled', 'the operation was cancelled', { details });
  const code = CODES[error?.code ?? ''] ?? 'device_timeout';
  return new AppError(code, error?.detail ?? `the operation ended as ${state}`, { details });
}

/** Codes of operations as codes of problems; what is not here waited in vain. */
const CODES: Readonly<Record<string, string>> = {
  device_refused: 'device_refused',
  device_timeout: 'device_timeout',
  device_unreachable: 'device_unreachable',
  device_reset: 'device_reset',
  device_bad_answer: 'device_bad_answer',
  device_busy: 'device_busy',
  deregistered: 'device_gone',
  device_gone: 'device_gone',
};

/** Puts when and whence on every resource of a node that was read just now. */
function stamp(node: object, receivedAt: string | undefined): Record<string, unknown> {
  const entry = node as Record<string, unknown>;
  for (const group of ['instances', 'resources']) {
    const inner = entry[group];
    if (typeof inner !== 'object' || inner === null) continue;
    return {
      ...entry,
      [group]: Object.fromEntries(Object.entries(inner).map(([id, child]) => [id, stamp(child as object, receivedAt)])),
    };
  }
  return { ...entry, receivedAt, source: 'read' };
}
