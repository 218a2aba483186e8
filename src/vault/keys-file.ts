/**
 * Wrapped data keys as `keys.json` in the data folder. A file that cannot be understood is refused and never written over:
 * what it held is the only way to the secrets.
 */

import { join } from 'node:path';

import { AppError, decodeBase64, encodeBase64, encodeUtf8, messageOf, rfc3339, WallTime } from '#base';

import { replaceFile, type Disk } from './disk.js';
import { WRAPPED_BYTES, type KeyRing, type WrappedKey, type WrappedKeys } from './key-ring.js';

/** The wrapped keys of a data folder. */
export class KeysFile implements WrappedKeys {
  /** Where it is. */
  readonly file: string;
  readonly #disk: Disk;

  constructor(data: string, disk: Disk) {
    this.file = join(data, NAME);
    this.#disk = disk;
  }

  /** See {@link WrappedKeys}. Throws AppError `keys_damaged` or `keys_newer`. */
  load(): KeyRing | undefined {
    const content = this.content();
    return content === undefined ? undefined : parseRing(content, this.file);
  }

  /** The file as it is, which is what a backup keeps; undefined when there is none. Throws AppError(`keys_damaged`). */
  content(): Uint8Array | undefined {
    try {
      return this.#disk.read(this.file);
    } catch (cause) {
      throw new AppError('keys_damaged', `${this.file} cannot be read: ${messageOf(cause)}`, { cause });
    }
  }

  save(ring: KeyRing): void {
    try {
      replaceFile(this.#disk, this.file, encodeUtf8(textOf(ring)));
    } catch (cause) {
      throw new AppError(
        'store_unavailable',
        `the wrapped keys cannot be written to ${this.file}: ${messageOf(cause)}`,
        {
          cause,
        },
      );
    }
  }
}

function textOf({ master, current, keys, proof }: KeyRing): string {
  const rows = keys.map(({ id, createdAt, reserved, wrapped }) => ({
    ...{ id, createdAt: rfc3339(WallTime(createdAt)), reserved },
    wrapped: encodeBase64(wrapped),
  }));
  const document = { format: FORMAT, version: VERSION, masterKey: master, current, keys: rows };
  return `${JSON.stringify({ ...document, proof: encodeBase64(proof) }, undefined, 1)}\n`;
}

/** Reads the content of a `keys.json`; `file` names it. Throws AppError `keys_damaged` or `keys_newer`. */
export function parseRing(content: Uint8Array, file: string): KeyRing {
  const document = objectOf(content);
  if (document?.['format'] !== FORMAT) throw damaged(file, 'it is not what the server writes there');
  const { version, masterKey: master, current, keys } = document;
  if (version !== VERSION)
    throw new AppError('keys_newer', `${file} was written by another version of this program (${String(version)})`);
  if (!isId(master)) throw damaged(file, 'it names no master key');
  const proof = bytesOf(document['proof']);
  if (proof === undefined) throw damaged(file, 'its proof cannot be read');
  if (!Array.isArray(keys)) throw damaged(file, 'it holds no keys');
  const rows = keys.map(
    (row: unknown, index) => keyOf(row) ?? `data key ${index + 1} of ${keys.length} cannot be read`,
  );
  const bad = rows.find((row) => typeof row === 'string');
  if (typeof bad === 'string') throw damaged(file, bad);
  const held = rows.filter((row) => typeof row !== 'string');
  const ids = new Set(held.map(({ id }) => id));
  if (ids.size < held.length) throw damaged(file, 'a data key is there twice');
  if (!isId(current) || !ids.has(current)) throw damaged(file, 'the data key in use is not there');
  return { master, current, keys: held, proof };
}

function keyOf(row: unknown): WrappedKey | undefined {
  if (typeof row !== 'object' || row === null) return undefined;
  const { id, createdAt, reserved, wrapped } = row as Readonly<Record<string, unknown>>;
  const at = typeof createdAt === 'string' ? Date.parse(createdAt) : Number.NaN;
  const bytes = bytesOf(wrapped);
  if (!isId(id) || Number.isNaN(at) || bytes?.length !== WRAPPED_BYTES) return undefined;
  if (typeof reserved !== 'number' || !Number.isSafeInteger(reserved) || reserved < 0) return undefined;
  return { id, createdAt: at, reserved, wrapped: bytes };
}

function objectOf(content: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{16}$/.test(value);
}

function bytesOf(value: unknown): Uint8Array | undefined {
  return typeof value === 'string' ? decodeBase64(value) : undefined;
}

function damaged(file: string, what: string): AppError {
  return new AppError(
    'keys_damaged',
    `${file} is damaged (${what}): put it back from a backup; it is not written over`,
  );
}

const NAME = 'keys.json';
const FORMAT = 'bellwether wrapped keys';
const VERSION = 1;
