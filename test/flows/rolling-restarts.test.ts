/**
 * T15: devices that report once a second over DTLS with Connection IDs, at a server that is stopped in good order and started
 * again, over and over. None shakes hands again, none loses its observation, none registers anew.
 * BELLWETHER_TEST_FULL=1: 1,000 devices and 20 restarts.
 */

import { expect, it } from '@jest/globals';

import { EMPTY } from '#base';
import { OWNER } from '#fleet/model';
import type { Swarm } from '#simulator';
import { simulated } from '../support/simulated.js';
import { TestServer, until } from '../support/test-server.js';
import { freePort } from '../interop/support/ports.js';

const FULL = process.env['BELLWETHER_TEST_FULL'] === '1';
const [DEVICES, RESTARTS] = FULL ? [1000, 20] : [40, 3];
const KEY = '000102030405060708090a0b0c0d0e0f';
const NAMES = Array.from({ length: DEVICES }, (_, index) => `rolling-${index + 1}`);

/** Waits until every device has told something since. */
async function allReport(swarm: Swarm): Promise<void> {
  const before = swarm.reports().map(({ notifications }) => notifications);
  const told = (): boolean =>
    swarm.reports().every(({ notifications }, index) => notifications > (before[index] ?? 0) + 1);
  await until('every device has reported again', () => Promise.resolve(told() ? 'yes' : undefined));
}

it(
  'devices with Connection IDs go on over orderly restarts: no handshake, no observation and no registration is lost',
  async () => {
    const server = await TestServer.start({ coaps: [`127.0.0.1:${await freePort()}`] });
    for (const name of NAMES)
      await server.running.fleet.credentials.put(OWNER, name, 'k1', { kind: 'psk', identity: name, key: `hex:${KEY}` });
    const psk = (name: string): { identity: Buffer; key: Buffer } => ({
      identity: Buffer.from(name),
      key: Buffer.from(KEY, 'hex'),
    });
    const swarm = await simulated(server.coaps, 'rolling-', {
      count: DEVICES,
      swarm: { secure: (name) => ({ serverProofs: [], cid: EMPTY, psk: psk(name) }), notifications: 'con' },
    });
    expect(swarm.counts().registered).toBe(DEVICES);
    for (const name of NAMES) {
      const order = { paths: ['/3303/0/5700'], attributes: { pmax: 1 } };
      expect((await server.rest('PUT', `/devices/${name}/observations/o1`, order)).status).toBe(200);
    }
    await allReport(swarm);
    const heard = { handshakes: 0, resets: 0, notifications: 0 };
    for (let restart = 0; restart < RESTARTS; restart += 1) {
      await server.restart();
      expect(server.running.stack.secureCounters()).toMatchObject({ adopted: DEVICES });
      await allReport(swarm);
      const { established = 0, hellos = 0 } = server.running.stack.secureCounters();
      heard.handshakes += established + hellos;
      heard.resets += server.running.stack.counters()['resets_sent'] ?? 0;
    }
    const reports = swarm.reports();
    heard.notifications = reports.reduce((sum, one) => sum + one.notifications, 0);
    process.stdout.write(
      `security: T15: ${DEVICES} devices, ${RESTARTS} restarts, ${heard.notifications} notifications, ` +
        `${reports.reduce((sum, one) => sum + one.retransmissions, 0)} sent again\n`,
    );
    expect(heard).toMatchObject({ handshakes: 0, resets: 0 });
    expect(reports.map(({ registrations, refusals, unanswered }) => [registrations, refusals, unanswered])).toEqual(
      NAMES.map(() => [1, 0, 0]),
    );
    for (const name of NAMES)
      expect((await server.rest('GET', `/devices/${name}/observations/o1`)).body).toMatchObject({ state: 'active' });
    // What waits for a device reaches it at once: it is there.
    expect(await server.order('rolling-1', { kind: 'read', path: '/3/0/0' })).toMatchObject({ state: 'succeeded' });
    await swarm.stop(5000);
    await server.stop();
  },
  FULL ? 900_000 : 90_000,
);
