/** The built server as a process, and its REST. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Program, eventually } from './processes.js';

/** An answer of REST. */
export interface RestAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
}

/** A server with its own data folder; it keeps folder and ports over restarts. */
export class Bellwether {
  readonly folder = mkdtempSync(join(tmpdir(), 'bellwether-interop-'));
  program: Program | undefined;
  http = '';
  coapPort = 0;
  coapsPort = 0;
  #httpPort = 0;
  #token = '';

  /** Starts (again) and waits until it is ready. */
  async start(...more: string[]): Promise<void> {
    const token = join(this.folder, 'owner.token');
    this.program = new Program('bellwether', process.execPath, [
      MAIN,
      'serve',
      ...['--data', join(this.folder, 'data')],
      ...['--http', `127.0.0.1:${this.#httpPort}`],
      ...['--coap', `127.0.0.1:${this.coapPort}`, '--coaps', `127.0.0.1:${this.coapsPort}`],
      ...['--coap-open', '--owner-token-file', token, '--objects', MODELS],
      ...more,
    ]);
    const ready = await this.program.line(/^ready /);
    this.http = /http=(\S+)/.exec(ready)?.[1] ?? '';
    this.#httpPort = Number(new URL(this.http).port);
    this.coapPort = Number(/coap=coap:\/\/[^\s]*:(\d+)/.exec(ready)?.[1]);
    this.coapsPort = Number(/coaps=coaps:\/\/[^\s]*:(\d+)/.exec(ready)?.[1]);
    this.#token = readFileSync(token, 'utf8').trim();
  }

  /** The owner token. */
  get token(): string {
    return this.#token;
  }

  /** Where its CoAP is. */
  get coap(): string {
    return `coap://127.0.0.1:${this.coapPort}`;
  }

  /** Stops it with a signal; the exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const code = await this.program?.stop(signal);
    this.program = undefined;
    return code ?? null;
  }

  /** Stops it and removes its folder. */
  async dispose(): Promise<void> {
    if (this.program !== undefined) await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Calls REST below /api/v1. */
  async rest(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<RestAnswer> {
    const response = await fetch(`${this.http}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
      headers: response.headers,
    };
  }

  /** Counters and gauges by their names without `bellwether_`. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const response = await fetch(`${this.http}/metrics`, { headers: { authorization: `Bearer ${this.#token}` } });
    if (response.status !== 200) throw new Error(`metrics: ${response.status}`);
    const rows = (await response.text()).matchAll(/^bellwether_(\w+) (\S+)$/gm);
    return new Map(Array.from(rows, ([, name, value]) => [name ?? '', Number(value)]));
  }

  /** Orders an operation and returns it when it is finished; throws when it is not. */
  async operate(endpoint: string, request: Record<string, unknown>): Promise<Record<string, unknown>> {
    const answer = await this.rest('POST', `/devices/${endpoint}/operations`, request, { prefer: 'wait=20' });
    if (answer.status !== 200) throw new Error(`operation: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** Orders an operation without waiting for it; the operation as it is then. */
  async order(endpoint: string, request: Record<string, unknown>): Promise<Record<string, unknown>> {
    const { status, body } = await this.rest('POST', `/devices/${endpoint}/operations`, request, { prefer: 'wait=0' });
    if (status !== 202) throw new Error(`operation: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  /** The operation of that id when it has ended. */
  async ended(id: unknown): Promise<Record<string, unknown>> {
    return eventually(`the end of operation ${String(id)}`, async () => {
      const { body } = await this.rest('GET', `/operations/${String(id)}`);
      return body['state'] === 'queued' || body['state'] === 'sent' ? undefined : body;
    });
  }
}

/** Definitions that the tests' devices have beyond the built-in ones. */
export const MODELS = new URL('../leshan/models', import.meta.url).pathname;
/** Definitions of this project. */
export const OBJECTS = new URL('../../../objects', import.meta.url).pathname;
const MAIN = new URL('../../../dist/cli/main.js', import.meta.url).pathname;
