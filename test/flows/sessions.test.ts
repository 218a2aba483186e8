/**
 * Short handshakes at the built server, on real sockets: a device keeps its session in this process, the server is killed
 * (SIGKILL) and started again on what was durable.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import { EMPTY, plainPeer, seconds, systemClock, systemRandom, toHex } from '#base';
import { DTLS_PARAMETERS, DtlsEndpoint, nodeProvider } from '#dtls';
import type { ClientOffer, DtlsEvent } from '#dtls';
import { until } from '../support/test-server.js';

const MAIN = new URL('../../dist/cli/main.js', import.meta.url).pathname;
const KEY = '000102030405060708090a0b0c0d0e0f';
const folder = mkdtempSync(join(tmpdir(), 'bellwether-sessions-'));

interface Running {
  readonly child: ChildProcess;
  readonly http: string;
  readonly port: number;
  readonly token: string;
}

let server: Running;
const devices: Device[] = [];

beforeAll(async () => {
  server = await start();
}, 30_000);
afterEach(() => {
  for (const device of devices.splice(0)) device.close();
});
afterAll(async () => {
  await kill();
  for (const made of [folder, `${folder}.key`]) rmSync(made, { recursive: true, force: true });
});

/** A client that speaks to the server wherever it listens now: its place is one name for it. */
class Device {
  readonly events: DtlsEvent[] = [];
  readonly #socket: Socket;
  readonly #endpoint: DtlsEndpoint;
  #timer: NodeJS.Timeout | undefined;

  constructor(offer: ClientOffer) {
    this.#socket = createSocket('udp4');
    this.#endpoint = new DtlsEndpoint(
      {
        parameters: { ...DTLS_PARAMETERS, handshakeDeadline: seconds(4) },
        random: systemRandom,
        provider: nodeProvider,
      },
      { send: (_listener, _address, _port, bytes) => this.#socket.send(bytes, server.port, '127.0.0.1') },
    );
    this.#endpoint.connect(0, offer);
    this.#socket.on('message', (bytes) => {
      this.#endpoint.handleDatagram(systemClock.now(), 0, PLACE.address, PLACE.port, bytes);
      this.#drain();
    });
    devices.push(this);
  }

  /** Shakes hands, says something, and what kind of handshake it was. */
  async come(): Promise<string> {
    const before = this.events.length;
    this.#endpoint.drop(PLACE.key);
    this.#endpoint.send(systemClock.now(), PLACE, PING, 'own');
    this.#drain();
    const ended = await until('the handshake is over', async () =>
      this.events.slice(before).find(({ type }) => type === 'established' || type === 'handshakeFailed'),
    );
    return ended.type === 'established' ? ended.kind : ended.type;
  }

  /** Says goodbye: the server forgets the association, and the device its own. */
  leave(): void {
    this.#endpoint.drop(PLACE.key);
    this.#drain();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#socket.close();
  }

  #drain(): void {
    for (let event = this.#endpoint.nextEvent(); event !== undefined; event = this.#endpoint.nextEvent()) {
      this.events.push(event);
      if (event.type === 'question') this.#endpoint.answer(systemClock.now(), event.question, { is: 'refused' });
    }
    clearTimeout(this.#timer);
    const deadline = this.#endpoint.nextDeadline();
    if (deadline === undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#endpoint.handleTimeout(systemClock.now());
        this.#drain();
      },
      Math.max(1, deadline - systemClock.now()),
    );
  }
}

/** A device with a key of its own at the server. */
async function deviceWithKey(endpoint: string, more: Partial<ClientOffer> = {}): Promise<Device> {
  await giveKey(endpoint);
  const psk = { identity: Buffer.from(`id-${endpoint}`), key: Buffer.from(KEY, 'hex') };
  return new Device({ serverProofs: [], cid: EMPTY, psk, ...more });
}

async function giveKey(endpoint: string): Promise<void> {
  const credential = { kind: 'psk', identity: `id-${endpoint}`, key: `hex:${KEY}` };
  expect((await rest('PUT', `/devices/${endpoint}/credentials/k1`, credential)).status).toBeLessThan(300);
}

/** Waits until the server has written that many sessions since its start. */
function kept(count: number): Promise<unknown> {
  return until(`${count} sessions are durable`, async () =>
    (await metric('fleet_sessions_kept')) >= count ? 'yes' : undefined,
  );
}

describe('a device that was there before', () => {
  it.each([
    ['its session id', {}],
    ['a ticket', { tickets: 'wanted' } as const],
  ])('shakes hands shortly by %s, again and again', async (_, offer) => {
    const before = await metric('fleet_sessions_kept');
    const device = await deviceWithKey(`again-${'tickets' in offer ? 'ticket' : 'id'}`, offer);
    expect(await device.come()).toBe('full');
    await kept(before + 1);
    device.leave();
    for (let round = 0; round < 3; round += 1) {
      expect(await device.come()).toBe('resumed');
      device.leave();
    }
  });

  it('shakes hands shortly after the server was killed, and nothing of its session stands in the files', async () => {
    const before = await metric('fleet_sessions_kept');
    const device = await deviceWithKey('killed');
    const other = await deviceWithKey('killed-other');
    expect([await device.come(), await other.come()]).toEqual(['full', 'full']);
    await kept(before + 2);
    await restart();
    expect([await device.come(), await other.come()]).toEqual(['resumed', 'resumed']);
    // Twice: what was resumed is still there after another kill.
    await restart();
    expect(await device.come()).toBe('resumed');
    expect(await metric('fleet_sessions_found')).toBe(1);
    const files = readdirSync(folder).map((name) => readFileSync(join(folder, name)));
    const secrets = [device, other].flatMap(({ events }) =>
      events.flatMap((event) => (event.type === 'session' ? [event.handle, event.session.master] : [])),
    );
    for (const secret of secrets)
      for (const file of files) {
        expect(file.includes(Buffer.from(secret))).toBe(false);
        expect(file.includes(toHex(secret))).toBe(false);
      }
  });

  it('has to prove itself when its credential is another, also after a kill right behind the change', async () => {
    const before = await metric('fleet_sessions_kept');
    const device = await deviceWithKey('changed');
    expect(await device.come()).toBe('full');
    await kept(before + 1);
    expect((await rest('DELETE', '/devices/changed/credentials/k1')).status).toBe(204);
    await restart();
    expect(await device.come()).toBe('handshakeFailed');
    expect(await metric('fleet_sessions_found')).toBe(0);
    await giveKey('changed');
    expect(await device.come()).toBe('full');
  });
});

async function start(): Promise<Running> {
  const tokenFile = join(folder, 'owner.token');
  const flags = ['--http', '127.0.0.1:0', '--coap', '127.0.0.1:0', '--coaps', '127.0.0.1:0', '--log-level', 'error'];
  const child = spawn(process.execPath, [MAIN, 'serve', '--data', folder, ...flags, '--owner-token-file', tokenFile], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const ready = /^ready http=(\S+).* coaps=coaps:\/\/127\.0\.0\.1:(\d+)/.exec(line);
    if (ready === null) continue;
    return { child, http: ready[1] as string, port: Number(ready[2]), token: readFileSync(tokenFile, 'utf8').trim() };
  }
  throw new Error('the server ended before it was ready');
}

async function kill(): Promise<void> {
  const ended = once(server.child, 'exit');
  server.child.kill('SIGKILL');
  await ended;
}

async function restart(): Promise<void> {
  await kill();
  server = await start();
}

async function rest(method: string, path: string, body?: unknown): Promise<Response> {
  return fetch(`${server.http}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function metric(name: string): Promise<number> {
  const response = await fetch(`${server.http}/metrics`, { headers: { authorization: `Bearer ${server.token}` } });
  const line = (await response.text()).split('\n').find((one) => one.includes(name) && !one.startsWith('#'));
  if (line === undefined) throw new Error(`there is no metric ${name}`);
  return Number(line.split(' ').at(-1));
}

const PLACE = plainPeer(0, '192.0.2.1', 5684);
/** An Empty message, which CoAP answers with a Reset. */
const PING = Buffer.from('40000001', 'hex');
