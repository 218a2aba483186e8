/** The event stream on a whole server: ids, resumption, filters, and readers that are too slow or too many. */

import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Reader, type Received } from '../support/event-reader.js';
import { PacketDevice } from '../support/packet-device.js';
import { TestServer, until } from '../support/test-server.js';

const numberOf = ({ id }: Received): number => Number(id.split('-')[1]);
const shown = (events: readonly Received[]): string[] =>
  events.map(({ type, data }) => `${type} ${String(data['endpoint'])}`);

let server: TestServer;
const devices: PacketDevice[] = [];
const readers: Reader[] = [];

beforeAll(async () => {
  server = await TestServer.start({ 'event-buffer': 65_536, 'event-readers': 4 });
});
afterAll(async () => {
  for (const reader of readers) reader.close();
  for (const device of devices) device.close();
  await server.stop();
});

async function registered(endpoint: string): Promise<PacketDevice> {
  const device = await PacketDevice.registered(server.coap, endpoint, ({ code }) =>
    code === '0.01' ? { code: '2.05', text: '21.5' } : { code: '2.04' },
  );
  devices.push(device);
  return device;
}
async function read(query?: string, last?: string): Promise<Reader> {
  for (const reader of readers.splice(0)) reader.close();
  await until('no reader is left', async () => ((await gauge('event_readers')) === 0 ? 'yes' : undefined));
  const reader = await Reader.open(server, query, last);
  readers.push(reader);
  return reader;
}
async function gauge(name: string): Promise<number> {
  const text = await (await server.fetch('GET', '/metrics')).text();
  return Number(new RegExp(`^bellwether_${name} (\\d+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
}

describe('the stream', () => {
  it('tells what happens with ids that rise, and goes on after Last-Event-ID without a gap or a repetition', async () => {
    const reader = await read();
    for (const name of ['a1', 'a2', 'a3']) await registered(name);
    const all = await reader.first(3);
    expect(shown(all)).toEqual(['device.registered a1', 'device.registered a2', 'device.registered a3']);
    for (const { data } of all) expect(data['at']).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(numberOf(all[1] as Received)).toBeGreaterThan(numberOf(all[0] as Received));
    const again = await read('', all[0]?.id);
    await registered('a4');
    expect(shown(await again.first(3))).toEqual([
      'device.registered a2',
      'device.registered a3',
      'device.registered a4',
    ]);
    expect((await again.first(3))[0]?.id).toBe(all[1]?.id);
  });

  it('a refresh Update causes no event', async () => {
    const device = await registered('quiet');
    const reader = await read();
    expect(await device.update()).toBe('2.04');
    await registered('next');
    expect(shown(await reader.first(1))).toEqual(['device.registered next']);
  });

  it('is filtered by type and by endpoint', async () => {
    const device = await registered('b1');
    const reader = await read('?type=operation.finished,device.updated&endpoint=b1');
    await registered('b2');
    await server.order('b2', { kind: 'read', path: '/3303/0/5700' });
    await server.order('b1', { kind: 'read', path: '/3303/0/5700' });
    await server.rest('PATCH', '/devices/b1', { tags: { a: 'b' } });
    expect(shown(await reader.first(2))).toEqual(['operation.finished b1', 'device.updated b1']);
    expect(device.asked).toHaveLength(1);
  });

  it('takes an endpoint by its alias', async () => {
    await registered('b3');
    const reader = await read(`?endpoint=~${Buffer.from('b3').toString('base64url')}`);
    await server.rest('PATCH', '/devices/b1', { tags: { c: 'd' } });
    await server.rest('PATCH', '/devices/b3', { tags: { c: 'd' } });
    expect(shown(await reader.first(1))).toEqual(['device.updated b3']);
  });

  it('has value.received only for who asks for it by type', async () => {
    await registered('c1');
    const values = await read('?type=value.received');
    const rest = await Reader.open(server, '?endpoint=c1');
    readers.push(rest);
    await server.order('c1', { kind: 'read', path: '/3303/0/5700' });
    expect(shown(await values.first(1))).toEqual(['value.received c1']);
    expect(shown(await rest.first(1))).toEqual(['operation.finished c1']);
  });

  it.each([
    ['?type=device.registered,odd', {}, 'invalid_query'],
    ['?type=', {}, 'invalid_query'],
    ['?color=red', {}, 'invalid_query'],
    ['', { 'last-event-id': 'soon' }, 'invalid_header'],
  ])('%s with %j is 400 %s', async (query, headers, code) => {
    expect(await server.rest('GET', `/events${query}`, undefined, headers)).toMatchObject({
      status: 400,
      body: { code },
    });
  });

  it('refuses one reader too many with 429 and Retry-After, and takes it when another has gone', async () => {
    await read();
    for (let count = 1; count < 4; count += 1) readers.push(await Reader.open(server));
    const refused = await server.fetch('GET', '/events');
    expect({ status: refused.status, after: refused.headers.get('retry-after') }).toEqual({ status: 429, after: '5' });
    expect(await refused.json()).toMatchObject({ code: 'too_many_readers' });
    readers.pop()?.close();
    await until('there is room', async () => {
      const response = await server.fetch('GET', '/events');
      await response.body?.cancel();
      return response.status === 200 ? 'yes' : undefined;
    });
  });

  it('cuts a reader that takes nothing, counts it, and holds no more than its buffer for it', async () => {
    await read();
    const cut = async (): Promise<number> => gauge('event_readers_cut_total');
    const before = await cut();
    const { hostname, port } = new URL(server.http);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    socket.pause();
    socket.write(
      `GET /api/v1/events?type=device.updated HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${server.token}\r\n\r\n`,
    );
    await registered('slow');
    let round = 0;
    await until('the slow reader is cut', async () => {
      round += 1;
      const tags = Object.fromEntries(
        Array.from({ length: 100 }, (_, index) => [`t${index}`, `${round}${'x'.repeat(250)}`]),
      );
      await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          server.rest('PATCH', '/devices/slow', { tags: { ...tags, t0: `${round} ${index}` } }),
        ),
      );
      return (await cut()) > before ? 'yes' : undefined;
    });
    expect(await cut()).toBe(before + 1);
    socket.destroy();
  });

  it('goes on over a restart of the server, with ids that rise; value.received begins anew with reset', async () => {
    const reader = await read('?type=device.registered');
    await registered('d1');
    await registered('d2');
    const [one, two] = await reader.first(2);
    await server.restart();
    await until('the old stream has ended', async () => (reader.ended === 'yes' ? 'yes' : undefined));
    const after = await Reader.open(server, '?type=device.registered', one?.id);
    readers.push(after);
    await registered('d3');
    const events = await after.first(2);
    expect(shown(events)).toEqual(['device.registered d2', 'device.registered d3']);
    expect(events[0]?.id).toBe(two?.id);
    expect(numberOf(events[1] as Received)).toBeGreaterThan(numberOf(two as Received));
    const values = await Reader.open(server, '?type=value.received', one?.id);
    readers.push(values);
    expect((await values.first(1))[0]?.type).toBe('reset');
  });
});

describe('a stream of few kept events', () => {
  it('begins with reset when what came after Last-Event-ID is gone or was never, and goes on from there', async () => {
    const small = await TestServer.start({ 'events-kept': 3 });
    const device = await PacketDevice.registered(small.coap, 'e1');
    const reader = await Reader.open(small);
    try {
      for (let count = 0; count < 8; count += 1)
        await small.rest('PATCH', '/devices/e1', { tags: { n: String(count) } });
      const [oldest] = await reader.first(8);
      for (const [last, count] of [
        [oldest?.id, 8],
        ['0-999999', 9],
      ] as const) {
        const newest = (await reader.first(count))[count - 1];
        const late = await Reader.open(small, '', last);
        const [reset] = await late.first(1);
        expect(reset).toMatchObject({ type: 'reset', id: newest?.id });
        await small.rest('PATCH', '/devices/e1', { tags: { n: String(last) } });
        expect((await late.first(2))[1]?.type).toBe('device.updated');
        late.close();
      }
    } finally {
      reader.close();
      device.close();
      await small.stop();
    }
  });

  it('more than a reader buffer holds is delivered whole to a reader that comes back', async () => {
    const small = await TestServer.start({ 'event-buffer': 16_384 });
    const device = await PacketDevice.registered(small.coap, 'f1');
    const reader = await Reader.open(small);
    try {
      const tags = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`t${index}`, 'x'.repeat(200)]));
      await small.rest('PATCH', '/devices/f1', { tags });
      const [start] = await reader.first(1);
      for (let count = 0; count < 400; count += 1)
        await small.rest('PATCH', '/devices/f1', { tags: { n: String(count) } });
      const late = await Reader.open(small, '', start?.id);
      const events = await late.first(400);
      expect(events.map(({ data }) => (data['tags'] as Record<string, string>)['n'])).toEqual(
        Array.from({ length: 400 }, (_, count) => String(count)),
      );
      late.close();
    } finally {
      reader.close();
      device.close();
      await small.stop();
    }
  });
});
