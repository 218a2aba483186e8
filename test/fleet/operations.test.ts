/** Operations: what is stored before what leaves, what a kill leaves behind, order, deadlines, bounds, idempotency. */

import { describe, expect, it } from '@jest/globals';
import { WallTime } from '#base';
import type { Submitted } from '#fleet';
import { OWNER } from '#fleet/model';
import type { OperationRequest } from '#fleet/model';
import { asleep, stored, uplink } from './sleeping.js';
import { FakeLink, OBLIGING, World, content, definitionXml, done, failed, peerAt, settle } from './world.js';

const READ: OperationRequest = { kind: 'read', path: '/3/0/9' };
const WRITE: OperationRequest = { kind: 'write', path: '/1/0/1', mode: 'replace', value: 60 };
const EXECUTE: OperationRequest = { kind: 'execute', path: '/3/0/4' };

async function awake(world: World, endpoint = 'a', port = 1): Promise<string> {
  return world.register(endpoint, { lifetime: 86_400 }, peerAt(port));
}

function submit(world: World, request: OperationRequest, more = {}): Promise<Submitted> {
  return world.fleet.operations.submit(OWNER, 'a', request, more);
}

function states(world: World): string[] {
  return stored(world).map(({ state }) => state);
}

describe('an operation on an awake device', () => {
  it('that reads is committed once, with its result', async () => {
    const world = await World.start();
    await awake(world);
    const submitted = await submit(world, READ);
    await settle();
    expect(stored(world)).toEqual([]);
    expect(submitted.view()).toMatchObject({ state: 'sent', waitingFor: 'device', kind: 'read', path: '/3/0/9' });
    await world.pass(1000);
    world.link.flight.answer(content([3, 0, 9], { type: 'integer', value: 95 }));
    const view = await submitted.finished;
    expect(view).toMatchObject({
      endpoint: 'a',
      kind: 'read',
      path: '/3/0/9',
      state: 'succeeded',
      createdAt: '2030-01-01T00:00:00.000Z',
      sentAt: '2030-01-01T00:00:00.000Z',
      finishedAt: '2030-01-01T00:00:01.000Z',
      deadline: '2030-01-02T00:00:00.000Z',
      result: {
        coapCode: '2.05',
        format: 'senml-cbor',
        node: { path: '/3/0/9', name: 'Battery Level', type: 'integer', units: '%', value: 95 },
      },
    });
    expect(view.waitingFor).toBeUndefined();
    expect(world.store.applied.filter(({ aggregate }) => aggregate === 'operation')).toHaveLength(1);
    expect(await world.fleet.operations.get(OWNER, view.id)).toEqual(view);
  });

  it.each([WRITE, EXECUTE, { kind: 'delete', path: '/3303/0' }, { kind: 'create', path: '/3303', value: {} }] as const)(
    'that changes something is committed as sent before its first datagram: $kind',
    async (request) => {
      const world = await World.start();
      await awake(world);
      world.store.hold();
      const submitted = await submit(world, request);
      await settle();
      expect(world.link.log).toEqual([]);
      expect(submitted.view().state).toBe('queued');
      world.store.release();
      await settle();
      expect(states(world)).toEqual(['sent']);
      expect(world.link.lines).toEqual([`${request.kind} ${request.path}`]);
      world.store.hold();
      world.link.flight.answer(done(0x44));
      await settle();
      expect(submitted.view().state).toBe('sent');
      world.store.release();
      expect((await submitted.finished).state).toBe('succeeded');
      expect(states(world)).toEqual(['succeeded']);
    },
  );

  it('that the store refuses to mark as sent is refused, and nothing is sent', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    await awake(world);
    world.store.fail('store_busy', 1);
    const submitted = await submit(world, WRITE, { idempotency: { key: 'k', digest: 'd' } });
    await expect(submitted.finished).rejects.toMatchObject({ code: 'store_busy' });
    await expect(submitted.persist()).rejects.toMatchObject({ code: 'store_busy' });
    expect(world.link.log).toEqual([]);
    expect(world.fleet.gauges()).toMatchObject({ operations_unfinished: 0, idempotency_keys: 0 });
    const again = await submit(world, WRITE, { idempotency: { key: 'k', digest: 'd' } });
    expect((await again.finished).state).toBe('succeeded');
    expect(world.link.lines).toEqual(['write /1/0/1']);
  });

  it('that reads and cannot be stored is refused to its caller', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    await awake(world);
    world.store.fail('store_busy', 2);
    const submitted = await submit(world, READ);
    await expect(submitted.finished).rejects.toMatchObject({ code: 'store_busy' });
    expect(stored(world)).toEqual([]);
  });

  it('whose outcome cannot be stored keeps being tried, and is shown as sent until then', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    await awake(world);
    const submitted = await submit(world, WRITE);
    world.store.hold();
    await settle();
    world.store.step();
    await settle();
    world.store.fail('store_unavailable', 3);
    world.store.release();
    await settle();
    expect(submitted.view().state).toBe('sent');
    await world.pass(5000);
    expect((await submitted.finished).state).toBe('succeeded');
    expect(world.link.lines).toEqual(['write /1/0/1']);
    expect(world.faults).toEqual([]);
  });

  it('is durable when its caller stops waiting: a read as sent, one in the queue as queued', async () => {
    const world = await World.start();
    await awake(world);
    const first = await submit(world, READ);
    const second = await submit(world, WRITE);
    world.store.hold();
    const both = Promise.all([first.persist(), second.persist()]);
    await settle();
    expect(stored(world)).toEqual([]);
    world.store.release();
    expect((await both).map(({ state, waitingFor }) => [state, waitingFor])).toEqual([
      ['sent', 'device'],
      ['queued', 'queue'],
    ]);
    expect(states(world)).toEqual(['sent', 'queued']);
    await first.persist();
    expect(world.store.applied.filter(({ aggregate }) => aggregate === 'operation')).toHaveLength(2);
  });

  it('is carried out one at a time, in order', async () => {
    const world = await World.start();
    await awake(world);
    const all = [await submit(world, READ), await submit(world, WRITE), await submit(world, EXECUTE)];
    await settle();
    expect(world.link.lines).toEqual(['read /3/0/9']);
    world.link.flight.answer(content([3, 0, 9], { type: 'integer', value: 1 }));
    await settle();
    expect(world.link.lines).toEqual(['read /3/0/9', 'write /1/0/1']);
    world.link.flight.answer(done(0x44));
    await settle();
    world.link.flight.answer(done(0x44));
    const views = await Promise.all(all.map(({ finished }) => finished));
    expect(views.map(({ state }) => state)).toEqual(['succeeded', 'succeeded', 'succeeded']);
    expect(world.link.most).toBe(1);
  });

  it('of one device does not wait for another device', async () => {
    const world = await World.start();
    await awake(world, 'a', 1);
    await awake(world, 'b', 2);
    await submit(world, READ);
    const other = await world.fleet.operations.submit(OWNER, 'b', READ);
    await settle();
    expect(world.link.flights).toHaveLength(2);
    world.link.flights[1]?.answer(content([3, 0, 9], { type: 'integer', value: 1 }));
    expect((await other.finished).state).toBe('succeeded');
  });
});

describe('what came of an operation', () => {
  const cases: [string, OperationRequest, ReturnType<typeof done>, string, string | undefined][] = [
    ['a refusal', WRITE, { kind: 'refused', code: 0x85, detail: 'no' }, 'failed', 'device_refused'],
    ['a read without answer', READ, failed('timeout'), 'failed', 'device_timeout'],
    ['a read answered with rubbish', READ, failed('bad_answer'), 'failed', 'device_bad_answer'],
    ['a read too large', READ, failed('too_large'), 'failed', 'device_bad_answer'],
    ['a write without answer', WRITE, failed('timeout'), 'unknown', 'device_timeout'],
    ['a write reset', WRITE, failed('reset'), 'unknown', 'device_reset'],
    ['a write that never left', WRITE, failed('unreachable', 'no'), 'failed', 'device_unreachable'],
    ['a write that found no room', WRITE, failed('busy', 'no'), 'failed', 'device_busy'],
    ['a write that cannot be said', WRITE, failed('bad_request', 'no'), 'failed', 'not_encodable'],
  ];
  it.each(cases)('%s: %s', async (_name, request, outcome, state, code) => {
    const world = await World.start({ behaviour: () => outcome });
    await awake(world);
    const view = await (await submit(world, request)).finished;
    expect(view.state).toBe(state);
    expect(view.error?.code).toBe(code);
    expect(world.link.log).toHaveLength(1);
    expect((await world.events()).at(-1)).toMatchObject({
      type: 'operation.finished',
      endpoint: 'a',
      data: { id: view.id, kind: request.kind, path: 'path' in request ? request.path : '', state, error: { code } },
    });
  });

  it('of a refusal tells the code and what the device said', async () => {
    const world = await World.start({ behaviour: () => ({ kind: 'refused', code: 0x85, detail: 'not now' }) });
    await awake(world);
    const view = await (await submit(world, EXECUTE)).finished;
    expect(view.error).toEqual({ code: 'device_refused', coapCode: '4.05', detail: 'not now' });
    expect(view.result).toBeUndefined();
  });

  it('of a create is the path, of a discover the links', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    await awake(world);
    const create = await submit(world, { kind: 'create', path: '/3303', value: { 5700: 1.5 } });
    expect((await create.finished).result).toEqual({ coapCode: '2.01', path: '/3303/2' });
    const discover = await submit(world, { kind: 'discover', path: '/3/0' });
    expect((await discover.finished).result).toEqual({
      coapCode: '2.05',
      format: 'link',
      links: [{ path: '/3/0/7', attributes: { pmin: 10, dim: 2 } }],
    });
  });

  it('successfully becomes last known values, from reads, writes and creates', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    await awake(world);
    await (
      await submit(world, READ)
    ).finished;
    await (
      await submit(world, WRITE)
    ).finished;
    await (
      await submit(world, { kind: 'create', path: '/3303', value: { 5700: 1.5 } })
    ).finished;
    await (
      await submit(world, { kind: 'write', path: '/1/0/1', mode: 'replace', value: 61 })
    ).finished;
    expect(await world.fleet.values.get(OWNER, 'a', [3, 0, 9])).toMatchObject({ value: 95, source: 'read' });
    expect(await world.fleet.values.get(OWNER, 'a', [1, 0, 1])).toMatchObject({ value: 61, source: 'write' });
    expect(await world.fleet.values.get(OWNER, 'a', [3303, 2, 5700])).toMatchObject({ value: 1.5, source: 'write' });
  });
});

describe('an operation on a device that cannot be reached', () => {
  it('is stored before it is accepted, and waits for contact', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    await asleep(world);
    world.store.hold();
    let submitted: Submitted | undefined;
    void submit(world, WRITE).then((answer) => {
      submitted = answer;
    });
    await settle();
    expect(submitted).toBeUndefined();
    world.store.release();
    await settle();
    expect(submitted?.view()).toMatchObject({ state: 'queued', waitingFor: 'contact' });
    expect(states(world)).toEqual(['queued']);
    await world.pass(3_600_000);
    expect(world.link.log).toEqual([]);
  });

  it('is refused when the store refuses it', async () => {
    const world = await World.start();
    await asleep(world);
    world.store.fail('store_busy', 1);
    await expect(submit(world, WRITE)).rejects.toMatchObject({ code: 'store_busy' });
    expect(world.fleet.gauges()['operations_unfinished']).toBe(0);
  });

  it('goes out at the next uplink after that was answered, one at a time and in order', async () => {
    const world = await World.start();
    const location = await asleep(world);
    for (const request of [WRITE, READ, EXECUTE]) await submit(world, request);
    expect(world.fleet.refresh(location, peerAt(1), world.now())).toBe('refreshed');
    await settle();
    expect(world.link.log).toEqual([]);
    world.fleet.reached(peerAt(1), world.now());
    await settle();
    expect(world.link.lines).toEqual(['write /1/0/1']);
    expect(states(world)).toEqual(['sent', 'queued', 'queued']);
    for (const outcome of [done(0x44), content([3, 0, 9], { type: 'integer', value: 1 }), done(0x44)]) {
      world.link.flight.answer(outcome);
      await settle();
    }
    expect(states(world)).toEqual(['succeeded', 'succeeded', 'succeeded']);
    expect(world.link.lines).toEqual(['write /1/0/1', 'read /3/0/9', 'execute /3/0/4']);
    expect(world.link.most).toBe(1);
  });

  it('is awake as long as messages are exchanged, and asleep a window after the last (LwM2M-Core 1.1.1 §6.5)', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    const location = await asleep(world);
    expect(world.fleet.devices.get(OWNER, 'a').view.presence).toBe('asleep');
    await uplink(world, location);
    expect(world.fleet.devices.get(OWNER, 'a').view.presence).toBe('online');
    await world.pass(90_000);
    expect((await (await submit(world, READ)).finished).state).toBe('succeeded');
    await world.pass(92_000);
    expect(world.fleet.devices.get(OWNER, 'a').view.presence).toBe('online');
    await world.pass(2000);
    expect(world.fleet.devices.get(OWNER, 'a').view.presence).toBe('asleep');
  });

  it('whose request times out is asleep at once, and the rest waits', async () => {
    const world = await World.start();
    const location = await asleep(world);
    const first = await submit(world, READ);
    await submit(world, WRITE);
    await uplink(world, location);
    world.link.flight.answer(failed('timeout'));
    expect((await first.finished).error?.code).toBe('device_timeout');
    await settle();
    expect(world.fleet.devices.get(OWNER, 'a').view.presence).toBe('asleep');
    expect(world.link.lines).toEqual(['read /3/0/9']);
    expect(states(world)).toEqual(['failed', 'queued']);
  });

  it('with a window of its own listens that long', async () => {
    const world = await World.start();
    const location = await asleep(world);
    await world.fleet.devices.patch(OWNER, 'a', { awakeWindow: 5 });
    await uplink(world, location);
    await world.pass(4999);
    expect(world.fleet.devices.get(OWNER, 'a').view.presence).toBe('online');
    await world.pass(2);
    expect(world.fleet.devices.get(OWNER, 'a').view.presence).toBe('asleep');
  });

  it('waits over a de-registration and goes out after the next registration', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    const location = await awake(world);
    await world.fleet.deregister(location, peerAt(1), world.now());
    const submitted = await submit(world, WRITE);
    expect(submitted.view()).toMatchObject({ state: 'queued', waitingFor: 'contact' });
    await world.register('a', {}, peerAt(9));
    expect((await submitted.finished).state).toBe('succeeded');
    expect(world.link.log[0]?.target.peer.port).toBe(9);
  });

  it('is sent to nobody before the answer to the registration has left', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    const location = await asleep(world);
    await submit(world, READ);
    await world.fleet.register(world.parameters('a'), peerAt(2), world.now());
    await settle();
    const live = await submit(world, READ);
    await settle();
    expect(world.link.log).toEqual([]);
    world.fleet.reached(peerAt(2), world.now());
    expect((await live.finished).state).toBe('succeeded');
    expect(world.link.log.map(({ target }) => target.peer.port)).toEqual([2, 2]);
    expect(location).toBeDefined();
  });
});

describe('a device that changes while an operation is under way', () => {
  it('by registering anew: a read asks again, after what is answered', async () => {
    const world = await World.start();
    await awake(world);
    const submitted = await submit(world, READ);
    await settle();
    await world.fleet.register(world.parameters('a'), peerAt(2), world.now());
    await settle();
    expect(submitted.view()).toMatchObject({ state: 'queued' });
    expect(world.link.log).toHaveLength(1);
    world.fleet.reached(peerAt(2), world.now());
    await settle();
    world.link.flight.answer(content([3, 0, 9], { type: 'integer', value: 1 }));
    expect((await submitted.finished).state).toBe('succeeded');
    expect(world.link.log.map(({ target }) => target.peer.port)).toEqual([1, 2]);
  });

  it('by registering anew: a write that left is unknown and not repeated, one that did not leave goes out', async () => {
    const world = await World.start();
    await awake(world);
    const left = await submit(world, WRITE);
    await settle();
    await world.register('a', {}, peerAt(2));
    expect((await left.finished).state).toBe('unknown');
    expect(states(world)).toEqual(['unknown']);
    const held = await submit(world, EXECUTE);
    await settle();
    world.link.flight.sent = 'no';
    await world.fleet.register(world.parameters('a'), peerAt(3), world.now());
    await settle();
    expect(held.view().state).toBe('queued');
    expect(states(world)).toEqual(['unknown', 'queued']);
    world.fleet.reached(peerAt(3), world.now());
    await settle();
    world.link.flight.answer(done(0x44));
    expect((await held.finished).state).toBe('succeeded');
    expect(world.link.lines).toEqual(['write /1/0/1', 'execute /3/0/4', 'execute /3/0/4']);
  });

  it('by registering anew while the commit as sent is under way: nothing goes to the old place', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    await awake(world);
    world.store.hold();
    const submitted = await submit(world, WRITE);
    await settle();
    const register = world.fleet.register(world.parameters('a'), peerAt(2), world.now());
    await settle();
    world.store.release();
    await register;
    await settle();
    expect(world.link.log.filter(({ target }) => target.peer.port === 2)).toEqual([]);
    world.fleet.reached(peerAt(2), world.now());
    await world.pass(2000);
    expect((await submitted.finished).state).toBe('succeeded');
    expect(world.link.lines).toHaveLength(1);
  });

  it('by moving: what is open follows, what comes later goes to the new place', async () => {
    const world = await World.start();
    const location = await awake(world);
    const first = await submit(world, WRITE);
    const second = await submit(world, READ);
    await settle();
    await world.fleet.update(location, {}, peerAt(7), world.now());
    expect(world.link.moves).toEqual(['1 -> 7']);
    world.link.flight.answer(done(0x44));
    expect((await first.finished).state).toBe('succeeded');
    await settle();
    expect(world.link.flight.target.peer.port).toBe(7);
    world.link.flight.answer(content([3, 0, 9], { type: 'integer', value: 1 }));
    expect((await second.finished).state).toBe('succeeded');
  });

  it('by being deleted: nobody waits for ever and nothing comes back', async () => {
    const world = await World.start();
    await awake(world);
    const running = await submit(world, WRITE);
    const waiting = await submit(world, READ, { idempotency: { key: 'k', digest: 'd' } });
    await settle();
    world.store.hold();
    const removal = world.fleet.devices.remove(OWNER, 'a');
    await settle();
    const late = submit(world, EXECUTE);
    const lateResult = expect(late).rejects.toMatchObject({ code: 'device_not_found' });
    await settle();
    world.store.release();
    await removal;
    await lateResult;
    await expect(running.finished).rejects.toMatchObject({ code: 'device_not_found' });
    await expect(waiting.finished).rejects.toMatchObject({ code: 'device_not_found' });
    await expect(waiting.persist()).rejects.toMatchObject({ code: 'device_not_found' });
    await settle();
    expect(stored(world)).toEqual([]);
    expect(world.fleet.gauges()).toMatchObject({ operations_unfinished: 0, devices: 0, devices_working: 0 });
    await world.register('a', {}, peerAt(1));
    expect((await world.fleet.operations.list(OWNER, 'a', { limit: 10 })).items).toEqual([]);
    const again = await submit(world, READ, { idempotency: { key: 'k', digest: 'd' } });
    expect(again.view().state).not.toBe('succeeded');
    expect(world.faults).toEqual([]);
  });

  it('by a deletion that the store refuses: it goes on', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    await awake(world);
    world.store.hold();
    const removal = world.fleet.devices.remove(OWNER, 'a');
    const refused = expect(removal).rejects.toMatchObject({ code: 'store_unavailable' });
    await settle();
    const late = submit(world, READ);
    await settle();
    world.store.fail('store_unavailable', 1);
    world.store.release();
    await refused;
    expect((await (await late).finished).state).toBe('succeeded');
  });
});

describe('a kill', () => {
  /** Submits to an awake device, kills at the commit number `nth`, and starts again. */
  async function killed(request: OperationRequest, nth: number, moment: 'before' | 'after') {
    const world = await World.start({ behaviour: OBLIGING });
    await awake(world);
    let finished = false;
    world.store.killAt(nth, moment);
    const submitted = await submit(world, request);
    void submitted.finished.then(() => {
      finished = true;
    });
    await settle();
    const sent = world.link.lines.length;
    await world.boot();
    await settle();
    return { world, finished, sent };
  }

  it('before a write is stored as sent: it was not sent and is not there', async () => {
    const { world, finished, sent } = await killed(WRITE, 1, 'before');
    expect([finished, sent, states(world)]).toEqual([false, 0, []]);
  });

  it('after a write is stored as sent and before it left: unknown, and never sent', async () => {
    const { world, finished, sent } = await killed(WRITE, 1, 'after');
    expect([finished, sent, states(world)]).toEqual([false, 0, ['unknown']]);
    expect(stored(world)[0]?.error).toMatchObject({ code: 'restarted' });
    await world.register('a', {}, peerAt(1));
    expect(world.link.log).toEqual([]);
  });

  it.each([2, 3])(
    'after a write left and before its outcome is stored (commit %s): unknown, not repeated',
    async (n) => {
      const { world, finished, sent } = await killed(WRITE, n, 'before');
      expect([finished, sent, states(world)]).toEqual([false, 1, ['unknown']]);
      await world.register('a', {}, peerAt(1));
      expect(world.link.log).toEqual([]);
    },
  );

  it('after the outcome of a write is stored: succeeded', async () => {
    const { world, finished, sent } = await killed(WRITE, 3, 'after');
    expect([finished, sent, states(world)]).toEqual([false, 1, ['succeeded']]);
  });

  it('before the one commit of a read: it is not there; after it: succeeded', async () => {
    expect(states((await killed(READ, 2, 'before')).world)).toEqual([]);
    expect(states((await killed(READ, 2, 'after')).world)).toEqual(['succeeded']);
  });

  it('after a caller stopped waiting: the read asks again, the write that waited goes out once', async () => {
    const world = await World.start();
    const location = await awake(world);
    const read = await (await submit(world, READ)).persist();
    const write = await (await submit(world, WRITE)).persist();
    expect(states(world)).toEqual(['sent', 'queued']);
    await world.crash();
    expect(states(world)).toEqual(['queued', 'queued']);
    await uplink(world, location);
    world.link.flight.answer(content([3, 0, 9], { type: 'integer', value: 1 }));
    await settle();
    world.link.flight.answer(done(0x44));
    await settle();
    expect((await world.fleet.operations.get(OWNER, read.id)).state).toBe('succeeded');
    expect((await world.fleet.operations.get(OWNER, write.id)).state).toBe('succeeded');
    expect(world.link.lines).toEqual(['read /3/0/9', 'write /1/0/1']);
  });

  it('at every commit of a queued write loses nothing acknowledged and sends it at most once', async () => {
    for (const moment of ['before', 'after'] as const) {
      for (let nth = 1; nth <= 5; nth += 1) {
        const world = await World.start({ behaviour: OBLIGING });
        const location = await asleep(world);
        world.store.killAt(nth, moment);
        const told: string[] = [];
        void submit(world, WRITE).then((submitted) => {
          told.push('accepted');
          void submitted.finished.then(({ state }) => told.push(state));
        });
        await settle();
        if (told.length > 0) await uplink(world, location);
        let sent = world.link.lines.length;
        const before = states(world);
        await world.boot();
        await world.register('a', { queueMode: true }, peerAt(1));
        sent += world.link.lines.length;
        const after = states(world);
        expect(sent).toBeLessThanOrEqual(1);
        expect(after.length).toBeGreaterThanOrEqual(Math.min(told.length, 1));
        if (told.length > 1) expect(before).toEqual(told.slice(1));
        if (before[0] === 'sent') expect(after).toEqual(['unknown']);
        if (before[0] === 'queued') expect(after).toEqual(['succeeded']);
      }
    }
  });
});

describe('deadlines', () => {
  it('end what waits, on monotonic time whatever the calendar does', async () => {
    const world = await World.start();
    await asleep(world);
    const submitted = await submit(world, WRITE, { deadline: WallTime(world.clock.wall() + 60_000) });
    world.clock.jumpWall(Date.UTC(2040, 0, 1));
    await world.pass(59_000);
    expect(submitted.view().state).toBe('queued');
    world.clock.jumpWall(0);
    await world.pass(2000);
    const view = await submitted.finished;
    expect(view).toMatchObject({ state: 'expired', error: { code: 'expired' } });
    expect(states(world)).toEqual(['expired']);
    expect((await world.told()).at(-1)).toBe('operation.finished');
  });

  it('that passed are not gone past by an uplink', async () => {
    const world = await World.start();
    const location = await asleep(world);
    await submit(world, WRITE, { deadline: WallTime(world.clock.wall() + 60_000) });
    world.clock.advance(61_000);
    await uplink(world, location);
    expect(world.link.log).toEqual([]);
    expect(states(world)).toEqual(['expired']);
  });

  it('outlive a kill; one that passed meanwhile expires at the start', async () => {
    const world = await World.start();
    await asleep(world);
    await submit(world, WRITE, { deadline: WallTime(world.clock.wall() + 60_000) });
    await submit(world, READ, { deadline: WallTime(world.clock.wall() + 600_000) });
    world.store.kill();
    world.clock.advance(120_000);
    await world.boot();
    await world.pass(1);
    expect(states(world)).toEqual(['expired', 'queued']);
    await world.pass(480_000);
    expect(states(world)).toEqual(['expired', 'expired']);
  });

  it('in the past or too far ahead are refused, saying what is allowed', async () => {
    const world = await World.start();
    await awake(world);
    for (const deadline of [world.clock.wall(), WallTime(world.clock.wall() + 31 * 86_400_000)]) {
      await expect(submit(world, READ, { deadline })).rejects.toMatchObject({
        code: 'invalid_deadline',
        message: expect.stringContaining('2030-01-31T00:00:00.000Z'),
      });
    }
  });
});

describe('taking an operation back', () => {
  it('ends one that waits, durably, and it is never sent', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    const location = await asleep(world);
    const submitted = await submit(world, WRITE);
    const { id } = submitted.view();
    expect(await world.fleet.operations.cancel(OWNER, id)).toMatchObject({ state: 'cancelled' });
    expect((await submitted.finished).state).toBe('cancelled');
    expect(states(world)).toEqual(['cancelled']);
    await uplink(world, location);
    expect(world.link.log).toEqual([]);
    await expect(world.fleet.operations.cancel(OWNER, id)).rejects.toMatchObject({ code: 'operation_not_cancellable' });
  });

  it('is refused for one that is under way, and unknown ids are unknown', async () => {
    const world = await World.start();
    await awake(world);
    const { id } = await (await submit(world, WRITE)).persist();
    await expect(world.fleet.operations.cancel(OWNER, id)).rejects.toMatchObject({ code: 'operation_not_cancellable' });
    const unknown = `${id.slice(0, 19)}f` as typeof id;
    await expect(world.fleet.operations.cancel(OWNER, unknown)).rejects.toMatchObject({ code: 'operation_not_found' });
    await expect(world.fleet.operations.get(OWNER, unknown)).rejects.toMatchObject({ code: 'operation_not_found' });
  });

  it('that the store refuses leaves it where it was', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    const location = await asleep(world);
    const submitted = await submit(world, WRITE);
    world.store.fail('store_busy', 1);
    await expect(world.fleet.operations.cancel(OWNER, submitted.view().id)).rejects.toMatchObject({
      code: 'store_busy',
    });
    expect(submitted.view().state).toBe('queued');
    await uplink(world, location);
    expect((await submitted.finished).state).toBe('succeeded');
  });

  it('does not hold up the others of the device', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    const location = await asleep(world);
    const first = await submit(world, WRITE);
    const second = await submit(world, READ);
    world.store.hold();
    const cancelled = world.fleet.operations.cancel(OWNER, first.view().id);
    await uplink(world, location);
    expect(world.link.lines).toEqual(['read /3/0/9']);
    world.store.release();
    await cancelled;
    expect((await second.finished).state).toBe('succeeded');
  });
});

describe('bounds', () => {
  it('per device and in all refuse with queue_full', async () => {
    const world = await World.start({ settings: { queuePerDevice: 2, queueTotal: 3 } });
    await awake(world, 'a', 1);
    await awake(world, 'b', 2);
    for (let count = 0; count < 2; count += 1) await submit(world, READ);
    await expect(submit(world, READ)).rejects.toMatchObject({ code: 'queue_full' });
    await world.fleet.operations.submit(OWNER, 'b', READ);
    await expect(world.fleet.operations.submit(OWNER, 'b', READ)).rejects.toMatchObject({ code: 'queue_full' });
    expect(world.fleet.counters['operations_refused']).toBe(2);
  });
});

describe('what cannot be said', () => {
  it.each([
    [{ kind: 'read', path: '3/0' }, 'invalid_path'],
    [{ kind: 'read', path: '/' }, 'invalid_path'],
    [{ kind: 'execute', path: '/3/0' }, 'invalid_path'],
    [{ kind: 'create', path: '/3303/1', value: {} }, 'invalid_path'],
    [{ kind: 'write', path: '/1/0/1', mode: 'replace', value: 'soon' }, 'invalid_value'],
    [{ kind: 'write', path: '/1/0/1', mode: 'replace', value: 2.5 }, 'invalid_value'],
    [{ kind: 'write', path: '/4711/0/1', mode: 'replace', value: 1 }, 'invalid_value'],
    [{ kind: 'create', path: '/3303', value: 5 }, 'invalid_value'],
    [{ kind: 'writeAttributes', path: '/3/0', attributes: { speed: 1 } }, 'invalid_attributes'],
  ] as const)('is refused before anything is kept: %j', async (request, code) => {
    const world = await World.start();
    await awake(world);
    await expect(submit(world, request)).rejects.toMatchObject({ code });
    expect(world.fleet.gauges()['operations_unfinished']).toBe(0);
    expect(world.link.log).toEqual([]);
  });

  it('to the object version the device has when its turn comes fails then, and was not sent', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    const location = await asleep(world);
    await world.fleet.objects.add(OWNER, definitionXml(4711, '2.0'));
    const submitted = await submit(world, { kind: 'write', path: '/4711/0/1', mode: 'replace', value: 'x' });
    const objects = world.objects([{ id: 4711, version: '1.0', instances: [0] }]);
    await world.fleet.update(location, { objects }, peerAt(1), world.now());
    await uplink(world, location);
    const view = await submitted.finished;
    expect(view).toMatchObject({ state: 'failed', error: { code: 'invalid_value' } });
    expect(view.sentAt).toBeUndefined();
    expect(world.link.log).toEqual([]);
  });

  it('about a device that is not known is device_not_found', async () => {
    const world = await World.start();
    await expect(submit(world, READ)).rejects.toMatchObject({ code: 'device_not_found' });
    await expect(world.fleet.operations.list(OWNER, 'a', { limit: 5 })).rejects.toMatchObject({
      code: 'device_not_found',
    });
  });
});

describe('an idempotency key', () => {
  const key = (digest: string) => ({ idempotency: { key: 'k', digest } });

  it('gives the same operation for the same request, while it runs and when it is finished', async () => {
    const world = await World.start();
    await awake(world);
    const first = await submit(world, WRITE, key('d'));
    const second = await submit(world, WRITE, key('d'));
    expect(second.view().id).toBe(first.view().id);
    await settle();
    world.link.flight.answer(done(0x44));
    await first.finished;
    const third = await submit(world, WRITE, key('d'));
    expect(await third.finished).toEqual(await second.finished);
    expect(await third.persist()).toEqual(await first.finished);
    expect(world.link.lines).toEqual(['write /1/0/1']);
  });

  it('with another request is a conflict', async () => {
    const world = await World.start();
    await awake(world, 'a', 1);
    await awake(world, 'b', 2);
    await submit(world, WRITE, key('d'));
    await expect(submit(world, EXECUTE, key('e'))).rejects.toMatchObject({ code: 'idempotency_conflict' });
    await expect(world.fleet.operations.submit(OWNER, 'b', WRITE, key('d'))).rejects.toMatchObject({
      code: 'idempotency_conflict',
    });
  });

  it('holds over a kill at any moment: the same operation, and never a second write', async () => {
    for (const [nth, moment] of [
      [1, 'after'],
      [2, 'before'],
      [3, 'after'],
    ] as const) {
      const world = await World.start({ behaviour: OBLIGING });
      await awake(world);
      world.store.killAt(nth, moment);
      const first = await submit(world, WRITE, key('d'));
      await settle();
      const sent = world.link.lines.length;
      await world.boot();
      await world.register('a', {}, peerAt(1));
      const again = await submit(world, WRITE, key('d'));
      expect(again.view().id).toBe(first.view().id);
      expect(['unknown', 'succeeded']).toContain((await again.finished).state);
      expect(sent + world.link.lines.length).toBeLessThanOrEqual(1);
      await expect(submit(world, WRITE, key('e'))).rejects.toMatchObject({ code: 'idempotency_conflict' });
    }
  });

  it('waits for the first request to be stored, and fails with it', async () => {
    const world = await World.start();
    await asleep(world);
    world.store.hold();
    const both = [submit(world, WRITE, key('d')), submit(world, WRITE, key('d'))];
    const results = Promise.allSettled(both);
    await settle();
    world.store.fail('store_busy', 1);
    world.store.release();
    expect((await results).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(world.fleet.counters).toMatchObject({ operations_submitted: 1, operations_repeated: 1 });
    expect((await submit(world, WRITE, key('e'))).view().state).toBe('queued');
  });

  it('is forgotten after 24 hours', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    await awake(world);
    const first = await (await submit(world, WRITE, key('d'))).finished;
    await world.pass(23 * 3_600_000);
    await awake(world);
    expect((await submit(world, WRITE, key('d'))).view().id).toBe(first.id);
    await world.pass(2 * 3_600_000);
    await awake(world);
    expect((await submit(world, EXECUTE, key('e'))).view().id).not.toBe(first.id);
  });
});

describe('operation ids', () => {
  it('rise, over restarts and whatever the calendar does', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    const ids: string[] = [];
    for (const wall of [Date.UTC(2030, 0, 1), Date.UTC(2106, 1, 8), 0, -5, Date.UTC(2031, 0, 1)]) {
      await world.crash();
      world.clock.jumpWall(wall);
      await awake(world);
      for (let count = 0; count < 3; count += 1) ids.push((await (await submit(world, READ)).finished).id);
    }
    expect(ids).toEqual([...ids].sort());
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{11}00[0-9a-f]{7}$/);
  });
});

describe('lists of operations', () => {
  it('show those of the device, newest first, by state and page', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    await awake(world, 'a', 1);
    await awake(world, 'b', 2);
    await world.fleet.operations.submit(OWNER, 'b', READ).then(({ finished }) => finished);
    for (const request of [READ, WRITE, EXECUTE]) await (await submit(world, request)).finished;
    const first = await world.fleet.operations.list(OWNER, 'a', { limit: 2 });
    expect(first.items.map(({ kind }) => kind)).toEqual(['execute', 'write']);
    const rest = await world.fleet.operations.list(OWNER, 'a', { limit: 2, cursor: first.next ?? '' });
    expect(rest.items.map(({ kind }) => kind)).toEqual(['read']);
    expect(rest.next).toBeUndefined();
    expect((await world.fleet.operations.list(OWNER, 'a', { limit: 5, states: ['queued'] })).items).toEqual([]);
  });
});

describe('stopping', () => {
  it('begins nothing, lets what is under way end, and writes lastSeen down', async () => {
    const world = await World.start();
    const location = await awake(world);
    const running = await submit(world, WRITE);
    const waiting = await submit(world, READ);
    await settle();
    await waiting.persist();
    await world.pass(1000);
    world.fleet.refresh(location, peerAt(1), world.now());
    const stopped = world.fleet.stop();
    world.link.flight.answer(done(0x44));
    await stopped;
    expect((await running.finished).state).toBe('succeeded');
    expect(states(world)).toEqual(['succeeded', 'queued']);
    expect(world.fleet.health()).toEqual({ ready: false, problems: ['the server is stopping'] });
    await world.crash();
    expect(world.fleet.devices.get(OWNER, 'a').view.lastSeen).toBe('2030-01-01T00:00:01.000Z');
  });

  it('does not wait for ever for a device that does not answer', async () => {
    const world = await World.start();
    await awake(world);
    await submit(world, WRITE);
    await settle();
    let stopped = false;
    void world.fleet.stop().then(() => {
      stopped = true;
    });
    await world.pass(4000);
    expect(stopped).toBe(false);
    await world.pass(2000);
    expect(stopped).toBe(true);
    expect(world.link).toBeInstanceOf(FakeLink);
  });
});
