/**
 * Associations over restarts of the built server, on real sockets: after an orderly one devices go on without a handshake;
 * after a kill, or with a file that somebody put back, they come back by their sessions.
 */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { copyFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import type { DtlsClient, DtlsClientOptions } from '../support/dtls-client.js';
import { deviceWithKey, ServerProcess } from '../support/secure-process.js';
import { until } from '../support/test-server.js';

const server = new ServerProcess('associations');
const FILE = join(server.folder, 'associations.sealed');
const devices: DtlsClient[] = [];
/** Epoch 1 and a number of 48 bits stand at 3 in each record. */
const [EPOCH_AT, NUMBER_AT, NUMBER_BYTES] = [3, 5, 6];

beforeEach(() => server.start(), 30_000);
afterEach(async () => {
  for (const device of devices.splice(0)) device.close();
  await server.kill();
});
afterAll(() => server.dispose());

async function comer(endpoint: string, options?: DtlsClientOptions): Promise<DtlsClient> {
  const device = await deviceWithKey(server, endpoint, {}, options);
  devices.push(device);
  return device;
}

/** Numbers of the protected records that a device was sent. */
function numbers({ heard }: DtlsClient): number[] {
  return heard
    .filter((bytes) => bytes.readUInt16BE(EPOCH_AT) === 1)
    .map((bytes) => bytes.readUIntBE(NUMBER_AT, NUMBER_BYTES));
}

const handshakes = (): Promise<number> => server.metric('dtls_established_total');

describe('a server that stops in good order', () => {
  it('starts with the associations it had: devices go on at once, from where they are, with or without Connection ID', async () => {
    const mobile = await comer('mobile');
    const plain = await comer('plain', { cids: 'not_offered' });
    expect([await mobile.come(), await plain.come()]).toEqual(['full', 'full']);
    for (let round = 0; round < 2; round += 1) {
      expect(await server.stop()).toBe(0);
      expect(statSync(FILE).mode & 0o777).toBe(0o600);
      await server.start();
      expect(existsSync(FILE)).toBe(false);
      expect(await server.metric('dtls_adopted_total')).toBe(2);
      mobile.move();
      await mobile.ping();
      await plain.ping();
      expect(await handshakes()).toBe(0);
    }
    for (const device of [mobile, plain]) {
      const sent = numbers(device);
      expect(sent.length).toBeGreaterThanOrEqual(3);
      expect(sent.every((number, index) => index === 0 || number > (sent[index - 1] as number))).toBe(true);
      expect(sent.filter((number, index) => number - (sent[index - 1] ?? number) >= 2 ** 20)).toHaveLength(2);
    }
  });

  it('starts with them after starts that came to nothing, before and after it had taken them up', async () => {
    const device = await comer('patient');
    expect(await device.come()).toBe('full');
    expect(await server.stop()).toBe(0);
    await expect(server.start('--objects', join(server.folder, 'nowhere'))).rejects.toThrow(/before it was ready/);
    const other = createSocket('udp4').bind(0, '127.0.0.1');
    await once(other, 'listening');
    const taken = server.start('--coaps', `127.0.0.1:${other.address().port}`);
    await expect(taken).rejects.toThrow(/before it was ready/);
    other.close();
    await server.start();
    await device.ping();
    expect(await handshakes()).toBe(0);
  });

  it('leaves no key of theirs in the file', async () => {
    const device = await comer('sealed');
    expect(await device.come()).toBe('full');
    await server.stop();
    const content = readFileSync(FILE);
    expect(content.includes('sealed-device')).toBe(false);
    expect(content.includes('id-sealed')).toBe(false);
    await server.start();
  });

  it('goes on with none whose credential was deleted before', async () => {
    const device = await comer('deleted');
    expect(await device.come()).toBe('full');
    expect((await server.rest('DELETE', '/devices/deleted/credentials/k1')).status).toBe(204);
    await server.stop();
    await server.start();
    expect(await server.metric('dtls_associations')).toBe(0);
    expect(await device.come()).toBe('handshakeFailed');
  });
});

describe('a server that did not', () => {
  it('starts without associations after a kill, and devices come back by their sessions', async () => {
    const before = await server.metric('fleet_sessions_kept');
    const device = await comer('killed');
    expect(await device.come()).toBe('full');
    await kept(before + 1);
    await server.kill();
    await server.start();
    expect(existsSync(FILE)).toBe(false);
    expect(await device.come()).toBe('resumed');
  });

  it('refuses associations that were put back, and removes them; devices come back by their sessions', async () => {
    const before = await server.metric('fleet_sessions_kept');
    const device = await comer('twice');
    expect(await device.come()).toBe('full');
    await kept(before + 1);
    await server.stop();
    copyFileSync(FILE, `${FILE}.copy`);
    await server.start();
    await device.ping();
    await server.kill();
    copyFileSync(`${FILE}.copy`, FILE);
    await server.start();
    expect(existsSync(FILE)).toBe(false);
    expect(await server.metric('dtls_established_total')).toBe(0);
    expect(await device.come()).toBe('resumed');
  });
});

/** Waits until the server has written that many sessions since its start. */
function kept(count: number): Promise<unknown> {
  return until(`${count} sessions are durable`, async () =>
    (await server.metric('fleet_sessions_kept')) >= count ? 'yes' : undefined,
  );
}
