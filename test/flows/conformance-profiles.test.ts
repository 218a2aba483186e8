/** LightweightM2M-1.2-int-110 and 111: registration with a profile id, by literal bytes; and what REST has to do with it. */

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { bellwether } from '../cli/support/command-line.js';
import { CREATED, named, utf8 } from '../support/conformance.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { TestServer } from '../support/test-server.js';

const PROFILE = '6:27354b9a';
const KNOWN = {
  objects: [
    { id: 3, instances: [0] },
    { id: 1, instances: [0] },
  ],
};
let server: TestServer;
let peer: ScriptedPeer;

beforeAll(async () => {
  server = await TestServer.start();
  peer = await ScriptedPeer.open(server.coap);
});
afterAll(async () => {
  peer.close();
  await server.stop();
});

/** `POST /rd?ep=NAME&lt=300&lwm2m=1.2&b=U&pid=6:27354b9a`, with what follows the options. */
const register = (name: string, rest = ''): string =>
  `42027d38ab01 b27264 ${rest === '' ? named(name, 4) : `1128 ${named(name)}`} 066c743d333030 096c776d326d3d${utf8('1.2')} 03623d55 0d01${utf8(`pid=${PROFILE}`)} ${rest}`;

/** The objects of a device as `id:instances`. */
async function objectsOf(endpoint: string): Promise<string[]> {
  const { registration } = (await server.device(endpoint)) as {
    registration: { objects: { id: number; version: string; instances: number[] }[] };
  };
  return registration.objects.map(({ id, version, instances }) => `${id} ${version} ${instances.join()}`);
}

describe('registration with a profile id', () => {
  it('is answered 4.09 while nobody has said what the profile holds', async () => {
    await peer.asks(register('early'), '62897d38ab01');
  });

  it('LightweightM2M-1.2-int-110 without a payload gives the objects of the profile', async () => {
    expect((await server.rest('PUT', `/profiles/${PROFILE}`, KNOWN)).status).toBe(200);
    const client = await ScriptedPeer.open(server.coap);
    await client.ask(register('p110'), CREATED);
    expect(await objectsOf('p110')).toEqual(['1 1.2 0', '3 1.2 0']);
    client.close();
  });

  it('LightweightM2M-1.2-int-111 with a payload gives those of both', async () => {
    const client = await ScriptedPeer.open(server.coap);
    await client.ask(register('p111', `ff ${utf8('</4/0>')}`), CREATED);
    expect(await objectsOf('p111')).toEqual(['1 1.2 0', '3 1.2 0', '4 1.3 0']);
    client.close();
  });

  it('outlives a restart, and is shown, listed and forgotten over REST and on the command line', async () => {
    await server.restart();
    const run = (...args: string[]) =>
      bellwether(['profile', ...args], { BELLWETHER_URL: server.http, BELLWETHER_TOKEN: server.token });
    expect((await server.rest('GET', `/profiles/${PROFILE}`)).body).toEqual({
      id: PROFILE,
      objects: [
        { id: 1, instances: [0] },
        { id: 3, instances: [0] },
      ],
    });
    expect((await run('list')).out).toContain(`${PROFILE}  /1/0 /3/0`);
    const set = await run('set', 'v:acme-1', '/1/0', '/3/0', '/3303;ver=1.1', '/3303/0', '/3303/1');
    expect(set).toMatchObject({ code: 0, err: '' });
    expect((await server.rest('GET', '/profiles/v:acme-1')).body['objects']).toEqual([
      { id: 1, instances: [0] },
      { id: 3, instances: [0] },
      { id: 3303, version: '1.1', instances: [0, 1] },
    ]);
    expect((await run('set', 'v:acme-1', '3303')).code).toBe(2);
    expect((await run('unset', PROFILE)).code).toBe(0);
    expect((await server.rest('GET', `/profiles/${PROFILE}`)).status).toBe(404);
  });

  it.each([
    [
      {
        objects: [
          { id: 3, instances: [0] },
          { id: 3, instances: [1] },
        ],
      },
      '/objects/1/id',
    ],
    [{ objects: [{ id: 3, instances: [0, 0] }] }, '/objects/0/instances'],
    [{ objects: [{ id: 3, version: 'one', instances: [0] }] }, '/objects/0/version'],
  ])('refuses %j', async (body, pointer) => {
    const { status, body: problem } = await server.rest('PUT', '/profiles/bad', body);
    expect(status).toBe(400);
    expect((problem['errors'] as { pointer: string }[])[0]?.pointer).toBe(pointer);
  });
});
