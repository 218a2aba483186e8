/** Conformance of devices: the cases of the OMA enabler test specification, run through a server. */

export { CASES } from './cases/index.js';
export { nameOf } from './case.js';
export type { Case } from './case.js';
export { caseLines, summaryLine } from './report/console.js';
export { htmlOf } from './report/html.js';
export { junitOf } from './report/junit.js';
export { reportOf } from './report/view.js';
export type { Report } from './report/view.js';
export type { Datagram, DeviceUnderTest, Ended, Order, Rig, WantedObservation } from './rig.js';
export { RULES } from './rules.js';
export { countVerdicts, runCases } from './run.js';
export type { CaseResult, RunListener, RunResult } from './run.js';
export type { PackageKind, TrialSettings } from './trial-types.js';
export type { Verdict } from './verdict.js';
