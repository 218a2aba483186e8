/**
 * Time as the cores see it. An Instant is monotonic and only ever compared; a WallTime is the calendar and only ever
 * stored or shown. Cores are handed `now: Instant`; nothing here reads a clock but `systemClock`.
 */

declare const instant: unique symbol;
declare const milliseconds: unique symbol;
declare const wallTime: unique symbol;

/** A moment on the monotonic clock, in milliseconds (may be fractional). Its zero means nothing. */
export type Instant = number & { readonly [instant]: true };
/** A span of time in milliseconds. */
export type Milliseconds = number & { readonly [milliseconds]: true };
/** A calendar moment: milliseconds since 1970-01-01T00:00:00Z, whole. */
export type WallTime = number & { readonly [wallTime]: true };

/** Source of both times. Implemented by `systemClock` and by the tests' virtual clock. */
export interface Clock {
  /** The monotonic moment now. */
  now(): Instant;
  /** The calendar moment now. */
  wall(): WallTime;
}

/** Marks a number of milliseconds on the monotonic clock as an Instant. */
export function Instant(value: number): Instant {
  return value as Instant;
}

/** Marks a number as a span in milliseconds. */
export function Milliseconds(value: number): Milliseconds {
  return value as Milliseconds;
}

/** Marks a number of milliseconds since 1970 as a WallTime. */
export function WallTime(value: number): WallTime {
  return value as WallTime;
}

/** A span of `count` seconds. */
export function seconds(count: number): Milliseconds {
  return (count * 1000) as Milliseconds;
}

/** The moment `span` after `moment`. */
export function after(moment: Instant, span: Milliseconds): Instant {
  return (moment + span) as Instant;
}

/** How long from `from` to `to`; negative when `to` is earlier. */
export function elapsed(from: Instant, to: Instant): Milliseconds {
  return (to - from) as Milliseconds;
}

/** The calendar moment `span` after `moment`. */
export function wallAfter(moment: WallTime, span: Milliseconds): WallTime {
  return (moment + span) as WallTime;
}

/** A calendar moment as RFC 3339 in UTC with milliseconds. */
export function rfc3339(moment: WallTime): string {
  const whole = Math.trunc(moment);
  const second = Math.floor(whole / 1000);
  if (second !== shownSecond) {
    shownPrefix = new Date(second * 1000).toISOString().slice(0, -'000Z'.length);
    shownSecond = second;
  }
  return `${shownPrefix}${String(1000 + whole - second * 1000).slice(1)}Z`;
}

/** The second shown last and its text: moments are mostly shown many of a second at a time. */
let shownSecond = Number.NaN;
let shownPrefix = '';

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => performance.now() as Instant,
  wall: () => Date.now() as WallTime,
};
