/** A credential that is deleted while a handshake made with it is under way, on real sockets: no association comes of it. */

import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';

import { OWNER } from '#fleet/model';
import { DtlsClient } from '../support/dtls-client.js';
import { TestServer, until } from '../support/test-server.js';

let server: TestServer;
const clients: DtlsClient[] = [];
const KEY = '000102030405060708090a0b0c0d0e0f';

beforeAll(async () => {
  server = await TestServer.start();
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await server.stop();
});

/** A device with a key of its own, whose datagrams have at most `mtu` bytes. */
async function device(endpoint: string, mtu: number): Promise<DtlsClient> {
  await server.running.fleet.credentials.put(OWNER, endpoint, 'k', {
    kind: 'psk',
    identity: endpoint,
    key: `hex:${KEY}`,
  });
  const psk = { identity: Buffer.from(endpoint), key: Buffer.from(KEY, 'hex') };
  const port = (): number => Number(new URL(server.coaps.replace('coaps:', 'http:')).port);
  const client = new DtlsClient(port, { psk }, { parameters: { mtu } });
  clients.push(client);
  return client;
}

const counter = (name: string): number => server.running.stack.secureCounters()[name] ?? 0;
const associations = (): number => server.running.stack.secureGauges()['associations'] ?? 0;

it.each(['deleted', 'changed'] as const)(
  'a key that is %s after it was handed out makes no association',
  async (what) => {
    const client = await device(`half-${what}`, 100);
    client.hold();
    client.begin();
    await until('its Finished is ready', async () => (client.held > 0 ? 'yes' : undefined));
    await until('the server has the key', async () =>
      (server.running.stack.secureGauges()['half_open'] ?? 0) > 0 &&
      server.running.stack.secureGauges()['questions'] === 0
        ? 'yes'
        : undefined,
    );
    const { credentials } = server.running.fleet;
    const other = { kind: 'psk', identity: `half-${what}`, key: `hex:${KEY.replace('00', 'ff')}` } as const;
    if (what === 'deleted') await credentials.remove(OWNER, `half-${what}`, 'k');
    else await credentials.put(OWNER, `half-${what}`, 'k', other);
    const before = counter('ended_dropped');
    client.release();
    await until('the association is dropped', async () => (counter('ended_dropped') > before ? 'yes' : undefined));
    expect(associations()).toBe(0);
    expect(server.running.fleet.counters['sessions_kept']).toBe(0);
  },
);

it('what comes in one datagram with the Finished of a short handshake is not heard either', async () => {
  const client = await device('half-short', 1000);
  expect(await client.come()).toBe('full');
  await until('its session is durable', async () =>
    server.running.fleet.counters['sessions_kept'] === 1 ? 'yes' : undefined,
  );
  client.leave();
  await until('it has left', async () => (associations() === 0 ? 'yes' : undefined));
  const heard = server.running.stack.counters()['pings_answered'];
  expect(heard).toBe(1);
  client.hold();
  expect(await client.come()).toBe('resumed');
  await server.running.fleet.credentials.remove(OWNER, 'half-short', 'k');
  const [dropped, resets] = [counter('ended_dropped'), client.events.length];
  client.release();
  await until('the association is dropped', async () => (counter('ended_dropped') > dropped ? 'yes' : undefined));
  await until('the client is told', async () =>
    client.events.slice(resets).some(({ type }) => type === 'closed') ? 'yes' : undefined,
  );
  expect(client.events.slice(resets).map(({ type }) => type)).toEqual(['closed']);
  expect(server.running.stack.counters()['pings_answered']).toBe(heard);
});
