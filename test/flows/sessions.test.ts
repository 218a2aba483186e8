/**
 * Short handshakes at the built server, on real sockets: a device keeps its session in this process, the server is killed
 * (SIGKILL) and started again on what was durable.
 */

import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import type { ClientOffer } from '#dtls';
import type { DtlsClient } from '../support/dtls-client.js';
import { deviceWithKey, ServerProcess } from '../support/secure-process.js';
import { until } from '../support/test-server.js';

const server = new ServerProcess('sessions');
/** Beside the folder, not in it: what the search must not find is taken from there. */
const KEY_LOG = `${server.folder}.keys`;
const devices: DtlsClient[] = [];

const start = (): Promise<void> => server.start('--dangerous-key-log', KEY_LOG);

beforeAll(start, 30_000);
afterEach(() => {
  for (const device of devices.splice(0)) device.close();
});
afterAll(async () => {
  await server.dispose();
  rmSync(KEY_LOG);
});

async function comer(endpoint: string, more?: Partial<ClientOffer>): Promise<DtlsClient> {
  const device = await deviceWithKey(server, endpoint, more);
  devices.push(device);
  return device;
}

async function restart(): Promise<void> {
  await server.kill();
  await start();
}

/** Waits until the server has written that many sessions since its start. */
function kept(count: number): Promise<unknown> {
  return until(`${count} sessions are durable`, async () =>
    (await server.metric('fleet_sessions_kept')) >= count ? 'yes' : undefined,
  );
}

describe('a device that was there before', () => {
  it.each([
    ['its session id', {}],
    ['a ticket', { tickets: 'wanted' } as const],
  ])('shakes hands shortly by %s, again and again', async (_, offer) => {
    const before = await server.metric('fleet_sessions_kept');
    const device = await comer(`again-${'tickets' in offer ? 'ticket' : 'id'}`, offer);
    expect(await device.come()).toBe('full');
    await kept(before + 1);
    device.leave();
    for (let round = 0; round < 3; round += 1) {
      expect(await device.come()).toBe('resumed');
      if (round === 2) break;
      device.leave();
    }
    const shown = await server.rest('GET', `/devices/again-${'tickets' in offer ? 'ticket' : 'id'}`);
    expect(await shown.json()).toMatchObject({ resumptions: 3, association: { handshake: 'resumed' } });
  });

  it('shakes hands shortly after the server was killed, and nothing of its session stands in the files', async () => {
    const before = await server.metric('fleet_sessions_kept');
    const device = await comer('killed');
    const other = await comer('killed-other');
    expect([await device.come(), await other.come()]).toEqual(['full', 'full']);
    await kept(before + 2);
    await restart();
    expect([await device.come(), await other.come()]).toEqual(['resumed', 'resumed']);
    // Twice: what was resumed is still there after another kill.
    await restart();
    expect(await device.come()).toBe('resumed');
    expect(await server.metric('fleet_sessions_found')).toBe(1);
    const files = readdirSync(server.folder).map((name) => readFileSync(join(server.folder, name)));
    const masters = readFileSync(KEY_LOG, 'utf8').matchAll(/^CLIENT_RANDOM [0-9a-f]{64} ([0-9a-f]{96})$/gm);
    const secrets = new Set(Array.from(masters, ([, master]) => master as string));
    expect(secrets.size).toBeGreaterThanOrEqual(2);
    for (const secret of secrets)
      for (const file of files)
        for (const form of [Buffer.from(secret, 'hex'), secret, Buffer.from(secret, 'hex').toString('base64')])
          expect(file.includes(form)).toBe(false);
  });

  it('has to prove itself when its credential is another, also after a kill right behind the change', async () => {
    const before = await server.metric('fleet_sessions_kept');
    const device = await comer('changed');
    expect(await device.come()).toBe('full');
    await kept(before + 1);
    expect((await server.rest('DELETE', '/devices/changed/credentials/k1')).status).toBe(204);
    await restart();
    expect(await device.come()).toBe('handshakeFailed');
    expect(await server.metric('fleet_sessions_found')).toBe(0);
    await server.giveKey('changed');
    expect(await device.come()).toBe('full');
  });
});
