/**
 * `node scripts/ci/count.mjs FOLDER`: sums jest's counts (*.json) and the steps (a line `passed` or `failed …` each) of a CI
 * run, and prints `N passed, N failed`. Exit code 1 when anything failed or nothing ran.
 */

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2];
let passed = 0;
let failed = 0;
for (const name of readdirSync(folder)) {
  const text = readFileSync(join(folder, name), 'utf8');
  if (name.endsWith('.json')) {
    const counts = JSON.parse(text);
    passed += counts.numPassedTests;
    failed += counts.numFailedTests + counts.numRuntimeErrorTestSuites;
  } else {
    for (const line of text.trim().split('\n')) {
      if (line === 'passed') passed += 1;
      else failed += 1;
    }
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
