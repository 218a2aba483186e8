/** The event log: order, resumption over kills, what is lost and said to be lost. */

import { describe, expect, it } from '@jest/globals';
import { OWNER } from '#fleet/model';
import type { EventType, NumberedEvent } from '#fleet/model';
import type { EventOptions } from '#fleet';
import { WallTime } from '#base';
import { EventLog } from '../../../src/fleet/records/events.js';
import { OBLIGING, World, pathOf, peerAt, settle } from '../world.js';

/** What a subscriber got, as text: `number type` or `reset`. */
async function listen(world: World, options: EventOptions = {}): Promise<{ got: string[]; stop: () => void }> {
  const got: string[] = [];
  const stop = await world.fleet.events.subscribe(
    OWNER,
    options,
    ({ number, type }) => got.push(`${number} ${type}`),
    () => got.push('reset'),
  );
  return { got, stop };
}

const VALUES: ReadonlySet<EventType> = new Set(['value.received']);

describe('events', () => {
  it('are told when they are durable, in order, without values unless those are asked for', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    const all = await listen(world);
    const values = await listen(world, { types: VALUES });
    const other = await listen(world, { endpoint: 'b' });
    world.store.hold();
    const registered = world.fleet.register(world.parameters('a'), peerAt(1), world.now());
    await settle();
    expect(all.got).toEqual([]);
    world.store.release();
    await registered;
    world.fleet.reached(peerAt(1), world.now());
    await (
      await world.fleet.operations.submit(OWNER, 'a', { kind: 'read', path: '/3/0/9' })
    ).finished;
    expect(all.got).toEqual(['1 device.registered', '3 operation.finished']);
    expect(values.got).toEqual(['2 value.received']);
    expect(other.got).toEqual([]);
    all.stop();
    await world.register('a', {}, peerAt(1));
    expect(all.got).toHaveLength(2);
    expect(world.fleet.gauges()['event_subscribers']).toBe(2);
  });

  it('carry endpoint, moment and what happened', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    const got: NumberedEvent[] = [];
    await world.fleet.events.subscribe(
      OWNER,
      { types: new Set<EventType>(['device.registered', 'value.received', 'operation.finished']) },
      (event) => got.push(event),
      () => undefined,
    );
    await world.register('a', {}, peerAt(1));
    const { id } = await (await world.fleet.operations.submit(OWNER, 'a', { kind: 'read', path: '/3/0/9' })).finished;
    expect(got.map(({ endpoint }) => endpoint)).toEqual(['a', 'a', 'a']);
    expect(got.map(({ at }) => at)).toEqual([world.clock.wall(), world.clock.wall(), world.clock.wall()]);
    expect(got[0]?.data).toEqual({ lwm2m: '1.1', lifetime: 300, binding: 'U', queueMode: false });
    expect(got[1]?.data).toMatchObject({
      path: '/3/0',
      source: 'read',
      resources: { 9: { path: '/3/0/9', name: 'Battery Level', type: 'integer', value: 95, source: 'read' } },
    });
    expect(got[2]?.data).toEqual({ id, kind: 'read', path: '/3/0/9', state: 'succeeded' });
  });

  it('are resumed after a number, each once, while new ones come', async () => {
    const world = await World.start();
    for (let number = 1; number <= 5; number += 1) await world.register(`d${number}`, {}, peerAt(number));
    const { got } = await listen(world, { after: 3 });
    await world.register('d6', {}, peerAt(6));
    expect(got).toEqual(['4 device.registered', '5 device.registered', '6 device.registered']);
    expect(world.fleet.events.newest()).toBe(6);
    expect((await listen(world, { after: 6 })).got).toEqual([]);
  });

  it('are resumed over a kill from the store, then from memory, then as they come', async () => {
    const world = await World.start();
    for (let number = 1; number <= 1200; number += 1)
      await world.fleet.register(world.parameters(`d${number}`), peerAt(number), world.now());
    await world.crash();
    await world.fleet.register(world.parameters('x'), peerAt(1), world.now());
    const subscribing = listen(world, { after: 10 });
    await world.fleet.register(world.parameters('y'), peerAt(2), world.now());
    const { got } = await subscribing;
    await world.fleet.register(world.parameters('z'), peerAt(3), world.now());
    expect(got).toHaveLength(1193);
    expect(got.map((line) => Number(line.split(' ')[0]))).toEqual(
      Array.from({ length: 1193 }, (_, index) => index + 11),
    );
  });

  it('of values are lost over a kill, and their subscribers told so', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    await world.register('a', {}, peerAt(1));
    await (
      await world.fleet.operations.submit(OWNER, 'a', { kind: 'read', path: '/3/0/9' })
    ).finished;
    expect((await listen(world, { after: 1, types: VALUES })).got).toEqual(['2 value.received']);
    await world.crash();
    expect((await listen(world, { after: 1, types: VALUES })).got).toEqual(['reset']);
    expect((await listen(world, { after: 1 })).got).toEqual(['3 operation.finished']);
    expect((await listen(world, { after: 3, types: VALUES })).got).toEqual([]);
  });

  it('that nobody can have had, or that are not kept any more, are a reset', async () => {
    const world = await World.start({ settings: { events: 4 } });
    for (let number = 1; number <= 10; number += 1) await world.register(`d${number}`, {}, peerAt(number));
    expect((await listen(world, { after: 99 })).got).toEqual(['reset']);
    expect((await listen(world, { after: 2 })).got).toHaveLength(8);
    world.disk.events.splice(0, 5);
    expect((await listen(world, { after: 2 })).got).toEqual(['reset']);
    expect((await listen(world, { after: 6 })).got).toHaveLength(4);
    expect(world.fleet.gauges()['events_in_memory']).toBe(4);
  });

  it('are told on after a reset', async () => {
    const world = await World.start();
    await world.register('a', {}, peerAt(1));
    const { got } = await listen(world, { after: 99 });
    await world.register('b', {}, peerAt(2));
    expect(got).toEqual(['reset', '2 device.registered']);
  });

  it('that come in masses while old ones are read are lost, and said to be', async () => {
    const old: NumberedEvent[] = [numbered(1), numbered(2)];
    let answer: () => void = () => undefined;
    const store = {
      events: async (_scope: unknown, after: number) => {
        if (after > 2) return { events: [], oldest: 1, newest: 2 };
        await new Promise<void>((resolve) => (answer = resolve));
        return { events: old, oldest: 1, newest: 2 };
      },
    };
    const log = new EventLog({ store, limit: 5, breathe: () => Promise.resolve() });
    await log.start();
    for (const burst of [5, 6]) {
      const got: string[] = [];
      const subscribing = log.subscribe(
        OWNER,
        { after: 0 },
        ({ number }) => got.push(String(number)),
        () => got.push('reset'),
      );
      const first = log.newest() + 1;
      log.publish(Array.from({ length: burst }, (_, index) => numbered(first + index)));
      answer();
      const stop = await subscribing;
      log.publish([numbered(first + burst)]);
      stop();
      const burstNumbers = Array.from({ length: burst }, (_, index) => String(first + index));
      const expected = burst === 5 ? [...burstNumbers, String(first + burst)] : ['reset', String(first + burst)];
      expect(got.slice(0, 2)).toEqual(['1', '2']);
      expect(got.slice(-expected.length)).toEqual(expected);
    }
  });

  it('of large values are let go of before they fill the memory', async () => {
    const world = await World.start({
      settings: { events: 10 },
      behaviour: (request) => ({
        kind: 'done',
        code: 0x45,
        nodes: [
          { path: pathOf(request), node: { kind: 'single', value: { type: 'string', value: 'x'.repeat(4000) } } },
        ],
      }),
    });
    await world.register('a', { lifetime: 0 }, peerAt(1));
    for (let count = 0; count < 20; count += 1)
      await (
        await world.fleet.operations.submit(OWNER, 'a', { kind: 'read', path: '/3/0/0' })
      ).finished;
    const gauges = world.fleet.gauges();
    expect(gauges['events_in_memory_characters']).toBeLessThanOrEqual(10_240);
    expect(gauges['events_in_memory']).toBeLessThan(10);
  });
});

function numbered(number: number): NumberedEvent {
  return { type: 'device.updated', at: WallTime(0), endpoint: 'a', data: {}, number };
}
