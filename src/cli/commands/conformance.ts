/** `bellwether conformance …`: the device-side cases of the OMA enabler test specification against a registered device. */

import { InvalidArgumentError, type Command } from 'commander';

import {
  CASES,
  caseLines,
  htmlOf,
  junitOf,
  nameOf,
  reportOf,
  runCases,
  summaryLine,
  type Case,
  type PackageKind,
  type Report,
} from '#conformance';

import { loadObjects } from '../../objects.js';
import { VERSION } from '../../version.js';
import { whole } from '../arguments.js';
import { Client, findAccess } from '../client.js';
import { ExitCode } from '../exit.js';
import { checkPlace, readBytes, writeTo } from '../files.js';
import { escaped } from '../logger.js';
import { printJson, printTable } from '../output.js';
import { RestRig } from '../rig.js';
import { Signals } from '../signals.js';
import { withAccess, type ClientOptions } from './device.js';

interface RunOptions extends ClientOptions {
  readonly endpoint: string;
  readonly case?: readonly Case[];
  readonly objects: readonly string[];
  readonly timeout: number;
  readonly slack: number;
  readonly patience: number;
  readonly package?: string;
  readonly packageCorrupt?: string;
  readonly packageUnsupported?: string;
  readonly packageFailing?: string;
  readonly packageLarge?: string;
  readonly reportJson?: string;
  readonly reportJunit?: string;
  readonly reportHtml?: string;
}

/** Adds `conformance list` and `conformance run`. */
export function addConformance(program: Command): void {
  const conformance = program
    .command('conformance')
    .description('test a device against the OMA enabler test specification');
  conformance
    .command('list')
    .description('list the cases')
    .option('--json', 'print JSON, for programs')
    .action(({ json }: { json?: boolean }) => {
      if (json === true) printJson(CASES.map((one) => ({ id: one.id, name: nameOf(one), title: one.title })));
      else
        printTable(
          ['case', 'name', 'title'],
          CASES.map((one) => [String(one.id), nameOf(one), one.title]),
          '',
        );
    });
  withAccess(
    conformance
      .command('run')
      .description(
        'run cases against a registered device, put back what they changed, and report; exit code 3 when one fails',
      ),
  )
    .requiredOption('--endpoint <NAME>', 'the device')
    .option('--case <LIST>', 'cases and ranges by commas, such as 201,260-266; all when left out', casesOf)
    .option('--objects <FOLDER...>', 'folders of more object definitions', [])
    .option('--timeout <SECONDS>', 'how long the device may take to answer', whole(1, 3600), 60)
    .option('--slack <SECONDS>', 'how late a notification may be', whole(0, 600), 3)
    .option('--patience <SECONDS>', 'how long to wait for what the device does by itself', whole(1, 3600), 30)
    .option('--package <FILE>', 'firmware that installs, for the cases of Firmware Update')
    .option('--package-corrupt <FILE>', 'firmware whose integrity check fails (776)')
    .option('--package-unsupported <FILE>', 'firmware of a type that is not supported (777)')
    .option('--package-failing <FILE>', 'firmware that downloads and fails to install (779)')
    .option('--package-large <FILE>', 'firmware larger than the device can store (773)')
    .option('--report-json <FILE>', 'write the report as JSON')
    .option('--report-junit <FILE>', 'write it as JUnit XML, for build servers')
    .option('--report-html <FILE>', 'write it as a page with every datagram')
    .action(run);
}

async function run(options: RunOptions): Promise<void> {
  const packages = packagesOf(options);
  const reports = reportsOf(options);
  const catalogue = loadObjects(options.objects);
  const client = new Client(findAccess(options));
  const rig = await RestRig.open(client, options.endpoint, catalogue, options.timeout);
  const signals = new Signals();
  void signals.told.then(() => {
    process.stderr.write('bellwether: ending after this case; once more to end at once\n');
  });
  const people = options.json !== true;
  try {
    const startedAt = new Date().toISOString();
    const settings = { slack: options.slack, patience: options.patience, packages };
    const listener = {
      began: (one: Case, index: number, of: number) => {
        if (people && process.stderr.isTTY)
          process.stderr.write(`      ${index + 1} of ${of}: ${one.id} ${one.title} …\r\u001b[K`);
      },
      ended: (result: Parameters<typeof caseLines>[0]) => {
        if (people) for (const line of caseLines(result)) process.stdout.write(`${escaped(line)}\n`);
      },
    };
    const result = await runCases(rig, options.case ?? CASES, settings, listener, () => signals.signal.aborted);
    const report = reportOf(result, { version: VERSION, startedAt });
    for (const write of reports) write(report);
    if (people) process.stdout.write(`${summaryLine(report)}\n`);
    else printJson(report);
    process.exitCode = exitOf(report);
  } finally {
    signals.forget();
    rig.close();
  }
}

function exitOf({ counts, interrupted }: Report): number {
  const { fail, inconclusive } = counts;
  if (fail > 0) return ExitCode.REFUSED;
  return inconclusive > 0 || interrupted ? ExitCode.FAILED : ExitCode.OK;
}

function packagesOf(options: RunOptions): Partial<Record<PackageKind, Uint8Array>> {
  const files: Readonly<Record<PackageKind, string | undefined>> = {
    good: options.package,
    corrupt: options.packageCorrupt,
    unsupported: options.packageUnsupported,
    failing: options.packageFailing,
    large: options.packageLarge,
  };
  const packages: Partial<Record<PackageKind, Uint8Array>> = {};
  for (const [kind, file] of Object.entries(files) as [PackageKind, string | undefined][])
    if (file !== undefined) packages[kind] = readBytes(file);
  return packages;
}

/** Each report's place is looked at before the run, so that a run of minutes is not lost for a folder that is not there. */
function reportsOf({ reportJson, reportJunit, reportHtml }: RunOptions): readonly ((report: Report) => void)[] {
  const kinds: readonly (readonly [string, string | undefined, (report: Report) => string])[] = [
    ['--report-json', reportJson, (report) => `${JSON.stringify(report, undefined, 2)}\n`],
    ['--report-junit', reportJunit, junitOf],
    ['--report-html', reportHtml, htmlOf],
  ];
  return kinds.flatMap(([flag, file, text]) => {
    checkPlace(flag, file);
    if (file === undefined) return [];
    return [
      (report: Report) => {
        writeTo(flag, file, text(report));
      },
    ];
  });
}

/** Cases by numbers and ranges. */
function casesOf(text: string): readonly Case[] {
  const wanted = new Set<Case>();
  for (const part of text.split(',')) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part.trim());
    const [, first = '', last = first] = match ?? [];
    const found = CASES.filter(({ id }) => match !== null && id >= Number(first) && id <= Number(last));
    if (found.length === 0)
      throw new InvalidArgumentError(`there is no case "${part}": bellwether conformance list shows them`);
    for (const one of found) wanted.add(one);
  }
  return CASES.filter((one) => wanted.has(one));
}
