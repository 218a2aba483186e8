/** Lists of devices: filters, orders, pages, and that a long walk lets other work go on. */

import { beforeAll, describe, expect, it } from '@jest/globals';
import { parseFilter, parseSort } from '#fleet';
import type { DeviceQuery } from '#fleet';
import { OWNER } from '#fleet/model';
import { OBLIGING, World, content, peerAt } from '../world.js';
import type { Behaviour } from '../world.js';

/** Answers what is read after a registration by the port of the device. */
const MAKERS: Behaviour = (request, { peer }) => {
  if (request.kind !== 'read') return OBLIGING(request, { peer } as never);
  const text = { 0: `Maker ${peer.port % 2}`, 1: `M${peer.port}`, 3: `1.${peer.port + 7}` }[request.path[2] as number];
  return content(request.path, { type: 'string', value: text ?? '' });
};

describe('a list of devices', () => {
  let world: World;

  const names = async (query: Partial<DeviceQuery>): Promise<string[]> => {
    const page = await world.fleet.devices.list(OWNER, { limit: 500, ...query });
    return page.items.map(({ endpoint }) => endpoint);
  };
  const filtered = (filter: string): Promise<string[]> => names({ filter: parseFilter(filter) });
  const sorted = (sort: string): Promise<string[]> => names({ sort: parseSort(sort) });

  beforeAll(async () => {
    world = await World.start({
      behaviour: MAKERS,
      settings: { readAfterRegistration: ['/3/0/0', '/3/0/1', '/3/0/3'] },
    });
    const locations: string[] = [];
    for (const [index, name] of ['d', 'a', 'c', 'b'].entries()) {
      await world.pass(60_000);
      locations.push(
        await world.register(
          name,
          {
            lifetime: 86_400,
            ...(name === 'c' && { queueMode: true, binding: 'UQ', lwm2m: '1.0' }),
            ...(name === 'b' && { objects: world.objects([{ id: 3, version: '1.2', instances: [0] }]) }),
          },
          peerAt(index + 1),
        ),
      );
    }
    await world.fleet.devices.patch(OWNER, 'a', { tags: { site: 'north', shelf: '10' } });
    await world.fleet.devices.patch(OWNER, 'b', { tags: { site: 'south', shelf: '9' } });
    await world.fleet.deregister(locations[0] as string, peerAt(1), world.now());
    await world.pass(100_000);
  });

  it('is in the order of the endpoints, each device once', async () => {
    expect(await names({})).toEqual(['a', 'b', 'c', 'd']);
  });

  it.each([
    ['endpoint==a', ['a']],
    ['endpoint!=a', ['b', 'c', 'd']],
    ['endpoint==*', ['a', 'b', 'c', 'd']],
    ['endpoint=gt=b', ['c', 'd']],
    ['endpoint=ge=b;endpoint=lt=d', ['b', 'c']],
    ['endpoint=in=(a,d,x)', ['a', 'd']],
    ['endpoint=out=(a,d)', ['b', 'c']],
    ['presence==online', ['a', 'b']],
    ['presence==asleep', ['c']],
    ['presence==offline', ['d']],
    ['presence==neverSeen', []],
    ["manufacturer=='Maker 1'", ['c', 'd']],
    ['model==M*', ['a', 'b', 'c', 'd']],
    ['model==*2', ['a']],
    ['model==M', []],
    ['firmware=gt=1.9', ['b', 'c']],
    ['firmware=le=1.9', ['a', 'd']],
    ['object==3303', ['a', 'c']],
    ['object!=3303', ['b', 'd']],
    ['object==3/1.2', ['b']],
    ['object=in=(3/1.2,3303)', ['a', 'b', 'c']],
    ['tags.site==north', ['a']],
    ['tags.site!=north', ['b', 'c', 'd']],
    ['tags.site==*', ['a', 'b']],
    ['tags.shelf=gt=9', ['a']],
    ['lwm2m==1.0', ['c']],
    ['binding==UQ', ['c']],
    ['lastSeen=gt=2030-01-01T00:03:59.000Z', ['b', 'd']],
    ['lastSeen=lt=2030-01-01T00:03:00.000Z', ['a']],
    ['registeredAt==2030-01-01T00:02:00Z', ['a']],
    ['registeredAt!=2030-01-01T00:02:00Z', ['b', 'c', 'd']],
    ['(presence==asleep,presence==offline);endpoint!=d', ['c']],
  ])('filtered by %s', async (filter, expected) => {
    expect(await filtered(filter)).toEqual(expected);
  });

  it.each([
    ['colour==red', 'there is no field "colour": known are endpoint, presence'],
    ['constructor==x', 'there is no field'],
    ['tags.==x', 'there is no field'],
    ['object==three', 'expected an object id'],
    ['object=gt=3', 'object takes =='],
    ['lastSeen=gt=yesterday', 'expected an RFC 3339 time'],
  ])('refuses %s', async (filter, why) => {
    await expect(filtered(filter)).rejects.toMatchObject({
      code: 'invalid_filter',
      message: expect.stringContaining(why),
    });
  });

  it.each([
    ['-endpoint', ['d', 'c', 'b', 'a']],
    ['endpoint', ['a', 'b', 'c', 'd']],
    ['lastSeen', ['a', 'c', 'b', 'd']],
    ['-lastSeen', ['b', 'd', 'c', 'a']],
    ['firmware', ['d', 'a', 'c', 'b']],
    ['manufacturer,-endpoint', ['b', 'a', 'd', 'c']],
    ['tags.shelf', ['b', 'a', 'c', 'd']],
    ['-registeredAt', ['d', 'b', 'c', 'a']],
  ])('sorted by %s', async (sort, expected) => {
    expect(await sorted(sort)).toEqual(expected);
  });

  it.each(['', 'colour', '-', 'endpoint,,model', 'a,b,c,d,e'])('refuses to sort by "%s"', (sort) => {
    expect(() => parseSort(sort)).toThrow(expect.objectContaining({ code: 'invalid_sort' }));
  });

  it.each([undefined, 'endpoint', '-endpoint', 'lastSeen', '-manufacturer,model', 'tags.site'])(
    'sorted by %s comes in pages that neither lose nor repeat one',
    async (order) => {
      const sort = order === undefined ? [] : parseSort(order);
      const whole = await names({ sort });
      for (const limit of [1, 2, 3, 4]) {
        const found: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await world.fleet.devices.list(OWNER, { limit, sort, ...(cursor !== undefined && { cursor }) });
          expect(page.items.length).toBeLessThanOrEqual(limit);
          found.push(...page.items.map(({ endpoint }) => endpoint));
          cursor = page.next;
        } while (cursor !== undefined);
        expect(found).toEqual(whole);
      }
    },
  );

  it('refuses a cursor that is none, or of another order', async () => {
    const { next } = await world.fleet.devices.list(OWNER, { limit: 1, sort: parseSort('-lastSeen') });
    for (const [cursor, sort] of [
      [next ?? '', []],
      [next ?? '', parseSort('lastSeen')],
      ['nonsense', []],
      ['!', []],
      [Buffer.from('[]').toString('base64url'), []],
    ] as const) {
      await expect(world.fleet.devices.list(OWNER, { limit: 1, sort, cursor })).rejects.toMatchObject({
        code: 'invalid_cursor',
      });
    }
  });
});

describe('a list of many devices', () => {
  it('goes on where it was although devices come and go between the pages', async () => {
    const world = await World.start();
    const name = (number: number): string => `d${String(number).padStart(4, '0')}`;
    for (let number = 0; number < 3000; number += 2)
      await world.fleet.register(world.parameters(name(number)), peerAt(number + 1), world.now());
    const found: string[] = [];
    let cursor: string | undefined;
    for (let page = 0; ; page += 1) {
      const { items, next } = await world.fleet.devices.list(OWNER, {
        limit: 400,
        ...(cursor !== undefined && { cursor }),
      });
      found.push(...items.map(({ endpoint }) => endpoint));
      if (next === undefined) break;
      cursor = next;
      const last = found.at(-1) as string;
      await world.fleet.devices.remove(OWNER, last);
      await world.fleet.register(world.parameters(`${last}x`), peerAt(60_000 + page), world.now());
    }
    expect(found).toEqual([...found].sort());
    expect(new Set(found).size).toBe(found.length);
    for (let number = 0; number < 3000; number += 2) expect(found).toContain(name(number));
    expect(found.filter((endpoint) => endpoint.endsWith('x'))).toHaveLength(3);
  });

  it('lets other work go on between slices', async () => {
    const world = await World.start();
    for (let number = 0; number < 5000; number += 1)
      await world.fleet.register(world.parameters(`d${number}`), peerAt(number + 1), world.now());
    let turns = 0;
    let done = false;
    const ticking = (async () => {
      while (!done) {
        await new Promise((resolve) => setImmediate(resolve));
        turns += 1;
      }
    })();
    await world.fleet.devices.list(OWNER, { limit: 10, filter: parseFilter('endpoint==nobody') });
    done = true;
    await ticking;
    expect(turns).toBeGreaterThanOrEqual(2);
  });
});
