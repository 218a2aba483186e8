/**
 * Smoke test of `npm start`: any ports, ready, five devices listed by REST that came over DTLS, one read live; SIGTERM to npm ends it with exit
 * code 0 and leaves no process. The command line that was built can be executed. A second start says how long it took.
 */

import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask, expect, family, isAlive, launch, until } from './server.mjs';

const folder = mkdtempSync(join(tmpdir(), 'bellwether-start-'));
const tokenFile = join(folder, 'owner.token');
const flags = [
  '--data',
  folder,
  '--http',
  '127.0.0.1:0',
  '--coap',
  '127.0.0.1:0',
  '--coaps',
  '127.0.0.1:0',
  '--owner-token-file',
  tokenFile,
];

async function once() {
  const began = performance.now();
  const { child, ready, ended } = launch('npm', ['start', '--', ...flags]);
  const { http } = await ready;
  const took = performance.now() - began;
  const token = readFileSync(tokenFile, 'utf8').trim();
  const devices = await until('five registered devices', 30_000, async () => {
    const list = await ask(http, '/devices?filter=presence==online', token);
    return list?.items.length >= 5 ? list.items : undefined;
  });
  const name = devices[0].endpoint;
  expect(devices[0].secured === true, `${name} came without proving who it is: ${JSON.stringify(devices[0])}`);
  const node = await ask(http, `/devices/${encodeURIComponent(name)}/resources/3/0/0?live=true`, token);
  expect(
    typeof node?.value === 'string',
    `the manufacturer of ${name} could not be read live: ${JSON.stringify(node)}`,
  );
  const processes = family(child.pid);
  expect(
    processes.length >= 4,
    `npm, script, server and devices were expected, there are ${processes.length} processes`,
  );
  child.kill('SIGTERM');
  const end = await ended;
  expect(end.code === 0, `npm start ended with code ${end.code}, signal ${end.signal}`);
  await until('no process left', 2000, async () => (processes.some(isAlive) ? undefined : true));
  return took;
}

try {
  const first = await once();
  accessSync(new URL('../../dist/cli/main.js', import.meta.url), constants.X_OK);
  const second = await once();
  console.log(`npm start: ready after ${(first / 1000).toFixed(1)} s, the second time ${(second / 1000).toFixed(1)} s`);
} finally {
  for (const made of [folder, `${folder}.key`]) rmSync(made, { recursive: true, force: true });
}
process.exit(0);
