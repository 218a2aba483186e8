/** A device that is known before it was ever heard. */

import { describe, expect, it } from '@jest/globals';

import { parseFilter, parseSort } from '#fleet';
import { OWNER } from '#fleet/model';

import { peerAt, provenPeer, World } from './world.js';

const view = (world: World, endpoint: string): object => world.fleet.devices.get(OWNER, endpoint).view;

async function giveKey(world: World, endpoint: string): Promise<void> {
  await world.fleet.credentials.put(OWNER, endpoint, 'k1', {
    ...{ kind: 'psk', identity: `id-${endpoint}`, key: 'hex:000102030405060708090a0b0c0d0e0f' },
  });
}

describe('a device that was provisioned and never heard', () => {
  it('was first seen when it first registered, and not before, over a kill too', async () => {
    const world = await World.start();
    await giveKey(world, 'a');
    expect(view(world, 'a')).toMatchObject({ presence: 'neverSeen' });
    expect(view(world, 'a')).not.toHaveProperty('firstSeen');
    expect(view(world, 'a')).not.toHaveProperty('lastSeen');
    await world.crash();
    expect(view(world, 'a')).not.toHaveProperty('firstSeen');
    await world.pass(5000);
    await world.register('a', {}, provenPeer('a', 1));
    const first = new Date(world.clock.wall()).toISOString();
    expect(view(world, 'a')).toMatchObject({ firstSeen: first, lastSeen: first });
    await world.pass(5000);
    await world.register('a', {}, provenPeer('a', 1));
    expect(view(world, 'a')).toMatchObject({ firstSeen: first });
    await world.crash();
    expect(view(world, 'a')).toMatchObject({ firstSeen: first });
  });

  it('has no firstSeen to be found or sorted by either', async () => {
    const world = await World.start();
    await giveKey(world, 'a');
    await world.pass(1000);
    await world.register('b', {}, peerAt(2));
    const filter = parseFilter('firstSeen=gt=2001-01-01T00:00:00Z');
    const found = await world.fleet.devices.list(OWNER, { limit: 10, filter });
    expect(found.items.map(({ endpoint }) => endpoint)).toEqual(['b']);
    const sorted = await world.fleet.devices.list(OWNER, { limit: 10, sort: parseSort('firstSeen') });
    expect(sorted.items.map(({ endpoint }) => endpoint)).toEqual(
      (await world.fleet.devices.list(OWNER, { limit: 10, sort: parseSort('lastSeen') })).items.map(
        ({ endpoint }) => endpoint,
      ),
    );
  });
});
