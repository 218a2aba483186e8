/** A disk without space, under a store that is open. */

import { WallTime } from '#base';
import type { SqliteStore } from '#store';

/** Lets the file grow no more, and fills what is free in it, down to the smallest change. */
export async function fill(store: SqliteStore): Promise<void> {
  store.limitPages(1);
  let object = 50_000;
  for (const size of [200_000, 20_000, 3000, 300, 30, 1]) {
    for (let refused = 0; refused < 3;) {
      const record = { object, version: '1.0', xml: 'x'.repeat(size), addedAt: WallTime(0) };
      const change = { aggregate: 'model', expected: 0, actor: { kind: 'system' }, events: [], record } as const;
      try {
        await store.commit({ ...change, fence: store.fence });
        object += 1;
      } catch {
        refused += 1;
      }
    }
  }
}
