/** node-coap in both roles against ours. */

import { readFileSync } from 'node:fs';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as nodeCoap from 'coap';

import { Code, OptionNumber, uintOption } from '#coap/codec';

import { KeepingServer, PlainClient } from './support/coap-ends.js';
import { eventually } from './support/processes.js';
import { Cells, Relay } from './support/relay.js';

const cells = new Cells('node-coap');
const ours = new KeepingServer();
const client = new PlainClient();
const theirs = nodeCoap.createServer();
const agent = new nodeCoap.Agent({ type: 'udp4' });
const watchers = new Set<nodeCoap.ObserveWriteStream>();
let toOurs: Relay;
let toTheirs: Relay;

beforeAll(async () => {
  toOurs = await Relay.to(await ours.open());
  theirs.on(
    'request',
    (request: nodeCoap.IncomingMessage, response: nodeCoap.OutgoingMessage | nodeCoap.ObserveWriteStream) => {
      if (request.headers['Observe'] === 0 && 'write' in response) {
        response.write('tick 0');
        watchers.add(response as nodeCoap.ObserveWriteStream);
        response.on('finish', () => watchers.delete(response as nodeCoap.ObserveWriteStream));
      } else response.end(request.method === 'PUT' ? `got ${request.payload.length}` : LARGE);
    },
  );
  const port = await new Promise<number>((resolve) => {
    theirs.listen(0, '127.0.0.1', () => {
      resolve((theirs._sock as Socket).address().port);
    });
  });
  toTheirs = await Relay.to(port);
  await client.open();
}, 30_000);

afterAll(async () => {
  toOurs?.close();
  toTheirs?.close();
  await client.close();
  await ours.close();
  agent.close();
  await new Promise<void>((resolve) => {
    theirs.close(() => {
      resolve();
    });
  });
  const manifest = new URL('../../node_modules/coap/package.json', import.meta.url);
  cells.print((JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version);
}, 30_000);

const LARGE = Buffer.from(Array.from({ length: 3000 }, (_unused, index) => index % 251));

async function request(
  method: 'GET' | 'PUT' | 'DELETE',
  pathname: string,
  payload?: Buffer,
  confirmable: 'con' | 'non' = 'con',
): Promise<nodeCoap.IncomingMessage> {
  const outgoing = nodeCoap.request({
    host: '127.0.0.1',
    port: toOurs.port,
    method,
    pathname,
    agent,
    confirmable: confirmable === 'con',
  });
  const response = once(outgoing, 'response') as Promise<[nodeCoap.IncomingMessage]>;
  // node-coap cuts a body into blocks only when it is told the size.
  if (payload !== undefined && payload.length > 1024) outgoing.setOption('Block1', Buffer.of(6));
  outgoing.end(payload);
  return (await response)[0];
}

describe("node-coap's client against our server", () => {
  it('puts, gets and deletes', async () => {
    expect((await request('PUT', '/thing', Buffer.from('x'))).code).toBe('2.01');
    cells.passed('client PUT', toOurs.last('up'));
    expect((await request('GET', '/thing')).payload.toString()).toBe('x');
    cells.passed('client GET', toOurs.last('up'));
    expect((await request('GET', '/thing', undefined, 'non')).payload.toString()).toBe('x');
    cells.passed('client GET NON', toOurs.last('up'));
    expect((await request('DELETE', '/thing')).code).toBe('2.02');
    cells.passed('client DELETE', toOurs.last('up'));
    expect((await request('GET', '/thing')).code).toBe('4.04');
  }, 30_000);

  it('puts and gets 3,000 bytes in blocks', async () => {
    expect((await request('PUT', '/large', LARGE)).code).toBe('2.01');
    expect(Buffer.from(ours.bodies.get('large') ?? []).equals(LARGE)).toBe(true);
    cells.passed('client PUT Block1', toOurs.last('up'));
    expect((await request('GET', '/large')).payload.equals(LARGE)).toBe(true);
    cells.passed('client GET Block2', toOurs.last('up'));
  }, 30_000);

  it('observes', async () => {
    ours.bodies.set('seen', Buffer.from('one'));
    const outgoing = nodeCoap.request({
      host: '127.0.0.1',
      port: toOurs.port,
      method: 'GET',
      pathname: '/seen',
      agent,
      observe: true,
    });
    const response = once(outgoing, 'response') as Promise<[nodeCoap.ObserveReadStream]>;
    outgoing.end();
    const [stream] = await response;
    const values: string[] = [];
    stream.on('data', (chunk: Buffer) => values.push(chunk.toString()));
    await eventually('the first value', () => (values.includes('one') ? true : undefined));
    ours.set('seen', Buffer.from('two'));
    await eventually('the second value', () => (values.includes('two') ? true : undefined));
    stream.close();
    cells.passed('client Observe', toOurs.last('up'));
  }, 30_000);
});

describe('our client against the server of node-coap', () => {
  it('puts and gets', async () => {
    const put = await client.send(toTheirs.port, Code.PUT, 'x', {
      payload: Buffer.from('abc'),
      options: [uintOption(OptionNumber.CONTENT_FORMAT, 0)],
    });
    expect([put.code, Buffer.from(put.body).toString()]).toEqual([Code.CONTENT, 'got 3']);
    cells.passed('server PUT', toTheirs.last('down'));
    expect(Buffer.from((await client.send(toTheirs.port, Code.GET, 'large')).body).equals(LARGE)).toBe(true);
    cells.passed('server GET Block2', toTheirs.last('down'));
  }, 30_000);

  it('observes and cancels', async () => {
    const token = Buffer.from('a1a2a3a4a5a6a7a8', 'hex');
    const first = await client.send(toTheirs.port, Code.GET, 'clock', { observe: 'register', token });
    expect([first.observing, Buffer.from(first.body).toString()]).toEqual([true, 'tick 0']);
    for (const watcher of watchers) watcher.write('tick 1');
    await eventually('a notification', () =>
      client.notifications.some((body) => Buffer.from(body).toString() === 'tick 1') ? true : undefined,
    );
    cells.passed('server Observe', toTheirs.last('down'));
    await client.send(toTheirs.port, Code.GET, 'clock', { observe: 'cancel', token });
    cells.passed('server Observe cancel', toTheirs.last('up'));
  }, 30_000);
});
