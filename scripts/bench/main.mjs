/**
 * `npm run bench [-- --smoke] [--only NAME] [--devices N] [--profile FOLDER]`: what the server costs, as ratios to a raw UDP echo of the same run. CPU is that
 * of the server's process with all its threads; load and yardsticks are processes of their own, all on the loopback. A
 * run in which a request was dropped, answered otherwise or handled other than once is void, and fails. What needs no server
 * runs in this process, against what its rows name.
 */

import { associations } from './cases/associations.mjs';
import { formats } from './cases/formats.mjs';
import { handshake } from './cases/handshake.mjs';
import { hellos } from './cases/hellos.mjs';
import { idle, idleSecure } from './cases/idle.mjs';
import { liveRead } from './cases/live-read.mjs';
import { notification } from './cases/notification.mjs';
import { register } from './cases/register.mjs';
import { securePost } from './cases/secure-post.mjs';
import { secureUpdate } from './cases/secure-update.mjs';
import { send } from './cases/send.mjs';
import { FLAGS as SLEEPERS_FLAGS, sleepers } from './cases/sleepers.mjs';
import { refreshUpdate } from './cases/update.mjs';
import { startLoad, startServer, startYardstick } from './processes.mjs';

/** One row a case: its name, what runs it, what it needs beside itself (all, when it does not say), and how much of it in full and in the smoke run. */
const CASES = [
  {
    ...{ name: 'update', run: refreshUpdate },
    full: { devices: 2000, perDevice: 50, warmUp: 10 },
    smoke: { devices: 2000, perDevice: 3, warmUp: 3 },
  },
  {
    ...{ name: 'secure-update', run: secureUpdate },
    full: { devices: 2000, perDevice: 50, warmUp: 10 },
    smoke: { devices: 500, perDevice: 6, warmUp: 6 },
  },
  {
    ...{ name: 'secure-post', run: securePost, needs: ['load', 'echo'] },
    full: {
      ...{ devices: 1000, echoes: 50, requests: 50, warmUpRequests: 100, handshakes: 5, warmUpHandshakes: 10 },
    },
    smoke: { devices: 200, echoes: 10, requests: 10, warmUpRequests: 10, handshakes: 2, warmUpHandshakes: 2 },
  },
  {
    ...{ name: 'handshake', run: handshake, needs: ['load', 'echo'] },
    full: { clients: 100, rounds: 20, echoes: 50 },
    smoke: { clients: 20, rounds: 3, echoes: 5 },
  },
  {
    ...{ name: 'hellos', run: hellos, needs: [] },
    full: { rate: 20_000, seconds: 10, devices: 100 },
    smoke: { rate: 20_000, seconds: 1, devices: 100 },
  },
  {
    ...{ name: 'associations', run: associations, needs: [] },
    full: { devices: 4000, rounds: 7 },
    smoke: { devices: 400, rounds: 3 },
  },
  {
    ...{ name: 'register', run: register },
    full: { chunk: 4000, chunks: 5, warmUp: 5, rounds: 3, inFlight: 2000, commits: 200 },
    smoke: { chunk: 2000, chunks: 1, warmUp: 0, rounds: 3, inFlight: 2000, commits: 20 },
  },
  {
    ...{ name: 'notification', run: notification },
    full: { devices: 2000, perDevice: 15, warmUp: 5, inFlight: 2000 },
    smoke: { devices: 2000, perDevice: 2, warmUp: 1, inFlight: 2000 },
  },
  {
    ...{ name: 'send', run: send },
    full: { devices: 2000, perDevice: 15, warmUp: 15, inFlight: 2000 },
    smoke: { devices: 2000, perDevice: 2, warmUp: 1, inFlight: 2000 },
  },
  {
    ...{ name: 'live-read', run: liveRead },
    full: { devices: 2000, reads: 10_000, echoes: 50, warmUps: 3 },
    smoke: { devices: 2000, reads: 2000, echoes: 5, warmUps: 1 },
  },
  {
    ...{ name: 'sleepers', run: sleepers, flags: SLEEPERS_FLAGS },
    full: { devices: 100_000, warmUp: 5000, rate: 100_000 / 60, commits: 200 },
    smoke: { devices: 2000, warmUp: 500, rate: 500, commits: 20 },
  },
  {
    ...{ name: 'idle', run: idle },
    full: { devices: 100_000, waits: true, restarts: 3 },
    smoke: { devices: 2000, waits: false, restarts: 1 },
  },
  {
    ...{ name: 'secure-idle', run: idleSecure },
    full: { devices: 100_000, waits: true },
    smoke: { devices: 1000, waits: false },
  },
  {
    ...{ name: 'formats', run: formats, needs: [] },
    full: { rounds: 15, calls: 10_000 },
    smoke: { rounds: 3, calls: 2000 },
  },
];

/**
 * The arguments: --smoke, --only with the name of a case (may be given more than once), --devices with how many the chosen
 * cases get, --profile with a folder.
 */
function readArguments(args) {
  const chosen = new Set();
  let size = 'full';
  let profile;
  let devices;
  for (let at = 0; at < args.length; at += 1) {
    if (args[at] === '--smoke') size = 'smoke';
    else if (args[at] === '--only' && CASES.some(({ name }) => name === args[at + 1])) chosen.add(args[++at]);
    else if (args[at] === '--devices' && /^[1-9]\d{0,5}$/.test(args[at + 1] ?? '')) devices = Number(args[++at]);
    else if (args[at] === '--profile' && args[at + 1] !== undefined) profile = args[++at];
    else {
      console.error(
        `bench: ${args[at]}: allowed are --smoke, --profile FOLDER, --devices N (1 to 999999) and --only ${CASES.map(({ name }) => name).join('|')}`,
      );
      process.exit(2);
    }
  }
  const cases = CASES.filter(({ name }) => chosen.size === 0 || chosen.has(name));
  if (devices === undefined) return { size, profile, cases };
  const without = cases.filter((each) => each[size].devices === undefined).map(({ name }) => name);
  if (without.length > 0) {
    console.error(`bench: --devices: ${without.join(', ')} has no number of devices: choose others with --only`);
    process.exit(2);
  }
  return { size, profile, cases: cases.map((each) => ({ ...each, [size]: { ...each[size], devices } })) };
}

/** Prints a row of a case; one without a goal is there to be seen. */
function print({ title, unit, goal, ratio, ratios = [], cost, echoCost, retransmissions = 0, lines }) {
  const each = ratios.length > 1 ? ` (${ratios.map((one) => one.toFixed(2)).join(', ')})` : '';
  const judged = goal === undefined ? '' : `; goal ${shownGoal(goal)}: ${ratio <= goal ? 'met' : 'MISSED'}`;
  console.log(`${title}: ${ratio.toFixed(2)} ${unit}${each}${judged}`);
  if (cost !== undefined) console.log(`  ${cost.toFixed(1)} us CPU an operation, the echo ${echoCost.toFixed(1)} us`);
  for (const line of lines) console.log(`  ${line}`);
  if (retransmissions > 0) console.log(`  ${retransmissions} datagrams were sent again`);
}

const shownGoal = (goal) => (Number.isInteger(goal * 10) ? goal : goal.toFixed(2));

const { size, profile, cases } = readArguments(process.argv.slice(2));
/** What runs for the case of the moment. */
const opened = [];

/** Ends all that runs, the last first. */
async function stopAll() {
  for (const process of opened.splice(0).reverse()) await process.stop();
}

for (const name of ['SIGTERM', 'SIGINT']) process.once(name, () => stopAll().finally(() => process.exit(1)));

/** Runs a case and prints its rows. */
async function runCase({ run, flags, needs = ['load', 'echo', 'nodeCoap', 'server'], [size]: scale }) {
  const began = performance.now();
  const open = async (starting) => {
    const started = await starting;
    opened.push(started);
    return started;
  };
  const start = {
    load: startLoad,
    echo: () => startYardstick('echo'),
    nodeCoap: () => startYardstick('node-coap'),
    server: () => startServer({ flags, profile }),
  };
  const there = { open, profile, scale };
  for (const name of needs) there[name] = await open(start[name]());
  const rows = await run(there);
  rows.forEach(print);
  if (profile !== undefined && needs.length > 0)
    console.log(`  CPU profiles go to ${profile}: node scripts/bench/profile.mjs FILE`);
  console.log(`  (${((performance.now() - began) / 1000).toFixed(0)} s)`);
}

let failed = 0;
for (const each of cases) {
  try {
    await runCase(each);
  } catch (error) {
    failed += 1;
    console.log(`${each.name}: FAILED: ${error.message ?? error}`);
  }
  await stopAll();
}
process.exit(failed === 0 ? 0 : 1);
