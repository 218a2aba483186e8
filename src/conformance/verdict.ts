/** How a case can end, and what a case throws to end early. */

/** pass; fail: a rule is broken; inconclusive: it could not be told; notApplicable: the device has not what it takes. */
export type Verdict = 'pass' | 'fail' | 'inconclusive' | 'notApplicable';

/** Ends a case that has not passed. */
export class CaseEnd extends Error {
  readonly verdict: Exclude<Verdict, 'pass'>;
  /** Of a failure: the rule that is broken, with its place in the standard. */
  readonly rule: string | undefined;

  constructor(verdict: Exclude<Verdict, 'pass'>, message: string, rule?: string) {
    super(message);
    this.verdict = verdict;
    this.rule = rule;
  }
}

/** The device broke `rule`; `detail` says by what. */
export function failed(rule: string, detail: string): CaseEnd {
  return new CaseEnd('fail', detail, rule);
}

/** It cannot be told whether the device keeps the rules. */
export function inconclusive(reason: string): CaseEnd {
  return new CaseEnd('inconclusive', reason);
}

/** The case does not concern this device. */
export function notApplicable(reason: string): CaseEnd {
  return new CaseEnd('notApplicable', reason);
}
