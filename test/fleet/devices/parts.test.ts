/** The small parts below the registry: ids, one change at a time, the expiry heap, records made small. */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Instant, WallTime } from '#base';
import { DeviceId, OperationId } from '#fleet/model';
import type { DeviceRecord } from '#fleet/model';
import { ObjectLists } from '#lwm2m/model';
import { Compactor } from '../../../src/fleet/devices/compact.js';
import { Device } from '../../../src/fleet/devices/device.js';
import { Exclusive } from '../../../src/fleet/devices/exclusive.js';
import { ExpiryHeap } from '../../../src/fleet/devices/expiry.js';
import { OperationIds, newDeviceId, newLocation, newToken } from '../../../src/fleet/devices/ids.js';
import { SeededRandom } from '../../support/random.js';
import { settle } from '../world.js';

const WALL = WallTime(Date.UTC(2030, 0, 1));

describe('ids', () => {
  it('of devices begin with the moment, locations and tokens are random text of fixed length', () => {
    const random = new SeededRandom(1);
    expect(newDeviceId(WALL, random)).toMatch(/^[0-9a-f]{32}$/);
    expect(newDeviceId(WALL, random).slice(0, 12)).toBe(WALL.toString(16).padStart(12, '0'));
    expect(newDeviceId(WallTime(-1), random).slice(0, 12)).toBe('0'.repeat(12));
    const locations = new Set(Array.from({ length: 1000 }, () => newLocation(random)));
    expect(locations.size).toBe(1000);
    for (const location of locations) expect(location).toMatch(/^[A-Za-z0-9_-]{10}$/);
    expect(newToken(random)).toMatch(/^[0-9a-f]{16}$/);
  });

  it('of operations rise strictly for any sequence of moments', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1000, max: 2 ** 43 }), { maxLength: 100 }), (moments) => {
        const ids = new OperationIds();
        const made = moments.map((moment) => ids.next(WallTime(moment)));
        for (let index = 1; index < made.length; index += 1)
          expect((made[index] as string) > (made[index - 1] as string)).toBe(true);
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  it('of operations go on after the newest one before the restart, when the counter is full too', () => {
    const ids = new OperationIds();
    const newest = OperationId(`${WALL.toString(16).padStart(11, '0')}00fffffff`);
    ids.resume(newest);
    expect(ids.next(WALL) > newest).toBe(true);
    ids.resume(OperationId('0'.repeat(20)));
    expect(ids.next(WALL) > newest).toBe(true);
  });
});

describe('Exclusive', () => {
  it('runs work of one key one after the other in order, of different keys side by side, failures included', async () => {
    const exclusive = new Exclusive();
    const log: string[] = [];
    const open: (() => void)[] = [];
    const work = (key: string, name: string) =>
      exclusive.run(key, async () => {
        log.push(`+${name}`);
        await new Promise<void>((resolve) => open.push(resolve));
        log.push(`-${name}`);
        if (name === 'a1') throw new Error('a1');
      });
    const all = Promise.allSettled([work('a', 'a1'), work('a', 'a2'), work('b', 'b1')]);
    await settle();
    expect(log).toEqual(['+a1', '+b1']);
    expect([exclusive.busy('a'), exclusive.busy('c'), exclusive.size]).toEqual([true, false, 2]);
    for (let round = 0; round < 2; round += 1) {
      open.splice(0).forEach((go) => go());
      await settle();
    }
    expect((await all).map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(log).toEqual(['+a1', '+b1', '-a1', '-b1', '+a2', '-a2']);
    expect(exclusive.size).toBe(0);
  });

  it('refuses what is too much for one key', async () => {
    const exclusive = new Exclusive(1);
    let go: () => void = () => undefined;
    const first = exclusive.run('a', () => new Promise<void>((resolve) => (go = resolve)));
    const second = exclusive.run('a', () => Promise.resolve());
    await expect(exclusive.run('a', () => Promise.resolve())).rejects.toMatchObject({ code: 'store_busy' });
    go();
    await Promise.all([first, second]);
  });
});

describe('ExpiryHeap', () => {
  it('gives devices in the order of their moments, whatever was expected, moved and cleared before', () => {
    const step = fc.tuple(
      fc.constantFrom('expect' as const, 'clear' as const, 'due' as const),
      fc.integer({ min: 0, max: 9 }),
      fc.integer({ min: 0, max: 50 }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const heap = new ExpiryHeap();
        const devices = Array.from({ length: 10 }, (_, number) => deviceNumber(number));
        const model = new Map<Device, number>();
        const earliest = (): number | undefined => (model.size === 0 ? undefined : Math.min(...model.values()));
        for (const [action, which, moment] of steps) {
          const device = devices[which] as Device;
          if (action === 'expect') {
            heap.expect(device, Instant(moment));
            model.set(device, Math.min(moment, model.get(device) ?? moment));
          } else if (action === 'clear') {
            heap.clear(device);
            model.delete(device);
          } else {
            const due = heap.due(Instant(moment));
            const expected = earliest();
            if (due === undefined) expect(expected === undefined || expected > moment).toBe(true);
            else {
              expect(model.get(due)).toBe(expected);
              model.delete(due);
            }
          }
          expect([heap.size, heap.earliest()]).toEqual([model.size, earliest()]);
        }
      }),
      { numRuns: 300, seed: 1 },
    );
  });
});

describe('Compactor', () => {
  it('keeps every member of a record, and makes equal texts of two records one', () => {
    const lists = new ObjectLists();
    const compactor = new Compactor(lists);
    const record = (): DeviceRecord => ({
      id: DeviceId('1'.repeat(32)),
      endpoint: 'a',
      firstSeen: WALL,
      lastSeen: WALL,
      manufacturer: 'Maker',
      model: 'Model',
      firmware: '1.0',
      tags: { a: '1' },
      awakeWindow: 5,
      registration: {
        location: 'abcdefghij',
        lwm2m: '1.1',
        lifetime: 5,
        binding: 'U',
        queueMode: true,
        sms: '1',
        objects: '60|3:1.1:0|/lwm2m',
        address: { listener: 0, address: '::1', port: 5 },
        registeredAt: WALL,
        updatedAt: WALL,
      },
      observations: [{ id: 'o', path: '/3', state: 'active', token: '0'.repeat(16) }],
    });
    expect(compactor.compact(record())).toEqual(record());
    const { manufacturer: _m, model: _o, firmware: _f, awakeWindow: _a, registration: _r, ...bare } = record();
    const small = { ...bare, tags: {}, observations: [] };
    expect(compactor.compact(small)).toEqual(small);
    expect(compactor.compact(small).tags).toBe(compactor.compact({ ...small, tags: {} }).tags);
  });
});

function deviceNumber(number: number): Device {
  const record: DeviceRecord = {
    id: DeviceId(String(number).padStart(32, '0')),
    endpoint: `d${number}`,
    firstSeen: WALL,
    lastSeen: WALL,
    tags: {},
    observations: [],
  };
  return new Device(record, 1);
}
