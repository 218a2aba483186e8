/** The store that the tests of the fleet run on keeps the contract of FleetStore. */

import { Disk, MemoryStore } from '../support/memory-store.js';
import { fleetStoreContract } from './fleet-store.js';

fleetStoreContract('the store in memory', () => {
  const disk = new Disk();
  return Promise.resolve({
    open: (limits, now) => Promise.resolve(new MemoryStore(disk, limits, () => now)),
    remove: () => Promise.resolve(),
  });
});
