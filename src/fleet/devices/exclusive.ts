/**
 * One change of a device at a time: work on the same endpoint runs in the order it came, each from start to end, so that
 * nothing is awaited while another change of that device is half done.
 */

import { AppError, ChurnMap } from '#base';

/** Runs work per key, first come first served. */
export class Exclusive {
  readonly #limit: number;
  readonly #lines = new ChurnMap<string, readonly (() => void)[]>();

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
    const turn = this.enter(key);
    if (turn !== undefined) await turn;
    try {
      return await work();
    } finally {
      this.leave(key);
    }
  }

  /**
   * For what is done so often that a promise more counts: takes the turn at once when nothing runs on `key`; else resolves
   * when the turn has come. Who has had the turn calls `leave`. Throws AppError(`store_busy`).
   */
  enter(key: string): Promise<void> | undefined {
    const line = this.#lines.get(key);
    if (line === undefined) {
      this.#lines.set(key, NOBODY);
      return undefined;
    }
    if (line.length >= this.#limit) {
      throw new AppError('store_busy', 'too many changes of this device wait already', {
        details: { retryAfter: 5 },
      });
    }
    return new Promise<void>((resolve) => {
      if (line === NOBODY) this.#lines.set(key, [resolve]);
      else (line as (() => void)[]).push(resolve);
    });
  }

  /** Ends a turn that `enter` gave. */
  leave(key: string): void {
    const line = this.#lines.get(key);
    const next = line === NOBODY ? undefined : (line as (() => void)[] | undefined)?.shift();
    if (next === undefined) this.#lines.delete(key);
    else next();
  }
}

/** The line of a key behind whose work nobody waits. */
const NOBODY: readonly (() => void)[] = Object.freeze([]);
