/** When an observer is told, in virtual time: the conditions, and how periods gate and force them. */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { Instant } from '#base';
import type { Scalar } from '#lwm2m/model';

import type { AttributeSet } from '../../src/simulator/attributes.js';
import { conditionHolds, crosses, judge, nextLook, sameScalar } from '../../src/simulator/notify.js';
import type { Watch } from '../../src/simulator/notify.js';

const at = (seconds: number): Instant => Instant(seconds * 1000);
const float = (value: number): Scalar => ({ type: 'float', value });
const watch = (more: Partial<Watch> = {}): Watch => ({
  reportedAt: at(100),
  lookedAt: at(100),
  changeAt: undefined,
  pending: 'none',
  ...more,
});

describe('a threshold (LwM2M-Core 1.1.1 §5.1.2)', () => {
  it.each([
    [2000, 1999, 2000, false],
    [2000, 1999, 2001, true],
    [2000, 2000, 2001, true],
    [2000, 2001, 2000, false],
    [2000, 2001, 1999, true],
    [2000, 2000, 1999, true],
    [2000, 1998, 1999, false],
    [-5.5, -5, -6, true],
    [0, 0, 0, false],
  ])('%d between %d and %d: crossed is %s', (threshold, before, after, expected) => {
    expect(crosses(threshold, before, after)).toBe(expected);
  });
});

describe('the conditions of a value', () => {
  const holds = (before: Scalar, after: Scalar, attributes: AttributeSet): boolean =>
    conditionHolds(before, before, after, attributes);

  it('without gt, lt and st any change counts, and only a change', () => {
    expect(holds(float(1), float(1.1), {})).toBe(true);
    expect(holds(float(1), float(1), { pmin: 5 })).toBe(false);
  });

  it('with gt, lt or st a plain change does not count', () => {
    expect(holds(float(1), float(2), { gt: 10 })).toBe(false);
    expect(holds(float(1), float(2), { lt: 0 })).toBe(false);
    expect(holds(float(1), float(2), { st: 5 })).toBe(false);
  });

  it('gt and lt fire on crossing in either direction', () => {
    expect(holds(float(9), float(11), { gt: 10 })).toBe(true);
    expect(holds(float(11), float(9), { gt: 10 })).toBe(true);
    expect(holds(float(1), float(-1), { lt: 0 })).toBe(true);
    expect(holds(float(-1), float(1), { lt: 0 })).toBe(true);
  });

  it('st fires from its distance on, in either direction, counted from the reported value', () => {
    expect(holds(float(20), float(24.9), { st: 5 })).toBe(false);
    expect(holds(float(20), float(25), { st: 5 })).toBe(true);
    expect(holds(float(20), float(15), { st: 5 })).toBe(true);
  });

  it('st=0 is any change', () => {
    expect(holds(float(20), float(20), { st: 0 })).toBe(false);
    expect(holds(float(20), float(20.1), { st: 0 })).toBe(true);
  });

  it('one of several conditions is enough', () => {
    expect(holds(float(9), float(12), { gt: 10, st: 100 })).toBe(true);
    expect(holds(float(9), float(-100), { gt: 10, st: 100 })).toBe(true);
  });

  it('integers beyond 2^53 are compared', () => {
    const big = (value: bigint): Scalar => ({ type: 'integer', value });
    expect(holds(big(2n ** 60n), big(2n ** 60n + 1n), {})).toBe(true);
    expect(holds(big(2n ** 60n), big(2n ** 60n), {})).toBe(false);
    expect(holds(big(2n ** 60n), big(11n), { gt: 10 })).toBe(false);
    expect(holds(big(2n ** 60n), big(-1n), { gt: 10 })).toBe(true);
  });

  it('edge counts rises alone or falls alone, since the last look', () => {
    const bool = (value: boolean): Scalar => ({ type: 'boolean', value });
    expect(conditionHolds(bool(false), bool(false), bool(true), { edge: 1 })).toBe(true);
    expect(conditionHolds(bool(true), bool(true), bool(false), { edge: 1 })).toBe(false);
    expect(conditionHolds(bool(true), bool(false), bool(true), { edge: 1 })).toBe(true);
    expect(conditionHolds(bool(true), bool(true), bool(false), { edge: 0 })).toBe(true);
    expect(conditionHolds(bool(false), bool(false), bool(false), { edge: 0 })).toBe(false);
  });

  it('values of every type are compared by content', () => {
    expect(sameScalar({ type: 'opaque', value: Uint8Array.of(1) }, { type: 'opaque', value: Uint8Array.of(1) })).toBe(
      true,
    );
    expect(sameScalar({ type: 'opaque', value: Uint8Array.of(1) }, { type: 'opaque', value: Uint8Array.of(2) })).toBe(
      false,
    );
    const link = (instance: number): Scalar => ({ type: 'objlnk', value: { object: 3, instance } });
    expect(sameScalar(link(0), link(0))).toBe(true);
    expect(sameScalar(link(0), link(1))).toBe(false);
    expect(sameScalar(float(NaN), float(NaN))).toBe(true);
    expect(sameScalar({ type: 'integer', value: 1 }, float(1))).toBe(false);
  });
});

describe('the moment of the next look', () => {
  it('is never, when nothing changes by itself and there is no pmax', () => {
    expect(nextLook(watch(), {})).toBeUndefined();
    expect(nextLook(watch(), { pmin: 5, pmax: 0 })).toBeUndefined();
  });

  it('is the next change', () => {
    expect(nextLook(watch({ changeAt: at(105) }), {})).toBe(at(105));
  });

  it('is not before pmin has ended', () => {
    expect(nextLook(watch({ changeAt: at(105) }), { pmin: 30 })).toBe(at(130));
    expect(nextLook(watch({ changeAt: at(105), pending: 'pending' }), { pmin: 30 })).toBe(at(130));
  });

  it('is within pmin for an edge, which would be missed else', () => {
    expect(nextLook(watch({ changeAt: at(105) }), { pmin: 30, edge: 1 })).toBe(at(105));
  });

  it('is at pmax at the latest, unless pmax is below pmin', () => {
    expect(nextLook(watch(), { pmax: 60 })).toBe(at(160));
    expect(nextLook(watch({ changeAt: at(105) }), { pmin: 60, pmax: 60 })).toBe(at(160));
    expect(nextLook(watch(), { pmin: 61, pmax: 60 })).toBeUndefined();
    expect(nextLook(watch({ changeAt: at(105) }), { pmin: 61, pmax: 60 })).toBe(at(161));
  });

  it('is not before epmin after the last look', () => {
    expect(nextLook(watch({ lookedAt: at(104), changeAt: at(105) }), { epmin: 10 })).toBe(at(114));
  });

  it('is at epmax after the last look at the latest', () => {
    expect(nextLook(watch({ lookedAt: at(104), changeAt: at(200) }), { epmax: 10 })).toBe(at(114));
    expect(nextLook(watch(), { epmax: 10 })).toBeUndefined();
  });

  it('pmax is not held back by epmin', () => {
    expect(nextLook(watch({ changeAt: at(105) }), { epmin: 100, pmax: 20 })).toBe(at(120));
  });
});

describe('the judgement at a look', () => {
  it('reports what holds when pmin has ended, and waits before', () => {
    expect(judge(at(129.999), watch(), { pmin: 30 }, 'holds')).toBe('wait');
    expect(judge(at(130), watch(), { pmin: 30 }, 'holds')).toBe('report');
  });

  it('reports at pmax without any change', () => {
    expect(judge(at(159.999), watch(), { pmax: 60 }, 'not')).toBe('wait');
    expect(judge(at(160), watch(), { pmax: 60 }, 'not')).toBe('report');
  });

  it('passes over a pmax below pmin', () => {
    expect(judge(at(165), watch(), { pmin: 100, pmax: 60 }, 'not')).toBe('wait');
    expect(judge(at(165), watch(), { pmin: 100, pmax: 60 }, 'holds')).toBe('wait');
    expect(judge(at(200), watch(), { pmin: 100, pmax: 60 }, 'holds')).toBe('report');
  });

  it('reports what was pending although it holds no more', () => {
    expect(judge(at(130), watch({ pending: 'pending' }), { pmin: 30 }, 'not')).toBe('report');
  });
});

describe('any course of looks', () => {
  it('keeps two reports at least pmin and at most pmax apart, and every look makes progress', () => {
    fc.assert(
      fc.property(
        fc.record(
          { pmin: fc.nat(50), pmax: fc.nat(80), epmin: fc.nat(40), epmax: fc.integer({ min: 41, max: 90 }) },
          { requiredKeys: [] },
        ),
        fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
        (attributes: AttributeSet, changes) => {
          let state = watch({ changeAt: at(105) });
          for (const change of changes) {
            const now = nextLook(state, attributes);
            if (now === undefined) return;
            const verdict = judge(now, state, attributes, change ? 'holds' : 'not');
            const { pmin = 0, pmax = 0 } = attributes;
            const apart = (now - state.reportedAt) / 1000;
            if (verdict === 'report') expect(apart).toBeGreaterThanOrEqual(pmin);
            if (pmax > 0 && pmax >= pmin) expect(apart).toBeLessThanOrEqual(pmax);
            expect(now > state.lookedAt || verdict === 'report').toBe(true);
            const changeAt = Instant(now + 5_000);
            state =
              verdict === 'report'
                ? { reportedAt: now, lookedAt: now, changeAt, pending: 'none' }
                : { ...state, lookedAt: now, changeAt, pending: change ? 'pending' : state.pending };
          }
        },
      ),
    );
  });
});
