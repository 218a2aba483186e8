/** The security tests of DTLS in their full sizes: `npm run test:security`. Leaves a table of what ran beside the tests. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { node, say } from './processes.mjs';

const TABLE = 'test/dtls/security/last-full-run.md';
const TESTS = 'test/dtls/security';
const HELP = `npm run test:security [-- FILE…]: attacks on DTLS in their full sizes, which takes long; npm test runs the
same tests small. Without FILE the table of what ran is written to ${TABLE}.`;

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
  process.env.BELLWETHER_TEST_FULL = '1';
  process.env.BELLWETHER_TEST_TABLE = rows;
  try {
    const code = await node([...jest, '--runInBand', ...(whole ? [TESTS] : args)]);
    if (whole) {
      writeFileSync(TABLE, table(readFileSync(rows, 'utf8'), code));
      await node(['node_modules/prettier/bin/prettier.cjs', '--write', '--log-level=warn', TABLE]);
      say(`what ran is in ${TABLE}`);
    }
    return code;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function table(rows, code) {
  const lines = rows
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
    .map(({ name, counts, seeds, outcome }) => `| ${cell(name)} | ${cell(counts)} | ${cell(seeds)} | ${outcome} |`);
  return [
    '# The last full run of the security tests of DTLS',
    '',
    `Commit ${commit()}, ${new Date().toISOString().slice(0, 10)}, Node ${process.version}, exit code ${code}.`,
    '',
    '| Test | Counts | Seeds | Outcome |',
    '| --- | --- | --- | --- |',
    ...lines,
    '',
  ].join('\n');
}

function cell(text) {
  return text.replaceAll('|', '\\|');
}

/** The commit the sources are of, and whether they differ from it. */
function commit() {
  try {
    const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim();
    const changed = git('status', '--porcelain', '--', 'src', 'test') === '' ? '' : ' with changes';
    return `${git('rev-parse', '--short=12', 'HEAD')}${changed}`;
  } catch {
    return 'unknown';
  }
}
