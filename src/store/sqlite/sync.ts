/** Makes what was written durable where SQLite leaves that to others. */

import { closeSync, fsyncSync, openSync } from 'node:fs';

/** Returns when a file's bytes, or a folder's names, are on the disk; no file of an open database, whose locks would end. */
export function syncPath(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
