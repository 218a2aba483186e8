/** What simulated devices report of their own accord to a server of this package: Send, and what was stored during sleep. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import type { Swarm } from '#simulator';

import { simulated } from '../support/simulated.js';
import { TestServer, plain, until } from '../support/test-server.js';

let server: TestServer;
const swarms: Swarm[] = [];

beforeAll(async () => {
  server = await TestServer.start({ 'awake-window': 1 });
});
afterEach(async () => {
  for (const swarm of swarms.splice(0)) await swarm.stop(2_000);
});
afterAll(async () => {
  await server.stop();
});

describe('the Send of a simulated device', () => {
  it.each([
    ['1.1', 'senml-json'],
    ['1.1', 'senml-cbor'],
    ['1.2', 'lwm2m-cbor'],
  ] as const)('of LwM2M %s in %s is taken, and its values are the last known ones', async (lwm2m, format) => {
    const prefix = `send-${lwm2m.replace('.', '-')}-${format}-`;
    const swarm = await simulated(server.coap, prefix, { kind: { lwm2m }, swarm: { send: { every: 1, format } } });
    swarms.push(swarm);
    const { body } = await until('a value is known', async () => {
      const answer = await server.rest('GET', `/devices/${prefix}1/resources/3303/0/5700`);
      return answer.status === 200 ? answer : undefined;
    });
    expect(plain(body)).toEqual(expect.any(Number));
    await until('another Send is taken', async () =>
      Promise.resolve((swarm.reports()[0]?.sends ?? 0) > 1 || undefined),
    );
    expect(swarm.reports()[0]).toMatchObject({ sendsLost: 0, state: 'registered' });
  });
});

describe('a simulated device that sleeps by schedule', () => {
  it('tells when it has woken what was stored, with the times of the values, and is asked then', async () => {
    const swarm = await simulated(server.coap, 'sleeper-', { swarm: { awakeFor: 1, sleepFor: 3 } });
    swarms.push(swarm);
    const url = '/devices/sleeper-1/observations/binding';
    await server.rest('PUT', url, { paths: ['/3/0/16'], attributes: { pmin: 1, pmax: 2 } });
    const stored = await until('a stored value is told', async () => {
      const { body } = await server.rest('GET', '/devices/sleeper-1/resources/3/0/16');
      return body['reportedAt'] === undefined ? undefined : body;
    });
    expect(stored).toMatchObject({ value: 'U', source: 'notify' });
    expect(Date.parse(String(stored['reportedAt']))).toBeLessThanOrEqual(Date.parse(String(stored['receivedAt'])));
    const { state } = await server.order('sleeper-1', { kind: 'read', path: '/3/0/0' });
    expect(state).toBe('succeeded');
    expect(swarm.reports()[0]?.updates).toBeGreaterThan(0);
  });
});
