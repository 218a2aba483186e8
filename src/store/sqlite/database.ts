/**
 * The writer's database: opened after it was inspected, brought to the newest schema, with a raised fence; commits groups
 * to the journal and runs background steps, each in a transaction, and empties the write-ahead log. Knows nothing of
 * threads.
 */

import { DatabaseSync } from '@photostructure/sqlite';
import type { DatabaseSyncInstance, StatementSyncInstance } from '@photostructure/sqlite';
import { createDatabase } from './create.js';
import { isInputOutput } from './failures.js';
import { inspect } from './inspect.js';
import { migrate } from './migrations.js';
import type { SqliteParameters } from './parameters.js';
import { PAGE_SIZE, SCHEMA_VERSION } from './schema.js';

/** The one connection that writes. */
export class WriterDatabase {
  readonly connection: DatabaseSyncInstance;
  /** Copy of the file that was kept before it was migrated. */
  readonly copy: string | undefined;
  readonly #parameters: SqliteParameters;
  readonly #insert: StatementSyncInstance;
  readonly #walState: StatementSyncInstance;
  /** After an I/O error it is not known what reached the disk: the log must be emptied, with success, before the next commit. */
  #suspect = false;
  checkpoints = 0;

  /** Opens `file`, making it when it is missing; throws AppError `store_newer`, `store_damaged` or `store_foreign`. */
  constructor(file: string, parameters: SqliteParameters) {
    if (inspect(file, SCHEMA_VERSION) === 'absent') createDatabase(file);
    this.#parameters = parameters;
    const connection = new DatabaseSync(file);
    this.connection = connection;
    connection.exec('PRAGMA journal_mode = WAL');
    connection.exec('PRAGMA wal_autocheckpoint = 0');
    connection.exec('PRAGMA synchronous = FULL');
    connection.exec('PRAGMA trusted_schema = OFF');
    connection.exec(`PRAGMA cache_size = -${Math.ceil(parameters.cacheBytes / 1024)}`);
    this.copy = migrate(connection, file);
    this.#insert = connection.prepare('INSERT INTO journal VALUES (?, ?, ?)');
    this.#walState = connection.prepare('PRAGMA wal_checkpoint(NOOP)');
  }

  /**
   * Raises the fence and puts down that this is another opening; durable when it returns. `random`: a whole number below
   * 2^48 that nobody drew before, so that openings of a copy have other names than those of the store it was made of.
   */
  raiseFence(random: number): { readonly fence: number; readonly before: string | undefined; readonly now: string } {
    const read = this.connection.prepare('SELECT value FROM meta WHERE name = ?');
    const value = (name: string): number | undefined => (read.get(name) as { value: number } | undefined)?.value;
    const [earlier, drawn] = [value('fence') ?? 0, value('opening')];
    this.connection.exec('BEGIN IMMEDIATE');
    try {
      const write = this.connection.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)');
      write.run('fence', earlier + 1);
      write.run('opening', random);
      this.connection.exec('COMMIT');
    } finally {
      if (this.connection.isTransaction) this.connection.exec('ROLLBACK');
    }
    const before = drawn === undefined ? undefined : openingName(earlier, drawn);
    return { fence: earlier + 1, before, now: openingName(earlier + 1, random) };
  }

  /** Highest event number that was ever given, by the folded records. */
  newestEvent(): number {
    const read = this.connection.prepare("SELECT value FROM meta WHERE name = 'newestEvent'");
    return (read.get() as { value: number }).value;
  }

  /** Groups that are not folded, oldest first. */
  *journal(): Generator<{ readonly seq: number; readonly newest: number; readonly body: Uint8Array }, void> {
    const rows = this.connection.prepare('SELECT seq, newest, body FROM journal ORDER BY seq').iterate();
    for (const row of rows) yield row as { seq: number; newest: number; body: Uint8Array };
  }

  /** Appends a group to the journal; it is durable when this returns. */
  commit(seq: number, newest: number, bytes: Uint8Array): void {
    if (this.#suspect) {
      this.#checkpoint('TRUNCATE');
      this.#suspect = false;
    }
    this.#guarded(() => {
      this.#insert.run(seq, newest, bytes);
    });
  }

  /**
   * Runs `work` in a transaction that is not synced: until the next commit syncs it a power failure may undo it, and the
   * journal brings it back.
   */
  background(work: () => void): void {
    this.#guarded(() => {
      this.connection.exec('PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE');
      try {
        work();
        this.connection.exec('COMMIT');
      } finally {
        if (this.connection.isTransaction) this.connection.exec('ROLLBACK');
        this.connection.exec('PRAGMA synchronous = FULL');
      }
    });
  }

  /** Copies the write-ahead log into the main file when it has grown enough, and cuts it when it has grown too much. */
  tendLog(): void {
    const bytes = this.walBytes();
    if (bytes < this.#parameters.walBytes) return;
    this.#guarded(() => this.#checkpoint(bytes < this.#parameters.walTruncateBytes ? 'PASSIVE' : 'TRUNCATE'));
  }

  /** Bytes of the write-ahead log that are in use and not yet copied. */
  walBytes(): number {
    const { log, checkpointed } = this.#walState.get() as { log: number; checkpointed: number };
    return log === checkpointed ? 0 : log * PAGE_SIZE;
  }

  /** Bytes of the main file. */
  fileBytes(): number {
    const { page_count: pages } = this.connection.prepare('PRAGMA page_count').get() as { page_count: number };
    return pages * PAGE_SIZE;
  }

  /** Fault injection: the main file may not grow beyond so many pages; 0 lifts the limit. */
  limitPages(pages: number): void {
    this.connection.exec(`PRAGMA max_page_count = ${pages === 0 ? 0xff_ff_ff_fe : pages}`);
  }

  /** Empties the log, which the next start otherwise does, and closes. */
  close(): void {
    try {
      this.#checkpoint('TRUNCATE');
    } finally {
      this.connection.close();
    }
  }

  #checkpoint(mode: 'PASSIVE' | 'TRUNCATE'): void {
    const { busy } = this.connection.prepare(`PRAGMA wal_checkpoint(${mode})`).get() as { busy: number };
    if (busy === 0) this.checkpoints += 1;
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (isInputOutput(error)) this.#suspect = true;
      throw error;
    }
  }
}

function openingName(fence: number, random: number): string {
  return `${fence}-${random.toString(16).padStart(12, '0')}`;
}
