/**
 * The store alone against SIGKILL: a child process makes changes of all kinds through it and is killed at a random moment,
 * again and again; the files it leaves are compared with what it had said was acknowledged.
 */

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, expect, it } from '@jest/globals';
import { crashImage, lookInto } from '../support/crash-image.js';
import type { Found } from '../support/crash-image.js';
import { SeededRandom } from '../support/random.js';
import { StoreBook } from '../support/store-book.js';

const ROUNDS = Number(process.env['BELLWETHER_TEST_CRASH_ROUNDS'] ?? '24');
const SEED = Number(process.env['BELLWETHER_TEST_SEED'] ?? Date.now() % 1_000_000);
const CHILD = new URL('../support/store-child.mjs', import.meta.url).pathname;
/** With which the store does as much between commits as it ever may, so that kills fall into it. */
const BUSY = { foldBytes: 2000, foldAge: 1, stepRows: 4, unfoldedFactor: 1_000_000, walBytes: 16_384 };

const folder = mkdtempSync(join(tmpdir(), 'bellwether-crash-'));
const random = new SeededRandom(SEED);
let child: ChildProcess | undefined;

afterEach(() => {
  child?.kill('SIGKILL');
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Lets a child live until so many changes were acknowledged, kills it, and enters all it said. */
async function live(book: StoreBook, acknowledgements: number, parameters: object): Promise<number> {
  const seed = `${Math.floor(random.fraction() * 1_000_000)}`;
  const life = spawn(process.execPath, [CHILD, folder, seed, JSON.stringify(parameters)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child = life;
  const ended = once(life, 'exit');
  let left = acknowledgements;
  for await (const line of createInterface({ input: life.stdout })) {
    book.enter(line);
    if (line.startsWith('a ') && (left -= 1) === 0) life.kill('SIGKILL');
  }
  expect(await ended).toEqual([null, 'SIGKILL']);
  return acknowledgements - left;
}

it(
  `finds what was acknowledged, and of the rest all or nothing, after each of ${ROUNDS} kills (seed ${SEED})`,
  async () => {
    const book = new StoreBook();
    let acknowledged = 0;
    let found: Found | undefined;
    for (let round = 0; round < ROUNDS; round += 1) {
      const few = 1 + Math.floor(random.fraction() * (round % 3 === 0 ? 10 : 800));
      acknowledged += await live(book, few, round % 4 === 3 ? {} : BUSY);
      found = await lookInto(crashImage(folder));
      expect({ round, wrong: book.compare(found) }).toEqual({ round, wrong: [] });
    }
    process.stdout.write(
      `store: ${ROUNDS} kills, ${acknowledged} acknowledgements, ${found?.events.length ?? 0} events, ` +
        `${found?.operations.length ?? 0} open operations, seed ${SEED}\n`,
    );
    expect(found?.events.length).toBeGreaterThan(ROUNDS);
  },
  60_000 + ROUNDS * 5_000,
);
