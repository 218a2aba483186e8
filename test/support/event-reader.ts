/** A reader of a stream of server-sent events, which keeps what it got. */

import { until } from './test-server.js';
import type { TestServer } from './test-server.js';

/** An event. */
export interface Received {
  readonly type: string;
  readonly id: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A reader of `/events`, or of the stream at another path. */
export class Reader {
  readonly events: Received[] = [];
  ended: 'yes' | 'no' = 'no';
  readonly #stop = new AbortController();

  static async open(server: TestServer, query = '', last?: string, path = '/events'): Promise<Reader> {
    const reader = new Reader();
    const headers = last === undefined ? {} : { 'last-event-id': last };
    const response = await server.fetch('GET', `${path}${query}`, undefined, headers, reader.#stop.signal);
    if (response.status !== 200 || response.body === null) throw new Error(`the stream is ${response.status}`);
    reader.#read(response.body).catch(() => {
      reader.ended = 'yes';
    });
    return reader;
  }

  close(): void {
    this.#stop.abort();
  }

  /** The events once there are `count`. */
  async first(count: number): Promise<readonly Received[]> {
    await until(`${count} events`, async () => (this.events.length >= count ? 'yes' : undefined));
    return this.events.slice(0, count);
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
      const blocks = (text + decoder.decode(chunk, { stream: true })).split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) this.#take(block);
    }
    this.ended = 'yes';
  }

  #take(block: string): void {
    const field = (name: string): string | undefined =>
      block
        .split('\n')
        .find((line) => line.startsWith(`${name}: `))
        ?.slice(name.length + 2);
    const type = field('event');
    if (type === undefined) return;
    this.events.push({ type, id: field('id') ?? '', data: JSON.parse(field('data') ?? '') as Received['data'] });
  }
}
