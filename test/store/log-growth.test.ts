/** The write-ahead log stays bounded whatever is read meanwhile, and what is done about it is counted. */

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, expect, it } from '@jest/globals';
import { EVERYTHING } from '#fleet/model';
import type { FleetStore } from '#fleet/ports';
import { WallTime } from '#base';
import { device, event, finished, putDevice, putOperation } from '../contract/records.js';
import { openAt } from '../support/crash-image.js';
import { LOG, MAIN, folderWith, removeFolders } from '../support/store-files.js';

const DEVICES = 3000;
const CHANGES = 400;
const AT_ONCE = 25;
const LOG_BYTES = 256 * 1024;
const CUT_BYTES = 1024 * 1024;

afterAll(removeFolders);

/** Reads everything again and again, slowly, until told to stop: how many records were read. */
async function readAll(store: FleetStore, stopped: () => boolean): Promise<number> {
  let read = 0;
  while (!stopped()) {
    for await (const { items } of store.load(EVERYTHING, WallTime(0))) {
      read += items.length;
      for (let pause = 0; pause < 3; pause += 1) await turn();
    }
    let cursor: string | undefined;
    do {
      const page = await store.operations(EVERYTHING, { limit: 500, ...(cursor !== undefined && { cursor }) });
      read += page.items.length;
      cursor = page.next;
    } while (cursor !== undefined && !stopped());
    read += (await store.events(EVERYTHING, 0, 10_000)).events.length;
  }
  return read;
}

it('keeps the log below its bound while long lists are read and everything changes', async () => {
  const folder = folderWith();
  const store = await openAt(folder, {
    ...{
      foldBytes: 40_000,
      foldAge: 5,
      stepRows: 64,
      unfoldedFactor: 1000,
      walBytes: LOG_BYTES,
      walTruncateBytes: CUT_BYTES,
    },
  });
  try {
    const all = Array.from({ length: DEVICES }, (_, index) => index + 1);
    for (let start = 0; start < DEVICES; start += 100) {
      const some = all.slice(start, start + 100);
      await Promise.all(some.map((number) => putDevice(store, device(number), 0, [event(number)])));
      await Promise.all(some.map((number) => putOperation(store, finished(number, number), 0)));
    }

    let over = false;
    const reading = [readAll(store, () => over), readAll(store, () => over)];
    const versions = new Map(all.map((number) => [number, 1]));
    const first = statSync(join(folder, LOG)).size;
    let highest = first;
    const before = store.status().gauges['checkpoints'] ?? 0;
    for (let round = 1; round <= CHANGES; round += 1) {
      const some = Array.from({ length: AT_ONCE }, (_, index) => ((round * AT_ONCE + index) % DEVICES) + 1);
      const changes = some.map((number) => {
        const version = versions.get(number) ?? 0;
        versions.set(number, version + 1);
        return putDevice(store, device(number, { model: `${round}` }), version, [event(number)]);
      });
      await Promise.all(changes);
      highest = Math.max(highest, statSync(join(folder, LOG)).size);
    }
    over = true;
    const read = (await Promise.all(reading)).reduce((sum, count) => sum + count, 0);
    const checkpoints = (store.status().gauges['checkpoints'] ?? 0) - before;
    process.stdout.write(
      `log growth: ${CHANGES} groups, ${read} records read meanwhile, ${checkpoints} checkpoints, ` +
        `log at first ${Math.round(first / 1024)} KiB, at most ${Math.round(highest / 1024)} KiB, main file ${Math.round(statSync(join(folder, MAIN)).size / 1024)} KiB\n`,
    );
    expect(read).toBeGreaterThan(10 * DEVICES);
    expect(checkpoints).toBeGreaterThan(3);
    expect(store.status().gauges['foldedRows']).toBeGreaterThan(DEVICES);
    expect(highest).toBeLessThan(4 * CUT_BYTES);
    expect(store.status().problem).toBeUndefined();
  } finally {
    await store.close();
  }
  // Nothing of it is left behind by a store that was closed.
  expect(statSync(join(folder, LOG), { throwIfNoEntry: false })?.size ?? 0).toBe(0);
}, 60_000);
