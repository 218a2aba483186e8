/**
 * How every fuzz test runs. A body is called over and over, each time with a random source that depends on the seed and the
 * number of the iteration alone, for some seconds or some iterations; a failure says how to play that one iteration again.
 * `node scripts/fuzz.mjs --seconds 60 --target coap-codec` runs longer, by these variables:
 * BELLWETHER_FUZZ_SECONDS (how long a test file's target runs), BELLWETHER_FUZZ_SEED, BELLWETHER_FUZZ_ITERATION (only that).
 */

import { FuzzRandom } from './random.js';

/** What a fuzz run does once: makes an input from `random`, feeds it, throws when a promise is broken. */
export type FuzzBody = (random: FuzzRandom, iteration: number) => void;

/** How much is run: until the seconds or the iterations are over, whichever comes first. */
export interface FuzzBudget {
  readonly seed: number;
  readonly seconds: number;
  readonly iterations: number;
  /** Number of the first iteration. */
  readonly first: number;
}

/** The budget the environment asks for; without it `seconds` seconds with seed 1, so that a plain test run repeats. */
export function fuzzBudget(seconds = 3): FuzzBudget {
  const only = numberFrom('BELLWETHER_FUZZ_ITERATION', -1);
  return {
    seed: numberFrom('BELLWETHER_FUZZ_SEED', 1),
    seconds: numberFrom('BELLWETHER_FUZZ_SECONDS', seconds),
    iterations: only < 0 ? Number.POSITIVE_INFINITY : 1,
    first: Math.max(0, only),
  };
}

/** Milliseconds a jest test with this budget may take. */
export function fuzzTimeout(budget: FuzzBudget): number {
  return budget.seconds * 1000 + 30_000;
}

/** Runs `body` within the budget and returns how many iterations there were (one at least). A failure names seed and iteration. */
export function fuzz(target: string, budget: FuzzBudget, body: FuzzBody): number {
  const end = performance.now() + budget.seconds * 1000;
  let done = 0;
  while (done < budget.iterations) {
    const iteration = budget.first + done;
    try {
      body(new FuzzRandom(budget.seed, iteration), iteration);
    } catch (cause) {
      throw new Error(`fuzz ${target} failed; again: ${replay(target, budget.seed, iteration)}`, { cause });
    }
    done += 1;
    // A look at the clock costs as much as a small iteration.
    if (done % 64 === 0 && performance.now() >= end) break;
  }
  return done;
}

/** The command that plays one iteration again. */
function replay(target: string, seed: number, iteration: number): string {
  return `node scripts/fuzz.mjs --target ${target} --seed ${seed} --iteration ${iteration}`;
}

function numberFrom(variable: string, fallback: number): number {
  const text = process.env[variable];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`${variable}=${text}: a number of 0 or more is expected`);
  return value;
}
