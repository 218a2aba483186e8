/** Migrations: a copy is kept before anything changes, a step that fails changes nothing, a new file needs no copy. */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import type { DatabaseSyncInstance } from '@photostructure/sqlite';
import { afterAll, afterEach, beforeEach, expect, it } from '@jest/globals';
import { MIGRATIONS, migrate, schemaVersion } from '../../src/store/sqlite/migrations.js';
import type { Migration } from '../../src/store/sqlite/migrations.js';
import { SCHEMA_VERSION } from '../../src/store/sqlite/schema.js';
import { at, device, event, putDevice, session } from '../contract/records.js';
import { lookInto, openAt } from '../support/crash-image.js';
import type { Found } from '../support/crash-image.js';
import { MAIN, folderWith, removeFolders } from '../support/store-files.js';

const NEXT: Migration = {
  to: SCHEMA_VERSION + 1,
  run: (database) => {
    database.exec('CREATE TABLE added (id INTEGER PRIMARY KEY); INSERT INTO added VALUES (1); DELETE FROM device');
  },
};
const BROKEN: Migration = {
  to: SCHEMA_VERSION + 2,
  run: (database) => {
    database.exec('DROP TABLE operation');
    throw new Error('this step is broken');
  },
};
const COPY = `${MAIN}.v${SCHEMA_VERSION}`;

let folder: string;
let everything: Found;
let database: DatabaseSyncInstance | undefined;

beforeEach(async () => {
  folder = folderWith();
  const store = await openAt(folder);
  await putDevice(store, device(1), 0, [event(1)]);
  await store.close();
  everything = await lookInto(folderWith(folder));
});
afterEach(() => {
  database?.close();
  database = undefined;
});
afterAll(removeFolders);

function open(): DatabaseSyncInstance {
  database = new DatabaseSync(join(folder, MAIN));
  database.exec('PRAGMA journal_mode = WAL');
  return database;
}

const count = (table: string): number =>
  (database?.prepare(`SELECT count(*) AS count FROM ${table}`).get() as { count: number }).count;

/** What a store finds in a file, made the main file of a folder of its own. */
async function contentOf(file: string): Promise<Found> {
  const place = folderWith();
  const copied = new DatabaseSync(file);
  copied.exec(`VACUUM INTO '${join(place, MAIN)}'`);
  copied.close();
  return lookInto(place);
}

it('the newest step leads to the version this program writes', () => {
  expect(MIGRATIONS.at(-1)?.to).toBe(SCHEMA_VERSION);
  expect(MIGRATIONS.map(({ to }) => to)).toEqual(MIGRATIONS.map((_, index) => index + 1));
});

it('a copy of all that was there is kept before the first step, and named', async () => {
  const copy = migrate(open(), join(folder, MAIN), [...MIGRATIONS, NEXT]);
  expect(copy).toBe(join(folder, COPY));
  expect(schemaVersion(open())).toBe(NEXT.to);
  expect([count('added'), count('device')]).toEqual([1, 0]);
  expect(await contentOf(join(folder, COPY))).toEqual(everything);
});

it('a copy that is there already stays as it is', () => {
  migrate(open(), join(folder, MAIN), [...MIGRATIONS, NEXT]);
  open().exec(`PRAGMA user_version = ${SCHEMA_VERSION}; DROP TABLE added`);
  expect(migrate(open(), join(folder, MAIN), [...MIGRATIONS, NEXT])).toBe(join(folder, `${COPY}.2`));
  expect(existsSync(join(folder, COPY))).toBe(true);
});

it('a step that fails changes nothing, and those before it hold', async () => {
  expect(() => migrate(open(), join(folder, MAIN), [...MIGRATIONS, NEXT, BROKEN])).toThrow('this step is broken');
  expect(schemaVersion(open())).toBe(NEXT.to);
  expect([count('added'), count('operation')]).toEqual([1, 0]);
  expect(await contentOf(join(folder, COPY))).toEqual(everything);
});

it('a file of this version is left alone, without a copy, and a new one too', async () => {
  expect(migrate(open(), join(folder, MAIN))).toBeUndefined();
  const fresh = folderWith();
  await (await openAt(fresh)).close();
  for (const place of [folder, fresh]) expect(readdirSync(place).filter((name) => /\.v\d/.test(name))).toEqual([]);
});

it('a file of version 1 keeps all that was in it, and takes settings from then on', async () => {
  open().exec('DROP TABLE setting; DROP TABLE session; PRAGMA user_version = 1');
  database?.close();
  database = undefined;
  const store = await openAt(folder);
  await store.commit({
    ...{ aggregate: 'setting', kind: 'model', name: 'M1', expected: 0, events: [] },
    ...{ record: { kind: 'model', name: 'M1', awakeWindow: 20 }, actor: { kind: 'owner' }, fence: store.fence },
  });
  await store.close();
  expect(existsSync(join(folder, `${MAIN}.v1`))).toBe(true);
  const settings = [{ version: 1, record: { kind: 'model', name: 'M1', awakeWindow: 20 } }];
  expect(await lookInto(folderWith(folder))).toEqual({ ...everything, settings });
});

it('a file of version 2 keeps all that was in it, and takes sessions from then on', async () => {
  open().exec('DROP TABLE session; PRAGMA user_version = 2');
  database?.close();
  database = undefined;
  const store = await openAt(folder);
  const kept = session(1, 1, { expires: at(1_000_000_000) });
  await store.keepSession(kept);
  await store.close();
  expect(existsSync(join(folder, `${MAIN}.v2`))).toBe(true);
  const again = await openAt(folder);
  expect(await again.session(kept.digest)).toEqual(kept);
  await again.close();
  expect(await lookInto(folderWith(folder))).toEqual(everything);
});

it('a version beyond the last step is refused before anything changes', () => {
  open().exec(`PRAGMA user_version = ${SCHEMA_VERSION + 5}`);
  expect(() => migrate(open(), join(folder, MAIN), [...MIGRATIONS, NEXT])).toThrow(/newer version of Bellwether/);
  expect(schemaVersion(open())).toBe(SCHEMA_VERSION + 5);
});
