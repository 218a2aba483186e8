/** What waits for a device goes by priority, then by age; what is under way is not overtaken. */

import { describe, expect, it } from '@jest/globals';
import type { Submitted } from '#fleet';
import { OWNER } from '#fleet/model';
import type { OperationPriority, OperationRequest } from '#fleet/model';
import { asleep, stored, uplink } from './sleeping.js';
import { OBLIGING, World, content, done, failed, peerAt, settle } from './world.js';

const read = (resource: number): OperationRequest => ({ kind: 'read', path: `/3/0/${resource}` });
const WRITE: OperationRequest = { kind: 'write', path: '/1/0/1', mode: 'replace', value: 60 };

function submit(world: World, request: OperationRequest, priority?: OperationPriority): Promise<Submitted> {
  return world.fleet.operations.submit(OWNER, 'a', request, priority === undefined ? {} : { priority });
}

/** Reads of resources 1 to 6, of rising priority and then falling. */
async function six(world: World): Promise<void> {
  await submit(world, read(1), 'low');
  await submit(world, read(2));
  await submit(world, read(3), 'high');
  await submit(world, read(4), 'high');
  await submit(world, read(5), 'normal');
  await submit(world, read(6), 'low');
}

const BY_PRIORITY = ['read /3/0/3', 'read /3/0/4', 'read /3/0/2', 'read /3/0/5', 'read /3/0/1', 'read /3/0/6'];

describe('the priority of an operation', () => {
  it('decides what is sent first when the device is heard, and age decides among equals', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    const location = await asleep(world);
    await six(world);
    await uplink(world, location);
    expect(world.link.lines).toEqual(BY_PRIORITY);
  });

  it('is normal when nobody says otherwise, and is shown', async () => {
    const world = await World.start();
    await asleep(world);
    expect((await submit(world, WRITE)).view().priority).toBe('normal');
    const urgent = await submit(world, WRITE, 'high');
    expect(urgent.view().priority).toBe('high');
    expect(await world.fleet.operations.get(OWNER, urgent.view().id)).toMatchObject({ priority: 'high' });
  });

  it('is kept when the operation ends', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    const location = await asleep(world);
    const urgent = await submit(world, WRITE, 'low');
    await uplink(world, location);
    expect(await urgent.finished).toMatchObject({ state: 'succeeded', priority: 'low' });
    expect(stored(world)).toMatchObject([{ state: 'succeeded', priority: 'low' }]);
  });

  it('survives a kill, and so does the order', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    const location = await asleep(world);
    await six(world);
    await world.crash();
    await uplink(world, location);
    expect(world.link.lines).toEqual(BY_PRIORITY);
  });

  it('lets nothing overtake what was sent: the urgent one is next', async () => {
    const world = await World.start();
    const location = await asleep(world);
    const first = await submit(world, WRITE, 'low');
    await uplink(world, location);
    const second = await submit(world, read(2));
    const urgent = await submit(world, read(3), 'high');
    await settle();
    expect(world.link.lines).toEqual(['write /1/0/1']);
    expect([first, second, urgent].map(({ waitingFor }) => waitingFor)).toEqual(['device', 'queue', 'queue']);
    world.link.flight.answer(done(0x44));
    await settle();
    expect(world.link.lines).toEqual(['write /1/0/1', 'read /3/0/3']);
    expect([second, urgent].map(({ waitingFor }) => waitingFor)).toEqual(['queue', 'device']);
    world.link.flight.answer(content([3, 0, 3], { type: 'string', value: '1.0' }));
    await settle();
    expect(world.link.lines).toEqual(['write /1/0/1', 'read /3/0/3', 'read /3/0/2']);
  });

  it('counts again for what never left and goes back to the queue', async () => {
    const world = await World.start();
    const location = await asleep(world);
    await submit(world, WRITE, 'low');
    await uplink(world, location);
    await submit(world, read(3), 'high');
    world.link.flight.answer(failed('cancelled', 'no'));
    await settle();
    await world.pass(1000);
    expect(world.link.lines).toEqual(['write /1/0/1', 'read /3/0/3']);
  });

  it('lets an urgent one that the store refuses hold nobody up', async () => {
    const world = await World.start();
    const location = await asleep(world);
    await submit(world, read(2));
    world.store.hold();
    const urgent = submit(world, WRITE, 'high');
    await settle();
    await uplink(world, location);
    expect(world.link.lines).toEqual([]);
    world.store.fail('store_busy', 1);
    world.store.release();
    await expect(urgent).rejects.toMatchObject({ code: 'store_busy' });
    await settle();
    expect(world.link.lines).toEqual(['read /3/0/2']);
  });

  it('is one of the device: the queue of another is not touched by it', async () => {
    const world = await World.start();
    const [a, b] = [await asleep(world, 'a', 1), await asleep(world, 'b', 2)];
    await submit(world, read(1), 'high');
    await world.fleet.operations.submit(OWNER, 'b', read(2), { priority: 'low' });
    await uplink(world, b, 2);
    await uplink(world, a, 1);
    expect(world.link.log.map(({ target }) => target.peer.key)).toEqual([peerAt(2).key, peerAt(1).key]);
  });
});
