/**
 * The contract of FleetStore: one suite, run on every adapter. A place is somewhere a store can be opened, closed and opened
 * again; nothing here knows what an adapter is made of.
 */

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { WallTime } from '#base';
import { EVERYTHING } from '#fleet/model';
import type { DeviceRecord, ModelRecord, OperationRecord, SettingRecord } from '#fleet/model';
import type { Change, FleetStore, OperationQuery, Receipt, StoreLimits, Versioned } from '#fleet/ports';
import { START, at, deleteDevice, device, deviceId, event, finished, operation, operationId } from './records.js';
import { putDevice, putOperation, putValues, session, value } from './records.js';
import { describeDurability } from './durability.js';
import { describeSessions } from './sessions.js';
import type { StorePlace } from './store-place.js';
import { randomWalk } from './random-walk.js';

/** Limits that no test reaches unless it makes one smaller. */
export const ROOMY: StoreLimits = {
  queueBytes: 16 * 1024 * 1024,
  operationDays: 100_000,
  operationsPerDevice: 1000,
  events: 10_000,
  valueBytes: 65_536,
};

/** Declares the suite for the adapter called `name`; `place` makes a fresh, empty place. */
export function fleetStoreContract(name: string, place: () => Promise<StorePlace>): void {
  describe(`${name} as a FleetStore`, () => {
    let here: StorePlace;
    let store: FleetStore;
    let limits: StoreLimits;
    let now: WallTime;

    const again = async (changed: Partial<StoreLimits> = {}) => {
      await store.close();
      limits = { ...limits, ...changed };
      store = await here.open(limits, now);
      return store;
    };

    /** Checks in this session and in the next one. */
    const throughout = async (check: (current: FleetStore) => Promise<void>) => {
      await check(store);
      await check(await again());
    };

    beforeEach(async () => {
      limits = ROOMY;
      now = at(1000);
      here = await place();
      store = await here.open(limits, now);
    });

    afterEach(async () => {
      await store.close();
      await here.remove();
    });

    describe('devices', () => {
      it('are loaded as they were committed, in the same session and after a restart', async () => {
        await putDevice(store, device(1), 0);
        await putDevice(store, device(2, { tags: {} }), 0);
        const expected = [
          { version: 1, record: device(1) },
          { version: 1, record: device(2, { tags: {} }) },
        ];
        expect((await loaded(store)).devices).toEqual(expected);
        expect((await loaded(await again())).devices).toEqual(expected);
      });

      it('get a version one higher with every change', async () => {
        expect((await putDevice(store, device(1), 0)).version).toBe(1);
        expect((await putDevice(store, device(1, { manufacturer: 'A' }), 1)).version).toBe(2);
        await again();
        expect((await putDevice(store, device(1, { manufacturer: 'B' }), 2)).version).toBe(3);
        expect((await loaded(store)).devices).toEqual([{ version: 3, record: device(1, { manufacturer: 'B' }) }]);
      });

      it('refuse a change that expects another version, and keep what they have', async () => {
        await putDevice(store, device(1), 0);
        await expect(putDevice(store, device(1, { model: 'X' }), 0)).rejects.toMatchObject({ code: 'store_conflict' });
        await expect(putDevice(store, device(1, { model: 'X' }), 2)).rejects.toMatchObject({ code: 'store_conflict' });
        await expect(putDevice(store, device(2), 1)).rejects.toMatchObject({ code: 'store_conflict' });
        await again();
        await expect(putDevice(store, device(1, { model: 'X' }), 0)).rejects.toMatchObject({ code: 'store_conflict' });
        expect((await loaded(store)).devices).toEqual([{ version: 1, record: device(1) }]);
      });

      it('apply changes in the order of the calls, without waiting for receipts', async () => {
        const commits = Array.from({ length: 50 }, (_, version) =>
          putDevice(store, device(1, { model: `model ${version}` }), version),
        );
        const receipts = await Promise.all(commits);
        expect(receipts.map(({ version }) => version)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
        await again();
        expect((await loaded(store)).devices).toEqual([{ version: 50, record: device(1, { model: 'model 49' }) }]);
      });

      it('of two changes that expect the same version take one', async () => {
        await putDevice(store, device(1), 0);
        const both = await Promise.allSettled([
          putDevice(store, device(1, { model: 'A' }), 1),
          putDevice(store, device(1, { model: 'B' }), 1),
        ]);
        expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
      });

      it('are gone after a delete, with their operations and values, at once and after a restart', async () => {
        await putDevice(store, device(1), 0);
        await putDevice(store, device(2), 0);
        await putOperation(store, operation(1, 1), 0);
        await putOperation(store, finished(2, 2), 0);
        await putValues(store, 1, 3303, 0, { 5700: value(21, at(1)) });
        expect((await deleteDevice(store, 1, 1)).version).toBe(0);
        await throughout(async (current) => {
          expect((await loaded(current)).devices).toEqual([{ version: 1, record: device(2) }]);
          expect((await loaded(current)).operations).toEqual([]);
          expect(await current.operation(operationId(1))).toBeUndefined();
          expect(await current.values(deviceId(1))).toEqual([]);
          expect((await current.operations(EVERYTHING, { limit: 10 })).items).toEqual([finished(2, 2)]);
          expect((await current.operations(EVERYTHING, { device: deviceId(1), limit: 10 })).items).toEqual([]);
        });
      });

      it('whose name comes again under a new id inherit nothing', async () => {
        await putDevice(store, device(1), 0);
        await putValues(store, 1, 3, 0, { 9: value(50, at(1)) });
        await deleteDevice(store, 1, 1);
        await putDevice(store, device(7, { endpoint: 'urn:dev:1' }), 0);
        expect(await store.values(deviceId(7))).toEqual([]);
        expect((await loaded(await again())).devices.map(({ record }) => record.id)).toEqual([deviceId(7)]);
      });

      it('do not come back through values and operations that arrive after the delete', async () => {
        await putDevice(store, device(1), 0);
        await deleteDevice(store, 1, 1);
        await putValues(store, 1, 3, 0, { 9: value(50, at(1)) });
        await putOperation(store, operation(1, 1), 0);
        await throughout(async (current) => {
          expect(await current.values(deviceId(1))).toEqual([]);
          expect(await current.operation(operationId(1))).toBeUndefined();
          expect(await loaded(current)).toMatchObject({ devices: [], operations: [] });
        });
      });
    });

    describe('touches', () => {
      it('are durable after a flush, and the later of record and touch counts', async () => {
        await putDevice(store, device(1), 0);
        await putDevice(store, device(2), 0);
        store.touch(deviceId(1), at(10));
        store.touch(deviceId(1), at(20));
        store.touch(deviceId(2), at(10));
        await store.flush();
        await putDevice(store, device(2, { lastSeen: at(30) }), 1);
        await again();
        expect((await loaded(store)).devices.map(({ record }) => record.lastSeen)).toEqual([at(20), at(30)]);
      });

      it('are written when the store closes', async () => {
        await putDevice(store, device(1), 0);
        store.touch(deviceId(1), at(10));
        await again();
        expect((await loaded(store)).devices[0]?.record.lastSeen).toBe(at(10));
      });

      it('of unknown and of deleted devices are ignored', async () => {
        await putDevice(store, device(1), 0);
        store.touch(deviceId(1), at(10));
        store.touch(deviceId(2), at(10));
        await deleteDevice(store, 1, 1);
        await store.flush();
        expect((await loaded(await again())).devices).toEqual([]);
      });

      it('do not change a version', async () => {
        await putDevice(store, device(1), 0);
        store.touch(deviceId(1), at(10));
        await store.flush();
        expect((await putDevice(store, device(1), 1)).version).toBe(2);
      });
    });

    describe('operations', () => {
      beforeEach(async () => {
        for (const number of [1, 2, 3]) await putDevice(store, device(number), 0);
      });

      it('are found by id as they were last committed', async () => {
        await putOperation(store, operation(1, 1), 0);
        expect(await store.operation(operationId(1))).toEqual({ version: 1, record: operation(1, 1) });
        await putOperation(store, finished(1, 1), 1);
        expect(await store.operation(operationId(1))).toEqual({ version: 2, record: finished(1, 1) });
        await again();
        expect(await store.operation(operationId(1))).toEqual({ version: 2, record: finished(1, 1) });
        expect(await store.operation(operationId(2))).toBeUndefined();
      });

      it('refuse a change that expects another version, however long ago the last one was', async () => {
        const stale = { code: 'store_conflict' };
        await putOperation(store, finished(1, 1), 0);
        await expect(putOperation(store, operation(1, 1), 0)).rejects.toMatchObject(stale);
        await again();
        await expect(putOperation(store, operation(1, 1), 0)).rejects.toMatchObject(stale);
        await expect(putOperation(store, operation(1, 1), 2)).rejects.toMatchObject(stale);
        await expect(putOperation(store, operation(9, 1), 1)).rejects.toMatchObject(stale);
        const both = [putOperation(store, finished(1, 1), 1), putOperation(store, finished(1, 1), 2)];
        expect((await Promise.all(both)).map(({ version }) => version)).toEqual([2, 3]);
      });

      it('are listed newest first, in pages that neither lose nor repeat one', async () => {
        for (let number = 1; number <= 12; number += 1)
          await putOperation(store, finished(number, 1 + (number % 2)), 0);
        await throughout(async (current) => {
          expect(await listed(current, { limit: 5 })).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
          expect(await listed(current, { limit: 2, device: deviceId(1) })).toEqual([12, 10, 8, 6, 4, 2]);
          expect(await listed(current, { limit: 12 })).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
        });
      });

      it('are listed by state, with what changed last', async () => {
        await putOperation(store, operation(1, 1), 0);
        await putOperation(store, operation(2, 1), 0);
        await putOperation(store, operation(3, 1, { state: 'sent', sentAt: at(3) }), 0);
        await again();
        await putOperation(store, finished(2, 1), 1);
        await putOperation(store, operation(4, 1), 0);
        await throughout(async (current) => {
          expect(await listed(current, { limit: 1, states: ['queued'] })).toEqual([4, 1]);
          expect(await listed(current, { limit: 1, states: ['sent', 'succeeded'] })).toEqual([3, 2]);
          expect(await listed(current, { limit: 9, states: ['failed'] })).toEqual([]);
        });
      });

      it('end a list without a cursor when nothing follows', async () => {
        await putOperation(store, finished(1, 1), 0);
        expect(await store.operations(EVERYTHING, { limit: 1 })).toEqual({ items: [finished(1, 1)] });
        expect(await store.operations(EVERYTHING, { limit: 1, device: deviceId(2) })).toEqual({ items: [] });
      });

      it('are loaded when they are not finished, or carry a key made since the moment given', async () => {
        const key = (name: string) => ({ idempotency: { key: name, digest: 'd' } });
        await putOperation(store, operation(1, 1), 0);
        await putOperation(store, finished(2, 1), 0);
        await putOperation(store, finished(3, 1, key('old')), 0);
        await putOperation(store, finished(10, 1, key('new')), 0);
        await putOperation(store, operation(11, 2, { state: 'sent', sentAt: at(11), ...key('open') }), 0);
        await throughout(async (current) => {
          const { operations } = await loaded(current, at(5));
          expect(operations.map(({ record }) => record.id)).toEqual([1, 10, 11].map(operationId));
          expect(operations.every(({ version }) => version === 1)).toBe(true);
        });
      });

      it('beyond the number kept for a device go, the oldest finished first', async () => {
        await again({ operationsPerDevice: 3 });
        await putOperation(store, operation(1, 1), 0);
        for (let number = 2; number <= 9; number += 1) await putOperation(store, finished(number, 1), 0);
        await putOperation(store, finished(10, 2), 0);
        await eventually(async () => {
          await again();
          return (await listed(store, { limit: 50, device: deviceId(1) })).length === 4;
        });
        expect(await listed(store, { limit: 50 })).toEqual([10, 9, 8, 7, 1]);
      });

      it('that finished longer ago than they are kept go, unfinished ones stay', async () => {
        await putOperation(store, operation(1, 1), 0);
        await putOperation(store, finished(2, 1), 0);
        now = at(2 * 86_400);
        await putOperation(store, finished(3, 1, { createdAt: at(86_000), finishedAt: now }), 0);
        await eventually(async () => {
          await again({ operationDays: 1 });
          return (await listed(store, { limit: 50 })).length === 2;
        });
        expect(await listed(store, { limit: 50 })).toEqual([3, 1]);
      });
    });

    describe('last values', () => {
      beforeEach(async () => {
        await putDevice(store, device(1), 0);
        await putDevice(store, device(2), 0);
      });

      it('are merged resource by resource, before and after a restart', async () => {
        await putValues(store, 1, 3303, 0, { 5700: value(20, at(1)), 5701: value(7, at(1)) });
        await putValues(store, 1, 3303, 0, { 5700: value(21, at(2)) });
        await again();
        await putValues(store, 1, 3303, 0, { 5601: value(18, at(3), { source: 'read', reportedAt: at(2) }) });
        const resources = {
          5601: value(18, at(3), { source: 'read', reportedAt: at(2) }),
          5700: value(21, at(2)),
          5701: value(7, at(1)),
        };
        await throughout(async (current) => {
          expect(await current.values(deviceId(1))).toEqual([
            { device: deviceId(1), object: 3303, instance: 0, resources },
          ]);
        });
      });

      it('of an earlier moment do not replace later ones, whatever the order of the changes', async () => {
        await putValues(store, 1, 3, 0, { 9: value(90, at(5)), 10: value(1, at(5)) });
        await putValues(store, 1, 3, 0, { 9: value(80, at(4)), 10: value(2, at(4)), 13: value(3, at(4)) });
        await putValues(store, 1, 3, 0, { 9: value(70, at(3)), 10: value(4, at(6)) });
        const resources = { 9: value(90, at(5)), 10: value(4, at(6)), 13: value(3, at(4)) };
        await throughout(async (current) => {
          expect((await current.values(deviceId(1)))[0]?.resources).toEqual(resources);
        });
        await putValues(store, 1, 3, 0, { 9: value(60, at(2)) });
        expect((await store.values(deviceId(1)))[0]?.resources).toEqual(resources);
      });

      it('of one moment are those of the later change', async () => {
        await putValues(store, 1, 3, 0, { 9: value(1, at(5)) });
        await putValues(store, 1, 3, 0, { 9: value(2, at(5)), 10: value(2, at(5)) });
        await putValues(store, 1, 3, 0, { 9: value(3, at(5)) });
        await throughout(async (current) => {
          expect((await current.values(deviceId(1)))[0]?.resources).toEqual({
            9: value(3, at(5)),
            10: value(2, at(5)),
          });
        });
      });

      it('are read by device, object and instance, in ascending order', async () => {
        for (const [object, instance] of [
          [3304, 0],
          [3303, 11],
          [3303, 2],
          [3, 0],
        ] as const)
          await putValues(store, 1, object, instance, { 1: value(instance, at(1)) });
        await putValues(store, 2, 3303, 2, { 1: value(99, at(1)) });
        await throughout(async (current) => {
          const places = async (object?: number, instance?: number) =>
            (await current.values(deviceId(1), object, instance)).map((found) => [found.object, found.instance]);
          expect(await places()).toEqual([
            [3, 0],
            [3303, 2],
            [3303, 11],
            [3304, 0],
          ]);
          expect(await places(3303)).toEqual([
            [3303, 2],
            [3303, 11],
          ]);
          expect(await places(3303, 11)).toEqual([[3303, 11]]);
          expect(await places(3303, 3)).toEqual([]);
          expect(await places(5)).toEqual([]);
        });
      });

      it('keep multiple resources, big integers as text, and any text', async () => {
        const resources = {
          6: { type: 'integer', values: { 0: 1, 65534: 5 }, receivedAt: at(1), source: 'send' },
          7: { type: 'integer', value: '9223372036854775807', receivedAt: at(1), source: 'write' },
          8: { type: 'string', value: '\u0000"\\\u2028😀', receivedAt: at(1), source: 'notify' },
        } as const;
        await putValues(store, 1, 3, 0, resources);
        await throughout(async (current) => {
          expect((await current.values(deviceId(1)))[0]?.resources).toEqual(resources);
        });
      });

      it('beyond the cap of an instance lose the oldest resources', async () => {
        await again({ valueBytes: 1000 });
        const text = 'x'.repeat(300);
        for (let number = 1; number <= 5; number += 1)
          await putValues(store, 1, 3, 0, { [number]: value(0, at(number), { type: 'string', value: text }) });
        await throughout(async (current) => {
          const [instance] = await current.values(deviceId(1));
          const kept = Object.keys(instance?.resources ?? {});
          expect(kept.at(-1)).toBe('5');
          expect(kept.length).toBeGreaterThanOrEqual(1);
          expect(kept.length).toBeLessThanOrEqual(3);
          expect(JSON.stringify(instance?.resources).length).toBeLessThanOrEqual(1000);
        });
      });

      it('need no expected version and give version 0', async () => {
        expect((await putValues(store, 1, 3, 0, { 9: value(1, at(1)) })).version).toBe(0);
      });
    });

    describe('object definitions', () => {
      const model = (object: number, version: string, xml: string): ModelRecord => ({
        ...{ object, version, xml, addedAt: at(0) },
      });
      const put = (record: ModelRecord, expected: number) =>
        store.commit({
          ...{ aggregate: 'model', record, expected, events: [] },
          ...{ actor: { kind: 'owner' }, fence: store.fence },
        });

      it('are loaded by object and version', async () => {
        await put(model(3303, '1.0', '<a/>'), 0);
        await put(model(3303, '1.1', '<b>ü</b>'), 0);
        await put(model(3303, '1.0', '<c/>'), 1);
        await expect(put(model(3303, '1.0', '<d/>'), 0)).rejects.toMatchObject({ code: 'store_conflict' });
        await throughout(async (current) => {
          const { models } = await loaded(current);
          expect(models).toHaveLength(2);
          expect(models).toContainEqual({ version: 2, record: model(3303, '1.0', '<c/>') });
          expect(models).toContainEqual({ version: 1, record: model(3303, '1.1', '<b>ü</b>') });
        });
        await expect(put(model(3303, '1.0', '<d/>'), 1)).rejects.toMatchObject({ code: 'store_conflict' });
      });
    });

    describe('settings', () => {
      const put = (name: string, awakeWindow: number | undefined, expected: number) =>
        store.commit({
          ...{ aggregate: 'setting', kind: 'model', name, expected, events: [] },
          ...(awakeWindow !== undefined && { record: { kind: 'model', name, awakeWindow } }),
          ...{ actor: { kind: 'owner' }, fence: store.fence },
        });
      const LONG = `${'ü/'.repeat(127)}"\u0000`;

      it('are loaded by kind and name, whatever is in the name', async () => {
        expect((await put('M1', 20, 0)).version).toBe(1);
        expect((await put(LONG, 5, 0)).version).toBe(1);
        expect((await put('M1', 30, 1)).version).toBe(2);
        await expect(put('M1', 40, 1)).rejects.toMatchObject({ code: 'store_conflict' });
        await throughout(async (current) => {
          const { settings } = await loaded(current);
          expect(settings).toHaveLength(2);
          expect(settings).toContainEqual({ version: 2, record: { kind: 'model', name: 'M1', awakeWindow: 30 } });
          expect(settings).toContainEqual({ version: 1, record: { kind: 'model', name: LONG, awakeWindow: 5 } });
        });
        await expect(put('M1', 40, 1)).rejects.toMatchObject({ code: 'store_conflict' });
      });

      it('are gone when they are removed, over a restart too, and can be made again', async () => {
        await put('M1', 20, 0);
        await put('M2', 20, 0);
        await again();
        expect((await put('M1', undefined, 1)).version).toBe(0);
        await throughout(async (current) => {
          expect((await loaded(current)).settings.map(({ record }) => record.name)).toEqual(['M2']);
        });
        expect((await put('M1', 7, 0)).version).toBe(1);
        expect((await loaded(await again())).settings).toHaveLength(2);
      });
    });

    describe('credentials and what is secured', () => {
      it('come back as they were put', async () => {
        const credentials: DeviceRecord['credentials'] = [
          { id: 'one', kind: 'psk', identity: '#00ff', sealed: 'c2VhbGVk', label: 'ü', createdAt: START },
          { id: 'two', kind: 'rpk', identity: 'ab'.repeat(32), validFrom: at(1), validUntil: at(2), createdAt: START },
          { id: 'three', kind: 'anchor', identity: 'ca', createdAt: START, lastUsed: at(3) },
        ];
        const identity = { kind: 'psk', name: '#00ff' } as const;
        const { registration } = device(1);
        const record = device(1, {
          ...{ credentials, secured: true },
          ...(registration && { registration: { ...registration, address: { ...registration.address, identity } } }),
        });
        await putDevice(store, record, 0);
        await throughout(async (current) => {
          expect((await loaded(current)).devices).toEqual([{ version: 1, record }]);
        });
      });

      it('may be those of a device that was never heard, which stays so', async () => {
        const never = device(1, { lastSeen: WallTime(-8_640_000_000_000_000) });
        await putDevice(store, never, 0);
        await throughout(async (current) => {
          expect((await loaded(current)).devices).toEqual([{ version: 1, record: never }]);
        });
      });

      it('are loaded as settings of their kinds', async () => {
        const settings: readonly SettingRecord[] = [
          { kind: 'anchor', name: 'ca', certificate: '-----', rule: '{cn}', label: 'ü', createdAt: START },
          { kind: 'crl', name: 'ca', list: '-----', createdAt: START },
          { kind: 'secured', name: 'urn:dev:1', since: START },
          {
            ...{
              kind: 'serverCredential',
              name: 'door',
              sealed: 'AA==',
              publicKey: '---',
              chain: '---',
              createdAt: START,
            },
            ...{ hosts: ['a.example', 'b.example'], anchors: ['ca'] },
          },
        ];
        for (const record of settings)
          await store.commit({
            ...{ aggregate: 'setting', kind: record.kind, name: record.name, expected: 0, record, events: [] },
            ...{ actor: { kind: 'owner' }, fence: store.fence },
          });
        await throughout(async (current) => {
          const found = (await loaded(current)).settings.map(({ record }) => record);
          expect(found).toHaveLength(4);
          expect(found).toEqual(expect.arrayContaining([...settings]));
        });
      });
    });

    describe('a notice', () => {
      it('keeps its events and changes nothing', async () => {
        await putDevice(store, device(1), 0);
        const told = event(1, { type: 'device.identityRefused' });
        const receipt = await store.commit({
          ...{ aggregate: 'notice', actor: { kind: 'system' }, fence: store.fence, events: [told] },
        });
        expect(receipt).toMatchObject({ version: 0, events: [told] });
        await throughout(async (current) => {
          expect((await current.events(EVERYTHING, 0, 100)).events).toEqual(receipt.events);
          expect((await loaded(current)).devices).toEqual([{ version: 1, record: device(1) }]);
        });
      });
    });

    describe('events', () => {
      it('are stored with their change and numbered in the order of the receipts', async () => {
        const receipts = await Promise.all([
          putDevice(store, device(1), 0, [event(1, { type: 'device.registered' }), event(1)]),
          putDevice(store, device(2), 0, []),
          putDevice(store, device(3), 0, [event(3)]),
        ]);
        const numbered = receipts.flatMap(({ events }) => events);
        expect(numbered.map(({ type }) => type)).toEqual(['device.registered', 'device.updated', 'device.updated']);
        expect(rising(numbered.map(({ number }) => number))).toBe(true);
        await throughout(async (current) => {
          expect(await current.events(EVERYTHING, 0, 100)).toEqual({
            ...{ events: numbered, oldest: numbered[0]?.number, newest: numbered[2]?.number },
          });
        });
      });

      it('give their numbers in the order of the receipts, whatever the changes are', async () => {
        await putDevice(store, device(1), 0);
        await putOperation(store, finished(1, 1), 0);
        await again();
        const order: number[] = [];
        const told = async (commit: Promise<Receipt>) => {
          for (const { number } of (await commit).events) order.push(number);
        };
        const received = event(1, { type: 'value.received' });
        const commits = [told(putOperation(store, finished(1, 1), 1, [event(1)]))];
        for (let turn = 0; turn < 30; turn += 1) {
          commits.push(told(putDevice(store, device(1, { model: `${turn}` }), turn + 1, [event(1), event(1)])));
          commits.push(told(putValues(store, 1, 3, 0, { 9: value(turn, at(turn)) }, [received])));
          commits.push(told(putOperation(store, operation(turn + 10, 1), 0, [event(1)])));
          if (turn % 10 === 9) await Promise.all(commits.splice(0));
        }
        await Promise.all(commits);
        expect(order).toHaveLength(1 + 30 * 4);
        expect(rising(order)).toBe(true);
      });

      it('keep all they say', async () => {
        await putDevice(store, device(1), 0, [
          event(1, { data: { text: '\u0000"\\\u2028😀', deep: { list: [1, [2.5, null, true], {}] }, big: 1e300 } }),
          { type: 'object.added', at: at(5), data: {} },
        ]);
        await throughout(async (current) => {
          const { events } = await current.events(EVERYTHING, 0, 100);
          expect(events.map(({ number, ...rest }) => [typeof number, rest])).toEqual([
            ['number', event(1, events[0] === undefined ? {} : { data: events[0].data })],
            ['number', { type: 'object.added', at: at(5), data: {} }],
          ]);
          expect(events[0]?.data).toEqual({
            ...{ text: '\u0000"\\\u2028😀', deep: { list: [1, [2.5, null, true], {}] }, big: 1e300 },
          });
        });
      });

      it('of a refused change do not exist', async () => {
        await putDevice(store, device(1), 0, [event(1)]);
        await expect(putDevice(store, device(1), 0, [event(1)])).rejects.toMatchObject({ code: 'store_conflict' });
        expect((await store.events(EVERYTHING, 0, 100)).events).toHaveLength(1);
      });

      it('are read above a number, at most as many as asked for', async () => {
        for (let number = 1; number <= 5; number += 1) await putDevice(store, device(number), 0, [event(number)]);
        await throughout(async (current) => {
          const all = (await current.events(EVERYTHING, 0, 100)).events;
          const after = async (number: number, limit: number) =>
            (await current.events(EVERYTHING, number, limit)).events.map(({ data }) => data.of);
          expect(all).toHaveLength(5);
          expect(await after(all[1]?.number ?? 0, 2)).toEqual([3, 4]);
          expect(await after(all[3]?.number ?? 0, 2)).toEqual([5]);
          expect(await after(all[4]?.number ?? 0, 2)).toEqual([]);
        });
      });

      it('of values are numbered but not kept, and no number is given twice, over restarts too', async () => {
        await putDevice(store, device(1), 0, [event(1)]);
        const received = { type: 'value.received', data: { path: '/3/0/9', value: 5 } } as const;
        const numbers: number[] = [];
        for (let round = 0; round < 3; round += 1) {
          const { events } = await putValues(store, 1, 3, 0, { 9: value(round, at(round)) }, [event(1, received)]);
          numbers.push(...events.map(({ number }) => number));
          expect((await store.events(EVERYTHING, 0, 10)).newest).toBe(numbers.at(-1));
          await again();
        }
        numbers.push(...(await putDevice(store, device(1), 1, [event(1)])).events.map(({ number }) => number));
        expect(numbers).toHaveLength(4);
        expect(rising(numbers)).toBe(true);
        expect((await store.events(EVERYTHING, 0, 10)).events.map(({ type }) => type)).toEqual([
          'device.updated',
          'device.updated',
        ]);
      });

      it('beyond the number kept go, and the oldest kept is named', async () => {
        await again({ events: 10 });
        await putDevice(store, device(1), 0);
        const numbers: number[] = [];
        for (let version = 1; version <= 25; version += 1) {
          const { events } = await putDevice(store, device(1), version, [event(1)]);
          numbers.push(...events.map(({ number }) => number));
          if (version === 15) await again();
        }
        await throughout(async (current) => {
          const { events, oldest, newest } = await current.events(EVERYTHING, 0, 100);
          expect(events.map(({ number }) => number)).toEqual(numbers.slice(-10));
          expect([oldest, newest]).toEqual([numbers.at(-10), numbers.at(-1)]);
        });
      });

      it('of an empty store have no oldest', async () => {
        expect(await store.events(EVERYTHING, 0, 10)).toMatchObject({ events: [], oldest: 0 });
      });
    });

    describe('refusals', () => {
      it('a change with a fence of an earlier opening is refused', async () => {
        const earlier = store.fence;
        await again();
        expect(store.fence).toBeGreaterThan(earlier);
        const change = { aggregate: 'device', id: deviceId(1), expected: 0, record: device(1), events: [] } as const;
        await expect(store.commit({ ...change, actor: { kind: 'system' }, fence: earlier })).rejects.toMatchObject({
          code: 'store_fenced',
        });
        expect((await loaded(store)).devices).toEqual([]);
      });

      it('a change of any kind with an earlier fence is refused, with its events', async () => {
        await putDevice(store, device(1), 0);
        await putOperation(store, operation(1, 1), 0);
        const earlier = store.fence;
        await again();
        const { events: before, newest } = await store.events(EVERYTHING, 0, 100);
        const outdated = { actor: { kind: 'owner' }, fence: earlier, events: [event(1)] } as const;
        const resources = { 9: value(1, at(1)) };
        const changes: readonly Change[] = [
          { ...outdated, aggregate: 'device', id: deviceId(1), expected: 1, record: device(1, { model: 'X' }) },
          { ...outdated, aggregate: 'device', id: deviceId(1), expected: 1 },
          { ...outdated, aggregate: 'operation', id: operationId(1), expected: 1, record: finished(1, 1) },
          { ...outdated, aggregate: 'values', values: { device: deviceId(1), object: 3, instance: 0, resources } },
          {
            ...outdated,
            ...{ aggregate: 'model', expected: 0, record: { object: 1, version: '1.0', xml: '', addedAt: at(0) } },
          },
          {
            ...outdated,
            ...{ aggregate: 'setting', kind: 'model', name: 'M', expected: 0 },
            record: { kind: 'model', name: 'M', awakeWindow: 5 },
          },
        ];
        for (const change of changes)
          await expect(store.commit(change)).rejects.toMatchObject({ code: 'store_fenced' });
        await throughout(async (current) => {
          expect(await loaded(current)).toEqual({
            devices: [{ version: 1, record: device(1) }],
            operations: [{ version: 1, record: operation(1, 1) }],
            models: [],
            settings: [],
          });
          expect(await current.values(deviceId(1))).toEqual([]);
          expect(await current.events(EVERYTHING, 0, 100)).toMatchObject({ events: before, newest });
        });
      });

      it('a delete that expects another version is refused, and so is one of what does not exist', async () => {
        await putDevice(store, device(1), 0);
        const stale = { code: 'store_conflict' };
        await expect(deleteDevice(store, 1, 2, [event(1)])).rejects.toMatchObject(stale);
        await expect(deleteDevice(store, 1, 0)).rejects.toMatchObject(stale);
        await expect(deleteDevice(store, 2, 1)).rejects.toMatchObject(stale);
        await throughout(async (current) => {
          expect((await loaded(current)).devices).toEqual([{ version: 1, record: device(1) }]);
          expect((await current.events(EVERYTHING, 0, 100)).events).toEqual([]);
        });
      });

      it('of changes made together only the refused one is missing', async () => {
        await putDevice(store, device(1), 0);
        const together = await Promise.allSettled([
          putDevice(store, device(2), 0, [event(2)]),
          putDevice(store, device(1, { model: 'X' }), 0, [event(1)]),
          putOperation(store, operation(1, 1), 0),
          putOperation(store, operation(2, 1), 7),
          putValues(store, 1, 3, 0, { 9: value(1, at(1)) }),
        ]);
        expect(together.map(({ status }) => status)).toEqual([
          ...['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'],
        ]);
        await throughout(async (current) => {
          const { devices, operations } = await loaded(current);
          expect(devices.map(({ record }) => record)).toEqual([device(1), device(2)]);
          expect(operations.map(({ record }) => record)).toEqual([operation(1, 1)]);
          expect(await current.values(deviceId(1))).toHaveLength(1);
          expect((await current.events(EVERYTHING, 0, 100)).events.map(({ data }) => data.of)).toEqual([2]);
        });
      });

      it('a full queue refuses at once with a time to come back, says it is busy, and takes changes again', async () => {
        await again({ queueBytes: 4000 });
        await loaded(store);
        const commits = Array.from({ length: 40 }, (_, number) => putDevice(store, device(number + 1), 0));
        expect(store.busy).toBe(true);
        const [kept, dropped] = await Promise.allSettled([
          store.keepSession(session(1, 1)),
          store.dropSessions(deviceId(1)),
        ]);
        expect([kept, dropped]).toMatchObject([{ reason: { code: 'store_busy' } }, { status: 'fulfilled' }]);
        const settled = await Promise.allSettled(commits);
        const refused = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
        const taken = settled.length - refused.length;
        expect(refused[0]).toMatchObject({ code: 'store_busy', details: { retryAfter: expect.any(Number) } });
        expect(taken).toBeGreaterThan(0);
        expect(store.busy).toBe(false);
        await putDevice(store, device(100), 0);
        expect((await loaded(await again())).devices).toHaveLength(taken + 1);
      });

      it('a closed store refuses changes', async () => {
        await store.close();
        await expect(putDevice(store, device(1), 0)).rejects.toMatchObject({ code: 'store_unavailable' });
      });
    });

    const opened = () => ({
      ...{ store, again, crash: () => here.crash() },
      open: (of: StorePlace) => of.open(limits, now),
      later: (then: WallTime) => {
        now = then;
        return again();
      },
    });
    describeDurability(opened);
    describeSessions(opened);

    it('finishes what was accepted before it closes', async () => {
      const commits = Array.from({ length: 300 }, (_, number) => putDevice(store, device(number), 0));
      await store.close();
      await Promise.all(commits);
      store = await here.open(limits, now);
      expect((await loaded(store)).devices).toHaveLength(300);
    });

    it('says that it is well, in figures', async () => {
      await putDevice(store, device(1), 0);
      const { problem, gauges } = store.status();
      expect(problem).toBeUndefined();
      expect(Object.values(gauges).every((gauge) => Number.isFinite(gauge))).toBe(true);
    });

    it('answers the same as a model of it does, over random changes and restarts', async () => {
      await randomWalk(() => store, again);
    });
  });
}

/** What a load gives. */
interface Loaded {
  readonly devices: readonly Versioned<DeviceRecord>[];
  readonly operations: readonly Versioned<OperationRecord>[];
  readonly models: readonly Versioned<ModelRecord>[];
  readonly settings: readonly Versioned<SettingRecord>[];
}

/** Loads everything; devices and operations in the order of their ids. */
export async function loaded(store: FleetStore, since: WallTime = WallTime(0)): Promise<Loaded> {
  const devices: Versioned<DeviceRecord>[] = [];
  const operations: Versioned<OperationRecord>[] = [];
  const models: Versioned<ModelRecord>[] = [];
  const settings: Versioned<SettingRecord>[] = [];
  for await (const batch of store.load(EVERYTHING, since)) {
    if (batch.kind === 'devices') devices.push(...batch.items);
    else if (batch.kind === 'operations') operations.push(...batch.items);
    else if (batch.kind === 'models') models.push(...batch.items);
    else settings.push(...batch.items);
  }
  const byId = (left: { record: { id: string } }, right: { record: { id: string } }) =>
    left.record.id < right.record.id ? -1 : 1;
  return { devices: devices.sort(byId), operations: operations.sort(byId), models, settings };
}

async function listed(store: FleetStore, query: Omit<OperationQuery, 'cursor'>): Promise<readonly number[]> {
  const numbers: number[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.operations(EVERYTHING, cursor === undefined ? query : { ...query, cursor });
    expect(page.items.length).toBeLessThanOrEqual(query.limit);
    numbers.push(...page.items.map(({ id }) => Number.parseInt(id.slice(13), 16)));
    cursor = page.next;
  } while (cursor !== undefined);
  return numbers;
}

function rising(numbers: readonly number[]): boolean {
  return numbers.every((number, index) => index === 0 || number > (numbers[index - 1] as number));
}

/** Tries until it holds; what is removed by and by may take some rounds. */
async function eventually(holds: () => Promise<boolean>): Promise<void> {
  for (let round = 0; round < 100; round += 1) if (await holds()) return;
  throw new Error('did not come to hold');
}
