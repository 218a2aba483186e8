/** The OpenAPI 3.1 document, made from the table of routes. */

import { IMPORT_TYPES } from './import-lines.js';
import type { Route, Schema } from './route.js';
import { PROBLEMS, type ProblemCode } from './problems.js';
import { COMPONENTS, ref } from './schemas.js';

/** The row of the document itself; `document` is asked for when all rows are known. */
export function openapiRoute(document: () => object): Route {
  return {
    method: 'get',
    path: '/openapi.json',
    id: 'getDescription',
    summary: 'This description of the API (OpenAPI 3.1)',
    permission: 'server:read',
    answers: { 200: { description: 'The document.', schema: { type: 'object', additionalProperties: true } } },
    problems: [],
    handler: () => ({ status: 200, body: document() }),
  };
}

/** The document for a table of routes. */
export function describe(routes: readonly Route[], version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.root === 'root' ? route.path : `/api/v1${route.path}`;
    (paths[path] ??= {})[route.method] = operationOf(route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Bellwether',
      version,
      description: 'Device management over OMA LwM2M: devices, what they hold, operations on them, and what happens.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }],
    tags: TAGS.map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'The owner token, made on the first start.' },
      },
      schemas: COMPONENTS,
    },
  };
}

function operationOf(route: Route): Record<string, unknown> {
  return {
    operationId: route.id,
    summary: route.summary,
    tags: [tagOf(route)],
    ...(route.permission === 'open' ? { security: [] } : {}),
    parameters: [...pathParameters(route), ...queryParameters(route), ...headerParameters(route)],
    ...(requestBodyOf(route) ?? {}),
    responses: { ...answersOf(route), ...problemsOf(route) },
  };
}

function pathParameters(route: Route): unknown[] {
  return [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    description: PARAMETERS[name] ?? name,
    schema: { type: 'string' },
  }));
}

function queryParameters(route: Route): unknown[] {
  return Object.entries(route.query ?? {}).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: false,
    ...(description === undefined ? {} : { description }),
    schema,
  }));
}

function headerParameters(route: Route): unknown[] {
  return Object.entries(route.headers ?? {}).map(([name, description]) => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string' },
  }));
}

function requestBodyOf(route: Route): { requestBody: unknown } | undefined {
  switch (route.bodyKind) {
    case 'xml':
      return { requestBody: { required: true, content: { 'application/xml': { schema: { type: 'string' } } } } };
    case 'lines': {
      const forms = Object.keys(IMPORT_TYPES).map((type) => [type, { schema: { type: 'string' } }]);
      return { requestBody: { required: true, content: Object.fromEntries(forms) as Record<string, unknown> } };
    }
    case 'json':
    case 'optional-json': {
      const type =
        route.method === 'patch' && route.path === '/devices/{endpoint}'
          ? 'application/merge-patch+json'
          : 'application/json';
      return {
        requestBody: { required: route.bodyKind === 'json', content: { [type]: { schema: route.body ?? {} } } },
      };
    }
    case 'none':
    case undefined:
      return undefined;
  }
}

function answersOf(route: Route): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(route.answers).map(([status, answer]) => [
      status,
      {
        description: answer.description,
        ...(answer.schema === undefined
          ? {}
          : { content: { [answer.type ?? 'application/json']: { schema: answer.schema } } }),
      },
    ]),
  );
}

function problemsOf(route: Route): Record<string, unknown> {
  const codes = [...ALWAYS, ...(route.permission === 'open' ? [] : GUARDED), ...WITH_BODY, ...route.problems, ...STORE];
  const byStatus = new Map<number, Set<string>>();
  for (const code of codes) {
    const { status } = PROBLEMS[code as ProblemCode];
    byStatus.set(status, (byStatus.get(status) ?? new Set()).add(code));
  }
  const schema: Schema = ref('Problem');
  const known = new Set(Object.keys(route.answers));
  return Object.fromEntries(
    [...byStatus]
      .filter(([status]) => !known.has(String(status)))
      .map(([status, names]) => [
        String(status),
        { description: [...names].join(', '), content: { 'application/problem+json': { schema } } },
      ]),
  );
}

function tagOf(route: Route): string {
  return TAGS.find(([name]) => route.permission.startsWith(name))?.[0] ?? 'server';
}

const TAGS: readonly (readonly [string, string])[] = [
  ['device', 'Devices: what registered, with tags'],
  ['operation', 'Operations on devices and the values they give'],
  ['observation', 'Wanted observations'],
  ['object', 'Object definitions'],
  ['model', 'What is set for all devices of a model'],
  ['keys', 'The keys that secrets are sealed with'],
  ['credential', 'Credentials: what devices prove who they are with'],
  ['trust', 'Trust anchors, revocation lists, and the keys of the server'],
  ['event', 'What happens'],
  ['server', 'Health and metrics'],
];

const PARAMETERS: Readonly<Record<string, string>> = {
  endpoint: 'Endpoint name, percent-encoded; or ~ and base64url of its bytes, which names every endpoint.',
  model: 'Model number that devices say in /3/0/1, percent-encoded; or ~ and base64url of its bytes.',
  object: 'Object id.',
  instance: 'Object instance id.',
  resource: 'Resource id.',
  resourceInstance: 'Resource instance id.',
  id: 'Its id.',
};

const ALWAYS = ['invalid_query', 'invalid_header', 'invalid_path', 'method_not_allowed', 'not_acceptable'];
const GUARDED = ['unauthorized', 'not_permitted'];
/** Also where no body is taken: one may be sent all the same. */
const WITH_BODY = ['invalid_json', 'invalid_body', 'body_too_large', 'unsupported_media_type'];
const STORE = ['store_busy', 'store_unavailable'];
