/** Random changes, reads and restarts of a store beside a plain model of what it must answer. */

import { expect } from '@jest/globals';
import { EVERYTHING } from '#fleet/model';
import type { DeviceRecord, InstanceValues, LastValue, OperationRecord } from '#fleet/model';
import type { FleetStore } from '#fleet/ports';
import { at, deleteDevice, device, deviceId, event, finished, operation, operationId } from './records.js';
import { putDevice, putOperation, putValues, value } from './records.js';

interface Known<T> {
  readonly version: number;
  readonly record: T;
}

/** What a store holds, in the plainest way. */
class Model {
  readonly devices = new Map<number, Known<DeviceRecord>>();
  readonly operations = new Map<number, Known<OperationRecord> & { readonly of: number }>();
  readonly values = new Map<string, Record<string, LastValue>>();
  readonly events: number[] = [];

  merge(of: number, object: number, resources: InstanceValues['resources']): void {
    const key = `${of}/${object}`;
    const known = this.values.get(key) ?? {};
    for (const [id, next] of Object.entries(resources))
      if ((known[id]?.receivedAt ?? 0) <= next.receivedAt) known[id] = next;
    this.values.set(key, known);
  }

  remove(of: number): void {
    this.devices.delete(of);
    for (const [number, known] of this.operations) if (known.of === of) this.operations.delete(number);
    for (const key of this.values.keys()) if (key.startsWith(`${of}/`)) this.values.delete(key);
  }
}

/** A seeded sequence of numbers below a bound. */
function sequence(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 0x1_00_00_00_00) * bound);
  };
}

const DEVICES = 8;
const OBJECTS = [3, 3303];

/** 600 changes, some sent together, with restarts and comparisons in between. */
export async function randomWalk(store: () => FleetStore, again: () => Promise<FleetStore>): Promise<void> {
  const below = sequence(20_260_101);
  const model = new Model();
  let underway: Promise<{ readonly events: readonly { readonly number: number }[] }>[] = [];
  let born = 0;
  const names = Array.from({ length: DEVICES }, () => (born += 1));
  for (let step = 1; step <= 600; step += 1) {
    const place = below(DEVICES);
    const of = names[place] as number;
    const change = below(10);
    if (change < 3) {
      const known = model.devices.get(of);
      const record = device(of, { model: `model ${step}` });
      underway.push(putDevice(store(), record, known?.version ?? 0, [event(of)]));
      model.devices.set(of, { version: (known?.version ?? 0) + 1, record });
    } else if (change < 6 && model.devices.has(of)) {
      const object = OBJECTS[below(OBJECTS.length)] as number;
      const resources: Record<string, LastValue> = {};
      for (let count = 1 + below(3); count > 0; count -= 1) resources[below(5)] = value(step, at(below(50)));
      underway.push(putValues(store(), of, object, 0, resources));
      model.merge(of, object, resources);
    } else if (change < 9 && model.devices.has(of)) {
      const open = [...model.operations].find(([, known]) => known.of === of && known.record.state === 'queued');
      const number = open?.[0] ?? step;
      const record = open === undefined ? operation(number, of) : finished(number, of);
      const version = open?.[1].version ?? 0;
      underway.push(putOperation(store(), record, version, [event(of, { type: 'operation.finished' })]));
      model.operations.set(number, { version: version + 1, record, of });
    } else if (change === 9 && below(4) === 0 && model.devices.has(of)) {
      underway.push(deleteDevice(store(), of, model.devices.get(of)?.version ?? 0));
      model.remove(of);
      names[place] = born += 1;
    }
    if (below(12) !== 0) continue;
    for (const { events } of await Promise.all(underway)) model.events.push(...events.map(({ number }) => number));
    underway = [];
    if (below(4) === 0) await again();
    await compare(store(), model);
  }
  await Promise.all(underway);
}

async function compare(store: FleetStore, model: Model): Promise<void> {
  const devices = new Map<string, unknown>();
  for await (const batch of store.load(EVERYTHING, at(0)))
    if (batch.kind === 'devices') for (const item of batch.items) devices.set(item.record.id, item);
  expect(devices).toEqual(new Map([...model.devices].map(([of, known]) => [deviceId(of), { ...known }])));

  const newest = [...model.operations].sort(([left], [right]) => right - left);
  const { items } = await store.operations(EVERYTHING, { limit: 10_000 });
  expect(items).toEqual(newest.map(([, { record }]) => record));
  for (const [number, { version, record }] of newest.slice(0, 3))
    expect(await store.operation(operationId(number))).toEqual({ version, record });

  for (const of of model.devices.keys()) {
    const expected = OBJECTS.filter((object) => model.values.has(`${of}/${object}`)).map((object) => ({
      ...{ device: deviceId(of), object, instance: 0, resources: model.values.get(`${of}/${object}`) },
    }));
    expect(await store.values(deviceId(of))).toEqual(expected);
  }
  const { events } = await store.events(EVERYTHING, 0, 100_000);
  expect(events.map(({ number }) => number)).toEqual(model.events);
}
