/** The embedded store keeps the contract of FleetStore: with its usual parameters, and folding all the time. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock, systemRandom } from '#base';
import { openStore } from '#store';
import type { SqliteParameters } from '#store';
import { fleetStoreContract } from '../contract/fleet-store.js';
import type { StorePlace } from '../contract/store-place.js';
import { crashImage } from '../support/crash-image.js';

async function folder(parameters: Partial<SqliteParameters>): Promise<StorePlace> {
  return place(await mkdtemp(join(tmpdir(), 'bellwether-store-')), parameters);
}

function place(path: string, parameters: Partial<SqliteParameters>): StorePlace {
  return {
    open: (limits, now) =>
      openStore(path, {
        ...{ limits, parameters, random: systemRandom, logger: silentLogger },
        clock: { ...systemClock, wall: () => now },
      }),
    crash: () => Promise.resolve(place(crashImage(path), parameters)),
    remove: () => rm(path, { recursive: true }),
  };
}

fleetStoreContract('the embedded store', () => folder({}));

const RESTLESS = { foldBytes: 300, foldAge: 1, stepRows: 2, unfoldedFactor: 1_000_000, walBytes: 8192 };
fleetStoreContract('the embedded store that folds all the time', () => folder(RESTLESS));
