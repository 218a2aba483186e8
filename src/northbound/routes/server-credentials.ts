/** Keys of the server and their chains, by host name; and the order to read those in files again. */

import type { ServerCredentialInput } from '#fleet';

import { SERVER_CREDENTIAL_INPUT } from '../credential-schemas.js';
import { serverCredentialOf } from '../names.js';
import type { Route } from '../route.js';
import { pageOf, ref } from '../schema-parts.js';
import { etagOf } from './operations.js';
import { matching } from './trust.js';

/** Rows of the table. */
export const SERVER_CREDENTIAL_ROUTES: readonly Route[] = [
  {
    method: 'get',
    path: '/server-credentials',
    id: 'listServerCredentials',
    summary: 'List the keys of the server with their chains, that of the files too',
    permission: 'trust:read',
    answers: { 200: { description: 'All of them, that of the files first.', schema: pageOf('ServerCredential') } },
    problems: [],
    handler: ({ fleet, principal }) => ({ status: 200, body: { items: fleet.serverCredentials.list(principal) } }),
  },
  {
    method: 'post',
    path: '/server-credentials/reload',
    id: 'reloadServerCredentials',
    summary: 'Read the files of key and chain again, for the next handshake; associations go on',
    permission: 'trust:write',
    answers: { 200: { description: 'All of them as they are now.', schema: pageOf('ServerCredential') } },
    problems: ['server_files_unusable'],
    handler: async ({ fleet, principal }) => {
      return { status: 200, body: { items: await fleet.serverCredentials.reload(principal) } };
    },
  },
  {
    method: 'get',
    path: '/server-credentials/{id}',
    id: 'getServerCredential',
    summary: 'One key of the server',
    permission: 'trust:read',
    answers: { 200: { description: 'The server credential.', schema: ref('ServerCredential') } },
    problems: ['server_credential_not_found'],
    handler: ({ fleet, principal, params }) => {
      const body = fleet.serverCredentials.get(principal, serverCredentialOf(params['id'] ?? ''));
      return { status: 200, body, headers: { etag: etagOf(body) } };
    },
  },
  {
    method: 'put',
    path: '/server-credentials/{id}',
    id: 'putServerCredential',
    summary: 'Have the server prove itself by a key and a chain, from the next handshake on; associations go on',
    permission: 'trust:write',
    headers: { 'If-Match': 'ETag the server credential must still have.' },
    bodyKind: 'json',
    body: SERVER_CREDENTIAL_INPUT,
    answers: { 200: { description: 'The server credential as it is now.', schema: ref('ServerCredential') } },
    problems: [
      ...['server_credential_not_found', 'anchor_not_found', 'server_credential_of_files', 'server_host_taken'],
      ...['too_many_server_credentials', 'secret_unreadable', 'precondition_failed'],
    ],
    handler: async (context) => {
      const { fleet, principal, params, body: input } = context;
      const id = serverCredentialOf(params['id'] ?? '');
      const check = matching(context);
      const body = await fleet.serverCredentials.put(principal, id, input as ServerCredentialInput, check);
      return { status: 200, body, headers: { etag: etagOf(body) } };
    },
  },
  {
    method: 'delete',
    path: '/server-credentials/{id}',
    id: 'deleteServerCredential',
    summary: 'Have the server prove itself by a key no more; associations go on',
    permission: 'trust:write',
    headers: { 'If-Match': 'ETag the server credential must still have.' },
    answers: { 204: { description: 'It is gone.' } },
    problems: ['server_credential_not_found', 'server_credential_of_files', 'precondition_failed'],
    handler: async (context) => {
      const id = serverCredentialOf(context.params['id'] ?? '');
      await context.fleet.serverCredentials.remove(context.principal, id, matching(context));
      return { status: 204 };
    },
  },
];
