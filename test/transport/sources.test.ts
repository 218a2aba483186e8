/**
 * Sockets and the endpoint behind them: what is dropped for its source (security.md row 31), IPv4 and IPv6, one listener or
 * several, and the hook that sees every datagram. Datagrams are literals, peers plain sockets.
 */

import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';

import { afterEach, describe, expect, it } from '@jest/globals';
import { fromHex, plainPeer, silentLogger, systemClock, systemRandom, toHex } from '#base';
import { Code } from '#coap/codec';
import { DEFAULT_PARAMETERS } from '#coap/endpoint';
import { Stack } from '#transport';
import type { EndpointEvent } from '#transport';
import { sourceFault } from '../../src/transport/udp.js';
import { until } from '../support/test-server.js';

const PING = '40000001';
const PONG = '70000001';
const closing: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A stack that notes what its endpoint says. */
function stack(): { stack: Stack; events: EndpointEvent[] } {
  const events: EndpointEvent[] = [];
  const made = new Stack({
    parameters: DEFAULT_PARAMETERS,
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    fault: (error) => {
      throw error;
    },
  });
  made.serve({ handle: (event) => events.push(event) });
  closing.push(() => made.close());
  return { stack: made, events };
}

function listen(on: Stack, address: string, how: 'single' | 'dual' = 'single', port = 0): ReturnType<Stack['listen']> {
  return on.listen({ address, port, stack: how, receiveBuffer: 65_536 });
}

async function socket(type: 'udp4' | 'udp6', address: string): Promise<Socket> {
  const opened = createSocket(type);
  closing.push(
    () =>
      new Promise((resolve) =>
        opened.close(() => {
          resolve();
        }),
      ),
  );
  opened.bind(0, address);
  await once(opened, 'listening');
  return opened;
}

/** Sends a datagram: what comes back, and from which port. */
async function ask(
  from: Socket,
  port: number,
  address: string,
): Promise<{ hex: string; port: number; address: string }> {
  const answered = once(from, 'message') as Promise<[Buffer, { port: number; address: string }]>;
  from.send(fromHex(PING), port, address);
  const [bytes, source] = await answered;
  return { hex: toHex(bytes), port: source.port, address: source.address };
}

describe('a source that no honest peer has', () => {
  it.each([
    ['127.0.0.1', 0, 'source_port_0'],
    ['::1', 0, 'source_port_0'],
    ['224.0.0.1', 5683, 'source_not_unicast'],
    ['224.0.1.187', 5683, 'source_not_unicast'],
    ['239.255.255.255', 5683, 'source_not_unicast'],
    ['255.255.255.255', 5683, 'source_not_unicast'],
    ['ff02::fd', 5683, 'source_not_unicast'],
    ['ff05::fd', 5683, 'source_not_unicast'],
    ['223.255.255.255', 5683, undefined],
    ['240.0.0.1', 5683, undefined],
    ['22.4.0.1', 5683, undefined],
    ['2.24.0.1', 5683, undefined],
    ['fe80::1%eth0', 5683, undefined],
    ['fd00::ff02', 1, undefined],
    ['::1', 65_535, undefined],
  ])('%s port %i: %s', (address, port, fault) => {
    expect(sourceFault(address, port)).toBe(fault);
  });

  it('our own listening address is met with silence: two listeners pointed at each other stop after one datagram', async () => {
    const { stack: one, events } = stack();
    const [first, second] = [await listen(one, '127.0.0.1'), await listen(one, '127.0.0.1')];
    one.request({ peer: plainPeer(0, '127.0.0.1', second.port), code: Code.GET, options: [] });
    await until('it was dropped', () =>
      Promise.resolve(one.counters()['dropped_own_address'] === 1 ? 'yes' : undefined),
    );
    expect(one.counters()).toMatchObject({ datagrams_out: 1, datagrams_in: 1 });
    expect(events).toEqual([]);
    expect(first.port).not.toBe(second.port);
  });

  it('our own port on any address of this machine is ours, when the listener is bound to all', async () => {
    const { stack: one } = stack();
    const { port } = await listen(one, '0.0.0.0');
    one.request({ peer: plainPeer(0, '127.0.0.1', port), code: Code.GET, options: [] });
    await until('it was dropped', () =>
      Promise.resolve(one.counters()['dropped_own_address'] === 1 ? 'yes' : undefined),
    );
  });
});

describe('listeners', () => {
  it('answer from the one that was asked', async () => {
    const { stack: one } = stack();
    const [first, second] = [await listen(one, '127.0.0.1'), await listen(one, '127.0.0.1')];
    const peer = await socket('udp4', '127.0.0.1');
    expect(await ask(peer, second.port, '127.0.0.1')).toMatchObject({ hex: PONG, port: second.port });
    expect(await ask(peer, first.port, '127.0.0.1')).toMatchObject({ hex: PONG, port: first.port });
  });

  it('tell the same address and port on two listeners apart', async () => {
    const { stack: one, events } = stack();
    const [first, second] = [await listen(one, '127.0.0.1'), await listen(one, '127.0.0.1')];
    const peer = await socket('udp4', '127.0.0.1');
    for (const { port } of [first, second]) peer.send(fromHex('40010007'), port, '127.0.0.1');
    await until('both requests are there', () => Promise.resolve(events.length === 2 ? 'yes' : undefined));
    expect(new Set(events.map((event) => (event.type === 'request' ? event.peer.key : ''))).size).toBe(2);
  });

  it('on IPv6 alone do not hear IPv4, so that both families can have the same port', async () => {
    const { stack: one } = stack();
    const { port } = await listen(one, '::');
    await listen(one, '0.0.0.0', 'single', port);
    const six = await socket('udp6', '::1');
    expect(await ask(six, port, '::1')).toMatchObject({ hex: PONG, address: '::1', port });
    const four = await socket('udp4', '127.0.0.1');
    expect(await ask(four, port, '127.0.0.1')).toMatchObject({ hex: PONG, address: '127.0.0.1', port });
  });

  it('on both by an explicit setting see IPv4 addresses as such, not as ::ffff:', async () => {
    const { stack: one, events } = stack();
    const { port } = await listen(one, '::', 'dual');
    const four = await socket('udp4', '127.0.0.1');
    expect(await ask(four, port, '127.0.0.1')).toMatchObject({ hex: PONG });
    four.send(fromHex('40010002'), port, '127.0.0.1');
    const request = await until('the request is there', () =>
      Promise.resolve(events.find(({ type }) => type === 'request')),
    );
    expect(request).toMatchObject({ type: 'request', peer: { address: '127.0.0.1', port: four.address().port } });
    expect(request.type === 'request' && request.peer.key).toBe(plainPeer(0, '127.0.0.1', four.address().port).key);
  });

  it('say in one sentence which port is taken', async () => {
    const { stack: one } = stack();
    const { port } = await listen(one, '127.0.0.1');
    await expect(listen(one, '127.0.0.1', 'single', port)).rejects.toMatchObject({
      code: 'listener_unavailable',
      message: expect.stringContaining(`127.0.0.1:${port} is in use`) as unknown,
    });
  });
});

describe('the hook', () => {
  it('sees every datagram in and out with its peer, also one that is no CoAP', async () => {
    const { stack: one } = stack();
    const { port } = await listen(one, '127.0.0.1');
    const seen: string[] = [];
    one.watch((direction, peer, bytes) => seen.push(`${direction} ${peer.port} ${toHex(bytes)}`));
    const peer = await socket('udp4', '127.0.0.1');
    const own = peer.address().port;
    peer.send(fromHex('ff'), port, '127.0.0.1');
    await ask(peer, port, '127.0.0.1');
    expect(seen).toEqual([`in ${own} ff`, `in ${own} ${PING}`, `out ${own} ${PONG}`]);
    one.watch(undefined);
    await ask(peer, port, '127.0.0.1');
    expect(seen).toHaveLength(3);
  });
});
