/** /keys over REST: ids and counts, rotation with its events, and refusals. */

import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { TestServer } from '../../support/test-server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(async () => {
  await server.stop();
});

const ID = expect.stringMatching(/^[0-9a-f]{16}$/) as unknown as string;
const keys = async (): Promise<Readonly<Record<string, unknown>>> => (await server.rest('GET', '/keys')).body;

describe('/keys', () => {
  it('shows ids and counts and no more', async () => {
    expect(await keys()).toEqual({
      ...{ masterKey: ID, source: 'file', dataKey: ID },
      dataKeys: [{ id: ID, createdAt: expect.stringMatching(/^\d{4}-.*Z$/), sealedAtMost: 0 }],
    });
  });

  it('rotates and prunes, and tells each order before and after, for the owner', async () => {
    const before = await keys();
    const events = server.fetch('GET', '/events?type=keys.changed');
    const reader = (await events).body?.getReader();
    const rotated = await server.rest('POST', '/keys/rotate');
    expect(rotated).toMatchObject({ status: 200, body: { oldMasterKey: before['masterKey'], dataKeys: [{ id: ID }] } });
    expect(rotated.body).toEqual(await keys());
    const pruned = await server.rest('POST', '/keys/prune');
    expect(pruned.body).not.toHaveProperty('oldMasterKey');
    let text = '';
    while ((text.match(/^data: /gm) ?? []).length < 4)
      text += Buffer.from((await reader?.read())?.value ?? []).toString();
    await reader?.cancel();
    const told = [...text.matchAll(/^data: (.*)$/gm)].map(
      ([, data = '']) => JSON.parse(data) as Record<string, unknown>,
    );
    const [old, now] = [before['masterKey'], rotated.body['masterKey']];
    const [oldData, dataKey] = [before['dataKey'], rotated.body['dataKey']];
    expect(oldData).not.toBe(dataKey);
    expect(told.map(({ at: _at, ...event }) => event)).toEqual([
      { order: 'rotate', state: 'ordered', masterKey: old },
      { order: 'rotate', state: 'done', masterKey: now, dataKey },
      { order: 'prune', state: 'ordered', masterKey: now },
      { order: 'prune', state: 'done', masterKey: now, dataKey },
    ]);
  });

  it('serves orders that come at once one after the other', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => server.rest('POST', '/keys/rotate')));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(new Set(answers.map(({ body }) => body['masterKey'])).size).toBe(5);
    await server.restart();
    expect((await keys())['masterKey']).toBe(answers.at(-1)?.body['masterKey']);
    expect((await server.rest('POST', '/keys/rotate')).status).toBe(200);
  });

  it('says when the master key cannot be changed where it is, and keeps it', async () => {
    const file = `${server.folder}.key/master.key`;
    const [before, line] = [await keys(), readFileSync(file, 'utf8')];
    // A folder where the draft of the next key goes: the same for root, who may write anywhere.
    mkdirSync(`${file}.next.new`);
    const { status, body } = await server.rest('POST', '/keys/rotate');
    expect([status, body['code']]).toEqual([409, 'master_key_not_written']);
    expect(body['detail']).toContain(`the master key at ${file} cannot be changed`);
    expect([await keys(), readFileSync(file, 'utf8')]).toEqual([before, line]);
    rmSync(`${file}.next.new`, { recursive: true });
    expect((await server.rest('POST', '/keys/rotate')).status).toBe(200);
  });

  it('says when the data keys cannot be written, and that one may come again', async () => {
    const draft = `${server.folder}/keys.json.new`;
    mkdirSync(draft);
    const before = await keys();
    const { status, body } = await server.rest('POST', '/keys/rotate');
    expect([status, body['code']]).toEqual([503, 'store_unavailable']);
    expect((await keys())['masterKey']).toBe(before['masterKey']);
    rmSync(draft, { recursive: true });
    expect((await server.rest('POST', '/keys/rotate')).status).toBe(200);
    expect(readdirSync(`${server.folder}.key`)).toEqual(['master.key', 'master.key.old']);
  });

  it('takes no body, and nobody without the token', async () => {
    expect(await server.rest('POST', '/keys/rotate', { file: '/etc/x' })).toMatchObject({
      status: 400,
      body: { code: 'invalid_body' },
    });
    const before = await keys();
    for (const [method, path] of [['GET', ''] as const, ['POST', '/rotate'] as const, ['POST', '/prune'] as const])
      expect((await fetch(`${server.http}/api/v1/keys${path}`, { method })).status).toBe(401);
    expect(await keys()).toEqual(before);
  });
});
