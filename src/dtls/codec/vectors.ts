/**
 * Vectors of the presentation language (RFC 5246 §4.3): a length of one to three bytes, then that many bytes. A length that
 * its definition forbids is a DecodeError (`bad_length`) before anything is read; one beyond what is left is `truncated`.
 */

import { DecodeError, invariant } from '#base';
import type { Reader, Writer } from '#base';

/** How many bytes say the length of a vector. */
export type LengthWidth = 1 | 2 | 3;

/** The bytes of a vector of `least` to `most` bytes, as a view; `what` names it in errors. */
export function readVector(
  reader: Reader,
  width: LengthWidth,
  what: string,
  least = 0,
  most: number = ceiling(width),
): Uint8Array {
  const at = reader.offset;
  const length = reader.uint(width);
  if (length < least || length > most) throw wrongLength(what, length, `${least} to ${most} are allowed`, at);
  return reader.take(length);
}

/** A vector of at least one number, each of `size` bytes. */
export function readNumbers(reader: Reader, width: 1 | 2, size: 1 | 2, what: string): number[] {
  const at = reader.offset;
  const bytes = readVector(reader, width, what, size);
  if (bytes.length % size !== 0) throw wrongLength(what, bytes.length, `a multiple of ${size} is required`, at);
  if (size === 1) return Array.from(bytes);
  const numbers: number[] = [];
  for (let index = 0; index < bytes.length; index += 2) {
    numbers.push(((bytes[index] as number) << 8) | (bytes[index + 1] as number));
  }
  return numbers;
}

/** Writes a vector. One that its definition forbids is a fault of the caller and throws InvariantError. */
export function writeVector(
  writer: Writer,
  width: LengthWidth,
  bytes: Uint8Array,
  what: string,
  least = 0,
  most: number = ceiling(width),
): Writer {
  // Here and below, the sentence is made only when it is needed.
  if (bytes.length < least || bytes.length > most) invariant(false, `${what}: ${least} to ${most} bytes are allowed`);
  return writer.uint(bytes.length, width).bytes(bytes);
}

/** Writes a vector of at least one number, each of `size` bytes. */
export function writeNumbers(
  writer: Writer,
  width: 1 | 2,
  size: 1 | 2,
  numbers: readonly number[],
  what: string,
): Writer {
  const most = Math.floor(ceiling(width) / size);
  if (numbers.length < 1 || numbers.length > most) invariant(false, `${what}: 1 to ${most} entries are allowed`);
  writer.uint(numbers.length * size, width);
  for (const number of numbers) {
    if (!fits(number, size)) invariant(false, `${what}: an entry has ${8 * size} bits`);
    writer.uint(number, size);
  }
  return writer;
}

/** Whether a number is an unsigned integer of `width` bytes, 1 to 6. */
export function fits(value: number, width: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= ceiling(width);
}

function ceiling(width: number): number {
  return 2 ** (8 * width) - 1;
}

function wrongLength(what: string, length: number, allowed: string, at: number): DecodeError {
  return new DecodeError('bad_length', `${what} of ${length} bytes where ${allowed}`, at);
}
