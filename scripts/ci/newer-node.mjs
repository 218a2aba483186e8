/** Runs the unit tests on the newest release of a later LTS line; arguments go to jest. */

import { execFileSync } from 'node:child_process';
import { foreground } from '../run/processes.mjs';

const LATER = 'node@24';
const npx = ['-y', '-p', LATER, 'node'];
const version = execFileSync('npx', [...npx, '--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
console.log(`Node ${version.trim()}`);
process.exit(
  await foreground('npx', [
    ...npx,
    '--experimental-vm-modules',
    'node_modules/jest/bin/jest.js',
    ...process.argv.slice(2),
  ]),
);
