/**
 * `npm run bench [-- --smoke] [--only NAME]`: what the server costs, as ratios to a raw UDP echo of the same run. CPU is that
 * of the server's process with all its threads; load and yardsticks are processes of their own, all on the loopback. A
 * run in which a request was dropped, answered otherwise or handled other than once is void, and fails.
 */

import { register } from './cases/register.mjs';
import { refreshUpdate } from './cases/update.mjs';
import { startLoad, startServer, startYardstick } from './processes.mjs';

/** One row a case: what is measured, the goal, and how much of it, in full and in the smoke run. */
const CASES = [
  {
    name: 'update',
    title: 'refresh Update',
    goal: 2.0,
    run: refreshUpdate,
    full: { devices: 2000, perDevice: 50, warmUp: 10 },
    smoke: { devices: 2000, perDevice: 3, warmUp: 3 },
  },
  {
    name: 'register',
    title: 'Register of a new device, durable, 2,000 in flight',
    goal: 5.0,
    run: register,
    full: { registrations: 5000, inFlight: 2000, warmUp: 3000, commits: 200 },
    smoke: { registrations: 2000, inFlight: 2000, warmUp: 500, commits: 20 },
  },
];

/** The arguments: --smoke, and --only with the name of a case (may be given more than once). */
function readArguments(args) {
  const chosen = new Set();
  let size = 'full';
  for (let at = 0; at < args.length; at += 1) {
    if (args[at] === '--smoke') size = 'smoke';
    else if (args[at] === '--only' && CASES.some(({ name }) => name === args[at + 1])) chosen.add(args[++at]);
    else {
      console.error(`bench: ${args[at]}: allowed are --smoke and --only ${CASES.map(({ name }) => name).join('|')}`);
      process.exit(2);
    }
  }
  return { size, cases: CASES.filter(({ name }) => chosen.size === 0 || chosen.has(name)) };
}

/** Prints what a case came to. */
function print({ title, goal }, result, seconds) {
  const each = result.ratios.map((ratio) => ratio.toFixed(2)).join(', ');
  const verdict = result.ratio <= goal ? 'met' : 'MISSED';
  console.log(`${title}: ${result.ratio.toFixed(2)} x echo (${each}); goal ${goal.toFixed(1)}: ${verdict}`);
  console.log(`  ${result.cost.toFixed(1)} us CPU an operation, the echo ${result.echoCost.toFixed(1)} us`);
  console.log(`  ${result.beside}`);
  if (result.retransmissions > 0) console.log(`  ${result.retransmissions} datagrams were sent again`);
  console.log(`  (${seconds.toFixed(0)} s)`);
}

const { size, cases } = readArguments(process.argv.slice(2));
let failed = 0;
for (const each of cases) {
  const opened = [];
  const began = performance.now();
  try {
    const load = await startLoad();
    opened.push(load);
    const echo = await startYardstick('echo');
    opened.push(echo);
    const nodeCoap = await startYardstick('node-coap');
    opened.push(nodeCoap);
    const server = await startServer();
    opened.push(server);
    const result = await each.run({ load, echo, nodeCoap, server, scale: each[size] });
    print(each, result, (performance.now() - began) / 1000);
  } catch (error) {
    failed += 1;
    console.log(`${each.title}: FAILED: ${error.stack ?? error}`);
  }
  for (const process of opened.reverse()) await process.stop();
}
process.exit(failed === 0 ? 0 : 1);
