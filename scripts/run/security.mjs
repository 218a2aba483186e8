/** The security tests of DTLS in their full sizes: `npm run test:security`. Leaves a table of what ran beside the tests. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

import { node, say } from './processes.mjs';

/** Where the last full run is written down. */
export const TABLE = 'test/dtls/security/last-full-run.md';
const TESTS = 'test/dtls/security';
const HELP = `npm run test:security [-- FILE…]: attacks on DTLS in their full sizes, which takes about half an hour on two idle
cores; npm test runs the same tests small. It says as it goes what it has done and how long what runs will still take.
Without FILE the table of what ran is written to ${TABLE}.`;

/** Runs all of them, or those of the files named; the exit code of jest. */
export async function security(jest, args) {
  if (args.includes('--help')) {
    say(HELP);
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), 'bellwether-security-'));
  const rows = join(folder, 'rows');
  writeFileSync(rows, '');
  const whole = args.length === 0;
  const cores = Math.max(2, availableParallelism());
  const began = Date.now();
  const before = existsSync(TABLE) ? tookIn(readFileSync(TABLE, 'utf8')) : undefined;
  if (whole && before !== undefined)
    say(`the last full run took ${Math.ceil(before.seconds / 60)} minutes with ${before.workers} files at a time`);
  process.env.BELLWETHER_TEST_FULL = '1';
  process.env.BELLWETHER_TEST_TABLE = rows;
  process.env.BELLWETHER_TEST_BEGAN = `${began}`;
  try {
    // What is measured is measured in a process of its own, and held against what it measures in the same one.
    const code = await node([...jest, `--maxWorkers=${cores}`, ...(whole ? [TESTS] : args)]);
    const seconds = Math.round((Date.now() - began) / 1000);
    say(`took ${Math.floor(seconds / 60)} min ${seconds % 60} s with ${cores} files at a time`);
    if (whole) {
      writeFileSync(TABLE, table(readFileSync(rows, 'utf8'), { commit: commit(), code, seconds, workers: cores }));
      await node(['node_modules/prettier/bin/prettier.cjs', '--write', '--log-level=warn', TABLE]);
      say(`what ran is in ${TABLE}`);
    }
    return code;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The table of a run; `rows`: a line of JSON a test, as the tests wrote them, in any order. */
export function table(rows, { commit, code, seconds, workers }) {
  const lines = rows
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
    .sort((left, right) => (left.name < right.name ? -1 : 1))
    .map(
      ({ name, counts, seeds, outcome, seconds: took }) =>
        `| ${cell(name)} | ${cell(counts)} | ${cell(seeds)} | ${outcome} | ${Math.round(took)} s |`,
    );
  return [
    '# The last full run of the security tests of DTLS',
    '',
    `Commit ${commit}, ${new Date().toISOString().slice(0, 10)}, Node ${process.version}, exit code ${code}, ${seconds} s with ${workers} files at a time.`,
    '',
    '| Test | Counts | Seeds | Outcome | Time |',
    '| --- | --- | --- | --- | --- |',
    ...lines,
    '',
  ].join('\n');
}

/** How long the run of a table took, and with how many files at a time; undefined when it does not say. */
export function tookIn(text) {
  const found = /, (\d+) s with (\d+) files at a time\./.exec(text);
  return found === null ? undefined : { seconds: Number(found[1]), workers: Number(found[2]) };
}

/** The commit that a table names, and whether the sources differed from it; undefined when it names none. */
export function commitIn(text) {
  const found = /^Commit ([0-9a-f]{7,40})( with changes)?,/m.exec(text);
  return found === null ? undefined : { commit: found[1], changed: found[2] === undefined ? 'no' : 'yes' };
}

function cell(text) {
  return text.replaceAll('|', '\\|');
}

/** The commit the sources are of, and whether they differ from it. */
function commit() {
  try {
    const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim();
    const changed = git('status', '--porcelain', '--', 'src', 'test', ':!test/interop') === '' ? '' : ' with changes';
    return `${git('rev-parse', '--short=12', 'HEAD')}${changed}`;
  } catch {
    return 'unknown';
  }
}
