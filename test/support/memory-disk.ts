/**
 * A disk in memory that loses power: what was not synced may be gone, names of a folder in the order they were given. Each
 * operation is a step, before or in the middle of which it can end.
 */

import { dirname } from 'node:path';

import type { Disk } from '#vault';

/** Thrown where the power went, or where the test lets an operation fail. */
export class Cut extends Error {}

/** One change to the names of a folder. */
interface NameChange {
  readonly folder: string;
  apply(files: Map<string, Buffer>): void;
}

/** Files by path. */
export class MemoryDisk implements Disk {
  /** Operations that change something, so far. */
  steps = 0;
  /** Number of the step that fails, counted from `steps` = 0; what it does then. */
  fault: { readonly at: number; readonly how: 'before' | 'torn' | 'after' } | undefined;
  /** Whether everything fails from the fault on (the power is gone), or that one step alone (the disk said no). */
  lasting = true;
  #visible: Map<string, Buffer>;
  #durable: Map<string, Buffer>;
  #pending: NameChange[] = [];

  constructor(files: ReadonlyMap<string, Buffer> = new Map()) {
    this.#visible = new Map(files);
    this.#durable = new Map(files);
  }

  read(file: string): Uint8Array | undefined {
    const content = this.#visible.get(file);
    return content === undefined ? undefined : Buffer.from(content);
  }

  has(file: string): boolean {
    return this.#visible.has(file);
  }

  create(file: string, content: Uint8Array): void {
    const put = (bytes: Uint8Array) => () => {
      const copy = Buffer.from(bytes);
      this.#change(file, (files) => files.set(file, copy));
    };
    this.#step(put(content), put(content.subarray(0, content.length >> 1)));
  }

  rename(from: string, to: string): void {
    this.#step(() => {
      this.#change(to, (files) => {
        const content = files.get(from);
        if (content === undefined) return;
        files.set(to, content);
        files.delete(from);
      });
    });
  }

  syncFolder(folder: string): void {
    this.#step(() => {
      const mine = (change: NameChange): boolean => change.folder === folder;
      for (const change of this.#pending.filter(mine)) change.apply(this.#durable);
      this.#pending = this.#pending.filter((change) => !mine(change));
    });
  }

  remove(file: string): void {
    this.#step(() => {
      this.#change(file, (files) => files.delete(file));
    });
  }

  /** Puts a file there, durable, as somebody else would. */
  put(file: string, content: string): void {
    for (const files of [this.#visible, this.#durable]) files.set(file, Buffer.from(content));
  }

  /** Names of all files. */
  get files(): string[] {
    return [...this.#visible.keys()].sort();
  }

  /** As it is when the process ends and the machine goes on. */
  afterKill(): MemoryDisk {
    return new MemoryDisk(this.#visible);
  }

  /** Every way it may be found after a loss of power: of each folder, some of the latest changes are gone. */
  afterPowerLoss(): MemoryDisk[] {
    const folders = [...new Set(this.#pending.map(({ folder }) => folder))];
    const ways = folders.reduce<number[][]>(
      (chosen, folder) => {
        const count = this.#pending.filter((change) => change.folder === folder).length;
        return chosen.flatMap((way) => Array.from({ length: count + 1 }, (_, kept) => [...way, kept]));
      },
      [[]],
    );
    return ways.map((way) => {
      const files = new Map(this.#durable);
      const left = new Map(folders.map((folder, index) => [folder, way[index] ?? 0]));
      for (const change of this.#pending) {
        const { folder } = change;
        const kept = left.get(folder) ?? 0;
        if (kept > 0) change.apply(files);
        left.set(folder, kept - 1);
      }
      return new MemoryDisk(files);
    });
  }

  #change(file: string, apply: (files: Map<string, Buffer>) => void): void {
    apply(this.#visible);
    this.#pending.push({ folder: dirname(file), apply });
  }

  #step(run: () => void, torn: () => void = run): void {
    const at = this.steps;
    this.steps += 1;
    const { fault } = this;
    if (fault === undefined || at < fault.at || (at > fault.at && !this.lasting)) {
      run();
      return;
    }
    if (at === fault.at && fault.how === 'torn') torn();
    if (at === fault.at && fault.how === 'after') run();
    throw new Cut(`the disk failed in step ${at}`);
  }
}
