/**
 * Queue mode on the wire (LwM2M-Core 1.1.1 §6.5), by literal datagrams: how each version says that a device is in it, and
 * that whatever the device sends is answered first and followed by what waits for it.
 */

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ScriptedClient, named, utf8 } from '../support/conformance.js';
import type { Caught } from '../support/scripted-peer.js';
import { TestServer, until } from '../support/test-server.js';

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

/** What a Register says of version and binding, as Uri-Query options after `ep`. */
const IN_QUEUE_MODE: Readonly<Record<string, string>> = {
  '1.0 by the binding UQ': '04623d5551',
  '1.1 by the flag Q': '066c743d333030 096c776d326d3d312e31 03623d55 0151',
  '1.2 by the flag Q': '066c743d333030 096c776d326d3d312e32 03623d55 0151',
};
const ALWAYS = '066c743d333030 096c776d326d3d312e31 03623d55';

const register = (messageId: string, endpoint: string, how: string): string =>
  `4202${messageId}ab01 b27264 1128 ${named(endpoint)} ${how} ff ${utf8('</1/0>,</3/0>')}`;

async function registered(endpoint: string, how: string): Promise<ScriptedClient> {
  const client = await ScriptedClient.silent(server, endpoint);
  clients.push(client);
  client.location = await client.peer.ask(
    register('7d38', endpoint, how),
    '62417d38ab01 827264 0aLLLLLLLLLLLLLLLLLLLL',
  );
  return client;
}

/** Makes a device listen for a second only, and waits until it sleeps. */
async function sleeps(endpoint: string): Promise<void> {
  await server.rest('PATCH', `/devices/${endpoint}`, { awakeWindow: 1 });
  await until(`${endpoint} sleeps`, async () =>
    (await server.device(endpoint))['presence'] === 'asleep' ? 'yes' : undefined,
  );
}

/** Orders a read of a device that sleeps: its id. */
async function ordered(client: ScriptedClient): Promise<string> {
  const order = { kind: 'read', path: '/3/0/0', format: 'text' };
  const { status, body } = await server.rest('POST', `/devices/${client.endpoint}/operations`, order);
  expect({ status, body }).toMatchObject({ status: 202, body: { state: 'queued', waitingFor: 'contact' } });
  expect(client.peer.waiting).toBe(0);
  return String(body['id']);
}

/** Takes the read, which must be the next datagram, answers it, and waits for its end. */
async function served(client: ScriptedClient, id: string): Promise<void> {
  await client.peer.answer(
    '4801MMMM TTTTTTTTTTTTTTTT b133 0130 0130 60',
    `6845MMMM TTTTTTTTTTTTTTTT c0 ff ${utf8('Bellwether')}`,
  );
  await until('the read is finished', async () =>
    (await server.rest('GET', `/operations/${id}`)).body['state'] === 'succeeded' ? 'yes' : undefined,
  );
}

describe('a device is in queue mode', () => {
  it.each(Object.entries(IN_QUEUE_MODE))('of LwM2M %s: it gets nothing while it sleeps', async (_version, how) => {
    const client = await registered('qmode', how);
    expect(await server.device('qmode')).toMatchObject({ presence: 'online', registration: { queueMode: true } });
    await sleeps('qmode');
    const id = await ordered(client);
    await client.updates('7d39');
    await served(client, id);
  });

  it('from an Update of LwM2M 1.0 on that says UQ, until one that says U', async () => {
    const client = await registered('qlater', '03623d55');
    await server.rest('PATCH', '/devices/qlater', { awakeWindow: 1 });
    expect(await server.device('qlater')).toMatchObject({ presence: 'online', registration: { queueMode: false } });
    await client.updates('7d39', '44623d5551');
    await sleeps('qlater');
    const id = await ordered(client);
    await client.updates('7d3a', '43623d55');
    await served(client, id);
    expect(await server.device('qlater')).toMatchObject({ presence: 'online', registration: { queueMode: false } });
  });

  it('never when it does not say so: it gets everything at once', async () => {
    const client = await registered('awake', ALWAYS);
    await server.rest('PATCH', '/devices/awake', { awakeWindow: 1 });
    await server.restart();
    client.peer.turnTo(server.coap);
    expect(await server.device('awake')).toMatchObject({ presence: 'online' });
    await client.updates('7d39');
    expect(await client.read('/3/0/0', 'text', '01 b133 0130 0130 60', `45 c0 ff ${utf8('x')}`)).toBe('x');
  });
});

/** A request of a device that sleeps, and how its answer begins. */
const UPLINKS: Readonly<Record<string, readonly [request: string, beginning: string]>> = {
  'a refresh Update': ['42027d39ab02 b27264 0aLLLLLLLLLLLLLLLLLLLL', '62447d39ab02'],
  'an Update that changes something': ['42027d39ab02 b27264 0aLLLLLLLLLLLLLLLLLLLL 466c743d363030', '62447d39ab02'],
  'an Update that is refused': ['42027d39ab02 b27264 0aLLLLLLLLLLLLLLLLLLLL 446c743d78', '62807d39ab02'],
  'a Register anew': [register('7d39', 'again', IN_QUEUE_MODE['1.1 by the flag Q'] ?? ''), '62417d39ab01'],
  'a Send': [`42027d39ab02 b26470 1170 ff 81 a2 00 66 ${utf8('/3/0/9')} 02 185f`, '62447d39ab02'],
  'a Send that is refused': ['42027d39ab02 b26470 1170 ff 00', '62807d39ab02'],
  'a request for the resources of the server': ['42017d39ab02 bb2e77656c6c2d6b6e6f776e 04636f7265', '62457d39ab02'],
  'a ping': ['40007d39', '70007d39'],
  'a notification under a token that is not known any more': ['48457d39 0102030405060708 6106 60 ff 3934', '70007d39'],
  'a request for what is not there': ['42017d39ab02 b178', '62847d39ab02'],
};

describe('a sleeping device that sends', () => {
  it.each(Object.entries(UPLINKS))('%s is answered first and gets what waits next', async (_name, uplink) => {
    const [request, beginning] = uplink;
    const client = await registered('again', IN_QUEUE_MODE['1.1 by the flag Q'] ?? '');
    await sleeps('again');
    const id = await ordered(client);
    await client.peer.asks(request.replace('LLLLLLLLLLLLLLLLLLLL', client.location['L'] ?? ''), beginning);
    await served(client, id);
  });
  afterEach(async () => {
    await server.rest('DELETE', '/devices/again');
    await server.rest('DELETE', '/devices/notifier');
  });

  it.each([
    ['a confirmable notification', '48455001', '60005001'],
    ['a notification that is not confirmable', '58455001', undefined],
    ['a confirmable notification that is older than the newest', '48455001', '60005001'],
  ])('%s gets what waits, after its acknowledgement', async (name, head, acknowledgement) => {
    const client = await registered('notifier', IN_QUEUE_MODE['1.1 by the flag Q'] ?? '');
    const wanted = server.rest('PUT', '/devices/notifier/observations/o', { paths: ['/3/0/9'], format: 'text' });
    const caught: Caught = await client.peer.answer(
      '4801MMMM TTTTTTTTTTTTTTTT 60 5133 0130 0139 60',
      '6845MMMM TTTTTTTTTTTTTTTT 6105 60 ff 3935',
    );
    expect((await wanted).status).toBe(200);
    await sleeps('notifier');
    const id = await ordered(client);
    const sequence = name.includes('older') ? '04' : '06';
    client.peer.send(`${head} TTTTTTTTTTTTTTTT 61${sequence} 60 ff 3934`, caught);
    if (acknowledgement !== undefined) await client.peer.expect(acknowledgement);
    await served(client, id);
  });
});

describe('what waits for a sleeping device', () => {
  it('outlives a restart of the server, and leaves by priority, each after the answer to the one before', async () => {
    const client = await registered('restarts', IN_QUEUE_MODE['1.1 by the flag Q'] ?? '');
    await sleeps('restarts');
    const order = async (operation: object): Promise<string> => {
      const { body } = await server.rest('POST', '/devices/restarts/operations', { ...operation, format: 'text' });
      expect(body).toMatchObject({ waitingFor: 'contact', nextExpectedContact: expect.any(String) });
      return String(body['id']);
    };
    const write = await order({ kind: 'write', path: '/1/0/1', mode: 'replace', value: 60, priority: 'low' });
    const read = await order({ kind: 'read', path: '/3/0/0', priority: 'high' });
    await server.restart();
    client.peer.turnTo(server.coap);
    await server.rest('PATCH', '/devices/restarts', { awakeWindow: 60 });
    expect(await server.device('restarts')).toMatchObject({ presence: 'asleep' });
    await client.updates('7d39');
    await served(client, read);
    await client.peer.answer('4803MMMM TTTTTTTTTTTTTTTT b131 0130 0131 10 ff 3630', '6844MMMM TTTTTTTTTTTTTTTT');
    await until('the write is finished', async () => {
      const { body } = await server.rest('GET', `/operations/${write}`);
      return body['state'] === 'succeeded' && body['priority'] === 'low' ? 'yes' : undefined;
    });
  });
});

describe('a message from elsewhere', () => {
  it('under the name or a location of a device that sleeps gets that device nothing', async () => {
    const client = await registered('victim', IN_QUEUE_MODE['1.1 by the flag Q'] ?? '');
    await sleeps('victim');
    await ordered(client);
    const other = await ScriptedClient.silent(server, 'victim');
    clients.push(other);
    await other.peer.asks(
      `42027d39ab02 b27264 1128 ${named('victim')} 046c743d78 ff ${utf8('</3/0>')}`,
      '62807d39ab02',
    );
    await other.peer.asks('42027d3aab02 b27264 0a41414141414141414141', '62847d3aab02');
    await other.peer.asks('42017d3bab02 b178', '62847d3bab02');
    expect(await server.device('victim')).toMatchObject({ presence: 'asleep' });
    expect([client.peer.waiting, other.peer.waiting]).toEqual([0, 0]);
  });
});
