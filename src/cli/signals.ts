/** How a command that waits is told to stop. */

import { ExitCode } from './exit.js';

/** SIGTERM and SIGINT: the first tells to stop, the second ends the process at once. */
export class Signals {
  /** Resolves at the first. */
  readonly told: Promise<'told'>;
  readonly #onSignal: () => void;

  constructor() {
    let tell: (() => void) | undefined;
    this.told = new Promise((resolve) => {
      tell = () => {
        resolve('told');
      };
    });
    let asked = 0;
    this.#onSignal = () => {
      asked += 1;
      if (asked > 1) process.exit(ExitCode.FORCED);
      tell?.();
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
