/** The files of a closed or copied store: what they hold, byte by byte, and what becomes of them when they are opened again. */

import { createHash } from 'node:crypto';
import { closeSync, copyFileSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '#base';
import { DURABLE, foundIn, openAt } from './crash-image.js';
import type { Found } from './crash-image.js';

/** Main file of a store. */
export const MAIN = 'bellwether.db';
/** Its write-ahead log. */
export const LOG = 'bellwether.db-wal';

const made: string[] = [];

/** A folder for one test, with copies of the durable files of `from`, if any. */
export function folderWith(from?: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'bellwether-files-'));
  made.push(folder);
  for (const name of DURABLE)
    if (from !== undefined && existsSync(join(from, name))) copyFileSync(join(from, name), join(folder, name));
  return folder;
}

/** Removes all folders. */
export function removeFolders(): void {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** Overwrites bytes of a file in place. */
export function overwrite(file: string, offset: number, bytes: Uint8Array): void {
  const handle = openSync(file, 'r+');
  writeSync(handle, bytes, 0, bytes.length, offset);
  closeSync(handle);
}

/** Digests of the durable files, `empty` for one that is not there: to look at a database may leave an empty log beside it. */
export function digests(folder: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    DURABLE.map((name) => {
      const file = join(folder, name);
      const bytes = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
      return [name, bytes.length === 0 ? 'empty' : createHash('sha256').update(bytes).digest('hex')];
    }),
  );
}

/** Opens a store that is to be refused: the refusal. Throws when it opens, and when it ends with anything but a refusal. */
export async function refusalOf(folder: string): Promise<AppError> {
  let store;
  try {
    store = await openAt(folder);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw new Error(`not a refusal: ${String(error)}`, { cause: error });
  }
  await store.close();
  throw new Error('it opened');
}

/** Opens a store and reads everything: what is found, or the refusal it ends with. */
export async function attempt(folder: string): Promise<Found | AppError> {
  try {
    const store = await openAt(folder);
    try {
      return await foundIn(store);
    } finally {
      await store.close();
    }
  } catch (error) {
    if (error instanceof AppError) return error;
    throw new Error(`neither found nor refused: ${String(error)}`, { cause: error });
  }
}

/** Whether a text is one sentence for people: one line, of a length one reads, without a trace. */
export function isSentence(text: string): boolean {
  return text.length > 20 && text.length < 500 && !/\n|\bat .*:\d+:\d+|undefined|\[object/.test(text);
}
