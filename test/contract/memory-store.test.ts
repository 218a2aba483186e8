/** The store that the tests of the fleet run on keeps the contract of FleetStore. */

import { Disk, MemoryStore } from '../support/memory-store.js';
import { fleetStoreContract } from './fleet-store.js';
import type { StorePlace } from './store-place.js';

const place = (disk: Disk): StorePlace => ({
  open: (limits, now) => Promise.resolve(new MemoryStore(disk, limits, () => now)),
  crash: () => Promise.resolve(place(Object.assign(new Disk(), structuredClone(disk)))),
  remove: () => Promise.resolve(),
});

fleetStoreContract('the store in memory', () => Promise.resolve(place(new Disk())));
