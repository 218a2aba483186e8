/**
 * What a crash of the machine may leave half written: the end of the write-ahead log after the last sync, and pages of the
 * main file while a checkpoint copied them. Everything that was acknowledged before is found; of the rest, all or nothing.
 */

import { copyFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { FleetStore } from '#fleet/ports';
import { at, device, deviceId, event, putDevice, putValues, value } from '../contract/records.js';
import { crashImage, foundIn, openAt } from '../support/crash-image.js';
import { LOG, MAIN, folderWith, overwrite, removeFolders } from '../support/store-files.js';
import { SeededRandom } from '../support/random.js';

const PAGE = 4096;
/** Bytes of the log's header, and of the head of each of its frames. */
const LOG_HEADER = 32;
const FRAME_HEAD = 24;
/** Nothing is folded or copied unless a test wants it. */
const STILL = { foldAge: 1_000_000, foldBytes: 1_000_000_000 };

let folder: string;
let store: FleetStore;
/** Bytes of the log when change number 1, 2, 3 … was acknowledged. */
let lengths: number[];

beforeEach(async () => {
  folder = folderWith();
  store = await openAt(folder, STILL);
  lengths = [];
});
afterEach(async () => {
  await store.close();
});
afterAll(removeFolders);

/** Changes the device and a value of it, `count` times, one after the other. */
async function change(count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1) {
    const version = lengths.length;
    const both = [
      putDevice(store, device(1, { model: `${version + 1}` }), version, [event(1, { data: { version: version + 1 } })]),
      putValues(store, 1, 3, 0, { 9: value(version + 1, at(version + 1)) }),
    ];
    await Promise.all(both);
    lengths.push(statSync(join(folder, LOG)).size);
  }
}

/** Starts on an image, and expects that all is found up to one change, which is at least `least`. */
async function expectFrom(image: string, least: number): Promise<number> {
  const opened = await openAt(image);
  try {
    const found = await foundIn(opened);
    const version = found.devices[0]?.version ?? 0;
    expect(version).toBeGreaterThanOrEqual(least);
    expect(found.devices.map(({ record }) => [record.id, record.model])).toEqual(
      version === 0 ? [] : [[deviceId(1), `${version}`]],
    );
    expect(found.events.map(({ data }) => data['version'])).toEqual(
      Array.from({ length: version }, (_, index) => index + 1),
    );
    expect(found.values.map(({ resources }) => resources[9]?.value)).toEqual(version === 0 ? [] : [version]);
    // And it goes on from there.
    await putDevice(opened, device(1, { model: 'next' }), version, [event(1)]);
    return version;
  } finally {
    await opened.close();
    rmSync(image, { recursive: true, force: true });
  }
}

/** How many changes had been acknowledged when the log had so many bytes. */
const acknowledgedBy = (bytes: number): number => lengths.filter((length) => length <= bytes).length;

describe('a torn end of the write-ahead log', () => {
  it('cut off at any place keeps what was acknowledged before it', async () => {
    await change(12);
    const image = crashImage(folder);
    const whole = statSync(join(image, LOG)).size;
    const cuts = [0, 1, LOG_HEADER - 1, LOG_HEADER, LOG_HEADER + 1];
    for (const length of lengths.slice(-3))
      for (const delta of [-PAGE - 1, -PAGE, -1, 0, 1, FRAME_HEAD - 1, FRAME_HEAD, FRAME_HEAD + PAGE / 2, PAGE])
        cuts.push(Math.min(length + delta, whole));
    const seen = new Set<number>();
    for (const cut of new Set(cuts)) {
      const torn = folderWith(image);
      truncateSync(join(torn, LOG), cut);
      seen.add(await expectFrom(torn, acknowledgedBy(cut)));
    }
    expect(seen.size).toBeGreaterThan(3);
    rmSync(image, { recursive: true });
  }, 60_000);

  it('with wrong bytes, or bytes that never came, keeps what was acknowledged before them', async () => {
    await change(12);
    const image = crashImage(folder);
    const random = new SeededRandom(3);
    const whole = statSync(join(image, LOG)).size;
    const first = lengths[7] as number;
    for (let round = 0; round < 24; round += 1) {
      const torn = folderWith(image);
      const place = random.integer(first, whole - 64);
      const garbage = [random.bytes(1), random.bytes(64), new Uint8Array(64), new Uint8Array(whole - place)][round % 4];
      const bytes = readFileSync(join(torn, LOG));
      const alike = bytes.subarray(place, place + (garbage as Uint8Array).length).equals(garbage as Uint8Array);
      overwrite(join(torn, LOG), place, garbage as Uint8Array);
      await expectFrom(torn, alike ? 12 : acknowledgedBy(place));
    }
    rmSync(image, { recursive: true });
  }, 60_000);

  it('followed by frames of an earlier use of the log, or by anything, is found for what it is', async () => {
    await change(8);
    const image = crashImage(folder);
    for (const tail of [readFileSync(join(image, LOG)), new SeededRandom(5).bytes(3 * PAGE), new Uint8Array(PAGE)]) {
      const torn = folderWith(image);
      writeFileSync(join(torn, LOG), Buffer.concat([readFileSync(join(torn, LOG)), tail]));
      expect(await expectFrom(torn, 8)).toBe(8);
    }
    rmSync(image, { recursive: true });
  });
});

describe('a torn page of the main file', () => {
  it('that a checkpoint was copying is mended from the log, be it the last one, any, or all', async () => {
    await change(40);
    // Folded, so that many pages are in the log.
    await foundIn(store);
    await change(3);
    const image = crashImage(folder);
    const copied = folderWith(image);
    const database = new DatabaseSync(join(copied, MAIN));
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    database.close();
    const old = readFileSync(join(image, MAIN));
    const after = readFileSync(join(copied, MAIN));
    expect(after.length).toBeGreaterThan(old.length);
    const before = Buffer.concat([old, Buffer.alloc(after.length - old.length)]);
    const pages = after.length / PAGE;
    const place = (file: Buffer, page: number, from = 0, to = PAGE) =>
      file.subarray(page * PAGE + from, page * PAGE + to);
    const made = (make: (page: number) => Buffer) =>
      Buffer.concat(Array.from({ length: pages }, (_, page) => (page === 0 ? place(after, 0) : make(page))));
    const states = [
      after.subarray(0, after.length - PAGE / 2),
      after.subarray(0, after.length - 1),
      Buffer.concat([after.subarray(0, after.length - PAGE / 2), Buffer.alloc(PAGE / 2)]),
      made((page) => place(page % 2 === 0 ? before : after, page)),
      made((page) => place(page % 2 === 1 ? before : after, page)),
      made((page) => Buffer.concat([place(after, page, 0, PAGE / 2), place(before, page, PAGE / 2)])),
    ];
    for (const state of states) {
      const torn = folderWith(image);
      writeFileSync(join(torn, MAIN), state);
      expect(await expectFrom(torn, 43)).toBe(43);
    }
    rmSync(image, { recursive: true });
  }, 60_000);

  it('and a checkpoint that was done but whose log is still there are found as one', async () => {
    await change(5);
    const image = crashImage(folder);
    const torn = folderWith(image);
    const database = new DatabaseSync(join(torn, MAIN));
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    database.close();
    copyFileSync(join(image, LOG), join(torn, LOG));
    expect(await expectFrom(torn, 5)).toBe(5);
    rmSync(image, { recursive: true });
  });
});
