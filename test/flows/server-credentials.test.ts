/** What the server proves itself by, on real sockets: chosen by the host name of the hello, changed while associations go on. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import type { ClientOffer, Question } from '#dtls';
import { OWNER } from '#fleet/model';
import { deviceWithCertificate, PING, type DtlsClient } from '../support/dtls-client.js';
import { authorityNow, deviceNow, serverKey } from '../support/server-keys.js';
import { TestServer, until } from '../support/test-server.js';
import { pem, type Issued } from '../support/x509.js';

let server: TestServer;
const clients: DtlsClient[] = [];
const ca = authorityNow('server CA');
const [north, south, fallback] = [serverKey(ca, 'north'), serverKey(ca, 'south'), serverKey(ca, 'fallback')];
const [ours, theirs] = [authorityNow('ours'), authorityNow('theirs')];

beforeAll(async () => {
  server = await TestServer.start();
  const anchor = ({ der }: Issued): object => ({ certificate: pem('CERTIFICATE', der), rule: '{cn}' });
  await put('/trust-anchors/ours', anchor(ours));
  await put('/trust-anchors/theirs', anchor(theirs));
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const { id } of (await server.rest('GET', '/server-credentials')).body['items'] as { id: string }[])
    await server.rest('DELETE', `/server-credentials/${id}`);
});
afterAll(async () => {
  await server.stop();
});

async function put(path: string, body: unknown): Promise<void> {
  const answer = await server.rest('PUT', path, body);
  expect([path, answer.status, answer.body['detail']]).toEqual([path, 200, undefined]);
}

/** A device with a certificate. */
function comes(certificate: Issued, offer: Partial<ClientOffer> = {}): DtlsClient {
  const client = deviceWithCertificate(() => server, [certificate], offer);
  clients.push(client);
  return client;
}

/** The certificates, or the raw key, that the server proved itself by last. */
function proved(client: DtlsClient): unknown {
  const question = client.asked.at(-1) as Question;
  return question.about === 'chain' ? question.chain.map((der) => Buffer.from(der)) : question;
}

const chainOf = (key: typeof north): unknown => [key.certificate.der, ca.der];

describe('a hello with a host name', () => {
  it('is answered with the key of that host, one with another or none with that of all others', async () => {
    for (const [id, { key, chain }, hosts] of [
      ['north', north, ['north.example']],
      ['south', south, ['south.example']],
      ['fallback', fallback, undefined],
    ] as const)
      await put(`/server-credentials/${id}`, { key, chain, hosts });
    for (const [serverName, key] of [
      ['north.example', north],
      ['SOUTH.example', south],
      ['east.example', fallback],
      [undefined, fallback],
    ] as const) {
      const client = comes(deviceNow(ours, 'sni'), { ...(serverName !== undefined && { serverName }) });
      expect([serverName, await client.come()]).toEqual([serverName, 'full']);
      expect(proved(client)).toEqual(chainOf(key));
    }
    const raw = comes(deviceNow(ours, 'sni-raw'), { serverName: 'south.example', serverProofs: ['rpk'] });
    expect(await raw.come()).toBe('full');
    expect(proved(raw)).toEqual({ about: 'rawKey', spki: new Uint8Array(south.certificate.key.spki) });
  });

  it('takes certificates under the anchors of that host alone, in short handshakes too', async () => {
    const { key, chain } = north;
    const narrow = { key, chain, hosts: ['north.example'], anchors: ['ours'] };
    await put('/server-credentials/north', narrow);
    await put('/server-credentials/fallback', { key: fallback.key, chain: fallback.chain });
    const north_ = { serverName: 'north.example' };
    expect(await comes(deviceNow(ours, 'trust-a'), north_).come()).toBe('full');
    expect(await comes(deviceNow(theirs, 'trust-b'), north_).come()).toBe('handshakeFailed');
    expect(await comes(deviceNow(theirs, 'trust-b')).come()).toBe('full');

    const again = comes(deviceNow(ours, 'trust-c'), north_);
    await server.running.fleet.credentials.put(OWNER, 'trust-c', 'a', { kind: 'anchor', anchor: 'ours' });
    const { sessions_kept: before = 0 } = server.running.fleet.counters;
    expect(await again.come()).toBe('full');
    await until('its session is durable', async () =>
      (server.running.fleet.counters['sessions_kept'] ?? 0) > before ? 'yes' : undefined,
    );
    again.leave();
    expect(await again.come()).toBe('resumed');
    again.leave();
    await put('/server-credentials/north', { ...narrow, anchors: ['theirs'] });
    expect(await again.come()).toBe('handshakeFailed');
  });
});

describe('another key of the server', () => {
  it('is for the next handshake, while what was made with the one before goes on', async () => {
    await put('/server-credentials/door', { key: north.key, chain: north.chain });
    const old = comes(deviceNow(ours, 'goes-on'));
    expect([await old.come(), proved(old)]).toEqual(['full', chainOf(north)]);
    await put('/server-credentials/door', { key: south.key, chain: south.chain });
    const next = comes(deviceNow(ours, 'next'));
    expect([await next.come(), proved(next)]).toEqual(['full', chainOf(south)]);
    const heard = (): number => old.events.filter(({ type }) => type === 'message').length;
    const before = heard();
    old.say(PING);
    await until('the association before answers', async () => (heard() > before ? 'yes' : undefined));
    expect(old.events.filter(({ type }) => type === 'closed')).toEqual([]);
  });

  it('is there after a restart, and none when it was deleted', async () => {
    await put('/server-credentials/door', { key: north.key, chain: north.chain });
    await server.restart();
    const client = comes(deviceNow(ours, 'restarted'));
    expect([await client.come(), proved(client)]).toEqual(['full', chainOf(north)]);
    expect((await server.rest('DELETE', '/server-credentials/door')).status).toBe(204);
    expect(await comes(deviceNow(ours, 'deleted')).come()).toBe('handshakeFailed');
  });
});
