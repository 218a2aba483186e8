/**
 * The key log of `--dangerous-key-log`: a line for each handshake in the format of NSS, with which Wireshark decrypts what a
 * capture holds. Whoever has the file reads everything that was said over DTLS since it was begun, so nobody but its owner may.
 */

import { closeSync, constants, fchmodSync, fstatSync, openSync, writeSync } from 'node:fs';

import { AppError, messageOf, toHex, type Logger } from '#base';

/** An open key log. */
export class KeyLog {
  readonly #file: string;
  readonly #handle: number;
  readonly #logger: Logger;

  private constructor(file: string, handle: number, logger: Logger) {
    this.#file = file;
    this.#handle = handle;
    this.#logger = logger;
  }

  /**
   * Opens a file to append to, made when missing, and takes all rights to it from others; warns in the log. Throws
   * AppError(`bad_configuration`) when it cannot be, or is no plain file.
   */
  static open(file: string, logger: Logger): KeyLog {
    const handle = opened(file);
    logger.warn(
      'DANGER: the secrets of all DTLS handshakes are being written down: whoever reads this file can decrypt what devices and server say. Take --dangerous-key-log away and delete the file as soon as the fault is found',
      { file },
    );
    return new KeyLog(file, handle, logger);
  }

  /** Appends a line: `CLIENT_RANDOM`, the random of the hello, and the master secret, in hex. */
  readonly write = (clientRandom: Uint8Array, master: Uint8Array): void => {
    try {
      writeSync(this.#handle, `CLIENT_RANDOM ${toHex(clientRandom)} ${toHex(master)}\n`);
    } catch (error) {
      this.#logger.error('the key log cannot be written', { file: this.#file, error: messageOf(error) });
    }
  };

  close(): void {
    closeSync(this.#handle);
  }
}

function opened(file: string): number {
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;
  let handle: number | undefined;
  try {
    // Not blocking, so that a pipe that nobody reads is refused and not waited for.
    handle = openSync(file, O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_WRONLY, 0o600);
    if (!fstatSync(handle).isFile()) throw new Error('it is no plain file');
    fchmodSync(handle, 0o600);
    return handle;
  } catch (cause) {
    if (handle !== undefined) closeSync(handle);
    throw new AppError('bad_configuration', `--dangerous-key-log ${file} cannot be used: ${messageOf(cause)}`, {
      cause,
    });
  }
}
