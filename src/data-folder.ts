/** The folder that a server keeps everything in. */

import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve as resolvePath } from 'node:path';

import { AppError, messageOf } from '#base';

/** Makes the data folder where it is missing. Throws AppError(`bad_data_folder`) when it cannot be made or used. */
export function makeDataFolder(folder: string): void {
  try {
    makeFolder(folder);
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new AppError(
      'bad_data_folder',
      `the data folder ${folder} cannot be used: ${messageOf(cause)}; choose another with --data FOLDER`,
      { cause },
    );
  }
}

/** As mkdir's `recursive`, which never comes back where a parent takes no folders, such as /proc. */
function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return;
  const parent = dirname(resolvePath(folder));
  if (!existsSync(parent)) makeFolder(parent);
  mkdirSync(folder, { mode: 0o700 });
}
