/** Where a store of the contract suite lives: what an adapter has to provide to be tested. */

import type { WallTime } from '#base';
import type { FleetStore, StoreLimits } from '#fleet/ports';

/** Somewhere for one store. */
export interface StorePlace {
  /** Opens the store; what was there before is there again. One at a time. Its calendar says `now`. */
  open(limits: StoreLimits, now: WallTime): Promise<FleetStore>;
  /** A place with what would be left here if every process that has to do with it ended at this very moment. */
  crash(): Promise<StorePlace>;
  /** Removes everything. */
  remove(): Promise<void>;
}
