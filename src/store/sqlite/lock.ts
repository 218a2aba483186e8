/**
 * One server a data folder. The lock is an exclusive lock of the kernel, held through SQLite on a file of its own: it ends
 * with the process that held it, however that ended, and it holds between containers that share a volume. A note beside it
 * names the holder, for the sentence the second server ends with.
 */

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import type { DatabaseSyncInstance } from '@photostructure/sqlite';
import { AppError } from '#base';
import { isBusy } from './failures.js';

/** What the note says. `started` is the process's start in clock ticks after boot, which tells a reused pid. */
interface Holder {
  readonly host: string;
  readonly pid: number;
  readonly started: string;
  readonly since: string;
}

/** The lock of a data folder. */
export class FolderLock {
  readonly #database: DatabaseSyncInstance;
  readonly #note: string;

  private constructor(database: DatabaseSyncInstance, note: string) {
    this.#database = database;
    this.#note = note;
  }

  /** Takes the lock of `folder`; throws AppError `store_locked`, which names the holder, when another has it. */
  static take(folder: string): FolderLock {
    const note = join(folder, 'bellwether.holder');
    const database = new DatabaseSync(join(folder, 'bellwether.lock'));
    try {
      database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    } catch (cause) {
      database.close();
      if (!isBusy(cause)) throw cause;
      throw new AppError(
        'store_locked',
        `the data folder ${folder} is in use by ${describe(note)}: stop it, or choose another data folder`,
        { cause },
      );
    }
    writeFileSync(note, JSON.stringify(thisProcess()), { mode: 0o600 });
    return new FolderLock(database, note);
  }

  /** Gives the lock back. */
  release(): void {
    rmSync(this.#note, { force: true });
    this.#database.close();
  }
}

function thisProcess(): Holder {
  return { host: hostname(), pid: process.pid, started: startOf(process.pid) ?? '', since: new Date().toISOString() };
}

/** Start of a process in clock ticks after boot (proc(5), field 22 of stat); undefined when there is no such process. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

function describe(note: string): string {
  try {
    const holder = JSON.parse(readFileSync(note, 'utf8')) as Holder;
    const whence = `on ${holder.host}, since ${holder.since}`;
    if (holder.host !== hostname() || startOf(holder.pid) !== holder.started)
      return `a process on another machine or in another container (there pid ${holder.pid} ${whence})`;
    const which = holder.pid === process.pid ? 'this very process' : 'a process';
    return `${which} with pid ${holder.pid} ${whence}`;
  } catch {
    return 'another process';
  }
}
