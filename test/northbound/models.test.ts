/** Models over REST: what is set for all devices of one, under any name, with ETags. */

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestServer } from '../support/test-server.js';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start({ models: 8 });
});
afterAll(async () => {
  await server.stop();
});

const put = (name: string, awakeWindow: unknown, headers: Readonly<Record<string, string>> = {}) =>
  server.rest('PUT', `/models/${name}`, { awakeWindow }, headers);

describe('/models', () => {
  it('lists what is set, by name, and forgets what is taken off', async () => {
    expect((await put('M2', 30)).body).toEqual({ model: 'M2', awakeWindow: 30 });
    await put('M1', 2.5);
    const items = [
      { model: 'M1', awakeWindow: 2.5 },
      { model: 'M2', awakeWindow: 30 },
    ];
    expect(await server.rest('GET', '/models')).toEqual({ status: 200, body: { items } });
    await server.restart();
    expect((await server.rest('GET', '/models')).body['items']).toEqual(items);
    expect((await server.rest('DELETE', '/models/M2')).status).toBe(204);
    expect(await server.rest('DELETE', '/models/M2')).toMatchObject({ status: 404, body: { code: 'model_not_found' } });
    expect((await server.rest('GET', '/models')).body['items']).toEqual(items.slice(0, 1));
    await server.rest('DELETE', '/models/M1');
  });

  it.each(['a b', 'a/b', '.', '..', '~', 'ü', '%2F', 'x'.repeat(256)])('takes a model called %j', async (name) => {
    const coded = `~${Buffer.from(name).toString('base64url')}`;
    expect(await put(coded, 10)).toEqual({ status: 200, body: { model: name, awakeWindow: 10 } });
    expect((await server.rest('GET', `/models/${coded}`)).body['model']).toBe(name);
    if (!/^[.~]/.test(name)) {
      expect((await server.rest('GET', `/models/${encodeURIComponent(name)}`)).body['model']).toBe(name);
    }
    expect((await server.rest('DELETE', `/models/${coded}`)).status).toBe(204);
  });

  it.each([
    [{ awakeWindow: 0 }, '/awakeWindow'],
    [{ awakeWindow: '5' }, '/awakeWindow'],
    [{ awakeWindow: 31_536_001 }, '/awakeWindow'],
    [{}, '/awakeWindow'],
    [{ awakeWindow: 5, colour: 1 }, '/colour'],
  ])('refuses %j and names the place', async (body, pointer) => {
    expect(await server.rest('PUT', '/models/M1', body)).toMatchObject({
      status: 400,
      body: { code: 'invalid_body', errors: [{ pointer }] },
    });
  });

  it('knows no model with a longer name than devices can say', async () => {
    expect(await put('x'.repeat(257), 5)).toMatchObject({ status: 404, body: { code: 'model_not_found' } });
    expect(await put('~ä', 5)).toMatchObject({ status: 404, body: { code: 'model_not_found' } });
  });

  it('honours If-Match', async () => {
    expect(await put('E1', 5, { 'if-match': '*' })).toMatchObject({ status: 200 });
    const etag = (await server.fetch('GET', '/models/E1')).headers.get('etag') ?? '';
    expect(await put('E1', 6, { 'if-match': etag })).toMatchObject({ status: 200, body: { awakeWindow: 6 } });
    expect(await put('E1', 7, { 'if-match': etag })).toMatchObject({ status: 412 });
    expect(await server.rest('DELETE', '/models/E1', undefined, { 'if-match': etag })).toMatchObject({ status: 412 });
    expect((await server.rest('GET', '/models/E1')).body['awakeWindow']).toBe(6);
    expect((await server.rest('DELETE', '/models/E1', undefined, { 'if-match': '*' })).status).toBe(204);
  });
});
