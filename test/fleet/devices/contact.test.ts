/** When a device is to be heard at the latest: from its lifetime, and from the pmax of what is observed on it. */

import { describe, expect, it } from '@jest/globals';
import { OWNER } from '#fleet/model';
import { asleep, uplink } from '../sleeping.js';
import { OBLIGING, World, failed, peerAt, settle } from '../world.js';

const INPUT = { paths: ['/3303/0/5700'] };

const contact = (world: World): string | undefined => world.fleet.devices.get(OWNER, 'a').view.nextExpectedContact;

async function observe(world: World, id: string, more: object): Promise<void> {
  await world.fleet.observations.put(OWNER, 'a', id, { ...INPUT, ...more });
  await settle();
}

describe('the next expected contact of a device', () => {
  it('is when its registration must be refreshed, counted from its last Register or Update', async () => {
    const world = await World.start();
    const location = await world.register('a', { lifetime: 300 }, peerAt(1));
    expect(contact(world)).toBe('2030-01-01T00:05:00.000Z');
    await world.pass(60_000);
    expect(contact(world)).toBe('2030-01-01T00:05:00.000Z');
    await uplink(world, location);
    expect(contact(world)).toBe('2030-01-01T00:06:00.000Z');
  });

  it('lies before the end that the grace allows, and in the past when the device is late', async () => {
    const world = await World.start();
    await world.register('a', { lifetime: 60 }, peerAt(1));
    await world.pass(70_000);
    const { view } = world.fleet.devices.get(OWNER, 'a');
    expect(view.nextExpectedContact).toBe('2030-01-01T00:01:00.000Z');
    expect(view.registration?.expiresAt).toBe('2030-01-01T00:01:30.000Z');
    await world.pass(30_000);
    expect(world.fleet.devices.get(OWNER, 'a').view).toMatchObject({ presence: 'offline' });
    expect(contact(world)).toBeUndefined();
  });

  it('is absent when nothing binds the device: a lifetime of 0, or no registration', async () => {
    const world = await World.start();
    const location = await world.register('a', { lifetime: 0 }, peerAt(1));
    expect(contact(world)).toBeUndefined();
    await world.fleet.deregister(location, peerAt(1), world.now());
    expect(contact(world)).toBeUndefined();
  });

  it.each([
    ['the shortest pmax of what is active, since it was heard last', { attributes: { pmax: 40 } }, '00:01:10'],
    ['a pmax among the parameters of the Observe', { parameters: { pmax: 40 } }, '00:01:10'],
    ['the lifetime, when pmax is longer', { attributes: { pmax: 7200 } }, '01:00:00'],
    ['the lifetime, when pmax is 0, which stands for none', { attributes: { pmax: 0 } }, '01:00:00'],
    ['the lifetime, when pmax is less than pmin', { attributes: { pmin: 50, pmax: 40 } }, '01:00:00'],
    [
      'the lifetime, when parameters stand for the attributes',
      { attributes: { pmax: 9 }, parameters: { pmin: 5 } },
      '01:00:00',
    ],
  ])('comes from %s', async (_name, more, time) => {
    const world = await World.start({ behaviour: OBLIGING });
    await world.register('a', { lifetime: 3600, lwm2m: '1.2' }, peerAt(1));
    await observe(world, 'long', { attributes: { pmax: 5000 } });
    await world.pass(30_000);
    await observe(world, 'o', more);
    await world.pass(10_000);
    expect(contact(world)).toBe(`2030-01-01T${time}.000Z`);
  });

  it('does not come from an observation that the device has not accepted yet', async () => {
    const world = await World.start({ behaviour: () => failed('timeout') });
    await asleep(world);
    await observe(world, 'o', { attributes: { pmax: 40 } });
    expect(contact(world)).toBe('2030-01-02T00:00:00.000Z');
  });
});

describe('an operation that waits for contact', () => {
  const READ = { kind: 'read', path: '/3/0/9' } as const;

  it('says when the device is to be heard at the latest, as the device does', async () => {
    const world = await World.start();
    const location = await asleep(world, 'a', 1, { lifetime: 600 });
    const submitted = await world.fleet.operations.submit(OWNER, 'a', READ);
    expect(submitted.view()).toMatchObject({
      waitingFor: 'contact',
      nextExpectedContact: '2030-01-01T00:10:00.000Z',
    });
    await uplink(world, location);
    expect(submitted.view().waitingFor).toBe('device');
    expect(submitted.view().nextExpectedContact).toBeUndefined();
  });

  it('says nothing of it when the device is not registered, or need not come', async () => {
    const world = await World.start();
    const location = await asleep(world, 'a', 1, { lifetime: 0 });
    const submitted = await world.fleet.operations.submit(OWNER, 'a', READ);
    expect(submitted.view()).toMatchObject({ waitingFor: 'contact' });
    expect(submitted.view().nextExpectedContact).toBeUndefined();
    await world.fleet.deregister(location, peerAt(1), world.now());
    expect(submitted.view()).toMatchObject({ waitingFor: 'contact' });
    expect(submitted.view().nextExpectedContact).toBeUndefined();
  });
});
