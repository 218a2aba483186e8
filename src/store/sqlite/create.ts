/**
 * Makes a new database file, whole or not at all: it is filled under another name, synced, and renamed. So an empty file is
 * never one of ours that was just begun, but one that has lost what was in it.
 */

import { renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { migrate } from './migrations.js';
import { PAGE_SIZE } from './schema.js';
import { syncPath } from './sync.js';

/** Makes `file` with the newest schema; what a start that was interrupted left of it goes. */
export function createDatabase(file: string): void {
  const begun = `${file}.new`;
  for (const name of [begun, `${begun}-journal`]) rmSync(name, { force: true });
  const database = new DatabaseSync(begun);
  try {
    database.exec(`PRAGMA page_size = ${PAGE_SIZE}; PRAGMA synchronous = FULL`);
    migrate(database, begun);
  } finally {
    database.close();
  }
  renameSync(begun, file);
  syncPath(dirname(file));
}
