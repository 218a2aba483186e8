/** The small parts below the registry: ids, one change at a time, the expiry heap, devices taken apart. */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Instant, WallTime, plainPeer } from '#base';
import { DeviceId, OperationId } from '#fleet/model';
import type { DeviceRecord } from '#fleet/model';
import { ObjectCatalogue, ObjectLists } from '#lwm2m/model';
import { Device } from '../../../src/fleet/devices/device.js';
import { Exclusive } from '../../../src/fleet/devices/exclusive.js';
import { Dialects } from '../../../src/fleet/devices/dialects.js';
import { ExpiryHeap } from '../../../src/fleet/devices/expiry.js';
import { OperationIds, newDeviceId, newLocation, newToken } from '../../../src/fleet/devices/ids.js';
import { Slots } from '../../../src/fleet/devices/slots.js';
import { Texts } from '../../../src/fleet/devices/texts.js';
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

describe('Device', () => {
  const full = (): DeviceRecord => ({
    id: DeviceId('1'.repeat(32)),
    endpoint: 'a',
    firstSeen: WALL,
    lastSeen: WallTime(WALL + 1),
    manufacturer: 'Maker',
    model: 'Model',
    firmware: '1.0',
    tags: { a: '1' },
    awakeWindow: 5,
    registration: {
      location: 'abcdefghij',
      lwm2m: '1.1',
      lifetime: 4_294_967_295,
      binding: 'U',
      queueMode: true,
      sms: '1',
      objects: '60|3:1.1:0|/lwm2m',
      address: { listener: 1, address: '::1', port: 5 },
      registeredAt: WallTime(WALL + 2),
      updatedAt: WallTime(WALL + 3),
    },
    observations: [{ id: 'o', path: '/3', state: 'active', token: '0'.repeat(16) }],
  });
  const bare = (): DeviceRecord => {
    const { id, endpoint, firstSeen, lastSeen } = full();
    return { id, endpoint, firstSeen, lastSeen, tags: {}, observations: [] };
  };

  it('gives back the record it was made from, member by member', () => {
    const dialect = new Dialects(new ObjectCatalogue()).of(new ObjectLists().fromText('60|3:1.1:0|/lwm2m'), '1.1');
    for (const record of [full(), bare()]) {
      const device = new Device(record, 1, new Slots().take(), new Texts());
      if (record.registration !== undefined) {
        device.peer = plainPeer(1, '::1', 5);
        device.dialect = dialect;
      }
      expect(device.record).toEqual(record);
      expect(JSON.parse(JSON.stringify(device.record))).toEqual(record);
      device.adopt(bare(), new Texts());
      expect(device.record).toEqual(bare());
    }
  });

  it('shares what many have in common', () => {
    const texts = new Texts();
    const text = (): string => ['Maker', 'of', 'things'].join(' ');
    expect(texts.share(text())).toBe(text());
    const [one, two] = [bare(), bare()].map((record) => new Device(record, 1, new Slots().take(), texts));
    expect(one?.tags).toBe(two?.tags);
    expect(one?.observations).toBe(two?.observations);
  });

  it('keeps its numbers apart from those of all others, also in a slot used before', () => {
    const slots = new Slots();
    const texts = new Texts();
    const make = (moment: number): Device => {
      const device = new Device({ ...bare(), lastSeen: WallTime(moment) }, 1, slots.take(), texts);
      device.heard = Instant(-moment);
      return device;
    };
    const devices = Array.from({ length: 1500 }, (_, number) => make(number));
    const gone = devices.splice(0, 500);
    for (const device of gone) slots.give(device.release());
    devices.push(...Array.from({ length: 700 }, (_, number) => make(1500 + number)));
    devices.forEach((device, index) => {
      expect([device.lastSeen, device.heard, device.renewed]).toEqual([index + 500, -index - 500, -Infinity]);
    });
    gone.forEach((device, number) => {
      expect(device.lastSeen).toBe(number);
      device.heard = Instant(7);
    });
    expect(devices.some(({ heard }) => heard === 7)).toBe(false);
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
  return new Device(record, 1, new Slots().take(), new Texts());
}
