/** Wanted observations: stored before they are told of, established after each registration, recognised after a restart. */

import { describe, expect, it } from '@jest/globals';
import { OWNER } from '#fleet/model';
import type { DeviceRecord } from '#fleet/model';
import type { Outcome } from '#lwm2m/model';
import { OBLIGING, World, done, failed, peerAt, settle, single } from './world.js';

const INPUT = { paths: ['/3303/0/5700'] };

async function online(more: Parameters<typeof World.start>[0] = { behaviour: OBLIGING }): Promise<World> {
  const world = await World.start(more);
  await world.register('a', { lifetime: 86_400 }, peerAt(1));
  return world;
}

function put(world: World, id = 'o', input: Parameters<World['fleet']['observations']['put']>[3] = INPUT) {
  return world.fleet.observations.put(OWNER, 'a', id, input);
}

async function state(world: World, id = 'o'): Promise<string> {
  return (await world.fleet.observations.get(OWNER, 'a', id)).state;
}

/** The token of an observation, as it is on the disk. */
function token(world: World, id = 'o'): string {
  const [row] = [...world.disk.devices.values()];
  const record = JSON.parse(row?.text ?? '{}') as DeviceRecord;
  return record.observations.find((observation) => observation.id === id)?.token ?? 'none';
}

function notify(world: World, value: number, of = token(world)): Promise<void> {
  const nodes = [{ path: [3303, 0, 5700], node: single({ type: 'float', value }) }];
  return world.fleet.notified(of, { nodes }, world.now());
}

describe('wanting an observation', () => {
  it('is answered when it is durable, and the device is asked then', async () => {
    const world = await online();
    world.store.hold();
    let view: unknown;
    void put(world).then((answer) => {
      view = answer;
    });
    await settle();
    expect(view).toBeUndefined();
    expect(world.link.log).toEqual([]);
    world.store.release();
    await settle();
    expect(view).toEqual({ id: 'o', paths: ['/3303/0/5700'], state: 'pending' });
    expect(world.link.lines).toEqual(['observe /3303/0/5700']);
    expect(await world.fleet.observations.get(OWNER, 'a', 'o')).toEqual({
      id: 'o',
      paths: ['/3303/0/5700'],
      state: 'active',
      lastValueAt: '2030-01-01T00:00:00.000Z',
    });
    expect(await world.fleet.values.get(OWNER, 'a', [3303, 0, 5700])).toMatchObject({ value: 20.5, source: 'notify' });
    expect(token(world)).toMatch(/^[0-9a-f]{16}$/);
    expect((await world.told()).slice(1)).toEqual(['observation.changed', 'observation.changed']);
  });

  it('is active only when that is durable', async () => {
    const world = await online();
    await put(world);
    const fresh = await online({});
    await put(fresh);
    await settle();
    fresh.store.hold();
    fresh.link.flight.answer(done(0x45, { observing: 'yes', nodes: [] }));
    await settle();
    expect(await state(fresh)).toBe('pending');
    fresh.store.release();
    await settle();
    expect(await state(fresh)).toBe('active');
  });

  it('writes its attributes first, and removes those that are wanted no more', async () => {
    const world = await online();
    const format = 'senml-cbor' as const;
    await put(world, 'o', { ...INPUT, attributes: { pmin: 10, gt: 25.5 }, format });
    await settle();
    expect(world.link.log.map(({ request }) => request)).toMatchObject([
      { kind: 'writeAttributes', path: [3303, 0, 5700], attributes: { pmin: 10, gt: 25.5 } },
      { kind: 'observe', paths: [[3303, 0, 5700]], format },
    ]);
    const first = token(world);
    await put(world, 'o', { ...INPUT, attributes: { pmin: 20 }, format });
    await settle();
    expect(world.link.log[2]?.request).toMatchObject({ attributes: { pmin: 20, gt: 'unset' } });
    expect(token(world)).toBe(first);
    expect(await world.fleet.observations.get(OWNER, 'a', 'o')).toMatchObject({ attributes: { pmin: 20 }, format });
  });

  it('once more as it is changes nothing; when it was refused it is tried again', async () => {
    let outcome: Outcome = { kind: 'refused', code: 0x84, detail: 'not here' };
    const world = await online({ behaviour: () => outcome });
    await put(world);
    await settle();
    expect(await world.fleet.observations.get(OWNER, 'a', 'o')).toMatchObject({
      state: 'refused',
      error: { code: 'device_refused', coapCode: '4.04', detail: 'not here' },
    });
    outcome = done(0x45, { observing: 'yes', nodes: [] });
    await put(world);
    await settle();
    expect(await world.fleet.observations.get(OWNER, 'a', 'o')).toEqual({
      id: 'o',
      paths: INPUT.paths,
      state: 'active',
    });
    const commits = world.store.applied.length;
    await put(world);
    await settle();
    expect(world.store.applied).toHaveLength(commits);
    expect(world.link.lines).toEqual(['observe /3303/0/5700', 'observe /3303/0/5700']);
  });

  it.each<[string, Outcome, string, string | undefined]>([
    ['an answer without Observe', done(0x45, { observing: 'no', nodes: [] }), 'refused', 'not_observed'],
    ['an answer that cannot be read', failed('bad_answer'), 'refused', 'device_bad_answer'],
    ['a request that cannot be said', failed('bad_request', 'no'), 'refused', 'not_encodable'],
    ['no answer', failed('timeout'), 'pending', undefined],
    ['no way', failed('unreachable', 'no'), 'pending', undefined],
  ])('that meets %s is so', async (_name, outcome, expected, code) => {
    const world = await online({ behaviour: () => outcome });
    await put(world);
    await settle();
    const view = await world.fleet.observations.get(OWNER, 'a', 'o');
    expect([view.state, view.error?.code]).toEqual([expected, code]);
    if (expected === 'refused') expect(world.link.forgotten).toEqual([token(world)]);
  });

  it('whose attributes are refused is refused, and not observed', async () => {
    const world = await online({
      behaviour: (request) =>
        request.kind === 'writeAttributes'
          ? { kind: 'refused', code: 0x80, detail: 'no' }
          : OBLIGING(request, {} as never),
    });
    await put(world, 'o', { ...INPUT, attributes: { pmin: 1 } });
    await settle();
    expect(await world.fleet.observations.get(OWNER, 'a', 'o')).toMatchObject({
      state: 'refused',
      error: { coapCode: '4.00', detail: 'Write-Attributes: no' },
    });
    expect(world.link.lines).toEqual(['writeAttributes /3303/0/5700']);
  });

  it('on a device that does not answer is tried again when it is heard', async () => {
    const outcomes: Outcome[] = [failed('timeout'), done(0x45, { observing: 'yes', nodes: [] })];
    const world = await online({ behaviour: () => outcomes.shift() });
    await put(world);
    await world.pass(600_000);
    expect(world.link.log).toHaveLength(1);
    world.fleet.reached(peerAt(1), world.now());
    await settle();
    expect(await state(world)).toBe('active');
  });

  it('that the store refuses is refused; what the device accepted is tried again until it is stored', async () => {
    const world = await online();
    world.store.fail('store_busy', 1);
    await expect(put(world)).rejects.toMatchObject({ code: 'store_busy' });
    expect(world.link.log).toEqual([]);
    await put(world);
    world.store.fail('store_busy', 2);
    await settle();
    expect(await state(world)).toBe('pending');
    await world.pass(11_000);
    expect(await state(world)).toBe('active');
    expect(world.faults).toEqual([]);
  });

  it('under another path takes the old one back', async () => {
    const world = await online();
    await put(world);
    await settle();
    const old = token(world);
    await put(world, 'o', { paths: ['/3303/1'] });
    await settle();
    expect(world.link.lines).toEqual(['observe /3303/0/5700', 'cancelObserve /3303/0/5700', 'observe /3303/1']);
    expect(world.fleet.observationOf(old, peerAt(1))).toBeUndefined();
    expect(token(world)).not.toBe(old);
    expect((await world.fleet.observations.list(OWNER, 'a')).map(({ paths }) => paths)).toEqual([['/3303/1']]);
  });

  it('is refused beyond the number per device, for no path, one that is given twice, and what is no path', async () => {
    const world = await online({ behaviour: OBLIGING, settings: { observationsPerDevice: 2 } });
    await put(world, 'one');
    await put(world, 'two', { paths: ['/3/0'] });
    await expect(put(world, 'three')).rejects.toMatchObject({ code: 'queue_full' });
    await put(world, 'two', { paths: ['/3/0/9'] });
    await expect(put(world, 'one', { paths: [] })).rejects.toMatchObject({ code: 'invalid_path' });
    await expect(put(world, 'one', { paths: ['/3', '/3'] })).rejects.toMatchObject({ code: 'invalid_path' });
    await expect(put(world, 'one', { paths: ['3'] })).rejects.toMatchObject({ code: 'invalid_path' });
    await expect(put(world, 'one', { ...INPUT, attributes: { x: 1 } })).rejects.toMatchObject({
      code: 'invalid_attributes',
    });
    await expect(world.fleet.observations.put(OWNER, 'b', 'o', INPUT)).rejects.toMatchObject({
      code: 'device_not_found',
    });
    await expect(world.fleet.observations.get(OWNER, 'a', 'x')).rejects.toMatchObject({
      code: 'observation_not_found',
    });
  });
});

describe('wanting several paths at once', () => {
  const several = { paths: ['/3303/0/5700', '/3/0/9'] };

  it('is one observation: its attributes go to each path, and then one request for all', async () => {
    const world = await online({ behaviour: OBLIGING });
    const view = await put(world, 'both', { ...several, attributes: { pmin: 5 } });
    await settle();
    expect(view.paths).toEqual(several.paths);
    expect(world.link.lines).toEqual([
      'writeAttributes /3303/0/5700',
      'writeAttributes /3/0/9',
      'observe /3303/0/5700 /3/0/9',
    ]);
    expect((await world.events()).at(-1)).toMatchObject({
      type: 'observation.changed',
      data: { id: 'both', paths: several.paths, state: 'active' },
    });
  });

  it('keeps its token while nothing of it changes, and gets another with another list, order or parameters', async () => {
    const world = await online();
    await world.register('a', { lwm2m: '1.2' }, peerAt(1));
    const tokens = new Set<string>();
    for (const input of [
      several,
      several,
      { paths: ['/3/0/9', '/3303/0/5700'] },
      { paths: ['/3/0/9'] },
      { paths: ['/3/0/9'], parameters: { pmax: 10 } },
      { paths: ['/3/0/9'], parameters: { pmax: 10 } },
      { paths: ['/3/0/9'], parameters: { pmax: 20 } },
    ]) {
      await put(world, 'o', input);
      await settle();
      tokens.add(token(world));
    }
    expect(tokens.size).toBe(5);
  });

  it('is refused when the device speaks 1.0, as are parameters before 1.2', async () => {
    const world = await online();
    const parameters = { paths: ['/3'], parameters: { pmin: 1 } };
    await expect(put(world, 'one', parameters)).rejects.toMatchObject({ code: 'not_encodable' });
    await world.register('a', { lwm2m: '1.0' }, peerAt(1));
    await expect(put(world, 'both', several)).rejects.toMatchObject({ code: 'not_encodable' });
    await expect(put(world, 'one', parameters)).rejects.toMatchObject({ code: 'not_encodable' });
    expect(world.link.log).toEqual([]);
  });
});

describe('a notification', () => {
  it('is acknowledged when its values are durable, however long that takes', async () => {
    const world = await online();
    await put(world);
    await settle();
    world.store.hold();
    let durable = false;
    void notify(world, 21).then(() => {
      durable = true;
    });
    await world.pass(60_000);
    expect(durable).toBe(false);
    world.store.release();
    await settle();
    expect(durable).toBe(true);
    expect(await world.fleet.values.get(OWNER, 'a', [3303, 0, 5700])).toMatchObject({ value: 21 });
  });

  it('that the store refuses is not acknowledged', async () => {
    const world = await online();
    await put(world);
    await settle();
    world.store.fail('store_unavailable', 1);
    await expect(notify(world, 21)).rejects.toMatchObject({ code: 'store_unavailable' });
  });

  it('is read by the path and the dialect of its observation; an unknown token is nobody’s', async () => {
    const world = await online();
    await put(world);
    await settle();
    const target = world.fleet.observationOf(token(world), peerAt(1));
    expect(target).toMatchObject({
      paths: [[3303, 0, 5700]],
      dialect: { lwm2m: '1.1', root: '' },
      peer: peerAt(1).key,
    });
    expect(target?.dialect.model.resource(3303, 5700)?.name).toBe('Sensor Value');
    expect(world.fleet.observationOf('0000000000000000', peerAt(1))).toBeUndefined();
  });

  it('between the kill and the next contact is known: the token was loaded before anything else', async () => {
    const world = await online();
    await put(world);
    await settle();
    const known = token(world);
    await world.crash();
    expect(world.link.restored).toEqual([known]);
    expect(world.fleet.observationOf(known, peerAt(1))).toBeDefined();
    await notify(world, 30);
    expect(await state(world)).toBe('active');
    expect(await world.fleet.values.get(OWNER, 'a', [3303, 0, 5700])).toMatchObject({ value: 30 });
    expect(world.link.log).toEqual([]);
  });

  it('of a device that is not registered any more is nobody’s', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    const location = await world.register('a', {}, peerAt(1));
    await put(world);
    await settle();
    await world.fleet.deregister(location, peerAt(1), world.now());
    expect(world.fleet.observationOf(token(world), peerAt(1))).toBeUndefined();
  });
});

describe('observations and registrations', () => {
  it('every observation is established anew after each registration, attributes first (LwM2M-Core 1.1.1 §6.4.1)', async () => {
    const world = await online();
    await put(world, 'o', { ...INPUT, attributes: { pmin: 5 } });
    await put(world, 'p', { paths: ['/3/0'] });
    await settle();
    world.link.log.length = 0;
    await world.fleet.register(world.parameters('a'), peerAt(2), world.now());
    await settle();
    expect(world.link.log).toEqual([]);
    expect(await state(world)).toBe('pending');
    world.fleet.reached(peerAt(2), world.now());
    await settle();
    expect(world.link.lines).toEqual(['writeAttributes /3303/0/5700', 'observe /3303/0/5700', 'observe /3/0']);
    expect([await state(world), await state(world, 'p')]).toEqual(['active', 'active']);
  });

  it('a refused one is tried again with the next registration', async () => {
    let outcome: Outcome = { kind: 'refused', code: 0x84, detail: '' };
    const world = await online({ behaviour: () => outcome });
    await put(world);
    await settle();
    outcome = done(0x45, { observing: 'yes', nodes: [] });
    world.fleet.reached(peerAt(1), world.now());
    await settle();
    expect(await state(world)).toBe('refused');
    await world.register('a', {}, peerAt(1));
    expect(await state(world)).toBe('active');
  });

  it('survives a refresh, an Update and a move', async () => {
    const world = await World.start({ behaviour: OBLIGING });
    const location = await world.register('a', {}, peerAt(1));
    await put(world);
    await settle();
    world.link.log.length = 0;
    world.fleet.refresh(location, peerAt(1), world.now());
    await world.fleet.update(location, { lifetime: 99 }, peerAt(4), world.now());
    world.fleet.reached(peerAt(4), world.now());
    await settle();
    expect(world.link.log).toEqual([]);
    expect(await state(world)).toBe('active');
    expect(world.fleet.observationOf(token(world), peerAt(1))?.peer).toBe(peerAt(4).key);
  });

  it('an answer of the old registration makes nothing active in the new one', async () => {
    const world = await online({});
    await put(world);
    await settle();
    const { flight } = world.link;
    world.store.hold();
    const again = world.fleet.register(world.parameters('a'), peerAt(1), world.now());
    await settle();
    flight.answer(done(0x45, { observing: 'yes', nodes: [] }));
    await settle();
    world.store.release();
    await again;
    await settle();
    expect(await state(world)).toBe('pending');
    world.fleet.reached(peerAt(1), world.now());
    await settle();
    world.link.flight.answer(done(0x45, { observing: 'yes', nodes: [] }));
    await settle();
    expect(await state(world)).toBe('active');
  });

  it('is lost when the device ends it, durably, and pending again with the next registration', async () => {
    const world = await online();
    await put(world);
    await settle();
    const known = token(world);
    await world.fleet.observationEnded(known, { code: 0x84, detail: 'gone' }, world.now());
    expect(await world.fleet.observations.get(OWNER, 'a', 'o')).toMatchObject({
      state: 'lost',
      error: { code: 'observation_ended', coapCode: '4.04', detail: 'gone' },
    });
    expect(world.fleet.observationOf(known, peerAt(1))).toBeUndefined();
    await world.crash();
    expect(await state(world)).toBe('lost');
    expect(world.link.restored).toEqual([]);
    await world.register('a', {}, peerAt(1));
    expect(await state(world)).toBe('active');
  });
});

describe('wanting an observation no longer', () => {
  it('tells an awake device with Observe 1 once that is durable, and forgets the token', async () => {
    const world = await online();
    await put(world);
    await settle();
    const known = token(world);
    world.store.hold();
    const removal = world.fleet.observations.remove(OWNER, 'a', 'o', 'observe');
    await settle();
    expect(world.link.lines).toEqual(['observe /3303/0/5700']);
    expect(world.fleet.observationOf(known, peerAt(1))).toBeDefined();
    world.store.release();
    await removal;
    await settle();
    expect(world.link.log[1]?.request).toMatchObject({
      kind: 'cancelObserve',
      by: 'observe',
      paths: [[3303, 0, 5700]],
    });
    expect(world.link.forgotten).toEqual([known]);
    expect(world.fleet.observationOf(known, peerAt(1))).toBeUndefined();
    expect(await world.fleet.observations.list(OWNER, 'a')).toEqual([]);
    await expect(world.fleet.observations.remove(OWNER, 'a', 'o', 'observe')).rejects.toMatchObject({
      code: 'observation_not_found',
    });
  });

  it.each([
    ['by reset', 'reset', 'awake'],
    ['while the device sleeps', 'observe', 'asleep'],
  ] as const)(
    '%s sends nothing and forgets the token, so that the next notification gets a Reset',
    async (_, by, how) => {
      const world = await World.start({ behaviour: OBLIGING });
      await world.register('a', { queueMode: true }, peerAt(1));
      await put(world);
      await settle();
      const known = token(world);
      world.link.log.length = 0;
      if (how === 'asleep') await world.pass(100_000);
      await world.fleet.observations.remove(OWNER, 'a', 'o', by);
      await settle();
      expect(world.link.log).toEqual([]);
      expect(world.link.forgotten).toEqual([known]);
      expect(world.fleet.observationOf(known, peerAt(1))).toBeUndefined();
      await world.crash();
      expect(world.link.restored).toEqual([]);
      expect(world.fleet.observationOf(known, peerAt(1))).toBeUndefined();
    },
  );

  it('while it is being established takes it back afterwards', async () => {
    const world = await online({});
    await put(world);
    await settle();
    const known = token(world);
    const establishing = world.link.flight;
    await world.fleet.observations.remove(OWNER, 'a', 'o', 'observe');
    establishing.answer(done(0x45, { observing: 'yes', nodes: [] }));
    await settle();
    expect(world.link.lines).toEqual(['observe /3303/0/5700', 'cancelObserve /3303/0/5700']);
    world.link.flight.answer(failed('timeout'));
    await settle();
    expect(world.link.forgotten).toEqual([known]);
  });
});

describe('a kill while an observation is made', () => {
  it('at every commit leaves it unknown to its caller or kept, and it becomes active after the restart', async () => {
    for (const moment of ['before', 'after'] as const) {
      for (let nth = 1; nth <= 4; nth += 1) {
        const world = await online();
        world.store.killAt(nth, moment);
        const told: string[] = [];
        void put(world).then(({ state: now }) => told.push(now));
        await settle();
        await world.boot();
        await settle();
        const kept = await world.fleet.observations.list(OWNER, 'a');
        expect(kept).toHaveLength(nth === 1 && moment === 'before' ? 0 : 1);
        expect(kept.length).toBeGreaterThanOrEqual(told.length);
        expect(world.link.restored).toHaveLength(kept.length);
        world.fleet.reached(peerAt(1), world.now());
        await settle();
        if (kept.length > 0) expect(await state(world)).toBe('active');
      }
    }
  });
});
