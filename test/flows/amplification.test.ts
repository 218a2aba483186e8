/**
 * What leaves towards an address that has proven nothing (RFC 7252 §11.3, RFC 9175 §2.4): at most three times the bytes that
 * came, whatever was asked. Datagrams are literals; the answer is received by a plain socket and measured.
 */

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fromHex } from '#base';
import { TestServer } from '../support/test-server.js';

let server: TestServer;
let socket: Socket;

beforeAll(async () => {
  server = await TestServer.start();
  socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
});
afterAll(async () => {
  socket.close();
  await server.stop();
});

async function answerTo(hex: string): Promise<Buffer> {
  const answered = once(socket, 'message') as Promise<[Buffer]>;
  socket.send(fromHex(hex), Number(new URL(server.coap).port), '127.0.0.1');
  return (await answered)[0];
}

describe('a spoofed request', () => {
  it.each([
    ['an empty CON', '40000001'],
    ['GET /', '40010002'],
    ['GET /x', '40010003 b178'],
    ['GET /rd', '40010004 b27264'],
    ['POST /rd with nothing', '40020005 b27264'],
    ['POST /rd with ep alone', '40020006 b27264 4465703d61'],
    ['POST on a location that is none', '40020007 b27264 0a41414141414141414141'],
    ['DELETE on a location that is none', '40040008 b27264 0a41414141414141414141'],
    ['POST /dp', '40020009 b26470'],
    ['GET /.well-known/core', '4001000a bb2e77656c6c2d6b6e6f776e 04636f7265'],
    ['a critical option nobody knows', '4001000b d11000'],
    ['FETCH /', '4005000c'],
    ['POST /bs', '4002000d b26273 4465703d61'],
  ])('gets at most three times its bytes back: %s', async (_name, hex) => {
    const sent = fromHex(hex).length;
    const answer = await answerTo(hex);
    expect({ sent, answered: answer.length, within: answer.length <= 3 * sent }).toMatchObject({ within: true });
  });
});
