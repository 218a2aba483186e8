/**
 * `node scripts/fuzz.mjs [--seconds N] [--target NAME] [--seed N] [--iteration N]`: runs the fuzz tests in test/fuzz for
 * longer than a plain test run does. Without --target every one of them; without --seed a fresh seed, which is printed.
 * --iteration plays one iteration of a seed again, as a failure's message says.
 */

import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const SUFFIX = '.test.ts';

/** Ends with a sentence and exit code 2. */
function refuse(sentence) {
  console.error(`fuzz: ${sentence}`);
  process.exit(2);
}

function readArguments() {
  try {
    const text = { type: 'string' };
    return parseArgs({ options: { seconds: text, target: text, seed: text, iteration: text } }).values;
  } catch (error) {
    return refuse(error.message);
  }
}

function wholeNumber(name, text, least) {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least)
    refuse(`--${name} ${text}: a whole number from ${least} is expected`);
  return value;
}

const { seconds = '60', target, seed = String(Date.now() % 1_000_000_000), iteration } = readArguments();
const targets = readdirSync(`${root}test/fuzz`)
  .filter((name) => name.endsWith(SUFFIX))
  .map((name) => name.slice(0, -SUFFIX.length));
if (target !== undefined && !targets.includes(target)) refuse(`--target ${target}: there are ${targets.join(', ')}`);
const jest = `${root}node_modules/jest/bin/jest.js`;
if (!existsSync(jest)) refuse('jest is not installed: run `npm ci` first');

const environment = {
  ...process.env,
  BELLWETHER_FUZZ_SECONDS: String(wholeNumber('seconds', seconds, 1)),
  BELLWETHER_FUZZ_SEED: String(wholeNumber('seed', seed, 0)),
};
if (iteration !== undefined) environment.BELLWETHER_FUZZ_ITERATION = String(wholeNumber('iteration', iteration, 0));
console.log(`fuzz: ${target ?? targets.join(', ')}; ${seconds} s each, seed ${seed}`);

const files = (target === undefined ? targets : [target]).map((name) => `test/fuzz/${name}${SUFFIX}`);
const child = spawn(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    jest,
    '--runInBand',
    '--runTestsByPath',
    ...files,
  ],
  { cwd: root, env: environment, stdio: 'inherit' },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
