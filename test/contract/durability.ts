/**
 * The part of the contract that speaks of crashes: what is acknowledged is found by a start after a crash at that moment, a
 * change with its events wholly or not at all, and every order of two changes is safe at each prefix.
 */

import { describe, expect, it } from '@jest/globals';
import { EVERYTHING } from '#fleet/model';
import type { ModelRecord } from '#fleet/model';
import type { FleetStore, Receipt } from '#fleet/ports';
import { foundIn } from '../support/found.js';
import type { Found } from '../support/found.js';
import type { StorePlace } from './store-place.js';
import { at, deleteDevice, device, deviceId, event, finished, operation } from './records.js';
import { putDevice, putOperation, putValues, value } from './records.js';

/** What the suite has open. */
export interface Opened {
  readonly store: FleetStore;
  readonly crash: () => Promise<StorePlace>;
  readonly open: (place: StorePlace) => Promise<FleetStore>;
  /** Closes the store and opens it again. */
  readonly again: () => Promise<FleetStore>;
}

const received = event(1, { type: 'value.received', data: {} });

/** Declares the tests of durability. */
export function describeDurability(opened: () => Opened): void {
  /** What is found by a start after a crash at this moment. */
  const afterCrash = async <T>(look: (store: FleetStore) => Promise<T>): Promise<T> => {
    const place = await opened().crash();
    const store = await opened().open(place);
    try {
      return await look(store);
    } finally {
      await store.close();
      await place.remove();
    }
  };

  describe('a crash', () => {
    it('takes nothing that was acknowledged, and leaves of the rest whole changes with their events', async () => {
      const { store } = opened();
      await putDevice(store, device(1), 0);
      let version = 1;
      let acknowledged = 1;
      const numbers: number[] = [];
      const underWay: Promise<unknown>[] = [];
      for (let round = 0; round < 6; round += 1) {
        for (let count = 0; count < 20; count += 1) {
          const its = version + 1;
          const record = device(1, { model: `${its}` });
          const commit = putDevice(store, record, version, [event(1, { data: { its } }), event(1, { data: { its } })]);
          version = its;
          underWay.push(
            commit.then((receipt) => {
              acknowledged = receipt.version;
              numbers.push(...receipt.events.map(({ number }) => number));
            }),
          );
        }
        await underWay[round * 20 + 3 * round];
        const known = { version: acknowledged, numbers: [...numbers] };
        const found = await afterCrash(foundIn);
        expect(found.devices).toHaveLength(1);
        const there = found.devices[0]?.version ?? 0;
        expect(there).toBeGreaterThanOrEqual(known.version);
        expect(found.devices[0]?.record).toEqual(device(1, { model: `${there}` }));
        const versions = Array.from({ length: there - 1 }, (_, index) => index + 2);
        expect(found.events.map(({ data }) => data['its'])).toEqual(versions.flatMap((its) => [its, its]));
        expect(found.events.slice(0, known.numbers.length).map(({ number }) => number)).toEqual(known.numbers);
      }
      await Promise.all(underWay);
    });

    it('never gives a number twice, of an event that is not kept either', async () => {
      const { store } = opened();
      await putDevice(store, device(1), 0, [event(1)]);
      const given: number[] = [];
      for (let round = 0; round < 3; round += 1) {
        const { events } = await putValues(store, 1, 3, 0, { 9: value(round, at(round)) }, [received, received]);
        given.push(...events.map(({ number }) => number));
        const next = await afterCrash(async (started) => {
          expect((await started.events(EVERYTHING, 0, 10)).newest).toBe(given.at(-1));
          expect((await started.events(EVERYTHING, 0, 10)).events).toHaveLength(1);
          return putDevice(started, device(1), 1, [event(1)]);
        });
        expect(next.events[0]?.number).toBeGreaterThan(given.at(-1) as number);
      }
    });

    it('takes no touch that was flushed', async () => {
      const { store } = opened();
      await putDevice(store, device(1), 0);
      await putDevice(store, device(2), 0);
      store.touch(deviceId(1), at(10));
      await store.flush();
      store.touch(deviceId(2), at(20));
      const { devices } = await afterCrash(foundIn);
      const seen = new Map(devices.map(({ record }) => [record.id, record.lastSeen]));
      expect(seen.get(deviceId(1))).toBe(at(10));
      expect([device(2).lastSeen, at(20)]).toContain(seen.get(deviceId(2)));
    });

    it('names each opening as no other, of copies too, and the one before by the name it had', async () => {
      const { store, again } = opened();
      const names = (one: FleetStore): Promise<readonly [string, string | undefined]> =>
        Promise.resolve([one.opening, one.openingBefore]);
      const later = [await afterCrash(names), await afterCrash(names), await names(await again())];
      expect(later.map(([, before]) => before)).toEqual(later.map(() => store.opening));
      expect(new Set([store.opening, ...later.map(([now]) => now)]).size).toBe(1 + later.length);
    });

    it('raises the fence, so that what was left of the process before is refused', async () => {
      const { store } = opened();
      await putDevice(store, device(1), 0);
      await afterCrash(async (started) => {
        expect(started.fence).toBeGreaterThan(store.fence);
        const change = { aggregate: 'device', id: deviceId(1), expected: 1, events: [] } as const;
        await expect(
          started.commit({ ...change, actor: { kind: 'system' }, fence: store.fence }),
        ).rejects.toMatchObject({ code: 'store_fenced' });
      });
    });
  });

  describe('two changes in either order', () => {
    const model: ModelRecord = { object: 3303, version: '1.0', xml: '<a/>', addedAt: at(0) };
    type Make = (store: FleetStore, of: number) => Promise<Receipt>;
    /** Changes that concern one device, or nothing of it; each is made once on a device with a record and an open operation. */
    const kinds: Readonly<Record<string, Make>> = {
      'a change of the device': (store, of) => putDevice(store, device(of, { model: 'X' }), 1, [event(of)]),
      'its removal': async (store, of) => {
        const { devices } = await foundIn(store);
        const known = devices.find(({ record }) => record.id === deviceId(of));
        return deleteDevice(store, of, known?.version ?? 0, [event(of, { type: 'device.deleted' })]);
      },
      'an operation': (store, of) => putOperation(store, operation(1000 + of, of), 0, []),
      'the end of one': (store, of) =>
        putOperation(store, finished(of, of), 1, [event(of, { type: 'operation.finished' })]),
      'a value': (store, of) => putValues(store, of, 3, 0, { 9: value(of, at(1)) }, [received]),
      'a setting': (store, of) =>
        store.commit({
          ...{ aggregate: 'setting', kind: 'model', name: `M${of}`, expected: 0, events: [] },
          ...{ record: { kind: 'model', name: `M${of}`, awakeWindow: 5 } },
          ...{ actor: { kind: 'owner' }, fence: store.fence },
        }),
      'a notice': (store, of) =>
        store.commit({
          ...{ aggregate: 'notice', actor: { kind: 'system' }, fence: store.fence, events: [event(of)] },
        }),
      'a definition': (store, of) =>
        store.commit({
          ...{ aggregate: 'model', expected: 0, record: { ...model, object: 30_000 + of }, events: [] },
          ...{ actor: { kind: 'owner' }, fence: store.fence },
        }),
    };

    /** What is there of device number `of`, by kinds of change. */
    const traces = (found: Found, of: number) => {
      const known = found.devices.find(({ record }) => record.id === deviceId(of));
      const finishedOnes = found.events.some(({ type, data }) => type === 'operation.finished' && data['of'] === of);
      return {
        model: known?.record.model,
        device: known !== undefined,
        operations: found.operations.map(({ record }) => record).filter(({ device: its }) => its === deviceId(of)),
        finished: finishedOnes,
        values: found.values.filter(({ device: its }) => its === deviceId(of)),
        definition: found.models.some(({ record }) => record.object === 30_000 + of),
        setting: found.settings.some(({ record }) => record.name === `M${of}`),
        events: found.events.filter(({ data }) => data['of'] === of).map(({ type }) => type),
      };
    };

    const names = Object.keys(kinds);
    const pairs = names.flatMap((first) => names.filter((other) => other !== first).map((second) => [first, second]));

    it(`are each found alone after a crash between them, and both after one behind them (${pairs.length} pairs)`, async () => {
      const { store } = opened();
      for (const [index] of pairs.entries()) {
        await putDevice(store, device(index + 1), 0);
        await putOperation(store, operation(index + 1, index + 1), 0);
      }
      const half = new Map<number, ReturnType<typeof traces>>();
      for (const [index, [first = '']] of pairs.entries()) {
        await (kinds[first] as Make)(store, index + 1);
        half.set(index, traces(await foundIn(store), index + 1));
      }
      const between = await afterCrash(foundIn);
      for (const [index] of pairs.entries()) expect(traces(between, index + 1)).toEqual(half.get(index));

      const whole = new Map<number, ReturnType<typeof traces>>();
      for (const [index, [, second = '']] of pairs.entries()) {
        // What a device that is gone is told has no effect, but is no error either.
        await (kinds[second] as Make)(store, index + 1).catch((error: unknown) => {
          if (half.get(index)?.device === true) throw error;
        });
        whole.set(index, traces(await foundIn(store), index + 1));
      }
      const behind = await afterCrash(foundIn);
      for (const [index, [first, second]] of pairs.entries()) {
        const left = traces(behind, index + 1);
        expect({ first, second, ...left }).toEqual({ first, second, ...whole.get(index) });
        const gone = first === 'its removal' || second === 'its removal';
        if (gone) expect(left).toMatchObject({ operations: [], values: [] });
      }
    });
  });
}
