/**
 * What an operator says of things that are no devices, one record a name: kept in memory, changed one at a time per name, in
 * effect when it is durable. The tables of models and of profiles are made of it.
 */

import type { AppError } from '#base';
import type { Commits } from '../access/commits.js';
import type { NewEvent, Principal, SettingRecord } from '../model/index.js';
import type { Versioned } from '../ports/index.js';
import { Exclusive } from './exclusive.js';

/** Looks at what is there when the turn has come; throws to stop the change. */
export type CheckCurrent<V> = (current: V | undefined) => void;

/** What a table is about. */
export interface TableParts<R extends SettingRecord, V> {
  readonly commits: Commits;
  readonly kind: R['kind'];
  /** Names there may be; beyond, `full` is thrown. */
  readonly limit: number;
  readonly full: (limit: number) => AppError;
  readonly missing: (name: string) => AppError;
  /** A record as shown. */
  readonly view: (record: R) => V;
  /** The event that tells of a record, or (undefined) of its removal. */
  readonly event: (name: string, record: R | undefined) => NewEvent;
}

/** A table. */
export class OperatorTable<R extends SettingRecord, V> {
  readonly #parts: TableParts<R, V>;
  readonly #known = new Map<string, Versioned<R>>();
  readonly #exclusive = new Exclusive();

  constructor(parts: TableParts<R, V>) {
    this.#parts = parts;
  }

  /** Names there are. */
  get size(): number {
    return this.#known.size;
  }

  /** Takes a loaded record in. */
  restore(setting: Versioned<R>): void {
    this.#known.set(setting.record.name, setting);
  }

  /** The record of a name. */
  record(name: string): R | undefined {
    return this.#known.get(name)?.record;
  }

  /** All records, by name. */
  records(): readonly R[] {
    return [...this.#known.keys()].sort().flatMap((name) => this.record(name) ?? []);
  }

  /** All records as shown, by name. */
  list(): readonly V[] {
    return [...this.#known.keys()].sort().flatMap((name) => this.#view(name) ?? []);
  }

  /** One record as shown. Throws `missing`. */
  get(name: string): V {
    const view = this.#view(name);
    if (view === undefined) throw this.#parts.missing(name);
    return view;
  }

  /**
   * Puts a record in place of what is there; resolves when that is durable. What `isSame` says is no change is not committed.
   * Rejects with `full`, what `check` throws, and what the store refuses.
   */
  put(principal: Principal, record: R, check: CheckCurrent<V>, isSame: (current: R) => boolean): Promise<V> {
    const { name } = record;
    return this.#exclusive.run(name, async () => {
      check(this.#view(name));
      const known = this.#known.get(name);
      const { limit, full, view } = this.#parts;
      if (known === undefined && this.#known.size >= limit) throw full(limit);
      if (known !== undefined && isSame(known.record)) return view(known.record);
      const { version } = await this.#commit(principal, name, known?.version ?? 0, record);
      this.#known.set(name, { version, record });
      return view(record);
    });
  }

  /** Removes a record; resolves when that is durable. Rejects with `missing`, what `check` throws, and what the store refuses. */
  remove(principal: Principal, name: string, check: CheckCurrent<V>): Promise<void> {
    return this.#exclusive.run(name, async () => {
      const known = this.#known.get(name);
      if (known === undefined) throw this.#parts.missing(name);
      check(this.#view(name));
      await this.#commit(principal, name, known.version, undefined);
      this.#known.delete(name);
    });
  }

  #view(name: string): V | undefined {
    const record = this.record(name);
    return record === undefined ? undefined : this.#parts.view(record);
  }

  #commit({ actor }: Principal, name: string, expected: number, record: R | undefined): ReturnType<Commits['setting']> {
    const { commits, kind, event } = this.#parts;
    return commits.setting({ kind, name }, expected, record, { actor, events: [event(name, record)] });
  }
}
