/** Last known values: what nodes become, and how they are shown. */

import { describe, expect, it } from '@jest/globals';
import { OWNER } from '#fleet/model';
import type { Node, PlacedNode, Scalar } from '#lwm2m/model';
import { World, peerAt, settle, single } from '../world.js';

const integer = (value: number): Scalar => ({ type: 'integer', value });
const float = (value: number): Scalar => ({ type: 'float', value });
const multiple = (values: Record<number, Scalar>): Node => ({
  kind: 'multiple',
  values: new Map(Object.entries(values).map(([id, value]) => [Number(id), value])),
});
const instance = (resources: Record<number, Node>): Node => ({
  kind: 'instance',
  resources: new Map(Object.entries(resources).map(([id, node]) => [Number(id), node])) as never,
});

/** A world with a device that observes /3303 and /3/0; `tell` notifies under one of them. */
async function observing(): Promise<{ world: World; tell: (...nodes: PlacedNode[]) => Promise<void> }> {
  const world = await World.start({
    behaviour: () => ({ kind: 'done', code: 0x45, observing: 'yes', nodes: [] }),
  });
  await world.register('a', {}, peerAt(1));
  await world.fleet.observations.put(OWNER, 'a', 'o', { paths: ['/3303'] });
  await settle();
  const token = [...world.disk.devices.values()].map(
    ({ text }) => (JSON.parse(text) as { observations: { token: string }[] }).observations[0]?.token,
  )[0];
  return { world, tell: (...nodes) => world.fleet.notified(token ?? '', { nodes }, world.now()) };
}

describe('last known values', () => {
  it('are shown as the node that stands at a path, each resource with whence and when', async () => {
    const { world, tell } = await observing();
    await tell({
      path: [3303, 0],
      node: instance({ 5700: single(float(21.5)), 5701: single({ type: 'string', value: 'Cel' }) }),
    });
    await world.pass(5000);
    await tell({ path: [3303, 1, 5700], node: single(float(-3)), time: 1_893_456_001 });
    const common = { receivedAt: '2030-01-01T00:00:00.000Z', source: 'notify' };
    const first = {
      path: '/3303/0',
      resources: {
        5700: { path: '/3303/0/5700', name: 'Sensor Value', type: 'float', value: 21.5, ...common },
        5701: { path: '/3303/0/5701', name: 'Sensor Units', type: 'string', value: 'Cel', ...common },
      },
    };
    const second = {
      path: '/3303/1/5700',
      name: 'Sensor Value',
      type: 'float',
      value: -3,
      reportedAt: '2030-01-01T00:00:01.000Z',
      receivedAt: '2030-01-01T00:00:05.000Z',
      source: 'notify',
    };
    expect(await world.fleet.values.get(OWNER, 'a', [3303])).toEqual({
      path: '/3303',
      instances: { 0: first, 1: { path: '/3303/1', resources: { 5700: second } } },
    });
    expect(await world.fleet.values.get(OWNER, 'a', [3303, 0])).toEqual(first);
    expect(await world.fleet.values.get(OWNER, 'a', [3303, 1, 5700])).toEqual(second);
  });

  it('that were told with several times are kept apart by time, the latest being the value, and are told so', async () => {
    const { world, tell } = await observing();
    const early = 1_893_000_000;
    const at = (time: number, path: number[], node: PlacedNode['node']): PlacedNode => ({
      path,
      node,
      time: early + time,
    });
    const told: unknown[] = [];
    await world.fleet.events.subscribe(
      OWNER,
      { types: new Set(['value.received']) },
      (event) => told.push(event.data['resources']),
      () => undefined,
    );
    await tell(
      at(200, [3303, 0, 5700], single(float(2))),
      at(300, [3303, 0, 5700], single(float(3))),
      at(100, [3303, 0, 5700], single(float(1))),
      at(100, [3303, 0, 5701], single({ type: 'string', value: 'Cel' })),
    );
    const shown = {
      value: 3,
      reportedAt: '2029-12-26T17:25:00.000Z',
      history: [
        { value: 2, reportedAt: '2029-12-26T17:23:20.000Z' },
        { value: 1, reportedAt: '2029-12-26T17:21:40.000Z' },
      ],
    };
    expect(await world.fleet.values.get(OWNER, 'a', [3303, 0, 5700])).toMatchObject(shown);
    expect(await world.fleet.values.get(OWNER, 'a', [3303, 0, 5701])).not.toHaveProperty('history');
    expect(told).toMatchObject([{ 5700: shown, 5701: { value: 'Cel' } }]);
    await tell(at(400, [3303, 0, 5700], single(float(4))));
    expect(await world.fleet.values.get(OWNER, 'a', [3303, 0, 5700])).not.toHaveProperty('history');
  });

  it('of resource instances with several times are kept apart too, those of one time together', async () => {
    const { world, tell } = await observing();
    const early = 1_893_000_000;
    const at = (time: number, instance: number, value: number): PlacedNode => ({
      path: [3303, 0, 9000, instance],
      node: single(integer(value)),
      time: early + time,
    });
    await tell(at(100, 0, 1), at(100, 1, 2), at(200, 0, 3), at(200, 1, 4));
    expect(await world.fleet.values.get(OWNER, 'a', [3303, 0, 9000])).toMatchObject({
      values: { 0: 3, 1: 4 },
      history: [{ values: { 0: 1, 1: 2 } }],
    });
    expect(await world.fleet.values.get(OWNER, 'a', [3303, 0, 9000, 1])).toMatchObject({
      value: 4,
      history: [{ value: 2, reportedAt: '2029-12-26T17:21:40.000Z' }],
    });
  });

  it('of historical values keep the one with the latest time', async () => {
    const { world, tell } = await observing();
    const at = (time: number, value: number): PlacedNode => ({
      path: [3303, 0, 5700],
      node: single(float(value)),
      time,
    });
    const early = 1_893_000_000;
    await tell(at(early + 100, 1), at(early + 300, 3), at(early + 200, 2));
    expect(await world.fleet.values.get(OWNER, 'a', [3303, 0, 5700])).toMatchObject({
      value: 3,
      reportedAt: '2029-12-26T17:25:00.000Z',
    });
    const { node } = at(0, 4);
    await tell({ path: [3303, 0, 5700], node }, at(-5, 5));
    const current = await world.fleet.values.get(OWNER, 'a', [3303, 0, 5700]);
    expect(current).toMatchObject({ value: 4 });
    expect(current).not.toHaveProperty('reportedAt');
  });

  it('with a time below 2^28 were measured that long before they came (RFC 8428 §4.5.3)', async () => {
    const { world, tell } = await observing();
    await world.pass(60_000);
    await tell({ path: [3303, 0, 5700], node: single(float(1)), time: -5 });
    expect(await world.fleet.values.get(OWNER, 'a', [3303, 0, 5700])).toMatchObject({
      reportedAt: '2030-01-01T00:00:55.000Z',
      receivedAt: '2030-01-01T00:01:00.000Z',
    });
  });

  it.each([
    ['ten years and a day ago', -315_663_000],
    ['ten years ago by the calendar', 1_577_000_000],
    ['two days ahead', 172_800],
    ['in 2106', 4_294_967_295],
  ])(
    'whose device says a time beyond belief have none, and it is counted: %s (security.md row 19)',
    async (_name, time) => {
      const { world, tell } = await observing();
      await tell({ path: [3303, 0, 5700], node: single(float(1)), time });
      const value = await world.fleet.values.get(OWNER, 'a', [3303, 0, 5700]);
      expect(value).toMatchObject({ value: 1, receivedAt: '2030-01-01T00:00:00.000Z' });
      expect(value).not.toHaveProperty('reportedAt');
      expect(world.fleet.counters['device_times_refused']).toBe(1);
    },
  );

  it('of one resource instance join what is known of the others', async () => {
    const { world, tell } = await observing();
    await tell({ path: [3303, 0, 9000], node: multiple({ 0: integer(1), 1: integer(2) }) });
    await Promise.all([
      tell({ path: [3303, 0, 9000, 1], node: single(integer(20)) }),
      tell(
        { path: [3303, 0, 9000, 2], node: single(integer(30)) },
        { path: [3303, 0, 9000, 3], node: single(integer(40)) },
      ),
    ]);
    expect(await world.fleet.values.get(OWNER, 'a', [3303, 0, 9000])).toMatchObject({
      type: 'integer',
      values: { 0: 1, 1: 20, 2: 30, 3: 40 },
    });
    expect(await world.fleet.values.get(OWNER, 'a', [3303, 0, 9000, 2])).toMatchObject({
      path: '/3303/0/9000/2',
      type: 'integer',
      value: 30,
    });
    await tell({ path: [3303, 0, 9000], node: multiple({ 5: integer(5) }) });
    expect(await world.fleet.values.get(OWNER, 'a', [3303, 0, 9000])).toMatchObject({ values: { 5: 5 } });
    await expect(world.fleet.values.get(OWNER, 'a', [3303, 0, 9000, 0])).rejects.toMatchObject({ code: 'no_value' });
  });

  it('keep big integers exactly, and the type of an empty multiple resource from its definition', async () => {
    const { world, tell } = await observing();
    await tell(
      { path: [3303, 0, 1], node: single({ type: 'unsigned', value: 18_446_744_073_709_551_615n }) },
      { path: [3303, 0, 2], node: single({ type: 'opaque', value: Buffer.from([255, 0]) }) },
      { path: [3303, 0, 5700], node: multiple({}) },
      { path: [3303, 0, 3], node: multiple({}) },
    );
    expect(await world.fleet.values.get(OWNER, 'a', [3303, 0])).toMatchObject({
      resources: {
        1: { type: 'unsigned', value: '18446744073709551615' },
        2: { type: 'opaque', value: '/wA=' },
        5700: { type: 'float', values: {} },
        3: { type: 'string', values: {} },
      },
    });
  });

  it('are no_value where nothing is known, and device_not_found without a device', async () => {
    const { world, tell } = await observing();
    await tell({ path: [3303, 0, 5700], node: single(float(1)) });
    for (const path of [[3], [3303, 1], [3303, 0, 5701], [3303, 0, 5700, 0]]) {
      await expect(world.fleet.values.get(OWNER, 'a', path)).rejects.toMatchObject({ code: 'no_value' });
    }
    await expect(world.fleet.values.get(OWNER, 'a', [])).rejects.toMatchObject({ code: 'invalid_path' });
    await expect(world.fleet.values.get(OWNER, 'b', [3])).rejects.toMatchObject({ code: 'device_not_found' });
  });

  it('go on when the calendar jumps back, over a restart too (T29)', async () => {
    const { world, tell } = await observing();
    const value = async (): Promise<unknown> =>
      ((await world.fleet.values.get(OWNER, 'a', [3303, 0, 5700])) as { value: unknown }).value;
    world.clock.jumpWall(Date.UTC(2106, 1, 8));
    await tell({ path: [3303, 0, 5700], node: single(float(1)) });
    world.clock.jumpWall(Date.UTC(2030, 0, 1));
    await tell({ path: [3303, 0, 5700], node: single(float(2)) });
    expect(await value()).toBe(2);
    world.fleet.reached(peerAt(1), world.now());
    world.clock.jumpWall(Date.UTC(2106, 1, 9));
    world.fleet.reached(peerAt(1), world.now());
    await tell({ path: [3303, 0, 5700], node: single(float(3)) });
    await world.pass(15_000);
    await world.store.flush();
    world.clock.jumpWall(Date.UTC(2030, 0, 2));
    await world.crash();
    await tell({ path: [3303, 0, 5700], node: single(float(4)) });
    expect(await value()).toBe(4);
  });

  it('of one notification over several instances are all durable before it is acknowledged', async () => {
    const { world, tell } = await observing();
    world.store.hold();
    let durable = false;
    void tell(
      { path: [3303, 0, 5700], node: single(float(1)) },
      { path: [3303, 1, 5700], node: single(float(2)) },
    ).then(() => {
      durable = true;
    });
    await settle();
    expect(world.store.waiting).toBe(2);
    world.store.step();
    await settle();
    expect(durable).toBe(false);
    world.store.release();
    await settle();
    expect(durable).toBe(true);
  });
});
