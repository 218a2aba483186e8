import { describe, expect, it } from '@jest/globals';

import { UdpSocket } from '../../src/transport/udp.js';

const HERE = { address: '127.0.0.1', port: 0, stack: 'single', receiveBuffer: 1 << 20 } as const;

/** A socket that takes down what it receives, and a promise for the moment when so many have come. */
async function listen(count: number): Promise<{ socket: UdpSocket; received: string[]; all: Promise<void> }> {
  const received: string[] = [];
  let done: () => void = () => undefined;
  const all = new Promise<void>((resolve) => (done = resolve));
  const socket = await UdpSocket.bind(HERE, {
    received: (bytes) => {
      received.push(bytes.toString());
      if (received.length === count) done();
    },
    dropped: () => undefined,
    failed: (error) => {
      throw error;
    },
  });
  return { socket, received, all };
}

describe('a UDP socket', () => {
  it('sends what one turn gave it in order, also when that is more than a burst', async () => {
    const { socket, received, all } = await listen(600);
    const sender = await listen(1);
    const texts = Array.from({ length: 600 }, (_, index) => String(index));
    for (const text of texts) sender.socket.send(Buffer.from(text), '127.0.0.1', socket.bound.port);
    await all;
    expect(received).toEqual(texts);
    await Promise.all([socket.close(), sender.socket.close()]);
  });

  it('sends nothing before the end of the turn, and everything before it closes', async () => {
    const { socket, received, all } = await listen(2);
    const sender = await listen(1);
    sender.socket.send(Buffer.from('a'), '127.0.0.1', socket.bound.port);
    sender.socket.send(Buffer.from('b'), '127.0.0.1', socket.bound.port);
    await sender.socket.close();
    await all;
    expect(received).toEqual(['a', 'b']);
    await socket.close();
  });

  it('tells of a datagram that the kernel does not take', async () => {
    const { socket } = await listen(1);
    const error = await new Promise((resolve) => {
      socket.send(Buffer.alloc(70_000), '127.0.0.1', 9, resolve);
    });
    expect(error).toMatchObject({ code: 'EMSGSIZE' });
    await socket.close();
  });
});
