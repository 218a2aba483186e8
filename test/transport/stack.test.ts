/** The stack on real sockets: listeners of both families, answers from the listener that was asked, errors, the hook, the end. */

import { createSocket, type Socket } from 'node:dgram';

import { afterEach, describe, expect, it } from '@jest/globals';

import { silentLogger, systemClock, systemRandom, plainPeer, type Peer } from '#base';
import { Code } from '#coap/codec';
import { parametersWith } from '#coap/endpoint';
import { foldAddress, Stack, type BoundAddress, type StackOptions } from '#transport';

import { until } from '../support/test-server.js';

const closing: (() => Promise<void>)[] = [];
const faults: unknown[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  expect(faults.splice(0)).toEqual([]);
});

/** A stack that answers every request with 2.05 and takes down who asked. */
class Answering {
  readonly peers: Peer[] = [];
  readonly seen: string[] = [];
  readonly failed: string[] = [];
  readonly stack: Stack;

  constructor(more: Partial<StackOptions> = {}) {
    this.stack = new Stack({
      parameters: parametersWith({ ackTimeout: 60_000 }),
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
      fault: (error) => faults.push(error),
      ...more,
    });
    this.stack.watch((direction, { listener, address, port }, bytes) => {
      this.seen.push(`${direction} ${listener} ${address} ${port} ${bytes.length}`);
    });
    this.stack.serve({
      handle: (event) => {
        if (event.type === 'requestFailed') this.failed.push(event.reason);
        if (event.type !== 'request') return;
        this.peers.push(event.peer);
        this.stack.respond(event.exchange, { code: Code.CONTENT, options: [] });
      },
    });
    closing.push(() => this.stack.close());
  }

  listen(address: string, stack: 'single' | 'dual' = 'single'): Promise<BoundAddress> {
    return this.stack.listen({ address, port: 0, stack, receiveBuffer: 65_536 });
  }
}

/** A client on a plain socket: where its answers come from. */
class Client {
  readonly answers: string[] = [];
  readonly socket: Socket;
  #id = 0;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('message', (_bytes, { address, port }) => this.answers.push(`${address} ${port}`));
    closing.push(
      () =>
        new Promise((done) =>
          socket.close(() => {
            done();
          }),
        ),
    );
  }

  static async open(address: string): Promise<Client> {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    await new Promise<void>((done) => socket.bind(0, address, done));
    return new Client(socket);
  }

  /** Sends CON GET, and gives the address and port of the answer. */
  async ask(address: string, port: number): Promise<string | undefined> {
    const before = this.answers.length;
    this.#id += 1;
    this.socket.send(Buffer.from([0x40, 0x01, 0x12, this.#id]), port, address);
    await until('answered', () => Promise.resolve(this.answers.length > before ? true : undefined));
    return this.answers.at(-1);
  }
}

describe('a stack', () => {
  it('answers on IPv4 and on IPv6, from the listener that was asked, and tells the two apart', async () => {
    const server = new Answering();
    const four = await server.listen('127.0.0.1');
    const other = await server.listen('127.0.0.2');
    const six = await server.listen('::1');
    expect(server.stack.bound()).toEqual([four, other, six]);
    const client = await Client.open('127.0.0.1');
    expect(await client.ask('127.0.0.1', four.port)).toBe(`127.0.0.1 ${four.port}`);
    expect(await client.ask('127.0.0.2', other.port)).toBe(`127.0.0.2 ${other.port}`);
    expect(await (await Client.open('::1')).ask('::1', six.port)).toBe(`::1 ${six.port}`);
    expect(server.peers.map(({ listener, address }) => [listener, address])).toEqual([
      [0, '127.0.0.1'],
      [1, '127.0.0.1'],
      [2, '::1'],
    ]);
    // The same address and port at two listeners are two peers.
    expect(server.peers[0]?.port).toBe(server.peers[1]?.port);
    expect(server.peers[0]?.key).not.toBe(server.peers[1]?.key);
  });

  it('answers from the port that was asked when it listens on all addresses', async () => {
    const server = new Answering();
    const { port } = await server.listen('0.0.0.0');
    const client = await Client.open('127.0.0.1');
    expect(await client.ask('127.0.0.1', port)).toBe(`127.0.0.1 ${port}`);
  });

  it('takes no IPv4 on an IPv6 wildcard of a single stack', async () => {
    const server = new Answering();
    const { port } = await server.listen('::');
    const four = await Client.open('127.0.0.1');
    four.socket.send(Buffer.from([0x40, 0x01, 0x12, 0x34]), port, '127.0.0.1');
    // What IPv6 sends later is answered; what IPv4 sent before never comes.
    expect(await (await Client.open('::1')).ask('::1', port)).toBe(`::1 ${port}`);
    expect(server.peers.map(({ address }) => address)).toEqual(['::1']);
    expect(four.answers).toEqual([]);
  });

  it('takes both on an IPv6 wildcard of a dual stack, and folds ::ffff: away', async () => {
    const server = new Answering();
    const bound = await server.listen('::', 'dual');
    const four = await Client.open('127.0.0.1');
    const { port } = four.socket.address();
    expect(await four.ask('127.0.0.1', bound.port)).toBe(`127.0.0.1 ${bound.port}`);
    expect(await (await Client.open('::1')).ask('::1', bound.port)).toBe(`::1 ${bound.port}`);
    expect(server.peers[0]).toEqual({ key: `0 127.0.0.1 ${port}`, listener: 0, address: '127.0.0.1', port });
    expect(server.peers[1]?.address).toBe('::1');
  });

  it.each([
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '::ffff:c000:201'],
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8::1', '2001:db8::1'],
  ])('shows %s as %s', (address, folded) => {
    expect(foldAddress(address)).toBe(folded);
  });

  it('shows its hook every datagram in and out, with the peer, until the hook is taken away', async () => {
    const server = new Answering();
    const { port } = await server.listen('127.0.0.1');
    const client = await Client.open('127.0.0.1');
    const own = client.socket.address().port;
    await client.ask('127.0.0.1', port);
    client.socket.send(Buffer.from([0xff, 0x00, 0x01]), port, '127.0.0.1');
    await until('the broken one came', () => Promise.resolve(server.seen.length >= 3 ? true : undefined));
    expect(server.seen).toEqual([`in 0 127.0.0.1 ${own} 4`, `out 0 127.0.0.1 ${own} 4`, `in 0 127.0.0.1 ${own} 3`]);
    server.stack.watch(undefined);
    await client.ask('127.0.0.1', port);
    expect(server.seen).toHaveLength(3);
    expect(server.stack.counters()).toMatchObject({ datagrams_in: 3, datagrams_out: 2 });
  });

  it('hands every datagram through its link, which may multiply, change and lose it, and shows its hook the wire', async () => {
    const asked: string[] = [];
    const server = new Answering({
      link: {
        in: (bytes) => {
          asked.push(Buffer.from(bytes).toString('hex'));
          // The second request is lost; of the others the endpoint sees another message id.
          return bytes[3] === 2 ? [] : [Uint8Array.of(...bytes.subarray(0, 3), 0x77)];
        },
        out: (bytes) => [bytes, bytes],
      },
    });
    const { port } = await server.listen('127.0.0.1');
    const client = await Client.open('127.0.0.1');
    const own = client.socket.address().port;
    const came: string[] = [];
    client.socket.on('message', (bytes) => came.push(bytes.toString('hex')));
    for (const id of [2, 1]) client.socket.send(Uint8Array.of(0x40, 0x01, 0x12, id), port, '127.0.0.1');
    await until('both answers', () => Promise.resolve(came.length === 2 ? true : undefined));
    expect(asked).toEqual(['40011202', '40011201']);
    expect(came).toEqual(['60451277', '60451277']);
    const [into, out] = [`in 0 127.0.0.1 ${own} 4`, `out 0 127.0.0.1 ${own} 4`];
    expect(server.seen).toEqual([into, into, out, out]);
    expect(server.stack.counters()).toMatchObject({ datagrams_in: 2, datagrams_out: 2 });
  });

  it('sends a datagram past its endpoint and link, which its hook sees', async () => {
    const server = new Answering({ link: { in: (bytes) => [bytes], out: () => [] } });
    const { port } = await server.listen('127.0.0.1');
    const client = await Client.open('127.0.0.1');
    const own = client.socket.address().port;
    server.stack.sendPast(plainPeer(0, '127.0.0.1', own), Uint8Array.of(0xff));
    await until('it came', () => Promise.resolve(client.answers.length === 1 ? true : undefined));
    expect(client.answers).toEqual([`127.0.0.1 ${port}`]);
    expect(server.seen).toEqual([`out 0 127.0.0.1 ${own} 1`]);
    expect(server.stack.counters()).toMatchObject({ requests_sent: 0, datagrams_out: 1 });
  });

  it.each(['127.0.0.1', '0.0.0.0', '::1'])(
    'drops what comes from its own address, and does not talk to itself (%s)',
    async (address) => {
      const server = new Answering();
      const { port } = await server.listen(address);
      const self = address === '0.0.0.0' ? '127.0.0.1' : address;
      server.stack.request({
        peer: {
          ...(await firstPeer(server, self, port)),
          address: self,
          port,
          key: `0 ${self} ${port}` as Peer['key'],
        },
        code: Code.GET,
        options: [],
      });
      await until('dropped', () =>
        Promise.resolve(server.stack.counters()['dropped_own_address'] === 1 ? true : undefined),
      );
      expect(server.peers).toHaveLength(1);
      expect(server.stack.counters()).toMatchObject({ datagrams_out: 2 });
    },
  );

  it('fails a request whose datagram the kernel does not send, counts it, and goes on', async () => {
    const server = new Answering();
    const { port } = await server.listen('127.0.0.1');
    const client = await Client.open('127.0.0.1');
    await client.ask('127.0.0.1', port);
    const peer = server.peers[0] as Peer;
    const to = (address: string): Peer => ({ ...peer, address, key: `0 ${address} ${peer.port}` as Peer['key'] });
    // From the loopback nothing leaves for another network; and an IPv6 address is none of an IPv4 socket's.
    for (const address of ['192.0.2.1', '2001:db8::1']) {
      const before = server.failed.length;
      server.stack.request({ peer: to(address), code: Code.GET, options: [] });
      await until(`failed to ${address}`, () => Promise.resolve(server.failed.length > before ? true : undefined));
    }
    expect(server.stack.counters()['send_errors']).toBe(2);
    expect(await client.ask('127.0.0.1', port)).toBe(`127.0.0.1 ${port}`);
  });

  it('outlives an ICMP error: a peer that closed its port, then another that asks', async () => {
    const server = new Answering();
    const { port } = await server.listen('127.0.0.1');
    const gone = await Client.open('127.0.0.1');
    await gone.ask('127.0.0.1', port);
    const closed = closing.pop();
    await closed?.();
    for (let count = 0; count < 3; count += 1)
      server.stack.request({ peer: server.peers[0] as Peer, code: Code.GET, options: [] });
    const next = await Client.open('127.0.0.1');
    expect(await next.ask('127.0.0.1', port)).toBe(`127.0.0.1 ${port}`);
  });

  it('says which listener is taken, and how to choose another', async () => {
    const server = new Answering();
    for (const address of ['127.0.0.1', '::1']) {
      const { port } = await server.listen(address);
      const shown = address === '::1' ? '[::1]' : address;
      await expect(
        server.stack.listen({
          ...{ address, port, stack: 'single', receiveBuffer: 65_536 },
          chosenBy: '--coap HOST:PORT',
        }),
      ).rejects.toMatchObject({
        code: 'listener_unavailable',
        message: `UDP ${shown}:${port} is in use by another program: choose another with --coap HOST:PORT (port 0 picks a free one)`,
      });
    }
    expect(server.stack.bound()).toHaveLength(2);
  });

  it('may be closed while it sends, and says nothing afterwards', async () => {
    const server = new Answering();
    const { port } = await server.listen('127.0.0.1');
    const client = await Client.open('127.0.0.1');
    await client.ask('127.0.0.1', port);
    const peer = server.peers[0] as Peer;
    const id = server.stack.request({ peer, code: Code.GET, options: [] });
    const first = server.stack.close();
    server.stack.cancel(id);
    server.stack.request({ peer, code: Code.GET, options: [] });
    await Promise.all([first, server.stack.close()]);
    server.stack.request({ peer, code: Code.GET, options: [] });
    expect(server.stack.bound()).toEqual([]);
  });

  it('that is closed keeps no process alive, whatever is asked of it', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const server = new Answering();
    await server.listen('127.0.0.1');
    await server.stack.close();
    const before = timers();
    server.stack.request({ peer: plainPeer(0, '127.0.0.1', 9), code: Code.GET, options: [] });
    expect(timers()).toBe(before);
  });
});

/** The peer of a first request, which a client of this address sends. */
async function firstPeer(server: Answering, address: string, port: number): Promise<Peer> {
  await (await Client.open(address)).ask(address, port);
  return server.peers[0] as Peer;
}
