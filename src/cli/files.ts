/** Files that a command line names. */

import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

import { AppError, messageOf } from '#base';

/** Its file descriptor. */
const STANDARD_INPUT = 0;

/** The bytes of a file. Throws AppError(`failed`). */
export function readBytes(file: string | typeof STANDARD_INPUT): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new AppError('failed', messageOf(cause), { cause });
  }
}

/** The bytes of a file, or of standard input when it is `-`. Throws AppError(`failed`). */
export function readInput(file: string): Uint8Array {
  return readBytes(file === '-' ? STANDARD_INPUT : file);
}

/** Throws AppError(`usage`) unless a file has a place: for saying before anything runs that its end would be lost. */
export function checkPlace(flag: string, file: string | undefined): void {
  if (file === undefined) return;
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch (cause) {
    throw new AppError('usage', `${flag}: ${file} cannot be written: ${messageOf(cause)}`, { cause });
  }
}

/** Writes a file. Throws AppError(`file_not_written`) that names the flag. */
export function writeTo(flag: string, file: string, content: string | Uint8Array): void {
  try {
    writeFileSync(file, content);
  } catch (cause) {
    throw new AppError('file_not_written', `${flag}: ${file} cannot be written: ${messageOf(cause)}`, { cause });
  }
}
