/**
 * Streams of server-sent events, whatever they tell: bounded in number and in unread bytes, kept open by comments, ended
 * when the server stops. What a stream tells is given by a source.
 */

import { AppError } from '#base';

import type { StreamReply, StreamTarget } from './route.js';

/** Bounds of streams. */
export interface StreamBounds {
  /** Readers at once. */
  readonly readers: number;
  /** Unread bytes of one reader; beyond, it is cut off. */
  readonly buffer: number;
}

/** Where a source tells what happens. */
export interface Sink {
  /** Writes one event as it stands on the wire; cuts the reader off when too much of it is unread. */
  readonly send: (chunk: string) => void;
  /** Resolves when a reader of much at once has taken enough; undefined: go on. A reader that takes nothing is cut off. */
  readonly room: () => Promise<void> | undefined;
}

/** Begins to tell; resolves to what ends it. */
export type Source = (sink: Sink) => Promise<() => void> | (() => void);

/** Open streams of one kind. */
export class Streams {
  readonly #bounds: StreamBounds;
  readonly #fault: (error: unknown) => void;
  readonly #open = new Set<StreamTarget>();
  /** Readers that were cut off because they read too slowly. */
  cut = 0;

  /** `fault` is told why a stream ended that nobody wanted ended. */
  constructor(bounds: StreamBounds, fault: (error: unknown) => void) {
    this.#bounds = bounds;
    this.#fault = fault;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Ends every stream. */
  close(): void {
    for (const target of this.#open) target.end();
    this.#open.clear();
  }

  /** Throws AppError(`too_many_readers`) when there is no place for one more. */
  admit(): void {
    if (this.#open.size < this.#bounds.readers) return;
    throw new AppError('too_many_readers', `${this.#open.size} readers are connected already`, {
      details: { retryAfter: 5 },
    });
  }

  /** The reply that tells what `source` tells, until either side ends it. */
  reply(source: Source): StreamReply {
    return {
      stream: (target) => {
        this.#open.add(target);
        // The headers have left: a stream that cannot go on ends, and its reader comes again with its last id.
        this.#run(target, source).catch((error: unknown) => {
          this.#fault(error);
          target.end();
        });
      },
    };
  }

  async #run(target: StreamTarget, source: Source): Promise<void> {
    const life: { ended: 'yes' | 'no'; stop?: () => void } = { ended: 'no' };
    const beat = setInterval(() => {
      target.write(': alive\n\n');
    }, HEARTBEAT);
    target.onClose(() => {
      life.ended = 'yes';
      clearInterval(beat);
      this.#open.delete(target);
      life.stop?.();
    });
    target.write(': connected\n\n');
    const cut = (): void => {
      if (life.ended === 'yes') return;
      life.ended = 'yes';
      this.cut += 1;
      target.cut();
    };
    const send = (chunk: string): void => {
      if (life.ended === 'yes') return;
      target.write(chunk);
      if (target.unread > this.#bounds.buffer) cut();
    };
    const full = (): boolean => life.ended === 'no' && target.unread > this.#bounds.buffer / 2;
    const drain = async (): Promise<void> => {
      const late = setTimeout(cut, STALLED);
      while (full()) await target.drained();
      clearTimeout(late);
    };
    life.stop = await source({ send, room: () => (full() ? drain() : undefined) });
    if (life.ended === 'yes') life.stop();
  }
}

/** Milliseconds after which a reader of old events that takes none of them is cut off. */
const STALLED = 30_000;
/** Milliseconds between comments that keep proxies from closing an idle stream. */
const HEARTBEAT = 15_000;
