/** The awake window: of the device, else of its model, else the default; what is set for a model is durable. */

import { describe, expect, it } from '@jest/globals';
import { AppError } from '#base';
import { OWNER } from '#fleet/model';
import { asleep, uplink } from '../sleeping.js';
import { World, content, pathOf, settle } from '../world.js';

const presence = (world: World, endpoint = 'a'): string => world.fleet.devices.get(OWNER, endpoint).view.presence;

/** A world whose devices say they are of model M1. */
function ofModel(): Promise<World> {
  return World.start({
    settings: { readAfterRegistration: ['/3/0/1'] },
    behaviour: (request) => content(pathOf(request), { type: 'string', value: 'M1' }),
  });
}

/** For how many seconds a device listens after an uplink. */
async function listensFor(world: World, location: string): Promise<number> {
  await uplink(world, location);
  for (let seconds = 1; seconds < 200; seconds += 1) {
    await world.pass(1000);
    if (presence(world) === 'asleep') return seconds;
  }
  throw new Error('it does not fall asleep');
}

describe('the awake window', () => {
  it('is that of the device, else that of its model, else the default', async () => {
    const world = await ofModel();
    const location = await asleep(world);
    expect(world.fleet.devices.get(OWNER, 'a').view.model).toBe('M1');
    expect(await listensFor(world, location)).toBe(93);
    await world.fleet.models.put(OWNER, 'M1', { awakeWindow: 20 });
    expect(await listensFor(world, location)).toBe(20);
    await world.fleet.devices.patch(OWNER, 'a', { awakeWindow: 5 });
    expect(await listensFor(world, location)).toBe(5);
    await world.fleet.devices.patch(OWNER, 'a', { awakeWindow: null });
    expect(await listensFor(world, location)).toBe(20);
    await world.fleet.models.remove(OWNER, 'M1');
    expect(await listensFor(world, location)).toBe(93);
  });

  it('of a model is of no concern to devices of another one, or of none that is known', async () => {
    const world = await World.start();
    const location = await asleep(world);
    await world.fleet.models.put(OWNER, 'M1', { awakeWindow: 20 });
    expect(await listensFor(world, location)).toBe(93);
  });

  it('of a model decides what is sent: nothing after it, everything within it', async () => {
    const world = await ofModel();
    const location = await asleep(world);
    await world.fleet.models.put(OWNER, 'M1', { awakeWindow: 20 });
    await uplink(world, location);
    const before = world.link.log.length;
    await world.pass(19_000);
    await world.fleet.operations.submit(OWNER, 'a', { kind: 'read', path: '/3/0/0' });
    await settle();
    expect(world.link.log).toHaveLength(before + 1);
    await world.pass(20_000);
    const waiting = await world.fleet.operations.submit(OWNER, 'a', { kind: 'read', path: '/3/0/0' });
    expect(waiting.waitingFor).toBe('contact');
    expect(world.link.log).toHaveLength(before + 1);
  });
});

describe('what is set for a model', () => {
  it('is shown when it is durable, and outlives a kill', async () => {
    const world = await World.start();
    world.store.hold();
    const put = world.fleet.models.put(OWNER, 'M1', { awakeWindow: 20 });
    await settle();
    expect(world.fleet.models.list(OWNER)).toEqual([]);
    world.store.release();
    expect(await put).toEqual({ model: 'M1', awakeWindow: 20 });
    await world.crash();
    expect(world.fleet.models.list(OWNER)).toEqual([{ model: 'M1', awakeWindow: 20 }]);
    await world.fleet.models.put(OWNER, 'M1', { awakeWindow: 30 });
    await world.fleet.models.put(OWNER, 'A2', { awakeWindow: 1 });
    await world.crash();
    expect(world.fleet.models.get(OWNER, 'M1')).toEqual({ model: 'M1', awakeWindow: 30 });
    await world.fleet.models.remove(OWNER, 'M1');
    await world.crash();
    expect(world.fleet.models.list(OWNER)).toEqual([{ model: 'A2', awakeWindow: 1 }]);
    expect(() => world.fleet.models.get(OWNER, 'M1')).toThrow(AppError);
  });

  it('is told as an event, with who did it in the change', async () => {
    const world = await World.start();
    await world.fleet.models.put(OWNER, 'M1', { awakeWindow: 20 });
    await world.fleet.models.put(OWNER, 'M1', { awakeWindow: 20 });
    await world.fleet.models.remove(OWNER, 'M1');
    expect((await world.events()).map(({ type, data }) => ({ type, data }))).toEqual([
      { type: 'model.changed', data: { model: 'M1', awakeWindow: 20 } },
      { type: 'model.changed', data: { model: 'M1', awakeWindow: null } },
    ]);
    expect(world.store.applied.map(({ actor }) => actor)).toEqual([OWNER.actor, OWNER.actor]);
  });

  it('is changed one change at a time; what the store refuses changes nothing', async () => {
    const world = await World.start();
    const windows = [5, 6, 7];
    await Promise.all(windows.map((awakeWindow) => world.fleet.models.put(OWNER, 'M1', { awakeWindow })));
    expect(world.fleet.models.get(OWNER, 'M1').awakeWindow).toBe(7);
    world.store.fail('store_busy', 1);
    await expect(world.fleet.models.put(OWNER, 'M1', { awakeWindow: 8 })).rejects.toMatchObject({ code: 'store_busy' });
    world.store.fail('store_busy', 1);
    await expect(world.fleet.models.remove(OWNER, 'M1')).rejects.toMatchObject({ code: 'store_busy' });
    expect(world.fleet.models.get(OWNER, 'M1').awakeWindow).toBe(7);
  });

  it('is bounded in number: too_many_models, and those that are there can still be changed', async () => {
    const world = await World.start({ settings: { models: 2 } });
    for (const name of ['A', 'B']) await world.fleet.models.put(OWNER, name, { awakeWindow: 5 });
    await expect(world.fleet.models.put(OWNER, 'C', { awakeWindow: 5 })).rejects.toMatchObject({
      code: 'too_many_models',
    });
    expect(await world.fleet.models.put(OWNER, 'B', { awakeWindow: 6 })).toEqual({ model: 'B', awakeWindow: 6 });
    expect(world.fleet.gauges()['model_settings']).toBe(2);
  });

  it("is nobody's to take off when nothing is set", async () => {
    const world = await World.start();
    await expect(world.fleet.models.remove(OWNER, 'M1')).rejects.toMatchObject({ code: 'model_not_found' });
  });
});
