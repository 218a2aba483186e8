/** Credentials of devices: what each proves who it is with. Keys go in and never come out. */

import { toHex } from '#base';
import type { CredentialInput, CredentialView } from '#fleet';

import { CREDENTIAL_INPUT, IMPORT_RESULT } from '../credential-schemas.js';
import { IMPORT_COLUMNS, runImport } from '../import-run.js';
import { IMPORT_TYPES, importLines } from '../import-lines.js';
import { credentialOf, endpointOf } from '../names.js';
import { checkMatch } from '../preconditions.js';
import type { Context, Route } from '../route.js';
import { pageOf, ref } from '../schema-parts.js';
import { etagOf } from './operations.js';

/** Rows of the table; `failed` is told of an import that ended by a fault of ours. */
export function credentialRoutes(failed: (error: unknown) => void): readonly Route[] {
  return [
    ...ROWS,
    {
      method: 'post',
      path: '/credentials/import',
      id: 'importCredentials',
      summary: 'Put many credentials: CSV with a heading, or a JSON object a line; each line succeeds or fails alone',
      permission: 'credential:write',
      query: {
        dryRun: {
          type: 'boolean',
          default: false,
          description: 'true: say what would come of it, and change nothing.',
        },
      },
      bodyKind: 'lines',
      answers: {
        200: {
          description: 'A result for each line, as it is done, and the counts in the last one.',
          type: 'application/x-ndjson',
          schema: IMPORT_RESULT,
        },
      },
      problems: [],
      handler: ({ fleet, principal, query, bytes, headers }) => {
        const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase() as keyof typeof IMPORT_TYPES;
        fleet.credentials.checkImport(principal);
        const lines = importLines(bytes, IMPORT_TYPES[type], IMPORT_COLUMNS);
        const mode = query['dryRun'] === true ? 'rehearse' : 'carry_out';
        return {
          type: 'application/x-ndjson',
          stream: (target) => {
            runImport({ fleet, principal, lines, mode }, target).catch((error: unknown) => {
              target.cut();
              failed(error);
            });
          },
        };
      },
    },
  ];
}

const ROWS: readonly Route[] = [
  {
    method: 'get',
    path: '/devices/{endpoint}/credentials',
    id: 'listCredentials',
    summary: 'List the credentials of a device, without their keys',
    permission: 'credential:read',
    answers: { 200: { description: 'All of them, by id.', schema: pageOf('Credential') } },
    problems: ['device_not_found'],
    handler: ({ fleet, principal, params }) => {
      const items = fleet.credentials.list(principal, endpointOf(params['endpoint'] ?? ''));
      return { status: 200, body: { items } };
    },
  },
  {
    method: 'get',
    path: '/devices/{endpoint}/credentials/{id}',
    id: 'getCredential',
    summary: 'One credential, without its key',
    permission: 'credential:read',
    answers: { 200: { description: 'The credential.', schema: ref('Credential') } },
    problems: ['device_not_found', 'credential_not_found'],
    handler: ({ fleet, principal, params }) => {
      const endpoint = endpointOf(params['endpoint'] ?? '');
      const body = fleet.credentials.get(principal, endpoint, credentialOf(params['id'] ?? ''));
      return { status: 200, body, headers: { etag: credentialEtag(body) } };
    },
  },
  {
    method: 'put',
    path: '/devices/{endpoint}/credentials/{id}',
    id: 'putCredential',
    summary: 'Put a credential of a device, which need never have been seen; sessions made with what was there end',
    permission: 'credential:write',
    headers: { 'If-Match': 'ETag the credential must still have.' },
    bodyKind: 'json',
    body: CREDENTIAL_INPUT,
    answers: {
      200: { description: 'It is as it was asked for now.', schema: ref('CredentialPut') },
      201: { description: 'It was not there and is now.', schema: ref('CredentialPut') },
    },
    problems: [
      ...['credential_not_found', 'credential_identity_taken', 'too_many_credentials', 'anchor_not_found'],
      'precondition_failed',
    ],
    handler: async (context) => {
      const { fleet, principal, params } = context;
      const endpoint = endpointOf(params['endpoint'] ?? '');
      const id = credentialOf(params['id'] ?? '');
      const put = await fleet.credentials.put(principal, endpoint, id, context.body as CredentialInput, {
        check: matching(context),
      });
      const { result, view: credential, generated, warnings } = put;
      const key = generated === undefined ? {} : { key: `hex:${toHex(generated)}` };
      return {
        status: result === 'created' ? 201 : 200,
        body: { result, credential, ...key, warnings },
        headers: { etag: credentialEtag(credential) },
      };
    },
  },
  {
    method: 'delete',
    path: '/devices/{endpoint}/credentials/{id}',
    id: 'deleteCredential',
    summary: 'Delete a credential; its sessions end, and the name stays secured',
    permission: 'credential:write',
    headers: { 'If-Match': 'ETag the credential must still have.' },
    answers: { 204: { description: 'It is gone.' } },
    problems: ['device_not_found', 'credential_not_found', 'precondition_failed'],
    handler: async (context) => {
      const endpoint = endpointOf(context.params['endpoint'] ?? '');
      const id = credentialOf(context.params['id'] ?? '');
      await context.fleet.credentials.remove(context.principal, endpoint, id, matching(context));
      return { status: 204 };
    },
  },
  {
    method: 'delete',
    path: '/devices/{endpoint}/secured',
    id: 'clearSecured',
    summary: 'Let a name without credentials speak plain CoAP again, whether its device is there or was deleted',
    permission: 'credential:write',
    answers: { 204: { description: 'It is not secured any more.' } },
    problems: ['not_secured', 'device_has_credentials'],
    handler: async ({ fleet, principal, params }) => {
      await fleet.credentials.clearSecured(principal, endpointOf(params['endpoint'] ?? ''));
      return { status: 204 };
    },
  },
];

/** When it was used is no state of a credential, nor is what the calendar makes of it. */
function credentialEtag({ lastUsed: _used, validity: _validity, ...credential }: CredentialView): string {
  return etagOf(credential);
}

/** Nothing that is not there has an ETag. */
function matching({ headers }: Context): (current: CredentialView | undefined) => void {
  return (current) => {
    checkMatch(headers, current === undefined ? '' : credentialEtag(current), 'the credential');
  };
}
