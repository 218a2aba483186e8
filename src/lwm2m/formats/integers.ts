/** Whole numbers on their way out: what the integer types hold, and what none of the formats can carry. */

import { fitsInteger, showPath } from '#lwm2m/model';
import type { IntegerType, Path } from '#lwm2m/model';
import { notEncodable } from './codec.js';

/** The value of an integer, unsigned or time scalar as a whole number that fits its type. Throws AppError(`not_encodable`). */
export function wholeNumber(type: IntegerType, value: number | bigint, path: Path): number | bigint {
  if (fitsInteger(type, value)) return value;
  if (type === 'time' && typeof value === 'number' && !Number.isInteger(value)) {
    throw notEncodable(`${showPath(path)}: this format carries times in whole seconds`);
  }
  throw notEncodable(`${showPath(path)}: ${value} is no ${type} of 64 bits`);
}

/** Whether a time has a fraction of a second, which only the formats with floats can carry. */
export function isFraction(value: number | bigint): value is number {
  return typeof value === 'number' && Number.isFinite(value) && !Number.isInteger(value);
}
