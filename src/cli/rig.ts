/** The rig of a conformance run over REST: operations and observations of one device, and its trace. */

import { AppError, fromHex } from '#base';
import type { Datagram, DeviceUnderTest, Ended, Order, Rig, WantedObservation } from '#conformance';
import { viewFor } from '#lwm2m/model';
import type { EnablerVersion, ObjectCatalogue, ObjectEntry } from '#lwm2m/model';

import type { Client } from './client.js';
import { connected, messages } from './sse.js';
import { devicePath } from './values.js';

/** A device of a running server. */
export class RestRig implements Rig {
  readonly datagrams: Datagram[] = [];
  readonly #client: Client;
  readonly #endpoint: string;
  readonly #catalogue: ObjectCatalogue;
  readonly #timeout: number;
  readonly #closed = new AbortController();
  readonly #watchers = new Set<() => void>();
  /** The server's clock less ours, in milliseconds. */
  #ahead: number | undefined;
  #lost: Error | undefined;

  private constructor(client: Client, endpoint: string, catalogue: ObjectCatalogue, timeout: number) {
    this.#client = client;
    this.#endpoint = endpoint;
    this.#catalogue = catalogue;
    this.#timeout = timeout;
  }

  /** Opens the trace of a device. `timeout` is how many seconds an operation may take. Rejects with AppError when it cannot be had. */
  static async open(client: Client, endpoint: string, catalogue: ObjectCatalogue, timeout: number): Promise<RestRig> {
    const rig = new RestRig(client, endpoint, catalogue, timeout);
    await rig.#follow();
    return rig;
  }

  /** Closes the trace. */
  close(): void {
    this.#closed.abort();
  }

  async device(): Promise<DeviceUnderTest> {
    const { body } = await this.#client.call('GET', devicePath(this.#endpoint));
    const { registration } = body as { readonly registration?: Registered };
    if (registration === undefined) throw new AppError('failed', `${this.#endpoint} is not registered`);
    const { lwm2m, objects, lifetime, queueMode, root = '' } = registration;
    const versions = new Map(objects.map(({ id, version }) => [id, version]));
    const dialect = { lwm2m, root, formats: [], model: viewFor(this.#catalogue, (object) => versions.get(object)) };
    return { endpoint: this.#endpoint, dialect, objects, lifetime, queueMode };
  }

  async order(order: Order): Promise<Ended> {
    const deadline = new Date(Date.now() + this.#timeout * 1000).toISOString();
    const { body } = await this.#client.call('POST', `${devicePath(this.#endpoint)}/operations`, {
      body: { ...order, deadline },
      headers: { prefer: `wait=${Math.min(this.#timeout, LONGEST_WAIT)}` },
    });
    let operation = body as Ended & { readonly id: string };
    while (UNFINISHED.has(operation.state)) {
      this.#check();
      await pause(POLL);
      operation = (await this.#client.call('GET', `/operations/${operation.id}`)).body as typeof operation;
    }
    return operation;
  }

  async observe(id: string, wanted: WantedObservation): Promise<{ readonly state: string; readonly detail?: string }> {
    const path = this.#observation(id);
    let { body } = await this.#client.call('PUT', path, { body: wanted });
    const end = Date.now() + this.#timeout * 1000;
    for (;;) {
      const { state, error } = body as { readonly state: string; readonly error?: { readonly detail?: string } };
      if (state !== 'pending' || Date.now() >= end)
        return error?.detail === undefined ? { state } : { state, detail: error.detail };
      this.#check();
      await pause(POLL);
      ({ body } = await this.#client.call('GET', path));
    }
  }

  async cancel(id: string, by: 'observe' | 'reset'): Promise<void> {
    try {
      await this.#client.call('DELETE', this.#observation(id), { query: { cancel: by } });
    } catch (error) {
      // It may have been ended already.
      if (!(error instanceof AppError) || !error.message.includes('observation_not_found')) throw error;
    }
  }

  now(): number {
    return Date.now() + (this.#ahead ?? 0);
  }

  next(until: number): Promise<void> {
    this.#check();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(late);
        this.#watchers.delete(done);
        resolve();
      };
      const late = setTimeout(done, Math.max(0, until - this.now()));
      this.#watchers.add(done);
    });
  }

  #observation(id: string): string {
    return `${devicePath(this.#endpoint)}/observations/${id}`;
  }

  /** Throws when the trace was lost: without it nothing can be judged. */
  #check(): void {
    if (this.#lost !== undefined) throw this.#lost;
  }

  /** Resolves when the server has begun to tell. */
  #follow(): Promise<void> {
    const pieces = this.#client.stream(`${devicePath(this.#endpoint)}/trace`, { signal: this.#closed.signal });
    return new Promise((resolve, reject) => {
      this.#take(connected(pieces, resolve)).catch((error: unknown) => {
        this.#lost = error instanceof Error ? error : new Error(String(error));
        for (const watcher of this.#watchers) watcher();
        reject(this.#lost);
      });
    });
  }

  async #take(pieces: AsyncIterable<string>): Promise<void> {
    for await (const { data } of messages(pieces)) {
      const { at, direction, hex } = JSON.parse(data) as ShownDatagram;
      const seen = Date.parse(at);
      // What came the quickest tells best how the two clocks differ.
      this.#ahead = Math.max(this.#ahead ?? Number.NEGATIVE_INFINITY, seen - Date.now());
      this.datagrams.push({ at: seen, direction, bytes: fromHex(hex) });
      for (const watcher of this.#watchers) watcher();
    }
  }
}

interface Registered {
  readonly lwm2m: EnablerVersion;
  readonly objects: readonly ObjectEntry[];
  readonly lifetime: number;
  readonly queueMode: boolean;
  readonly root?: string;
}

interface ShownDatagram {
  readonly at: string;
  readonly direction: 'in' | 'out';
  readonly hex: string;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

const UNFINISHED: ReadonlySet<string> = new Set(['queued', 'sent']);
/** Seconds that the server holds one request at most. */
const LONGEST_WAIT = 60;
/** Milliseconds between two looks at what has not ended. */
const POLL = 100;
