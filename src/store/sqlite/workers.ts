/** The two worker threads as the main thread sees them: where their files are, how they start, how the reader is asked. */

import { Worker } from 'node:worker_threads';
import { AppError, ChurnMap } from '#base';
import type { FromReader, FromWriter, ReadName, ReaderData, Reads, ToReader, WriterData } from './messages.js';

/** Starts the writer; resolves with it and its first word. Rejects with AppError when it refuses. */
export async function startWriter(
  data: WriterData,
): Promise<{ readonly worker: Worker; readonly opened: FromWriter & { readonly type: 'opened' } }> {
  const worker = new Worker(workerFile('writer'), { workerData: data, name: 'store writer' });
  const first = await new Promise<FromWriter>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  if (first.type === 'opened') return { worker, opened: first };
  await worker.terminate();
  throw first.type === 'refused'
    ? new AppError(first.code, first.message)
    : new AppError('store_unavailable', 'the store did not open');
}

interface Asked {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (reason: Error) => void;
}

/** The reader: questions and answers. */
export class Reader {
  readonly #worker: Worker;
  readonly #asked = new ChurnMap<number, Asked>();
  #next = 0;
  #gone = false;

  constructor(data: ReaderData) {
    this.#worker = new Worker(workerFile('reader'), { workerData: data, name: 'store reader' });
    this.#worker.on('message', (message: FromReader) => this.#answer(message));
    this.#worker.on('error', (error) => this.#end(error.message));
    this.#worker.on('exit', () => this.#end('the reader has ended'));
  }

  /** Asks; rejects with AppError `store_unavailable`. */
  ask<N extends ReadName>(name: N, ask: Reads[N]['ask']): Promise<Reads[N]['answer']> {
    if (this.#gone) return Promise.reject(unavailable('the reader has ended'));
    return new Promise((resolve, reject) => {
      const id = (this.#next += 1);
      this.#asked.set(id, { resolve: resolve as (answer: unknown) => void, reject });
      this.#worker.postMessage({ id, name, ask } satisfies ToReader);
    });
  }

  /** Ends the reader after what it was asked. */
  async close(): Promise<void> {
    if (this.#gone) return;
    const ended = new Promise((resolve) => this.#worker.once('exit', resolve));
    this.#worker.postMessage('close' satisfies ToReader);
    await ended;
  }

  #answer(message: FromReader): void {
    const asked = this.#asked.get(message.id);
    if (asked === undefined) return;
    this.#asked.delete(message.id);
    if ('error' in message) asked.reject(unavailable(message.error));
    else asked.resolve(message.answer);
  }

  #end(reason: string): void {
    this.#gone = true;
    for (const { reject } of this.#asked.values()) reject(unavailable(reason));
    this.#asked.clear();
  }
}

/** Refusal of a store that cannot do its work now. */
export function unavailable(reason: string, cause?: unknown): AppError {
  return new AppError('store_unavailable', `the store is unavailable: ${reason}`, {
    details: { retryAfter: 5 },
    cause,
  });
}

/** The built file of a worker: beside this one, or under dist/ when this one runs from its source. */
function workerFile(name: 'writer' | 'reader'): URL {
  const here = import.meta.url;
  if (!here.endsWith('.ts')) return new URL(`./${name}.js`, here);
  const at = here.lastIndexOf('/src/');
  return new URL(`${here.slice(0, at)}/dist/store/sqlite/${name}.js`);
}
