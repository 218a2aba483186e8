/** The ground of the benchmarks: datagrams made by hand are what others read, the load counts right, a void run is told. */

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { generate, parse as parseWithCoapPacket } from 'coap-packet';

import { toHex } from '#base';

type Bytes = Uint8Array;
interface Wire {
  updateRequest(location: string[], token: Bytes): Buffer;
  registerRequest(name: string, lifetime: number, links: string, token: Bytes, mode?: 'queue'): Buffer;
  notification(token: Bytes, sequence: number, payload: Bytes): Buffer;
  senmlThree(basePath: string, value: number): Buffer;
  senmlTen(basePath: string, value: number, seconds: number): Buffer;
  sendRequest(token: Bytes, payload: Bytes): Buffer;
  parse(bytes: Bytes): { type: number; code: number; options: [number, Bytes][]; payload: Bytes };
}
interface Report {
  operations: number;
  retransmissions: number;
  wrong: number;
  bytes: number;
}
interface Woken {
  written: number;
  more: number;
  early: number;
  other: number;
  refused: number;
  longest: number;
}
interface Processes {
  startYardstick(name: string): Promise<{ pid: number; port: number; stop(): Promise<void> }>;
  startLoad(): Promise<{ ask(kind: string, order: object): Promise<Report & Woken>; stop(): Promise<void> }>;
}
interface MetricsScript {
  faults(before: Map<string, number>, after: Map<string, number>, handler: string, operations: number): string[];
}
interface Cpu {
  cpuMicroseconds(pid: number): number;
  cpuTicks(pid: number): number;
}

let wire: Wire;
let processes: Processes;
let metrics: MetricsScript;
let cpu: Cpu;

const load = async (path: string): Promise<unknown> => import(pathToFileURL(resolve('scripts/bench', path)).href);

beforeAll(async () => {
  wire = (await load('load/wire.mjs')) as Wire;
  processes = (await load('processes.mjs')) as Processes;
  metrics = (await load('metrics.mjs')) as MetricsScript;
  cpu = (await load('cpu.mjs')) as Cpu;
});

const token = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);

/** Options of a datagram as coap-packet reads them, name and text. */
function read(datagram: Buffer): {
  code: string;
  confirmable: boolean;
  token: string;
  options: string[];
  payload: string;
} {
  const packet = parseWithCoapPacket(datagram);
  return {
    code: packet.code,
    confirmable: packet.confirmable,
    token: toHex(packet.token),
    options: packet.options.map(({ name, value }) => `${String(name)} ${toHex(value)}`),
    payload: toHex(packet.payload),
  };
}

const hex = (text: string): string => toHex(Buffer.from(text));

describe('datagrams of the load, read by coap-packet', () => {
  it('refresh a registration with nothing but its location', () => {
    expect(read(wire.updateRequest(['rd', 'abcdefghij'], token))).toEqual({
      ...{ code: '0.02', confirmable: true, token: '0102030405060708', payload: '' },
      options: [`Uri-Path ${hex('rd')}`, `Uri-Path ${hex('abcdefghij')}`],
    });
  });

  it('register with a name of 24 characters, whose query needs an extended length', () => {
    const name = 'n'.repeat(24);
    expect(read(wire.registerRequest(name, 300, '</1/0>', token))).toMatchObject({
      code: '0.02',
      options: [
        `Uri-Path ${hex('rd')}`,
        'Content-Format 28',
        ...[`ep=${name}`, 'lt=300', 'lwm2m=1.1', 'b=U'].map((query) => `Uri-Query ${hex(query)}`),
      ],
      payload: hex('</1/0>'),
    });
  });

  it('register in queue mode with the flag Q, which has no value', () => {
    const { options } = read(wire.registerRequest('sleeper', 300, '</1/0>', token, 'queue'));
    expect(options.slice(-2)).toEqual([`Uri-Query ${hex('b=U')}`, `Uri-Query ${hex('Q')}`]);
  });

  it('notify three values as SenML CBOR', () => {
    const payload = wire.senmlThree('/3303/0/', 20.5);
    expect(toHex(payload)).toBe(
      '83' +
        `a32168${hex('/3303/0/')}0064${hex('5700')}02fb4034800000000000` +
        `a20064${hex('5601')}02fb402f000000000000` +
        `a20064${hex('5602')}02fb4039800000000000`,
    );
    expect(read(wire.notification(token, 0x010203, payload))).toMatchObject({
      ...{ code: '2.05', confirmable: true, payload: toHex(payload) },
      options: ['Observe 010203', 'Content-Format 70'],
    });
  });

  it('send ten values of one instance as SenML CBOR', () => {
    const payload = wire.senmlTen('/3303/0/', 20.5, 1_767_225_600);
    const floats = [
      ['5601', '402f000000000000'],
      ['5602', '4039800000000000'],
      ['5603', 'c044400000000000'],
      ['5604', '4055600000000000'],
      ['6050', '3fd0000000000000'],
    ] as const;
    expect(toHex(payload)).toBe(
      '8a' +
        `a32168${hex('/3303/0/')}0064${hex('5700')}02fb4034800000000000` +
        floats.map(([name, value]) => `a20064${hex(name)}02fb${value}`).join('') +
        `a20064${hex('5701')}0363${hex('Cel')}` +
        `a20064${hex('5750')}036d${hex('hall 4, north')}` +
        `a20064${hex('5518')}021a6955b900` +
        `a20064${hex('6042')}021a00000002`,
    );
    expect(read(wire.sendRequest(token, payload))).toEqual({
      ...{ code: '0.02', confirmable: true, token: '0102030405060708', payload: toHex(payload) },
      options: [`Uri-Path ${hex('dp')}`, 'Content-Format 70'],
    });
  });

  it('are read back by its own reader', () => {
    const name = 'n'.repeat(200);
    const { options, payload } = wire.parse(wire.registerRequest(name, 300, '</1/0>', token));
    expect(options.map(([number]) => number)).toEqual([11, 12, 15, 15, 15, 15]);
    expect(Buffer.from(options[2]?.[1] ?? []).toString()).toBe(`ep=${name}`);
    expect(Buffer.from(payload).toString()).toBe('</1/0>');
  });
});

describe('a run of the load', () => {
  it('sends every request once from each device, against the echo and against node-coap', async () => {
    const generator = await processes.startLoad();
    const echo = await processes.startYardstick('echo');
    const nodeCoap = await processes.startYardstick('node-coap');
    try {
      await generator.ask('open', { count: 20 });
      const order = { request: 'update', from: 0, to: 20, perDevice: 5, window: 7 };
      const bare = await generator.ask('run', { ...order, port: echo.port, echo: true });
      expect(bare).toMatchObject({ operations: 100, retransmissions: 0, wrong: 0, bytes: 26 });
      const theirs = await generator.ask('run', { ...order, port: nodeCoap.port });
      expect(theirs).toMatchObject({ operations: 100, retransmissions: 0, wrong: 0 });
      expect(cpu.cpuMicroseconds(echo.pid)).toBeGreaterThan(0);
      expect(cpu.cpuTicks(echo.pid)).toBeGreaterThanOrEqual(0);
    } finally {
      await Promise.all([generator.stop(), echo.stop(), nodeCoap.stop()]);
    }
  });

  it('is void when a handler ran otherwise than once a request, or anything was dropped', () => {
    const before = new Map([['handled_total', 10]]);
    expect(metrics.faults(before, new Map([['handled_total', 20]]), 'handled_total', 10)).toEqual([]);
    expect(metrics.faults(before, new Map([['handled_total', 19]]), 'handled_total', 10)).toEqual([
      'handled_total rose by 9, not by 10',
    ]);
    expect(metrics.faults(before, new Map(), 'handled_total', 0)).toEqual(['the server has no counter handled_total']);
    const after = new Map([
      ['handled_total', 20],
      ['bellwether_coap_dropped_ring_total', 1],
    ]);
    expect(metrics.faults(before, after, 'handled_total', 10)).toEqual([
      'bellwether_coap_dropped_ring_total rose by 1',
    ]);
  });
});

/** A server in a test's hands: registers everyone, answers an Update, and sends what `writes` says around that answer. */
async function scriptedServer(writes: { before: number; after: number; path: string }): Promise<Socket> {
  const socket = createSocket('udp4');
  let id = 0;
  const put = (path: string): Buffer =>
    generate({
      ...{ confirmable: true, code: '0.03', messageId: (id += 1), token: Buffer.from([id >> 8, id & 0xff]) },
      options: path
        .slice(1)
        .split('/')
        .map((segment) => ({ name: 'Uri-Path', value: Buffer.from(segment) })),
    });
  socket.on('message', (bytes, from) => {
    const { code, messageId, token: theirs, options } = parseWithCoapPacket(bytes);
    if (code !== '0.02') return;
    const reply = (datagram: Buffer): void => socket.send(datagram, from.port, from.address);
    const path = options.filter(({ name }) => name === 'Uri-Path').map(({ value }) => value.toString());
    const isUpdate = path.length === 2;
    for (let count = 0; isUpdate && count < writes.before; count += 1) reply(put(writes.path));
    const location = ['rd', 'a'].map((segment) => ({ name: 'Location-Path', value: Buffer.from(segment) }));
    const answer = { ack: true, messageId, token: theirs, code: isUpdate ? '2.04' : '2.01' } as const;
    reply(generate(isUpdate ? answer : { ...answer, options: location }));
    for (let count = 0; isUpdate && count < writes.after; count += 1) reply(put(writes.path));
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

describe('devices of the load that wake', () => {
  const path = '/3303/0/5750';

  it.each([
    ['one write each', { before: 0, after: 1, path }, { written: 12, more: 0, early: 0, other: 0 }],
    ['a write too many', { before: 0, after: 2, path }, { written: 12, more: 12, early: 0, other: 0 }],
    [
      'a write before the answer to the Update',
      { before: 1, after: 0, path },
      { written: 12, more: 0, early: 12, other: 0 },
    ],
  ])('tell of %s', async (_what, writes, counts) => {
    const server = await scriptedServer(writes);
    const generator = await processes.startLoad();
    try {
      const { port } = server.address();
      await generator.ask('crowd', { port, from: 0, to: 12, observedEach: 0, questions: 0, mode: 'queue' });
      const woken = await generator.ask('crowdWakes', { port, from: 0, to: 12, seconds: 0.1, path, listens: 300 });
      expect(woken).toMatchObject({ ...counts, refused: 0, repeated: 0, retransmissions: 0 });
      expect(woken.longest).toBeGreaterThan(0);
    } finally {
      await generator.stop();
      server.close();
    }
  });
});
