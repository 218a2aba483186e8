/** Address → FleetStore. Today there is one kind of store: the embedded one in a folder. */

import { resolve } from 'node:path';
import { AppError } from '#base';
import type { FleetStore } from '#fleet/ports';
import { SqliteStore } from './sqlite/store.js';
import type { SqliteOptions } from './sqlite/store.js';

/** What a store is opened with. */
export type StoreOptions = SqliteOptions;

const EMBEDDED = 'sqlite:';

/**
 * Opens the store at `address`: `sqlite:` and a folder, or a folder alone; the folder is made when it is missing. Rejects
 * with AppError and one sentence for people: `store_locked` (names the holder), `store_newer`, `store_damaged`,
 * `store_foreign`, `store_unavailable`, `store_address`.
 */
export async function openStore(address: string, options: StoreOptions): Promise<FleetStore> {
  if (/^[a-z][a-z0-9+.-]+:\/\//.test(address))
    throw new AppError(
      'store_address',
      `no store of this kind is known: ${address.replace(/:.*/s, '')}; give a folder`,
    );
  const folder = address.startsWith(EMBEDDED) ? address.slice(EMBEDDED.length) : address;
  if (folder === '') throw new AppError('store_address', 'the address of the store names no folder');
  return SqliteStore.open(resolve(folder), options);
}
