/**
 * When an observer is notified (LwM2M-Core 1.1.1 §5.1.2, §6.4.1): pure functions of moments, attributes and values.
 *
 *   pmin    no notification earlier than this after the last one; what changed meanwhile is reported once, when it ends
 *   pmax    a notification at the latest this after the last one, changed or not; passed over when below pmin or 0
 *   gt, lt  a threshold was crossed, in either direction; to reach it is not to cross it
 *   st      the value is at least this far from the reported one
 *   epmin   the value is looked at no earlier than this after the last look; epmax: no later
 *   edge    a boolean rose (1) or fell (0)
 *
 * With gt, lt, st or edge plain changes do not count. Thresholds are compared with the last reported value, so that an
 * observer always knows on which side the value is.
 */

import { bytesEqual } from '#base';
import type { Instant } from '#base';
import type { Scalar } from '#lwm2m/model';

import type { AttributeSet } from './attributes.js';

/** What is known of one observation in time. */
export interface Watch {
  /** When the observer last got the value. */
  readonly reportedAt: Instant;
  /** When the value was last looked at. */
  readonly lookedAt: Instant;
  /** When it may have changed since; undefined when nothing changes it by itself. */
  readonly changeAt: Instant | undefined;
  /** Whether a condition held before the observer could be told. */
  readonly pending: 'pending' | 'none';
}

/** When the value has to be looked at next; undefined when only a change from outside can matter. */
export function nextLook(watch: Watch, attributes: AttributeSet): Instant | undefined {
  const mayReport = afterSeconds(watch.reportedAt, attributes.pmin ?? 0);
  const mustReport = lastMoment(watch, attributes);
  let look: number = watch.pending === 'pending' ? mayReport : Infinity;
  if (watch.changeAt !== undefined) look = Math.min(look, changeLook(watch, watch.changeAt, attributes, mayReport));
  if (mustReport !== undefined) look = Math.min(look, mustReport);
  return look === Infinity ? undefined : (look as Instant);
}

/** What to do at a look: `holds` says whether a condition for a notification holds now. */
export function judge(now: Instant, watch: Watch, attributes: AttributeSet, holds: 'holds' | 'not'): 'report' | 'wait' {
  const mustReport = lastMoment(watch, attributes);
  if (mustReport !== undefined && now >= mustReport) return 'report';
  const wanted = holds === 'holds' || watch.pending === 'pending';
  return wanted && now >= afterSeconds(watch.reportedAt, attributes.pmin ?? 0) ? 'report' : 'wait';
}

/** Whether one value meets a condition: `reported` is what the observer knows, `seen` what the last look saw. */
export function conditionHolds(
  reported: Scalar | undefined,
  seen: Scalar | undefined,
  value: Scalar,
  attributes: AttributeSet,
): boolean {
  if (reported === undefined) return true;
  const { gt, lt, st, edge } = attributes;
  if (edge !== undefined && value.type === 'boolean') {
    return value.value === (edge === 1) && seen?.value !== value.value;
  }
  if (gt === undefined && lt === undefined && st === undefined) return !sameScalar(reported, value);
  const before = numberOf(reported);
  const after = numberOf(value);
  if (before === undefined || after === undefined) return !sameScalar(reported, value);
  if (gt !== undefined && crosses(gt, before, after)) return true;
  if (lt !== undefined && crosses(lt, before, after)) return true;
  return st !== undefined && before !== after && Math.abs(after - before) >= st;
}

/** Whether a threshold lies between two values; to arrive at it is not yet to cross it, to leave it is. */
export function crosses(threshold: number, before: number, after: number): boolean {
  return (before <= threshold && after > threshold) || (before >= threshold && after < threshold);
}

/** Whether two values are the same. */
export function sameScalar(left: Scalar, right: Scalar): boolean {
  if (left.type !== right.type) return false;
  if (left.type === 'opaque' && right.type === 'opaque') return bytesEqual(left.value, right.value);
  if (left.type === 'objlnk' && right.type === 'objlnk') {
    return left.value.object === right.value.object && left.value.instance === right.value.instance;
  }
  return Object.is(left.value, right.value);
}

/** The moment at which a notification leaves in any case. */
function lastMoment(watch: Watch, { pmin = 0, pmax = 0 }: AttributeSet): Instant | undefined {
  return pmax > 0 && pmax >= pmin ? afterSeconds(watch.reportedAt, pmax) : undefined;
}

/** A change is looked at within epmin and epmax; before pmin ends only an edge could be missed. */
function changeLook(watch: Watch, changeAt: Instant, attributes: AttributeSet, mayReport: Instant): number {
  const { epmin = 0, epmax, edge } = attributes;
  let look: number = changeAt;
  if (epmax !== undefined) look = Math.min(look, afterSeconds(watch.lookedAt, epmax));
  look = Math.max(look, afterSeconds(watch.lookedAt, epmin));
  return edge === undefined ? Math.max(look, mayReport) : look;
}

function numberOf(scalar: Scalar): number | undefined {
  const { value } = scalar;
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined;
}

function afterSeconds(moment: Instant, seconds: number): Instant {
  return (moment + seconds * 1000) as Instant;
}
