/**
 * Looks at a database file before anything may write to it: whether it is ours, not newer than this program, whole and
 * sound. A read-only connection never moves the write-ahead log into the file, so a damaged or newer file stays as it was.
 */

import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { DatabaseSync } from '@photostructure/sqlite';
import { AppError } from '#base';
import { clauseOf, isDamage } from './failures.js';
import { newerStore, schemaVersion } from './migrations.js';
import { APPLICATION_ID } from './schema.js';

const HEADER = 100;
const MAGIC = 'SQLite format 3\0';
const USER_VERSION_AT = 60;
const APPLICATION_ID_AT = 68;

/**
 * Says whether `file` is there. Throws AppError `store_newer`, `store_damaged` or `store_foreign` unless it is fit to be
 * opened, or to be made: an empty file, or none beside a log, is what is left of one that had something in it.
 */
export function inspect(file: string, known: number): 'absent' | 'fit' {
  const header = readHeader(file);
  if (header === undefined) {
    if ((statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0)
      throw damaged(file, 'it is missing, and its log is not');
    return 'absent';
  }
  if (header.length === 0) throw damaged(file, 'it is empty');
  if (header.length < HEADER || header.toString('latin1', 0, MAGIC.length) !== MAGIC)
    throw damaged(file, 'it does not begin like a database');
  const version = header.readUInt32BE(USER_VERSION_AT);
  if (header.readUInt32BE(APPLICATION_ID_AT) === APPLICATION_ID && version > known)
    throw newerStore(file, version, known);
  try {
    check(file, known);
  } catch (cause) {
    if (isDamage(cause)) throw damaged(file, clauseOf(cause), cause);
    throw cause;
  }
  return 'fit';
}

function check(file: string, known: number): void {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const version = schemaVersion(database);
    const { application_id: application } = database.prepare('PRAGMA application_id').get() as {
      application_id: number;
    };
    if (application !== APPLICATION_ID)
      throw new AppError('store_foreign', `${file} is a database of another program: choose another data folder`);
    if (version > known) throw newerStore(file, version, known);
    const { quick_check: verdict } = database.prepare('PRAGMA quick_check(1)').get() as { quick_check: string };
    if (verdict !== 'ok') throw damaged(file, verdict.replaceAll('\n', ' '));
  } finally {
    database.close();
  }
}

/** The one sentence for a file that cannot be trusted. */
export function damaged(file: string, what: string, cause?: unknown): AppError {
  return new AppError(
    'store_damaged',
    `${file} is damaged and was left as it is: ${what}; restore it from a copy, or choose another data folder`,
    { cause },
  );
}

/** First bytes of the file, as many as it has; undefined when it is absent. */
function readHeader(file: string): Buffer | undefined {
  let handle: number;
  try {
    handle = openSync(file, 'r');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cause;
  }
  try {
    const header = Buffer.alloc(HEADER);
    return header.subarray(0, readSync(handle, header, 0, HEADER, 0));
  } finally {
    closeSync(handle);
  }
}
