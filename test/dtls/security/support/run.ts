/**
 * Sizes of the security tests: small ones with every `npm test`, full ones with `npm run test:security`, which also keeps a
 * table of what ran. Each run says how much it did and from which seeds; a full one also how far it has come.
 */

import { appendFileSync } from 'node:fs';

import { afterAll, afterEach, it } from '@jest/globals';

/** Whether the full sizes were asked for. */
export const FULL = process.env['BELLWETHER_TEST_FULL'] === '1';

/** A number of the small run or of the full one. */
export function size(small: number, full: number): number {
  return FULL ? full : small;
}

/** What a run did: how many of what, from which seeds; figures that were measured belong to it too. */
export interface Did {
  readonly counts: Readonly<Record<string, number | string>>;
  /** `none` where nothing is drawn. */
  readonly seeds: string;
}

/** Says, now and then in a full run, that `done` of `all` are done. */
export type Progress = (done: number, all: number) => void;

/** A test that tells how much it did. `run` gives its counts, and throws where something does not hold. */
export function attack(name: string, run: (progress: Progress) => Did | Promise<Did>): void {
  it(
    name,
    async () => {
      let told: Did = { counts: {}, seeds: '' };
      let outcome = 'FAILED';
      const began = performance.now();
      if (FULL) say(`${name} begins`);
      try {
        told = await run(progressOf(name, began));
        outcome = 'passed';
      } finally {
        tell(name, told, outcome, (performance.now() - began) / 1000);
      }
    },
    FULL ? 3_600_000 : 60_000,
  );
}

/** A test that is played in full sizes alone: what it measures needs them, and an idle machine. */
export function attackInFull(name: string, run: (progress: Progress) => Did | Promise<Did>): void {
  if (FULL) attack(name, run);
  else it.skip(`${name} (npm run test:security)`, () => undefined);
}

/** Counts the cells of a file, which are tests of one case each, and tells how many there were. */
export function cells(name: string): void {
  let count = 0;
  afterEach(() => {
    count += 1;
  });
  afterAll(() => {
    tell(name, { counts: { cells: count }, seeds: 'none' }, 'ran');
  });
}

function progressOf(name: string, began: number): Progress {
  let next = began + PACE;
  return (done, all) => {
    const now = performance.now();
    if (!FULL || now < next) return;
    next = now + PACE;
    const left = ((now - began) / Math.max(done, 1)) * (all - done);
    say(`${name}: ${shown(done)} of ${shown(all)}, ${Math.ceil(left / 1000)} s to go`);
  };
}

function tell(name: string, { counts, seeds }: Did, outcome: string, seconds?: number): void {
  const done = Object.entries(counts).map(([what, count]) => `${shown(count)} ${what}`);
  const took = FULL && seconds !== undefined ? `; ${seconds.toFixed(0)} s` : '';
  say(`${name}: ${done.join(', ')}; seeds ${seeds}; ${outcome}${took}`);
  const table = process.env['BELLWETHER_TEST_TABLE'];
  if (table === undefined) return;
  const row = { name, counts: done.join(', '), seeds, outcome, seconds: seconds ?? 0 };
  // One write of a short line to a file opened for appending: rows of several processes do not mix.
  appendFileSync(table, `${JSON.stringify(row)}\n`);
}

/** A line to whoever watches; in a full run with the minutes since it began. */
function say(text: string): void {
  const began = Number(process.env['BELLWETHER_TEST_BEGAN'] ?? Number.NaN);
  const since = Number.isNaN(began) ? '' : ` [${((Date.now() - began) / 60_000).toFixed(1)} min]`;
  process.stdout.write(`security${since}: ${text}\n`);
}

function shown(count: number | string): string {
  return typeof count === 'number' ? count.toLocaleString('en-US', { maximumFractionDigits: 2 }) : count;
}

/** Milliseconds between two words about one test. */
const PACE = 20_000;
