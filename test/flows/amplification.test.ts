/**
 * What leaves towards an address that has proven nothing (RFC 7252 §11.3, RFC 9175 §2.4): at most three times the bytes that
 * came, whatever was asked. Datagrams are literals; the answer is received by a plain socket and measured.
 */

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fromHex } from '#base';
import { TestServer, until } from '../support/test-server.js';

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

describe('everything that goes to an address that never says anything', () => {
  /** Sends the Register to a server of few milliseconds; the bytes that came back until `end`. */
  async function answered(of: TestServer, register: string, end: () => Promise<unknown>): Promise<[number, number]> {
    const silent = createSocket('udp4');
    silent.bind(0, '127.0.0.1');
    await once(silent, 'listening');
    let bytes = 0;
    silent.on('message', (datagram) => (bytes += datagram.length));
    const sent = fromHex(register.replaceAll(' ', ''));
    silent.send(sent, Number(new URL(of.coap).port), '127.0.0.1');
    await end();
    silent.close();
    return [sent.length, bytes];
  }

  const counter = async (of: TestServer, name: string, least: number): Promise<void> => {
    await until(`${name} counts ${least}`, async () => {
      const response = await fetch(`${of.http}/metrics`, { headers: { authorization: `Bearer ${of.token}` } });
      const [, value] = new RegExp(`${name}_total (\\d+)`).exec(await response.text()) ?? [];
      return Number(value) >= least ? 'yes' : undefined;
    });
  };

  const QUICK = { 'coap-ack-timeout': 50, 'coap-unproven-wait': 1000 };
  const REGISTER = `42027d38ab01 b27264 1128 3465703d78 066c743d333030 096c776d326d3d312e31 ff ${Buffer.from('</1/0>,</3/0>').toString('hex')}`;

  it('after a Register stays within three times its bytes: what is read by itself, and what users order for days', async () => {
    const quick = await TestServer.start({ ...QUICK, 'read-after-registration': ['/3/0/0', '/3/0/1', '/3/0/3'] });
    const [sent, bytes] = await answered(quick, REGISTER, async () => {
      await counter(quick, 'coap_requests_failed_timeout', 1);
      for (let count = 0; count < 3; count += 1) {
        const { body } = await quick.rest('POST', '/devices/x/operations', { kind: 'read', path: '/3/0/0' });
        expect(body).toMatchObject({ error: { code: 'device_timeout' } });
      }
    });
    expect(bytes).toBeGreaterThan(sent / 2);
    expect(bytes).toBeLessThanOrEqual(3 * sent);
    await quick.stop();
  });

  it('after the smallest Register, whose commit was slow, stays within it too: empty ACK, 2.01 and its retransmissions', async () => {
    const quick = await TestServer.start({ ...QUICK, 'coap-processing-time': 10 });
    const release = quick.store.holdWriter();
    const [sent, bytes] = await answered(quick, '40027d38 b27264 1128 3465703d61 ff 3c2f333e', async () => {
      await counter(quick, 'coap_empty_acks_sent', 1);
      release();
      await counter(quick, 'coap_dropped_answers_given_up', 1);
    });
    expect(bytes).toBeGreaterThan(sent);
    expect(bytes).toBeLessThanOrEqual(3 * sent);
    await quick.stop();
  });
});
