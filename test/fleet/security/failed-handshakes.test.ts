/** Failed handshakes as events: whose they are, what is told of them, and that nobody can flood the events with them. */

import { describe, expect, it } from '@jest/globals';

import { WallTime } from '#base';
import type { FailedHandshake } from '#fleet';
import { OWNER } from '#fleet/model';

import { settle, World } from '../world.js';

const KEY = 'hex:000102030405060708090a0b0c0d0e0f';

/** A world with devices that have a key each, and no events of that any more. */
async function worldWith(...endpoints: readonly string[]): Promise<{ world: World; told: () => Promise<object[]> }> {
  const world = await World.start();
  for (const endpoint of endpoints)
    await world.fleet.credentials.put(OWNER, endpoint, 'k1', { kind: 'psk', identity: `id-${endpoint}`, key: KEY });
  const before = (await world.events()).length;
  return {
    world,
    told: async () => {
      await settle();
      return (await world.events()).slice(before).map(({ type, endpoint, data }) => ({ type, endpoint, ...data }));
    },
  };
}

const wrongKey = (endpoint: string): FailedHandshake => ({
  ...{ reason: 'wrong_key', address: '2001:db8::9', port: 40_000, endpoint },
  identity: { kind: 'psk', name: `id-${endpoint}` },
});

const nobody = (name: string): FailedHandshake => ({
  ...{ reason: 'unknown_identity', address: '192.0.2.9', port: 40_001 },
  identity: { kind: 'psk', name },
});

describe('a handshake that fails in the name of a device', () => {
  it('is an event of that device with reason, identity and address', async () => {
    const { world, told } = await worldWith('a');
    world.fleet.handshakes.failed(wrongKey('a'));
    expect(await told()).toEqual([
      {
        ...{ type: 'handshake.failed', endpoint: 'a', reason: 'wrong_key', kind: 'psk', identity: 'id-a' },
        ...{ address: '[2001:db8::9]:40000', count: 1 },
      },
    ]);
    expect((await world.events()).at(-1)).toHaveProperty('device');
  });

  it('is told once a minute for each device and reason, with the number of those since', async () => {
    const { world, told } = await worldWith('a', 'b');
    for (let count = 0; count < 300; count += 1) world.fleet.handshakes.failed(wrongKey('a'));
    world.fleet.handshakes.failed(wrongKey('b'));
    world.fleet.handshakes.failed({ ...wrongKey('a'), reason: 'alert_received' });
    expect(await told()).toMatchObject([
      { endpoint: 'a', reason: 'wrong_key', count: 1 },
      { endpoint: 'b', reason: 'wrong_key', count: 1 },
      { endpoint: 'a', reason: 'alert_received', count: 1 },
    ]);
    await world.pass(60_000);
    expect((await told()).slice(3)).toMatchObject([{ endpoint: 'a', reason: 'wrong_key', count: 299 }]);
    await world.pass(600_000);
    expect(await told()).toHaveLength(4);
    expect(world.fleet.gauges()['failed_handshakes']).toBe(0);
    expect(world.fleet.counters).toMatchObject({ handshakes_failed_known: 302, handshakes_failed_unknown: 0 });
  });

  it('says so when the credential it named is there and not valid now', async () => {
    const { world, told } = await worldWith();
    const validUntil = new Date(WallTime(world.clock.wall() + 1000)).toISOString();
    await world.fleet.credentials.put(OWNER, 'a', 'k1', { kind: 'psk', identity: 'id-a', key: KEY, validUntil });
    await world.pass(2000);
    world.fleet.handshakes.failed(nobody('id-a'));
    expect((await told()).at(-1)).toMatchObject({ endpoint: 'a', reason: 'not_valid_now', identity: 'id-a' });
  });
});

describe('handshakes in which an identity is named that is nobody', () => {
  it('are one event a minute together, however many identities there are', async () => {
    const { world, told } = await worldWith('a');
    for (let number = 0; number < 5000; number += 1) world.fleet.handshakes.failed(nobody(`stranger-${number}`));
    world.fleet.handshakes.failed({ reason: 'proof_refused', address: '192.0.2.9', port: 1 });
    expect(await told()).toEqual([
      {
        ...{ type: 'handshake.failed', endpoint: undefined, reason: 'unknown_identity', kind: 'psk' },
        ...{ identity: 'stranger-0', address: '192.0.2.9:40001', count: 1 },
      },
    ]);
    await world.pass(60_000);
    expect(await told()).toHaveLength(2);
    expect((await told())[1]).toMatchObject({ identity: 'stranger-1', count: 5000 });
    expect(world.fleet.gauges()['failed_handshakes']).toBe(1);
    expect(world.fleet.counters['handshakes_failed_unknown']).toBe(5001);
  });

  it('are told with no more than the begin of a long name', async () => {
    const { world, told } = await worldWith();
    world.fleet.handshakes.failed(nobody('😀'.repeat(5000)));
    expect(await told()).toMatchObject([{ identity: `${'😀'.repeat(64)}…` }]);
  });
});
