/**
 * The few things the vault does with files, as a port, so that a test can cut it off after each of them. Everything waits
 * for the disk: what returned is there after a loss of power.
 */

import {
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** Files by path. Methods throw what the operating system says. */
export interface Disk {
  /** The content; undefined when there is no such file. */
  read(file: string): Uint8Array | undefined;
  /** Whether there is such a file. */
  has(file: string): boolean;
  /** Writes a new file for this user alone (0600), in place of one that is there, and syncs its content. */
  create(file: string, content: Uint8Array): void;
  /** Gives a file another name, in place of what has it. */
  rename(from: string, to: string): void;
  /** Makes the names in a folder durable. */
  syncFolder(folder: string): void;
  /** Removes a file that may be missing. */
  remove(file: string): void;
}

/** Writes `content` under `file` so that there is the old content or the new, whatever happens meanwhile. */
export function replaceFile(disk: Disk, file: string, content: Uint8Array): void {
  const draft = `${file}.new`;
  disk.create(draft, content);
  disk.rename(draft, file);
  disk.syncFolder(dirname(file));
}

/** Removes a file for good. */
export function removeFile(disk: Disk, file: string): void {
  disk.remove(file);
  disk.syncFolder(dirname(file));
}

/** The file system. */
export const systemDisk: Disk = {
  read: (file) => {
    try {
      return readFileSync(file);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  },
  has: existsSync,
  create: (file, content) => {
    rmSync(file, { force: true });
    // `wx`: never through a link that somebody put there.
    const handle = openSync(file, 'wx', 0o600);
    try {
      fchmodSync(handle, 0o600);
      writeFileSync(handle, content);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  },
  rename: renameSync,
  syncFolder: (folder) => {
    const handle = openSync(folder, 'r');
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  },
  remove: (file) => {
    rmSync(file, { force: true });
  },
};

function isMissing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}
