/** A whole server on ports of its own, in a folder of its own, with its REST as plain functions. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '#base';
import { SqliteStore } from '#store';
import { readConfig } from '../../src/config.js';
import { OwnerToken } from '../../src/owner-token.js';
import { startServer } from '../../src/server.js';
import type { RunningServer } from '../../src/server.js';

/** An answer of REST. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A server for one test file. */
export class TestServer {
  #server: RunningServer;
  readonly #start: () => Promise<RunningServer>;
  readonly #folder: string;
  readonly #faults: unknown[];
  readonly #token: string;

  private constructor(
    server: RunningServer,
    start: () => Promise<RunningServer>,
    folder: string,
    token: string,
    faults: unknown[],
  ) {
    this.#server = server;
    this.#start = start;
    this.#folder = folder;
    this.#token = token;
    this.#faults = faults;
  }

  /**
   * Starts a server that is open to all names, reads nothing by itself, and answers once, however slow the disk is; on what
   * lies in `folder` when one is given, which becomes its own.
   */
  static async start(
    flags: Readonly<Record<string, unknown>> = {},
    folder = mkdtempSync(join(tmpdir(), 'bellwether-flow-')),
  ): Promise<TestServer> {
    const faults: unknown[] = [];
    const config = readConfig({
      flags: {
        data: folder,
        http: '127.0.0.1:0',
        coap: ['127.0.0.1:0'],
        coaps: ['127.0.0.1:0'],
        'coap-open': true,
        'read-after-registration': [],
        'coap-processing-time': 30_000,
        ...flags,
      },
      environment: {},
    });
    const token = new OwnerToken(folder).reset();
    const start = (): Promise<RunningServer> =>
      startServer(config, { logger: silentLogger, fault: (error) => faults.push(error) });
    return new TestServer(await start(), start, folder, token, faults);
  }

  /** Base address of HTTP. */
  get http(): string {
    return this.#server.http;
  }

  /** The owner token. */
  get token(): string {
    return this.#token;
  }

  /** The data folder. */
  get folder(): string {
    return this.#folder;
  }

  /** The embedded store it runs on, for its hooks that hold the writer and fill the disk. */
  get store(): SqliteStore {
    const { store } = this.#server;
    if (!(store instanceof SqliteStore)) throw new Error('the server runs on another store');
    return store;
  }

  /** Address of the secure listener. */
  get coaps(): string {
    return this.#server.coaps[0] as string;
  }

  /** Address of the first plain listener. */
  get coap(): string {
    return this.#server.coap[0] as string;
  }

  /** The server itself. */
  get running(): RunningServer {
    return this.#server;
  }

  /** Addresses of all CoAP listeners. */
  get listeners(): readonly string[] {
    return this.#server.coap;
  }

  /** One request to REST; `path` below `/api/v1`. */
  async rest(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const response = await this.fetch(method, path, body === undefined ? undefined : JSON.stringify(body), headers);
    const text = await response.text();
    return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Answer['body']) };
  }

  /** As `rest`, with a body as it is sent, and the response as it came. */
  fetch(
    method: string,
    path: string,
    body?: string,
    headers: Readonly<Record<string, string>> = {},
    signal?: AbortSignal,
  ): Promise<Response> {
    return fetch(`${this.#server.http}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /** The device as REST shows it. */
  async device(endpoint: string): Promise<Answer['body']> {
    return (await this.rest('GET', `/devices/${endpoint}`)).body;
  }

  /** Orders an operation and waits for its end. */
  async order(endpoint: string, operation: Readonly<Record<string, unknown>>): Promise<Answer['body']> {
    const { status, body } = await this.rest('POST', `/devices/${endpoint}/operations`, operation);
    if (status !== 200) throw new Error(`the operation was answered with ${status}: ${JSON.stringify(body)}`);
    return body;
  }

  /**
   * Stops the server and starts another on the same folder, with the same token, on other ports unless the flags name them;
   * with the associations of devices, or without, as after a kill.
   */
  async restart(associations: 'kept' | 'lost' = 'kept'): Promise<void> {
    await this.#server.stop();
    if (associations === 'lost') rmSync(join(this.#folder, 'associations.sealed'));
    this.#server = await this.#start();
  }

  /** Stops the server; throws when an invariant broke meanwhile. */
  async stop(): Promise<void> {
    await this.#server.stop();
    for (const folder of [this.#folder, `${this.#folder}.key`]) rmSync(folder, { recursive: true, force: true });
    if (this.#faults.length > 0) throw new Error(`the server broke an invariant: ${String(this.#faults[0])}`);
  }
}

/** Asks again and again until the answer is not undefined, at most so many seconds. */
export async function until<T>(what: string, ask: () => Promise<T | undefined>, seconds = 10): Promise<T> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const found = await ask();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`still not so after ${seconds} seconds: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What a node of REST holds, without names and types: scalars, and objects by id. */
export function plain(node: unknown): unknown {
  const { value, values, resources, instances } = node as Readonly<Record<string, unknown>>;
  const below = (resources ?? instances) as Readonly<Record<string, unknown>> | undefined;
  if (below === undefined) return value ?? values;
  return Object.fromEntries(Object.entries(below).map(([id, child]) => [id, plain(child)]));
}
