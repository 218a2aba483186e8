/** A run: the cases one after the other, each undone before the next, and what came of each. */

import { messageOf } from '#base';

import { nameOf } from './case.js';
import type { Case } from './case.js';
import type { DeviceUnderTest, Rig } from './rig.js';
import { Trial } from './trial.js';
import type { Step, TrialSettings } from './trial-types.js';
import { CaseEnd } from './verdict.js';
import type { Verdict } from './verdict.js';

/** What came of one case. */
export interface CaseResult {
  readonly id: number;
  readonly name: string;
  readonly title: string;
  readonly verdict: Verdict;
  /** The rule that is broken, of a failure. */
  readonly rule?: string;
  /** Why it did not pass. */
  readonly detail?: string;
  /** What could not be put back. */
  readonly leftovers: readonly string[];
  readonly seconds: number;
  readonly steps: readonly Step[];
}

/** What came of a run. */
export interface RunResult {
  readonly device: DeviceUnderTest;
  readonly cases: readonly CaseResult[];
  /** Whether it was ended before its last case. */
  readonly interrupted: 'yes' | 'no';
}

/** Who hears of a run while it goes on. */
export interface RunListener {
  readonly began?: (one: Case, index: number, of: number) => void;
  readonly ended?: (result: CaseResult) => void;
}

/** Runs `cases` in order against the device of `rig`. `stop` says, between cases, whether to end. Rejects when the device is not registered. */
export async function runCases(
  rig: Rig,
  cases: readonly Case[],
  settings: TrialSettings,
  listener: RunListener = {},
  stop: () => boolean = () => false,
): Promise<RunResult> {
  const device = await rig.device();
  const results: CaseResult[] = [];
  for (const [index, one] of cases.entries()) {
    if (stop()) return { device, cases: results, interrupted: 'yes' };
    listener.began?.(one, index, cases.length);
    const result = await runCase(rig, one, settings);
    results.push(result);
    listener.ended?.(result);
  }
  return { device, cases: results, interrupted: 'no' };
}

async function runCase(rig: Rig, one: Case, settings: TrialSettings): Promise<CaseResult> {
  const began = rig.now();
  // Each case looks at the registration anew: cases reboot the device and change its instances.
  const trial = new Trial(rig, await rig.device(), settings, String(one.id));
  const end = await endOf(trial, one);
  await trial.restore();
  return {
    id: one.id,
    name: nameOf(one),
    title: one.title,
    ...end,
    leftovers: trial.leftovers,
    seconds: (rig.now() - began) / 1000,
    steps: trial.steps,
  };
}

async function endOf(trial: Trial, one: Case): Promise<Pick<CaseResult, 'verdict' | 'rule' | 'detail'>> {
  try {
    await one.run(trial);
    return { verdict: 'pass' };
  } catch (error) {
    if (error instanceof CaseEnd) {
      const { verdict, rule, message: detail } = error;
      return { verdict, detail, ...(rule === undefined ? {} : { rule }) };
    }
    return { verdict: 'inconclusive', detail: `the run could not go on: ${messageOf(error)}` };
  }
}

/** How many cases ended how. */
export function countVerdicts(cases: readonly CaseResult[]): Readonly<Record<Verdict, number>> {
  const counts = { pass: 0, fail: 0, inconclusive: 0, notApplicable: 0 };
  for (const { verdict } of cases) counts[verdict] += 1;
  return counts;
}
