/**
 * FleetStore in memory, for tests of the fleet. What is on the Disk is durable and outlives a store; a store can be held
 * before its commits, made to refuse them, and killed: what was not acknowledged is then dropped, or durable without anybody
 * having been told.
 */

import { randomUUID } from 'node:crypto';

import { AppError, WallTime } from '#base';
import type {
  DeviceId,
  DeviceRecord,
  InstanceValues,
  LastValue,
  ModelRecord,
  NewEvent,
  NumberedEvent,
  OperationId,
  OperationRecord,
  SessionRecord,
  SettingRecord,
} from '#fleet/model';
import { isFinished } from '#fleet/model';
import type {
  Change,
  FleetStore,
  LoadBatch,
  OperationQuery,
  Page,
  Receipt,
  StoreLimits,
  Versioned,
} from '#fleet/ports';

/** What a store has written down, as text. */
export class Disk {
  readonly devices = new Map<DeviceId, { version: number; text: string }>();
  readonly operations = new Map<OperationId, { version: number; text: string }>();
  readonly models = new Map<string, { version: number; text: string }>();
  readonly settings = new Map<string, { version: number; text: string }>();
  /** By device, then by `object/instance`. */
  readonly values = new Map<DeviceId, Map<string, string>>();
  readonly seen = new Map<DeviceId, WallTime>();
  /** By `device listener`. */
  readonly sessions = new Map<string, string>();
  events: string[] = [];
  newest = 0;
  fence = 0;
  opening: string | undefined;
}

/** Limits nobody reaches. */
export const WIDE: StoreLimits = {
  queueBytes: 64 * 1024 * 1024,
  operationDays: 100_000,
  operationsPerDevice: 1000,
  events: 10_000,
  valueBytes: 65_536,
};

interface Waiting {
  readonly text: string;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: AppError) => void;
}

/** Where a kill strikes: before the commit is durable, or after it is and before anybody is told. */
export type KillMoment = 'before' | 'after';

/** One opening of a Disk. */
export class MemoryStore implements FleetStore {
  readonly fence: number;
  readonly opening: string;
  readonly openingBefore: string | undefined;
  /** Every change that was applied, in order. */
  readonly applied: Change[] = [];
  /** How often `touch` was called. */
  touches = 0;
  readonly #disk: Disk;
  readonly #limits: StoreLimits;
  readonly #now: () => WallTime;
  #waiting: Waiting[] = [];
  #bytes = 0;
  #held = false;
  #draining = false;
  #state: 'open' | 'closed' | 'killed' = 'open';
  #failures: { code: string; left: number } = { code: '', left: 0 };
  #kill: { left: number; moment: KillMoment; then: () => void } | undefined;
  readonly #touched = new Map<DeviceId, WallTime>();

  constructor(disk: Disk, limits: StoreLimits = WIDE, now: () => WallTime = () => WallTime(0)) {
    disk.fence += 1;
    this.fence = disk.fence;
    this.openingBefore = disk.opening;
    this.opening = `${disk.fence}-${randomUUID()}`;
    disk.opening = this.opening;
    this.#disk = disk;
    this.#limits = limits;
    this.#now = now;
    this.#retain();
  }

  get busy(): boolean {
    return this.#bytes >= this.#limits.queueBytes;
  }

  /** Changes that wait to be committed. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** From now on commits wait. */
  hold(): void {
    this.#held = true;
  }

  /** Commits what waits and holds no more. */
  release(): void {
    this.#held = false;
    this.#drain();
  }

  /** Commits the first `count` that wait, and holds on. */
  step(count = 1): void {
    for (let left = count; left > 0; left -= 1) this.#one();
  }

  /** The next `count` commits are refused with that code when their turn comes. */
  fail(code: 'store_busy' | 'store_unavailable' | 'store_conflict', count: number): void {
    this.#failures = { code, left: count };
  }

  /** The process ends at the commit number `nth` from now. */
  killAt(nth: number, moment: KillMoment, then: () => void = () => {}): void {
    this.#kill = { left: nth, moment, then };
  }

  /** The process ends now. */
  kill(): void {
    this.#state = 'killed';
    this.#waiting = [];
    this.#bytes = 0;
  }

  commit(change: Change): Promise<Receipt> {
    if (this.#state === 'killed') return new Promise(() => {});
    if (this.#state === 'closed') return Promise.reject(new AppError('store_unavailable', 'the store is closed'));
    if (change.fence < this.fence) return Promise.reject(new AppError('store_fenced', 'an earlier fence'));
    if (this.busy) return Promise.reject(new AppError('store_busy', 'full', { details: { retryAfter: 1 } }));
    const text = JSON.stringify(change);
    this.#bytes += text.length;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ text, resolve, reject });
      this.#later();
    });
  }

  touch(device: DeviceId, lastSeen: WallTime): void {
    this.touches += 1;
    this.#touched.set(device, lastSeen);
  }

  async flush(): Promise<void> {
    if (this.#state === 'killed') await new Promise(() => {});
    for (const [device, moment] of this.#touched) {
      if (this.#disk.devices.has(device)) this.#disk.seen.set(device, moment);
    }
    this.#touched.clear();
  }

  async keepSession(session: SessionRecord): Promise<void> {
    if (this.#state === 'killed') await new Promise(() => {});
    if (this.#state === 'closed') throw new AppError('store_unavailable', 'the store is closed');
    if (this.busy) throw new AppError('store_busy', 'full', { details: { retryAfter: 1 } });
    const { device, listener } = session;
    if (this.#disk.devices.has(device)) this.#disk.sessions.set(`${device} ${listener}`, JSON.stringify(session));
  }

  async dropSessions(device: DeviceId): Promise<void> {
    if (this.#state === 'killed') await new Promise(() => {});
    if (this.#state === 'closed') throw new AppError('store_unavailable', 'the store is closed');
    this.#forgetSessions((session) => session.device === device);
  }

  async session(digest: string): Promise<SessionRecord | undefined> {
    return [...this.#disk.sessions.values()]
      .map((text) => JSON.parse(text) as SessionRecord)
      .find((session) => session.digest === digest);
  }

  async *load(_scope: unknown, since: WallTime): AsyncGenerator<LoadBatch, void> {
    await Promise.resolve();
    const devices = [...this.#disk.devices].map(([id, { version, text }]): Versioned<DeviceRecord> => {
      const record = JSON.parse(text) as DeviceRecord;
      const seen = this.#disk.seen.get(id) ?? record.lastSeen;
      return { version, record: { ...record, lastSeen: WallTime(Math.max(seen, record.lastSeen)) } };
    });
    yield { kind: 'devices', items: devices };
    const operations = this.#operations().filter(
      ({ record }) => !isFinished(record.state) || (record.idempotency !== undefined && record.createdAt >= since),
    );
    yield { kind: 'operations', items: operations };
    yield { kind: 'models', items: [...this.#disk.models.values()].map((row) => versioned<ModelRecord>(row)) };
    yield { kind: 'settings', items: [...this.#disk.settings.values()].map((row) => versioned<SettingRecord>(row)) };
  }

  async operation(id: OperationId): Promise<Versioned<OperationRecord> | undefined> {
    const row = this.#disk.operations.get(id);
    if (row === undefined) return undefined;
    const found = versioned<OperationRecord>(row);
    return this.#disk.devices.has(found.record.device) ? found : undefined;
  }

  async operations(_scope: unknown, query: OperationQuery): Promise<Page<OperationRecord>> {
    const fitting = this.#operations()
      .map(({ record }) => record)
      .filter(({ device }) => query.device === undefined || device === query.device)
      .filter(({ state }) => query.states === undefined || query.states.includes(state))
      .sort((left, right) => (left.id < right.id ? 1 : -1))
      .filter(({ id }) => query.cursor === undefined || id < query.cursor);
    const items = fitting.slice(0, query.limit);
    const last = items.at(-1);
    return fitting.length > items.length && last !== undefined ? { items, next: last.id } : { items };
  }

  async values(device: DeviceId, object?: number, instance?: number): Promise<readonly InstanceValues[]> {
    if (!this.#disk.devices.has(device)) return [];
    return [...(this.#disk.values.get(device)?.values() ?? [])]
      .map((text) => JSON.parse(text) as InstanceValues)
      .filter((values) => object === undefined || values.object === object)
      .filter((values) => instance === undefined || values.instance === instance)
      .sort((left, right) => left.object - right.object || left.instance - right.instance);
  }

  async events(_scope: unknown, after: number, limit: number): ReturnType<FleetStore['events']> {
    const kept = this.#disk.events.slice(-this.#limits.events).map((text) => JSON.parse(text) as NumberedEvent);
    const events = kept.filter(({ number }) => number > after).slice(0, limit);
    return { events, oldest: kept[0]?.number ?? 0, newest: this.#disk.newest };
  }

  status(): { readonly problem?: string; readonly gauges: Readonly<Record<string, number>> } {
    const gauges = { waiting: this.#waiting.length };
    return this.#state === 'open' ? { gauges } : { problem: 'the store is closed', gauges };
  }

  async close(): Promise<void> {
    if (this.#state !== 'open') return;
    this.release();
    await this.flush();
    this.#state = 'closed';
  }

  #operations(): Versioned<OperationRecord>[] {
    return [...this.#disk.operations.values()]
      .map((row) => versioned<OperationRecord>(row))
      .filter(({ record }) => this.#disk.devices.has(record.device));
  }

  #later(): void {
    if (this.#draining || this.#held) return;
    this.#draining = true;
    queueMicrotask(() => {
      this.#draining = false;
      if (!this.#held) this.#drain();
    });
  }

  #drain(): void {
    while (this.#waiting.length > 0 && this.#state === 'open') this.#one();
  }

  #one(): void {
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#bytes -= next.text.length;
    const kill = this.#kill;
    if (kill !== undefined) kill.left -= 1;
    const struck = kill?.left === 0;
    if (struck && kill.moment === 'before') {
      this.kill();
      kill.then();
      return;
    }
    if (this.#failures.left > 0) {
      this.#failures.left -= 1;
      next.reject(new AppError(this.#failures.code, 'made to fail', { details: { retryAfter: 1 } }));
      return;
    }
    const change = JSON.parse(next.text) as Change;
    const receipt = this.#apply(change);
    if (struck) {
      this.kill();
      kill.then();
    } else if (receipt instanceof AppError) {
      next.reject(receipt);
    } else {
      next.resolve(receipt);
    }
  }

  #apply(change: Change): Receipt | AppError {
    const version = this.#put(change);
    if (version instanceof AppError) return version;
    this.applied.push(change);
    const events = change.events.map((event) => this.#number(event));
    if (change.aggregate === 'operation') this.#retainOperations();
    if (this.#disk.events.length > this.#limits.events * 2) this.#retain();
    return { version, events };
  }

  #put(change: Change): number | AppError {
    switch (change.aggregate) {
      case 'values': {
        if (this.#disk.devices.has(change.values.device)) this.#merge(change.values);
        return 0;
      }
      case 'notice':
        return 0;
      case 'operation':
        if (!this.#disk.devices.has(change.record.device)) return 0;
        return putRow(this.#disk.operations, change.id, change.expected, change.record);
      case 'model': {
        const key = `${change.record.object}/${change.record.version}`;
        return putRow(this.#disk.models, key, change.expected, change.record);
      }
      case 'setting':
        return putRow(this.#disk.settings, `${change.kind}/${change.name}`, change.expected, change.record);
      case 'device': {
        const version = putRow(this.#disk.devices, change.id, change.expected, change.record);
        if (version === 0) this.#remove(change.id);
        return version;
      }
    }
  }

  #remove(device: DeviceId): void {
    this.#disk.values.delete(device);
    this.#disk.seen.delete(device);
    this.#forgetSessions((session) => session.device === device);
    for (const [id, row] of this.#disk.operations) {
      if (versioned<OperationRecord>(row).record.device === device) this.#disk.operations.delete(id);
    }
  }

  #forgetSessions(which: (session: SessionRecord) => boolean): void {
    for (const [place, text] of this.#disk.sessions)
      if (which(JSON.parse(text) as SessionRecord)) this.#disk.sessions.delete(place);
  }

  #merge({ device, object, instance, resources }: InstanceValues): void {
    const rows = this.#disk.values.get(device) ?? new Map<string, string>();
    this.#disk.values.set(device, rows);
    const key = `${object}/${instance}`;
    const before = rows.get(key);
    const known = before === undefined ? {} : (JSON.parse(before) as InstanceValues).resources;
    const merged: Record<string, LastValue> = { ...known };
    for (const [id, next] of Object.entries(resources)) {
      if ((merged[id]?.receivedAt ?? -1) <= next.receivedAt) merged[id] = next;
    }
    const oldestFirst = Object.entries(merged).sort(([, left], [, right]) => left.receivedAt - right.receivedAt);
    while (JSON.stringify(Object.fromEntries(oldestFirst)).length > this.#limits.valueBytes) oldestFirst.shift();
    rows.set(key, JSON.stringify({ device, object, instance, resources: Object.fromEntries(oldestFirst) }));
  }

  #number(event: NewEvent): NumberedEvent {
    this.#disk.newest += 1;
    const numbered = { ...event, number: this.#disk.newest };
    if (event.type !== 'value.received') this.#disk.events.push(JSON.stringify(numbered));
    return numbered;
  }

  /** Lets go of what is beyond the limits. */
  #retain(): void {
    this.#disk.events = this.#disk.events.slice(-this.#limits.events);
    this.#forgetSessions(({ expires }) => expires <= this.#now());
    this.#retainOperations();
  }

  #retainOperations(): void {
    const before = this.#now() - this.#limits.operationDays * 86_400_000;
    const finished = new Map<DeviceId, number>();
    const newestFirst = [...this.#disk.operations].sort(([left], [right]) => (left < right ? 1 : -1));
    for (const [id, row] of newestFirst) {
      const { record } = versioned<OperationRecord>(row);
      if (!isFinished(record.state)) continue;
      const count = (finished.get(record.device) ?? 0) + 1;
      finished.set(record.device, count);
      const old = (record.finishedAt ?? record.createdAt) < before;
      if (old || count > this.#limits.operationsPerDevice) this.#disk.operations.delete(id);
    }
  }
}

function versioned<T>({ version, text }: { version: number; text: string }): Versioned<T> {
  return { version, record: JSON.parse(text) as T };
}

function putRow<K>(
  rows: Map<K, { version: number; text: string }>,
  key: K,
  expected: number,
  record: unknown,
): number | AppError {
  const version = rows.get(key)?.version ?? 0;
  if (version !== expected) return new AppError('store_conflict', `version ${version}, not ${expected}`);
  if (record === undefined) {
    rows.delete(key);
    return 0;
  }
  rows.set(key, { version: version + 1, text: JSON.stringify(record) });
  return version + 1;
}
