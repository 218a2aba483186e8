/**
 * Sizes of the security tests: small ones with every `npm test`, full ones with `npm run test:security`, which also keeps a
 * table of what ran. Each run says how much it did and from which seeds.
 */

import { appendFileSync } from 'node:fs';

import { it } from '@jest/globals';

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

/** A test that tells how much it did. `run` gives its counts, and throws where something does not hold. */
export function attack(name: string, run: () => Did): void {
  it(
    name,
    () => {
      let told: Did = { counts: {}, seeds: '' };
      let outcome = 'FAILED';
      try {
        told = run();
        outcome = 'passed';
      } finally {
        tell(name, told, outcome);
      }
    },
    FULL ? 3_600_000 : 60_000,
  );
}

function tell(name: string, { counts, seeds }: Did, outcome: string): void {
  const done = Object.entries(counts).map(([what, count]) => `${shown(count)} ${what}`);
  process.stdout.write(`security: ${name}: ${done.join(', ')}; seeds ${seeds}; ${outcome}\n`);
  const table = process.env['BELLWETHER_TEST_TABLE'];
  if (table !== undefined)
    appendFileSync(table, `${JSON.stringify({ name, counts: done.join(', '), seeds, outcome })}\n`);
}

function shown(count: number | string): string {
  return typeof count === 'number' ? count.toLocaleString('en-US', { maximumFractionDigits: 2 }) : count;
}
