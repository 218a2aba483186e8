/** SQLite's errors in our words: what is wrong, in one clause, for people; and what follows from it. */

const BUSY = 5;
const IO = 10;
const CORRUPT = 11;
const FULL = 13;
const CANNOT_OPEN = 14;
const NOT_A_DATABASE = 26;

const CLAUSES: ReadonlyMap<number, string> = new Map([
  [BUSY, 'the database is locked by another process'],
  [8, 'the database cannot be written: it is read-only'],
  [IO, 'the disk reports an input/output error'],
  [CORRUPT, 'the database file is damaged'],
  [FULL, 'the disk is full'],
  [CANNOT_OPEN, 'the database file cannot be opened'],
  [NOT_A_DATABASE, 'the file is not a database'],
]);

/** What is wrong, in one clause. */
export function clauseOf(error: unknown): string {
  const clause = CLAUSES.get(primaryCode(error) ?? -1);
  const detail = error instanceof Error ? error.message : String(error);
  return clause === undefined ? detail : `${clause} (${detail})`;
}

/** Another connection holds the lock. */
export function isBusy(error: unknown): boolean {
  return primaryCode(error) === BUSY;
}

/** The file's content contradicts itself. */
export function isDamage(error: unknown): boolean {
  const code = primaryCode(error);
  return code === CORRUPT || code === NOT_A_DATABASE;
}

/** Reading, writing or syncing failed below SQLite: what was written before may not have reached the disk. */
export function isInputOutput(error: unknown): boolean {
  return primaryCode(error) === IO;
}

function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}
