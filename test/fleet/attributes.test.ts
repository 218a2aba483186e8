/** Attributes of Write-Attributes: kept, and written again in every registration, because clients forget them with it. */

import { describe, expect, it } from '@jest/globals';
import { OWNER } from '#fleet/model';
import type { Outcome } from '#lwm2m/model';
import { OBLIGING, World, done, failed, peerAt, settle } from './world.js';

async function online(more: Parameters<typeof World.start>[0] = { behaviour: OBLIGING }): Promise<World> {
  const world = await World.start(more);
  await world.register('a', { lifetime: 86_400 }, peerAt(1));
  return world;
}

async function order(world: World, path: string, attributes: Readonly<Record<string, number | null>>): Promise<void> {
  const submitted = await world.fleet.operations.submit(OWNER, 'a', { kind: 'writeAttributes', path, attributes });
  await settle();
  expect(submitted.view()).toMatchObject({ state: 'succeeded' });
}

const shown = (world: World): unknown => world.fleet.devices.get(OWNER, 'a').view.attributes;
/** What was asked of the device since the last look. */
function asked(world: World): unknown[] {
  return world.link.log
    .splice(0)
    .map(({ request }) =>
      request.kind === 'writeAttributes' ? [request.path.join('/'), request.attributes] : request.kind,
    );
}

describe('attributes that were ordered', () => {
  it('are shown with the device, one path each, until they are unset', async () => {
    const world = await online();
    expect(shown(world)).toBeUndefined();
    await order(world, '/3303/0', { pmin: 5 });
    await order(world, '/3303/0/5700', { pmin: 10, gt: 25.5 });
    await order(world, '/3303/0/5700', { gt: null, pmax: 60 });
    expect(shown(world)).toEqual({ '/3303/0': { pmin: 5 }, '/3303/0/5700': { pmin: 10, pmax: 60 } });
    await order(world, '/3303/0', { pmin: null });
    expect(shown(world)).toEqual({ '/3303/0/5700': { pmin: 10, pmax: 60 } });
  });

  it('are written again after a new registration, before its observations, and not after an Update', async () => {
    const world = await online();
    await order(world, '/3303/0/5700', { pmin: 10 });
    await world.fleet.observations.put(OWNER, 'a', 'o', { paths: ['/3303/0/5700'] });
    await settle();
    asked(world);
    const location = await world.register('a', { lifetime: 86_400 }, peerAt(1));
    expect(asked(world)).toEqual([['3303/0/5700', { pmin: 10 }], 'observe']);
    await world.fleet.update(location, { lifetime: 600 }, peerAt(1), world.now());
    world.fleet.reached(peerAt(1), world.now());
    await settle();
    expect(asked(world)).toEqual([]);
  });

  it('survive a restart, and are written then when they were not yet', async () => {
    const world = await online();
    await order(world, '/3303/0/5700', { pmin: 10 });
    world.link.behaviour = () => failed('timeout');
    await world.register('a', { lifetime: 86_400 }, peerAt(1));
    await settle();
    await world.crash();
    await world.pass(10_000);
    expect(asked(world)).toEqual([['3303/0/5700', { pmin: 10 }]]);
    await world.crash();
    await world.pass(10_000);
    expect(asked(world)).toEqual([]);
    expect(shown(world)).toEqual({ '/3303/0/5700': { pmin: 10 } });
  });

  it('are kept before the operation has succeeded, however often the store refuses them at first, and in their order', async () => {
    const world = await online();
    const submit = (attributes: Readonly<Record<string, number>>) =>
      world.fleet.operations.submit(OWNER, 'a', { kind: 'writeAttributes', path: '/3303/0/5700', attributes });
    const first = await submit({ pmin: 5, gt: 1 });
    await first.persist();
    // The one that says it is sent comes first.
    world.link.behaviour = () => {
      world.store.fail('store_busy', 2);
      world.link.behaviour = OBLIGING;
      return done(0x44);
    };
    const second = await submit({ pmin: 10, gt: 2 });
    await settle();
    await world.pass(500);
    expect(second.view()).toMatchObject({ state: 'sent' });
    const third = await submit({ gt: 3 });
    await world.pass(10_000);
    expect([second.view().state, third.view().state]).toEqual(['succeeded', 'succeeded']);
    expect(shown(world)).toEqual({ '/3303/0/5700': { pmin: 10, gt: 3 } });
    expect(asked(world)).toHaveLength(3);
    await world.crash();
    expect(shown(world)).toEqual({ '/3303/0/5700': { pmin: 10, gt: 3 } });
  });

  it('are kept only when the device took them', async () => {
    const refused: Outcome = { kind: 'refused', code: 0x80, detail: 'no' };
    const world = await online({ behaviour: () => refused });
    const submitted = await world.fleet.operations.submit(OWNER, 'a', {
      kind: 'writeAttributes',
      path: '/3303/0/5700',
      attributes: { pmin: 10 },
    });
    await settle();
    expect(submitted.view()).toMatchObject({ state: 'failed' });
    expect(shown(world)).toBeUndefined();
  });

  it('that a later registration refuses are told of, and tried again in the next', async () => {
    const world = await online();
    await order(world, '/3303/0/5700', { pmin: 10 });
    world.link.behaviour = () => ({ kind: 'refused', code: 0x84, detail: 'gone' });
    await world.register('a', { lifetime: 86_400 }, peerAt(1));
    await settle();
    expect(asked(world)).toHaveLength(2);
    expect((await world.told()).filter((type) => type === 'attributes.refused')).toHaveLength(1);
    expect(world.fleet.counters['attributes_refused']).toBe(1);
    world.link.behaviour = OBLIGING;
    await world.register('a', { lifetime: 86_400 }, peerAt(1));
    await settle();
    expect(asked(world)).toEqual([['3303/0/5700', { pmin: 10 }]]);
    expect(world.fleet.counters['attributes_rewritten']).toBe(1);
  });

  it('are forgotten with the instance that is deleted', async () => {
    const world = await online({ behaviour: ({ kind }) => (kind === 'delete' ? done(0x42) : done(0x44)) });
    await order(world, '/3303/0/5700', { pmin: 10 });
    await order(world, '/3304/0', { pmin: 10 });
    await world.fleet.operations.submit(OWNER, 'a', { kind: 'delete', path: '/3303/0' });
    await settle();
    expect(shown(world)).toEqual({ '/3304/0': { pmin: 10 } });
  });

  it('of more paths than are kept are refused, but for paths that have some', async () => {
    const world = await online({ behaviour: OBLIGING, settings: { attributesPerDevice: 1 } });
    await order(world, '/3303/0/5700', { pmin: 10 });
    await order(world, '/3303/0/5700', { pmin: 20 });
    const more = world.fleet.operations.submit(OWNER, 'a', {
      kind: 'writeAttributes',
      path: '/3303/0',
      attributes: { pmin: 10 },
    });
    await expect(more).rejects.toMatchObject({ code: 'queue_full' });
  });
});
