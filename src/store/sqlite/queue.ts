/**
 * The queue to the writer: changes are encoded as they come into one group; a group leaves as soon as the writer is idle,
 * at the end of the turn in which its first change came, and what comes meanwhile is the next group. One group is on its way
 * at a time, so that after a failure everything accepted since can be taken back.
 */

import type { DeviceId, NewEvent, NumberedEvent, SessionRecord } from '#fleet/model';
import type { Change, Receipt } from '#fleet/ports';
import { GroupEncoder } from './group.js';
import type { Resources } from './values.js';
import { shapeOf } from './values.js';

/** A change on its way, and what happens at the end of it. */
export interface Pending {
  readonly change: Change;
  /** Version the aggregate gets, and the one it had; 0: it does not exist. Both 0 for values. */
  readonly version: number;
  readonly previous: number;
  /** Whether the record is written: not for operations and values of devices that are gone. */
  readonly written: boolean;
  /** JSON of what is written, and of values their shape. */
  text: string;
  ids: string;
  receivedAt: number;
  readonly receipt: Receipt;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (reason: unknown) => void;
}

/** What the owner of a queue does with its changes. */
export interface QueueOwner {
  /** Hands a group to the writer. */
  readonly send: (seq: number, newest: number, bytes: Uint8Array<ArrayBuffer>) => void;
  /** The change is durable. */
  readonly committed: (pending: Pending) => void;
  /** The change is not and will not be. */
  readonly undone: (pending: Pending) => void;
  /** The group is durable. */
  readonly settled: (bytes: number) => void;
}

interface Group {
  readonly seq: number;
  readonly bytes: number;
  readonly newest: number;
  readonly changes: readonly Pending[];
  readonly touched: readonly Touched[];
}

interface Touched {
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const NO_EVENTS: readonly NumberedEvent[] = [];

/** Changes on their way to the writer. */
export class GroupQueue {
  readonly #owner: QueueOwner;
  readonly #encoder = new GroupEncoder();
  #changes: Pending[] = [];
  #touched: Touched[] = [];
  #sent: Group | undefined;
  #scheduled = false;
  #seq = 0;
  /** Highest event number given to a change. */
  #number: number;
  #newestCommitted: number;
  #idle: (() => void)[] = [];

  /** `newest`: the highest event number given before. */
  constructor(owner: QueueOwner, newest: number) {
    this.#owner = owner;
    this.#number = newest;
    this.#newestCommitted = newest;
  }

  /** Bytes that are not committed. */
  get bytes(): number {
    return this.#encoder.length + (this.#sent?.bytes ?? 0);
  }

  /** Changes that are not committed. */
  get size(): number {
    return this.#changes.length + (this.#sent?.changes.length ?? 0);
  }

  /** Highest event number of what is committed. */
  get newestCommitted(): number {
    return this.#newestCommitted;
  }

  /** Adds a change whose version was checked; see Pending for what the arguments are. */
  add(
    change: Change,
    version: number,
    previous: number,
    written: boolean,
    resolve: (receipt: Receipt) => void,
    reject: (reason: unknown) => void,
  ): void {
    const receipt = { version, events: NO_EVENTS };
    const pending = { change, version, previous, written, text: '', ids: '', receivedAt: 0, receipt, resolve, reject };
    if (written) this.#encode(pending, change);
    if (change.events.length > 0) receipt.events = change.events.map((event) => this.#numbered(event));
    this.#changes.push(pending);
    this.#schedule();
  }

  /** Adds the moments at which devices were last heard; resolves when they are durable. */
  addSeen(seen: ReadonlyMap<DeviceId, number>): Promise<void> {
    for (const [device, at] of seen) this.#encoder.seen(device, at);
    return this.#untold();
  }

  /** Adds a session; resolves when it is durable. */
  addSession(session: SessionRecord): Promise<void> {
    this.#encoder.session(session);
    return this.#untold();
  }

  /** Adds that all sessions of a device are gone; resolves when that is durable. */
  dropSessions(device: DeviceId): Promise<void> {
    this.#encoder.sessionsDropped(device);
    return this.#untold();
  }

  /** The writer committed group `seq`. */
  committed(seq: number): void {
    const group = this.#sent;
    if (group?.seq !== seq) return;
    this.#sent = undefined;
    this.#newestCommitted = group.newest;
    this.#owner.settled(group.bytes);
    for (const pending of group.changes) this.#owner.committed(pending);
    this.#send();
    for (const pending of group.changes) pending.resolve(pending.receipt);
    for (const { resolve } of group.touched) resolve();
  }

  /** The writer could not commit a group: it and all that was accepted since end with `reason`. */
  fail(reason: Error): void {
    const changes = [...(this.#sent?.changes ?? []), ...this.#changes];
    const touched = [...(this.#sent?.touched ?? []), ...this.#touched];
    this.#sent = undefined;
    this.#changes = [];
    this.#touched = [];
    this.#encoder.seal();
    for (const pending of changes.toReversed()) this.#owner.undone(pending);
    for (const { reject } of [...changes, ...touched]) reject(reason);
    this.#tellIdle();
  }

  /** Resolves when nothing is on its way. */
  whenIdle(): Promise<void> {
    if (this.#sent === undefined && this.#empty) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  get #empty(): boolean {
    return this.#changes.length === 0 && this.#touched.length === 0;
  }

  /** What was encoded last has neither version nor receipt. */
  #untold(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#touched.push({ resolve, reject });
      this.#schedule();
    });
  }

  #encode(pending: Pending, change: Change): void {
    const encoder = this.#encoder;
    switch (change.aggregate) {
      case 'device':
        if (change.record === undefined) encoder.deviceDeleted(change.id);
        else encoder.device(change.id, pending.version, change.record);
        return;
      case 'operation':
        pending.text = JSON.stringify(change.record);
        encoder.operation(change.record, pending.version, pending.text);
        return;
      case 'model':
        encoder.model(change.record, pending.version);
        return;
      case 'setting':
        if (change.record === undefined) encoder.settingDeleted(change.kind, change.name);
        else encoder.setting(change.record, pending.version);
        return;
      case 'notice':
        return;
      case 'values': {
        const resources: Resources = change.values.resources;
        const { ids, receivedAt } = shapeOf(resources);
        pending.ids = ids;
        pending.receivedAt = receivedAt;
        pending.text = JSON.stringify(resources);
        encoder.values(change.values, ids, receivedAt, pending.text);
        return;
      }
    }
  }

  /** Member by member, so that all events share a few hidden classes. */
  #numbered({ type, at, device, endpoint, data }: NewEvent): NumberedEvent {
    const event: Writable<NumberedEvent> = { type, at, data, number: (this.#number += 1) };
    if (device !== undefined) event.device = device;
    if (endpoint !== undefined) event.endpoint = endpoint;
    if (type !== 'value.received') this.#encoder.event(event);
    return event;
  }

  #schedule(): void {
    if (this.#scheduled || this.#sent !== undefined) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#send();
    });
  }

  #send(): void {
    if (this.#sent !== undefined) return;
    if (this.#empty) {
      this.#tellIdle();
      return;
    }
    const bytes = this.#encoder.seal();
    const seq = (this.#seq += 1);
    this.#sent = { seq, bytes: bytes.length, newest: this.#number, changes: this.#changes, touched: this.#touched };
    this.#changes = [];
    this.#touched = [];
    this.#owner.send(seq, this.#number, bytes);
  }

  #tellIdle(): void {
    const waiting = this.#idle;
    this.#idle = [];
    for (const resolve of waiting) resolve();
  }
}
