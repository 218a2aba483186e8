/** The yardstick of what is durable: how long a plain synced commit takes on the disk that the server under test writes to. */

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The 99th percentile, in milliseconds, of bare synced commits of 200 rows of 400 bytes, each under a random key of 16 bytes. */
export async function bareCommit(commits) {
  const { DatabaseSync } = await import('@photostructure/sqlite');
  const folder = mkdtempSync(join(tmpdir(), 'bellwether-commit-'));
  const database = new DatabaseSync(join(folder, 'bare.db'));
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE row (id BLOB NOT NULL UNIQUE, body BLOB)',
  );
  const insert = database.prepare('INSERT INTO row (id, body) VALUES (?, ?)');
  const times = [];
  for (let commit = 0; commit < commits; commit += 1) {
    const began = performance.now();
    database.exec('BEGIN');
    for (let row = 0; row < 200; row += 1) insert.run(randomBytes(16), Buffer.alloc(400, row));
    database.exec('COMMIT');
    times.push(performance.now() - began);
  }
  database.close();
  rmSync(folder, { recursive: true });
  return times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)];
}
