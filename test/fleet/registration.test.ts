/** Registrations: what is durable when, what a refresh does and does not do, expiry, and time that jumps. */

import { describe, expect, it } from '@jest/globals';
import { OWNER } from '#fleet/model';
import { World, days, peerAt, settle } from './world.js';

describe('registering', () => {
  it('is answered when it is durable, and not before', async () => {
    const world = await World.start();
    world.store.hold();
    let location: string | undefined;
    void world.fleet.register(world.parameters('a'), peerAt(1), world.now()).then((answer) => {
      location = answer.location;
    });
    await settle();
    expect(location).toBeUndefined();
    expect(world.fleet.knows('a')).toBe(false);
    world.store.release();
    await settle();
    expect(location).toMatch(/^[A-Za-z0-9_-]{10}$/);
    expect(world.fleet.devices.get(OWNER, 'a').view).toMatchObject({
      endpoint: 'a',
      presence: 'online',
      tags: {},
      registration: {
        lwm2m: '1.1',
        lifetime: 300,
        binding: 'U',
        queueMode: false,
        address: '127.0.0.1:1',
        registeredAt: '2030-01-01T00:00:00.000Z',
        expiresAt: '2030-01-01T00:05:30.000Z',
      },
    });
    expect(await world.told()).toEqual(['device.registered']);
  });

  it.each(['before', 'after'] as const)('killed %s its commit is there or not, as the disk says', async (moment) => {
    const world = await World.start();
    world.store.killAt(1, moment);
    let answered = false;
    void world.fleet.register(world.parameters('a'), peerAt(1), world.now()).then(() => {
      answered = true;
    });
    await settle();
    expect(answered).toBe(false);
    await world.boot();
    expect(world.fleet.knows('a')).toBe(moment === 'after');
    // The device, unanswered, registers again, and is one device.
    await world.register('a', {}, peerAt(1));
    expect(world.fleet.devices.counts()).toEqual({ total: 1, registered: 1 });
  });

  it('anew replaces the registration: a new location, the old one dead at the commit (LwM2M-Core 1.1.1 §6.2.1)', async () => {
    const world = await World.start();
    const first = await world.register('a', {}, peerAt(1));
    world.store.hold();
    const second = world.fleet.register(world.parameters('a', { lifetime: 60 }), peerAt(2), world.now());
    await settle();
    expect(world.fleet.refresh(first, peerAt(1), world.now())).toBe('refreshed');
    world.store.release();
    const { location } = await second;
    expect(location).not.toBe(first);
    expect(world.fleet.refresh(first, peerAt(1), world.now())).toBe('unknown');
    expect(world.fleet.refresh(location, peerAt(2), world.now())).toBe('refreshed');
    expect(world.link.left).toEqual([peerAt(1).key]);
    expect(world.fleet.senderAt(peerAt(1).key)).toBeUndefined();
    expect(world.fleet.senderAt(peerAt(2).key)).toBeDefined();
    expect(world.fleet.devices.counts()).toEqual({ total: 1, registered: 1 });
  });

  it('at the same moment from two sides makes one device, the later registration standing', async () => {
    const world = await World.start();
    const both = await Promise.all([
      world.fleet.register(world.parameters('a'), peerAt(1), world.now()),
      world.fleet.register(world.parameters('a'), peerAt(2), world.now()),
    ]);
    expect(world.fleet.refresh(both[0].location, peerAt(1), world.now())).toBe('unknown');
    expect(world.fleet.refresh(both[1].location, peerAt(2), world.now())).toBe('refreshed');
    expect(world.fleet.devices.counts()).toEqual({ total: 1, registered: 1 });
  });

  it('that the store refuses is refused, and leaves the registration before as it was', async () => {
    const world = await World.start();
    const first = await world.register('a', {}, peerAt(1));
    world.store.fail('store_busy', 2);
    await expect(world.register('a', {}, peerAt(2))).rejects.toMatchObject({ code: 'store_busy' });
    await expect(world.register('b', {}, peerAt(3))).rejects.toMatchObject({ code: 'store_busy' });
    expect(world.fleet.refresh(first, peerAt(1), world.now())).toBe('refreshed');
    expect(world.fleet.knows('b')).toBe(false);
  });

  it('over and over while the store stands still is bounded per name', async () => {
    const world = await World.start();
    world.store.hold();
    const answers = Array.from({ length: 30 }, () =>
      world.fleet.register(world.parameters('a'), peerAt(1), world.now()),
    );
    const settled = Promise.allSettled(answers);
    await settle();
    world.store.release();
    const refused = (await settled).filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(13);
  });
});

describe('a refresh Update', () => {
  it('needs no commit and goes on while the writer stands still', async () => {
    const world = await World.start();
    const location = await world.register('a', {}, peerAt(1));
    const commits = world.store.applied.length;
    world.store.hold();
    for (let minute = 0; minute < 30; minute += 1) {
      await world.pass(60_000);
      expect(world.fleet.refresh(location, peerAt(1), world.now())).toBe('refreshed');
      expect(await world.fleet.update(location, { lifetime: 300 }, peerAt(1), world.now())).toBe('updated');
    }
    expect(world.store.applied).toHaveLength(commits);
    expect(world.fleet.devices.get(OWNER, 'a').view.lastSeen).toBe('2030-01-01T00:30:00.000Z');
    expect(await world.told()).toEqual(['device.registered']);
  });

  it('is written down within 60 s, once however many came', async () => {
    const world = await World.start();
    const location = await world.register('a', {}, peerAt(1));
    await world.pass(60_000);
    const before = world.store.touches;
    for (let count = 0; count < 100; count += 1) world.fleet.refresh(location, peerAt(1), world.now());
    await world.pass(15_000);
    expect(world.store.touches).toBe(before + 1);
    await world.store.flush();
    await world.crash();
    expect(world.fleet.devices.get(OWNER, 'a').view.lastSeen).toBe('2030-01-01T00:01:00.000Z');
  });

  it('from another address is a change: it commits, and the device is there then', async () => {
    const world = await World.start();
    const location = await world.register('a', {}, peerAt(1));
    expect(world.fleet.refresh(location, peerAt(2), world.now())).toBe('moved');
    expect(world.fleet.refresh(location, peerAt(1, '127.0.0.2'), world.now())).toBe('moved');
    world.store.hold();
    const update = world.fleet.update(location, {}, peerAt(2), world.now());
    await settle();
    expect(world.link.moves).toEqual([]);
    expect(world.fleet.senderAt(peerAt(2).key)).toBeUndefined();
    world.store.release();
    expect(await update).toBe('updated');
    expect(world.link.moves).toEqual(['1 -> 2']);
    expect(world.fleet.refresh(location, peerAt(2), world.now())).toBe('refreshed');
    expect(world.fleet.refresh(location, peerAt(1), world.now())).toBe('moved');
    await world.crash();
    expect(world.fleet.refresh(location, peerAt(2), world.now())).toBe('refreshed');
  });
});

describe('an Update', () => {
  it('changes only what it says, commits, and survives a kill', async () => {
    const world = await World.start();
    const location = await world.register('a', { lifetime: 300, sms: '123' }, peerAt(1));
    const objects = world.objects([{ id: 3, version: '1.0', instances: [0] }]);
    await world.pass(1000);
    expect(await world.fleet.update(location, { lifetime: 60, queueMode: true, objects }, peerAt(1), world.now())).toBe(
      'updated',
    );
    await world.crash();
    expect(world.fleet.devices.get(OWNER, 'a').view.registration).toMatchObject({
      lifetime: 60,
      queueMode: true,
      sms: '123',
      objects: [{ id: 3, version: '1.0', instances: [0] }],
      registeredAt: '2030-01-01T00:00:00.000Z',
      updatedAt: '2030-01-01T00:00:01.000Z',
    });
    expect(await world.told()).toEqual(['device.registered', 'device.updated']);
  });

  it('of an unknown location is unknown, also when the registration ended while it waited', async () => {
    const world = await World.start();
    expect(await world.fleet.update('nowhere', {}, peerAt(1), world.now())).toBe('unknown');
    const location = await world.register('a', {}, peerAt(1));
    const [gone, late] = await Promise.all([
      world.fleet.deregister(location, peerAt(1), world.now()),
      world.fleet.update(location, { lifetime: 5 }, peerAt(1), world.now()),
    ]);
    expect([gone, late]).toEqual(['removed', 'unknown']);
    expect(world.fleet.dialectAt(location, peerAt(1))).toBeUndefined();
  });

  it('with a shorter lifetime ends the registration earlier, with a longer one later', async () => {
    const world = await World.start();
    const shorter = await world.register('a', { lifetime: 3600 }, peerAt(1));
    const longer = await world.register('b', { lifetime: 60 }, peerAt(2));
    await world.fleet.update(shorter, { lifetime: 60 }, peerAt(1), world.now());
    await world.fleet.update(longer, { lifetime: 3600 }, peerAt(2), world.now());
    await world.pass(89_000);
    expect(world.fleet.devices.counts().registered).toBe(2);
    await world.pass(2000);
    expect(world.fleet.devices.get(OWNER, 'a').view.presence).toBe('offline');
    expect(world.fleet.devices.get(OWNER, 'b').view.presence).toBe('online');
  });
});

describe('de-registering', () => {
  it('is answered when it is durable; the device stays known', async () => {
    const world = await World.start();
    const location = await world.register('a', {}, peerAt(1));
    world.store.hold();
    let answer: string | undefined;
    void world.fleet.deregister(location, peerAt(1), world.now()).then((result) => {
      answer = result;
    });
    await settle();
    expect(answer).toBeUndefined();
    expect(world.fleet.refresh(location, peerAt(1), world.now())).toBe('refreshed');
    world.store.release();
    await settle();
    expect(answer).toBe('removed');
    expect(world.fleet.refresh(location, peerAt(1), world.now())).toBe('unknown');
    expect(world.link.left).toEqual([peerAt(1).key]);
    const { view } = world.fleet.devices.get(OWNER, 'a');
    expect(view.presence).toBe('offline');
    expect(view.registration).toBeUndefined();
    await world.crash();
    expect(world.fleet.devices.get(OWNER, 'a').view.registration).toBeUndefined();
  });
});

describe('expiry', () => {
  it('comes at lifetime plus grace and not before (LwM2M-Core 1.1.1 §6.2.2)', async () => {
    const world = await World.start();
    await world.register('a', { lifetime: 60 }, peerAt(1));
    await world.pass(89_999);
    expect(world.fleet.devices.get(OWNER, 'a').view.presence).toBe('online');
    await world.pass(2);
    expect(world.fleet.devices.get(OWNER, 'a').view.presence).toBe('offline');
    expect(await world.told()).toEqual(['device.registered', 'device.expired']);
    expect(world.link.left).toEqual([peerAt(1).key]);
  });

  it('counts from the last refresh, which moves nothing in the heap', async () => {
    const world = await World.start();
    const location = await world.register('a', { lifetime: 60 }, peerAt(1));
    for (let count = 0; count < 20; count += 1) {
      await world.pass(50_000);
      world.fleet.refresh(location, peerAt(1), world.now());
    }
    await world.pass(89_000);
    expect(world.fleet.devices.get(OWNER, 'a').view.presence).toBe('online');
    await world.pass(2000);
    expect(world.fleet.devices.get(OWNER, 'a').view.presence).toBe('offline');
  });

  it('under way answers nothing on the location that will be dead', async () => {
    const world = await World.start();
    const location = await world.register('a', { lifetime: 60 }, peerAt(1));
    world.store.hold();
    await world.pass(91_000);
    expect(world.fleet.refresh(location, peerAt(1), world.now())).toBe('unknown');
    expect(await world.told()).toEqual(['device.registered']);
    const again = world.register('a', { lifetime: 60 }, peerAt(1));
    world.store.release();
    await again;
    expect(world.fleet.devices.get(OWNER, 'a').view.presence).toBe('online');
    expect(await world.told()).toEqual(['device.registered', 'device.expired', 'device.registered']);
  });

  it('that the store refuses is tried again, and the registration stands until then', async () => {
    const world = await World.start();
    const location = await world.register('a', { lifetime: 60 }, peerAt(1));
    world.store.fail('store_unavailable', 3);
    await world.pass(90_000);
    expect(world.fleet.devices.get(OWNER, 'a').view.presence).toBe('online');
    await world.pass(3000);
    expect(world.fleet.devices.get(OWNER, 'a').view.presence).toBe('offline');
    expect(world.fleet.refresh(location, peerAt(1), world.now())).toBe('unknown');
    expect(world.faults).toEqual([]);
  });

  it('never comes for lifetime 0, and after 136 years for 2^32-1', async () => {
    const world = await World.start();
    await world.register('never', { lifetime: 0 }, peerAt(1));
    await world.register('long', { lifetime: 4_294_967_295 }, peerAt(2));
    await world.pass(days(40_000));
    expect(world.fleet.devices.counts().registered).toBe(2);
    expect(world.fleet.devices.get(OWNER, 'never').view.registration?.expiresAt).toBeUndefined();
    await world.pass(4_294_967_295_000 + 31_000 - days(40_000));
    expect(world.fleet.devices.get(OWNER, 'long').view.presence).toBe('offline');
    expect(world.fleet.devices.get(OWNER, 'never').view.presence).toBe('online');
  });

  it('of many at once is done in slices, all of them', async () => {
    const world = await World.start();
    for (let number = 0; number < 1200; number += 1)
      await world.fleet.register(world.parameters(`d${number}`), peerAt(number + 1), world.now());
    await world.pass(331_000);
    expect(world.fleet.devices.counts()).toEqual({ total: 1200, registered: 0 });
  });

  it('spares whoever could not refresh while the server was down, for lifetime and grace from the start', async () => {
    const world = await World.start();
    const location = await world.register('a', { lifetime: 60 }, peerAt(1));
    world.store.kill();
    world.clock.advance(days(3));
    await world.boot();
    expect(world.fleet.devices.get(OWNER, 'a').view.presence).toBe('online');
    await world.pass(89_000);
    expect(world.fleet.refresh(location, peerAt(1), world.now())).toBe('refreshed');
    await world.pass(91_000);
    expect(world.fleet.devices.get(OWNER, 'a').view.presence).toBe('offline');
  });
});

describe('the calendar jumping (T29)', () => {
  const jumps = {
    'an hour ahead': Date.UTC(2030, 0, 1, 1),
    'an hour back': Date.UTC(2029, 11, 31, 23),
    'a day ahead': Date.UTC(2030, 0, 2),
    'a day back': Date.UTC(2029, 11, 31),
    'to 1970': 0,
    'to 2038': Date.UTC(2038, 0, 19, 3, 14, 8),
    'to 2106': Date.UTC(2106, 1, 7, 6, 28, 16),
  };
  it.each(Object.entries(jumps))('%s expires none of 10,000 registrations wrongly', async (_name, wall) => {
    const world = await World.start();
    const locations: string[] = [];
    for (let number = 0; number < 10_000; number += 1) {
      const { location } = await world.fleet.register(
        world.parameters(`d${number}`, { lifetime: 100 }),
        peerAt(number + 1),
        world.now(),
      );
      locations.push(location);
    }
    world.clock.jumpWall(wall);
    await world.pass(60_000);
    locations.forEach((location, number) => world.fleet.refresh(location, peerAt(number + 1), world.now()));
    world.clock.jumpWall(Date.UTC(2030, 5, 1));
    await world.pass(129_000);
    expect(world.fleet.devices.counts().registered).toBe(10_000);
    await world.pass(2000);
    expect(world.fleet.devices.counts().registered).toBe(0);
  });

  it.each(Object.entries(jumps))('%s over a restart expires nobody', async (_name, wall) => {
    const world = await World.start();
    await world.register('a', { lifetime: 100 }, peerAt(1));
    world.clock.jumpWall(wall);
    await world.crash();
    await world.pass(129_000);
    expect(world.fleet.devices.counts().registered).toBe(1);
  });
});
