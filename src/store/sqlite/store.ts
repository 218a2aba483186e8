/**
 * The embedded FleetStore: on the main thread it takes changes, keeps what is committed and not yet folded for point reads,
 * holds back touches and says when to fold; the writer and the reader do everything that touches the disk.
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import type { Clock, Logger, Random, WallTime } from '#base';
import { AppError } from '#base';
import type { DeviceId, InstanceValues, OperationId, OperationRecord, Scope, SessionRecord } from '#fleet/model';
import type { Change, FleetStore, LoadBatch, OperationQuery, Page, Receipt, StoreStatus } from '#fleet/ports';
import type { StoreLimits, Versioned } from '#fleet/ports';
import { Intake } from './intake.js';
import { listOperations, loadAll, parsed, readEvents, readValues } from './lists.js';
import type { FromWriter, ToWriter, WriterFigures } from './messages.js';
import { DEFAULT_PARAMETERS } from './parameters.js';
import type { SqliteParameters } from './parameters.js';
import { Reader, startWriter, unavailable } from './workers.js';

/** What the embedded store is opened with. */
export interface SqliteOptions {
  readonly limits: StoreLimits;
  readonly clock: Clock;
  /** Spreads the retries of those who are refused. */
  readonly random: Random;
  readonly logger: Logger;
  /** In place of DEFAULT_PARAMETERS. */
  readonly parameters?: Partial<SqliteParameters>;
}

type Started = Awaited<ReturnType<typeof startWriter>>;

/** The embedded store. */
export class SqliteStore implements FleetStore {
  readonly fence: number;
  readonly opening: string;
  readonly openingBefore: string | undefined;
  readonly #options: SqliteOptions;
  readonly #parameters: SqliteParameters;
  readonly #writer: Worker;
  readonly #held: Int32Array<SharedArrayBuffer>;
  readonly #reader: Reader;
  readonly #intake: Intake;
  #touches = new Map<DeviceId, WallTime>();
  #touchTimer: NodeJS.Timeout | undefined;
  #touched: Promise<void> = Promise.resolve();
  /** Bytes of journal that wait to be folded, and that are being folded. */
  #waitingBytes = 0;
  #foldingBytes = 0;
  #folding = false;
  #foldTimer: NodeJS.Timeout | undefined;
  #onFolded: (() => void)[] = [];
  readonly #cleaning: NodeJS.Timeout;
  #figures: WriterFigures = {
    ...{ commitMilliseconds: 0, walBytes: 0, checkpoints: 0, foldedRows: 0 },
    ...{ forgottenOperations: 0, cappedInstances: 0 },
  };
  #commitProblem: string | undefined;
  #backgroundProblem: string | undefined;
  /** Why the store is of no use any more. */
  #ended: string | undefined;
  #onClosed: () => void = () => undefined;
  #closing: Promise<void> | undefined;

  private constructor(
    options: SqliteOptions,
    parameters: SqliteParameters,
    { worker, opened }: Started,
    held: Int32Array<SharedArrayBuffer>,
    reader: Reader,
  ) {
    this.fence = opened.fence;
    this.opening = opened.opening;
    this.openingBefore = opened.openingBefore;
    this.#options = options;
    this.#parameters = parameters;
    this.#writer = worker;
    this.#held = held;
    this.#reader = reader;
    this.#intake = new Intake(
      reader,
      {
        send: (seq, newest, bytes) => this.#writer.postMessage({ type: 'group', seq, newest, bytes }, [bytes.buffer]),
        settled: (bytes) => this.#settled(bytes),
      },
      opened,
    );
    for (const [object, version, recordVersion] of opened.models)
      this.#intake.versions.foundModel(object, version, recordVersion);
    for (const [kind, name, version] of opened.settings) this.#intake.versions.foundSetting(kind, name, version);
    worker.on('message', (message: FromWriter) => this.#hear(message));
    worker.on('error', (error) => this.#end(`the writer has failed: ${error.message}`));
    worker.on('exit', () => this.#end('the writer has ended'));
    this.#cleaning = setInterval(() => this.#clean(), parameters.retentionPeriod).unref();
    this.#clean();
  }

  /**
   * Opens the store in `folder`, which is made (mode 0700) when it is missing. Rejects with AppError `store_locked`,
   * `store_newer`, `store_damaged`, `store_foreign` or `store_unavailable`, each with one sentence.
   */
  static async open(folder: string, options: SqliteOptions): Promise<SqliteStore> {
    const parameters = { ...DEFAULT_PARAMETERS, ...options.parameters };
    const { limits, logger } = options;
    const random = Buffer.from(options.random.bytes(OPENING_BYTES)).readUIntBE(0, OPENING_BYTES);
    makeFolder(folder);
    const held = new Int32Array(new SharedArrayBuffer(4));
    // Both threads start at once; the reader is asked nothing before the writer has opened the file.
    const starting = startWriter({ folder, limits, parameters, random, held });
    const reader = new Reader({ file: join(folder, 'bellwether.db'), cacheBytes: parameters.cacheBytes });
    try {
      const started = await starting;
      const { replayedGroups: groups, copy } = started.opened;
      if (copy !== undefined) logger.info('store migrated', { copy });
      logger.info('store opened', { folder, groups });
      return new SqliteStore(options, parameters, started, held, reader);
    } catch (error) {
      await reader.close();
      throw error;
    }
  }

  commit(change: Change): Promise<Receipt> {
    const refusal = this.#refusal(change);
    return refusal === undefined ? this.#intake.take(change) : Promise.reject(refusal);
  }

  get busy(): boolean {
    return this.#intake.queue.bytes >= this.#options.limits.queueBytes;
  }

  touch(device: DeviceId, lastSeen: WallTime): void {
    this.#touches.set(device, lastSeen);
    this.#armTouches();
  }

  async flush(): Promise<void> {
    await this.#intake.index();
    this.#touched = this.#writeTouches(this.#touched);
    return this.#touched;
  }

  async keepSession(session: SessionRecord): Promise<void> {
    await this.#intake.index();
    const refusal = this.#unfit() ?? this.#full();
    if (refusal !== undefined) throw refusal;
    return this.#intake.keepSession(session);
  }

  async dropSessions(device: DeviceId): Promise<void> {
    await this.#intake.index();
    const refusal = this.#unfit();
    if (refusal !== undefined) throw refusal;
    return this.#intake.dropSessions(device);
  }

  async session(digest: string): Promise<SessionRecord | undefined> {
    await this.#intake.index();
    return this.#intake.session(digest);
  }

  async *load(_scope: Scope, since: WallTime): AsyncGenerator<LoadBatch, void> {
    await this.#foldAll();
    yield* loadAll(this.#reader, this.#intake, since);
  }

  async operation(id: OperationId): Promise<Versioned<OperationRecord> | undefined> {
    await this.#intake.index();
    const near = this.#intake.overlay.operation(id);
    const row = near === undefined ? await this.#reader.ask('operation', id) : ([near.version, near.text] as const);
    if (row === undefined) return undefined;
    const record = parsed<OperationRecord>(row[1]);
    return this.#intake.versions.has(record.device) ? { version: row[0], record } : undefined;
  }

  async operations(_scope: Scope, query: OperationQuery): Promise<Page<OperationRecord>> {
    await this.#intake.index();
    return listOperations(this.#reader, this.#intake, query);
  }

  async values(device: DeviceId, object?: number, instance?: number): Promise<readonly InstanceValues[]> {
    await this.#intake.index();
    if (!this.#intake.versions.has(device)) return [];
    const { valueBytes } = this.#options.limits;
    return readValues(this.#reader, this.#intake, { device, object, instance }, valueBytes);
  }

  async events(_scope: Scope, after: number, limit: number): ReturnType<FleetStore['events']> {
    const { events, oldest } = await readEvents(this.#reader, after, limit, this.#options.limits.events);
    return { events, oldest, newest: this.#intake.queue.newestCommitted };
  }

  status(): StoreStatus {
    const problem = this.#ended ?? this.#commitProblem ?? this.#backgroundProblem;
    const { queue, versions } = this.#intake;
    const gauges = {
      ...{ queueBytes: queue.bytes, queueChanges: queue.size, unfoldedBytes: this.#waitingBytes + this.#foldingBytes },
      ...this.#figures,
      touches: this.#touches.size,
      ...{ devices: versions.counts.devices, openOperations: versions.counts.operations },
    };
    return problem === undefined ? { gauges } : { problem, gauges };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** For tests: the writer stands still before its next commit until the returned function is called. */
  holdWriter(): () => void {
    Atomics.store(this.#held, 0, 1);
    return () => {
      Atomics.store(this.#held, 0, 0);
      Atomics.notify(this.#held, 0);
    };
  }

  /** For tests: the main file may not grow beyond `pages` pages, as if the disk were full; 0 lifts the limit. */
  limitPages(pages: number): void {
    this.#tell({ type: 'limitPages', pages });
  }

  #armTouches(): void {
    this.#touchTimer ??= setTimeout(() => void this.flush().catch(() => undefined), this.#parameters.touchAge).unref();
  }

  /**
   * Writes touches a slice at a time, so that changes of others are committed between two of them. Those that could not be
   * written wait for the next time, behind later ones of the same devices.
   */
  async #writeTouches(before: Promise<void>): Promise<void> {
    // What it could not write is among the touches again.
    await before.catch(() => undefined);
    clearTimeout(this.#touchTimer);
    this.#touchTimer = undefined;
    const touches = this.#touches;
    this.#touches = new Map();
    let slice = this.#takeSlice(touches);
    try {
      for (; slice.size > 0; slice = this.#takeSlice(touches)) await this.#intake.queue.addSeen(slice);
    } catch (error) {
      for (const left of [slice, touches])
        for (const [device, at] of left) if (!this.#touches.has(device)) this.#touches.set(device, at);
      if (this.#closing === undefined && this.#ended === undefined) this.#armTouches();
      throw error;
    }
  }

  /** Takes the next touches of devices that are still there. */
  #takeSlice(touches: Map<DeviceId, WallTime>): ReadonlyMap<DeviceId, WallTime> {
    const slice = new Map<DeviceId, WallTime>();
    for (const [device, at] of touches) {
      touches.delete(device);
      if (this.#intake.versions.has(device)) slice.set(device, at);
      if (slice.size === this.#parameters.touchRows) break;
    }
    return slice;
  }

  #refusal(change: Change): AppError | undefined {
    const unfit = this.#unfit();
    if (unfit !== undefined) return unfit;
    if (change.fence < this.fence)
      return new AppError('store_fenced', `fence ${change.fence} is out of date: the store's is ${this.fence}`);
    return this.#full();
  }

  #unfit(): AppError | undefined {
    if (this.#ended !== undefined) return unavailable(this.#ended);
    return this.#closing === undefined ? undefined : unavailable('it is being closed');
  }

  #full(): AppError | undefined {
    if (this.busy)
      return new AppError('store_busy', 'too many changes wait to be written', {
        details: { retryAfter: 1 + Math.floor(this.#options.random.fraction() * 4) },
      });
    if (this.#waitingBytes + this.#foldingBytes > this.#parameters.foldBytes * this.#parameters.unfoldedFactor)
      return unavailable(this.#backgroundProblem ?? 'the journal is full');
    return undefined;
  }

  #tell(message: ToWriter): void {
    this.#writer.postMessage(message);
  }

  #hear(message: FromWriter): void {
    switch (message.type) {
      case 'committed':
        this.#figures = message.figures;
        this.#commitProblem = undefined;
        {
          this.#intake.queue.committed(message.seq);
          return;
        }
      case 'failed':
        if (this.#commitProblem !== message.reason)
          this.#options.logger.error('store commit failed', { reason: message.reason });
        this.#commitProblem = message.reason;
        {
          this.#intake.queue.fail(unavailable(message.reason));
          return;
        }
      case 'folded': {
        this.#figures = message.figures;
        this.#folded();
        return;
      }
      case 'cleaned': {
        this.#figures = message.figures;
        return;
      }
      case 'background':
        if (message.problem !== undefined)
          this.#options.logger.error('store background work failed', { reason: message.problem });
        this.#backgroundProblem = message.problem;
        return;
      case 'closed': {
        this.#onClosed();
        return;
      }
      case 'opened':
      case 'refused':
    }
  }

  #settled(bytes: number): void {
    this.#waitingBytes += bytes;
    if (this.#folding) return;
    if (this.#waitingBytes >= this.#parameters.foldBytes) {
      this.#fold();
      return;
    }
    this.#foldTimer ??= setTimeout(() => this.#fold(), this.#parameters.foldAge).unref();
  }

  #fold(): void {
    clearTimeout(this.#foldTimer);
    this.#foldTimer = undefined;
    if (this.#folding || this.#ended !== undefined) return;
    this.#folding = true;
    this.#foldingBytes = this.#waitingBytes;
    this.#waitingBytes = 0;
    this.#intake.fold();
    this.#tell({ type: 'fold' });
  }

  #folded(): void {
    this.#folding = false;
    this.#foldingBytes = 0;
    this.#intake.folded();
    const waiting = this.#onFolded;
    this.#onFolded = [];
    for (const resolve of waiting) resolve();
    if (this.#waitingBytes > 0) this.#settled(0);
  }

  /** Resolves when everything committed so far is in the record tables. */
  async #foldAll(): Promise<void> {
    await this.#intake.queue.whenIdle();
    while ((this.#folding || this.#waitingBytes > 0) && this.#ended === undefined) {
      const done = new Promise<void>((resolve) => this.#onFolded.push(resolve));
      this.#fold();
      await done;
    }
  }

  #clean(): void {
    this.#tell({ type: 'clean', now: this.#options.clock.wall() });
  }

  async #close(): Promise<void> {
    clearInterval(this.#cleaning);
    await this.flush().catch(() => undefined);
    await this.#intake.queue.whenIdle();
    clearTimeout(this.#foldTimer);
    await this.#reader.close();
    if (this.#ended === undefined) {
      const closed = new Promise<void>((resolve) => (this.#onClosed = resolve));
      const exited = new Promise<void>((resolve) => this.#writer.once('exit', () => resolve()));
      this.#tell({ type: 'close' });
      await Promise.race([closed, exited]);
      await exited;
    }
    this.#ended ??= 'it is closed';
  }

  #end(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = this.#closing === undefined ? reason : 'it is closed';
    if (this.#closing === undefined) this.#options.logger.error('store ended', { reason });
    this.#intake.queue.fail(unavailable(this.#ended));
    for (const resolve of this.#onFolded) resolve();
  }
}

/** At once, so that the threads start before the caller does anything else. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('store_unavailable', `the data folder ${folder} cannot be made: ${why}`, { cause });
  }
}

const OPENING_BYTES = 6;
