/** What the last lines of a CI run say: how much passed and failed, and which tests failed. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bellwether-count-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

interface Suite {
  readonly name: string;
  readonly status: 'passed' | 'failed';
  readonly message: string;
  readonly assertionResults: readonly {
    readonly status: string;
    readonly fullName: string;
    readonly failureMessages: readonly string[];
  }[];
}

function ran(file: string, passed: number, suites: readonly Suite[]): void {
  const failed = suites.flatMap(({ assertionResults }) => assertionResults.filter(({ status }) => status === 'failed'));
  const broken = suites.filter(({ assertionResults, status }) => status === 'failed' && assertionResults.length === 0);
  const counts = { numPassedTests: passed, numFailedTests: failed.length, numRuntimeErrorTestSuites: broken.length };
  writeFileSync(join(folder, file), JSON.stringify({ ...counts, testResults: suites }));
}

function counted(): { readonly code: number | null; readonly lines: readonly string[] } {
  const { status, stdout } = spawnSync(process.execPath, [resolve('scripts/ci/count.mjs'), folder], {
    encoding: 'utf8',
  });
  return { code: status, lines: stdout.trimEnd().split('\n') };
}

it('sums tests and steps, and counts nothing else that lies in the folder', () => {
  ran('unit.json', 40, []);
  ran('interop.json', 2, []);
  writeFileSync(join(folder, 'steps'), 'passed\npassed\npassed\n');
  writeFileSync(join(folder, 'beside.log'), 'what a step\nhad to say\n');
  expect(counted()).toEqual({ code: 0, lines: ['45 passed, 0 failed'] });
});

it('names each failed test, and each file that could not run, with the beginning of what it said', () => {
  const says = `Expected: 1\n\n  Received: 2 ${'x'.repeat(500)}`;
  const failing = { status: 'failed', fullName: 'the sum of two', failureMessages: [says] };
  ran('unit.json', 1, [
    { name: resolve('test/sum.test.ts'), status: 'failed', message: '', assertionResults: [failing] },
    { name: resolve('test/odd.test.ts'), status: 'failed', message: 'Cannot find module', assertionResults: [] },
  ]);
  writeFileSync(join(folder, 'steps'), 'failed unit tests\n');
  const { code, lines } = counted();
  expect(code).toBe(1);
  expect(lines[0]).toMatch(/^ {2}✕ test\/sum\.test\.ts › the sum of two: Expected: 1 Received: 2 x{200,300}…$/);
  expect(lines.slice(1)).toEqual(['  ✕ test/odd.test.ts: Cannot find module', '1 passed, 3 failed']);
});

it('fails when nothing ran', () => {
  expect(counted()).toEqual({ code: 1, lines: ['0 passed, 0 failed'] });
});
