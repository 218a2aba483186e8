/** What the embedded store does by itself in time: touches are written, what is not kept is forgotten, within the promised spans. */

import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, afterEach, expect, it } from '@jest/globals';
import { silentLogger, systemClock, systemRandom } from '#base';
import { EVERYTHING } from '#fleet/model';
import type { FleetStore } from '#fleet/ports';
import { openStore } from '#store';
import { readConfig } from '../../src/config.js';
import { foldBudget } from '../../src/store/sqlite/fold.js';
import { DEFAULT_PARAMETERS } from '../../src/store/sqlite/parameters.js';
import {
  at,
  device,
  deviceId,
  finished,
  operation,
  putDevice,
  putOperation,
  putValues,
  value,
} from '../contract/records.js';
import { ROOMY, crashImage, lookInto, openAt } from '../support/crash-image.js';
import { folderWith, removeFolders } from '../support/store-files.js';
import { until } from '../support/test-server.js';

const DAY = 86_400;
/** Of the span of 60 s within which a touch is durable, what the fleet takes before it hands it over. */
const HANDED_OVER_AFTER = 15_000;

let store: FleetStore | undefined;

afterEach(async () => {
  await store?.close();
  store = undefined;
});
afterAll(removeFolders);

it('a touch becomes durable without a flush, when its time has come, with all others that wait', async () => {
  const folder = folderWith();
  store = await openAt(folder, { touchAge: 40 });
  await putDevice(store, device(1), 0);
  await putDevice(store, device(2), 0);
  store.touch(deviceId(1), at(10));
  store.touch(deviceId(2), at(11));
  store.touch(deviceId(1), at(12));
  expect(store.status().gauges['touches']).toBe(2);
  await until('the touches are on the disk', async () => {
    const found = await lookInto(crashImage(folder));
    return found.devices.every(({ record }) => record.lastSeen !== device(1).lastSeen) ? 'yes' : undefined;
  });
  const found = await lookInto(crashImage(folder));
  expect(found.devices.map(({ record }) => record.lastSeen)).toEqual([at(12), at(11)]);
  expect(store.status().gauges['touches']).toBe(0);
});

it('touches are written a few at a time: a change does not wait for all of them, and a flush does', async () => {
  const folder = folderWith();
  store = await openAt(folder, { touchRows: 1 });
  const devices = Array.from({ length: 30 }, (_, index) => index + 1);
  await Promise.all(devices.map((number) => putDevice(store as FleetStore, device(number), 0)));
  for (const number of devices) store.touch(deviceId(number), at(number));
  const order: string[] = [];
  const flushed = store.flush().then(() => order.push('flushed'));
  // The first touches are on their way.
  await turn();
  await turn();
  const changed = putDevice(store, device(31), 0).then(() => order.push('changed'));
  await Promise.all([flushed, changed]);
  expect(order).toEqual(['changed', 'flushed']);
  const found = await lookInto(crashImage(folder));
  const seen = new Map(found.devices.map(({ record }) => [record.id, record.lastSeen]));
  expect(devices.map((number) => seen.get(deviceId(number)))).toEqual(devices.map((number) => at(number)));
});

it('a flush waits for the touches of the one before it', async () => {
  const folder = folderWith();
  store = await openAt(folder, { touchRows: 1 });
  const devices = Array.from({ length: 20 }, (_, index) => index + 1);
  await Promise.all(devices.map((number) => putDevice(store as FleetStore, device(number), 0)));
  for (const number of devices) store.touch(deviceId(number), at(10));
  const first = store.flush();
  store.touch(deviceId(20), at(20));
  await store.flush();
  const found = await lookInto(crashImage(folder));
  expect(found.devices.map(({ record }) => record.lastSeen)).toEqual(devices.map((one) => at(one === 20 ? 20 : 10)));
  await first;
});

it('a touch waits less than 60 s, with what the fleet takes to hand it over', () => {
  expect(DEFAULT_PARAMETERS.touchAge + HANDED_OVER_AFTER).toBeLessThan(60_000);
});

it('folding makes a group wait for one step only while it keeps up, whatever the group before it brought', () => {
  const parameters = { stepRows: 256, foldBytes: 8_000_000 };
  expect(foldBudget(parameters, 0, 5000)).toBe(256);
  expect(foldBudget(parameters, 7_999_999, 5000)).toBe(256);
  expect(foldBudget(parameters, 8_000_000, 5000)).toBe(10_000);
  expect(foldBudget(parameters, 8_000_000, 10)).toBe(256);
});

/** The limits a server has that is told nothing. */
function usualLimits(): { readonly operationDays: number; readonly operationsPerDevice: number } {
  const { numbers } = readConfig({ flags: { data: folderWith() }, environment: {} });
  return {
    operationDays: numbers['operationDays'] ?? 0,
    operationsPerDevice: numbers['operationsPerDevice'] ?? 0,
  };
}

it('a server that is told nothing keeps operations for 30 days, and 1,000 of a device', () => {
  expect(usualLimits()).toEqual({ operationDays: 30, operationsPerDevice: 1000 });
});

it('of 1,200 finished operations of a device at most a tenth more than 1,000 stay, the newest; the others lose none', async () => {
  store = await openAt(folderWith(), { foldAge: 1, foldBytes: 20_000 }, usualLimits());
  await putDevice(store, device(1), 0);
  await putDevice(store, device(2), 0);
  await putOperation(store, operation(1, 1), 0);
  for (let number = 2; number <= 1201; number += 50) {
    const some = Array.from({ length: 50 }, (_, index) => number + index).filter((one) => one <= 1201);
    await Promise.all(some.map((one) => putOperation(store as FleetStore, finished(one, 1), 0)));
  }
  for (let number = 2001; number <= 2020; number += 1) await putOperation(store, finished(number, 2), 0);
  const kept = async (of: number) =>
    (await (store as FleetStore).operations(EVERYTHING, { device: deviceId(of), limit: 5000 })).items;
  await until('the oldest are gone', async () => ((await kept(1)).length <= 1101 ? 'yes' : undefined));
  const items = await kept(1);
  expect(items.length).toBeGreaterThanOrEqual(1001);
  const finishedOnes = items.filter(({ state }) => state === 'succeeded');
  const newest = Array.from({ length: finishedOnes.length }, (_, index) => finished(1201 - index, 1).id);
  expect(finishedOnes.map(({ id }) => id)).toEqual(newest);
  expect(items.at(-1)).toEqual(operation(1, 1));
  expect(await kept(2)).toHaveLength(20);
  await until('the figure tells how many are gone', async () => {
    const forgotten = 1201 - (await kept(1)).length;
    return store?.status().gauges['forgottenOperations'] === forgotten ? 'yes' : undefined;
  });
}, 60_000);

it('tells how often the values of an instance were too many bytes', async () => {
  store = await openAt(folderWith(), { foldAge: 1, foldBytes: 500 }, { valueBytes: 1000 });
  await putDevice(store, device(1), 0);
  const write = (number: number) =>
    putValues(store as FleetStore, 1, 3, 0, {
      [number]: value(0, at(number), { type: 'string', value: 'x'.repeat(300) }),
    });
  await write(1);
  await write(2);
  await until('both are folded', () =>
    Promise.resolve(store?.status().gauges['unfoldedBytes'] === 0 ? 'yes' : undefined),
  );
  expect(store.status().gauges['cappedInstances']).toBe(0);
  // All in one commit: nothing is committed after they are folded, and the figure comes all the same.
  await Promise.all([3, 4, 5].map((number) => write(number)));
  await until('the oldest were left out', () =>
    Promise.resolve((store?.status().gauges['cappedInstances'] ?? 0) > 0 ? 'yes' : undefined),
  );
}, 60_000);

it('an operation goes when it finished more than 30 days ago, while the store is open, and no sooner', async () => {
  const folder = folderWith();
  let days = 0;
  store = await openStore(folder, {
    limits: { ...ROOMY, ...usualLimits() },
    parameters: { retentionPeriod: 20, foldAge: 1 },
    ...{ random: systemRandom, logger: silentLogger, clock: { ...systemClock, wall: () => at(days * DAY) } },
  });
  await putDevice(store, device(1), 0);
  await putOperation(store, finished(0, 1, { createdAt: at(-2 * DAY), finishedAt: at(-2 * DAY) }), 0);
  await putOperation(store, operation(1, 1), 0);
  await putOperation(store, finished(2, 1), 0);
  await putOperation(store, finished(3, 1, { finishedAt: at(5 * DAY) }), 0);
  const left = async () =>
    (await (store as FleetStore).operations(EVERYTHING, { limit: 10 })).items.map(({ id }) => id);
  const [one, two, three] = [1, 2, 3].map((number) => operation(number, 1).id);
  // When this one is gone, the others have been looked at and were found young enough.
  days = 29;
  await until('the oldest is gone', async () => ((await left()).length === 3 ? 'yes' : undefined));
  expect(await left()).toEqual([three, two, one]);
  days = 31;
  await until('one is gone', async () => ((await left()).length === 2 ? 'yes' : undefined));
  expect(await left()).toEqual([three, one]);
  days = 36;
  await until('the other is gone', async () => ((await left()).length === 1 ? 'yes' : undefined));
  expect(await left()).toEqual([one]);
}, 60_000);
