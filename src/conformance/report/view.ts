/** What all reports tell: a run as plain data, its datagrams in hex and in words. */

import { toHex } from '#base';
import { showMessage } from '#coap/codec';

import { countVerdicts } from '../run.js';
import type { CaseResult, RunResult } from '../run.js';
import type { Verdict } from '../verdict.js';

/** What is known of a run beside its results. */
export interface ReportHead {
  /** Version of the program that ran. */
  readonly version: string;
  /** RFC 3339. */
  readonly startedAt: string;
}

/** A run as it is reported; this is the JSON report. */
export interface Report {
  readonly tool: string;
  readonly startedAt: string;
  readonly endpoint: string;
  readonly lwm2m: string;
  readonly objects: readonly string[];
  readonly interrupted: boolean;
  readonly counts: Readonly<Record<Verdict, number>>;
  readonly cases: readonly ReportedCase[];
}

/** A case as it is reported. */
export interface ReportedCase {
  readonly id: number;
  readonly name: string;
  readonly title: string;
  readonly verdict: Verdict;
  readonly rule?: string;
  readonly detail?: string;
  readonly leftovers: readonly string[];
  readonly seconds: number;
  readonly steps: readonly {
    readonly words: string;
    readonly outcome: string;
    readonly datagrams: readonly ReportedDatagram[];
  }[];
}

/** A datagram as it is reported. */
export interface ReportedDatagram {
  /** RFC 3339. */
  readonly at: string;
  readonly direction: 'in' | 'out';
  readonly hex: string;
  readonly decoded: string;
}

/** A run as plain data. */
export function reportOf(run: RunResult, { version, startedAt }: ReportHead): Report {
  const { device, cases } = run;
  return {
    tool: `bellwether ${version}`,
    startedAt,
    endpoint: device.endpoint,
    lwm2m: device.dialect.lwm2m,
    objects: device.objects.map(({ id, version: of, instances }) => `/${id} (${of}) ${instances.join(',')}`.trimEnd()),
    interrupted: run.interrupted === 'yes',
    counts: countVerdicts(cases),
    cases: cases.map(reportedCase),
  };
}

function reportedCase(result: CaseResult): ReportedCase {
  return {
    ...result,
    seconds: Math.round(result.seconds * 1000) / 1000,
    steps: result.steps.map(({ words, outcome, datagrams }) => ({
      words,
      outcome,
      datagrams: datagrams.map(({ at, direction, bytes }) => ({
        at: new Date(at).toISOString(),
        direction,
        hex: toHex(bytes),
        decoded: showMessage(bytes),
      })),
    })),
  };
}

/** Verdicts as people read them. */
export const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  pass: 'pass',
  fail: 'FAIL',
  inconclusive: 'inconclusive',
  notApplicable: 'not applicable',
};
