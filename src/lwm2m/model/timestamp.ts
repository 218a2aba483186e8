/**
 * Unix seconds ↔ RFC 3339 in UTC, exactly: whole seconds stay whole, a fraction keeps its digits. Pure arithmetic on the
 * proleptic Gregorian calendar, because a Date holds milliseconds only. Years 0000 to 9999, as RFC 3339 §1 limits them.
 */

/** Unix seconds (a fraction is kept to the microsecond) as `2013-05-02T10:40:15Z`; undefined outside the years 0000 to 9999. */
export function showTimestamp(unixSeconds: number): string | undefined {
  if (!(unixSeconds >= FIRST_SECOND && unixSeconds < SECOND_AFTER_LAST)) return undefined;
  let whole = Math.floor(unixSeconds);
  let micros = Math.round((unixSeconds - whole) * 1e6);
  if (micros === 1e6) {
    whole += 1;
    micros = 0;
  }
  const days = Math.floor(whole / DAY);
  const rest = whole - days * DAY;
  const fraction = micros === 0 ? '' : `.${String(micros).padStart(6, '0').replace(/0+$/, '')}`;
  return `${showDate(days)}T${two(Math.floor(rest / 3600))}:${two(Math.floor(rest / 60) % 60)}:${two(rest % 60)}${fraction}Z`;
}

/**
 * Reads an RFC 3339 timestamp with any offset; undefined when `text` is none. A leap second counts as the first second of
 * the next minute, as Unix time has it.
 */
export function parseTimestamp(text: string): number | undefined {
  const match = TIMESTAMP.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const offset = parseOffset(match[8] as string);
  if (offset === undefined) return undefined;
  const whole = daysSinceEpoch(year, month, day) * DAY + hour * 3600 + minute * 60 + second - offset;
  if (whole < FIRST_SECOND || whole >= SECOND_AFTER_LAST) return undefined;
  const fraction = match[7];
  if (fraction === undefined) return whole;
  return whole >= 0 ? Number(`${whole}.${fraction}`) : whole + Number(`0.${fraction}`);
}

/** Seconds east of UTC of `Z` or `+02:00`. */
function parseOffset(text: string): number | undefined {
  if (text.length === 1) return 0;
  const hours = Number(text.slice(1, 3));
  const minutes = Number(text.slice(4, 6));
  if (hours > 23 || minutes > 59) return undefined;
  return (hours * 60 + minutes) * (text.startsWith('-') ? -60 : 60);
}

/** Days from 1970-01-01, with years that begin in March so that the leap day is the last of its year. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * DAYS_PER_ERA + dayOfEra - DAYS_BEFORE_EPOCH;
}

/** The inverse of daysSinceEpoch, as `2013-05-02`. */
function showDate(days: number): string {
  const shifted = days + DAYS_BEFORE_EPOCH;
  const era = Math.floor(shifted / DAYS_PER_ERA);
  const dayOfEra = shifted - era * DAYS_PER_ERA;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,12}))?([Zz]|[+-]\d\d:\d\d)$/;
const DAY = 86_400;
const DAYS_PER_ERA = 146_097;
/** From 0000-03-01 to 1970-01-01. */
const DAYS_BEFORE_EPOCH = 719_468;
/** 0000-01-01T00:00:00Z and 10000-01-01T00:00:00Z. */
const FIRST_SECOND = -62_167_219_200;
const SECOND_AFTER_LAST = 253_402_300_800;
