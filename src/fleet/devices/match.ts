/** A filter as a predicate over devices: which fields there are, which operators each takes, how values are compared. */

import type { WallTime } from '#base';
import type { Instant } from '#base';
import { parseTimestamp } from '#lwm2m/model';
import type { Device } from './device.js';
import { invalidFilter } from './filter.js';
import type { Comparison, Filter, FilterValue } from './filter.js';
import { NEVER_SEEN, presenceOf } from './presence.js';
import type { AwakeWindow } from './presence.js';

/** What presence depends on. */
export interface Moment {
  readonly now: Instant;
  readonly awakeWindow: AwakeWindow;
}

/** Whether a device fits a filter at some moment. */
export type Match = (device: Device, moment: Moment) => boolean;

/** The predicate of a filter. Throws AppError(`invalid_filter`) for unknown fields and what a field does not take. */
export function matchOf(filter: Filter): Match {
  if (filter.kind === 'comparison') return comparisonMatch(filter);
  const parts = filter.parts.map(matchOf);
  return filter.kind === 'and'
    ? (device, moment) => parts.every((part) => part(device, moment))
    : (device, moment) => parts.some((part) => part(device, moment));
}

/** Text of a field; undefined when the device has none. */
export type TextOf = (device: Device, moment: Moment) => string | undefined;

/** The fields that hold text, in filters and sort orders alike. `tags.NAME` is not among them. */
export const TEXT_FIELDS: Readonly<Record<string, TextOf>> = {
  endpoint: (device) => device.endpoint,
  presence: (device, { now, awakeWindow }) => presenceOf(device, now, awakeWindow),
  manufacturer: (device) => device.manufacturer,
  model: (device) => device.model,
  firmware: (device) => device.firmware,
  lwm2m: (device) => device.dialect?.lwm2m,
  binding: (device) => (device.location === undefined ? undefined : device.binding),
};

/** The fields that hold a moment. */
export const TIME_FIELDS: Readonly<Record<string, (device: Device) => WallTime | undefined>> = {
  lastSeen: (device) => (device.lastSeen === NEVER_SEEN ? undefined : device.lastSeen),
  firstSeen: (device) => (device.lastSeen === NEVER_SEEN ? undefined : device.firstSeen),
  registeredAt: (device) => (device.location === undefined ? undefined : device.registeredAt),
};

/** The field of a tag; undefined when `field` names none. */
export function tagField(field: string): TextOf | undefined {
  if (!field.startsWith(TAGS) || field.length === TAGS.length) return undefined;
  const name = field.slice(TAGS.length);
  return (device) => (Object.hasOwn(device.tags, name) ? device.tags[name] : undefined);
}

/** Compares texts with runs of digits taken as numbers, so that 1.10 comes after 1.9. */
export function compareNaturally(left: string, right: string): number {
  return COLLATOR.compare(left, right) || (left < right ? -1 : left > right ? 1 : 0);
}

function comparisonMatch(comparison: Comparison): Match {
  const { field } = comparison;
  if (field === 'object') return objectMatch(comparison);
  const time = Object.hasOwn(TIME_FIELDS, field) ? TIME_FIELDS[field] : undefined;
  if (time !== undefined) return timeMatch(comparison, time);
  const text = Object.hasOwn(TEXT_FIELDS, field) ? TEXT_FIELDS[field] : tagField(field);
  if (text !== undefined) return textMatch(comparison, text);
  const known = [...Object.keys(TEXT_FIELDS), ...Object.keys(TIME_FIELDS), 'object', 'tags.NAME'].join(', ');
  throw invalidFilter(comparison.at, `there is no field "${field}": known are ${known}`);
}

function textMatch({ operator, values }: Comparison, textOf: TextOf): Match {
  const [first] = values as [FilterValue];
  const any = (device: Device, moment: Moment): boolean => {
    const text = textOf(device, moment);
    return text !== undefined && values.some((value) => fits(text, value.pieces));
  };
  const compared = (test: (order: number) => boolean): Match => {
    return (device, moment) => {
      const text = textOf(device, moment);
      return text !== undefined && test(compareNaturally(text, first.text));
    };
  };
  switch (operator) {
    case '==':
    case '=in=':
      return any;
    case '!=':
    case '=out=':
      return (device, moment) => !any(device, moment);
    case '=gt=':
      return compared((order) => order > 0);
    case '=ge=':
      return compared((order) => order >= 0);
    case '=lt=':
      return compared((order) => order < 0);
    case '=le=':
      return compared((order) => order <= 0);
  }
}

function timeMatch({ operator, values }: Comparison, timeOf: (device: Device) => WallTime | undefined): Match {
  const moments = values.map(momentOf);
  const [first] = moments as [number];
  const compared = (test: (at: number) => boolean): Match => {
    return (device) => {
      const at = timeOf(device);
      return at !== undefined && test(at);
    };
  };
  switch (operator) {
    case '==':
    case '=in=':
      return compared((at) => moments.includes(at));
    case '!=':
    case '=out=':
      return (device) => !moments.includes(timeOf(device) ?? Number.NaN);
    case '=gt=':
      return compared((at) => at > first);
    case '=ge=':
      return compared((at) => at >= first);
    case '=lt=':
      return compared((at) => at < first);
    case '=le=':
      return compared((at) => at <= first);
  }
}

function momentOf(value: FilterValue): number {
  const unix = parseTimestamp(value.text);
  if (unix !== undefined) return Math.round(unix * 1000);
  throw invalidFilter(value.at, 'expected an RFC 3339 time such as 2026-01-31T12:00:00Z');
}

/** Whether a device has an object, `3`, or an object in a version, `3/1.1`. */
function objectMatch({ operator, values, at }: Comparison): Match {
  const wanted = values.map(objectOf);
  const any: Match = (device) => {
    const objects = device.dialect?.list.objects;
    return (
      objects !== undefined &&
      wanted.some(({ id, version }) =>
        objects.some((entry) => entry.id === id && (version === undefined || entry.version === version)),
      )
    );
  };
  if (operator === '==' || operator === '=in=') return any;
  if (operator === '!=' || operator === '=out=') return (device, moment) => !any(device, moment);
  throw invalidFilter(at, 'object takes ==, !=, =in= and =out= only');
}

function objectOf(value: FilterValue): { id: number; version: string | undefined } {
  const match = /^(\d{1,5})(?:\/(\d{1,5}\.\d{1,5}))?$/.exec(value.text);
  if (match === null) throw invalidFilter(value.at, 'expected an object id such as 3, or with a version 3/1.1');
  return { id: Number(match[1]), version: match[2] };
}

/** Whether `text` is the pieces with anything between them. */
function fits(text: string, pieces: readonly string[]): boolean {
  const first = pieces[0] as string;
  if (pieces.length === 1) return text === first;
  const last = pieces[pieces.length - 1] as string;
  const end = text.length - last.length;
  if (first.length > end || !text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (let index = 1; index < pieces.length - 1; index += 1) {
    const piece = pieces[index] as string;
    const found = text.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}

const TAGS = 'tags.';
const COLLATOR = new Intl.Collator('en', { numeric: true });
