/**
 * `npm start` as a process: a small house in a temporary folder with the real scripts and a stand-in for the program, so that
 * what npm, the script and its two children do about signals, flags and failures is seen without a server.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

interface Server {
  family(pid: number): number[];
  isAlive(pid: number): boolean;
}

let house = '';
let server: Server;
const started: ChildProcess[] = [];

/** Stands for dist/cli/main.js: `serve` answers the list of devices, `simulate` waits; both note that they were told to end. */
const STAND_IN = `
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
const [, , command, ...flags] = process.argv;
const note = (text) => appendFileSync('notes', command + ' ' + text + '\\n');
note('flags ' + flags.join(' '));
process.on('SIGTERM', () => { note('told'); if (!flags.includes('--stubborn')) process.exit(0); });
if (flags.includes('--taken')) { console.error('error: 127.0.0.1:8080 is taken: choose another with --http'); process.exit(1); }
if (command === 'simulate') {
  console.log('5 of 5 devices are registered at 127.0.0.1:5999');
  setInterval(() => undefined, 1000);
} else {
  const items = [1, 2, 3, 4, 5].map((number) => ({ endpoint: 'sim-' + number }));
  const http = createServer((_request, response) => response.end(JSON.stringify({ items })));
  http.listen(0, '127.0.0.1', () => {
    console.log('ready http=http://127.0.0.1:' + http.address().port + ' coap=coap://127.0.0.1:5999');
  });
}
if (flags.includes('--falls')) setTimeout(() => process.exit(7), 300);
`;

beforeAll(async () => {
  server = (await import(pathToFileURL(resolve('scripts/ci/server.mjs')).href)) as Server;
  house = await mkdtemp(join(tmpdir(), 'bellwether-start-'));
  await cp(resolve('scripts/run.mjs'), join(house, 'scripts/run.mjs'));
  await cp(resolve('scripts/run'), join(house, 'scripts/run'), { recursive: true });
  for (const folder of ['src', 'dist/cli', 'data', 'node_modules'])
    await mkdir(join(house, folder), { recursive: true });
  const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as { scripts: unknown };
  const files = {
    'package.json': JSON.stringify({ name: 'house', type: 'module', scripts }),
    'package-lock.json': '{}',
    'tsconfig.json': '{}',
    'dist/cli/main.js': STAND_IN,
    'data/owner.token': 'secret\n',
    'node_modules/.package-lock.json': '{}',
    'dist/.built': '',
  };
  for (const [path, text] of Object.entries(files)) await writeFile(join(house, path), text);
  const later = new Date(Date.now() + 60_000);
  for (const stamp of ['node_modules/.package-lock.json', 'dist/.built'])
    await utimes(join(house, stamp), later, later);
});

afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.pid !== undefined) for (const pid of server.family(child.pid).reverse()) process.kill(pid, 'SIGKILL');
  }
  await rm(join(house, 'notes'), { force: true });
});

afterAll(async () => {
  await rm(house, { recursive: true, force: true });
});

/** Runs a command in the house: its output as it grows, and how it ended. */
function launch(command: string, args: readonly string[]) {
  const child = spawn(command, args, { cwd: house, stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  const run = { child, output: '', ended: Promise.resolve<number | null>(null) };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (run.output += text));
  }
  run.ended = new Promise((done) =>
    child.once('close', (code) => {
      started.splice(started.indexOf(child), 1);
      done(code);
    }),
  );
  return run;
}

const notes = async (): Promise<string[]> => {
  const text = await readFile(join(house, 'notes'), 'utf8').catch(() => '');
  return text.trim().split('\n');
};

/** Asks again until it is so; fails after 10 s. */
async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await isSo()) return;
    await new Promise((done) => setTimeout(done, 20));
  }
  throw new Error(`not within 10 s: ${what}`);
}

/** Waits until a person was greeted and the devices run. */
async function welcomed(run: { readonly output: string }): Promise<void> {
  await until('welcome', () => run.output.includes('Ctrl-C ends'));
  await until('devices', async () => (await notes()).some((note) => note.startsWith('simulate flags')));
}

describe('npm start', () => {
  it.each([
    ['npm', ['start', '--', '--http', '127.0.0.1:0'], 'SIGTERM'],
    ['npm', ['start', '--', '--http', '127.0.0.1:0'], 'SIGINT'],
    ['node', ['scripts/run.mjs', 'start', '--http', '127.0.0.1:0'], 'SIGTERM'],
    ['node', ['scripts/run.mjs', 'start', '--http', '127.0.0.1:0'], 'SIGINT'],
  ] as const)('run by %s %j ends by %s with exit code 0, and leaves no process', async (command, args, signal) => {
    const run = launch(command, args);
    await welcomed(run);
    const processes = server.family(run.child.pid ?? 0);
    expect(processes.length).toBeGreaterThanOrEqual(command === 'npm' ? 4 : 3);
    run.child.kill(signal);
    expect(await run.ended).toBe(0);
    await until('no process is left', () => !processes.some((pid) => server.isAlive(pid)));
    expect((await notes()).filter((note) => note.endsWith('told')).sort()).toEqual(['serve told', 'simulate told']);
  });

  it('starts five devices against the address of the ready line, and says what to try', async () => {
    const run = launch('node', ['scripts/run.mjs', 'start', '--coap', '127.0.0.1:0', '--coaps', '127.0.0.1:0']);
    await welcomed(run);
    expect(await notes()).toEqual([
      'serve flags --data ./data --http 127.0.0.1:8080 --owner-token-file ./data/owner.token --coap 127.0.0.1:0 --coaps 127.0.0.1:0',
      'simulate flags --server coap://127.0.0.1:5999 --count 5',
    ]);
    expect(run.output).toContain('devices: 5 of 5 devices are registered at 127.0.0.1:5999');
    expect(run.output).toContain('/devices/sim-1/resources/3/0/0?live=true');
    expect(run.output).toContain('CoAP    coap://127.0.0.1:5999');
    expect(run.output).toContain('plain CoAP is for known names without credentials only');
    expect(run.output).toContain('Token   ./data/owner.token');
    expect(run.output.match(/^ {2}curl /gm)).toHaveLength(3);
    run.child.kill('SIGTERM');
    expect(await run.ended).toBe(0);
  });

  it('ends with the exit code of a server that cannot start, and its one sentence', async () => {
    const run = launch('npm', ['start', '--silent', '--', '--taken']);
    expect(await run.ended).toBe(1);
    expect(run.output).toContain('error: 127.0.0.1:8080 is taken: choose another with --http');
    expect(run.output).not.toContain('    at ');
    expect(await notes()).toHaveLength(1);
  });

  it('makes the folder of the token file, and says in a sentence when it cannot', async () => {
    const run = launch('node', ['scripts/run.mjs', 'start', '--owner-token-file', './elsewhere/deep/owner.token']);
    await welcomed(run);
    expect((await stat(join(house, 'elsewhere/deep'))).mode & 0o777).toBe(0o700);
    run.child.kill('SIGTERM');
    expect(await run.ended).toBe(0);
    const failed = launch('node', ['scripts/run.mjs', 'start', '--owner-token-file', './package.json/owner.token']);
    expect(await failed.ended).toBe(1);
    expect(failed.output).toMatch(
      /^bellwether: the folder \S+package\.json of the owner token cannot be made: [^\n]*\n$/,
    );
  });

  it('ends the devices when the server ends by itself', async () => {
    const run = launch('node', ['scripts/run.mjs', 'start', '--falls']);
    expect(await run.ended).toBe(7);
    expect(await notes()).toContain('simulate told');
  });

  it('tells the server a second time when it is told a second time', async () => {
    const run = launch('node', ['scripts/run.mjs', 'start', '--stubborn']);
    await welcomed(run);
    run.child.kill('SIGTERM');
    await until('told twice', async () => {
      run.child.kill('SIGTERM');
      return (await notes()).filter((note) => note === 'serve told').length >= 2;
    });
  });
});
