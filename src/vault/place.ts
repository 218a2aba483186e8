/**
 * Where a master key may lie: in the file that is named, or in a folder beside the data folder. Never in the data folder:
 * whoever has a copy of that would have the key too.
 */

import { accessSync, constants, existsSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';

import { AppError, messageOf } from '#base';

import { systemDisk } from './disk.js';
import { MasterKeyFile } from './master-source.js';

/**
 * The master key's file for a data folder, which is there already. `named` is the file an operator named; without one it is
 * `<data folder>.key/master.key`, which is only made when it will be found again at the next start: when the folder above is
 * on the file system of the data, and can be written to. Throws AppError(`master_key_place`).
 */
export function masterKeyFile(data: string, named: string | undefined): MasterKeyFile {
  const folder = resolve(data);
  const file = named === undefined ? join(`${folder}.key`, 'master.key') : resolve(named);
  if (named !== undefined && isWithin(dirname(file), folder)) {
    throw misplaced(
      `the master key must not lie in the data folder ${data}, whose copies would hold it too: name another place with --master-key-file`,
    );
  }
  return new MasterKeyFile(file, systemDisk, () => {
    if (named === undefined) makeBeside(folder, dirname(file));
    else checkNamed(file);
  });
}

/** Whether others than its owner may read a file, or write to it. */
export function isOpenToOthers(file: string): boolean {
  const status = statSync(file, { throwIfNoEntry: false });
  return status !== undefined && (status.mode & 0o077) !== 0;
}

function makeBeside(data: string, folder: string): void {
  const parent = dirname(data);
  const why = whyNotBeside(data, parent);
  if (why !== undefined) {
    throw misplaced(
      `the master key cannot be kept beside the data folder ${data} (${why}): name a file for it with --master-key-file FILE, on storage that lasts and is not copied with the data`,
    );
  }
  try {
    mkdirSync(folder, { mode: 0o700, recursive: true });
    systemDisk.syncFolder(parent);
  } catch (cause) {
    throw misplaced(
      `the folder ${folder} for the master key cannot be made (${messageOf(cause)}): name a file for it with --master-key-file FILE`,
      cause,
    );
  }
}

function whyNotBeside(data: string, parent: string): string | undefined {
  if (basename(data) === '') return 'nothing is beside it';
  if (statSync(data).dev !== statSync(parent).dev) return `${parent} is on another file system`;
  try {
    accessSync(parent, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (cause) {
    return messageOf(cause);
  }
}

function checkNamed(file: string): void {
  if (existsSync(dirname(file))) return;
  throw misplaced(
    `the master key cannot be made at ${file}: the folder ${dirname(file)} is not there; make it, or name another file with --master-key-file`,
  );
}

/** Whether `folder` is `outer` or below it, links followed as far as it is there. */
function isWithin(folder: string, outer: string): boolean {
  const path = relative(real(outer), real(folder));
  return path === '' || (path !== '..' && !path.startsWith('../'));
}

function real(folder: string): string {
  if (existsSync(folder)) return realpathSync(folder);
  return join(real(dirname(folder)), basename(folder));
}

function misplaced(message: string, cause?: unknown): AppError {
  return new AppError('master_key_place', message, { cause });
}
