/** Memory in use after a full collection, for tests that hold a part to its cap. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes in use by objects and buffers, after two collections. */
export function memoryInUse(): number {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/**
 * The same once it has come to rest: what an earlier test left behind may go only some turns of the loop later, a buffer only
 * with the collection after that of its owner.
 */
export async function memoryAtRest(): Promise<number> {
  let lowest = memoryInUse();
  for (let quiet = 0; quiet < QUIET; quiet += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    const now = memoryInUse();
    if (now < lowest * (1 - NOTHING)) quiet = -1;
    lowest = Math.min(lowest, now);
  }
  return lowest;
}

/** So many times in a row nothing more is given back. */
const QUIET = 3;
const NOTHING = 0.002;
