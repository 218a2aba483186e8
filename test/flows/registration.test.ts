/**
 * The rules of registration beyond the OMA cases, on a whole server over loopback: lifetimes without end, payloads in blocks,
 * and what is answered to those who are not, or no longer, whom they seem to be. Datagrams are literals.
 */

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CREATED, ScriptedClient, named, utf8 } from '../support/conformance.js';
import { TestServer, plain } from '../support/test-server.js';

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

async function registered(endpoint: string, objects = '</1/0>,</3/0>'): Promise<ScriptedClient> {
  const client = await ScriptedClient.registered(server, endpoint, objects);
  clients.push(client);
  return client;
}

async function silent(endpoint: string, of: TestServer = server): Promise<ScriptedClient> {
  const client = await ScriptedClient.silent(of, endpoint);
  clients.push(client);
  return client;
}

describe('lifetimes', () => {
  it('0 never expires (LwM2M-Core 1.2.1 Server object, resource 1)', async () => {
    const client = await silent('forever');
    await client.peer.ask(
      `42027d38ab01 b27264 1128 ${named('forever')} 046c743d30 096c776d326d3d312e31 ff ${utf8('</3/0>')}`,
      CREATED,
    );
    const registration = (await server.device('forever'))['registration'];
    expect(registration).toMatchObject({ lifetime: 0 });
    expect(registration).not.toHaveProperty('expiresAt');
  });

  it('2^32-1 seconds is 136 years', async () => {
    const client = await silent('longest');
    client.location = await client.peer.ask(
      `42027d38ab01 b27264 1128 ${named('longest')} 0d006c743d34323934393637323935 096c776d326d3d312e31 ff ${utf8('</3/0>')}`,
      CREATED,
    );
    const registration = (await server.device('longest'))['registration'] as Readonly<Record<string, string>>;
    expect(registration).toMatchObject({ lifetime: 4294967295 });
    const years = (Date.parse(registration['expiresAt'] ?? '') - Date.now()) / (365.25 * 86_400_000);
    expect(Math.round(years)).toBe(136);
    await client.updates('7d39');
  });
});

describe('a Register in blocks (RFC 7959 §2.5)', () => {
  it('is put together, and the list is that of all blocks', async () => {
    const list = '</>;rt="oma.lwm2m";ct=112,</1/0>,</3/0>,</3303>;ver=1.1,</3303/0>,</3303/1>';
    const [first, second] = [list.slice(0, 64), list.slice(64)];
    const client = await silent('blocks');
    const options = `b27264 1128 ${named('blocks')} 066c743d333030 096c776d326d3d312e31`;
    await client.peer.ask(`42027d38ab01 ${options} c10a ff ${utf8(first)}`, '625f7d38ab01 d10e0a');
    client.location = await client.peer.ask(
      `42027d39ab01 ${options} c112 ff ${utf8(second)}`,
      '62417d39ab01 827264 0aLLLLLLLLLLLLLLLLLLLL d10612',
    );
    expect(await server.device('blocks')).toMatchObject({
      registration: { objects: [{ id: 1 }, { id: 3 }, { id: 3303, version: '1.1', instances: [0, 1] }] },
    });
    expect(
      await client.read(
        '/3303/0/5700',
        undefined,
        '01 b433333033 0130 0435373030 6170',
        '45 c170 ff 81 a2 21 6c 2f333330332f302f35373030 02 fa41ac0000',
      ),
    ).toBe(21.5);
  });
});

describe('an Update that changes nothing but time', () => {
  it.each([
    ['says nothing', ''],
    ['says the lifetime there is', '466c743d333030'],
    ['says the binding there is', '43623d55'],
    ['says the object list there is', `1128 ff ${utf8('</1/0>,</3/0>')}`],
    ['says all there is', `1128 366c743d333030 03623d55 ff ${utf8('</1/0>,</3/0>')}`],
  ])('and %s needs no commit', async (_name, rest) => {
    const client = await registered('same');
    const release = server.store.holdWriter();
    try {
      await client.updates('7d39', rest);
    } finally {
      release();
    }
  });

  it('is not kept waiting by one that changes something before it', async () => {
    const client = await registered('both');
    const release = server.store.holdWriter();
    client.peer.send('42027d39ab02 b27264 0aLLLLLLLLLLLLLLLLLLLL 456c743d3630', client.location);
    await client.updates('7d3a');
    release();
    await client.peer.expect('62447d39ab02');
    expect((await server.device('both'))['registration']).toMatchObject({ lifetime: 60 });
  });
});

describe('an alternate path', () => {
  it('stands before every path', async () => {
    const client = await registered('rooted', '</lwm2m>;rt="oma.lwm2m",</lwm2m/1/0>,</lwm2m/3/0>');
    expect(await client.read('/3/0/0', 'text', '01 b56c776d326d 0133 0130 0130 60', `45 c0 ff ${utf8('x')}`)).toBe('x');
    expect(await client.done({ kind: 'execute', path: '/1/0/8' }, '02 b56c776d326d 0131 0130 0138', '44')).toBe('2.04');
  });
});

describe('who is not whom he seems to be', () => {
  it('an Update under a location nobody has is 4.04', async () => {
    const client = await silent('nobody');
    await client.peer.ask(
      `42027d39ab02 b27264 0a${utf8('AAAAAAAAAA')}`,
      `62847d39ab02 ff ${utf8('no such registration: register again')}`,
    );
    await client.peer.ask(
      `42047d3aab03 b27264 0a${utf8('AAAAAAAAAA')}`,
      `62847d3aab03 ff ${utf8('no such registration: register again')}`,
    );
  });

  it('a Send from an unknown address is 4.04', async () => {
    const client = await silent('sender');
    await client.peer.ask(
      '42027d38ab01 b26470 1170 ff 81 a2 00 66 2f332f302f39 02 185f',
      `62847d38ab01 ff ${utf8('no device is registered from this address')}`,
    );
  });

  it('a Register that is not confirmable is 4.00', async () => {
    const client = await silent('non');
    await client.peer.ask(
      `52027d38ab01 b27264 1128 ${named('non')} ff ${utf8('</3/0>')}`,
      `5280MMMMab01 ff ${utf8('the request must be confirmable')}`,
    );
    expect((await server.rest('GET', '/devices/non')).status).toBe(404);
  });

  it('a notification with an unknown token gets a Reset, confirmable or not', async () => {
    const client = await registered('stranger');
    await client.peer.ask('48455001 0102030405060708 6102 60 ff 39', '70005001');
    await client.peer.ask('58455002 0102030405060708 6102 60 ff 39', '70005002');
  });

  it('a notification with a known token from an unknown address is left without any answer, and the observation lives on', async () => {
    const client = await registered('roams');
    const wanted = server.rest('PUT', '/devices/roams/observations/level', { paths: ['/3/0/9'], format: 'text' });
    const { T = '' } = await client.peer.answer(
      '4801MMMM TTTTTTTTTTTTTTTT 60 5133 0130 0139 60',
      '6845MMMM TTTTTTTTTTTTTTTT 6101 60 ff 3935',
    );
    expect((await wanted).status).toBe(200);
    const elsewhere = await silent('roams');
    elsewhere.peer.send('48455001 TTTTTTTTTTTTTTTT 6102 60 ff 3934', { T });
    elsewhere.peer.send('58455002 TTTTTTTTTTTTTTTT 6103 60 ff 3933', { T });
    await elsewhere.peer.ask('40005003', '70005003');
    expect(elsewhere.peer.waiting).toBe(0);
    await client.peer.ask('48455004 TTTTTTTTTTTTTTTT 6104 60 ff 3932', '60005004', { T });
    const { body } = await server.rest('GET', '/devices/roams/resources/3/0/9');
    expect(plain(body)).toBe(92);
  });
});

describe('a listener that is not open', () => {
  it('answers 4.03 to a name it does not know', async () => {
    const closed = await TestServer.start({ 'coap-open': false });
    try {
      const client = await silent('unknown', closed);
      await client.peer.ask(
        `42027d38ab01 b27264 1128 ${named('unknown')} ff ${utf8('</3/0>')}`,
        `62837d38ab01 ff ${utf8('this endpoint name is not known here')}`,
      );
    } finally {
      await closed.stop();
    }
  });
});

describe('parameters that no version defines', () => {
  it('are passed over, or refused where the server is told to', async () => {
    const register = `42027d38ab01 b27264 1128 ${named('extra')} 0465743d31 ff ${utf8('</3/0>')}`;
    await (await silent('extra')).peer.ask(register, CREATED);
    const strict = await TestServer.start({ 'unknown-parameters': 'refuse' });
    try {
      await (
        await silent('extra', strict)
      ).peer.ask(register, `62807d38ab01 ff ${utf8('unknown query parameter "et"')}`);
    } finally {
      await strict.stop();
    }
  });
});
