/**
 * OMA enabler test cases 101 to 111, 1250 and 1350, played by a scripted client against a whole server over loopback: the
 * client's datagrams are literals, and the server's are compared with literals.
 */

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CREATED, ScriptedClient, named, utf8 } from '../support/conformance.js';
import { TestServer, until } from '../support/test-server.js';

let server: TestServer;
const clients: ScriptedClient[] = [];

beforeAll(async () => {
  server = await TestServer.start({ 'lifetime-grace': 0, 'awake-window': 1 });
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await server.stop();
});

async function registered(endpoint: string, objects = '</1/0>,</3/0>'): Promise<ScriptedClient> {
  const client = await ScriptedClient.registered(server, endpoint, objects);
  clients.push(client);
  return client;
}

async function silent(endpoint: string): Promise<ScriptedClient> {
  const client = await ScriptedClient.silent(server, endpoint);
  clients.push(client);
  return client;
}

async function registrationOf(endpoint: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  return (await server.device(endpoint))['registration'] as Readonly<Record<string, unknown>> | undefined;
}

describe('registration', () => {
  it('LightweightM2M-1.1-int-101 Initial registration: 2.01 with a location under /rd, and all parameters are shown', async () => {
    const client = await registered('ets101');
    expect(await server.device('ets101')).toMatchObject({
      endpoint: 'ets101',
      presence: 'online',
      registration: {
        lwm2m: '1.1',
        lifetime: 300,
        binding: 'U',
        queueMode: false,
        objects: [
          { id: 1, version: '1.1', instances: [0] },
          { id: 3, version: '1.1', instances: [0] },
        ],
        address: `127.0.0.1:${client.peer.port}`,
      },
    });
  });

  it('LightweightM2M-1.0-int-101 Initial registration: a client of 1.0 with a name alone gets the defaults', async () => {
    const client = await silent('ets101o');
    await client.peer.ask(`42027d38ab01 b27264 1128 ${named('ets101o')} ff ${utf8('</1/0>,</3/0>')}`, CREATED);
    expect(await registrationOf('ets101o')).toMatchObject({
      lwm2m: '1.0',
      lifetime: 86400,
      binding: 'U',
      queueMode: false,
      objects: [
        { id: 1, version: '1.0' },
        { id: 3, version: '1.0' },
      ],
    });
  });

  it('LightweightM2M-1.1-int-102 Registration update: a new lifetime counts, and without Update the client expires', async () => {
    const client = await registered('ets102');
    expect(
      await client.done(
        { kind: 'write', path: '/1/0/1', mode: 'replace', value: 1, format: 'text' },
        '03 b131 0130 0131 10 ff 31',
        '44',
      ),
    ).toBe('2.04');
    await client.updates('7d39', '446c743d31');
    expect(await registrationOf('ets102')).toMatchObject({ lifetime: 1 });
    await client.updates('7d3a');
    await until('ets102 is expired', async () => ((await registrationOf('ets102')) === undefined ? 'yes' : undefined));
    expect(await server.device('ets102')).toMatchObject({ presence: 'offline' });
    await client.peer.ask(
      '42027d3bab03 b27264 0aLLLLLLLLLLLLLLLLLLLL',
      `62847d3bab03 ff ${utf8('no such registration: register again')}`,
      client.location,
    );
  });

  it('LightweightM2M-1.1-int-103 De-registration: 2.02, and the client is gone', async () => {
    const client = await registered('ets103');
    expect(await client.done({ kind: 'execute', path: '/1/0/4' }, '02 b131 0130 0134', '44')).toBe('2.04');
    await client.peer.ask('42047d39ab02 b27264 0aLLLLLLLLLLLLLLLLLLLL', '62427d39ab02', client.location);
    expect(await registrationOf('ets103')).toBeUndefined();
  });

  it('LightweightM2M-1.1-int-104 Registration update trigger: an Update without parameters extends the lifetime', async () => {
    const client = await registered('ets104');
    const before = (await registrationOf('ets104'))?.['expiresAt'];
    expect(await client.done({ kind: 'execute', path: '/1/0/8' }, '02 b131 0130 0138', '44')).toBe('2.04');
    let messageId = 0x7d39;
    const after = await until('ets104 expires later', async () => {
      await client.updates((messageId++).toString(16));
      const now = (await registrationOf('ets104'))?.['expiresAt'];
      return now === before ? undefined : now;
    });
    expect(Date.parse(String(after))).toBeGreaterThan(Date.parse(String(before)));
  });

  it('LightweightM2M-1.1-int-105 Discarded register update: a forgotten client is told 4.04 and registers again', async () => {
    const client = await registered('ets105');
    expect(
      await client.done(
        { kind: 'write', path: '/1/0/1', mode: 'replace', value: 20, format: 'text' },
        '03 b131 0130 0131 10 ff 3230',
        '44',
      ),
    ).toBe('2.04');
    expect((await server.rest('DELETE', '/devices/ets105')).status).toBe(204);
    await client.peer.ask(
      '42027d39ab02 b27264 0aLLLLLLLLLLLLLLLLLLLL 456c743d3230',
      `62847d39ab02 ff ${utf8('no such registration: register again')}`,
      client.location,
    );
    const again = await client.peer.ask(
      `42027d3aab03 b27264 1128 ${named('ets105')} 056c743d3230 096c776d326d3d312e31 ff ${utf8('</1/0>,</3/0>')}`,
      '62417d3aab03 827264 0aLLLLLLLLLLLLLLLLLLLL',
    );
    expect(again['L']).not.toBe(client.location['L']);
    expect(await registrationOf('ets105')).toMatchObject({ lifetime: 20 });
  });

  it('LightweightM2M-1.1-int-107 Extending the lifetime: the Update carries it', async () => {
    const client = await registered('ets107');
    expect(
      await client.done(
        { kind: 'write', path: '/1/0/1', mode: 'replace', value: 120, format: 'text' },
        '03 b131 0130 0131 10 ff 313230',
        '44',
      ),
    ).toBe('2.04');
    await client.updates('7d39', '466c743d313230');
    expect(await registrationOf('ets107')).toMatchObject({ lifetime: 120 });
  });

  it('LightweightM2M-1.1-int-108 Turn on queue mode: the flag Q', async () => {
    const client = await silent('ets108');
    await client.peer.ask(
      `42027d38ab01 b27264 1128 ${named('ets108')} 066c743d333030 096c776d326d3d312e31 03623d55 0151 ff ${utf8('</3/0>')}`,
      CREATED,
    );
    expect(await registrationOf('ets108')).toMatchObject({ binding: 'U', queueMode: true });
  });

  it('LightweightM2M-1.0-int-108 Turn on queue mode: the binding UQ', async () => {
    const client = await silent('ets108o');
    await client.peer.ask(`42027d38ab01 b27264 1128 ${named('ets108o')} 04623d5551 ff ${utf8('</3/0>')}`, CREATED);
    expect(await registrationOf('ets108o')).toMatchObject({ lwm2m: '1.0', binding: 'UQ', queueMode: true });
  });

  it('LightweightM2M-1.1-int-109 Queue mode behaviour: nothing is sent to a sleeping client; its Update is answered first, then the Read leaves', async () => {
    const client = await silent('ets109');
    client.location = await client.peer.ask(
      `42027d38ab01 b27264 1128 ${named('ets109')} 066c743d333030 096c776d326d3d312e31 03623d55 0151 ff ${utf8('</1/0>,</3/0>')}`,
      CREATED,
    );
    await until('ets109 sleeps', async () =>
      (await server.device('ets109'))['presence'] === 'asleep' ? 'yes' : undefined,
    );
    const order = { kind: 'read', path: '/3/0/0', format: 'text' };
    const { status, body } = await server.rest('POST', '/devices/ets109/operations', order);
    expect({ status, state: body['state'], waitingFor: body['waitingFor'] }).toEqual({
      status: 202,
      state: 'queued',
      waitingFor: 'contact',
    });
    expect(client.peer.waiting).toBe(0);
    await client.updates('7d39');
    await client.peer.answer(
      '4801MMMM TTTTTTTTTTTTTTTT b133 0130 0130 60',
      `6845MMMM TTTTTTTTTTTTTTTT c0 ff ${utf8('Bellwether')}`,
    );
    const finished = await until('the read is finished', async () => {
      const operation = (await server.rest('GET', `/operations/${String(body['id'])}`)).body;
      return operation['state'] === 'succeeded' ? operation : undefined;
    });
    expect(finished).toMatchObject({ result: { coapCode: '2.05', node: { path: '/3/0/0', value: 'Bellwether' } } });
  });

  it('LightweightM2M-1.2-int-110 Registration with Profile ID: an unknown profile is 4.09, and the client registers with its list', async () => {
    const client = await silent('ets110');
    await client.peer.ask(
      `42027d38ab01 b27264 ${named('ets110', 4)} 066c743d333030 096c776d326d3d312e32 0d017069643d363a3237333534623961`,
      `62897d38ab01 ff ${utf8('the profile "6:27354b9a" is not known: register with the object list')}`,
    );
    await client.peer.ask(
      `42027d39ab02 b27264 1128 ${named('ets110')} 066c743d333030 096c776d326d3d312e32 ff ${utf8('</1/0>,</3/0>')}`,
      '62417d39ab02 827264 0aLLLLLLLLLLLLLLLLLLLL',
    );
    expect(await registrationOf('ets110')).toMatchObject({ lwm2m: '1.2', objects: [{ id: 1 }, { id: 3 }] });
  });

  it('LightweightM2M-1.2-int-111 Profile ID and list: nothing is guessed', async () => {
    const client = await silent('ets111');
    await client.peer.ask(
      `42027d38ab01 b27264 1128 ${named('ets111')} 066c743d333030 096c776d326d3d312e32 0d017069643d363a3237333534623961 ff ${utf8('</4/0>')}`,
      `62897d38ab01 ff ${utf8('the profile "6:27354b9a" is not known: register with the object list')}`,
    );
    expect((await server.rest('GET', '/devices/ets111')).status).toBe(404);
  });

  it('LightweightM2M-1.0-int-1250 APN configuration: an Update with a new object list replaces the old one', async () => {
    const client = await registered('ets1250', '</1/0>,</3/0>,</10/0>,</11/0>');
    await client.updates('7d39', `1128 ff ${utf8('</1/0>,</3/0>,</10/0>,</11/0>,</11/1>')}`);
    expect(await registrationOf('ets1250')).toMatchObject({
      objects: [
        { id: 1, instances: [0] },
        { id: 3, instances: [0] },
        { id: 10, instances: [0] },
        { id: 11, instances: [0, 1] },
      ],
    });
  });

  it('LightweightM2M-1.0-int-1350 Bearer selection: an Update from a new address moves the registration there', async () => {
    const client = await registered('ets1350');
    const moved = await silent('ets1350');
    moved.location = client.location;
    await moved.updates('7d39');
    expect(await registrationOf('ets1350')).toMatchObject({ address: `127.0.0.1:${moved.peer.port}` });
    expect(await moved.read('/3/0/3', 'text', '01 b133 0130 0133 60', `45 c0 ff ${utf8('1.0')}`)).toBe('1.0');
    expect(client.peer.waiting).toBe(0);
  });

  it.each([
    ['without a name', '4.00', `42027d38ab01 b27264 1128 356c743d3630 ff ${utf8('</3/0>')}`, '80', 'ep is missing'],
    [
      'of LwM2M 2.0',
      '4.12',
      `42027d38ab01 b27264 1128 ${named('bad')} 096c776d326d3d322e30 ff ${utf8('</3/0>')}`,
      '8c',
      'LwM2M 2.0 is not served: 1.0, 1.1, 1.2 are',
    ],
    [
      'with a binding of another version',
      '4.00',
      `42027d38ab01 b27264 1128 ${named('bad')} 03623d54 ff ${utf8('</3/0>')}`,
      '80',
      'b must be one of U, UQ, S, SQ, US, UQS in LwM2M 1.0',
    ],
    [
      'with Q in 1.0',
      '4.00',
      `42027d38ab01 b27264 1128 ${named('bad')} 0151 ff ${utf8('</3/0>')}`,
      '80',
      'Q is not known to LwM2M 1.0: it stands in b there',
    ],
    [
      'of 1.1 without a lifetime',
      '4.00',
      `42027d38ab01 b27264 1128 ${named('bad')} 096c776d326d3d312e31 ff ${utf8('</3/0>')}`,
      '80',
      'lt is missing: LwM2M 1.1 requires it',
    ],
    [
      'with a payload of another format',
      '4.15',
      `42027d38ab01 b27264 10 ${named('bad')} ff ${utf8('</1/0>,</3/0>,</3303/0>')}`,
      '8f',
      'the payload must be of content format 40 (application/link-format)',
    ],
    ['without objects', '4.00', `42027d38ab01 b27264 1128 ${named('bad')}`, '80', 'the object list names no object'],
  ])('a Register %s is %s', async (_, _code, request, code, detail) => {
    const client = await silent('bad');
    await client.peer.ask(request, `62${code}7d38ab01 ff ${utf8(detail)}`);
    expect((await server.rest('GET', '/devices/bad')).status).toBe(404);
  });

  it('a Register again gives a new location at once, and the old one is 4.04', async () => {
    const client = await registered('again');
    const second = await client.peer.ask(
      `42027d39ab02 b27264 1128 ${named('again')} 066c743d333030 096c776d326d3d312e31 03623d55 ff ${utf8('</1/0>,</3/0>')}`,
      '62417d39ab02 827264 0aLLLLLLLLLLLLLLLLLLLL',
    );
    expect(second['L']).not.toBe(client.location['L']);
    await client.peer.ask(
      '42027d3aab03 b27264 0aLLLLLLLLLLLLLLLLLLLL',
      `62847d3aab03 ff ${utf8('no such registration: register again')}`,
      client.location,
    );
    await client.peer.ask('42027d3bab04 b27264 0aLLLLLLLLLLLLLLLLLLLL', '62447d3bab04', second);
  });

  it('LightweightM2M-1.1-int-950 Two servers: each registers the client and knows nothing of the other', async () => {
    const other = await TestServer.start();
    try {
      const here = await registered('ets950');
      const there = await ScriptedClient.registered(other, 'ets950', '</1/1>,</3/0>');
      expect(here.location['L']).not.toBe(there.location['L']);
      expect((await registrationOf('ets950'))?.['objects']).toMatchObject([{ id: 1, instances: [0] }, { id: 3 }]);
      const { registration } = (await other.device('ets950')) as { registration: { objects: unknown } };
      expect(registration.objects).toMatchObject([{ id: 1, instances: [1] }, { id: 3 }]);
      there.close();
    } finally {
      await other.stop();
    }
  });

  it('a Register that came twice is answered twice with the same location', async () => {
    const client = await registered('twice');
    const second = await client.peer.ask(
      `42027d38ab01 b27264 1128 ${named('twice')} 066c743d333030 096c776d326d3d312e31 03623d55 ff ${utf8('</1/0>,</3/0>')}`,
      CREATED,
    );
    expect(second['L']).toBe(client.location['L']);
  });
});
