/** What people see of handshakes at a whole server: failed ones as events, and their secrets where they asked for them. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, expect, it } from '@jest/globals';

import { EMPTY, plainPeer, silentLogger, systemClock, systemRandom } from '#base';
import { Code } from '#coap/codec';
import { parametersWith } from '#coap/endpoint';
import { OWNER } from '#fleet/model';
import { DTLS_PARAMETERS, Stack } from '#transport';

import { Reader } from '../support/event-reader.js';
import { simulated } from '../support/simulated.js';
import { TestServer, until } from '../support/test-server.js';

const KEY = '000102030405060708090a0b0c0d0e0f';
const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function serverWith(flags: Readonly<Record<string, unknown>>): Promise<TestServer> {
  const server = await TestServer.start(flags);
  ends.push(() => server.stop());
  await server.running.fleet.credentials.put(OWNER, 'seen-1', 'k1', {
    ...{ kind: 'psk', identity: 'id-1', key: `hex:${KEY}` },
  });
  return server;
}

/** A device that registers. */
async function device(server: TestServer): Promise<void> {
  const psk = { identity: Buffer.from('id-1'), key: Buffer.from(KEY, 'hex') };
  const swarm = await simulated(server.coaps, 'seen-', {
    swarm: { secure: () => ({ serverProofs: [], cid: EMPTY, psk }) },
  });
  ends.push(() => swarm.stop(1000));
}

/** Somebody who tries to come in, with an identity and a key. */
async function tries(server: TestServer, identity: string, key: Uint8Array): Promise<void> {
  const stack = new Stack({
    ...{ parameters: parametersWith({}), dtls: DTLS_PARAMETERS, logger: silentLogger },
    ...{ clock: systemClock, random: systemRandom },
    fault: (error) => {
      throw error;
    },
  });
  ends.push(() => stack.close());
  stack.serve({ handle: () => undefined });
  const offer = { serverProofs: [], cid: EMPTY, psk: { identity: Buffer.from(identity), key } };
  const place = { address: '127.0.0.1', port: 0, stack: 'single', receiveBuffer: 65_536 } as const;
  await stack.listen(place, { role: 'client', offer });
  const { port } = new URL(server.coaps.replace('coaps:', 'http:'));
  stack.request({ peer: plainPeer(0, '127.0.0.1', Number(port)), code: Code.GET, options: [] });
}

it('a wrong key is an event of the device it claims to be, an identity of nobody an event of nobody', async () => {
  const server = await serverWith({ 'dtls-handshake-deadline': 1 });
  const reader = await Reader.open(server, '?type=handshake.failed');
  ends.push(() => {
    reader.close();
  });
  await tries(server, 'id-1', Buffer.alloc(16, 0x0f));
  await tries(server, 'id-2', Buffer.from(KEY, 'hex'));
  const events = await reader.first(2);
  const byReason = [...events].sort((left, right) =>
    String(left.data['reason']) < String(right.data['reason']) ? 1 : -1,
  );
  expect(byReason.map(({ data }) => data)).toEqual([
    {
      ...{ endpoint: 'seen-1', reason: 'wrong_key', kind: 'psk', identity: 'id-1', count: 1 },
      ...{ at: expect.any(String), address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) },
    },
    {
      ...{ reason: 'unknown_identity', kind: 'psk', identity: 'id-2', count: 1 },
      ...{ at: expect.any(String), address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) },
    },
  ]);
  expect(JSON.stringify(events)).not.toContain('0f0f');
});

it('the secrets of handshakes are written down when the setting asks for it, for nobody but the owner', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bellwether-seen-'));
  ends.push(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const file = join(folder, 'keys.log');
  const server = await serverWith({ 'dangerous-key-log': file });
  await device(server);
  expect(readFileSync(file, 'utf8')).toMatch(/^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}\n$/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

it('nothing of them is written anywhere without it', async () => {
  const server = await serverWith({});
  await device(server);
  await until('the session is kept', async () =>
    (server.running.fleet.counters['sessions_kept'] ?? 0) > 0 ? 'yes' : undefined,
  );
  const files = readdirSync(server.folder).map((name) => readFileSync(join(server.folder, name)));
  expect(files.length).toBeGreaterThan(0);
  for (const content of files) expect(content.includes('CLIENT_RANDOM')).toBe(false);
});
