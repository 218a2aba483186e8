/**
 * The journal's encoding: all changes of one group commit as one run of bytes, written once on the main thread, handed
 * over to the writer, stored as one row, and read again when it is folded or replayed. Layout: the entries, each a head of
 * fixed text fields and a JSON text; a directory of two words an entry; a footer. Everything that SQL must see stands at a
 * fixed place of the head, so that rows are made from the bytes without going through objects.
 */

import { invariant } from '#base';
import type { DeviceId, InstanceValues, ModelRecord, OperationRecord } from '#fleet/model';
import { OPERATION_STATES, isFinished } from '#fleet/model';

/** What an entry is. The numbers are stored. */
export const ENTRY = Object.freeze({
  devicePut: 1,
  deviceDelete: 2,
  operation: 3,
  values: 4,
  model: 5,
  event: 6,
  seen: 7,
});
/** Kind of an entry. */
export type EntryKind = (typeof ENTRY)[keyof typeof ENTRY];

/** Widths of the fields of a head, in bytes. */
export const WIDTH = Object.freeze({ device: 32, operation: 20, version: 10, state: 1, flag: 1, time: 15, id: 5 });

const FORMAT = 0x42_57_4a_31;
const FOOTER = 12;
const DIRECTORY_ENTRY = 8;
const FIRST_CAPACITY = 64 * 1024;
/** A group that fills less than this part of its buffer is copied out, so that the buffer serves again. */
const COPY_BELOW = 4;

/** Writes the entries of one group after the other. */
export class GroupEncoder {
  #buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  #length = 0;
  #directory: number[] = [];

  /** Bytes of entries so far. */
  get length(): number {
    return this.#length;
  }

  /** A device with its record as JSON. */
  device(id: DeviceId, version: number, text: string): void {
    this.#reserve(WIDTH.device + WIDTH.version, text);
    const head = this.#length;
    this.#ascii(id, WIDTH.device);
    this.#decimal(version, WIDTH.version);
    this.#text(ENTRY.devicePut, head, text);
  }

  /** A device that is gone. */
  deviceDeleted(id: DeviceId): void {
    this.#reserve(WIDTH.device, '');
    const head = this.#length;
    this.#ascii(id, WIDTH.device);
    this.#text(ENTRY.deviceDelete, head, '');
  }

  /** An operation with its record as JSON. */
  operation(record: OperationRecord, version: number, text: string): void {
    this.#reserve(
      WIDTH.operation + WIDTH.device + WIDTH.version + WIDTH.state + WIDTH.flag + WIDTH.time + WIDTH.time,
      text,
    );
    const head = this.#length;
    this.#ascii(record.id, WIDTH.operation);
    this.#ascii(record.device, WIDTH.device);
    this.#decimal(version, WIDTH.version);
    this.#decimal(OPERATION_STATES.indexOf(record.state), WIDTH.state);
    this.#decimal(record.idempotency === undefined ? 0 : 1, WIDTH.flag);
    this.#decimal(record.createdAt, WIDTH.time);
    this.#decimal(isFinished(record.state) ? (record.finishedAt ?? record.createdAt) : 0, WIDTH.time);
    this.#text(ENTRY.operation, head, text);
  }

  /** Last values of one instance: its resources as JSON, with their ids and the moment all were received (`shapeOf`). */
  values(values: InstanceValues, ids: string, receivedAt: number, text: string): void {
    this.#reserve(WIDTH.device + 2 * WIDTH.id + ids.length + WIDTH.time, text);
    const head = this.#length;
    this.#ascii(values.device, WIDTH.device);
    this.#decimal(values.object, WIDTH.id);
    this.#decimal(values.instance, WIDTH.id);
    this.#length += this.#buffer.write(ids, this.#length, 'latin1');
    this.#decimal(receivedAt, WIDTH.time);
    this.#text(ENTRY.values, head, text);
  }

  /** An object definition as JSON. */
  model(record: ModelRecord, version: number, text: string): void {
    this.#reserve(WIDTH.version + WIDTH.id + record.version.length * 3, text);
    const head = this.#length;
    this.#decimal(version, WIDTH.version);
    this.#decimal(record.object, WIDTH.id);
    this.#length += this.#buffer.write(record.version, this.#length);
    this.#text(ENTRY.model, head, text);
  }

  /** A numbered event as JSON. */
  event(text: string): void {
    this.#reserve(0, text);
    this.#text(ENTRY.event, this.#length, text);
  }

  /** When a device was last heard. */
  seen(id: DeviceId, at: number): void {
    this.#reserve(WIDTH.device + WIDTH.time, '');
    const head = this.#length;
    this.#ascii(id, WIDTH.device);
    this.#decimal(at, WIDTH.time);
    this.#text(ENTRY.seen, head, '');
  }

  /** Ends the group: its bytes, in a buffer of their own that may be transferred. */
  seal(): Uint8Array<ArrayBuffer> {
    const directory = this.#directory;
    const total = this.#length + directory.length * 4 + FOOTER;
    this.#grow(total);
    let offset = this.#length;
    for (const word of directory) offset = this.#buffer.writeUInt32LE(word, offset);
    offset = this.#buffer.writeUInt32LE(this.#length, offset);
    offset = this.#buffer.writeUInt32LE(directory.length / 2, offset);
    this.#buffer.writeUInt32LE(FORMAT, offset);
    const whole = this.#buffer;
    if (total * COPY_BELOW > whole.length) this.#buffer = Buffer.allocUnsafeSlow(capacityFor(total));
    this.#length = 0;
    this.#directory = [];
    return whole === this.#buffer ? new Uint8Array(whole.subarray(0, total)) : new Uint8Array(whole.buffer, 0, total);
  }

  #reserve(head: number, text: string): void {
    const needed = this.#length + head + text.length * 3;
    if (needed > this.#buffer.length) this.#grow(needed);
  }

  #grow(needed: number): void {
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(capacityFor(needed));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }

  #ascii(text: string, width: number): void {
    invariant(text.length === width, `an id of ${width} characters, not "${text}"`);
    this.#buffer.write(text, this.#length, width, 'latin1');
    this.#length += width;
  }

  #decimal(value: number, width: number): void {
    const buffer = this.#buffer;
    let rest = value;
    for (let at = this.#length + width - 1; at >= this.#length; at -= 1) {
      const tens = Math.floor(rest / 10);
      buffer[at] = 0x30 + rest - tens * 10;
      rest = tens;
    }
    this.#length += width;
  }

  #text(kind: EntryKind, head: number, text: string): void {
    const headLength = this.#length - head;
    const written = text === '' ? 0 : this.#buffer.write(text, this.#length);
    this.#length += written;
    this.#directory.push(kind * 0x1_00_00_00 + headLength, written);
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

/** JSON text of an entry. */
export function entryText(entry: Entry): string {
  const start = entry.head + entry.headLength;
  return entry.bytes.toString('utf8', start, start + entry.textLength);
}

function capacityFor(needed: number): number {
  let capacity = FIRST_CAPACITY;
  while (capacity < needed) capacity *= 2;
  return capacity;
}
