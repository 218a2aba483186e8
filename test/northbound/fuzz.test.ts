/** Random junk for every route of the table: it is never a fault of the server, and never left without an answer. */

import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OPERATION_KINDS } from '#fleet/model';
import type { OperationKind } from '#fleet/model';
import { PacketDevice } from '../support/packet-device.js';
import { TestServer } from '../support/test-server.js';

let server: TestServer;
let device: PacketDevice;
let routes: readonly (readonly [method: string, path: string, statuses: readonly string[]])[];

beforeAll(async () => {
  server = await TestServer.start();
  device = await PacketDevice.registered(server.coap, 'f1', ({ code }) =>
    code === '0.01' ? { code: '2.05', text: '60' } : { code: '4.00' },
  );
  const { body } = await server.rest('GET', '/openapi.json');
  routes = Object.entries(body['paths'] as Record<string, object>).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, { responses: object }>).map(
      ([method, { responses }]) => [method.toUpperCase(), path, Object.keys(responses)] as const,
    ),
  );
});
afterAll(async () => {
  device.close();
  await server.stop();
});

const JUNK = fc.oneof(
  fc.constantFrom(
    '',
    '.',
    '..',
    '~',
    '~~',
    '%',
    '%00',
    '\0',
    '0',
    '-1',
    '1e9',
    '65535',
    '65536',
    '/',
    '//',
    'null',
    '[]',
    '{}',
    '__proto__',
    'constructor',
    '\ud800',
    '\u202e',
    '💥',
    "'",
    '"',
    '*',
    ';',
    ',',
    '=',
    '==',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.nat(70_000).map(String),
  fc.constantFrom('f1', '3', '1', 'o', '/1/0/1', 'observe', 'text', 'true', 'true', '5'),
);
const NAMES = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'limit',
      'cursor',
      'filter',
      'sort',
      'fields',
      'state',
      'live',
      'format',
      'type',
      'endpoint',
      'cancel',
    ),
  },
  { weight: 1, arbitrary: JUNK },
);
const HEADERS = fc.dictionary(
  fc.constantFrom(
    'prefer',
    'idempotency-key',
    'if-match',
    'last-event-id',
    'accept',
    'content-type',
    'content-encoding',
    'x-http-method-override',
    'range',
  ),
  fc.oneof(
    fc.constantFrom(
      'wait=0',
      'wait=1',
      'wait=',
      'wait=9999999',
      '*',
      '"x"',
      ',,,',
      '0-1',
      '0-999999999999999',
      '*/*',
      'application/json',
      'application/xml',
      'application/merge-patch+json; charset=x',
      'gzip',
      'k',
    ),
    fc.string({ maxLength: 20 }).map((text) => text.replaceAll(/[^\x20-\x7e]/g, '').trim()),
  ),
  { maxKeys: 2 },
);
const WORDS = fc.constantFrom(
  'kind',
  'path',
  'value',
  'mode',
  'attributes',
  'arguments',
  'instance',
  'depth',
  'deadline',
  'format',
  'priority',
  'tags',
  'awakeWindow',
  'paths',
  'type',
  'pmin',
  '0',
  '1',
  '5700',
);
const VALUES = fc.letrec((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(
      JUNK,
      fc.constantFrom(
        ...OPERATION_KINDS,
        'replace',
        '/3303',
        '/3/0/4',
        '/1/0',
        '2026-01-01T00:00:00Z',
        'opaque',
        'time',
        'objectLink',
      ),
    ),
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('node'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(WORDS, JUNK), tie('node'), { maxKeys: 5 }),
  ),
})).node;
const PATHS = fc.constantFrom('/1', '/1/0', '/1/0/1', '/3/0/6/0', '/3303', '/65534/0/5', '/');
const OPERATIONS = fc.record(
  {
    kind: fc.constantFrom(...OPERATION_KINDS),
    path: PATHS,
    paths: fc.array(PATHS, { maxLength: 4 }),
    mode: fc.constantFrom('replace', 'update'),
    value: fc.oneof(VALUES, fc.dictionary(PATHS, VALUES, { maxKeys: 3 })),
    arguments: JUNK,
    attributes: fc.dictionary(fc.constantFrom('pmin', 'pmax', 'gt', 'st'), fc.oneof(fc.double(), fc.constant(null)), {
      maxKeys: 2,
    }),
    depth: fc.integer({ min: -1, max: 4 }),
    instance: fc.integer({ min: -1, max: 65_536 }),
    format: fc.constantFrom(
      'text',
      'opaque',
      'link',
      'cbor',
      'tlv',
      'json',
      'senml-json',
      'senml-cbor',
      'senml-etch-json',
      'senml-etch-cbor',
      'lwm2m-cbor',
    ),
    deadline: JUNK,
    priority: fc.constantFrom('high', 'normal', 'low', 'urgent'),
  },
  { requiredKeys: ['kind', 'path'] },
);
const FITTING: Readonly<Record<OperationKind, readonly string[]>> = {
  write: ['kind', 'path', 'mode', 'value', 'format', 'priority'],
  read: ['kind', 'path', 'format', 'priority'],
  discover: ['kind', 'path', 'depth'],
  writeAttributes: ['kind', 'path', 'attributes'],
  execute: ['kind', 'path', 'arguments'],
  create: ['kind', 'path', 'instance', 'value', 'format'],
  delete: ['kind', 'path'],
  readComposite: ['kind', 'paths', 'format'],
  writeComposite: ['kind', 'value', 'format'],
};
const fitting = OPERATIONS.map((operation) =>
  Object.fromEntries(Object.entries(operation).filter(([name]) => FITTING[operation.kind].includes(name))),
);
const BODIES = fc.oneof(
  { weight: 1, arbitrary: fc.constant(undefined) },
  { weight: 2, arbitrary: VALUES.map((value) => JSON.stringify(value)) },
  { weight: 2, arbitrary: VALUES.map((value) => JSON.stringify({ value })) },
  { weight: 2, arbitrary: fc.oneof(OPERATIONS, fitting).map((value) => JSON.stringify(value)) },
  {
    weight: 1,
    arbitrary: fc
      .record({ paths: fc.array(JUNK, { maxLength: 2 }), format: JUNK })
      .map((value) => JSON.stringify(value)),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '<LWM2M>',
      '<?xml version="1.0"?><LWM2M><Object/></LWM2M>',
      '{"a":1,"a":2}',
      '{"value":1e999}',
      '\ufeff{}',
      '[[[[',
    ),
  },
);
const SEGMENTS: Readonly<Record<string, readonly string[]>> = {
  endpoint: ['f1'],
  object: ['1', '3', '3303'],
  instance: ['0'],
  resource: ['1', '4', '6', '5700'],
  resourceInstance: ['0'],
  id: ['o', '3'],
  model: ['M1', '~TTE', '~x!'],
};

interface Asked {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** Sends a request as it is, and gives the status and, of a problem, its code. Event streams are left once they have begun. */
function send({ method, target, headers, body }: Asked): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(server.http, {
      method,
      path: target,
      headers: {
        authorization: `Bearer ${server.token}`,
        ...(body !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        ...headers,
      },
      agent: false,
    });
    const late = setTimeout(() => {
      sent.destroy(new Error(`no answer to ${method} ${target}`));
    }, 15_000);
    sent.on('error', (error) => {
      clearTimeout(late);
      reject(error);
    });
    sent.on('response', (response) => {
      clearTimeout(late);
      const status = response.statusCode ?? 0;
      if (response.headers['content-type'] === 'text/event-stream') {
        sent.destroy();
        resolve({ status, text: '' });
        return;
      }
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        resolve({ status, text });
      });
    });
    sent.end(body);
  });
}

/** Percent-encoded, a lone surrogate as U+FFFD. */
const coded = (text: string): string => encodeURIComponent(Buffer.from(text).toString());

/** A path segment: junk, or what is there. */
const segment = (name: string): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...(SEGMENTS[name] ?? ['x'])) },
    { weight: 1, arbitrary: JUNK.map((text) => coded(text)) },
    { weight: 1, arbitrary: fc.constantFrom('%zz', '%', '%ff', '%2e%2e', '%00', '~', '~%00', '~ZjE', '~ZjE=') },
  );

function asked(method: string, path: string): fc.Arbitrary<Asked> {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  return fc.record({
    method: fc.constantFrom(method, method, method, 'HEAD', 'OPTIONS'),
    target: fc
      .tuple(fc.tuple(...names.map(segment)), fc.array(fc.tuple(NAMES, JUNK), { maxLength: 2 }))
      .map(([segments, query]) => {
        const parts = [...segments];
        const filled = path.replaceAll(/\{\w+\}/g, () => parts.shift() ?? '');
        const text = query.map(([name, value]) => `${coded(name)}=${coded(value)}`).join('&');
        return text === '' ? filled : `${filled}?${text}`;
      }),
    // What is junk must not wait for a device as long as it says.
    headers: HEADERS.map((headers) => ({ prefer: 'wait=1', ...headers })),
    body: BODIES,
  });
}

describe('junk', () => {
  const PARTS = [0, 1, 2, 3];
  const met = new Set<number>();
  const done = new Set<number>();

  afterAll(() => {
    if (done.size < PARTS.length) return;
    expect([...met]).toEqual(expect.arrayContaining([200, 400, 404, 405, 406, 415, 502]));
  });

  it.each(PARTS)(
    'for every fourth route from number %d is answered, never with 500, and when it is refused with a problem whose status the document names',
    async (part) => {
      for (const [index, [method, path, statuses]] of routes.entries()) {
        if (index % PARTS.length !== part) continue;
        if (method === 'DELETE' && path === '/api/v1/devices/{endpoint}') continue;
        await fc.assert(
          fc.asyncProperty(asked(method, path), async (junk) => {
            const { status, text } = await send(junk);
            met.add(status);
            if (status < 400 || junk.method === 'HEAD') {
              expect(status).not.toBe(500);
              return;
            }
            const problem = JSON.parse(text) as Record<string, unknown>;
            expect({ junk, status, code: problem['code'] }).not.toMatchObject({ status: 500 });
            expect(problem).toMatchObject({ status, code: expect.any(String), requestId: expect.any(String) });
            // An empty segment is the path of something else, or of nothing.
            if (problem['code'] !== 'not_found') expect(statuses).toContain(String(status));
            if (status >= 500) expect(problem['code']).toMatch(/^(device|store)_/);
          }),
          { seed: 1000 + index, numRuns: 120, endOnFailure: true },
        );
      }
      expect((await server.rest('GET', '/healthz')).status).toBe(200);
      done.add(part);
    },
  );
});
