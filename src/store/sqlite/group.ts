/**
 * The journal's encoding: all changes of one group commit as one run of bytes, written once on the main thread, handed
 * over to the writer, stored as one row, and read again when it is folded or replayed. Layout: the entries, each a head of
 * fixed text fields and a JSON text; a directory of two words an entry; a footer. Everything that SQL must see stands at a
 * fixed place of the head, so that rows are made from the bytes without going through objects.
 */

import { invariant } from '#base';
import type { DeviceId, DeviceRecord, InstanceValues, ModelRecord, NumberedEvent, OperationRecord } from '#fleet/model';
import type { SessionRecord, SettingKind, SettingRecord } from '#fleet/model';
import { OPERATION_STATES, isFinished } from '#fleet/model';
import { ByteSink } from './byte-sink.js';

/** What an entry is. The numbers are stored. */
export const ENTRY = Object.freeze({
  devicePut: 1,
  deviceDelete: 2,
  operation: 3,
  values: 4,
  model: 5,
  event: 6,
  seen: 7,
  settingPut: 8,
  settingDelete: 9,
  sessionPut: 10,
  sessionsDrop: 11,
});
/** Kind of an entry. */
export type EntryKind = (typeof ENTRY)[keyof typeof ENTRY];

/** Widths of the fields of a head, in bytes. */
export const WIDTH = Object.freeze({
  device: 32,
  operation: 20,
  version: 10,
  state: 1,
  flag: 1,
  time: 15,
  id: 5,
  digest: 32,
});

const FORMAT = 0x42_57_4a_31;
const FOOTER = 12;
const DIRECTORY_ENTRY = 8;
const FIRST_CAPACITY = 64 * 1024;
/** A group that fills less than this part of its buffer is copied out, so that the buffer serves again. */
const COPY_BELOW = 4;

/** Writes the entries of one group after the other. */
export class GroupEncoder {
  #sink = new ByteSink(FIRST_CAPACITY);
  #directory: number[] = [];

  /** Bytes of entries so far. */
  get length(): number {
    return this.#sink.length;
  }

  /** A device with its record. */
  device(id: DeviceId, version: number, record: DeviceRecord): void {
    const head = this.#sink.length;
    this.#ascii(id, WIDTH.device);
    this.#sink.decimal(version, WIDTH.version);
    this.#record(ENTRY.devicePut, head, record);
  }

  /** A device that is gone. */
  deviceDeleted(id: DeviceId): void {
    const head = this.#sink.length;
    this.#ascii(id, WIDTH.device);
    this.#end(ENTRY.deviceDelete, head, this.#sink.length);
  }

  /** An operation with its record as JSON. */
  operation(record: OperationRecord, version: number, text: string): void {
    const sink = this.#sink;
    const head = sink.length;
    this.#ascii(record.id, WIDTH.operation);
    this.#ascii(record.device, WIDTH.device);
    sink.decimal(version, WIDTH.version);
    sink.decimal(OPERATION_STATES.indexOf(record.state), WIDTH.state);
    sink.decimal(record.idempotency === undefined ? 0 : 1, WIDTH.flag);
    sink.decimal(record.createdAt, WIDTH.time);
    sink.decimal(isFinished(record.state) ? (record.finishedAt ?? record.createdAt) : 0, WIDTH.time);
    this.#text(ENTRY.operation, head, text);
  }

  /** Last values of one instance: its resources as JSON, with their ids and the moment all were received (`shapeOf`). */
  values(values: InstanceValues, ids: string, receivedAt: number, text: string): void {
    const sink = this.#sink;
    const head = sink.length;
    this.#ascii(values.device, WIDTH.device);
    sink.decimal(values.object, WIDTH.id);
    sink.decimal(values.instance, WIDTH.id);
    sink.latin1(ids);
    sink.decimal(receivedAt, WIDTH.time);
    this.#text(ENTRY.values, head, text);
  }

  /** An object definition. */
  model(record: ModelRecord, version: number): void {
    const sink = this.#sink;
    const head = sink.length;
    sink.decimal(version, WIDTH.version);
    sink.decimal(record.object, WIDTH.id);
    sink.utf8(record.version);
    this.#record(ENTRY.model, head, record);
  }

  /** A setting with its record. */
  setting(record: SettingRecord, version: number): void {
    const head = this.#sink.length;
    this.#settingHead(record.kind, record.name, version);
    this.#record(ENTRY.settingPut, head, record);
  }

  /** A setting that is gone. */
  settingDeleted(kind: SettingKind, name: string): void {
    const head = this.#sink.length;
    this.#settingHead(kind, name, 0);
    this.#end(ENTRY.settingDelete, head, this.#sink.length);
  }

  /** A numbered event. */
  event(event: NumberedEvent): void {
    this.#record(ENTRY.event, this.#sink.length, event);
  }

  /** When a device was last heard. */
  seen(id: DeviceId, at: number): void {
    const head = this.#sink.length;
    this.#ascii(id, WIDTH.device);
    this.#sink.decimal(at, WIDTH.time);
    this.#end(ENTRY.seen, head, this.#sink.length);
  }

  /** A session, sealed. */
  session({ device, digest, expires, listener, sealed }: SessionRecord): void {
    const sink = this.#sink;
    const head = sink.length;
    this.#ascii(device, WIDTH.device);
    sink.decimal(listener, WIDTH.id);
    this.#ascii(digest, WIDTH.digest);
    sink.decimal(expires, WIDTH.time);
    this.#text(ENTRY.sessionPut, head, sealed);
  }

  /** All sessions of a device are gone. */
  sessionsDropped(device: DeviceId): void {
    const head = this.#sink.length;
    this.#ascii(device, WIDTH.device);
    this.#end(ENTRY.sessionsDrop, head, this.#sink.length);
  }

  /** Ends the group: its bytes, in a buffer of their own that may be transferred. */
  seal(): Uint8Array<ArrayBuffer> {
    const directory = this.#directory;
    const sink = this.#sink;
    const body = sink.length;
    const total = body + directory.length * 4 + FOOTER;
    sink.reserve(total - body);
    const whole = sink.buffer;
    let offset = body;
    for (const word of directory) offset = whole.writeUInt32LE(word, offset);
    offset = whole.writeUInt32LE(body, offset);
    offset = whole.writeUInt32LE(directory.length / 2, offset);
    whole.writeUInt32LE(FORMAT, offset);
    this.#directory = [];
    sink.length = 0;
    if (total * COPY_BELOW <= whole.length) return new Uint8Array(whole.subarray(0, total));
    this.#sink = new ByteSink(FIRST_CAPACITY);
    return new Uint8Array(whole.buffer, 0, total);
  }

  #settingHead(kind: SettingKind, name: string, version: number): void {
    this.#sink.decimal(version, WIDTH.version);
    this.#sink.utf8(`${kind}/${name}`);
  }

  #ascii(text: string, width: number): void {
    invariant(text.length === width, `an id of ${width} characters, not "${text}"`);
    this.#sink.latin1(text);
  }

  #record(kind: EntryKind, head: number, record: object): void {
    const text = this.#sink.length;
    this.#sink.json(record);
    this.#end(kind, head, text);
  }

  #text(kind: EntryKind, head: number, text: string): void {
    const start = this.#sink.length;
    this.#sink.utf8(text);
    this.#end(kind, head, start);
  }

  /** The entry that began at `head` and whose text began at `text` ends here. */
  #end(kind: EntryKind, head: number, text: number): void {
    this.#directory.push(kind * 0x1_00_00_00 + (text - head), this.#sink.length - text);
  }
}

/** One entry where it stands in a group's bytes. */
export interface Entry {
  readonly kind: EntryKind;
  readonly bytes: Buffer;
  /** Where its head begins. */
  readonly head: number;
  readonly headLength: number;
  readonly textLength: number;
}

/** Hands each entry of a group to `visit`, in order, and returns their number; throws when the bytes are not a group. */
export function readGroup(group: Uint8Array, visit: (entry: Entry) => void): number {
  const bytes = Buffer.from(group.buffer, group.byteOffset, group.length);
  const footer = bytes.length - FOOTER;
  if (footer < 0 || bytes.readUInt32LE(footer + 8) !== FORMAT) throw new Error('a journal row is damaged');
  const body = bytes.readUInt32LE(footer);
  const count = bytes.readUInt32LE(footer + 4);
  if (body + count * DIRECTORY_ENTRY !== footer) throw new Error('a journal row is damaged');
  let head = 0;
  for (let at = body; at < footer; at += DIRECTORY_ENTRY) {
    const word = bytes.readUInt32LE(at);
    const headLength = word & 0xff_ff_ff;
    const textLength = bytes.readUInt32LE(at + 4);
    if (head + headLength + textLength > body) throw new Error('a journal row is damaged');
    visit({ kind: (word >>> 24) as EntryKind, bytes, head, headLength, textLength });
    head += headLength + textLength;
  }
  return count;
}

/** Text of an entry's head from `start` on, `width` characters. */
export function headText(entry: Entry, start: number, width: number): string {
  return entry.bytes.toString('latin1', entry.head + start, entry.head + start + width);
}

/** A decimal field of an entry's head. */
export function headNumber(entry: Entry, start: number, width: number): number {
  let value = 0;
  for (let at = entry.head + start; at < entry.head + start + width; at += 1)
    value = value * 10 + (entry.bytes[at] as number) - 0x30;
  return value;
}

/** Kind and name of a setting, from its entry's head. */
export function settingKey({ bytes, head, headLength }: Entry): readonly [kind: string, name: string] {
  const text = bytes.toString('utf8', head + WIDTH.version, head + headLength);
  const end = text.indexOf('/');
  return [text.slice(0, end), text.slice(end + 1)];
}

/** JSON text of an entry. */
export function entryText(entry: Entry): string {
  const start = entry.head + entry.headLength;
  return entry.bytes.toString('utf8', start, start + entry.textLength);
}
