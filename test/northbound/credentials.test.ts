/** Credentials over REST: keys go in and never come out, imports, trust anchors, and what a name is left with. */

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { certificate, keyHex, publicKey } from '../fleet/security/keys.js';
import { PacketDevice } from '../support/packet-device.js';
import { TestServer } from '../support/test-server.js';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start({ 'import-bytes': 65_536, 'trust-anchors': 2 });
});
afterAll(async () => {
  await server.stop();
});

const put = (endpoint: string, id: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  server.rest('PUT', `/devices/${endpoint}/credentials/${id}`, body, headers);

/** Sends an import; its answer's lines, the counts being the last. */
async function imported(type: string, body: string, query = ''): Promise<Readonly<Record<string, unknown>>[]> {
  const response = await server.fetch('POST', `/credentials/import${query}`, body, { 'content-type': type });
  expect(response.headers.get('content-type')).toContain('application/x-ndjson');
  const lines = (await response.text()).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
}

describe('/devices/{endpoint}/credentials', () => {
  it('takes a credential of a device never seen, shows it without its key, over a restart too, and deletes it', async () => {
    const created = await put('c1', 'factory', { kind: 'psk', identity: 'id-1', key: `hex:${keyHex(1)}`, label: 'x' });
    expect(created).toMatchObject({ status: 201, body: { result: 'created', warnings: [] } });
    expect(created.body['key']).toBeUndefined();
    await server.restart();
    const shown = await server.rest('GET', '/devices/c1/credentials/factory');
    expect(shown.body).toMatchObject({ id: 'factory', kind: 'psk', identity: 'id-1', label: 'x', validity: 'valid' });
    expect(shown.body).toEqual(created.body['credential']);
    expect((await server.rest('GET', '/devices/c1/credentials')).body).toEqual({ items: [shown.body] });
    expect(await server.device('c1')).toMatchObject({ presence: 'neverSeen', secured: true });
    const again = await put('c1', 'factory', { kind: 'psk', identity: 'id-1', key: `hex:${keyHex(1)}`, label: 'x' });
    expect(again).toMatchObject({ status: 200, body: { result: 'unchanged' } });
    expect((await server.rest('DELETE', '/devices/c1/credentials/factory')).status).toBe(204);
    expect(await server.rest('GET', '/devices/c1/credentials/factory')).toMatchObject({
      ...{ status: 404, body: { code: 'credential_not_found' } },
    });
    expect((await server.rest('GET', '/devices/c1/credentials')).body).toEqual({ items: [] });
  });

  it('makes a key when that is asked for, and shows it in that answer alone', async () => {
    const { body } = await put('c2', 'made', { kind: 'psk', generate: true });
    expect(body['key']).toMatch(/^hex:[0-9a-f]{64}$/);
    const key = String(body['key']).slice(4);
    const all = await Promise.all(
      ['', '/credentials', '/credentials/made'].map((path) => server.rest('GET', `/devices/c2${path}`)),
    );
    expect(JSON.stringify(all)).not.toContain(key);
  });

  it('honours If-Match, to which a use makes no difference', async () => {
    const body = { kind: 'rpk', publicKey: publicKey() };
    expect(await put('c3', 'k', body, { 'if-match': '"other"' })).toMatchObject({ status: 412 });
    await put('c3', 'k', body);
    const etag = (await server.fetch('GET', '/devices/c3/credentials/k')).headers.get('etag') ?? '';
    expect(await put('c3', 'k', { ...body, label: 'x' }, { 'if-match': etag })).toMatchObject({ status: 200 });
    expect(await put('c3', 'k', body, { 'if-match': etag })).toMatchObject({ status: 412 });
    const gone = await server.rest('DELETE', '/devices/c3/credentials/k', undefined, { 'if-match': etag });
    expect(gone.status).toBe(412);
  });

  it.each([
    [{ kind: 'psk', key: 'hex:00' }, 'invalid_body', '/key'],
    [{ kind: 'psk', key: `hex:${keyHex(1)}`, colour: 1 }, 'invalid_body', '/colour'],
    [{ kind: 'other' }, 'invalid_body', '/kind'],
    [{}, 'invalid_body', '/kind'],
    [{ kind: 'psk', generate: 'yes' }, 'invalid_body', '/generate'],
    [{ kind: 'psk', generate: true, label: 'x'.repeat(129) }, 'invalid_body', '/label'],
  ])('refuses %j and names the place', async (body, code, pointer) => {
    const answer = await put('c4', 'k', body);
    expect(answer).toMatchObject({
      status: 400,
      body: { code, errors: expect.arrayContaining([expect.objectContaining({ pointer })]) as unknown },
    });
  });

  it('knows no credential that cannot be called so, and gives no identity away twice', async () => {
    expect(await put('c5', 'a%20b', { kind: 'psk', generate: true })).toMatchObject({
      status: 404,
      body: { code: 'credential_not_found' },
    });
    await put('c5', 'k', { kind: 'psk', identity: 'taken', generate: true });
    expect(await put('c6', 'k', { kind: 'psk', identity: 'taken', generate: true })).toMatchObject({
      ...{ status: 409, body: { code: 'credential_identity_taken' } },
    });
    expect((await server.rest('GET', '/devices/c6')).status).toBe(404);
  });

  it('ends a registration over plain CoAP, and a name is secured until that is cleared', async () => {
    const device = await PacketDevice.registered(server.coap, 'c7');
    await put('c7', 'k', { kind: 'psk', generate: true });
    expect(await device.update()).toBe('4.04');
    expect(await device.register()).toBe('4.03');
    expect(await server.rest('DELETE', '/devices/c7/secured')).toMatchObject({
      status: 409,
      body: { code: 'device_has_credentials' },
    });
    expect((await server.rest('DELETE', '/devices/c7')).status).toBe(204);
    await server.restart();
    const later = PacketDevice.registered(server.coap, 'c7');
    await expect(later).rejects.toThrow('4.03');
    expect((await server.rest('DELETE', '/devices/c7/secured')).status).toBe(204);
    expect(await server.rest('DELETE', '/devices/c7/secured')).toMatchObject({
      status: 404,
      body: { code: 'not_secured' },
    });
    (await PacketDevice.registered(server.coap, 'c7')).close();
    device.close();
  });

  it('leaves no trace of a key in any file, answer or metric (T18)', async () => {
    const key = Buffer.from(`canary-${'k'.repeat(25)}`);
    await put('c8', 'k', { kind: 'psk', key: `hex:${key.toString('hex')}` });
    await put('c8', 'k2', { kind: 'psk', identity: 'x', key: `hex:${key.toString('hex')}0` });
    const answers = await Promise.all(
      ['/api/v1/devices/c8', '/api/v1/devices/c8/credentials', '/metrics'].map(async (path) => {
        const response = await fetch(`${server.http}${path}`, { headers: { authorization: `Bearer ${server.token}` } });
        return response.text();
      }),
    );
    await server.restart();
    const files = filesBelow(server.folder).map((file) => readFileSync(file));
    expect(files.length).toBeGreaterThan(2);
    const everything = Buffer.concat([...files, Buffer.from(answers.join(''))]);
    expect(everything.includes('canary')).toBe(false);
    for (const form of ['latin1', 'hex', 'base64', 'base64url'] as const)
      expect(everything.includes(key.subarray(0, 24).toString(form))).toBe(false);
  });
});

describe('/credentials/import', () => {
  const HEADING = 'endpoint,id,kind,identity,key,label\n';

  it('takes CSV line by line: bad lines fail alone, and the same file again changes nothing', async () => {
    const body = `${HEADING}i1,k,psk,import-1,hex:${keyHex(1)},one\ni2,k,psk,import-1,hex:${keyHex(2)},\ni3,k\n"i,4",k,psk,,hex:${keyHex(4)},\ni5,k,psk,,hex:${keyHex(5).slice(0, 16)},\n`;
    const first = await imported('text/csv', body);
    expect(first).toMatchObject([
      { line: 2, endpoint: 'i1', id: 'k', result: 'created' },
      { line: 3, endpoint: 'i2', id: 'k', result: 'failed', code: 'credential_identity_taken' },
      { line: 4, result: 'failed', code: 'invalid_body', detail: 'there are 2 cells, and 6 columns' },
      { line: 5, endpoint: 'i,4', result: 'created' },
      {
        line: 6,
        endpoint: 'i5',
        result: 'created',
        warnings: [expect.stringContaining('8 bytes is short') as unknown],
      },
      { lines: 5, created: 3, changed: 0, unchanged: 0, failed: 2, dryRun: false },
    ]);
    expect((await imported('text/csv', body)).at(-1)).toMatchObject({ created: 0, unchanged: 3, failed: 2 });
    expect((await server.rest('GET', '/devices/i1/credentials/k')).body).toMatchObject({
      identity: 'import-1',
      label: 'one',
    });
  });

  it('takes JSON lines, and makes keys once', async () => {
    const body =
      '{"endpoint":"j1","id":"k","kind":"psk","generate":true}\n{"endpoint":"j2","id":"k","kind":"psk","colour":1}\n';
    const first = await imported('application/x-ndjson', body);
    expect(first).toMatchObject([
      { line: 1, result: 'created', key: expect.stringMatching(/^hex:[0-9a-f]{64}$/) as unknown },
      {
        line: 2,
        result: 'failed',
        code: 'invalid_body',
        detail: expect.stringContaining('/colour is not known here') as unknown,
      },
      { lines: 2, created: 1, failed: 1 },
    ]);
    const again = await imported('application/x-ndjson', body);
    expect(again[0]).toEqual({ line: 1, endpoint: 'j1', id: 'k', result: 'unchanged' });
  });

  it('in a dry run changes nothing and finds what a run would', async () => {
    await put('d0', 'k', { kind: 'psk', identity: 'dry-0', key: `hex:${keyHex(1)}` });
    const body = `${HEADING}d0,k,psk,dry-0,hex:${keyHex(1)},\nd0,k,psk,dry-0,hex:${keyHex(2)},\nd1,k,psk,dry-1,hex:${keyHex(1)},\nd2,k,psk,dry-1,hex:${keyHex(1)},\nd3,k,psk,dry-0,hex:${keyHex(1)},\n`;
    const rehearsed = await imported('text/csv', body, '?dryRun=true');
    expect(rehearsed.map(({ result }) => result)).toEqual([
      'unchanged',
      'changed',
      'created',
      'failed',
      'failed',
      undefined,
    ]);
    expect(rehearsed.at(-1)).toMatchObject({ dryRun: true, created: 1 });
    for (const endpoint of ['d1', 'd2', 'd3'])
      expect((await server.rest('GET', `/devices/${endpoint}`)).status).toBe(404);
  });

  it('takes hundreds of lines, many of one device, in their order, and is bounded', async () => {
    const lines = Array.from({ length: 300 }, (_, index) =>
      JSON.stringify({
        endpoint: `n${index < 40 ? 0 : index}`,
        id: 'k',
        kind: 'psk',
        identity: `many-${index < 40 ? 0 : index}`,
        key: `hex:${keyHex(index % 250)}`,
      }),
    );
    const results = await imported('application/x-ndjson', lines.join('\n'));
    expect(results).toHaveLength(301);
    expect(results.slice(0, 300).map(({ line }) => line)).toEqual(lines.map((_, index) => index + 1));
    expect(results.at(-1)).toMatchObject({ lines: 300, created: 261, changed: 39, failed: 0 });
    const large = await server.fetch('POST', '/credentials/import', 'x'.repeat(65_537), { 'content-type': 'text/csv' });
    expect([large.status, ((await large.json()) as { code: string }).code]).toEqual([413, 'body_too_large']);
  });

  it.each([
    ['application/json', '{}', 415, 'unsupported_media_type'],
    ['text/csv', 'colour\n', 400, 'invalid_body'],
    ['text/csv', '', 400, 'invalid_body'],
  ])('refuses a body of %s, %j', async (type, body, status, code) => {
    const response = await server.fetch('POST', '/credentials/import', body, { 'content-type': type });
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([status, code]);
  });
});

describe('/trust-anchors and /revocation-lists', () => {
  const CRL = `-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n`;

  it('are kept over a restart, listed, changed and forgotten', async () => {
    const pem = certificate('CA');
    const input = { certificate: pem, rule: 'urn:dev:{cn}', label: 'ours' };
    const { body } = await server.rest('PUT', '/trust-anchors/ca', input);
    expect(body).toMatchObject({
      id: 'ca',
      ...input,
      subject: 'CN=CA',
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
    });
    expect((await server.rest('PUT', '/revocation-lists/ca', { list: CRL })).body).toMatchObject({
      id: 'ca',
      list: CRL,
    });
    await server.restart();
    expect((await server.rest('GET', '/trust-anchors')).body).toEqual({ items: [body] });
    expect((await server.rest('GET', '/trust-anchors/ca')).body).toEqual(body);
    expect((await server.rest('GET', '/revocation-lists')).body).toMatchObject({ items: [{ id: 'ca' }] });
    expect((await server.rest('GET', '/revocation-lists/ca')).body).toMatchObject({ list: CRL });
    await server.rest('PUT', '/trust-anchors/cb', { certificate: certificate('CB') });
    expect(await server.rest('PUT', '/trust-anchors/cc', { certificate: pem })).toMatchObject({
      status: 409,
      body: { code: 'too_many_anchors' },
    });
    expect(await put('t1', 'k', { kind: 'anchor', anchor: 'cd' })).toMatchObject({
      status: 404,
      body: { code: 'anchor_not_found' },
    });
    expect(await put('t1', 'k', { kind: 'anchor', anchor: 'ca' })).toMatchObject({
      status: 201,
      body: { credential: { anchor: 'ca' } },
    });
    for (const path of ['/trust-anchors/ca', '/trust-anchors/cb', '/revocation-lists/ca']) {
      expect(await server.rest('DELETE', path, undefined, { 'if-match': '"x"' })).toMatchObject({ status: 412 });
      expect((await server.rest('DELETE', path)).status).toBe(204);
      expect((await server.rest('DELETE', path)).status).toBe(404);
      expect((await server.rest('GET', path)).status).toBe(404);
    }
  });

  it.each([
    ['/trust-anchors/x', { certificate: 'MAA=' }, '/certificate'],
    ['/trust-anchors/x', { certificate: CRL }, '/certificate'],
    ['/trust-anchors/x', {}, '/certificate'],
    ['/revocation-lists/x', { list: 'MAAA' }, '/list'],
    ['/revocation-lists/x', { list: '?' }, '/list'],
  ])('%s refuses %j', async (path, body, pointer) => {
    expect(await server.rest('PUT', path, body)).toMatchObject({
      status: 400,
      body: { code: 'invalid_body', errors: [{ pointer }] },
    });
  });
});

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}
