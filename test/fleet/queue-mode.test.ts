/** Queue mode, sentence by sentence (LwM2M-Core 1.1.1 §6.5), in virtual time. */

import { describe, expect, it } from '@jest/globals';
import { WallTime } from '#base';
import type { Submitted } from '#fleet';
import { OWNER } from '#fleet/model';
import type { DeviceRecord, OperationRequest } from '#fleet/model';
import { asleep, stored, uplink } from './sleeping.js';
import { OBLIGING, World, content, done, failed, peerAt, settle, single } from './world.js';

const READ: OperationRequest = { kind: 'read', path: '/3/0/9' };
const WRITE: OperationRequest = { kind: 'write', path: '/1/0/1', mode: 'replace', value: 60 };
const EXECUTE: OperationRequest = { kind: 'execute', path: '/3/0/4' };
const BATTERY = content([3, 0, 9], { type: 'integer', value: 95 });
const OBSERVED = { paths: ['/3303/0/5700'], attributes: { pmax: 600 } };

function submit(world: World, request: OperationRequest, more = {}, endpoint = 'a'): Promise<Submitted> {
  return world.fleet.operations.submit(OWNER, endpoint, request, more);
}

const presence = (world: World): string => world.fleet.devices.get(OWNER, 'a').view.presence;
const states = (world: World): string[] => stored(world).map(({ state }) => state);

/** Answers the open request after `span` milliseconds. */
async function answer(world: World, outcome: ReturnType<typeof done>, span = 0): Promise<void> {
  await world.pass(span);
  world.link.flight.answer(outcome);
  await settle();
}

describe('nothing is sent while the device is asleep', () => {
  it('no operation, no observation, no end of one, and none of what is read after a registration', async () => {
    const world = await World.start({
      settings: { readAfterRegistration: ['/3/0/0', '/3/0/1'] },
      behaviour: (request, target) => (request.kind === 'read' ? failed('timeout') : OBLIGING(request, target)),
    });
    await asleep(world);
    const before = world.link.log.length;
    await submit(world, WRITE, { priority: 'high' });
    await world.fleet.observations.put(OWNER, 'a', 'o', OBSERVED);
    await world.fleet.observations.remove(OWNER, 'a', 'o', 'observe');
    await world.pass(80_000_000);
    expect(world.link.log).toHaveLength(before);
    expect(states(world)).toEqual(['queued']);
  });

  it('not even when the store was slow and the window ended before the request could leave', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    const location = await asleep(world);
    const submitted = await submit(world, WRITE);
    world.store.hold();
    await uplink(world, location);
    await world.pass(94_000);
    world.store.release();
    await settle();
    expect(world.link.log).toEqual([]);
    expect(submitted.view()).toMatchObject({ state: 'queued', waitingFor: 'contact' });
    expect(states(world)).toEqual(['queued']);
    await uplink(world, location);
    expect((await submitted.finished).state).toBe('succeeded');
  });
});

describe('on any uplink', () => {
  const UPLINKS: Readonly<Record<string, (world: World, location: string, token: string) => Promise<unknown>>> = {
    'a refresh Update': (world, location) => Promise.resolve(world.fleet.refresh(location, peerAt(1), world.now())),
    'an Update with a new lifetime': (world, location) =>
      world.fleet.update(location, { lifetime: 3600 }, peerAt(1), world.now()),
    'a Register': (world) => world.fleet.register(world.parameters('a', { queueMode: true }), peerAt(1), world.now()),
    'a notification': (world, _location, token) => world.fleet.notified(token, { nodes: [] }, world.now()),
    'a Send': (world) =>
      world.fleet.sent(peerAt(1).key, [{ path: [3, 0, 9], node: single({ type: 'integer', value: 9 }) }]),
  };

  it.each(Object.keys(UPLINKS))('%s: its answer leaves first, then the queue', async (name) => {
    const world = await World.start({ behaviour: OBLIGING });
    const location = await asleep(world);
    await world.fleet.observations.put(OWNER, 'a', 'o', OBSERVED);
    await uplink(world, location);
    await world.pass(100_000);
    const [row] = [...world.disk.devices.values()];
    const [observation] = (JSON.parse(row?.text ?? '{}') as DeviceRecord).observations;
    const before = world.link.log.length;
    await submit(world, READ);
    await UPLINKS[name]?.(world, location, observation?.token ?? 'none');
    await settle();
    expect(world.link.log).toHaveLength(before);
    world.fleet.reached(peerAt(1), world.now());
    await settle();
    expect(world.link.lines.slice(before)).toContain('read /3/0/9');
  });
});

describe('the queue', () => {
  it('leaves one request at a time, each after the answer to the one before, in priority order', async () => {
    const world = await World.start();
    const location = await asleep(world);
    await submit(world, READ, { priority: 'low' });
    await submit(world, WRITE);
    await submit(world, EXECUTE, { priority: 'high' });
    await uplink(world, location);
    expect(world.link.lines).toEqual(['execute /3/0/4']);
    await answer(world, done(0x44), 20_000);
    expect(world.link.lines).toEqual(['execute /3/0/4', 'write /1/0/1']);
    await answer(world, done(0x44), 20_000);
    expect(world.link.lines).toEqual(['execute /3/0/4', 'write /1/0/1', 'read /3/0/9']);
    await answer(world, BATTERY, 20_000);
    expect(states(world)).toEqual(['succeeded', 'succeeded', 'succeeded']);
    expect(world.link.most).toBe(1);
  });

  it('leaves until the window ends, which every message exchanged restarts', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    const location = await asleep(world);
    await uplink(world, location);
    for (let count = 0; count < 5; count += 1) {
      await world.pass(92_000);
      expect((await (await submit(world, READ)).finished).state).toBe('succeeded');
    }
    await world.pass(92_000);
    world.fleet.reached(peerAt(1), world.now());
    await world.pass(92_000);
    expect(presence(world)).toBe('online');
    await world.pass(1000);
    expect(presence(world)).toBe('asleep');
    expect((await submit(world, READ)).waitingFor).toBe('contact');
    expect(world.link.log).toHaveLength(5);
  });

  it.each([
    ['a refusal', { kind: 'refused', code: 0x85, detail: '' } as const],
    ['a Reset', failed('reset')],
    ['an answer that is not understood', failed('bad_answer')],
  ])('goes on after %s, which is a message too', async (_name, outcome) => {
    const world = await World.start();
    const location = await asleep(world);
    await submit(world, READ);
    await submit(world, WRITE);
    await uplink(world, location);
    await answer(world, outcome, 90_000);
    expect(world.link.lines).toEqual(['read /3/0/9', 'write /1/0/1']);
    await world.pass(10_000);
    expect(presence(world)).toBe('online');
  });
});

describe('a request that times out', () => {
  it('marks the device asleep at once, and what waits behind it stays until the next uplink', async () => {
    const world = await World.start();
    const location = await asleep(world);
    const [first, second] = [await submit(world, READ), await submit(world, WRITE)];
    await uplink(world, location);
    await answer(world, failed('timeout'), 5000);
    expect(presence(world)).toBe('asleep');
    expect((await first.finished).error?.code).toBe('device_timeout');
    expect(second.view()).toMatchObject({ state: 'queued', waitingFor: 'contact' });
    await world.pass(60_000);
    expect(world.link.lines).toEqual(['read /3/0/9']);
    await uplink(world, location);
    expect(world.link.lines).toEqual(['read /3/0/9', 'write /1/0/1']);
  });

  it('does not when the device was heard meanwhile', async () => {
    const world = await World.start();
    const location = await asleep(world);
    await submit(world, READ);
    await submit(world, WRITE);
    await uplink(world, location);
    await world.pass(5000);
    await uplink(world, location);
    await answer(world, failed('timeout'), 1000);
    expect(presence(world)).toBe('online');
    expect(world.link.lines).toEqual(['read /3/0/9', 'write /1/0/1']);
  });

  it('says nothing of a device that is not in queue mode: it is asked on', async () => {
    const world = await World.start();
    await world.register('a', { queueMode: false }, peerAt(1));
    await submit(world, READ);
    await submit(world, WRITE);
    await settle();
    await answer(world, failed('timeout'));
    expect(presence(world)).toBe('online');
    expect(world.link.lines).toEqual(['read /3/0/9', 'write /1/0/1']);
  });
});

describe('a queued write survives', () => {
  /** What happens while it waits, until the device is heard again; the port it is heard from. */
  const TURNS: Readonly<Record<string, (world: World, location: string) => Promise<number>>> = {
    'a restart': async (world, location) => {
      await world.fleet.stop();
      await world.store.close();
      await world.boot();
      await uplink(world, location);
      return 1;
    },
    'a kill': async (world, location) => {
      await world.crash();
      await world.pass(10_000);
      expect(world.link.log).toEqual([]);
      await uplink(world, location);
      return 1;
    },
    'a re-registration': async (world) => {
      await world.register('a', { queueMode: true, lwm2m: '1.2' }, peerAt(1));
      return 1;
    },
    'a re-registration from another address': async (world) => {
      await world.register('a', { queueMode: true }, peerAt(5, '192.0.2.1'));
      return 5;
    },
    'a change of address': async (world, location) => {
      expect(world.fleet.refresh(location, peerAt(7), world.now())).toBe('moved');
      await world.fleet.update(location, {}, peerAt(7), world.now());
      world.fleet.reached(peerAt(7), world.now());
      await settle();
      return 7;
    },
    'a de-registration': async (world, location) => {
      await world.fleet.deregister(location, peerAt(1), world.now());
      await world.register('a', { queueMode: true }, peerAt(2));
      return 2;
    },
    'the end of the registration': async (world) => {
      await world.pass(1_000_000);
      expect(presence(world)).toBe('offline');
      await world.register('a', { queueMode: true }, peerAt(3));
      return 3;
    },
    'all of that, one after the other': async (world, location) => {
      await world.crash();
      await world.fleet.update(location, {}, peerAt(8), world.now());
      await world.crash();
      await world.fleet.deregister(location, peerAt(8), world.now());
      await world.crash();
      await world.register('a', { queueMode: true }, peerAt(9));
      return 9;
    },
  };

  it.each(Object.keys(TURNS))('%s, and is sent once, to where the device is then', async (name) => {
    const world = await World.start({ behaviour: OBLIGING });
    const location = await asleep(world, 'a', 1, { lifetime: 900 });
    const { id } = (await submit(world, WRITE, { priority: 'high' })).view();
    const port = await TURNS[name]?.(world, location);
    await settle();
    expect(world.link.lines.filter((line) => line === 'write /1/0/1')).toHaveLength(1);
    expect(world.link.log.map(({ target }) => target.peer.port)).toEqual([port]);
    expect(await world.fleet.operations.get(OWNER, id)).toMatchObject({ state: 'succeeded', priority: 'high' });
  });
});

describe('observations', () => {
  it('do not survive a re-registration: each is established anew, attributes first, before the queue', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    const location = await asleep(world);
    await world.fleet.observations.put(OWNER, 'a', 'o', OBSERVED);
    await uplink(world, location);
    await world.pass(100_000);
    await submit(world, WRITE, { priority: 'high' });
    const before = world.link.log.length;
    await world.register('a', { queueMode: true }, peerAt(1));
    expect(world.link.lines.slice(before)).toEqual([
      'writeAttributes /3303/0/5700',
      'observe /3303/0/5700',
      'write /1/0/1',
    ]);
    expect(await world.fleet.observations.get(OWNER, 'a', 'o')).toMatchObject({ state: 'active' });
  });

  it('survive an Update and a change of address: nothing is established anew', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    const location = await asleep(world);
    await world.fleet.observations.put(OWNER, 'a', 'o', OBSERVED);
    await uplink(world, location);
    await world.pass(100_000);
    const before = world.link.log.length;
    await world.fleet.update(location, {}, peerAt(7), world.now());
    world.fleet.reached(peerAt(7), world.now());
    await settle();
    expect(world.link.log).toHaveLength(before);
    expect(world.link.moves).toEqual(['1 -> 7']);
  });
});

describe('while it is queued an operation', () => {
  it('expires at its deadline, is never sent, and does not hold up the others', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    const location = await asleep(world);
    const urgent = await submit(world, WRITE, { priority: 'high', deadline: WallTime(world.clock.wall() + 60_000) });
    await submit(world, READ);
    await world.pass(60_000);
    expect(await urgent.finished).toMatchObject({ state: 'expired', error: { code: 'expired' } });
    await uplink(world, location);
    expect(world.link.lines).toEqual(['read /3/0/9']);
    expect(states(world)).toEqual(['expired', 'succeeded']);
  });

  it('is cancelled, is never sent, and does not hold up the others', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    const location = await asleep(world);
    const urgent = await submit(world, WRITE, { priority: 'high' });
    await submit(world, READ);
    await world.fleet.operations.cancel(OWNER, urgent.view().id);
    await uplink(world, location);
    expect(world.link.lines).toEqual(['read /3/0/9']);
    expect(states(world)).toEqual(['cancelled', 'succeeded']);
  });

  it('says why it waits and until when', async () => {
    const world = await World.start();
    const location = await asleep(world, 'a', 1, { lifetime: 3600 });
    const [first, second] = [await submit(world, WRITE), await submit(world, READ)];
    const waiting = (): unknown[] =>
      [first, second].map((submitted) => {
        const { waitingFor, nextExpectedContact, deadline } = submitted.view();
        return [waitingFor, nextExpectedContact, deadline];
      });
    const until = '2030-01-02T00:01:40.000Z';
    const contact = ['contact', '2030-01-01T01:00:00.000Z', until];
    expect(waiting()).toEqual([contact, contact]);
    await uplink(world, location);
    expect(waiting()).toEqual([
      ['device', undefined, until],
      ['queue', undefined, until],
    ]);
    await answer(world, failed('timeout'));
    expect(waiting().at(1)).toEqual(['contact', '2030-01-01T01:01:40.000Z', until]);
    await uplink(world, location);
    expect(waiting().at(1)).toEqual(['device', undefined, until]);
    await answer(world, BATTERY);
    expect(waiting().at(1)).toEqual([undefined, undefined, until]);
  });
});

describe('fairness: one talkative device never delays another', () => {
  it('with a hundred operations that are answered at once, it is one request ahead at most', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    const [a, b] = [await asleep(world, 'a', 1), await asleep(world, 'b', 2)];
    for (let count = 0; count < 100; count += 1) await submit(world, WRITE, { priority: 'high' });
    await submit(world, WRITE, { priority: 'low' }, 'b');
    world.fleet.refresh(a, peerAt(1), world.now());
    world.fleet.reached(peerAt(1), world.now());
    world.fleet.refresh(b, peerAt(2), world.now());
    world.fleet.reached(peerAt(2), world.now());
    await world.pass(1000);
    const ports = world.link.log.map(({ target }) => target.peer.port);
    expect(ports).toHaveLength(101);
    expect(ports.indexOf(2)).toBeLessThanOrEqual(1);
  });

  it('with an uplink every millisecond, it takes nothing from the other', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    const [a, b] = [await asleep(world, 'a', 1), await asleep(world, 'b', 2)];
    for (let count = 0; count < 100; count += 1) await submit(world, READ);
    const other = await submit(world, READ, {}, 'b');
    for (let count = 0; count < 1000; count += 1) {
      world.fleet.refresh(a, peerAt(1), world.now());
      world.fleet.reached(peerAt(1), world.now());
      world.clock.advance(1);
      if (count === 0) {
        world.fleet.refresh(b, peerAt(2), world.now());
        world.fleet.reached(peerAt(2), world.now());
      }
    }
    await settle();
    expect(world.link.log.map(({ target }) => target.peer.port).indexOf(2)).toBeLessThanOrEqual(1);
    expect((await other.finished).state).toBe('succeeded');
  });

  it('that never answers, it holds up itself alone', async () => {
    const world = await World.start({
      behaviour: (request, target) => (target.peer.port === 1 ? undefined : OBLIGING(request, target)),
    });
    const [a, b] = [await asleep(world, 'a', 1), await asleep(world, 'b', 2)];
    for (let count = 0; count < 10; count += 1) await submit(world, READ);
    const others = [await submit(world, WRITE, {}, 'b'), await submit(world, READ, {}, 'b')];
    await uplink(world, a, 1);
    await uplink(world, b, 2);
    expect((await Promise.all(others.map(({ finished }) => finished))).map(({ state }) => state)).toEqual([
      'succeeded',
      'succeeded',
    ]);
    expect(world.link.flight.target.peer.port).toBe(1);
  });

  it('whose queue is full, it leaves the other its own', async () => {
    const world = await World.start({ settings: { queuePerDevice: 3 } });
    await asleep(world, 'a', 1);
    await asleep(world, 'b', 2);
    for (let count = 0; count < 3; count += 1) await submit(world, READ);
    await expect(submit(world, READ, { priority: 'high' })).rejects.toMatchObject({ code: 'queue_full' });
    expect((await submit(world, READ, {}, 'b')).waitingFor).toBe('contact');
  });
});
