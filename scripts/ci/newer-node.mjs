/**
 * Runs the unit tests on the newest release of a later LTS line; arguments go to jest. What is pure (bytes and time in, bytes
 * out, no module of Node) and what checks the sources is left to the other run: no release of Node changes it.
 */

import { execFileSync } from 'node:child_process';
import { foreground } from '../run/processes.mjs';

const LATER = 'node@24';
const npx = ['-y', '-p', LATER, 'node'];
const PURE = ['coap', 'conformance', 'dtls/codec', 'dtls/security', 'fleet', 'house', 'lwm2m', 'scripts', 'simulator'];
const version = execFileSync('npx', [...npx, '--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
console.log(`Node ${version.trim()}`);
process.exit(
  await foreground('npx', [
    ...npx,
    '--experimental-vm-modules',
    'node_modules/jest/bin/jest.js',
    ...PURE.flatMap((folder) => ['--testPathIgnorePatterns', `/test/${folder}/`]),
    ...['--testPathIgnorePatterns', '/test/interop/'],
    ...process.argv.slice(2),
  ]),
);
