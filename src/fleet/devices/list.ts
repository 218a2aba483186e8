/**
 * Lists of devices from memory, page by page. In the order of endpoints a page starts where the cursor says; in any other
 * order all devices are looked at and the best few kept. A long walk lets other work go on between slices.
 */

import { AppError, decodeBase64, decodeUtf8, encodeBase64Url, encodeUtf8 } from '#base';
import type { Clock } from '#base';
import type { Page } from '../ports/index.js';
import type { Device } from './device.js';
import { indexAfter } from './directory.js';
import type { Directory } from './directory.js';
import type { Filter } from './filter.js';
import { TEXT_FIELDS, TIME_FIELDS, compareNaturally, matchOf, tagField } from './match.js';
import type { Match, Moment } from './match.js';
import type { AwakeWindow } from './presence.js';

/** One field to sort by. */
export interface SortKey {
  readonly field: string;
  readonly direction: 'ascending' | 'descending';
}

/** Which devices to list, in which order. */
export interface DeviceQuery {
  readonly filter?: Filter;
  /** Most important first; absent or empty: by endpoint. */
  readonly sort?: readonly SortKey[];
  /** 1 to 500. */
  readonly limit: number;
  readonly cursor?: string;
}

/** Reads a sort order such as `-lastSeen,endpoint`. Throws AppError(`invalid_sort`). */
export function parseSort(text: string): SortKey[] {
  const keys = text.split(',').map((part): SortKey => {
    const descending = part.startsWith('-');
    const field = descending || part.startsWith('+') ? part.slice(1) : part;
    if (valueField(field) === undefined) throw invalidSort(field);
    return { field, direction: descending ? 'descending' : 'ascending' };
  });
  if (keys.length > MAX_KEYS) throw new AppError('invalid_sort', `at most ${MAX_KEYS} fields to sort by`);
  return keys;
}

/** What a list needs to look at devices. */
export interface ListParts {
  readonly directory: Directory;
  readonly clock: Clock;
  readonly awakeWindow: AwakeWindow;
  /** Lets other work go on. */
  readonly breathe: () => Promise<void>;
}

/** A page of devices. Throws AppError `invalid_filter`, `invalid_sort`, `invalid_cursor`. */
export async function listDevices(parts: ListParts, query: DeviceQuery): Promise<Page<Device>> {
  const match = query.filter === undefined ? undefined : matchOf(query.filter);
  const sort = query.sort ?? [];
  const after = query.cursor === undefined ? undefined : readCursor(query.cursor, sort);
  const walk = new Walk(parts, match, query.limit);
  return isPlain(sort) ? walk.inOrder(after?.endpoint) : walk.best(sort, after);
}

/** Value of a field to sort by; undefined comes last in ascending order. */
type SortValue = string | number | undefined;
type ValueOf = (device: Device, moment: Moment) => SortValue;

/** A device with what it is sorted by. */
interface Ranked {
  readonly endpoint: string;
  readonly values: readonly SortValue[];
}

class Walk {
  readonly #parts: ListParts;
  readonly #match: Match | undefined;
  readonly #limit: number;

  constructor(parts: ListParts, match: Match | undefined, limit: number) {
    this.#parts = parts;
    this.#match = match;
    this.#limit = limit;
  }

  async inOrder(after: string | undefined): Promise<Page<Device>> {
    const sorted = this.#parts.directory.sorted();
    const found: Device[] = [];
    await this.#each(sorted, after === undefined ? 0 : indexAfter(sorted, after), (device) => {
      found.push(device);
      return found.length > this.#limit;
    });
    return this.#page(found, (device) => writeCursor({ endpoint: device.endpoint, values: [] }, []));
  }

  async best(sort: readonly SortKey[], after: Ranked | undefined): Promise<Page<Device>> {
    const compare = comparatorOf(sort);
    const fields = sort.map(({ field }) => valueField(field) ?? refuseSort(field));
    const kept: { readonly device: Device; readonly rank: Ranked }[] = [];
    await this.#each(this.#parts.directory.sorted(), 0, (device, moment) => {
      const rank = { endpoint: device.endpoint, values: fields.map((valueOf) => valueOf(device, moment)) };
      if (after !== undefined && compare(rank, after) <= 0) return false;
      const last = kept[kept.length - 1];
      if (kept.length > this.#limit && last !== undefined && compare(rank, last.rank) >= 0) return false;
      let low = 0;
      let high = kept.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (compare((kept[middle] as { rank: Ranked }).rank, rank) < 0) low = middle + 1;
        else high = middle;
      }
      kept.splice(low, 0, { device, rank });
      if (kept.length > this.#limit + 1) kept.pop();
      return false;
    });
    const ranks = new Map(kept.map(({ device, rank }) => [device, rank]));
    return this.#page([...ranks.keys()], (device) => writeCursor(ranks.get(device) as Ranked, sort));
  }

  /** Visits matching devices until `visit` says that it is enough. */
  async #each(
    devices: readonly Device[],
    start: number,
    visit: (device: Device, moment: Moment) => boolean,
  ): Promise<void> {
    const { clock, awakeWindow, breathe } = this.#parts;
    let moment = { now: clock.now(), awakeWindow };
    let left = SLICE;
    for (let index = start; index < devices.length; index += 1) {
      const device = devices[index] as Device;
      if (device.phase !== 'removed' && (this.#match === undefined || this.#match(device, moment))) {
        if (visit(device, moment)) return;
      }
      left -= 1;
      if (left > 0) continue;
      await breathe();
      moment = { now: clock.now(), awakeWindow };
      left = SLICE;
    }
  }

  /** `found` holds one more than the page when there is a next one. */
  #page(found: Device[], cursorOf: (device: Device) => string): Page<Device> {
    const items = found.slice(0, this.#limit);
    const last = items[items.length - 1];
    return found.length > this.#limit && last !== undefined ? { items, next: cursorOf(last) } : { items };
  }
}

function comparatorOf(sort: readonly SortKey[]): (left: Ranked, right: Ranked) => number {
  const signs = sort.map(({ direction }) => (direction === 'ascending' ? 1 : -1));
  return (left, right) => {
    for (let index = 0; index < signs.length; index += 1) {
      const order = compareValues(left.values[index], right.values[index]);
      if (order !== 0) return order * (signs[index] as number);
    }
    return left.endpoint < right.endpoint ? -1 : left.endpoint > right.endpoint ? 1 : 0;
  };
}

function compareValues(left: SortValue, right: SortValue): number {
  if (left === right) return 0;
  if (left === undefined) return 1;
  if (right === undefined) return -1;
  if (typeof left === 'string' && typeof right === 'string') return compareNaturally(left, right);
  return left < right ? -1 : 1;
}

function valueField(field: string): ValueOf | undefined {
  if (Object.hasOwn(TEXT_FIELDS, field)) return TEXT_FIELDS[field];
  return Object.hasOwn(TIME_FIELDS, field) ? TIME_FIELDS[field] : tagField(field);
}

function invalidSort(field: string): AppError {
  const known = [...Object.keys(TEXT_FIELDS), ...Object.keys(TIME_FIELDS), 'tags.NAME'].join(', ');
  return new AppError(
    'invalid_sort',
    `cannot sort by "${field}": known are ${known}, each with - before it to descend`,
  );
}

function refuseSort(field: string): never {
  throw invalidSort(field);
}

/** A cursor says after which device the next page starts, and for which order it was made. */
function writeCursor(rank: Ranked, sort: readonly SortKey[]): string {
  const values = rank.values.map((value) => value ?? null);
  return encodeBase64Url(encodeUtf8(JSON.stringify([showSort(sort), rank.endpoint, ...values])));
}

function readCursor(cursor: string, sort: readonly SortKey[]): Ranked {
  const bytes = decodeBase64(cursor);
  let parsed: unknown;
  try {
    parsed = bytes === undefined ? undefined : JSON.parse(decodeUtf8(bytes));
  } catch {
    parsed = undefined;
  }
  const expected = isPlain(sort) ? [] : sort;
  if (
    !Array.isArray(parsed) ||
    parsed[0] !== showSort(expected) ||
    typeof parsed[1] !== 'string' ||
    parsed.length !== expected.length + 2
  ) {
    throw new AppError('invalid_cursor', 'the cursor is not one that this list, in this order, has given');
  }
  const values = (parsed.slice(2) as unknown[]).map((value) =>
    typeof value === 'string' || typeof value === 'number' ? value : undefined,
  );
  return { endpoint: parsed[1], values };
}

/** Whether this is the order that devices are kept in; no field after the endpoint matters, since no two are equal. */
function isPlain(sort: readonly SortKey[]): boolean {
  const [first] = sort;
  return first === undefined || (first.field === 'endpoint' && first.direction === 'ascending');
}

function showSort(sort: readonly SortKey[]): string {
  return sort.map(({ field, direction }) => (direction === 'ascending' ? field : `-${field}`)).join(',');
}

/** Devices looked at before other work goes on. */
const SLICE = 2000;
const MAX_KEYS = 4;
