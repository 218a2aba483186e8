/** Smoke test of the package: packed, installed into an empty folder, `npx bellwether --version` and `serve` work there. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, family, isAlive, launch, until } from './server.mjs';

const folder = mkdtempSync(join(tmpdir(), 'bellwether-pack-'));
const empty = join(folder, 'empty');
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

/** Runs npm or npx to its end; returns what it printed. */
function run(command, args, cwd) {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
}

try {
  const [packed] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', folder]));
  console.log(`${packed.filename}: ${packed.files.length} files, ${packed.size} bytes`);
  const paths = packed.files.map((file) => file.path);
  expect(paths.includes('dist/cli/main.js'), 'the package lacks dist/cli/main.js');
  expect(paths.includes('objects/3.xml') || paths.some((path) => path.startsWith('objects/')), 'it lacks objects/');
  const strays = paths.filter(
    (path) => !/^(dist|objects)\//.test(path) && !/^(package\.json|README\.md|LICENSE)$/.test(path),
  );
  expect(strays.length === 0, `the package holds what it should not: ${strays.join(', ')}`);

  mkdirSync(empty);
  run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', join(folder, packed.filename)], empty);
  const said = run('npx', ['--no-install', 'bellwether', '--version'], empty);
  expect(said === version, `npx bellwether --version said ${said}, not ${version}`);

  const serve = [
    '--no-install',
    'bellwether',
    'serve',
    '--data',
    'd',
    '--http',
    '127.0.0.1:0',
    '--coap',
    '127.0.0.1:0',
    '--coaps',
    '127.0.0.1:0',
  ];
  const { child, ready, ended } = launch('npx', serve, { cwd: empty });
  const { http } = await ready;
  const health = await fetch(`${http}/readyz`);
  expect(health.status === 200, `/readyz answered ${health.status}`);
  const processes = family(child.pid);
  process.kill(processes[processes.length - 1], 'SIGTERM');
  const end = await ended;
  expect(end.code === 0, `serve ended with code ${end.code}, signal ${end.signal}`);
  await until('no process left', 2000, async () => (processes.some(isAlive) ? undefined : true));
  console.log(`bellwether ${said} was installed, served and ended`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
