/** A run for people at a terminal. */

import type { CaseResult } from '../run.js';
import { VERDICT_WORDS } from './view.js';
import type { Report } from './view.js';

/** The lines of a case that has ended. */
export function caseLines({ id, title, verdict, rule, detail, leftovers, seconds }: CaseResult): readonly string[] {
  return [
    `${String(id).padStart(4)}  ${VERDICT_WORDS[verdict].padEnd(14)}  ${title} (${seconds.toFixed(1)} s)`,
    ...(rule === undefined ? [] : [`      rule: ${rule}`]),
    ...(detail === undefined ? [] : [`      ${detail}`]),
    ...leftovers.map((leftover) => `      not put back: ${leftover}`),
  ];
}

/** The line that sums a run up. */
export function summaryLine({ counts, interrupted }: Report): string {
  const parts = (['pass', 'fail', 'inconclusive', 'notApplicable'] as const).map(
    (verdict) => `${counts[verdict]} ${VERDICT_WORDS[verdict].toLowerCase()}`,
  );
  return `${parts.join(', ')}${interrupted ? '; ended before the last case' : ''}`;
}
