/** Devices over DTLS at a whole server, on real sockets: from the credential to the read, and to its end. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import { EMPTY } from '#base';
import { OWNER } from '#fleet/model';
import type { Swarm } from '#simulator';
import type { ClientOffer } from '#transport';

import { simulated } from '../support/simulated.js';
import { TestServer, until } from '../support/test-server.js';

let server: TestServer;
const swarms: Swarm[] = [];

beforeAll(async () => {
  server = await TestServer.start({ 'coap-open': true });
});

afterEach(async () => {
  await Promise.all(swarms.splice(0).map((swarm) => swarm.stop(1000)));
});

afterAll(async () => {
  await server.stop();
});

const KEY = '000102030405060708090a0b0c0d0e0f';

function comesWith(identity: string, key = KEY): (name: string) => ClientOffer {
  const psk = { identity: Buffer.from(identity), key: Buffer.from(key, 'hex') };
  return () => ({ serverProofs: [], cid: EMPTY, psk });
}

/** Gives a device a key of its own. */
async function giveKey(endpoint: string, identity = endpoint, id = 'k1'): Promise<void> {
  const input = { kind: 'psk', identity, key: `hex:${KEY}` } as const;
  await server.running.fleet.credentials.put(OWNER, endpoint, id, input);
}

/** Starts a device that keeps trying. */
async function device(prefix: string, secure: (name: string) => ClientOffer, at = server.coaps): Promise<Swarm> {
  const swarm = await simulated(at, prefix, { swarm: { secure } });
  swarms.push(swarm);
  return swarm;
}

describe('a device with a pre-shared key', () => {
  it('registers, is read and observed over DTLS', async () => {
    await giveKey('sec-a1', 'ident-a');
    const swarm = await device('sec-a', comesWith('ident-a'));
    expect(swarm.counts().registered).toBe(1);
    const { body } = await server.rest('GET', '/devices/sec-a1/resources/3/0/0?live=true');
    expect(body).toMatchObject({ value: expect.any(String) });
    const observed = await server.rest('PUT', '/devices/sec-a1/observations/o1', { paths: ['/3303/0/5700'] });
    expect(observed.status).toBe(200);
    await until('the observation is active', async () => {
      const { body: one } = await server.rest('GET', '/devices/sec-a1/observations/o1');
      return one['state'] === 'active' ? one : undefined;
    });
    expect(server.running.stack.secureCounters()).toMatchObject({ established: 1, established_full: 1 });
  });

  it('is shown with its association: suite, identity, Connection ID, place and kind of handshake', async () => {
    await giveKey('sec-s1', 'ident-s');
    expect(await server.device('sec-s1')).not.toHaveProperty('association');
    const begun = Date.now();
    await device('sec-s', comesWith('ident-s'));
    const { association, registration } = await server.device('sec-s1');
    expect(association).toEqual({
      suite: 'TLS_PSK_WITH_AES_128_CCM_8',
      identity: { kind: 'psk', name: 'ident-s' },
      cid: expect.stringMatching(/^00[0-9a-f]{14}$/),
      address: (registration as { address: string }).address,
      since: expect.stringMatching(/:\d\d\.000Z$/),
      handshake: 'full',
    });
    expect(Math.abs(Date.parse((association as { since: string }).since) - begun)).toBeLessThan(60_000);
  });

  it('does not register under the name of another', async () => {
    await giveKey('sec-b1', 'ident-b');
    const { registered, refused } = (await device('sec-other-', comesWith('ident-b'))).counts();
    expect({ registered, refused }).toEqual({ registered: 0, refused: 1 });
  });

  it('is not heard over plain CoAP any more, whose door is open to names without a credential', async () => {
    await giveKey('sec-c1', 'ident-c');
    const plain = await simulated(server.coap, 'sec-c', { count: 2 });
    swarms.push(plain);
    expect(plain.counts()).toMatchObject({ registered: 1, refused: 1 });
  });

  it('loses its association at once when its credential is deleted, and comes back with another', async () => {
    await giveKey('sec-d1', 'ident-d');
    await device('sec-d', comesWith('ident-d'));
    const before = server.running.stack.secureGauges()['associations'] ?? 0;
    await server.running.fleet.credentials.remove(OWNER, 'sec-d1', 'k1');
    expect(server.running.stack.secureGauges()['associations']).toBe(before - 1);
    await giveKey('sec-d1', 'ident-d2', 'k2');
    const again = await device('sec-d', comesWith('ident-d2'));
    expect(again.counts().registered).toBe(1);
  });

  it('gets what was ordered while the server did not know where it is, as soon as it comes', async () => {
    await giveKey('sec-e1', 'ident-e');
    await device('sec-e', comesWith('ident-e'));
    await server.restart('lost');
    const order = { kind: 'read', path: '/3/0/0' };
    const { status, body } = await server.rest('POST', '/devices/sec-e1/operations', order);
    expect([status, body]).toMatchObject([202, { state: 'queued', waitingFor: 'contact' }]);
    await device('sec-e', comesWith('ident-e'));
    await until('the read is done', async () => {
      const { body: operation } = await server.rest('GET', `/operations/${String(body['id'])}`);
      return operation['state'] === 'succeeded' ? operation : undefined;
    });
  });
});
