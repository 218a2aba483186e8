/**
 * The part of the contract that speaks of sessions of the secure transport: one of each device and listener, found by its
 * digest alone, durable when that is said, and gone with its device.
 */

import { beforeEach, describe, expect, it } from '@jest/globals';
import type { WallTime } from '#base';
import type { SessionRecord } from '#fleet/model';
import type { FleetStore } from '#fleet/ports';
import { at, deleteDevice, device, deviceId, putDevice, session } from './records.js';
import type { Opened } from './durability.js';

/** What these tests need besides. */
export interface Sessions extends Opened {
  /** Closes the store and opens it when the calendar says `now`. */
  readonly later: (now: WallTime) => Promise<FleetStore>;
}

/** Declares the tests of sessions. */
export function describeSessions(opened: () => Sessions): void {
  const found = (number: number, store = opened().store): Promise<SessionRecord | undefined> =>
    store.session(session(number, 1).digest);

  describe('sessions', () => {
    beforeEach(async () => {
      await putDevice(opened().store, device(1), 0);
      await putDevice(opened().store, device(2), 0);
    });

    it('are found by their digest as they were kept, in the same session, after a crash and after a restart', async () => {
      const { again, crash, open, store } = opened();
      const long = session(2, 2, { listener: 12, sealed: 'A'.repeat(4000) });
      await Promise.all([store.keepSession(session(1, 1)), store.keepSession(long)]);
      const place = await crash();
      const started = await open(place);
      for (const one of [store, started]) {
        expect(await found(1, one)).toEqual(session(1, 1));
        expect(await found(2, one)).toEqual(long);
        expect(await found(3, one)).toBeUndefined();
      }
      await started.close();
      await place.remove();
      expect(await found(2, await again())).toEqual(long);
    });

    it('take the place of the last one of the same device and listener, and of no other', async () => {
      const { again, store } = opened();
      const others = [session(1, 1, { listener: 0 }), session(2, 2)];
      for (const one of others) await store.keepSession(one);
      await store.keepSession(session(3, 1));
      expect(await found(3)).toEqual(session(3, 1));
      await Promise.all([store.keepSession(session(4, 1)), store.keepSession(session(5, 1))]);
      const check = async (one: FleetStore) => {
        expect([await found(3, one), await found(4, one)]).toEqual([undefined, undefined]);
        expect(await found(5, one)).toEqual(session(5, 1));
        expect([await found(1, one), await found(2, one)]).toEqual(others);
      };
      await check(store);
      await check(await again());
    });

    it('are all forgotten when those of their device are dropped, and may come again', async () => {
      const { again, crash, open, store } = opened();
      await store.keepSession(session(1, 1));
      await store.keepSession(session(2, 1, { listener: 0 }));
      await store.keepSession(session(3, 2));
      const kept = [store.keepSession(session(4, 1)), store.dropSessions(deviceId(1))];
      await Promise.all([...kept, store.keepSession(session(5, 1))]);
      const place = await crash();
      const started = await open(place);
      const left = async (one: FleetStore) => {
        const all = [1, 2, 3, 4, 5].map((number) => found(number, one));
        return (await Promise.all(all)).map((record) => record?.sealed);
      };
      const expected = [undefined, undefined, session(3, 2).sealed, undefined, session(5, 1).sealed];
      expect(await left(store)).toEqual(expected);
      expect(await left(started)).toEqual(expected);
      await started.close();
      await place.remove();
      const next = await again();
      expect(await left(next)).toEqual(expected);
      await next.dropSessions(deviceId(1));
      await next.dropSessions(deviceId(9));
      expect(await left(await again())).toEqual([undefined, undefined, session(3, 2).sealed, undefined, undefined]);
    });

    it('go with their device, and do not come after it', async () => {
      const { again, store } = opened();
      await store.keepSession(session(1, 1));
      await deleteDevice(store, 1, 1);
      expect(await found(1)).toBeUndefined();
      await store.keepSession(session(2, 1));
      await store.keepSession(session(3, 99));
      const check = async (one: FleetStore) => {
        expect(await Promise.all([1, 2, 3].map((number) => found(number, one)))).toEqual(Array(3).fill(undefined));
      };
      await check(store);
      await check(await again());
    });

    it('have no version and no event: the device changes as if they were not', async () => {
      const { store } = opened();
      await store.keepSession(session(1, 1));
      const { version, events } = await putDevice(store, device(1, { model: 'X' }), 1, []);
      expect([version, events]).toEqual([2, []]);
    });

    it('that have expired are removed by and by', async () => {
      const { later, store } = opened();
      await store.keepSession(session(1, 1, { expires: at(2000) }));
      await store.keepSession(session(2, 2, { expires: at(2001) }));
      let looking = await later(at(2000));
      for (let round = 0; round < 100 && (await found(1, looking)) !== undefined; round += 1)
        looking = await later(at(2000));
      expect([await found(1, looking), (await found(2, looking))?.expires]).toEqual([undefined, at(2001)]);
    });

    it('are refused by a store that is closed', async () => {
      const { store } = opened();
      await store.close();
      await expect(store.keepSession(session(1, 1))).rejects.toMatchObject({ code: 'store_unavailable' });
      await expect(store.dropSessions(deviceId(1))).rejects.toMatchObject({ code: 'store_unavailable' });
    });

    it('answer the same as a plain map does, over random keeping, dropping and restarts', async () => {
      let state = 20_261_128;
      const below = (bound: number): number => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        return Math.floor((state / 0x1_00_00_00_00) * bound);
      };
      let { store } = opened();
      for (const number of [3, 4, 5]) await putDevice(store, device(number), 0);
      const places = new Map<string, number>();
      let underway: Promise<void>[] = [];
      for (let step = 1; step <= 400; step += 1) {
        const [of, listener] = [1 + below(5), below(2)];
        if (below(6) === 0) {
          underway.push(store.dropSessions(deviceId(of)));
          for (const other of [0, 1]) places.delete(`${of} ${other}`);
        } else {
          underway.push(store.keepSession(session(step, of, { listener })));
          places.set(`${of} ${listener}`, step);
        }
        if (below(10) !== 0) continue;
        await Promise.all(underway);
        underway = [];
        if (below(8) === 0) store = await opened().again();
        const kept = new Set(places.values());
        for (let number = Math.max(1, step - 40); number <= step; number += 1)
          expect([number, (await found(number, store)) !== undefined]).toEqual([number, kept.has(number)]);
      }
      await Promise.all(underway);
    });
  });
}
