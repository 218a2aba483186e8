/** REST on a whole server: who may ask, what does not fit, and what every answer looks like (RFC 9457). */

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ScriptedClient } from '../support/conformance.js';
import { TestServer } from '../support/test-server.js';

let server: TestServer;
let device: ScriptedClient;

beforeAll(async () => {
  server = await TestServer.start();
  device = await ScriptedClient.registered(server, 'dev/1 %+~', '</1/0>,</3303/0>');
});
afterAll(async () => {
  device.close();
  await server.stop();
});

async function call(
  method: string,
  path: string,
  body?: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${server.http}${path}`, {
    method,
    headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
}

const NAME = encodeURIComponent('dev/1 %+~');
const ALIAS = `~${Buffer.from('dev/1 %+~').toString('base64url')}`;

describe('a request', () => {
  it('without the token is 401, but for health', async () => {
    for (const token of ['', 'Bearer', 'Bearer x', 'Basic abc']) {
      const answer = await call('GET', '/api/v1/devices', undefined, { authorization: token });
      expect(answer).toMatchObject({
        status: 401,
        body: { code: 'unauthorized', status: 401, requestId: expect.any(String) },
      });
    }
    expect((await call('GET', '/healthz', undefined, { authorization: '' })).status).toBe(200);
    expect((await call('GET', '/readyz', undefined, { authorization: '' })).status).toBe(200);
    expect((await call('GET', '/metrics', undefined, { authorization: '' })).status).toBe(401);
  });

  it.each([
    ['GET', '/api/v1/nothing', undefined, 404, 'not_found'],
    ['PUT', '/api/v1/devices', undefined, 405, 'method_not_allowed'],
    ['POST', '/api/v1/openapi.json', undefined, 405, 'method_not_allowed'],
    ['GET', '/api/v1/openapi.json?x=1', undefined, 400, 'invalid_query'],
    ['POST', '/api/v1/healthz', undefined, 405, 'method_not_allowed'],
    ['GET', '/healthz?x=1', undefined, 400, 'invalid_query'],
    ['GET', '/api/v1/devices?fields=bogus', undefined, 400, 'invalid_query'],
    ['GET', '/api/v1/devices?fields=', undefined, 400, 'invalid_query'],
    ['GET', `/api/v1/devices/${NAME}/operations?cursor=zzz`, undefined, 400, 'invalid_cursor'],
    ['GET', `/api/v1/devices/${NAME}/operations?state=odd`, undefined, 400, 'invalid_query'],
    ['PATCH', `/api/v1/devices/${NAME}`, '{"tags":{"a":"\\ud800"}}', 400, 'invalid_json'],
    ['PATCH', `/api/v1/devices/${NAME}`, '{"tags":{"\\udc00\\ud800":"b"}}', 400, 'invalid_json'],
    ['GET', '/api/v1/devices?color=red', undefined, 400, 'invalid_query'],
    ['GET', '/api/v1/devices?limit=501', undefined, 400, 'invalid_query'],
    ['GET', '/api/v1/devices?limit=2&limit=3', undefined, 400, 'invalid_query'],
    ['GET', '/api/v1/devices?filter=presence', undefined, 400, 'invalid_filter'],
    ['GET', '/api/v1/devices?cursor=zzz', undefined, 400, 'invalid_cursor'],
    ['GET', '/api/v1/devices/unknown', undefined, 404, 'device_not_found'],
    ['GET', '/api/v1/devices/~***', undefined, 404, 'device_not_found'],
    ['GET', '/api/v1/devices/%E0%A4%A', undefined, 400, 'invalid_path'],
    ['GET', '/api/v1/operations/none', undefined, 404, 'operation_not_found'],
    ['GET', '/api/v1/objects/99999', undefined, 404, 'object_not_found'],
    ['PATCH', `/api/v1/devices/${NAME}`, '{"tags":{"a":"b"},"color":1}', 400, 'invalid_body'],
    ['PATCH', `/api/v1/devices/${NAME}`, '{"tags":{"a":"b","a":"c"}}', 400, 'invalid_json'],
    ['PATCH', `/api/v1/devices/${NAME}`, '{"tags":', 400, 'invalid_json'],
    ['PATCH', `/api/v1/devices/${NAME}`, '{"__proto__":{"x":1}}', 400, 'invalid_json'],
    ['PATCH', `/api/v1/devices/${NAME}`, '['.repeat(1000), 400, 'invalid_json'],
    ['POST', `/api/v1/devices/${NAME}/operations`, '{"kind":"dance","path":"/3"}', 400, 'invalid_body'],
    ['POST', `/api/v1/devices/${NAME}/operations`, '{"kind":"read","path":"3/0"}', 400, 'invalid_path'],
    [
      'POST',
      `/api/v1/devices/${NAME}/operations`,
      '{"kind":"read","path":"/3/0","deadline":"soon"}',
      400,
      'invalid_deadline',
    ],
    ['PUT', `/api/v1/devices/${NAME}/resources/1/0/1`, '{"value":9007199254740993}', 400, 'invalid_json'],
    ...['1e-400', '-1e-400', '1e400', '9007199254740993.0', '9007199254740993e0', '90071992547409930e-1'].map(
      (number): [string, string, string, number, string] => [
        'PUT',
        `/api/v1/devices/${NAME}/resources/1/0/1`,
        `{"value":${number}}`,
        400,
        'invalid_json',
      ],
    ),
    ['PUT', `/api/v1/devices/${NAME}/resources/1/0/1`, '{"value":"x"}', 400, 'invalid_value'],
    ['PUT', `/api/v1/devices/${NAME}/resources/1/0/1`, '{"value":{}}', 400, 'invalid_value'],
    ['PUT', `/api/v1/devices/${NAME}/resources/1/0`, '{"value":{"1":{}}}', 400, 'invalid_value'],
    ['POST', `/api/v1/devices/${NAME}/resources/3/0/4`, '{"arguments":"zz"}', 400, 'invalid_arguments'],
    [
      'POST',
      `/api/v1/devices/${NAME}/operations`,
      '{"kind":"execute","path":"/3/0/4","arguments":"0="}',
      400,
      'invalid_arguments',
    ],
    [
      'PUT',
      `/api/v1/devices/${NAME}/observations/o`,
      '{"paths":["/3303/0"],"attributes":{"pmin":-1}}',
      400,
      'invalid_attributes',
    ],
    [
      'PUT',
      `/api/v1/devices/${NAME}/observations/o`,
      '{"paths":["/3303/0"],"attributes":{"pmax":1.5}}',
      400,
      'invalid_attributes',
    ],
    ['GET', `/api/v1/devices/${NAME}/resources/3303/0/5700`, undefined, 404, 'no_value'],
    ['GET', `/api/v1/devices/${NAME}/resources/99999/0`, undefined, 400, 'invalid_path'],
    ['GET', `/api/v1/devices/${NAME}/observations/none`, undefined, 404, 'observation_not_found'],
    ['PUT', `/api/v1/devices/${NAME}/observations/a%20b`, '{"paths":["/3303/0"]}', 400, 'invalid_path'],
    ['PUT', `/api/v1/devices/${NAME}/observations/o`, '{"paths":["/3303/0","/3303/0"]}', 400, 'invalid_path'],
  ])('%s %s with %s is %i %s', async (method, path, body, status, code) => {
    const answer = await call(method, path, body);
    expect(answer).toMatchObject({
      status,
      body: {
        status,
        code,
        type: `urn:bellwether:problem:${code}`,
        title: expect.any(String),
        detail: expect.any(String),
      },
    });
  });

  it('without the token is 401 whatever it asks for, so that nobody learns what there is', async () => {
    for (const [method, path] of [
      ['GET', '/api/v1/nothing'],
      ['GET', '/'],
      ['PUT', '/api/v1/devices'],
      ['POST', '/api/v1/openapi.json'],
      ['GET', '/api/v1/devices/%E0%A4%A'],
      ['GET', '/metrics'],
      ['GET', '/healthz/'],
    ] as const) {
      expect(await call(method, path, undefined, { authorization: '' })).toMatchObject({ status: 401 });
    }
    for (const path of ['/healthz', '/readyz', '/api/v1/healthz', '/api/v1/readyz'])
      expect(await call('GET', path, undefined, { authorization: '' })).toMatchObject({ status: 200 });
  });

  it('that accepts no type the answer has is 406 and does nothing (RFC 9110 §12.5.1)', async () => {
    const get = async (path: string, accept: string, method = 'GET') => {
      const headers = { authorization: `Bearer ${server.token}`, accept };
      const response = await fetch(`${server.http}${path}`, { method, headers });
      await response.body?.cancel();
      return { status: response.status, type: response.headers.get('content-type')?.split(';')[0] };
    };
    for (const accept of ['application/xml', 'text/html', 'application/json;q=0', 'text/event-stream'])
      expect(await get('/api/v1/devices', accept)).toEqual({ status: 406, type: 'application/problem+json' });
    for (const accept of [
      '*/*',
      'application/*',
      'text/html, */*;q=0.1',
      'application/json',
      'APPLICATION/JSON; charset=utf-8',
    ])
      expect(await get('/api/v1/devices', accept)).toEqual({ status: 200, type: 'application/json' });
    expect(await get('/api/v1/events', 'application/json')).toMatchObject({ status: 406 });
    expect(await get('/api/v1/events', 'text/event-stream')).toEqual({ status: 200, type: 'text/event-stream' });
    expect(await get('/metrics', 'application/json')).toMatchObject({ status: 406 });
    for (const accept of ['text/plain', 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5'])
      expect(await get('/metrics', accept)).toEqual({ status: 200, type: 'text/plain' });
  });

  it('HEAD is answered as GET without a body, and never becomes a reader of events', async () => {
    for (const path of ['/api/v1/devices', '/api/v1/events', '/healthz', '/metrics']) {
      for (let count = 0; count < 3; count += 1) expect(await call('HEAD', path)).toEqual({ status: 200, body: {} });
    }
    const metrics = await fetch(`${server.http}/metrics`, { headers: { authorization: `Bearer ${server.token}` } });
    expect(await metrics.text()).toMatch(/^bellwether_event_readers 0$/m);
  });

  it('with a Prefer that cannot be read is 400 and orders nothing', async () => {
    const requests = [
      ['POST', 'operations', '{"kind":"read","path":"/3303/0"}'],
      ['PUT', 'resources/1/0/1', '{"value":60}'],
      ['GET', 'resources/1/0/1?live=true', undefined],
      ['GET', 'resources/1/0/1', undefined],
    ] as const;
    for (const [method, path, body] of requests) {
      const answer = await call(method, `/api/v1/devices/${NAME}/${path}`, body, { prefer: 'wait=soon' });
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_header' } });
    }
    expect((await call('GET', `/api/v1/devices/${NAME}/operations`)).body['items']).toEqual([]);
  });

  it('names the place of a fault by a pointer into its body or query', async () => {
    const pointers = async (method: string, path: string, body?: string) =>
      ((await call(method, `/api/v1/devices${path}`, body)).body['errors'] as { pointer: string }[] | undefined)?.map(
        ({ pointer }) => pointer,
      );
    expect(await pointers('GET', '?fields=endpoint,bogus')).toEqual(['/fields']);
    expect(await pointers('GET', '?color=red')).toEqual(['/color']);
    expect(await pointers('PATCH', `/${NAME}`, '{"tags":{"a":"\\ud800"}}')).toEqual(['/tags/a']);
    expect(await pointers('PUT', `/${NAME}/resources/1/0/1`, '{"value":1e-400}')).toEqual(['/value']);
    expect(await pointers('PUT', `/${NAME}/resources/1/0/1`, '{"value":{}}')).toEqual(['/value']);
    expect(await pointers('PUT', `/${NAME}/resources/1/0`, '{"value":{"1":{},"2":"x"}}')).toEqual([
      '/value/1',
      '/value/2',
    ]);
    expect(await pointers('POST', `/${NAME}/resources/3303`, '{"value":{"5700":"x"}}')).toEqual(['/value/5700']);
    expect(await pointers('POST', `/${NAME}/resources/3/0/4`, '{"arguments":"zz"}')).toEqual(['/arguments']);
    expect(await pointers('PUT', `/${NAME}/observations/o`, '{"paths":["/1/0"],"attributes":{"pmin":-1}}')).toEqual([
      '/attributes/pmin',
    ]);
  });

  it('with a body of another type is 415, of more than 1 MiB 413, and its faults are pointed at', async () => {
    expect((await call('PATCH', `/api/v1/devices/${NAME}`, '{}', { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await call('PATCH', `/api/v1/devices/${NAME}`, `{"tags":{"a":"${'x'.repeat(1_100_000)}"}}`)).status).toBe(
      413,
    );
    const { body } = await call('PATCH', `/api/v1/devices/${NAME}`, '{"tags":{"a":1},"color":2}');
    expect(body['errors']).toEqual(
      expect.arrayContaining([
        { pointer: '/color', detail: expect.stringMatching(/^is not known here: allowed are .*tags/) as unknown },
        expect.objectContaining({ pointer: '/tags/a' }),
      ]),
    );
  });

  it('with a name that is misspelt says which there are', async () => {
    const query = await call('GET', '/api/v1/devices?filer=x');
    expect(query.body['detail']).toMatch(/: \/filer is not known here: allowed are .*filter/);
    const none = await call('GET', `/api/v1/devices/${NAME}?x=1`);
    expect(none.body['detail']).toMatch(/: \/x is not known here: allowed are /);
    for (const body of ['{"kind":"raed","path":"/3"}', '{"path":"/3"}']) {
      const kind = await call('POST', `/api/v1/devices/${NAME}/operations`, body);
      const errors = kind.body['errors'] as readonly { readonly pointer: string; readonly detail: string }[];
      expect(errors.map(({ pointer }) => pointer)).toContain('/kind');
      expect(errors.map(({ detail }) => detail)).toContainEqual(
        expect.stringMatching(/^(must be one of read, .*write|is missing)/),
      );
    }
  });
});

describe('a device', () => {
  it('is addressed by its name and by its alias, and changed against its ETag', async () => {
    expect((await call('GET', `/api/v1/devices/${ALIAS}`)).body['endpoint']).toBe('dev/1 %+~');
    const response = await fetch(`${server.http}/api/v1/devices/${NAME}`, {
      headers: { authorization: `Bearer ${server.token}` },
    });
    const etag = response.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"/);
    const patched = await call('PATCH', `/api/v1/devices/${NAME}`, '{"tags":{"site":"north"}}', { 'if-match': etag });
    expect(patched).toMatchObject({ status: 200, body: { tags: { site: 'north' } } });
    expect(
      (await call('PATCH', `/api/v1/devices/${NAME}`, '{"tags":{"site":null}}', { 'if-match': etag })).status,
    ).toBe(412);
    const { body } = await call('GET', '/api/v1/devices?filter=tags.site==north&fields=tags');
    expect(body['items']).toEqual([{ endpoint: 'dev/1 %+~', tags: { site: 'north' } }]);
  });
});

describe('the OpenAPI document', () => {
  it('describes every route of the table, each with a summary and its answers', async () => {
    const { body } = await call('GET', '/api/v1/openapi.json');
    expect(body['openapi']).toBe('3.1.0');
    const paths = body['paths'] as Record<string, Record<string, { operationId: string; responses: object }>>;
    const ids = Object.values(paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(
      expect.arrayContaining([
        'listDevices',
        'createOperation',
        'replaceResource',
        'executeResource',
        'putObservation',
        'streamEvents',
        'addObject',
        'getMetrics',
        'getDescription',
        'getHealthAtRoot',
      ]),
    );
  });
});
