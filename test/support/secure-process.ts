/** The built server as a process that tests stop, kill and start again, and devices over DTLS that stay meanwhile. */

import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { EMPTY, plainPeer, seconds, systemClock, systemRandom } from '#base';
import { DTLS_PARAMETERS, DtlsEndpoint, nodeProvider } from '#dtls';
import type { ClientOffer, DtlsEvent } from '#dtls';
import { until } from './test-server.js';

const MAIN = new URL('../../dist/cli/main.js', import.meta.url).pathname;

interface Running {
  readonly child: ChildProcess;
  readonly http: string;
  readonly token: string;
}

/** A server in a folder of its own. */
export class ServerProcess {
  readonly folder: string;
  #running: Running | undefined;
  #port = 0;

  constructor(name: string) {
    this.folder = mkdtempSync(join(tmpdir(), `bellwether-${name}-`));
  }

  /** Where it listens for DTLS, or did. */
  get port(): number {
    return this.#port;
  }

  async start(...more: string[]): Promise<void> {
    const tokenFile = join(this.folder, 'owner.token');
    const flags = ['--http', '127.0.0.1:0', '--coap', '127.0.0.1:0', '--coaps', '127.0.0.1:0', '--log-level', 'error'];
    const args = ['serve', '--data', this.folder, ...flags, '--owner-token-file', tokenFile, ...more];
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
      const ready = /^ready http=(\S+).* coaps=coaps:\/\/127\.0\.0\.1:(\d+)/.exec(line);
      if (ready === null) continue;
      const token = readFileSync(tokenFile, 'utf8').trim();
      this.#running = { child, http: ready[1] as string, token };
      this.#port = Number(ready[2]);
      return;
    }
    throw new Error('the server ended before it was ready');
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Lets it stop in good order; its exit code. */
  stop(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  async dispose(): Promise<void> {
    if (this.#running !== undefined) await this.kill();
    for (const made of [this.folder, `${this.folder}.key`]) rmSync(made, { recursive: true, force: true });
  }

  rest(method: string, path: string, body?: unknown): Promise<Response> {
    const { http, token } = this.#now;
    return fetch(`${http}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  async metric(name: string): Promise<number> {
    const { http, token } = this.#now;
    const response = await fetch(`${http}/metrics`, { headers: { authorization: `Bearer ${token}` } });
    const line = (await response.text()).split('\n').find((one) => one.includes(name) && !one.startsWith('#'));
    if (line === undefined) throw new Error(`there is no metric ${name}`);
    return Number(line.split(' ').at(-1));
  }

  /** Gives an endpoint the key that `deviceWithKey` proves it by. */
  async giveKey(endpoint: string): Promise<void> {
    const credential = { kind: 'psk', identity: `id-${endpoint}`, key: `hex:${KEY}` };
    const { status } = await this.rest('PUT', `/devices/${endpoint}/credentials/k1`, credential);
    if (status >= 300) throw new Error(`a credential was answered with ${status}`);
  }

  get #now(): Running {
    if (this.#running === undefined) throw new Error('the server does not run');
    return this.#running;
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const { child } = this.#now;
    const ended = once(child, 'exit');
    child.kill(signal);
    this.#running = undefined;
    return (await ended)[0] as number | null;
  }
}

/** A client that speaks to the server wherever it listens now: its place is one name for it. */
export class SecureDevice {
  readonly events: DtlsEvent[] = [];
  /** Datagrams that came, in order. */
  readonly heard: Buffer[] = [];
  readonly #server: ServerProcess;
  readonly #endpoint: DtlsEndpoint;
  #socket: Socket;
  #timer: NodeJS.Timeout | undefined;

  constructor(server: ServerProcess, offer: ClientOffer) {
    this.#server = server;
    this.#socket = this.#open();
    this.#endpoint = new DtlsEndpoint(
      {
        parameters: { ...DTLS_PARAMETERS, handshakeDeadline: seconds(4) },
        random: systemRandom,
        provider: nodeProvider,
      },
      { send: (_listener, _address, _port, bytes) => this.#socket.send(bytes, this.#server.port, '127.0.0.1') },
    );
    this.#endpoint.connect(0, offer);
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

  /** Says something, and waits for what comes back; no handshake is begun for it. */
  async ping(): Promise<void> {
    const before = this.#messages();
    this.#endpoint.send(systemClock.now(), PLACE, PING, 'own');
    this.#drain();
    await until('the server answers', async () => (this.#messages() > before ? 'yes' : undefined));
  }

  /** Speaks from another port from now on. */
  move(): void {
    this.#socket.close();
    this.#socket = this.#open();
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

  #open(): Socket {
    const socket = createSocket('udp4');
    socket.on('message', (bytes) => {
      this.heard.push(bytes);
      this.#endpoint.handleDatagram(systemClock.now(), 0, PLACE.address, PLACE.port, bytes);
      this.#drain();
    });
    return socket;
  }

  #messages(): number {
    return this.events.filter(({ type }) => type === 'message').length;
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

/** A device with a key of its own at the server; it has Connection IDs unless it is told what else to offer. */
export async function deviceWithKey(
  server: ServerProcess,
  endpoint: string,
  more: Partial<ClientOffer> = { cid: EMPTY },
): Promise<SecureDevice> {
  await server.giveKey(endpoint);
  const psk = { identity: Buffer.from(`id-${endpoint}`), key: Buffer.from(KEY, 'hex') };
  return new SecureDevice(server, { serverProofs: [], psk, ...more });
}

const KEY = '000102030405060708090a0b0c0d0e0f';
const PLACE = plainPeer(0, '192.0.2.1', 5684);
/** An Empty message, which CoAP answers with a Reset. */
const PING = Buffer.from('40000001', 'hex');
