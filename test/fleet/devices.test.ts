/** One device: what is read of it after it registered, its tags, its end. */

import { describe, expect, it } from '@jest/globals';
import { OWNER } from '#fleet/model';
import type { Outcome } from '#lwm2m/model';
import { OBLIGING, World, content, failed, pathOf, peerAt, settle } from './world.js';

const text = (path: readonly number[], value: string): Outcome => content(path, { type: 'string', value });

describe('after each registration', () => {
  const settings = { readAfterRegistration: ['/3/0/0', '/3/0/1', '/3/0/3', '/1/0/1', '/5/0/7'] };

  it('what the list says is read, of the instances the device has, and the record is changed once', async () => {
    const world = await World.start({
      settings,
      behaviour: (request) =>
        pathOf(request)[0] === 1
          ? content(pathOf(request), { type: 'integer', value: 60 })
          : text(pathOf(request), `text ${pathOf(request).join('.')}`),
    });
    await world.register('a', {}, peerAt(1));
    expect(world.link.lines).toEqual(['read /3/0/0', 'read /3/0/1', 'read /3/0/3', 'read /1/0/1']);
    expect(world.fleet.devices.get(OWNER, 'a').view).toMatchObject({
      manufacturer: 'text 3.0.0',
      model: 'text 3.0.1',
      firmware: 'text 3.0.3',
    });
    expect(await world.fleet.values.get(OWNER, 'a', [1, 0, 1])).toMatchObject({ value: 60, source: 'read' });
    expect(world.store.applied.filter(({ aggregate }) => aggregate === 'device')).toHaveLength(2);
    expect(await world.told()).toEqual(['device.registered', 'device.updated']);
    await world.register('a', {}, peerAt(1));
    expect(world.store.applied.filter(({ aggregate }) => aggregate === 'device')).toHaveLength(3);
  });

  it('nothing is read before the answer has left, and users go first', async () => {
    const world = await World.start({ settings, behaviour: OBLIGING });
    await world.fleet.register(world.parameters('a'), peerAt(1), world.now());
    await settle();
    expect(world.link.log).toEqual([]);
    const submitted = await world.fleet.operations.submit(OWNER, 'a', { kind: 'read', path: '/3/0/9' });
    world.fleet.reached(peerAt(1), world.now());
    await submitted.finished;
    expect(world.link.lines[0]).toBe('read /3/0/9');
  });

  it('what the device refuses is left out; without an answer the rest is read when it is heard again', async () => {
    const outcomes: Outcome[] = [
      { kind: 'refused', code: 0x84, detail: '' },
      failed('timeout'),
      text([3, 0, 1], 'M'),
      text([3, 0, 3], 'F'),
    ];
    const world = await World.start({
      settings: { readAfterRegistration: ['/3/0/0', '/3/0/1', '/3/0/3'] },
      behaviour: () => outcomes.shift(),
    });
    const location = await world.register('a', {}, peerAt(1));
    expect(world.link.lines).toEqual(['read /3/0/0', 'read /3/0/1']);
    world.fleet.refresh(location, peerAt(1), world.now());
    world.fleet.reached(peerAt(1), world.now());
    await settle();
    const { view } = world.fleet.devices.get(OWNER, 'a');
    expect([view.manufacturer, view.model, view.firmware]).toEqual([undefined, 'M', 'F']);
  });

  it('a kill before it was read is made up for at the next contact', async () => {
    const world = await World.start({
      settings: { readAfterRegistration: ['/3/0/1'] },
      behaviour: (request) => text(pathOf(request), 'M'),
    });
    await world.fleet.register(world.parameters('a'), peerAt(1), world.now());
    await world.crash();
    world.fleet.reached(peerAt(1), world.now());
    await settle();
    expect(world.fleet.devices.get(OWNER, 'a').view.model).toBe('M');
    await world.crash();
    world.fleet.reached(peerAt(1), world.now());
    await settle();
    expect(world.link.log).toEqual([]);
  });

  it.each([1, 2])('a store that refuses %s commits loses what was read and nothing else', async (count) => {
    const world = await World.start({
      settings: { readAfterRegistration: ['/3/0/1'] },
      behaviour: (request) => text(pathOf(request), 'M'),
    });
    await world.fleet.register(world.parameters('a'), peerAt(1), world.now());
    world.store.fail('store_busy', count);
    world.fleet.reached(peerAt(1), world.now());
    await settle();
    expect(world.fleet.devices.get(OWNER, 'a').view.model).toBe(count === 1 ? 'M' : undefined);
    expect(world.fleet.counters['identity_refused']).toBe(count);
    expect(world.fleet.gauges()['identities_due']).toBe(0);
    expect(world.faults).toEqual([]);
  });
});

describe('changing a device', () => {
  it('merges tags, null removing one, durably', async () => {
    const world = await World.start();
    await world.register('a', {}, peerAt(1));
    await world.fleet.devices.patch(OWNER, 'a', { tags: { site: 'north', shelf: '1' } });
    const { view } = await world.fleet.devices.patch(OWNER, 'a', { tags: { site: 'south', shelf: null, other: null } });
    expect(view.tags).toEqual({ site: 'south' });
    await world.crash();
    expect(world.fleet.devices.get(OWNER, 'a').view.tags).toEqual({ site: 'south' });
  });

  it('sets and takes off an awake window of its own', async () => {
    const world = await World.start();
    await world.register('a', {}, peerAt(1));
    expect((await world.fleet.devices.patch(OWNER, 'a', { awakeWindow: 20 })).view.awakeWindow).toBe(20);
    expect((await world.fleet.devices.patch(OWNER, 'a', { awakeWindow: null })).view.awakeWindow).toBeUndefined();
  });

  it('is answered when it is durable, and changes the etag; what changes nothing commits nothing', async () => {
    const world = await World.start();
    await world.register('a', {}, peerAt(1));
    const before = world.fleet.devices.get(OWNER, 'a').etag;
    world.store.hold();
    const patch = world.fleet.devices.patch(OWNER, 'a', { tags: { a: '1' } });
    await settle();
    expect(world.fleet.devices.get(OWNER, 'a')).toMatchObject({ etag: before, view: { tags: {} } });
    world.store.release();
    const { etag } = await patch;
    expect(etag).toMatch(/^"[0-9a-z-]+"$/);
    expect(etag).not.toBe(before);
    const commits = world.store.applied.length;
    expect((await world.fleet.devices.patch(OWNER, 'a', { tags: { a: '1', b: null } })).etag).toBe(etag);
    expect(world.store.applied).toHaveLength(commits);
  });

  it('against another etag is refused, in the order of the changes', async () => {
    const world = await World.start();
    await world.register('a', {}, peerAt(1));
    const { etag } = world.fleet.devices.get(OWNER, 'a');
    const both = await Promise.allSettled([
      world.fleet.devices.patch(OWNER, 'a', { tags: { a: '1' } }, etag),
      world.fleet.devices.patch(OWNER, 'a', { tags: { a: '2' } }, etag),
    ]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(both[1]).toMatchObject({ reason: { code: 'precondition_failed' } });
    await expect(world.fleet.devices.remove(OWNER, 'a', etag)).rejects.toMatchObject({ code: 'precondition_failed' });
    await world.fleet.devices.remove(OWNER, 'a', world.fleet.devices.get(OWNER, 'a').etag);
  });

  it('beyond the number of tags, or unknown, is refused', async () => {
    const world = await World.start();
    await world.register('a', {}, peerAt(1));
    const tags = Object.fromEntries(Array.from({ length: 101 }, (_, number) => [`t${number}`, 'x']));
    await expect(world.fleet.devices.patch(OWNER, 'a', { tags })).rejects.toMatchObject({ code: 'invalid_body' });
    await expect(world.fleet.devices.patch(OWNER, 'b', {})).rejects.toMatchObject({ code: 'device_not_found' });
    expect(() => world.fleet.devices.get(OWNER, 'b')).toThrow(expect.objectContaining({ code: 'device_not_found' }));
  });
});

describe('deleting a device', () => {
  it('takes everything with it, durably; its next Update is unknown, a Register makes a new device', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    const location = await world.register('a', {}, peerAt(1));
    await (
      await world.fleet.operations.submit(OWNER, 'a', { kind: 'read', path: '/3/0/9' })
    ).finished;
    await world.fleet.observations.put(OWNER, 'a', 'o', { paths: ['/3/0/9'] });
    await settle();
    const first = [...world.disk.devices.keys()][0];
    world.store.hold();
    const removal = world.fleet.devices.remove(OWNER, 'a');
    await settle();
    expect(world.fleet.knows('a')).toBe(true);
    world.store.release();
    await removal;
    expect(world.fleet.refresh(location, peerAt(1), world.now())).toBe('unknown');
    expect(world.link.left).toEqual([peerAt(1).key]);
    expect(world.fleet.gauges()).toMatchObject({ devices: 0, devices_registered: 0, observation_tokens: 0 });
    expect((await world.told()).at(-1)).toBe('device.deleted');
    await world.register('a', {}, peerAt(1));
    expect([...world.disk.devices.keys()]).not.toEqual([first]);
    expect(await world.fleet.observations.list(OWNER, 'a')).toEqual([]);
    await expect(world.fleet.values.get(OWNER, 'a', [3, 0, 9])).rejects.toMatchObject({ code: 'no_value' });
    await world.crash();
    expect(world.fleet.devices.counts()).toEqual({ total: 1, registered: 1 });
  });

  it('twice at once deletes once', async () => {
    const world = await World.start();
    await world.register('a', {}, peerAt(1));
    const both = await Promise.allSettled([
      world.fleet.devices.remove(OWNER, 'a'),
      world.fleet.devices.remove(OWNER, 'a'),
    ]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(both[1]).toMatchObject({ reason: { code: 'device_not_found' } });
  });

  it('that the store refuses leaves it as it was', async () => {
    const world = await World.start();
    const location = await world.register('a', {}, peerAt(1));
    world.store.fail('store_unavailable', 1);
    await expect(world.fleet.devices.remove(OWNER, 'a')).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(world.fleet.refresh(location, peerAt(1), world.now())).toBe('refreshed');
    expect(world.fleet.devices.get(OWNER, 'a').view.presence).toBe('online');
  });
});

describe('two devices at one address', () => {
  it('are told apart by their locations; the end of one does not end what is open with the other', async () => {
    const world = await World.start();
    const first = await world.register('a', { lifetime: 60 }, peerAt(1));
    const second = await world.register('b', { lifetime: 3600 }, peerAt(1));
    expect(world.fleet.refresh(first, peerAt(1), world.now())).toBe('refreshed');
    expect(world.fleet.refresh(second, peerAt(1), world.now())).toBe('refreshed');
    await world.pass(91_000);
    expect(world.fleet.devices.counts().registered).toBe(1);
    expect(world.link.left).toEqual([]);
    expect(world.fleet.senderAt(peerAt(1).key)).toBeDefined();
    await world.fleet.deregister(second, peerAt(1), world.now());
    expect(world.link.left).toEqual([peerAt(1).key]);
  });
});

describe('after a restart', () => {
  it('what waits for a device that is always reachable goes out by itself, a little later', async () => {
    const world = await World.start();
    await world.register('a', {}, peerAt(1));
    await world.register('b', { queueMode: true }, peerAt(2));
    for (const endpoint of ['a', 'b']) {
      const submitted = await world.fleet.operations.submit(OWNER, endpoint, { kind: 'read', path: '/3/0/9' });
      await submitted.persist();
    }
    await world.crash();
    await world.pass(1000);
    expect(world.link.log).toEqual([]);
    await world.pass(1500);
    expect(world.link.log.map(({ target }) => target.peer.port)).toEqual([1]);
  });
});
