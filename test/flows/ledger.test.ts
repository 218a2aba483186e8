/**
 * Nothing acknowledged is lost: the built server is killed (SIGKILL) in the middle of more than 200 requests, again and again,
 * and after each start it is compared with a ledger kept outside of it. BELLWETHER_TEST_CRASH_ROUNDS asks for more rounds.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Fleet, Ledger, locationOf } from '../support/ledger.js';
import { SeededRandom } from '../support/random.js';

const ROUNDS = Number(process.env['BELLWETHER_TEST_CRASH_ROUNDS'] ?? '20');
const SEED = Number(process.env['BELLWETHER_TEST_SEED'] ?? Date.now() % 1_000_000);
const MAIN = new URL('../../dist/cli/main.js', import.meta.url).pathname;
const NEW = 150;
const UPDATES = 40;
const REMOVALS = 20;
const OPERATIONS = 20;
const TAGS = 10;
const ALL = NEW + UPDATES + REMOVALS + OPERATIONS + TAGS;

interface Running {
  readonly child: ChildProcess;
  readonly http: string;
  readonly port: number;
  readonly token: string;
}

const folder = mkdtempSync(join(tmpdir(), 'bellwether-ledger-'));
const ledger = new Ledger();
const random = new SeededRandom(SEED);
let fleet: Fleet;
let server: Running | undefined;

beforeAll(async () => {
  fleet = await Fleet.open(ALL);
});
afterAll(async () => {
  fleet.close();
  if (server !== undefined) await kill(server);
  for (const made of [folder, `${folder}.key`]) rmSync(made, { recursive: true, force: true });
});

it(
  `keeps what it acknowledged over ${ROUNDS} kills with ${ALL} requests in flight (seed ${SEED})`,
  async () => {
    expect(existsSync(MAIN)).toBe(true);
    server = await start();
    let acknowledged = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      acknowledged += await burst(server, round);
      await kill(server);
      fleet.forget();
      server = await start();
      expect(await differences(server)).toEqual([]);
    }
    process.stdout.write(
      `ledger: ${ROUNDS} kills, ${acknowledged} acknowledgements, ${ledger.devices.size} devices, seed ${SEED}\n`,
    );
    expect(acknowledged).toBeGreaterThan(ROUNDS);
  },
  60_000 + ROUNDS * 10_000,
);

/** Sends everything at once and returns, with the number of acknowledgements, when as many came as chance says. */
async function burst(running: Running, round: number): Promise<number> {
  const known = [...ledger.devices].filter(
    ([, { location, lifetimes }]) => location !== undefined && !lifetimes.has('none'),
  );
  const enough =
    1 + Math.floor(random.fraction() * (NEW + Math.min(known.length, UPDATES + REMOVALS + OPERATIONS + TAGS) - 1));
  let count = 0;
  let reached: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const acknowledge = (): void => {
    count += 1;
    if (count === enough) reached();
  };
  for (let index = 0; index < NEW; index += 1) register(running, `r${round}-${index}`, 1000 + index, acknowledge);
  const turn = known.splice(0).sort(() => random.fraction() - 0.5);
  for (const [endpoint, { location }] of turn.splice(0, UPDATES))
    update(running, endpoint, location as string, 5000 + round, acknowledge);
  for (const [endpoint, { location }] of turn.splice(0, REMOVALS))
    remove(running, endpoint, location as string, acknowledge);
  for (const [endpoint] of turn.splice(0, OPERATIONS)) order(running, endpoint, acknowledge);
  for (const [endpoint] of turn.splice(0, TAGS)) tag(running, endpoint, `round ${round}`, acknowledge);
  // A request may be refused, or lost: then fewer acknowledgements come than chance asked for.
  const late = setTimeout(reached, 5000);
  await done;
  clearTimeout(late);
  return count;
}

function register({ port }: Running, endpoint: string, lifetime: number, acknowledge: () => void): void {
  ledger.mayHave(endpoint, { lifetime });
  fleet.send(port, 'POST', ['rd'], [`ep=${endpoint}`, `lt=${lifetime}`, 'lwm2m=1.1', 'b=U'], '</1/0>', (answer) => {
    const location = locationOf(answer);
    if (location === undefined) return;
    ledger.has(endpoint, { lifetime, location });
    acknowledge();
  });
}

function update(
  { port }: Running,
  endpoint: string,
  location: string,
  lifetime: number,
  acknowledge: () => void,
): void {
  ledger.mayHave(endpoint, { lifetime });
  fleet.send(port, 'POST', ['rd', location], [`lt=${lifetime}`], '', (answer) => {
    if (answer[1] !== 0x44) return;
    ledger.has(endpoint, { lifetime });
    acknowledge();
  });
}

function remove({ port }: Running, endpoint: string, location: string, acknowledge: () => void): void {
  ledger.mayHave(endpoint, { lifetime: 'none' });
  fleet.send(port, 'DELETE', ['rd', location], [], '', (answer) => {
    if (answer[1] !== 0x42) return;
    ledger.has(endpoint, { lifetime: 'none' });
    acknowledge();
  });
}

function order(running: Running, endpoint: string, acknowledge: () => void): void {
  const body = { kind: 'read', path: '/1/0/1' };
  rest(running, 'POST', `/devices/${endpoint}/operations`, body, { prefer: 'wait=0' }).then(
    ({ status, content }) => {
      if (status !== 202) return;
      ledger.operations.add(String(content['id']));
      acknowledge();
    },
    () => undefined,
  );
}

function tag(running: Running, endpoint: string, value: string, acknowledge: () => void): void {
  ledger.mayHave(endpoint, { tag: value });
  rest(running, 'PATCH', `/devices/${endpoint}`, { tags: { round: value } }).then(
    ({ status }) => {
      if (status !== 200) return;
      ledger.has(endpoint, { tag: value });
      acknowledge();
    },
    () => undefined,
  );
}

/** What is not as the ledger allows, in words. What is found is what must be found from then on. */
async function differences(running: Running): Promise<string[]> {
  const wrong: string[] = [];
  const found = new Map<string, { lifetime: number | 'none'; tag: string | undefined }>();
  for (let cursor = ''; ;) {
    const { content } = await rest(running, 'GET', `/devices?limit=500${cursor}`);
    for (const device of content['items'] as {
      endpoint: string;
      tags: Record<string, string>;
      registration?: { lifetime: number };
    }[]) {
      found.set(device.endpoint, { lifetime: device.registration?.lifetime ?? 'none', tag: device.tags['round'] });
    }
    if (typeof content['next'] !== 'string') break;
    cursor = `&cursor=${encodeURIComponent(content['next'])}`;
  }
  for (const [endpoint, { lifetimes, tags }] of ledger.devices) {
    const { lifetime, tag: value } = found.get(endpoint) ?? { lifetime: 'none' as const, tag: undefined };
    if (!lifetimes.has(lifetime))
      wrong.push(`${endpoint}: lifetime ${lifetime}, allowed ${[...lifetimes].join(' or ')}`);
    if (!tags.has(value)) wrong.push(`${endpoint}: tag ${String(value)}, allowed ${[...tags].join(' or ')}`);
    ledger.has(endpoint, { lifetime, ...(value === undefined ? {} : { tag: value }) });
  }
  for (const id of ledger.operations) {
    const { status, content } = await rest(running, 'GET', `/operations/${id}`);
    if (status !== 200) wrong.push(`operation ${id}: ${status}`);
    else if (content['state'] === 'succeeded') wrong.push(`operation ${id} is reported done, and no device answered`);
  }
  ledger.operations.clear();
  return wrong;
}

async function start(): Promise<Running> {
  const tokenFile = join(folder, 'owner.token');
  const child = spawn(
    process.execPath,
    [
      MAIN,
      'serve',
      '--data',
      folder,
      '--http',
      '127.0.0.1:0',
      '--coap',
      '127.0.0.1:0',
      '--coaps',
      'none',
      '--coap-open',
      '--owner-token-file',
      tokenFile,
      '--log-level',
      'error',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const ready = /^ready http=(\S+) coap=coap:\/\/127\.0\.0\.1:(\d+)/.exec(line);
    if (ready === null) continue;
    return { child, http: ready[1] as string, port: Number(ready[2]), token: readFileSync(tokenFile, 'utf8').trim() };
  }
  throw new Error('the server ended before it was ready');
}

async function kill({ child }: Running): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function rest(
  running: Running,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; content: Record<string, unknown> }> {
  const response = await fetch(`${running.http}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${running.token}`, 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, content: (await response.json()) as Record<string, unknown> };
}
