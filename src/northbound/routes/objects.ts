/** Object definitions: built in, from folders, and added here. */

import { AppError, decodeUtf8 } from '#base';

import type { Route } from '../route.js';
import { pageOf, ref } from '../schemas.js';
import { etagOf } from './operations.js';

/** Rows of the table. */
export const OBJECT_ROUTES: readonly Route[] = [
  {
    method: 'get',
    path: '/objects',
    id: 'listObjects',
    summary: 'List object definitions, every version',
    permission: 'object:read',
    answers: { 200: { description: 'All of them.', schema: pageOf('ObjectDefinition') } },
    problems: [],
    handler: ({ fleet, principal }) => ({ status: 200, body: { items: fleet.objects.list(principal) } }),
  },
  {
    method: 'post',
    path: '/objects',
    id: 'addObject',
    summary: "Add a definition in the registry's XML format",
    permission: 'object:write',
    bodyKind: 'xml',
    answers: { 201: { description: 'It is known now.', schema: ref('ObjectDefinition') } },
    problems: ['invalid_definition', 'object_exists'],
    handler: async ({ fleet, principal, bytes }) => {
      const view = await fleet.objects.add(principal, textOf(bytes));
      return { status: 201, body: view, headers: { location: `/api/v1/objects/${view.id}` } };
    },
  },
  {
    method: 'get',
    path: '/objects/{id}',
    id: 'getObjectDefinition',
    summary: 'One object in all its versions',
    permission: 'object:read',
    answers: { 200: { description: 'Its versions.', schema: pageOf('ObjectDefinition') } },
    problems: ['object_not_found'],
    handler: ({ fleet, principal, params }) => {
      const id = params['id'] ?? '';
      const versions = /^\d{1,5}$/.test(id) ? fleet.objects.get(principal, Number(id)) : [];
      if (versions.length === 0) throw new AppError('object_not_found', `there is no definition of object ${id}`);
      const body = { items: versions };
      return { status: 200, body, headers: { etag: etagOf(body) } };
    },
  },
];

function textOf(bytes: Uint8Array): string {
  try {
    return decodeUtf8(bytes);
  } catch (cause) {
    throw new AppError('invalid_definition', 'the definition is not valid UTF-8', { cause });
  }
}
