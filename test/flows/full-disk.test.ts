/**
 * A whole server whose disk is full: what needs a commit is refused in the words of each door, what needs none goes on, and
 * when there is space again everything does; nothing that was acknowledged is lost, nothing that was refused is there.
 */

import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { CREATED, ScriptedClient, named, utf8 } from '../support/conformance.js';
import { crashImage, lookInto } from '../support/crash-image.js';
import { fill } from '../support/fill.js';
import { TestServer, until } from '../support/test-server.js';
import type { Answer } from '../support/test-server.js';

const OBJECTS = '</1/0>,</3/0>';
const WRITE = { kind: 'write', path: '/3/0/15', mode: 'replace', value: 'CET', format: 'text' };

let server: TestServer;
const clients: ScriptedClient[] = [];

beforeAll(async () => {
  server = await TestServer.start();
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await server.stop();
});

async function registered(endpoint: string): Promise<ScriptedClient> {
  const client = await ScriptedClient.registered(server, endpoint, OBJECTS);
  clients.push(client);
  return client;
}

async function health(path: string): Promise<Answer> {
  const response = await fetch(`${server.http}${path}`);
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

const register = (endpoint: string): string =>
  `42027d38ab01 b27264 1128 ${named(endpoint)} 066c743d333030 096c776d326d3d312e31 03623d55 ff ${utf8(OBJECTS)}`;

it('refuses what needs a commit, goes on with what needs none, and recovers when there is space', async () => {
  const changer = await registered('changer');
  const kept = await registered('kept');
  const leaver = await registered('leaver');
  const comer = await ScriptedClient.silent(server, 'comer');
  clients.push(comer);
  expect((await server.rest('PATCH', '/devices/kept', { tags: { before: 'yes' } })).status).toBe(200);
  // A write that has reached its device: it is the outcome that will find no space.
  const busy = await registered('busy');
  const sent = server.rest('POST', '/devices/busy/operations', WRITE);
  const reached = await busy.peer.expect('4803MMMM TTTTTTTTTTTTTTTT b133 0130 023135 10 ff 434554');
  await fill(server.store);
  busy.peer.send('6844MMMM TTTTTTTTTTTTTTTT', reached);
  const done: string[] = [];
  void sent.then(({ status }) => done.push(`${status}`));

  // 5.03 with Max-Age towards devices.
  const unavailable = (head: string) => `${head} d101AA ff ${utf8('try again later')}`;
  const { A: maxAge = '' } = await comer.peer.ask(register('comer'), unavailable('62a37d38ab01'));
  expect(Number.parseInt(maxAge, 16)).toBeGreaterThan(0);
  const update = '42027d39ab02 b27264 0aLLLLLLLLLLLLLLLLLLLL 466c743d343030';
  await changer.peer.ask(update, unavailable('62a37d39ab02'), changer.location);
  const leave = '42047d39ab03 b27264 0aLLLLLLLLLLLLLLLLLLLL';
  await leaver.peer.ask(leave, unavailable('62a37d39ab03'), leaver.location);

  // 503 store_unavailable with Retry-After towards people.
  for (const [method, path, body] of [
    ['PATCH', '/devices/kept', { tags: { during: 'yes' } }],
    ['DELETE', '/devices/kept', undefined],
    ['POST', '/devices/kept/operations', WRITE],
    ['PUT', '/devices/kept/observations/level', { paths: ['/3/0/9'] }],
  ] as const) {
    const answer = await server.rest(method, path, body);
    expect({ method, status: answer.status, code: answer.body['code'] }).toEqual({
      ...{ method, status: 503, code: 'store_unavailable' },
    });
    expect(String(answer.body['detail'])).toMatch(/the disk is full/);
  }

  // What needs no commit.
  for (let turn = 0; turn < 5; turn += 1) {
    await kept.updates((0x6000 + turn).toString(16));
    await changer.updates((0x6100 + turn).toString(16));
  }
  expect((await health('/healthz')).status).toBe(200);
  const unwell = await health('/readyz');
  expect(unwell.status).toBe(503);
  expect(JSON.stringify(unwell.body)).toMatch(/the disk is full/);
  expect(await server.device('kept')).toMatchObject({ tags: { before: 'yes' }, presence: 'online' });
  expect(await server.device('changer')).toMatchObject({ registration: { lifetime: 300 } });
  expect(await server.device('leaver')).toHaveProperty('registration');
  expect((await server.rest('GET', '/devices/comer')).status).toBe(404);
  expect((await server.rest('GET', '/devices?limit=10')).body['items']).toHaveLength(4);
  expect((await server.rest('GET', '/devices/kept/operations')).status).toBe(200);
  // No datagram of the write has left.
  expect(kept.peer.waiting).toBe(0);

  const image = await lookInto(crashImage(server.folder));
  const lifetimes = image.devices.map(({ record }) => [record.endpoint, record.registration?.lifetime, record.tags]);
  expect(lifetimes.sort()).toEqual([
    ['busy', 300, {}],
    ['changer', 300, {}],
    ['kept', 300, { before: 'yes' }],
    ['leaver', 300, {}],
  ]);

  // Its outcome is told to nobody while a start would not know it.
  expect(done).toEqual([]);
  expect(image.operations.map(({ record }) => [record.endpoint, record.state])).toEqual([['busy', 'sent']]);

  server.store.limitPages(0);
  expect(await sent).toMatchObject({ status: 200, body: { state: 'succeeded' } });
  await comer.peer.ask(register('comer').replace('7d38', '7d40'), CREATED.replace('7d38', '7d40'));
  await changer.peer.ask(update.replace('7d39', '7d40'), '62447d40ab02', changer.location);
  await leaver.peer.ask(leave.replace('7d39', '7d40'), '62427d40ab03', leaver.location);
  expect((await server.rest('PATCH', '/devices/kept', { tags: { after: 'yes' } })).status).toBe(200);
  const ordered = server.rest('POST', '/devices/kept/operations', WRITE);
  await kept.peer.answer('4803MMMM TTTTTTTTTTTTTTTT b133 0130 023135 10 ff 434554', '6844MMMM TTTTTTTTTTTTTTTT');
  expect(await ordered).toMatchObject({ status: 200, body: { state: 'succeeded' } });
  await until('the server is ready', async () => ((await health('/readyz')).status === 200 ? 'yes' : undefined));
  expect(await server.device('kept')).toMatchObject({ tags: { before: 'yes', after: 'yes' } });
  const after = await lookInto(crashImage(server.folder));
  expect(after.devices.map(({ record }) => record.endpoint).sort()).toEqual([
    'busy',
    'changer',
    'comer',
    'kept',
    'leaver',
  ]);
}, 60_000);
