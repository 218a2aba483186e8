/**
 * One change of a device at a time: work on the same endpoint runs in the order it came, each from start to end, so that
 * nothing is awaited while another change of that device is half done.
 */

import { AppError } from '#base';

/** Runs work per key, first come first served. */
export class Exclusive {
  readonly #limit: number;
  readonly #lines = new Map<string, (() => void)[]>();

  /** `limit`: how much may wait per key; beyond: AppError(`store_busy`). */
  constructor(limit = 16) {
    this.#limit = limit;
  }

  /** How many keys have work. */
  get size(): number {
    return this.#lines.size;
  }

  /** Whether work on `key` runs now. */
  busy(key: string): boolean {
    return this.#lines.has(key);
  }

  /** Runs `work`, at once when nothing runs on `key`, else after what came before. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const line = this.#lines.get(key);
    if (line === undefined) {
      this.#lines.set(key, []);
    } else {
      if (line.length >= this.#limit) {
        throw new AppError('store_busy', 'too many changes of this device wait already', {
          details: { retryAfter: 5 },
        });
      }
      await new Promise<void>((resolve) => line.push(resolve));
    }
    try {
      return await work();
    } finally {
      const next = this.#lines.get(key)?.shift();
      if (next === undefined) this.#lines.delete(key);
      else next();
    }
  }
}
