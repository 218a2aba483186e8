/**
 * The one bearer token of the owner: 32 random bytes, kept in the data folder as a SHA-256 digest only. The digest is
 * read anew whenever its file changes, so that a reset from the command line ends the old token at once.
 */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync, closeSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { AppError } from '#base';

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

  /** Whether `token` is the owner's; compares digests in constant time. */
  accepts(token: string): boolean {
    const expected = this.#read();
    return expected !== undefined && timingSafeEqual(digestOf(token), expected);
  }

  /** Makes a new token in place of an earlier one and returns it; it is not kept anywhere. */
  reset(): string {
    const token = PREFIX + randomBytes(32).toString('base64url');
    writeWhole(this.#file, `${digestOf(token).toString('hex')}\n`);
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

/** Writes a token where only the owner of this process can read it (mode 0600). */
export function writeTokenFile(file: string, token: string): void {
  writeWhole(file, `${token}\n`);
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}

function writeWhole(file: string, content: string): void {
  const draft = `${file}.${process.pid}.new`;
  const handle = openSync(draft, 'w', 0o600);
  try {
    writeSync(handle, content);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  chmodSync(draft, 0o600);
  renameSync(draft, file);
}

function isMissing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}
