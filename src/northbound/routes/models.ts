/** Models of devices: what is set for all devices of one model. */

import type { ModelInput, ModelView } from '#fleet';

import { modelOf } from '../names.js';
import { checkMatch } from '../preconditions.js';
import type { Context, Route } from '../route.js';
import { MODEL_INPUT, pageOf, ref } from '../schemas.js';
import { etagOf } from './operations.js';

/** Rows of the table. */
export const MODEL_ROUTES: readonly Route[] = [
  {
    method: 'get',
    path: '/models',
    id: 'listModels',
    summary: 'List the models of devices for which something is set',
    permission: 'model:read',
    answers: { 200: { description: 'All of them, by name.', schema: pageOf('Model') } },
    problems: [],
    handler: ({ fleet, principal }) => ({ status: 200, body: { items: fleet.models.list(principal) } }),
  },
  {
    method: 'get',
    path: '/models/{model}',
    id: 'getModel',
    summary: 'What is set for all devices of a model',
    permission: 'model:read',
    answers: { 200: { description: 'Its settings.', schema: ref('Model') } },
    problems: ['model_not_found'],
    handler: ({ fleet, principal, params }) => {
      const body = fleet.models.get(principal, modelOf(params['model'] ?? ''));
      return { status: 200, body, headers: { etag: etagOf(body) } };
    },
  },
  {
    method: 'put',
    path: '/models/{model}',
    id: 'putModel',
    summary: 'Set something for all devices of a model, in place of what was set',
    permission: 'model:write',
    headers: { 'If-Match': 'ETag the settings must still have.' },
    bodyKind: 'json',
    body: MODEL_INPUT,
    answers: { 200: { description: 'Its settings as they are now.', schema: ref('Model') } },
    problems: ['model_not_found', 'too_many_models', 'precondition_failed'],
    handler: async (context) => {
      const { fleet, principal, params } = context;
      const name = modelOf(params['model'] ?? '');
      const body = await fleet.models.put(principal, name, context.body as ModelInput, matching(context));
      return { status: 200, body, headers: { etag: etagOf(body) } };
    },
  },
  {
    method: 'delete',
    path: '/models/{model}',
    id: 'deleteModel',
    summary: 'Take the settings of a model off',
    permission: 'model:write',
    headers: { 'If-Match': 'ETag the settings must still have.' },
    answers: { 204: { description: 'Its devices are treated as usual.' } },
    problems: ['model_not_found', 'precondition_failed'],
    handler: async (context) => {
      await context.fleet.models.remove(context.principal, modelOf(context.params['model'] ?? ''), matching(context));
      return { status: 204 };
    },
  },
];

/** Nothing that is not there has an ETag. */
function matching({ headers }: Context): (current: ModelView | undefined) => void {
  return (current) => {
    checkMatch(headers, current === undefined ? '' : etagOf(current), 'what is set for the model');
  };
}
