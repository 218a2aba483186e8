/** /server-credentials over REST: private keys go in and never come out, what does not fit is refused, files are read again. */

import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { filesWith, formsIn } from '../../support/canary.js';
import { time } from '../../support/der.js';
import { authorityNow, chainOf, privatePem, serverKey } from '../../support/server-keys.js';
import { TestServer, type Answer } from '../../support/test-server.js';
import { DAY, pair, pem } from '../../support/x509.js';

let server: TestServer;
let folder = '';
const ca = authorityNow('CA');
const [first, second] = [serverKey(ca, 'first'), serverKey(ca, 'second')];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bellwether-server-keys-'));
  write(first);
  const files = { 'coaps-key': join(folder, 'key.pem'), 'coaps-chain': join(folder, 'chain.pem') };
  server = await TestServer.start({ ...files, 'server-credentials': 3 });
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

/** Puts a key into the files that the server reads. */
function write({ key, chain }: { readonly key: string; readonly chain: string }): void {
  writeFileSync(join(folder, 'key.pem'), key);
  writeFileSync(join(folder, 'chain.pem'), chain);
}

const put = (id: string, body: unknown, headers = {}): Promise<Answer> =>
  server.rest('PUT', `/server-credentials/${id}`, body, headers);
const spkiPem = ({ certificate }: typeof first): string => pem('PUBLIC KEY', certificate.key.spki);
const digest = (der: Uint8Array): string => createHash('sha256').update(der).digest('hex');
const listed = async (): Promise<unknown[]> =>
  (await server.rest('GET', '/server-credentials')).body['items'] as unknown[];

describe('/server-credentials', () => {
  it('shows what the files hold, and lets nobody change it but by the files', async () => {
    const expected = {
      ...{ id: 'files', source: 'files', keyType: 'P-256', publicKey: spkiPem(first) },
      fingerprint: digest(first.certificate.key.spki),
      chain: first.chain,
      certificates: [
        { subject: 'CN=first', issuer: 'CN=CA', fingerprint: digest(first.certificate.der) },
        { subject: 'CN=CA', issuer: 'CN=CA', fingerprint: digest(ca.der) },
      ],
    };
    expect(await listed()).toMatchObject([expected]);
    expect((await server.rest('GET', '/server-credentials/files')).body).toMatchObject(expected);
    const refusal = { status: 409, body: { code: 'server_credential_of_files' } };
    expect(await put('files', { key: second.key })).toMatchObject(refusal);
    expect(await server.rest('DELETE', '/server-credentials/files')).toMatchObject(refusal);
  });

  it('reads the files again when told, and keeps what it has when they do not fit', async () => {
    write(second);
    const { status, body } = await server.rest('POST', '/server-credentials/reload');
    expect([status, body]).toMatchObject([200, { items: [{ id: 'files', publicKey: spkiPem(second) }] }]);
    write({ ...second, chain: first.chain });
    const refused = await server.rest('POST', '/server-credentials/reload');
    expect(refused).toMatchObject({ status: 409, body: { code: 'server_files_unusable' } });
    expect(refused.body['detail']).toMatch(
      /the first certificate of --coaps-chain .* is not of the key in --coaps-key/,
    );
    expect(await listed()).toMatchObject([{ publicKey: spkiPem(second) }]);
    write(first);
    await server.rest('POST', '/server-credentials/reload');
  });

  it('keeps a key sealed, over a restart too, and never shows it', async () => {
    const input = { key: second.key, chain: second.chain, hosts: ['B.example', 'a.example'], label: 'ours' };
    const { status, body } = await put('door', input);
    expect([status, body]).toMatchObject([
      200,
      { id: 'door', source: 'stored', hosts: ['a.example', 'b.example'], label: 'ours', chain: second.chain },
    ]);
    expect(await put('door', input)).toEqual({ status: 200, body });
    await server.restart();
    expect((await server.rest('GET', '/server-credentials/door')).body).toEqual(body);
    const secret = Buffer.from(second.certificate.key.privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
    const der = second.certificate.key.privateKey.export({ type: 'pkcs8', format: 'der' });
    for (const canary of [secret, der.subarray(0, 64)]) {
      expect(filesWith([server.folder], canary)).toEqual([]);
      for (const path of ['/server-credentials', '/server-credentials/door', '/metrics'])
        expect(formsIn(await (await server.fetch('GET', path)).text(), canary)).toEqual([]);
    }
  });

  it('changes what goes with a kept key without the key, and forgets it', async () => {
    const { body: before } = await server.rest('GET', '/server-credentials/door');
    const { body } = await put('door', { label: 'raw' });
    expect(body).toMatchObject({ publicKey: before['publicKey'], certificates: [], label: 'raw' });
    for (const member of ['chain', 'hosts', 'anchors']) expect(body).not.toHaveProperty(member);
    expect(await put('none', { label: 'x' })).toMatchObject({ status: 400, body: { errors: [{ pointer: '/key' }] } });
    expect(await put('door', { label: 'y' }, { 'if-match': '"x"' })).toMatchObject({ status: 412 });
    expect((await server.rest('DELETE', '/server-credentials/door')).status).toBe(204);
    expect(await server.rest('DELETE', '/server-credentials/door')).toMatchObject({
      ...{ status: 404, body: { code: 'server_credential_not_found' } },
    });
  });

  it('has one key of a type for a host, and for all hosts that none is for', async () => {
    await put('one', { key: first.key, hosts: ['one.example'] });
    const taken = { status: 409, body: { code: 'server_host_taken' } };
    expect(await put('two', { key: second.key, hosts: ['two.example', 'One.example'] })).toMatchObject(taken);
    expect((await put('two', { key: second.key })).status).toBe(200);
    expect(await put('more', { key: first.key })).toMatchObject(taken);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const other = privateKey.export({ type: 'sec1', format: 'pem' }).toString();
    expect((await put('more', { key: other, hosts: ['one.example'] })).body).toMatchObject({ keyType: 'P-384' });
    expect(await put('most', { key: first.key, hosts: ['most.example'] })).toMatchObject({
      ...{ status: 409, body: { code: 'too_many_server_credentials' } },
    });
    for (const id of ['one', 'two', 'more']) await server.rest('DELETE', `/server-credentials/${id}`);
  });

  it('tells of every change and of every reload', async () => {
    const reader = (
      await server.fetch('GET', '/events?type=serverCredential.changed,serverCredential.reloaded')
    ).body?.getReader();
    await put('told', { key: first.key });
    await server.rest('POST', '/server-credentials/reload');
    await server.rest('DELETE', '/server-credentials/told');
    let text = '';
    while ((text.match(/^data: /gm) ?? []).length < 3)
      text += Buffer.from((await reader?.read())?.value ?? []).toString();
    await reader?.cancel();
    const told = [...text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => JSON.parse(data) as object);
    expect(told).toMatchObject([
      { serverCredential: 'told', known: true },
      { at: expect.any(String) as unknown },
      { serverCredential: 'told', known: false },
    ]);
  });

  const expired = serverKey(ca, 'old', { from: time(Date.now() - 2 * DAY), to: time(Date.now() - DAY) });
  const early = serverKey(ca, 'new', { from: time(Date.now() + DAY), to: time(Date.now() + 2 * DAY) });
  const short = privatePem(pair(1024));
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const locked = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' } as const;

  it.each([
    ['no key', { chain: first.chain }, '/key', /must be there: no key is kept under "x"/],
    ['no PEM', { key: 'abc' }, '/key', /must be a private key as PEM/],
    ['a public key', { key: spkiPem(first) }, '/key', /holds PUBLIC KEY and no PRIVATE KEY/],
    ['RSA of 1024 bits', { key: short }, '/key', /key of 1024 bits.* RSA keys of 2048 to 8192 bits/],
    ['another curve', { key: privatePem(pair('secp256k1')) }, '/key', /curve secp256k1.*P-256 and P-384/],
    [
      'an encrypted key',
      { key: privateKey.export(locked).toString() },
      '/key',
      /encrypted: give it without a passphrase/,
    ],
    ['another key', { key: first.key, chain: second.chain }, '/chain', /has no certificate of the private key/],
    [
      'the wrong order',
      { key: first.key, chain: chainOf(ca, first.certificate) },
      '/chain',
      /has the certificate of the private key in place 2: it must be the first/,
    ],
    [
      'an issuer that did not sign',
      { key: first.key, chain: chainOf(first.certificate, authorityNow('CA')) },
      '/chain',
      /certificate 1, of CN="first" .*, is not signed by the one after it/,
    ],
    ['one that expired', { key: expired.key, chain: expired.chain }, '/chain', /certificate 1, .* has expired at 20/],
    ['one not yet valid', { key: early.key, chain: early.chain }, '/chain', /certificate 1, .* is not valid before 20/],
    ['no certificate', { key: first.key, chain: 'x' }, '/chain', /neither DER nor PEM/],
    ['a key in the chain', { key: first.key, chain: first.key }, '/chain', /holds a private key/],
    ['an address', { key: first.key, hosts: ['192.0.2.1'] }, '/hosts', /"192.0.2.1" is no host name/],
    ['a pattern', { key: first.key, hosts: ['*.example'] }, '/hosts', /is no host name/],
    ['no host', { key: first.key, hosts: [] }, '/hosts', /fewer than 1/],
    ['a member that is not known', { key: first.key, host: 'a' }, '/host', /.*/],
  ])('refuses %s', async (_what, body, pointer, words) => {
    const { status, body: answer } = await put('x', body);
    expect([status, answer]).toMatchObject([400, { code: 'invalid_body', errors: [{ pointer }] }]);
    expect(answer['detail']).toMatch(words);
    for (const { key } of [first, second]) expect(JSON.stringify(answer)).not.toContain(key.split('\n')[1]);
    expect((await server.rest('GET', '/server-credentials/x')).status).toBe(404);
  });

  it('refuses an anchor that is not there, and an id that none can have', async () => {
    expect(await put('x', { key: first.key, anchors: ['nobody'] })).toMatchObject({
      ...{ status: 404, body: { code: 'anchor_not_found' } },
    });
    expect(await put('x%20y', { key: first.key })).toMatchObject({
      ...{ status: 404, body: { code: 'server_credential_not_found' } },
    });
  });
});

describe('a server without files', () => {
  it('has nothing to read again, and says so', async () => {
    const other = await TestServer.start();
    try {
      const { status, body } = await other.rest('POST', '/server-credentials/reload');
      expect([status, body]).toMatchObject([
        409,
        { code: 'server_files_unusable', detail: expect.stringContaining('--coaps-key') as unknown },
      ]);
      expect((await other.rest('GET', '/server-credentials')).body).toEqual({ items: [] });
    } finally {
      await other.stop();
    }
  });
});

describe('a server whose data keys are lost', () => {
  it('asks for a kept key again, offers it no more, and takes it', async () => {
    const before = await TestServer.start();
    await before.rest('PUT', '/server-credentials/lost', { key: first.key });
    await before.running.stop();
    rmSync(join(before.folder, 'keys.json'));
    const after = await TestServer.start({}, before.folder);
    try {
      const lost = '/server-credentials/lost';
      const { status, body } = await after.rest('PUT', lost, { label: 'x' });
      expect([status, body]).toMatchObject([409, { code: 'secret_unreadable' }]);
      expect(body['detail']).toBe('the key that is kept under "lost" cannot be read: hand it in again');
      expect(after.running.fleet.serverCredentials.material()).toEqual([{ id: 'lost', privateKey: undefined }]);
      expect((await after.rest('GET', lost)).status).toBe(200);
      expect((await after.rest('PUT', lost, { key: first.key })).status).toBe(200);
      expect((await after.rest('PUT', lost, { label: 'x' })).status).toBe(200);
    } finally {
      await after.stop();
    }
  });
});
