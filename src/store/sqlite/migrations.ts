/**
 * Brings a database file to the schema this program knows: steps in order, each in a transaction, after a copy of the
 * file was made. A file of a newer schema is refused.
 */

import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSyncInstance } from '@photostructure/sqlite';
import { AppError } from '#base';
import { APPLICATION_ID, SCHEMA_1, SCHEMA_2, SCHEMA_3 } from './schema.js';
import { syncPath } from './sync.js';

/** One step: the version it leads to and what it does. */
export interface Migration {
  readonly to: number;
  readonly run: (database: DatabaseSyncInstance) => void;
}

/** All steps, from the empty file on. A step that changes what the journal holds must fold or rewrite the journal itself. */
export const MIGRATIONS: readonly Migration[] = [
  {
    to: 1,
    run: (database: DatabaseSyncInstance): void => {
      database.exec(`PRAGMA application_id = ${APPLICATION_ID};`);
      database.exec(SCHEMA_1);
    },
  },
  {
    to: 2,
    run: (database: DatabaseSyncInstance): void => {
      database.exec(SCHEMA_2);
    },
  },
  {
    to: 3,
    run: (database: DatabaseSyncInstance): void => {
      database.exec(SCHEMA_3);
    },
  },
];

/** Sentence for a store that a newer version of this program wrote. */
export function newerStore(file: string, found: number, known: number): AppError {
  return new AppError(
    'store_newer',
    `${file} was written by a newer version of Bellwether (schema ${found}; this version knows ${known}): ` +
      'run that version, or choose another data folder',
  );
}

/**
 * Runs the steps that are missing. Before the first one on a file that has a schema, a copy of the file is kept beside it
 * as `{file}.v{version}`. Returns the path of that copy, undefined when none was needed.
 */
export function migrate(
  database: DatabaseSyncInstance,
  file: string,
  steps: readonly Migration[] = MIGRATIONS,
): string | undefined {
  const found = schemaVersion(database);
  const known = steps.at(-1)?.to ?? 0;
  if (found > known) throw newerStore(file, found, known);
  const missing = steps.filter((step) => step.to > found);
  if (missing.length === 0) return undefined;
  const copy = found === 0 ? undefined : keepCopy(database, `${file}.v${found}`);
  for (const step of missing) {
    database.exec('BEGIN IMMEDIATE');
    try {
      step.run(database);
      database.exec(`PRAGMA user_version = ${step.to}`);
      database.exec('COMMIT');
    } catch (cause) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw cause;
    }
  }
  // The version must stand in the main file itself, where a start looks before it opens the database.
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  return copy;
}

/** Version of the schema in a database. */
export function schemaVersion(database: DatabaseSyncInstance): number {
  return (database.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;
}

function keepCopy(database: DatabaseSyncInstance, wanted: string): string {
  let path = wanted;
  for (let count = 2; existsSync(path); count += 1) path = `${wanted}.${count}`;
  database.exec(`VACUUM INTO '${path.replaceAll("'", "''")}'`);
  // SQLite does not sync what it makes so.
  syncPath(path);
  syncPath(dirname(path));
  return path;
}
