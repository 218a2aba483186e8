/**
 * What a process that ended at this very moment would leave behind: a copy of the store's files, made without asking the store
 * anything. Opening the copy is the start after the crash.
 */

import { copyFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock, systemRandom } from '#base';
import type { FleetStore, StoreLimits } from '#fleet/ports';
import { openStore } from '#store';
import type { SqliteParameters } from '#store';
import { foundIn } from './found.js';
import type { Found } from './found.js';

export { foundIn } from './found.js';
export type { Found } from './found.js';

/** Limits that no test reaches unless it makes one smaller. */
export const ROOMY: StoreLimits = {
  queueBytes: 64 * 1024 * 1024,
  operationDays: 100_000,
  operationsPerDevice: 1000,
  events: 10_000,
  valueBytes: 65_536,
};

const LOG = 'bellwether.db-wal';

/** The files of a store in which anything durable stands. */
export const DURABLE = ['bellwether.db', LOG];

/** The data keys of a server, and the folder of its master key beside that of its data. */
const KEYS = 'keys.json';
const masterOf = (folder: string): string => `${folder}.key`;

/**
 * Copies the durable files of the store in `folder` to a folder of their own, at once, with the keys that its secrets are
 * sealed with, where a server keeps some.
 */
export function crashImage(folder: string): string {
  const image = mkdtempSync(join(tmpdir(), 'bellwether-image-'));
  if (existsSync(masterOf(folder))) cpSync(masterOf(folder), masterOf(image), { recursive: true });
  for (;;) {
    const before = logHeader(folder);
    for (const name of [KEYS, ...DURABLE]) {
      rmSync(join(image, name), { force: true });
      if (existsSync(join(folder, name))) copyFileSync(join(folder, name), join(image, name));
    }
    // The files are of one moment unless the log was begun anew between the two copies.
    if (logHeader(image).equals(before)) return image;
  }
}

function logHeader(folder: string): Buffer {
  try {
    return readFileSync(join(folder, LOG)).subarray(0, 32);
  } catch {
    return Buffer.alloc(0);
  }
}

/** Opens the store in `folder`. */
export function openAt(
  folder: string,
  parameters: Partial<SqliteParameters> = {},
  limits: Partial<StoreLimits> = {},
): Promise<FleetStore> {
  return openStore(folder, {
    limits: { ...ROOMY, ...limits },
    ...{ parameters, clock: systemClock, random: systemRandom, logger: silentLogger },
  });
}

/** Starts on an image, looks at everything, and removes it. */
export async function lookInto(image: string): Promise<Found> {
  const store = await openAt(image);
  try {
    return await foundIn(store);
  } finally {
    await store.close();
    for (const made of [image, masterOf(image)]) rmSync(made, { recursive: true, force: true });
  }
}
