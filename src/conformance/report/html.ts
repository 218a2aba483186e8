/** A run as one HTML page that needs nothing else: no script, no other file, nothing of the device taken as markup. */

import { escapeMarkup } from './xml.js';
import { VERDICT_WORDS } from './view.js';
import type { Report, ReportedCase, ReportedDatagram } from './view.js';

/** The page. */
export function htmlOf(report: Report): string {
  const { tool, startedAt, endpoint, lwm2m, objects, counts, interrupted, cases } = report;
  const facts: readonly (readonly [string, string])[] = [
    ['Device', endpoint],
    ['LwM2M', lwm2m],
    ['Objects', objects.join('; ')],
    ['Begun', startedAt],
    ['By', tool],
  ];
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<title>Conformance of ${escapeMarkup(endpoint)}</title>`,
    `<style>${STYLE}</style></head><body>`,
    `<h1>Conformance of ${escapeMarkup(endpoint)}</h1>`,
    `<table class="facts">${facts.map(([name, value]) => `<tr><th>${name}</th><td>${escapeMarkup(value)}</td></tr>`).join('')}</table>`,
    `<p class="counts">${(['pass', 'fail', 'inconclusive', 'notApplicable'] as const)
      .map((verdict) => `<span class="${verdict}">${counts[verdict]} ${VERDICT_WORDS[verdict].toLowerCase()}</span>`)
      .join(' ')}</p>`,
    interrupted ? '<p>The run was ended before its last case.</p>' : '',
    ...cases.map(caseOf),
    '</body></html>',
    '',
  ].join('\n');
}

function caseOf(one: ReportedCase): string {
  const { id, name, title, verdict, rule, detail, leftovers, seconds, steps } = one;
  return [
    `<details id="case-${id}" class="${verdict}"${verdict === 'fail' ? ' open' : ''}>`,
    `<summary><b>${id}</b> ${escapeMarkup(title)} <span class="${verdict}">${VERDICT_WORDS[verdict]}</span></summary>`,
    `<p>${escapeMarkup(name)}, ${seconds.toFixed(1)} s</p>`,
    rule === undefined ? '' : `<p>Rule: ${escapeMarkup(rule)}</p>`,
    detail === undefined ? '' : `<p>${escapeMarkup(detail)}</p>`,
    ...leftovers.map((leftover) => `<p class="fail">Not put back: ${escapeMarkup(leftover)}</p>`),
    '<ol>',
    ...steps.map(
      ({ words, outcome, datagrams }) =>
        `<li>${escapeMarkup(words)}${outcome === '' ? '' : `: <b>${escapeMarkup(outcome)}</b>`}${
          datagrams.length === 0 ? '' : `<table class="wire">${datagrams.map(rowOf).join('')}</table>`
        }</li>`,
    ),
    '</ol></details>',
  ].join('\n');
}

function rowOf({ at, direction, decoded, hex }: ReportedDatagram): string {
  const arrow = direction === 'in' ? '&larr;' : '&rarr;';
  return `<tr><td>${at.slice(11, 23)}</td><td>${arrow}</td><td>${escapeMarkup(decoded)}<br><code>${hex}</code></td></tr>`;
}

const STYLE = [
  'body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}',
  'table{border-collapse:collapse}th{text-align:left;padding-right:1rem;font-weight:600;vertical-align:top}',
  'details{border-left:4px solid #999;margin:.5rem 0;padding:.2rem .8rem;background:#f7f7f7}summary{cursor:pointer}',
  'details.pass{border-color:#2a7d2a}details.fail{border-color:#b00020}details.inconclusive{border-color:#b07800}',
  'span.pass,span.fail,span.inconclusive,span.notApplicable{padding:0 .5rem;border-radius:.3rem;color:#fff;background:#666}',
  'span.pass{background:#2a7d2a}span.fail{background:#b00020}span.inconclusive{background:#8a5f00}',
  '.wire{font-size:13px;margin:.3rem 0}.wire td{padding:.1rem .6rem .1rem 0;vertical-align:top}',
  'code{overflow-wrap:anywhere;color:#555}',
].join('');
