/** What a CI run says of the last full run of the security tests: of which commit it was, and whether src/dtls changed after it. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, it } from '@jest/globals';

// A machine may have Node and npm alone.
const THERE = spawnSync('git', ['--version']).status === 0;
if (!THERE) process.stdout.write('git is not there: what a CI run says of its history is not tested.\n');
const withGit = THERE ? it : it.skip;

interface SecurityScript {
  readonly TABLE: string;
  table(rows: string, run: { commit: string; code: number; seconds: number; workers: number }): string;
  tookIn(text: string): { seconds: number; workers: number } | undefined;
}

let script: SecurityScript;
let folder: string;

beforeEach(async () => {
  script = (await import(pathToFileURL(resolve('scripts/run/security.mjs')).href)) as SecurityScript;
  folder = mkdtempSync(join(tmpdir(), 'bellwether-history-'));
  if (!THERE) return;
  git('init', '-q');
  write('src/dtls/a.ts', '1');
  commit('Begin');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function git(...args: string[]): string {
  const who = ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'commit.gpgsign=false'];
  return execFileSync('git', ['-C', folder, ...who, ...args], { encoding: 'utf8' }).trim();
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function commit(subject: string): string {
  git('add', '-A');
  git('commit', '-q', '-m', subject);
  return git('rev-parse', '--short=12', 'HEAD');
}

function ran(of: string): void {
  const row = { name: 'T0', counts: '1 | 2', seeds: 'none', outcome: 'passed', seconds: 1.4 };
  write(script.TABLE, script.table(`${JSON.stringify(row)}\n`, { commit: of, code: 0, seconds: 99, workers: 2 }));
}

function said(): string {
  return execFileSync(process.execPath, [resolve('scripts/ci/security-run.mjs'), folder], { encoding: 'utf8' });
}

withGit('warns of a table that is missing, and of one that names no commit', () => {
  expect(said()).toContain('WARNING: there is no test/dtls/security/last-full-run.md');
  ran('unknown');
  expect(said()).toContain('names no commit');
});

withGit('is content while src/dtls is as it was, whatever else changed', () => {
  const of = git('rev-parse', '--short=12', 'HEAD');
  ran(of);
  write('src/other.ts', '1');
  commit('Change something else');
  expect(said()).toBe(`security tests of DTLS in full: last of ${of}, and src/dtls is as it was\n`);
});

withGit('warns when src/dtls changed after it, in commits or in none, or when what ran was in no commit', () => {
  const of = git('rev-parse', '--short=12', 'HEAD');
  ran(of);
  write('src/dtls/a.ts', '2');
  expect(said()).toContain(`WARNING: src/dtls changed after the last, of ${of}: changes in no commit`);
  const next = commit('Change DTLS').slice(0, 7);
  expect(said()).toContain(`of ${of}: commits: 1, the newest "${next} Change DTLS"`);
  ran(`${git('rev-parse', '--short=12', 'HEAD')} with changes`);
  expect(said()).toContain('with changes that are in no commit');
});

withGit('says so where the history does not reach back to it', () => {
  ran('0123456789ab');
  expect(said()).toContain('is not in the history here');
});

it('is told by the table how long the run took', () => {
  ran('0123456789ab');
  const text = script.table('', { commit: '0123456789ab', code: 0, seconds: 99, workers: 2 });
  expect(script.tookIn(text)).toEqual({ seconds: 99, workers: 2 });
});
