/** The processes of a benchmark: yardsticks, the server under test and the load. All end when the benchmark does. */

import { fork, spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readyLine } from '../run/start.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const PROGRAM = here('../../dist/cli/main.js');

/** How long a process may take to be ready or to end, in milliseconds. */
const PATIENCE = 120_000;

/** Resolves to the first answer that `found` gives about a line of a process. */
function line(child, name, found) {
  return new Promise((resolve, reject) => {
    let text = '';
    const late = setTimeout(() => reject(new Error(`${name} was not ready in ${PATIENCE / 1000} s`)), PATIENCE);
    child.stdout.setEncoding('utf8').on('data', (more) => {
      text += more;
      const lines = text.split('\n');
      text = lines.pop();
      for (const each of lines) {
        const answer = found(each);
        if (answer === undefined) continue;
        clearTimeout(late);
        resolve(answer);
      }
    });
    child.once('exit', (code) => {
      clearTimeout(late);
      reject(new Error(`${name} ended with code ${code} before it was ready`));
    });
  });
}

function ended(child) {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode);
    else child.once('exit', resolve);
  });
}

/** A server that prints `ready PORT` and ends when its input does: the raw echo, node-coap's bare server. */
export function startYardstick(name, profile) {
  const profiled = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  return startReady(name, process.execPath, [...profiled, here(`yardstick/${name}.mjs`)]);
}

/** Starts a program that prints `ready PORT` and ends when its input does. */
export async function startReady(name, command, args) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const port = await line(child, name, (text) => (text.startsWith('ready ') ? Number(text.slice(6)) : undefined));
  const stop = async () => {
    child.stdin.end();
    await ended(child);
  };
  return { pid: child.pid, port, stop };
}

/**
 * The server under test, as people run it, on any ports, its data in a temporary folder. `memory()` collects garbage twice
 * and gives process.memoryUsage() (probe.mjs is loaded beside it for that). `profile` names a folder for CPU profiles of its threads.
 */
export async function startServer({ flags = [], data, port = 0, profile } = {}) {
  const folder = data ?? mkdtempSync(join(tmpdir(), 'bellwether-bench-'));
  const tokenFile = join(folder, 'owner.token');
  const serve = [
    'serve',
    '--data',
    folder,
    '--http',
    '127.0.0.1:0',
    '--coap',
    `127.0.0.1:${port}`,
    '--coaps',
    '127.0.0.1:0',
    '--coap-open',
  ];
  const args = [
    ...(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]),
    '--expose-gc',
    '--import',
    here('probe.mjs'),
    PROGRAM,
    ...serve,
    '--owner-token-file',
    tokenFile,
    ...flags,
  ];
  const log = openSync(join(folder, 'server.log'), 'a');
  const began = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', log, 'ipc'] });
  const ready = await line(child, 'the server', readyLine).catch((error) => {
    throw new Error(
      `${error.message}: ${readFileSync(join(folder, 'server.log'), 'utf8').trim().split('\n').slice(-3).join(' ').slice(-500)}`,
    );
  });
  const token = readFileSync(tokenFile, 'utf8').trim();
  const memory = () =>
    new Promise((resolve) => {
      child.once('message', resolve);
      child.send('memory');
    });
  const end = async (signal) => {
    child.kill(signal);
    await ended(child);
  };
  return {
    ...{ pid: child.pid, http: ready.http, port: portOf(ready.coap[0]), token, folder, began },
    ...{ memory, end, securePort: portOf(ready.coaps[0]) },
    /** Ends it and removes its data. */
    stop: async () => {
      await end('SIGTERM');
      for (const made of [folder, `${folder}.key`]) rmSync(made, { recursive: true, force: true });
    },
  };
}

const portOf = (url) => Number(/:(\d+)$/.exec(url)[1]);

/** The load: `ask(kind, order)` resolves to its result. */
export async function startLoad() {
  const child = fork(here('load/main.mjs'), { stdio: 'inherit' });
  const waiting = new Map();
  let next = 1;
  await new Promise((resolve) => child.once('message', resolve));
  child.on('message', ({ id, result, error }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) resolve(result);
    else reject(new Error(error));
  });
  child.once('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`the load ended with code ${code}`));
  });
  const ask = (kind, order = {}) =>
    new Promise((resolve, reject) => {
      const id = next++;
      waiting.set(id, { resolve, reject });
      child.send({ id, kind, ...order });
    });
  const stop = async () => {
    child.disconnect();
    await ended(child);
  };
  return { pid: child.pid, ask, stop };
}
