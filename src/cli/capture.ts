/** A capture on disk or on standard output: whole after each datagram, however it ends. */

import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';

import { AppError, messageOf } from '#base';

import { pcapHeader, pcapRecord, type CapturedDatagram } from './pcap.js';

/** Where a capture goes: each call adds bytes to it. */
interface Target {
  write(bytes: Uint8Array): void;
  close(): void;
}

/** A capture that datagrams are added to. */
export class Capture {
  readonly #target: Target;

  private constructor(target: Target) {
    this.#target = target;
    target.write(pcapHeader());
  }

  /**
   * Begins a capture in a new file that its owner alone may read, as it holds what went encrypted over the network; `-` is
   * standard output. Throws AppError(`file_not_written`) when the file is there already, or cannot be written.
   */
  static open(file: string): Capture {
    return new Capture(file === '-' ? STANDARD_OUTPUT : newFile(file));
  }

  /** Adds a datagram. Throws AppError(`file_not_written`), and the capture then ends with the datagram before. */
  add(datagram: CapturedDatagram): void {
    this.#target.write(pcapRecord(datagram));
  }

  close(): void {
    this.#target.close();
  }
}

const STANDARD_OUTPUT: Target = {
  write: (bytes) => {
    process.stdout.write(bytes);
  },
  close: () => undefined,
};

function newFile(file: string): Target {
  const handle = opened(file);
  let whole = 0;
  return {
    write: (bytes) => {
      try {
        for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at);
        whole += bytes.length;
      } catch (cause) {
        // A reader takes no part of a datagram.
        cutTo(handle, whole);
        throw new AppError('file_not_written', `--pcap: ${file} cannot be written: ${messageOf(cause)}`, { cause });
      }
    },
    close: () => {
      closeSync(handle);
    },
  };
}

function opened(file: string): number {
  try {
    return openSync(file, 'wx', 0o600);
  } catch (cause) {
    const there = typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === 'EEXIST';
    const why = there ? 'is there already: name a new file' : `cannot be written: ${messageOf(cause)}`;
    throw new AppError('file_not_written', `--pcap: ${file} ${why}`, { cause });
  }
}

function cutTo(handle: number, length: number): void {
  try {
    ftruncateSync(handle, length);
  } catch {
    // What was written is there, and why no more is said by the error that led here.
  }
}
