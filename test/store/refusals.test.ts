/** What the embedded store does not open: one clear sentence, nothing changed on the disk, and who works with it goes on. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AppError } from '#base';
import {
  device,
  deviceId,
  event,
  finished,
  putDevice,
  putOperation,
  putValues,
  value,
  at,
} from '../contract/records.js';
import { crashImage, lookInto, openAt } from '../support/crash-image.js';
import type { Found } from '../support/crash-image.js';
import { SeededRandom } from '../support/random.js';
import { StoreBook } from '../support/store-book.js';
import { LOG, MAIN, attempt, digests, folderWith, isSentence, overwrite } from '../support/store-files.js';
import { refusalOf, removeFolders } from '../support/store-files.js';

const CHILD = new URL('../support/store-child.mjs', import.meta.url).pathname;
const PAGE = 4096;
const DEVICES = 300;

/** A store that was closed, the same with changes in its log, and what is in both. */
let whole: string;
let logged: string;
let everything: Found;

beforeAll(async () => {
  const folder = folderWith();
  const store = await openAt(folder);
  const changes: Promise<unknown>[] = [];
  for (let number = 1; number <= DEVICES; number += 1) {
    changes.push(putDevice(store, device(number), 0, [event(number)]));
    changes.push(putOperation(store, finished(number, number), 0));
    changes.push(putValues(store, number, 3, 0, { 9: value(number, at(number)) }));
  }
  await Promise.all(changes);
  logged = crashImage(folder);
  await store.close();
  whole = folder;
  everything = await lookInto(folderWith(whole));
});
afterAll(() => {
  rmSync(logged, { recursive: true, force: true });
  removeFolders();
});

/** Expects that the folder is refused with `code` and left as it was; gives the sentence. */
async function refused(folder: string, code: string): Promise<string> {
  const before = digests(folder);
  const refusal = await refusalOf(folder);
  expect({ code: refusal.code, sentence: isSentence(refusal.message) }).toEqual({ code, sentence: true });
  expect(digests(folder)).toEqual(before);
  return refusal.message;
}

function sql(folder: string, statement: string): void {
  const database = new DatabaseSync(join(folder, MAIN));
  database.exec(statement);
  database.close();
}

describe('a store of a newer version', () => {
  it('is refused by the number in its main file, and opens again when it is ours', async () => {
    const folder = folderWith(whole);
    sql(folder, 'PRAGMA user_version = 99');
    const sentence = await refused(folder, 'store_newer');
    expect(sentence).toMatch(/written by a newer version of Bellwether \(schema 99; this version knows \d+\)/);
    sql(folder, `PRAGMA user_version = ${/knows (\d+)/.exec(sentence)?.[1] ?? ''}`);
    expect(await attempt(folder)).toEqual(everything);
  });

  it('is refused by the number that stands in its log alone', async () => {
    const folder = folderWith(whole);
    const database = new DatabaseSync(join(folder, MAIN));
    database.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; PRAGMA user_version = 99');
    const left = folderWith(folder);
    database.close();
    expect(readFileSync(join(left, LOG)).length).toBeGreaterThan(0);
    expect(readFileSync(join(left, MAIN)).readUInt32BE(60)).not.toBe(99);
    await refused(left, 'store_newer');
  });
});

describe('a file that is not ours', () => {
  it('is refused when it is a database of another program', async () => {
    for (const version of [0, 1]) {
      const folder = folderWith();
      sql(folder, `CREATE TABLE other (id INTEGER); PRAGMA user_version = ${version}`);
      expect(await refused(folder, 'store_foreign')).toMatch(/another program/);
    }
  });

  it('is refused when it is no database', async () => {
    for (const text of ['hello', 'hello '.repeat(10_000)]) {
      const folder = folderWith();
      writeFileSync(join(folder, MAIN), text);
      expect(await refused(folder, 'store_damaged')).toMatch(/does not begin like a database/);
    }
  });
});

describe('a damaged file', () => {
  it('is refused when its header is destroyed', async () => {
    for (const from of [whole, logged]) {
      const folder = folderWith(from);
      overwrite(join(folder, MAIN), 0, new Uint8Array(100));
      await refused(folder, 'store_damaged');
    }
  });

  it('is refused when it has become empty, and not taken for a new one', async () => {
    for (const from of [whole, logged]) {
      const folder = folderWith(from);
      truncateSync(join(folder, MAIN));
      expect(await refused(folder, 'store_damaged')).toMatch(/empty/);
    }
  });

  it('is refused when it is gone and its log is not', async () => {
    const folder = folderWith(logged);
    rmSync(join(folder, MAIN));
    expect(await refused(folder, 'store_damaged')).toMatch(/missing/);
    expect(existsSync(join(folder, MAIN))).toBe(false);
  });

  it('is refused when its end is cut off', async () => {
    const { length } = readFileSync(join(whole, MAIN));
    for (const size of [50, 100, PAGE, length / 2, length - PAGE, length - 100, length - 1]) {
      const folder = folderWith(whole);
      truncateSync(join(folder, MAIN), size);
      await refused(folder, 'store_damaged');
    }
  });

  it('is refused when a page of it was overwritten, wherever that is', async () => {
    const pages = readFileSync(join(whole, MAIN)).length / PAGE;
    const random = new SeededRandom(7);
    let refusals = 0;
    for (let page = 1; page < pages; page += 6) {
      const folder = folderWith(whole);
      overwrite(join(folder, MAIN), page * PAGE, random.bytes(PAGE));
      const before = digests(folder);
      const found = await attempt(folder);
      if (found instanceof AppError) {
        refusals += 1;
        expect({ page, code: found.code, sentence: isSentence(found.message) }).toEqual({
          ...{ page, code: 'store_damaged', sentence: true },
        });
        expect(digests(folder)).toEqual(before);
      } else expect(found).toEqual(everything); // It was a page that nothing used.
    }
    expect(refusals).toBeGreaterThan(pages / 20);
  });

  it('with single wrong bytes is refused with a sentence, or read; it never ends in anything else', async () => {
    const { length } = readFileSync(join(whole, MAIN));
    const random = new SeededRandom(11);
    const codes = new Set<string>();
    for (let round = 0; round < 30; round += 1) {
      const folder = folderWith(whole);
      const place = 100 + Math.floor(random.fraction() * (length - 104));
      overwrite(join(folder, MAIN), place, random.bytes(1 + (round % 4)));
      const found = await attempt(folder);
      if (!(found instanceof AppError)) continue;
      codes.add(found.code);
      expect({ round, text: found.message, sentence: isSentence(found.message) }).toMatchObject({ sentence: true });
    }
    expect([...codes].every((code) => ['store_damaged', 'store_unavailable'].includes(code))).toBe(true);
    expect(codes.size).toBeGreaterThan(0);
  });
});

describe('a data folder', () => {
  it('that is a file, or lies below one, is refused', async () => {
    const folder = folderWith();
    const file = join(folder, 'file');
    writeFileSync(file, 'x');
    for (const place of [file, join(file, 'below')]) {
      const refusal = await refusalOf(place);
      expect({ code: refusal.code, sentence: isSentence(refusal.message) }).toEqual({
        ...{ code: 'store_unavailable', sentence: true },
      });
      expect(refusal.message).toContain(place);
    }
    expect(readFileSync(file, 'utf8')).toBe('x');
  });

  it('that cannot be written is refused by its name', async () => {
    // No one, whatever his rights are, can make a file here.
    const refusal = await refusalOf('/proc/self/fdinfo');
    expect({ code: refusal.code, sentence: isSentence(refusal.message) }).toEqual({
      ...{ code: 'store_unavailable', sentence: true },
    });
    expect(refusal.message).toContain('/proc/self/fdinfo');
  });

  it('in use is refused with pid and host of the holder, who goes on, and is free as soon as he is killed', async () => {
    const folder = folderWith();
    const book = new StoreBook();
    const holder = spawn(process.execPath, [CHILD, folder, '1'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(holder, 'exit');
    let acknowledged = 0;
    let sentence = '';
    for await (const line of createInterface({ input: holder.stdout })) {
      book.enter(line);
      if (!line.startsWith('a ')) continue;
      acknowledged += 1;
      if (acknowledged === 50) {
        const refusal = await refusalOf(folder);
        expect(refusal.code).toBe('store_locked');
        sentence = refusal.message;
      }
      // Lines wait while the refusal is awaited: those of a moment much later show that the holder works on.
      if (acknowledged === 3000) holder.kill('SIGKILL');
    }
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(isSentence(sentence)).toBe(true);
    expect(sentence).toContain(`pid ${holder.pid ?? 0}`);
    expect(sentence).toContain(hostname());
    const found = await attempt(folder);
    if (found instanceof AppError) throw found;
    expect(book.compare(found)).toEqual([]);
  });

  it('in use by this very process is refused too, and nothing is disturbed', async () => {
    const folder = folderWith(whole);
    const store = await openAt(folder);
    const refusal = await refusalOf(folder);
    expect(refusal).toMatchObject({ code: 'store_locked' });
    expect(refusal.message).toContain(`pid ${process.pid}`);
    await putDevice(store, device(1, { model: 'after' }), 1);
    await store.close();
    const found = await attempt(folder);
    if (found instanceof AppError) throw found;
    expect(found.devices.find(({ record }) => record.id === deviceId(1))?.record.model).toBe('after');
  });
});
