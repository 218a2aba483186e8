/**
 * `node scripts/ci/count.mjs FOLDER`: sums jest's counts (*.json) and the file `steps` (a line `passed` or `failed …` each) of
 * a CI run, names each test that failed with the beginning of what it said, and prints `N passed, N failed`. Exit code 1 when
 * anything failed or nothing ran.
 */

import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** Failed tests that are named, and characters of what each said. */
const MOST_NAMED = 40;
const MOST_SAID = 300;

const folder = process.argv[2];
const said = [];
let passed = 0;
let failed = 0;
for (const name of readdirSync(folder)) {
  const text = readFileSync(join(folder, name), 'utf8');
  if (name.endsWith('.json')) {
    const counts = JSON.parse(text);
    passed += counts.numPassedTests;
    failed += counts.numFailedTests + counts.numRuntimeErrorTestSuites;
    for (const suite of counts.testResults) said.push(...failuresOf(suite));
  } else if (name === 'steps') {
    for (const line of text.trim().split('\n')) {
      if (line === 'passed') passed += 1;
      else failed += 1;
    }
  }
}
for (const line of said.slice(0, MOST_NAMED)) console.log(line);
if (said.length > MOST_NAMED) console.log(`… and ${said.length - MOST_NAMED} more`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

/** A line for each failed test of a file, or for the file itself when it could not run. */
function failuresOf({ assertionResults, message, name, status }) {
  const file = relative(process.cwd(), name);
  const failures = assertionResults.filter((result) => result.status === 'failed');
  if (failures.length === 0) return status === 'failed' ? [`  ✕ ${file}: ${beginning(message)}`] : [];
  return failures.map(({ failureMessages, fullName }) => `  ✕ ${file} › ${fullName}: ${beginning(failureMessages[0])}`);
}

function beginning(text) {
  const words = stripVTControlCharacters(text ?? '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return words.length > MOST_SAID ? `${words.slice(0, MOST_SAID)}…` : words;
}
