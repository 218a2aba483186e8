/** Numbers on the command line: each is a parser that commander calls, whose refusal names the flag. */

import { InvalidArgumentError } from 'commander';

/** A whole number from `low` to `high`. */
export function whole(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
    if (value >= low && value <= high) return value;
    throw new InvalidArgumentError(`a whole number from ${low} to ${high} is expected.`);
  };
}

/** Seconds from `low` to `high`, with a fraction of up to three digits. */
export function spanOfSeconds(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}([.]\d{1,3})?$/.test(text) ? Number(text) : NaN;
    if (value >= low && value <= high) return value;
    throw new InvalidArgumentError(`a number of seconds from ${low} to ${high} is expected.`);
  };
}
