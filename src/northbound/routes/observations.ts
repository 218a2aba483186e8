/** Wanted observations of a device: kept alive over registrations and restarts. */

import { AppError } from '#base';

import { endpointOf } from '../names.js';
import { checkMatch } from '../preconditions.js';
import type { Context, Route } from '../route.js';
import { OBSERVATION_INPUT, VALIDATE, pageOf, ref } from '../schemas.js';
import { etagOf, validateOf } from './operations.js';

const PATH = '/devices/{endpoint}/observations/{id}';

/** Rows of the table. */
export const OBSERVATION_ROUTES: readonly Route[] = [
  {
    method: 'get',
    path: '/devices/{endpoint}/observations',
    id: 'listObservations',
    summary: 'List the wanted observations of a device',
    permission: 'observation:read',
    answers: { 200: { description: 'All of them.', schema: pageOf('Observation') } },
    problems: ['device_not_found'],
    handler: async ({ fleet, principal, params }) => ({
      status: 200,
      body: { items: await fleet.observations.list(principal, endpointOf(params['endpoint'] ?? '')) },
    }),
  },
  {
    method: 'put',
    path: PATH,
    id: 'putObservation',
    summary:
      'Want an observation: it is made now, or when the device is next reached, and again after each registration',
    permission: 'observation:write',
    query: { validate: VALIDATE },
    headers: { 'If-Match': 'ETag the observation must still have.' },
    bodyKind: 'json',
    body: OBSERVATION_INPUT,
    answers: {
      200: { description: 'The observation; pending until the device accepted it.', schema: ref('Observation') },
    },
    problems: [
      'device_not_found',
      'observation_not_found',
      'invalid_path',
      'invalid_attributes',
      'not_encodable',
      'would_be_refused',
      'queue_full',
      'precondition_failed',
    ],
    handler: async (context) => {
      await checkUnchanged(context);
      const view = await context.fleet.observations.put(
        context.principal,
        endpointOf(context.params['endpoint'] ?? ''),
        idOf(context),
        context.body as Parameters<typeof context.fleet.observations.put>[3],
        validateOf(context).validate,
      );
      return { status: 200, body: view, headers: { etag: etagOf(view) } };
    },
  },
  {
    method: 'get',
    path: PATH,
    id: 'getObservation',
    summary: 'One wanted observation',
    permission: 'observation:read',
    answers: { 200: { description: 'The observation.', schema: ref('Observation') } },
    problems: ['device_not_found', 'observation_not_found', 'invalid_path'],
    handler: async (context) => {
      const view = await context.fleet.observations.get(
        context.principal,
        endpointOf(context.params['endpoint'] ?? ''),
        idOf(context),
      );
      return { status: 200, body: view, headers: { etag: etagOf(view) } };
    },
  },
  {
    method: 'delete',
    path: PATH,
    id: 'deleteObservation',
    summary: 'End an observation',
    permission: 'observation:write',
    query: {
      cancel: {
        type: 'string',
        enum: ['observe', 'reset'],
        default: 'observe',
        description: 'By GET with Observe 1, or by a Reset to the next notification.',
      },
    },
    headers: { 'If-Match': 'ETag the observation must still have.' },
    answers: { 204: { description: 'It is gone.' } },
    problems: ['device_not_found', 'observation_not_found', 'invalid_path', 'precondition_failed'],
    handler: async (context) => {
      await checkUnchanged(context);
      const how = context.query['cancel'] === 'reset' ? 'reset' : 'observe';
      await context.fleet.observations.remove(
        context.principal,
        endpointOf(context.params['endpoint'] ?? ''),
        idOf(context),
        how,
      );
      return { status: 204 };
    },
  },
];

/** If-Match of a change to an observation. Throws AppError `precondition_failed`, `observation_not_found`. */
async function checkUnchanged(context: Context): Promise<void> {
  const { fleet, principal, params, headers } = context;
  if (headers['if-match'] === undefined) return;
  const view = await fleet.observations.get(principal, endpointOf(params['endpoint'] ?? ''), idOf(context));
  checkMatch(headers, etagOf(view), 'the observation');
}

function idOf({ params }: Context): string {
  const id = params['id'] ?? '';
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(id))
    throw new AppError('invalid_path', `"${id}" is not an observation id: 1 to 64 of A-Z a-z 0-9 . _ -`);
  return id;
}
