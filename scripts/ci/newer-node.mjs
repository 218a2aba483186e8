/**
 * Runs the unit tests that touch Node (sockets, files, processes' threads, cryptography, HTTP) on the newest release of a
 * later LTS line, and some of a whole server; arguments go to jest. What is pure is left to the other run: no release of
 * Node changes it.
 */

import { execFileSync } from 'node:child_process';
import { foreground } from '../run/processes.mjs';

const LATER = 'node@24';
const npx = ['-y', '-p', LATER, 'node'];
const TOUCHING = [
  ...['base', 'dtls/crypto', 'southbound', 'transport', 'trust/x509', 'vault'],
  ...['northbound/rest', 'northbound/http-server', 'store/crash', 'store/migrations', 'store/replay'],
  ...['flows/registration', 'flows/restart', 'flows/secure', 'flows/sessions'],
];
const version = execFileSync('npx', [...npx, '--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
console.log(`Node ${version.trim()}`);
process.exit(
  await foreground('npx', [
    ...npx,
    '--experimental-vm-modules',
    'node_modules/jest/bin/jest.js',
    ...process.argv.slice(2),
    ...TOUCHING.map((name) => `test/${name}`),
  ]),
);
