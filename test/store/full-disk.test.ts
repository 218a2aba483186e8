/**
 * A disk that is full: changes are refused with one sentence, reads go on, and when there is space again so do changes; what
 * was acknowledged is there throughout, what was refused is not.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { AppError } from '#base';
import { EVERYTHING } from '#fleet/model';
import { SqliteStore } from '#store';
import { at, device, event, finished, operationId, putDevice, putOperation, putValues } from '../contract/records.js';
import { value } from '../contract/records.js';
import { crashImage, foundIn, lookInto, openAt } from '../support/crash-image.js';
import { fill } from '../support/fill.js';
import { StoreBook } from '../support/store-book.js';
import { attempt, folderWith, isSentence, removeFolders } from '../support/store-files.js';
import { until } from '../support/test-server.js';

const CHILD = new URL('../support/store-child.mjs', import.meta.url).pathname;
const PAD = 'x'.repeat(3000);
const REFUSALS = 20;

let store: SqliteStore | undefined;

afterEach(async () => {
  await store?.close();
  store = undefined;
});
afterAll(removeFolders);

async function open(folder: string, parameters = {}): Promise<SqliteStore> {
  const opened = await openAt(folder, parameters);
  if (!(opened instanceof SqliteStore)) throw new Error('not the embedded store');
  return (store = opened);
}

describe('a main file that may not grow', () => {
  for (const [name, parameters] of [
    ['while nothing is folded', { foldAge: 1_000_000 }],
    [
      'while all is folded at once',
      { foldBytes: 300, foldAge: 1, stepRows: 4, unfoldedFactor: 1_000_000, walBytes: 16_384 },
    ],
  ] as const)
    it(`refuses changes with a sentence, reads on, loses nothing, and goes on with space, ${name}`, async () => {
      const folder = folderWith();
      const full = await open(folder, parameters);
      await putDevice(full, device(0), 0);
      await putOperation(full, finished(1, 0), 0);
      await putValues(full, 0, 3, 0, { 9: value(7, at(1)) });
      full.limitPages(60);
      const numbers: number[] = [];
      const taken: number[] = [];
      const refusals: AppError[] = [];
      for (let number = 1; refusals.length < REFUSALS && number < 2000; number += 1) {
        try {
          const receipt = await putDevice(full, device(number, { tags: { pad: PAD } }), 0, [event(number)]);
          numbers.push(...receipt.events.map((given) => given.number));
          taken.push(number);
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
          refusals.push(error);
        }
      }
      expect(taken.length).toBeGreaterThan(5);
      expect(refusals.length).toBe(REFUSALS);
      for (const { code, message, details } of refusals)
        expect([code, isSentence(message), typeof details['retryAfter']]).toEqual([
          'store_unavailable',
          true,
          'number',
        ]);
      expect(refusals.at(-1)?.message).toMatch(/the disk is full/);
      expect(full.status().problem).toMatch(/the disk is full/);

      // Reads go on, at what was acknowledged.
      expect((await full.operation(operationId(1)))?.record.state).toBe('succeeded');
      expect((await full.values(device(0).id))[0]?.resources[9]?.value).toBe(7);
      expect((await full.operations(EVERYTHING, { limit: 10 })).items).toHaveLength(1);
      const events = async () => (await full.events(EVERYTHING, 0, 10_000)).events;
      expect((await events()).map(({ number }) => number)).toEqual(numbers);
      const image = await lookInto(crashImage(folder));
      expect(image.devices.map(({ record }) => record.endpoint).sort()).toEqual(
        [0, ...taken].map((number) => device(number).endpoint).sort(),
      );

      full.limitPages(0);
      const more = await putDevice(full, device(5000), 0, [event(5000)]);
      expect(more.events[0]?.number).toBeGreaterThan(numbers.at(-1) as number);
      await until('the store is well', async () => (full.status().problem === undefined ? 'yes' : undefined));
      const found = await foundIn(full);
      expect(found.devices).toHaveLength(taken.length + 2);
      await full.close();
      const again = await attempt(folder);
      expect(again).toEqual(found);
    }, 60_000);

  it('does not keep a refused change: the same version is expected as before it', async () => {
    const full = await open(folderWith(), { foldAge: 1_000_000 });
    await putDevice(full, device(1), 0);
    full.limitPages(1);
    const big = device(1, { model: 'big', tags: { pad: 'x'.repeat(1_000_000) } });
    const both = await Promise.allSettled([
      putDevice(full, big, 1, [event(1)]),
      putDevice(full, device(1, { model: 'after it' }), 2, [event(1)]),
      putDevice(full, device(2, { tags: { pad: 'x'.repeat(1_000_000) } }), 0, [event(2)]),
    ]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    full.limitPages(0);
    expect((await putDevice(full, device(1, { model: 'small' }), 1)).version).toBe(2);
    expect((await putDevice(full, device(2), 0)).version).toBe(1);
    expect((await full.events(EVERYTHING, 0, 100)).events).toEqual([]);
  });

  it('writes held-back touches when there is space again', async () => {
    const folder = folderWith();
    const full = await open(folder, { foldAge: 1_000_000, touchAge: 50 });
    await putDevice(full, device(1), 0);
    await fill(full);
    full.touch(device(1).id, at(77));
    await expect(full.flush()).rejects.toMatchObject({ code: 'store_unavailable' });
    full.limitPages(0);
    await full.flush();
    const found = await lookInto(crashImage(folder));
    expect(found.devices[0]?.record.lastSeen).toBe(at(77));
  });

  it('writes those that were not tried when others could not be written', async () => {
    const folder = folderWith();
    const full = await open(folder, { foldAge: 1_000_000, touchAge: 1_000_000, touchRows: 1 });
    for (const number of [1, 2, 3]) await putDevice(full, device(number), 0);
    await fill(full);
    for (const number of [1, 2, 3]) full.touch(device(number).id, at(77));
    await expect(full.flush()).rejects.toMatchObject({ code: 'store_unavailable' });
    full.touch(device(3).id, at(78));
    full.limitPages(0);
    await full.flush();
    const found = await lookInto(crashImage(folder));
    const seen = new Map(found.devices.map(({ record }) => [record.id, record.lastSeen]));
    expect([1, 2, 3].map((number) => seen.get(device(number).id))).toEqual([at(77), at(77), at(78)]);
  });
});

/** A process whose files may have so many blocks of 512 bytes (`ulimit -f`): what it said, one after the other. */
async function limited(folder: string, blocks: number, changes: number, parameters: object): Promise<string[]> {
  const command = `ulimit -f ${blocks}; exec "$0" "$@"`;
  const args = [CHILD, folder, '3', JSON.stringify(parameters), '{}', `${changes}`];
  const child = spawn('sh', ['-c', command, process.execPath, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) lines.push(line);
  expect(await ended).toEqual([0, null]);
  return lines;
}

describe('files that the system does not let grow', () => {
  for (const [name, parameters] of [
    ['the log', { foldAge: 1_000_000 }],
    [
      'the log and the main file',
      { foldBytes: 2000, foldAge: 1, stepRows: 4, unfoldedFactor: 1_000_000, walBytes: 16_384 },
    ],
  ] as const)
    it(`${name}: each change is acknowledged and kept, or refused and gone`, async () => {
      const folder = folderWith();
      const book = new StoreBook();
      const lines = await limited(folder, 600, 4000, parameters);
      for (const line of lines) book.enter(line);
      const counts = { a: 0, x: 0, s: 0, o: 0, e: 0 };
      for (const line of lines) counts[line[0] as keyof typeof counts] += 1;
      expect(counts.s).toBe(4000);
      expect(counts.a + counts.x).toBe(4000);
      expect(counts.a).toBeGreaterThan(100);
      expect(counts.x).toBeGreaterThan(100);
      const refusals = new Set(lines.filter((line) => line.startsWith('x ')).map((line) => line.split(' ')[3]));
      expect([...refusals].sort()).toEqual(['store_conflict', 'store_unavailable']);
      const found = await attempt(folder);
      if (found instanceof AppError) throw found;
      expect(book.compare(found)).toEqual([]);
      // With space again it goes on.
      const later = await limited(folder, 1_000_000, 500, parameters);
      for (const line of later) book.enter(line);
      expect(later.filter((line) => line.startsWith('x '))).toEqual([]);
      const after = await attempt(folder);
      if (after instanceof AppError) throw after;
      expect(book.compare(after)).toEqual([]);
    }, 60_000);

  it('a new store that finds no space is refused with a sentence, and made when there is some', async () => {
    const folder = folderWith();
    const opener = `import('${new URL('../../dist/store/index.js', import.meta.url).href}').then(async ({ openStore }) => {
      const { silentLogger, systemClock, systemRandom } = await import('${new URL('../../dist/base/index.js', import.meta.url).href}');
      const limits = { queueBytes: 1, operationDays: 1, operationsPerDevice: 1, events: 1, valueBytes: 1 };
      const options = { limits, clock: systemClock, random: systemRandom, logger: silentLogger };
      await openStore('${folder}', options).then(() => console.log('opened'), ({ code, message }) => console.log(code, message));
    })`;
    const child = spawn('sh', ['-c', 'ulimit -f 8; exec "$0" "$@"', process.execPath, '-e', opener], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const said: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) said.push(line);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^store_unavailable the store in \S+ cannot be opened: .*(disk|full)/);
    expect(await attempt(folder)).toMatchObject({ devices: [] });
  });
});
