/** What the integer types hold (LwM2M-Core 1.1.1 Appendix C): 64 bits, signed for integer and time, unsigned for unsigned. */

/** The types whose values are whole numbers of 64 bits; a time may have a fraction where the format can carry one. */
export type IntegerType = 'integer' | 'unsigned' | 'time';

/** Whether `value`, a whole number, fits in 64 bits of that type. A number that a double cannot hold exactly does not. */
export function fitsInteger(type: IntegerType, value: number | bigint): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value) && (type !== 'unsigned' || value >= 0);
  return type === 'unsigned' ? value >= 0n && value <= MAX_UNSIGNED : value >= MIN_SIGNED && value <= MAX_SIGNED;
}

/** The range of the type in words, for error messages. */
export function showRange(type: IntegerType): string {
  return type === 'unsigned' ? '0 to 18446744073709551615' : '-9223372036854775808 to 9223372036854775807';
}

/** Smallest 64-bit signed integer. */
export const MIN_SIGNED = -(2n ** 63n);
/** Largest 64-bit signed integer. */
export const MAX_SIGNED = 2n ** 63n - 1n;
/** Largest 64-bit unsigned integer. */
export const MAX_UNSIGNED = 2n ** 64n - 1n;
