/**
 * Where the master key comes from: a file, which the server can replace, or a variable, which it cannot. Beside the file
 * stand `.next`, a key the data keys are being wrapped by, and `.old`, the key before the last rotation.
 */

import { dirname } from 'node:path';

import { AppError, messageOf, type Secret } from '#base';

import { removeFile, replaceFile, type Disk } from './disk.js';
import { makeMasterKey, readMasterKey, type MasterKey } from './master-key.js';

/** A source of the master key. */
export interface MasterKeySource {
  readonly kind: 'file' | 'variable';
  /** The file or variable, in words of a sentence. */
  readonly where: string;
  /** The key; undefined when there is none yet. Throws AppError(`bad_master_key`). */
  current(): MasterKey | undefined;
  /** Makes the key of a first start. Throws AppError. */
  make(): MasterKey;
  /** Id of the key before the last rotation, while that is kept and can be read. */
  old(): string | undefined;
  /** Whether a rotation did not come to its end. */
  unfinished(): boolean;
  /** The key of that rotation, when it can be read. */
  next(): MasterKey | undefined;
  /** Makes the next key; it is durable then. Throws AppError. */
  prepare(): MasterKey;
  /** The next key takes the place of the current one, which is kept as the old one. Throws AppError. */
  adopt(): void;
  /** Forgets the next key. Throws AppError. */
  withdraw(): void;
  /** Forgets the old key. Throws AppError. */
  prune(): void;
}

/** A master key in a file. `checkPlace` throws when a first key must not be made there. */
export class MasterKeyFile implements MasterKeySource {
  readonly kind = 'file';
  readonly where: string;
  readonly #file: string;
  readonly #disk: Disk;
  readonly #checkPlace: () => void;

  constructor(file: string, disk: Disk, checkPlace: () => void) {
    this.where = file;
    this.#file = file;
    this.#disk = disk;
    this.#checkPlace = checkPlace;
  }

  current(): MasterKey | undefined {
    return this.#read(this.#file);
  }

  make(): MasterKey {
    this.#checkPlace();
    return this.#write(this.#file);
  }

  old(): string | undefined {
    return this.#readIfGood(this.#oldFile)?.id;
  }

  unfinished(): boolean {
    return this.#disk.has(this.#nextFile);
  }

  next(): MasterKey | undefined {
    return this.#readIfGood(this.#nextFile);
  }

  prepare(): MasterKey {
    return this.#write(this.#nextFile);
  }

  adopt(): void {
    this.#attempt(() => {
      const current = this.#disk.read(this.#file);
      // Never a moment at which the file is missing: the old key is a copy.
      if (current !== undefined) {
        replaceFile(this.#disk, this.#oldFile, current);
        current.fill(0);
      }
      this.#disk.rename(this.#nextFile, this.#file);
      this.#disk.syncFolder(dirname(this.#file));
    });
  }

  withdraw(): void {
    this.#attempt(() => {
      removeFile(this.#disk, this.#nextFile);
    });
  }

  prune(): void {
    this.#attempt(() => {
      if (this.#disk.has(this.#oldFile)) removeFile(this.#disk, this.#oldFile);
    });
  }

  get #nextFile(): string {
    return `${this.#file}.next`;
  }

  get #oldFile(): string {
    return `${this.#file}.old`;
  }

  #read(file: string): MasterKey | undefined {
    let line: Uint8Array | undefined;
    try {
      line = this.#disk.read(file);
    } catch (cause) {
      throw new AppError('bad_master_key', `the master key cannot be read from ${file}: ${messageOf(cause)}`, {
        cause,
      });
    }
    if (line === undefined) return undefined;
    try {
      return readMasterKey(line, file);
    } finally {
      line.fill(0);
    }
  }

  #readIfGood(file: string): MasterKey | undefined {
    try {
      return this.#read(file);
    } catch {
      return undefined;
    }
  }

  #write(file: string): MasterKey {
    const { master, line } = makeMasterKey();
    try {
      this.#attempt(() => {
        replaceFile(this.#disk, file, line.bytes);
      });
    } finally {
      line.dispose();
    }
    return master;
  }

  #attempt(change: () => void): void {
    try {
      change();
    } catch (cause) {
      throw new AppError(
        'master_key_not_written',
        `the master key at ${this.#file} cannot be changed: ${messageOf(cause)}`,
        {
          cause,
        },
      );
    }
  }
}

/** A master key that somebody else keeps and hands in by an environment variable; the secret is wiped. */
export class MasterKeyVariable implements MasterKeySource {
  readonly kind = 'variable';
  readonly where = MASTER_KEY_VARIABLE;
  readonly #key: MasterKey;

  /** Throws AppError(`bad_master_key`). */
  constructor(line: Secret) {
    try {
      this.#key = readMasterKey(line.bytes, this.where);
    } finally {
      line.dispose();
    }
  }

  current(): MasterKey {
    return this.#key;
  }

  make(): MasterKey {
    return this.#key;
  }

  old(): undefined {
    return undefined;
  }

  unfinished(): boolean {
    return false;
  }

  next(): undefined {
    return undefined;
  }

  prepare(): MasterKey {
    throw this.#refusal();
  }

  adopt(): void {
    throw this.#refusal();
  }

  withdraw(): void {
    throw this.#refusal();
  }

  /** There is no old key. */
  prune(): void {
    return;
  }

  #refusal(): AppError {
    return new AppError(
      'keys_from_variable',
      `the master key comes from ${this.where}, which the server cannot change: stop it, start it with the same key in a file (--master-key-file), rotate, and give what the file holds then as ${this.where}`,
    );
  }
}

/** The environment variable with the line of a master key. */
export const MASTER_KEY_VARIABLE = 'BELLWETHER_MASTER_KEY';
