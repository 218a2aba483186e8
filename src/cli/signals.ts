/** How a command that waits is told to stop. */

import { ExitCode } from './exit.js';

/** SIGTERM and SIGINT: the first tells to stop, the second ends the process at once. */
export class Signals {
  /** Resolves at the first. */
  readonly told: Promise<'told'>;
  /** Aborted at the first. */
  readonly signal: AbortSignal;
  readonly #onSignal: () => void;

  constructor() {
    const told = new AbortController();
    this.signal = told.signal;
    this.told = new Promise((resolve) => {
      this.signal.addEventListener('abort', () => {
        resolve('told');
      });
    });
    let asked = 0;
    this.#onSignal = () => {
      asked += 1;
      if (asked > 1) process.exit(ExitCode.FORCED);
      told.abort();
    };
    process.on('SIGTERM', this.#onSignal);
    process.on('SIGINT', this.#onSignal);
  }

  /** Leaves signals to the runtime again. */
  forget(): void {
    process.off('SIGTERM', this.#onSignal);
    process.off('SIGINT', this.#onSignal);
  }
}
