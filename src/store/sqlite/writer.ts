/**
 * The writer: the worker thread that owns the one writing connection. Takes a group, commits it with one sync, says so;
 * between groups it folds the journal, removes what is not kept and tends the write-ahead log, a small step at a time.
 */

import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { AppError, invariant } from '#base';
import { Cleaner } from './cleaner.js';
import { WriterDatabase } from './database.js';
import { clauseOf } from './failures.js';
import { Folder, foldBudget } from './fold.js';
import { Generation } from './generation.js';
import { FolderLock } from './lock.js';
import type { FromWriter, ToWriter, WriterData, WriterFigures } from './messages.js';

/** Milliseconds between two tries of a background step that failed. */
const RETRY = 1000;
/** Steps of cleaning that closing does at most; the rest is found at the next start or by the device's next operation. */
const LAST_CLEANING = 64;

class Writer {
  readonly #data: WriterData;
  readonly #lock: FolderLock;
  readonly #database: WriterDatabase;
  readonly #folder: Folder;
  readonly #cleaner: Cleaner;
  readonly #say: (message: FromWriter) => void;
  /** Groups since the last order to fold. */
  #waiting = new Generation();
  /** What is being folded. */
  #folding: Generation | undefined;
  #steps: Iterator<() => number, void> | undefined;
  /** A step that failed and is tried again. */
  #retry: (() => number) | undefined;
  #scheduled = false;
  #broken = false;
  #lastRows = 0;
  /** Bytes of the groups since the last order to fold. */
  #waitingBytes = 0;
  #commitMilliseconds = 0;

  constructor(data: WriterData, say: (message: FromWriter) => void) {
    this.#data = data;
    this.#say = say;
    this.#lock = FolderLock.take(data.folder);
    try {
      this.#database = new WriterDatabase(join(data.folder, 'bellwether.db'), data.parameters);
      this.#folder = new Folder(this.#database.connection, data.limits);
      this.#cleaner = new Cleaner(this.#database.connection, data.limits);
      this.#open();
    } catch (error) {
      this.#lock.release();
      throw error;
    }
  }

  receive(message: ToWriter): void {
    switch (message.type) {
      case 'group': {
        this.#commit(message.seq, message.newest, message.bytes);
        return;
      }
      case 'fold': {
        this.#beginFold();
        return;
      }
      case 'clean':
        this.#cleaner.searchOld(message.now);
        {
          this.#schedule();
          return;
        }
      case 'limitPages': {
        this.#database.limitPages(message.pages);
        return;
      }
      case 'close': {
        this.#close();
        return;
      }
    }
  }

  #open(): void {
    const replayed = new Generation();
    let replayedGroups = 0;
    for (const { seq, newest, body } of this.#database.journal()) {
      replayed.add(seq, newest, body);
      replayedGroups += 1;
    }
    const { fence, before, now } = this.#database.raiseFence(this.#data.random);
    if (replayed.lastSeq > 0) {
      for (const step of this.#folder.plan(replayed, 4096, () => undefined)) this.#database.background(step);
    }
    const { connection } = this.#database;
    const newest = connection.prepare('SELECT max(id) AS id FROM operation').get() as { id: string | null };
    const models = connection.prepare('SELECT object, name, version FROM model').all() as {
      object: number;
      name: string;
      version: number;
    }[];
    const settings = connection.prepare('SELECT kind, name, version FROM setting').all() as {
      kind: string;
      name: string;
      version: number;
    }[];
    this.#say({
      type: 'opened',
      fence,
      opening: now,
      openingBefore: before,
      newestEvent: this.#database.newestEvent(),
      newestOperation: newest.id ?? '',
      replayedGroups,
      copy: this.#database.copy,
      models: models.map(({ object, name, version }) => [object, name, version] as const),
      settings: settings.map(({ kind, name, version }) => [kind, name, version] as const),
    });
    this.#schedule();
  }

  #commit(seq: number, newest: number, bytes: Uint8Array): void {
    this.#waitWhileHeld();
    const began = performance.now();
    try {
      this.#database.commit(seq, newest, bytes);
    } catch (error) {
      this.#say({ type: 'failed', seq, reason: clauseOf(error) });
      return;
    }
    this.#commitMilliseconds = performance.now() - began;
    this.#say({ type: 'committed', seq, figures: this.#figures() });
    this.#lastRows = this.#waiting.add(seq, newest, bytes);
    this.#waitingBytes += bytes.length;
    if (this.#folding !== undefined) this.#schedule();
  }

  #waitWhileHeld(): void {
    while (Atomics.load(this.#data.held, 0) === 1) Atomics.wait(this.#data.held, 0, 1);
  }

  #beginFold(): void {
    invariant(this.#folding === undefined, 'one generation is folded at a time');
    this.#folding = this.#waiting;
    this.#waiting = new Generation();
    this.#waitingBytes = 0;
    const deletes = this.#folding.deletes;
    this.#steps = this.#folder.plan(this.#folding, this.#data.parameters.stepRows, (device) =>
      this.#cleaner.operationOf(device),
    );
    if (deletes) this.#cleaner.devicesDeleted();
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#broken) return;
    this.#scheduled = true;
    setImmediate(() => this.#background());
  }

  /** One turn of background work. */
  #background(): void {
    this.#scheduled = false;
    try {
      const more = this.#folding === undefined ? this.#clean() : this.#fold();
      this.#database.tendLog();
      if (this.#broken) this.#say({ type: 'background', problem: undefined });
      this.#broken = false;
      if (more) this.#schedule();
    } catch (error) {
      this.#broken = true;
      this.#say({ type: 'background', problem: clauseOf(error) });
      setTimeout(() => this.#background(), RETRY).unref();
    }
  }

  #fold(): boolean {
    const budget = foldBudget(this.#data.parameters, this.#waitingBytes, this.#lastRows);
    let rows = 0;
    while (rows < budget) {
      const step = this.#retry ?? this.#nextStep();
      if (step === undefined) {
        this.#folding = undefined;
        this.#steps = undefined;
        this.#say({ type: 'folded', figures: this.#figures() });
        return this.#cleaner.due;
      }
      this.#retry = step;
      let written = 0;
      this.#database.background(() => (written = step()));
      this.#retry = undefined;
      rows += written;
      this.#folder.rows += written;
    }
    return true;
  }

  #foldToEnd(): void {
    while (this.#folding !== undefined) this.#fold();
  }

  #nextStep(): (() => number) | undefined {
    const next = this.#steps?.next();
    return next === undefined || next.done === true ? undefined : next.value;
  }

  #clean(): boolean {
    const cleaner = this.#cleaner;
    const isDue = () => cleaner.due;
    if (!isDue()) return false;
    this.#database.background(() => cleaner.step(this.#data.parameters.stepRows));
    if (isDue()) return true;
    this.#say({ type: 'cleaned', figures: this.#figures() });
    return false;
  }

  #figures(): WriterFigures {
    return {
      commitMilliseconds: this.#commitMilliseconds,
      walBytes: this.#database.walBytes(),
      checkpoints: this.#database.checkpoints,
      foldedRows: this.#folder.rows,
      forgottenOperations: this.#cleaner.forgotten,
      cappedInstances: this.#folder.capped,
    };
  }

  /** Folds what is left, so that the next start has nothing to replay. */
  #close(): void {
    try {
      this.#foldToEnd();
      this.#beginFold();
      this.#foldToEnd();
      for (let left = LAST_CLEANING; left > 0 && this.#clean(); left -= 1);
    } catch (error) {
      this.#say({ type: 'background', problem: clauseOf(error) });
    }
    this.#database.close();
    this.#broken = true;
    this.#lock.release();
    this.#say({ type: 'closed' });
    parentPort?.close();
  }
}

function start(): void {
  const port = parentPort;
  invariant(port !== null, 'the writer runs in a worker thread');
  const say = (message: FromWriter) => port.postMessage(message);
  const data = workerData as WriterData;
  try {
    const writer = new Writer(data, say);
    port.on('message', (message: ToWriter) => writer.receive(message));
  } catch (error) {
    const code = error instanceof AppError ? error.code : 'store_unavailable';
    const message =
      error instanceof AppError ? error.message : `the store in ${data.folder} cannot be opened: ${clauseOf(error)}`;
    say({ type: 'refused', code, message });
  }
}

start();
