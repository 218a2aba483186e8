/** A run as JUnit XML, as build servers read it: failures fail, what is inconclusive is an error, the rest is skipped. */

import { escapeMarkup } from './xml.js';
import type { Report, ReportedCase } from './view.js';

/** The document. */
export function junitOf({ tool, startedAt, endpoint, counts, cases }: Report): string {
  const seconds = cases.reduce((sum, one) => sum + one.seconds, 0);
  const figures = `tests="${cases.length}" failures="${counts.fail}" errors="${counts.inconclusive}" skipped="${counts.notApplicable}" time="${seconds.toFixed(3)}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${escapeMarkup(tool)} conformance" ${figures}>`,
    `  <testsuite name="${escapeMarkup(endpoint)}" timestamp="${startedAt}" ${figures}>`,
    ...cases.map(caseOf),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function caseOf(one: ReportedCase): string {
  const head = `    <testcase classname="${one.name}" name="${escapeMarkup(`${one.id} ${one.title}`)}" time="${one.seconds.toFixed(3)}"`;
  const log = escapeMarkup(logOf(one));
  return `${head}>${outcomeOf(one)}<system-out>${log}</system-out></testcase>`;
}

function outcomeOf({ verdict, rule, detail = '' }: ReportedCase): string {
  const message = escapeMarkup(detail);
  switch (verdict) {
    case 'pass':
      return '';
    case 'fail':
      return `<failure type="${escapeMarkup(rule ?? '')}" message="${message}"/>`;
    case 'inconclusive':
      return `<error type="inconclusive" message="${message}"/>`;
    case 'notApplicable':
      return `<skipped message="${message}"/>`;
  }
}

function logOf({ steps, leftovers }: ReportedCase): string {
  const lines = steps.flatMap(({ words, outcome, datagrams }) => [
    outcome === '' ? words : `${words}: ${outcome}`,
    ...datagrams.flatMap(({ at, direction, decoded, hex }) => [
      `  ${at} ${direction === 'in' ? '<' : '>'} ${decoded}`,
      `    ${hex}`,
    ]),
  ]);
  return [...lines, ...leftovers.map((leftover) => `not put back: ${leftover}`)].join('\n');
}
