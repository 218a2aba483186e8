/** What a device's view says of its secure association and of short handshakes. */

import { describe, expect, it } from '@jest/globals';

import { WallTime } from '#base';
import { OWNER } from '#fleet/model';
import type { AssociationFacts } from '#fleet/ports';

import { provenPeer, World } from './world.js';

const FACTS: AssociationFacts = {
  suite: 'TLS_PSK_WITH_AES_128_CCM_8',
  identity: { kind: 'psk', name: 'id-a' },
  cid: Uint8Array.of(0, 1, 0xab),
  address: '2001:db8::7',
  port: 40_000,
  since: WallTime(1_800_000_000_000),
  handshake: 'resumed',
};

const view = (world: World, endpoint: string): object => world.fleet.devices.get(OWNER, endpoint).view;

async function giveKey(world: World, endpoint: string): Promise<void> {
  await world.fleet.credentials.put(OWNER, endpoint, 'k1', {
    ...{ kind: 'psk', identity: `id-${endpoint}`, key: 'hex:000102030405060708090a0b0c0d0e0f' },
  });
}

describe('the secure association of a device', () => {
  it('is shown with suite, identity, Connection ID, place, begin and kind of handshake, in the list too', async () => {
    const world = await World.start();
    await world.register('a', {}, provenPeer('a', 1));
    world.associations.set('1 a', FACTS);
    const shown = {
      suite: 'TLS_PSK_WITH_AES_128_CCM_8',
      identity: { kind: 'psk', name: 'id-a' },
      cid: '0001ab',
      address: '[2001:db8::7]:40000',
      since: '2027-01-15T08:00:00.000Z',
      handshake: 'resumed',
    };
    expect(view(world, 'a')).toHaveProperty('association', shown);
    const { items } = await world.fleet.devices.list(OWNER, { limit: 10 });
    expect(items).toEqual([expect.objectContaining({ association: shown })]);
    const { cid: _none, ...withoutCid } = FACTS;
    world.associations.set('1 a', withoutCid);
    expect(view(world, 'a')).toHaveProperty('association', expect.not.objectContaining({ cid: expect.anything() }));
    world.associations.clear();
    expect(view(world, 'a')).not.toHaveProperty('association');
  });

  it('is looked for first at the listener that the device is registered at', async () => {
    const world = await World.start();
    await world.register('a', {}, { ...provenPeer('a', 1), listener: 2 });
    world.associations.set('1 a', { ...FACTS, address: '192.0.2.1' });
    world.associations.set('2 a', { ...FACTS, address: '192.0.2.2' });
    expect(view(world, 'a')).toHaveProperty('association.address', '192.0.2.2:40000');
  });

  it('is shown of a device that has one and is not registered', async () => {
    const world = await World.start();
    await giveKey(world, 'a');
    world.associations.set('1 a', FACTS);
    expect(view(world, 'a')).toMatchObject({ presence: 'neverSeen', association: { handshake: 'resumed' } });
  });
});

describe('short handshakes of a device', () => {
  it('are counted since the start of the server, each for its device alone', async () => {
    const world = await World.start();
    await giveKey(world, 'a');
    await giveKey(world, 'b');
    world.fleet.handshakes.resumed('a');
    world.fleet.handshakes.resumed('a');
    world.fleet.handshakes.resumed('nobody');
    expect(view(world, 'a')).toHaveProperty('resumptions', 2);
    expect(view(world, 'b')).not.toHaveProperty('resumptions');
    await world.crash();
    expect(view(world, 'a')).not.toHaveProperty('resumptions');
  });
});
