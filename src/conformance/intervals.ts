/** When notifications come: regularly between pmin and pmax, or not at all. */

import type { RuleName } from './rules.js';
import type { Trial } from './trial.js';
import type { Notification, Observation } from './trial-types.js';

/** What regular notifications keep. */
export interface Rhythm {
  /** Seconds. */
  readonly pmin: number;
  readonly pmax: number;
  /** How many to wait for. */
  readonly count: number;
  /** The rule that is broken when one is late; pmax by default. */
  readonly rule?: RuleName;
}

/** Waits for notifications, none of them earlier than pmin and none later than pmax after the one before. */
export async function expectRegular(t: Trial, observation: Observation, rhythm: Rhythm): Promise<void> {
  const { pmin, pmax, count, rule = 'pmax' } = rhythm;
  let before = observation.begunAt;
  for (let index = 0; index < count; index += 1) {
    const came = await nth(t, observation, index, before + (pmax + t.settings.slack) * 1000);
    const words = `wait for notification ${index + 1} of ${observation.paths.join(', ')}`;
    t.told(words, came === undefined ? 'none came' : `after ${span(came.at - before)} s`);
    const found = t.found(came, rule, () => `none came within ${pmax} s and ${t.settings.slack} s of patience`);
    const early = found.at - before < (pmin - EARLY) * 1000;
    t.require(!early, 'pmin', () => `one came after ${span(found.at - before)} s, pmin is ${pmin} s`);
    before = found.at;
  }
}

/** Waits for one notification between two moments, in seconds after the observation began. */
export async function expectBetween(
  t: Trial,
  observation: Observation,
  { from, to, rule }: { readonly from: number; readonly to: number; readonly rule: RuleName },
): Promise<void> {
  await expectRegular(t, observation, { pmin: from, pmax: to, count: 1, rule });
}

/** No notification comes any more; one that was under way when the observation ended does not count. */
export async function expectSilence(
  t: Trial,
  observation: Observation,
  { seconds, rule }: { readonly seconds: number; readonly rule: RuleName },
): Promise<void> {
  await t.until(UNDER_WAY, () => undefined);
  const from = t.mark;
  await t.wait(seconds, `wait ${seconds} s for nothing`);
  const more = t.notifications(observation, from);
  t.require(more.length === 0, rule, () => `${more.length} more notifications came`);
}

function nth(t: Trial, observation: Observation, index: number, end: number): Promise<Notification | undefined> {
  return t.until((end - t.now()) / 1000, () => t.notifications(observation)[index]);
}

function span(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1);
}

/** Seconds that a notification may seem early because the one before was late on its way. */
const EARLY = 0.5;
/** Seconds after which what was under way has arrived. */
const UNDER_WAY = 1;
