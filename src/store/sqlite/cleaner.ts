/**
 * What the store forgets by itself, in small steps between commits: operations, last values and sessions of deleted devices,
 * sessions that have expired, finished operations that are too old, and finished operations beyond the number kept for a device.
 */

import type { DatabaseSyncInstance, StatementSyncInstance } from '@photostructure/sqlite';
import type { StoreLimits } from '#fleet/ports';

const DAY = 86_400_000;

/** Finds and removes what is not kept. */
export class Cleaner {
  readonly #limits: StoreLimits;
  readonly #statements: ReturnType<typeof prepare>;
  /** How many operations each device got since its number was last looked at. */
  readonly #grown = new Map<string, number>();
  readonly #crowded = new Set<string>();
  /** Where the search for old operations stands: row, and the wall time before which they go. */
  #search: { after: number; readonly before: number } | undefined;
  /** Wall time at which sessions that have expired go. */
  #expired: number | undefined;
  #purging = true;
  /** Operations removed so far because they were too old or too many. */
  forgotten = 0;

  constructor(database: DatabaseSyncInstance, limits: StoreLimits) {
    this.#limits = limits;
    this.#statements = prepare(database);
  }

  /** A device got an operation. */
  operationOf(device: string): void {
    const grown = this.#grown.get(device);
    // The first one since the start is looked at, then each time a tenth of what is kept was added.
    if (grown === undefined || grown + 1 >= this.#limits.operationsPerDevice / 10) {
      this.#crowded.add(device);
      this.#grown.set(device, 0);
    } else this.#grown.set(device, grown + 1);
  }

  /** Devices were deleted: what belonged to them is to go. */
  devicesDeleted(): void {
    this.#purging = true;
  }

  /** Begins a search for sessions that have expired by `now`, and operations that finished more than the kept days before. */
  searchOld(now: number): void {
    this.#expired = now;
    this.#search ??= { after: 0, before: now - this.#limits.operationDays * DAY };
  }

  /** Whether `step` has something to do. */
  get due(): boolean {
    return this.#purging || this.#crowded.size > 0 || this.#expired !== undefined || this.#search !== undefined;
  }

  /** Removes at most `rows` rows, inside a transaction of the caller. */
  step(rows: number): void {
    if (this.#purging) {
      this.#purge(rows);
      return;
    }
    for (const device of this.#crowded) {
      this.#thin(device, rows);
      return;
    }
    if (this.#expired !== undefined) {
      if (removed(this.#statements.expire, this.#expired, rows) < rows) this.#expired = undefined;
      return;
    }
    if (this.#search !== undefined) this.#searchStep(this.#search, rows);
  }

  #purge(rows: number): void {
    const next = this.#statements.nextPurge.get() as { device: string } | undefined;
    if (next === undefined) {
      this.#purging = false;
      return;
    }
    this.#grown.delete(next.device);
    const values = removed(this.#statements.purgeValues, next.device, rows);
    if (values >= rows) return;
    if (removed(this.#statements.purgeOperations, next.device, rows - values) >= rows - values) return;
    this.#statements.purgeSessions.run(next.device);
    this.#statements.purged.run(next.device);
  }

  #thin(device: string, rows: number): void {
    const last = this.#statements.lastKept.get(device, this.#limits.operationsPerDevice) as { id: string } | undefined;
    const thinned = last === undefined ? 0 : removed(this.#statements.thin, device, last.id, rows);
    this.forgotten += thinned;
    if (thinned < rows) this.#crowded.delete(device);
  }

  #searchStep(search: { after: number; readonly before: number }, rows: number): void {
    const found = this.#statements.search.all(search.after, rows) as SearchRow[];
    for (const { row, createdAt, finishedAt } of found) {
      // Rows stand about in the order in which operations were made, and none finishes before it was made.
      if (createdAt >= search.before) {
        this.#search = undefined;
        return;
      }
      if (finishedAt > 0 && finishedAt < search.before) this.forgotten += removed(this.#statements.removeRow, row);
      search.after = row;
    }
    if (found.length < rows) this.#search = undefined;
  }
}

interface SearchRow {
  readonly row: number;
  readonly createdAt: number;
  readonly finishedAt: number;
}

function removed(statement: StatementSyncInstance, ...parameters: readonly (string | number)[]): number {
  return statement.run(...parameters).changes;
}

function prepare(database: DatabaseSyncInstance) {
  return {
    nextPurge: database.prepare('SELECT device FROM purge LIMIT 1'),
    purged: database.prepare('DELETE FROM purge WHERE device = ?'),
    purgeValues: database.prepare(
      `DELETE FROM value WHERE (device, object, instance) IN
         (SELECT device, object, instance FROM value WHERE device = ? LIMIT ?)`,
    ),
    purgeOperations: database.prepare(
      'DELETE FROM operation WHERE rowid IN (SELECT rowid FROM operation WHERE device = ? LIMIT ?)',
    ),
    purgeSessions: database.prepare('DELETE FROM session WHERE device = ?'),
    expire: database.prepare(
      `DELETE FROM session WHERE (device, listener) IN
         (SELECT device, listener FROM session WHERE expires <= ? LIMIT ?)`,
    ),
    lastKept: database.prepare(
      'SELECT id FROM operation WHERE device = ? AND state >= 2 ORDER BY id DESC LIMIT 1 OFFSET ?',
    ),
    thin: database.prepare(
      `DELETE FROM operation WHERE rowid IN
         (SELECT rowid FROM operation WHERE device = ? AND state >= 2 AND id <= ? LIMIT ?)`,
    ),
    search: database.prepare(
      'SELECT rowid AS row, createdAt, finishedAt FROM operation WHERE rowid > ? ORDER BY rowid LIMIT ?',
    ),
    removeRow: database.prepare('DELETE FROM operation WHERE rowid = ?'),
  };
}
