/** Which associations go on after an orderly restart, and that their devices are there at once. */

import { describe, expect, it } from '@jest/globals';
import type { PeerIdentity, WallTime } from '#base';
import { OWNER } from '#fleet/model';
import { World, provenPeer } from '../world.js';
import { certificate, psk } from './keys.js';

const IDENTITY: PeerIdentity = { kind: 'psk', name: 'id-a', endpoint: 'a' };
const mayGoOn = (world: World, then: WallTime, identity: PeerIdentity = IDENTITY): boolean =>
  world.fleet.handshakes.mayGoOn(identity, then);

describe('an association of before a restart', () => {
  it('goes on while its credential is the one it was, and valid', async () => {
    const world = await World.start();
    const validUntil = new Date(world.clock.wall() + 60_000).toISOString();
    await world.fleet.credentials.put(OWNER, 'a', 'one', psk('id-a', 1, { validUntil }));
    await world.pass(1000);
    const then = world.clock.wall();
    await world.pass(1000);
    await world.crash();
    expect(mayGoOn(world, then)).toBe(true);
    for (const other of [{ name: 'id-b' }, { endpoint: 'b' }, { kind: 'rpk' }] as const)
      expect(mayGoOn(world, then, { ...IDENTITY, ...other })).toBe(false);
    await world.pass(60_000);
    expect(mayGoOn(world, then)).toBe(false);
  });

  it('ends with a credential that was put after it', async () => {
    const world = await World.start();
    const then = world.clock.wall();
    await world.pass(1000);
    await world.fleet.credentials.put(OWNER, 'a', 'one', psk('id-a'));
    expect([mayGoOn(world, then), mayGoOn(world, world.clock.wall())]).toEqual([false, true]);
  });

  it('goes on under the trust anchor that admitted it, whichever that was', async () => {
    const world = await World.start();
    const identity: PeerIdentity = { kind: 'x509', name: '11'.repeat(32), endpoint: 'a' };
    expect(mayGoOn(world, world.clock.wall(), identity)).toBe(false);
    for (const name of ['ca', 'other'])
      await world.fleet.trust.putAnchor(OWNER, name, { certificate: certificate(name) });
    await world.pass(1000);
    const then = world.clock.wall();
    expect(mayGoOn(world, then, identity)).toBe(true);
    await world.fleet.trust.removeAnchor(OWNER, 'ca');
    expect(mayGoOn(world, then, identity)).toBe(true);
    await world.fleet.trust.removeAnchor(OWNER, 'other');
    expect(mayGoOn(world, then, identity)).toBe(false);
  });

  it('makes its device reachable at once, which without it is asleep until it comes with another', async () => {
    const world = await World.start();
    await world.fleet.credentials.put(OWNER, 'a', 'one', psk('a'));
    await world.register('a', {}, provenPeer('a', 1000));
    const presence = (): string => world.fleet.devices.get(OWNER, 'a').view.presence;
    expect(presence()).toBe('online');
    await world.crash();
    expect(presence()).toBe('asleep');
    world.fleet.rejoined(provenPeer('a', 1000));
    expect(presence()).toBe('online');
    world.fleet.rejoined(provenPeer('nobody', 1000));
  });
});
