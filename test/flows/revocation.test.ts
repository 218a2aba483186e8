/**
 * Certificates that are trusted no more while their devices are there, at a whole server on real sockets: on a revocation list
 * that comes, or under a trust anchor that goes.
 */

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { deviceWithCertificate, type DtlsClient } from '../support/dtls-client.js';
import { authorityNow, deviceNow, serverKey, valid } from '../support/server-keys.js';
import { TestServer, until } from '../support/test-server.js';
import { authority, DAY, pem, revocationList, type Issued } from '../support/x509.js';

let server: TestServer;
const clients: DtlsClient[] = [];
const [ours, theirs] = [authorityNow('ours'), authorityNow('theirs')];
const [north, south] = ['north', 'south'].map((name) => authority(name, ours, valid())) as [Issued, Issued];

beforeEach(() => start({}));

async function start(flags: Readonly<Record<string, unknown>>): Promise<void> {
  server = await TestServer.start(flags);
  const { key, chain } = serverKey(authorityNow('server CA'), 'door');
  await put('/server-credentials/door', { key, chain });
  for (const [id, { der }] of Object.entries({ ours, theirs }))
    await put(`/trust-anchors/${id}`, { certificate: pem('CERTIFICATE', der), rule: '{cn}' });
}
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await server.stop();
});

async function put(path: string, body: unknown): Promise<void> {
  const answer = await server.rest('PUT', path, body);
  expect([path, answer.status, answer.body['detail']]).toEqual([path, 200, undefined]);
}

/** A device with a certificate, and those above it. */
function device(...chain: readonly [Issued, ...Issued[]]): DtlsClient {
  const client = deviceWithCertificate(() => server, chain);
  clients.push(client);
  return client;
}

/** A device that is there. */
async function comer(...chain: readonly [Issued, ...Issued[]]): Promise<DtlsClient> {
  const client = device(...chain);
  expect(await client.come()).toBe('full');
  return client;
}

/** The issuer's list comes, with these on it. */
async function revoke(issuer: Issued, ...revoked: readonly Issued[]): Promise<void> {
  const times = { thisUpdate: Date.now() - DAY / 2, nextUpdate: Date.now() + DAY };
  const list = pem('X509 CRL', revocationList({ issuer, revoked: revoked.map((of) => ({ of })), ...times }));
  await put(`/revocation-lists/${issuer === ours ? 'ours' : 'other'}`, { list });
}

/** The server says goodbye to a device. */
async function isTold(client: DtlsClient): Promise<void> {
  await until('the server says goodbye', async () =>
    client.events.find((event) => event.type === 'closed' && event.reason === 'closed_by_peer'),
  );
}

const associations = (): number | undefined => server.running.stack.secureGauges()['associations'];

describe('a revocation list of which none newer came', () => {
  /** Of an issuer whose next list is two hours late. */
  const late = pem(
    'X509 CRL',
    revocationList({ issuer: ours, revoked: [], thisUpdate: Date.now() - DAY, nextUpdate: Date.now() - DAY / 12 }),
  );

  it('is good for a day more', async () => {
    await put('/revocation-lists/ours', { list: late });
    await comer(deviceNow(ours, 'in-time'));
  });

  it('is good for as long as --crl-grace says, and then no certificate of its issuer is', async () => {
    await server.stop();
    await start({ 'crl-grace': 3600 });
    await put('/revocation-lists/ours', { list: late });
    expect(await device(deviceNow(ours, 'too-late')).come()).toBe('handshakeFailed');
    await comer(deviceNow(theirs, 'of-another'));
  });
});

describe('a revocation list that comes', () => {
  it('ends the association of a certificate on it at once, and no other', async () => {
    const [bad, good] = [deviceNow(ours, 'bad'), deviceNow(ours, 'good')];
    // Its issuer has given it the number that is revoked as another's.
    const same = deviceNow(theirs, 'same', { serial: bad.serial });
    const [revoked, ...others] = [await comer(bad), await comer(good), await comer(same)];
    await revoke(ours, bad);
    expect(associations()).toBe(2);
    await isTold(revoked);
    expect(await revoked?.come()).toBe('handshakeFailed');
    for (const other of others) await other.ping();
  });

  it('ends what was made with certificates below one on it', async () => {
    const below = await comer(deviceNow(north, 'below-1'), north);
    const beside = await comer(deviceNow(south, 'beside-1'), south);
    await revoke(ours, north);
    expect(associations()).toBe(1);
    await isTold(below);
    await beside.ping();
  });

  it('ends an association that was gone on with after a restart, and one of a session', async () => {
    const [bad, worse] = [deviceNow(north, 'bad'), deviceNow(north, 'worse')];
    await server.rest('PUT', '/devices/worse/credentials/a', { kind: 'anchor', anchor: 'ours' });
    const [rested, resumed] = [await comer(bad, north), await comer(worse, north)];
    await sessionsKept(1);
    resumed.leave();
    expect(await resumed.come()).toBe('resumed');
    // The last word of a short handshake is the device's.
    await resumed.ping();
    await server.restart();
    expect(associations()).toBe(2);
    for (const one of [rested, resumed]) await one.ping();
    await revoke(north, bad);
    expect(associations()).toBe(1);
    await isTold(rested);
    await resumed.ping();
    await revoke(north, worse);
    expect(associations()).toBe(0);
    await isTold(resumed);
    expect(await resumed.come()).toBe('handshakeFailed');
  });

  it('ends the session of a certificate on it which is an entry of its device', async () => {
    const [bad, good] = [deviceNow(ours, 'bad'), deviceNow(ours, 'good')];
    for (const [endpoint, { der }] of Object.entries({ bad, good })) {
      const entry = { kind: 'x509', certificate: pem('CERTIFICATE', der) };
      expect((await server.rest('PUT', `/devices/${endpoint}/credentials/c`, entry)).status).toBe(201);
    }
    const [revoked, other] = [await comer(bad), await comer(good)];
    await sessionsKept(2);
    for (const one of [revoked, other]) {
      one.leave();
      expect(await one.come()).toBe('resumed');
      one.leave();
    }
    await until('both have left', async () => (associations() === 0 ? 'yes' : undefined));
    await revoke(ours, bad);
    expect([await revoked.come(), await other.come()]).toEqual(['handshakeFailed', 'resumed']);
  });
});

describe('a trust anchor that goes', () => {
  it('ends the associations it admitted at once', async () => {
    const [admitted, alone] = [await comer(deviceNow(ours, 'admitted')), device(deviceNow(theirs, 'other'))];
    expect((await server.rest('DELETE', '/trust-anchors/ours')).status).toBe(204);
    expect(associations()).toBe(0);
    await isTold(admitted);
    expect(await admitted.come()).toBe('handshakeFailed');
    expect(await alone.come()).toBe('full');
  });
});

/** Waits until so many sessions are durable. */
function sessionsKept(count: number): Promise<unknown> {
  return until(`${count} sessions are durable`, async () =>
    (server.running.fleet.counters['sessions_kept'] ?? 0) >= count ? 'yes' : undefined,
  );
}
