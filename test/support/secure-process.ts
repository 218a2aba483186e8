/** The built server as a process that tests stop, kill and start again, and devices over DTLS that stay meanwhile. */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import type { ClientOffer } from '#dtls';
import { DtlsClient, type DtlsClientOptions } from './dtls-client.js';

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

/** A device with a key of its own at the server, wherever that listens. */
export async function deviceWithKey(
  server: ServerProcess,
  endpoint: string,
  more: Partial<ClientOffer> = {},
  options: DtlsClientOptions = {},
): Promise<DtlsClient> {
  await server.giveKey(endpoint);
  const psk = { identity: Buffer.from(`id-${endpoint}`), key: Buffer.from(KEY, 'hex') };
  return new DtlsClient(() => server.port, { psk, ...more }, options);
}

const KEY = '000102030405060708090a0b0c0d0e0f';
