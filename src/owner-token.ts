/**
 * The one bearer token of the owner: 32 random bytes, kept in the data folder as a SHA-256 digest only. The digest is
 * read anew whenever its file changes, so that a reset from the command line ends the old token at once.
 */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

import { AppError, messageOf } from '#base';

/** Name of the digest's file in the data folder. */
const FILE = 'owner-token.sha256';
const PREFIX = 'bw_';

/** Checks tokens against the digest in a data folder. */
export class OwnerToken {
  readonly #file: string;
  #digest: Buffer | undefined;
  #stamp = '';

  constructor(data: string) {
    this.#file = join(data, FILE);
  }

  /** Whether a token was made in this folder before. */
  exists(): boolean {
    return this.#read() !== undefined;
  }

  /** Whether this is the data folder of a server, however unreadable its digest is. */
  isHome(): boolean {
    return existsSync(this.#file);
  }

  /** Whether `token` is the owner's; compares digests in constant time. */
  accepts(token: string): boolean {
    const expected = this.#read();
    return expected !== undefined && timingSafeEqual(digestOf(token), expected);
  }

  /**
   * Makes a new token in place of an earlier one and returns it; it is kept nowhere but in `file`, when one is named (mode
   * 0600). Throws AppError(`bad_owner_token_file`) when one of the two files cannot be written; the earlier token holds then.
   */
  reset(file?: string): string {
    const token = PREFIX + randomBytes(32).toString('base64url');
    // The copy for people first: were it second, a failure between the two would leave a token that nobody knows.
    const draft = file === undefined ? undefined : writeDraft(file, `${token}\n`);
    putInPlace(writeDraft(this.#file, `${digestOf(token).toString('hex')}\n`), this.#file);
    if (file !== undefined && draft !== undefined) putInPlace(draft, file);
    return token;
  }

  #read(): Buffer | undefined {
    let stamp: string;
    try {
      const status = statSync(this.#file, { bigint: true });
      stamp = `${status.ino} ${status.mtimeNs} ${status.size}`;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
    if (stamp === this.#stamp) return this.#digest;
    const text = readFileSync(this.#file, 'utf8').trim();
    if (!/^[0-9a-f]{64}$/.test(text)) {
      throw new AppError(
        'bad_owner_token_file',
        `${this.#file} does not hold a SHA-256 digest in hex: make a new token with \`bellwether token reset\``,
      );
    }
    this.#digest = Buffer.from(text, 'hex');
    this.#stamp = stamp;
    return this.#digest;
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}

/** Writes `content` beside `file`, for this user only, and returns where. */
function writeDraft(file: string, content: string): string {
  const draft = `${file}.${process.pid}.new`;
  try {
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true) throw new Error('it is a folder');
    const handle = openSync(draft, 'w', 0o600);
    try {
      fchmodSync(handle, 0o600);
      writeSync(handle, content);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch (cause) {
    throw notWritten(file, cause);
  }
  return draft;
}

function putInPlace(draft: string, file: string): void {
  try {
    renameSync(draft, file);
  } catch (cause) {
    throw notWritten(file, cause);
  }
}

function notWritten(file: string, cause: unknown): AppError {
  return new AppError('bad_owner_token_file', `the owner token cannot be written to ${file}: ${messageOf(cause)}`, {
    cause,
  });
}

function isMissing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}
