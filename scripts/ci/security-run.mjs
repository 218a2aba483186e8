/**
 * `node scripts/ci/security-run.mjs [FOLDER]`: prints one line on the last full run of the security tests of DTLS: of which
 * commit it was, or a warning when src/dtls changed after it. Never fails: a full run takes half an hour and is made by hand.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { commitIn, TABLE } from '../run/security.mjs';

const SOURCES = 'src/dtls';

console.log(`security tests of DTLS in full: ${lastRun(process.argv[2] ?? '.')}`);

function lastRun(folder) {
  let run;
  try {
    run = commitIn(readFileSync(join(folder, TABLE), 'utf8'));
  } catch {
    return `WARNING: there is no ${TABLE}: npm run test:security makes it`;
  }
  if (run === undefined) return `WARNING: ${TABLE} names no commit: npm run test:security makes it anew`;
  const git = (...args) =>
    execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    git('merge-base', '--is-ancestor', run.commit, 'HEAD');
  } catch {
    return `last of ${run.commit}, which is not in the history here (a shallow clone?): whether ${SOURCES} changed after it is not known`;
  }
  const commits = git('log', '--format=%h %s', `${run.commit}..HEAD`, '--', SOURCES).split('\n').filter(Boolean);
  const dirty = git('status', '--porcelain', '--', SOURCES) !== '';
  if (run.changed === 'yes') return `WARNING: the last was of ${run.commit} with changes that are in no commit`;
  if (commits.length === 0 && !dirty) return `last of ${run.commit}, and ${SOURCES} is as it was`;
  const what = [
    ...(commits.length > 0 ? [`commits: ${commits.length}`] : []),
    ...(dirty ? ['changes in no commit'] : []),
  ];
  return `WARNING: ${SOURCES} changed after the last, of ${run.commit}: ${what.join(' and ')}${commits.length > 0 ? `, the newest "${commits[0]}"` : ''}`;
}
