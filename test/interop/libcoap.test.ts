/** libcoap's client against our server role, and our client role against libcoap's server. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { Code, OptionNumber, uintOption } from '#coap/codec';

import { KeepingServer, PlainClient } from './support/coap-ends.js';
import { Bellwether } from './support/bellwether.js';
import { need } from './support/leshan.js';
import { freePort } from './support/ports.js';
import { eventually, Program, run } from './support/processes.js';
import { Cells, Relay } from './support/relay.js';

const CLIENT = 'coap-client-notls';
const cells = new Cells('libcoap');
const folder = mkdtempSync(join(tmpdir(), 'bellwether-libcoap-'));
const ours = new KeepingServer();
const client = new PlainClient();
const bellwether = new Bellwether();
let toOurs: Relay;
let toTheirs: Relay;
let theirs: Program;
let version = '?';

beforeAll(async () => {
  need(CLIENT, 'libcoap3-bin');
  version = /v\d+\.\d+\.\d+/.exec(run(CLIENT, [], { allowFailure: 'allow' }))?.[0] ?? '?';
  toOurs = await Relay.to(await ours.open());
  const port = await freePort();
  theirs = new Program('libcoap server', 'coap-server-notls', ['-A', '127.0.0.1', '-p', String(port), '-d', '100']);
  toTheirs = await Relay.to(port);
  await client.open();
  await eventually("libcoap's server", async () =>
    client.send(port, Code.GET, 'time').then(
      () => true,
      () => undefined,
    ),
  );
}, 300_000);

afterAll(async () => {
  await theirs?.stop('SIGKILL');
  toOurs?.close();
  toTheirs?.close();
  await client.close();
  await ours.close();
  await bellwether.dispose();
  rmSync(folder, { recursive: true, force: true });
  cells.print(version);
}, 60_000);

async function coap(...args: string[]): Promise<string> {
  const program = new Program(CLIENT, CLIENT, args);
  program.child.stdin.end();
  await program.ended(30_000);
  return program.lines.join('\n') + program.errors.join('\n');
}

function at(path: string): string {
  return `coap://127.0.0.1:${toOurs.port}/${path}`;
}

describe("libcoap's client against our server", () => {
  it('gets by CON and by NON', async () => {
    ours.bodies.set('hello', Buffer.from('a body'));
    expect(await coap('-m', 'get', at('hello'))).toContain('a body');
    cells.passed('client GET CON', toOurs.last('up'));
    expect(await coap('-N', '-m', 'get', at('hello'))).toContain('a body');
    cells.passed('client GET NON', toOurs.last('up'));
    expect(ours.requests.slice(-2)).toEqual(['1 hello 0 con', '1 hello 0 non']);
  }, 60_000);

  it.each([16, 64, 256, 1024])(
    'puts and gets 5,000 bytes in blocks of %i',
    async (size) => {
      const content = Buffer.from(Array.from({ length: 5000 }, (_unused, index) => 33 + (index % 90)));
      const file = join(folder, `body-${size}`);
      writeFileSync(file, content);
      await coap('-m', 'put', '-b', String(size), '-t', '0', '-f', file, at(`block${size}`));
      expect(Buffer.from(ours.bodies.get(`block${size}`) ?? []).equals(content)).toBe(true);
      cells.passed(`client PUT Block1 ${size}`, toOurs.last('up'));
      const got = join(folder, `got-${size}`);
      await coap('-m', 'get', '-b', String(size), '-o', got, at(`block${size}`));
      expect(readFileSync(got).equals(content)).toBe(true);
      cells.passed(`client GET Block2 ${size}`, toOurs.last('up'));
    },
    120_000,
  );

  it('observes, and cancels when it ends', async () => {
    ours.bodies.set('watched', Buffer.from('first'));
    const watching = coap('-s', '2', '-m', 'get', at('watched'));
    await eventually('the observation', () => (ours.observers === 1 ? true : undefined));
    ours.set('watched', Buffer.from('second'));
    expect(await watching).toMatch(/first[\s\S]*second/);
    await eventually('the cancellation', () => (ours.observers === 0 ? true : undefined));
    cells.passed('client Observe and cancel', toOurs.last('up'));
  }, 60_000);

  it('gets through although its first datagram is lost', async () => {
    ours.bodies.set('lost', Buffer.from('after a loss'));
    expect(await coap('-l', '1', '-m', 'get', at('lost'))).toContain('after a loss');
    cells.passed('client retransmission', toOurs.last('up'));
  }, 60_000);

  it('sends FETCH with a body', async () => {
    expect(await coap('-m', 'fetch', '-e', 'query', '-t', '0', at('any'))).toContain('query');
    cells.passed('client FETCH', toOurs.last('up'));
  }, 60_000);

  it('is told with 4.04 what is not there', async () => {
    expect(await coap('-m', 'get', at('nothing'))).toContain('4.04');
    cells.passed('client 4.04', toOurs.last('down'));
  }, 60_000);
});

describe('our client against the server of libcoap', () => {
  it('gets, observes and cancels', async () => {
    expect((await client.send(toTheirs.port, Code.GET, 'time')).code).toBe(Code.CONTENT);
    cells.passed('server GET', toTheirs.last('down'));
    const token = Buffer.from('0102030405060708', 'hex');
    const first = await client.send(toTheirs.port, Code.GET, 'time', { observe: 'register', token });
    expect(first.observing).toBe(true);
    const before = client.notifications.length;
    await eventually('two notifications', () => (client.notifications.length >= before + 2 ? true : undefined));
    cells.passed('server Observe', toTheirs.last('down'));
    expect((await client.send(toTheirs.port, Code.GET, 'time', { observe: 'cancel', token })).code).toBe(Code.CONTENT);
    cells.passed('server Observe cancel', toTheirs.last('up'));
  }, 60_000);

  it.each([16, 128, 512, 1024])(
    'puts and gets 5,000 bytes in blocks of %i',
    async (size) => {
      const content = Buffer.from(Array.from({ length: 5000 }, (_unused, index) => 33 + ((index * 7) % 90)));
      const options = [uintOption(OptionNumber.CONTENT_FORMAT, 0)];
      const put = await client.send(toTheirs.port, Code.PUT, `made${size}`, {
        payload: content,
        preferredBlockSize: size,
        options,
      });
      expect([Code.CREATED, Code.CHANGED]).toContain(put.code);
      cells.passed(`server PUT Block1 ${size}`, toTheirs.last('up'));
      const got = await client.send(toTheirs.port, Code.GET, `made${size}`, { preferredBlockSize: size });
      expect(Buffer.from(got.body).equals(content)).toBe(true);
      cells.passed(`server GET Block2 ${size}`, toTheirs.last('down'));
    },
    60_000,
  );

  it('takes a separate response', async () => {
    const answer = await client.send(toTheirs.port, Code.GET, 'async');
    expect(answer.code).toBe(Code.CONTENT);
    cells.passed('server separate response', toTheirs.last('down'));
  }, 60_000);
});

describe("libcoap's client as a device", () => {
  beforeAll(async () => {
    await bellwether.start();
  }, 60_000);

  it('registers, updates and de-registers', async () => {
    const rd = `${bellwether.coap}/rd`;
    const registered = await coap(
      '-v',
      '7',
      '-m',
      'post',
      '-t',
      '40',
      '-e',
      '</1/0>,</3/0>',
      `${rd}?ep=by-libcoap&lt=300&lwm2m=1.1&b=U`,
    );
    expect(registered).toMatch(/2\.01/);
    const location = /Location-Path:rd, Location-Path:([A-Za-z0-9_-]{10})/.exec(registered)?.[1];
    expect(location).toBeDefined();
    const { body } = await bellwether.rest('GET', '/devices/by-libcoap');
    expect(body['registration']).toMatchObject({ lwm2m: '1.1', lifetime: 300, objects: [{ id: 1 }, { id: 3 }] });
    expect(await coap('-v', '7', '-m', 'post', `${rd}/${location ?? ''}`)).toMatch(/2\.04/);
    expect(await coap('-v', '7', '-m', 'delete', `${rd}/${location ?? ''}`)).toMatch(/2\.02/);
    expect(await coap('-v', '7', '-m', 'post', `${rd}/${location ?? ''}`)).toMatch(/4\.04/);
    cells.passed('device register, update, de-register', `location ${location ?? '-'}`);
  }, 60_000);
});
