/** A start on what a kill at that moment left behind: what was sealed opens, so that devices and the server prove themselves as before. */

import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { OWNER } from '#fleet/model';
import { crashImage } from '../support/crash-image.js';
import { DtlsClient } from '../support/dtls-client.js';
import { authorityNow, serverKey } from '../support/server-keys.js';
import { TestServer } from '../support/test-server.js';

const KEY = '000102030405060708090a0b0c0d0e0f';
const door = serverKey(authorityNow('CA'), 'door');
let killed: TestServer;
let server: TestServer;

beforeAll(async () => {
  killed = await TestServer.start();
  const { credentials, serverCredentials } = killed.running.fleet;
  await credentials.put(OWNER, 'sealed', 'k', { kind: 'psk', identity: 'id', key: `hex:${KEY}` });
  await serverCredentials.put(OWNER, 'door', { key: door.key, chain: door.chain });
  server = await TestServer.start({}, crashImage(killed.folder));
});
afterAll(async () => {
  await Promise.all([killed.stop(), server.stop()]);
});

it('a key of a device is good', async () => {
  const psk = { identity: Buffer.from('id'), key: Buffer.from(KEY, 'hex') };
  const client = new DtlsClient(() => Number(new URL(server.coaps.replace('coaps:', 'http:')).port), { psk });
  try {
    expect(await client.come()).toBe('full');
  } finally {
    client.close();
  }
  expect(server.running.fleet.counters['credentials_unreadable']).toBe(0);
});

it('a key of the server is offered', () => {
  expect(server.running.fleet.serverCredentials.material()).toMatchObject([{ id: 'door', chain: door.chain }]);
  expect(server.running.fleet.counters['server_credentials_unreadable']).toBe(0);
});
