/** Sessions: kept sealed, found by a digest alone, also after a crash, and only while what they were proven with is good. */

import { describe, expect, it } from '@jest/globals';
import { Milliseconds, WallTime, seconds, securePeer } from '#base';
import type { Peer } from '#base';
import type { FoundSession, NewSession, SessionProof } from '#fleet';
import { OWNER } from '#fleet/model';
import { authority, revocationList } from '../../support/x509.js';
import { World, peerAt, settle } from '../world.js';
import type { WorldOptions } from '../world.js';
import { certificate, psk } from './keys.js';

const LIST = revocationList({ issuer: authority('CA') }).toString('base64');
const LISTENER = 1;
const master = Uint8Array.from({ length: 48 }, (_, index) => 0xa0 + index);
const made = (number = 1, more: Partial<NewSession> = {}): NewSession => ({
  listener: LISTENER,
  digest: number.toString(16).padStart(32, 'd'),
  suite: 0xc0_a8,
  master,
  ...more,
});
const find = (world: World, number = 1): Promise<FoundSession | undefined> =>
  world.fleet.sessions.find(made(number).digest);
const proofNow = (world: World, endpoint = 'a', more: Partial<SessionProof> = {}): SessionProof => ({
  identity: { kind: 'psk', name: `id-${endpoint}`, endpoint },
  credential: 'one',
  since: world.clock.wall(),
  ...more,
});
const counted = (world: World, name: string): number | undefined => world.fleet.counters[`sessions_${name}`];

/** A world whose device `a` has a key, and a session made with it a second later. */
async function withSession(options: WorldOptions = {}): Promise<World> {
  const world = await World.start(options);
  await world.fleet.credentials.put(OWNER, 'a', 'one', psk('id-a'));
  await world.pass(1000);
  world.fleet.sessions.keep(made(1, { serverName: 'door.example' }), proofNow(world));
  await world.pass(1000);
  return world;
}

describe('a session', () => {
  it('is found as it was made, in the same run and after a crash', async () => {
    const world = await withSession();
    const since = WallTime(world.clock.wall() - 1000);
    const expected = {
      ...{ suite: 0xc0_a8, master, serverName: 'door.example' },
      proof: { identity: { kind: 'psk', name: 'id-a', endpoint: 'a' }, credential: 'one', since },
    };
    expect(await find(world)).toEqual(expected);
    await world.crash();
    expect(await find(world)).toEqual(expected);
    expect(await find(world, 2)).toBeUndefined();
    expect([counted(world, 'found'), counted(world, 'unknown')]).toEqual([1, 1]);
  });

  it('is sealed: neither its master secret nor whose it is can be read from the store, nor moved to another device', async () => {
    const world = await withSession();
    await world.fleet.credentials.put(OWNER, 'b', 'one', psk('id-b'));
    world.fleet.sessions.keep(made(2), proofNow(world, 'b'));
    await settle();
    const rows = [...world.disk.sessions];
    const text = JSON.stringify([rows, await world.events()]);
    for (const form of ['hex', 'base64', 'base64url', 'latin1'] as const)
      expect(text).not.toContain(Buffer.from(master.subarray(0, 12)).toString(form));
    for (const name of ['id-a', 'door.example']) expect(rows.join()).not.toContain(name);
    const [[placeA, rowA], [placeB, rowB]] = rows as [[string, string], [string, string]];
    const [a, b] = [JSON.parse(rowA) as { sealed: string }, JSON.parse(rowB) as { sealed: string }];
    world.disk.sessions.set(placeA, JSON.stringify({ ...a, sealed: b.sealed }));
    world.disk.sessions.set(placeB, JSON.stringify({ ...b, sealed: '?' }));
    expect([await find(world, 1), await find(world, 2)]).toEqual([undefined, undefined]);
    expect(counted(world, 'unreadable')).toBe(2);
  });

  it('takes the place of the last one of its device and listener alone', async () => {
    const world = await withSession();
    world.fleet.sessions.keep(made(2, { listener: 2 }), proofNow(world));
    world.fleet.sessions.keep(made(3), proofNow(world));
    await settle();
    expect((await Promise.all([1, 2, 3].map((number) => find(world, number)))).map(Boolean)).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('expires after its lifetime by the calendar, with the certificate it was proven with, or as a shorter lifetime says', async () => {
    const hour = { sessionLifetime: seconds(3600) };
    const world = await withSession({ settings: hour });
    const until = WallTime(world.clock.wall() + 60_000);
    world.fleet.sessions.keep(made(2, { listener: 2 }), proofNow(world, 'a', { until }));
    await world.pass(59_999);
    expect(await find(world, 2)).toBeDefined();
    await world.pass(1);
    expect(await find(world, 2)).toBeUndefined();
    await world.pass(3_600_000 - 60_000 - 1000 - 1);
    expect(await find(world)).toBeDefined();
    await world.pass(1);
    expect(await find(world)).toBeUndefined();
    expect(counted(world, 'expired')).toBe(2);

    const long = await withSession();
    Object.assign(long.settings, { sessionLifetime: Milliseconds(500) });
    await long.crash();
    expect([await find(long), counted(long, 'expired')]).toEqual([undefined, 1]);
  });

  it('is not kept at all with a lifetime of 0', async () => {
    const world = await withSession({ settings: { sessionLifetime: Milliseconds(0) } });
    expect([world.disk.sessions.size, counted(world, 'not_kept')]).toEqual([0, 1]);
  });

  it('is not kept for a device that is not known, nor with a proof that is good no more', async () => {
    const world = await withSession();
    world.fleet.sessions.keep(made(2), proofNow(world, 'nobody'));
    const before = proofNow(world);
    await world.pass(1000);
    await world.fleet.credentials.put(OWNER, 'a', 'one', psk('id-a', 2));
    world.fleet.sessions.keep(made(3), before);
    await settle();
    expect([world.disk.sessions.size, counted(world, 'not_kept')]).toEqual([0, 2]);
  });

  describe('of a device that a trust anchor admits and nobody has heard of', () => {
    const identity = { kind: 'x509', name: '11'.repeat(32), endpoint: 'new' } as const;
    const from = (of = identity): Peer => securePeer(LISTENER, of, '192.0.2.7', 1000);
    const admitted = async (): Promise<World> => {
      const world = await World.start();
      await world.fleet.trust.putAnchor(OWNER, 'ca', { certificate: certificate('CA') });
      await world.pass(1000);
      world.fleet.sessions.keep(made(), { identity, anchor: 'ca', since: world.clock.wall() });
      await settle();
      expect([world.disk.sessions.size, world.fleet.gauges()['sessions_held']]).toEqual([0, 1]);
      return world;
    };

    it('is kept as soon as it registers', async () => {
      const world = await admitted();
      await world.register('new', {}, from());
      await settle();
      expect([world.disk.sessions.size, world.fleet.gauges()['sessions_held']]).toEqual([1, 0]);
      await world.crash();
      expect((await find(world))?.proof).toMatchObject({ identity, anchor: 'ca' });
    });

    it.each<[string, (world: World) => unknown]>([
      ['its association was over before', (world) => world.fleet.sessions.left(identity)],
      ['a fatal alert came', (world) => world.fleet.sessions.drop('new')],
      ['its trust anchor is gone', (world) => world.fleet.trust.removeAnchor(OWNER, 'ca')],
      [
        'its device has another certificate alone',
        (world) => world.fleet.credentials.put(OWNER, 'new', 'k', { kind: 'x509', fingerprint: '22'.repeat(32) }),
      ],
    ])('is not kept when %s', async (_what, change) => {
      const world = await admitted();
      await change(world);
      await world.register('new', {}, from());
      await settle();
      expect([world.disk.sessions.size, world.fleet.gauges()['sessions_held']]).toEqual([0, 0]);
    });

    it('is not kept for another that registers under the name', async () => {
      const world = await admitted();
      await world.register('new', {}, from({ ...identity, name: '22'.repeat(32) }));
      await settle();
      expect([world.disk.sessions.size, world.fleet.gauges()['sessions_held']]).toEqual([0, 0]);
    });

    it('goes when a thousand others came', async () => {
      const world = await admitted();
      for (let number = 0; number < 1000; number += 1)
        world.fleet.sessions.keep(made(number + 2), {
          ...{ identity: { ...identity, endpoint: `other-${number}` }, anchor: 'ca', since: world.clock.wall() },
        });
      expect(world.fleet.gauges()['sessions_held']).toBe(1000);
      await world.register('new', {}, from());
      await settle();
      expect(world.disk.sessions.size).toBe(0);
    });
  });

  it('is judged by the store that cannot be asked as one that is not there', async () => {
    const world = await withSession();
    world.store.session = () => world.store.commit({ fence: -1 } as never) as never;
    expect([await find(world), counted(world, 'unavailable')]).toEqual([undefined, 1]);
  });
});

describe('sessions end with what they were made with', () => {
  const ways: Readonly<Record<string, (world: World) => Promise<unknown>>> = {
    'its key is another': (world) => world.fleet.credentials.put(OWNER, 'a', 'one', psk('id-a', 2)),
    'its credential is deleted': (world) => world.fleet.credentials.remove(OWNER, 'a', 'one'),
    'its device is deleted': (world) => world.fleet.devices.remove(OWNER, 'a'),
    'a fatal alert came': async (world) => world.fleet.sessions.drop('a'),
    'its credential is deleted, and is back as it was': async (world) => {
      await world.fleet.credentials.remove(OWNER, 'a', 'one');
      await world.pass(1000);
      await world.fleet.credentials.put(OWNER, 'a', 'one', psk('id-a'));
    },
  };

  it.each(Object.keys(ways))('at once and in the store: %s', async (what) => {
    const world = await withSession();
    await (ways[what] as (world: World) => Promise<unknown>)(world);
    expect(await find(world)).toBeUndefined();
    await settle();
    expect(world.disk.sessions.size).toBe(0);
  });

  it.each(Object.keys(ways).slice(0, 3))(
    'also when the server is killed before that is in the store: %s',
    async (what) => {
      const world = await withSession();
      const rows = [...world.disk.sessions];
      await (ways[what] as (world: World) => Promise<unknown>)(world);
      await settle();
      for (const [place, row] of rows) world.disk.sessions.set(place, row);
      await world.crash();
      expect([await find(world), counted(world, 'ended')]).toEqual([undefined, 1]);
      await settle();
      if (world.fleet.knows('a')) expect(world.disk.sessions.size).toBe(0);
    },
  );

  it('when the time of their credential is over', async () => {
    const world = await World.start();
    const validUntil = new Date(world.clock.wall() + 60_000).toISOString();
    await world.fleet.credentials.put(OWNER, 'a', 'one', psk('id-a', 1, { validUntil }));
    world.fleet.sessions.keep(made(), proofNow(world));
    await world.pass(59_000);
    expect(await find(world)).toBeDefined();
    await world.pass(1001);
    expect([await find(world), world.disk.sessions.size]).toEqual([undefined, 0]);
  });

  it('under a trust anchor: when it is another or gone, or a revocation list came that may be about them', async () => {
    const pem = certificate('CA');
    const end: Readonly<Record<string, (world: World) => Promise<unknown>>> = {
      rule: (world) => world.fleet.trust.putAnchor(OWNER, 'ca', { certificate: pem, rule: '{cn}.x' }),
      gone: (world) => world.fleet.trust.removeAnchor(OWNER, 'ca'),
      list: (world) => world.fleet.trust.putList(OWNER, 'crl', { list: LIST }),
    };
    for (const [what, change] of Object.entries(end)) {
      const world = await World.start();
      await world.fleet.trust.putAnchor(OWNER, 'ca', { certificate: pem });
      await world.register('a', {}, peerAt(1000));
      await world.pass(1000);
      const identity = { kind: 'x509', name: '11'.repeat(32), endpoint: 'a' } as const;
      world.fleet.sessions.keep(made(), { identity, anchor: 'ca', since: world.clock.wall() });
      await world.pass(1000);
      expect([what, (await find(world))?.proof.anchor]).toEqual([what, 'ca']);
      await change(world);
      await world.crash();
      expect([what, await find(world)]).toEqual([what, undefined]);
      await settle();
      expect(world.disk.sessions.size).toBe(0);
    }
  });
});
