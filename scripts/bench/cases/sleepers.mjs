/**
 * Devices in queue mode that sleep with one queued write each and all wake within a minute. How long after its Update the
 * last of them gets its write (which is committed as sent before it leaves), to the 99th percentile of a bare commit of
 * 200 rows on the same disk; and what the server holds in memory meanwhile and afterwards, to what it held before.
 */

import { bareCommit } from '../bare-commit.mjs';
import { cpuMicroseconds, residentBytes } from '../cpu.mjs';
import { crowdName } from '../load/crowd.mjs';
import { readMetrics, rise } from '../metrics.mjs';
import { median } from '../ratio.mjs';
import { restCaller } from '../rest.mjs';

/** Seconds a device listens after a message; the devices of the case are asleep this long after the last has registered. */
const AWAKE_WINDOW = 10;
/** The server's settings of this case. */
export const FLAGS = ['--awake-window', String(AWAKE_WINDOW), '--read-after-registration', '/3/0/0'];
/** What the server asks after a registration: the manufacturer. */
const QUESTIONS = 1;
const PATH = '/3303/0/5750';
const CONNECTIONS = 64;
/** Milliseconds a device listens after its write: beyond the first retransmission (RFC 7252 §4.8: 2 to 3 s). */
const LISTENS = 3500;
/** How many operations are looked at one by one when all is over. */
const SAMPLES = 200;
const MEBIBYTE = 1024 * 1024;

const SENT = 'bellwether_fleet_requests_total';
const FINISHED = 'bellwether_fleet_operations_finished_total';
/** What a device answers to a write that was sent again, when its first answer came all the same. */
const ANSWERED_AGAIN = 'bellwether_coap_dropped_unknown_ack_total';
const UNFINISHED = 'bellwether_fleet_operations_unfinished';

const wait = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));
const mebibytes = (bytes) => (bytes / MEBIBYTE).toFixed(0);

/**
 * Runs the case; `scale` has the number of devices, how many more wake before them to warm the server up, how many wake a
 * second, and how many bare commits are timed.
 */
export async function sleepers({ load, server, scale }) {
  const { devices, warmUp, rate, commits } = scale;
  const seconds = devices / rate;
  const all = warmUp + devices;
  const crowd = { port: server.port, from: 0, to: all, observedEach: 0, questions: QUESTIONS, mode: 'queue' };
  await load.ask('crowd', crowd);
  await wait(AWAKE_WINDOW + 1);
  await queueWrites(server, all);
  // Before the server is warmed up, for the collections that go with it throw away what is compiled.
  const asleep = await memory(server);
  const waking = { port: server.port, path: PATH, listens: LISTENS };
  await load.ask('crowdWakes', { ...waking, from: 0, to: warmUp, seconds: warmUp / rate });

  const bare = [await bareCommit(commits), await bareCommit(commits)];
  const before = { metrics: await readMetrics(server), cpu: cpuMicroseconds(server.pid) };
  const watch = watchResident(server);
  const woken = await load.ask('crowdWakes', { ...waking, from: warmUp, to: all, seconds }).finally(watch.stop);
  const peak = watch.most();
  const cpu = (cpuMicroseconds(server.pid) - before.cpu) / devices;
  const after = { memory: await memory(server), metrics: await readMetrics(server) };
  const wrong = faultsOf(woken, before.metrics, after.metrics, devices);
  if (wrong.length > 0) throw new Error(`void: ${wrong.join('; ')}`);
  await allSucceeded(server, all);
  bare.push(await bareCommit(commits));

  const title = `${devices} sleeping devices with a queued write each, all waking within ${seconds.toFixed(0)} s`;
  return [waits(title, { woken, bare, cpu }), ...held(title, asleep, after.memory, peak)];
}

/** The row of the longest wait for a write. */
function waits(title, { woken, bare, cpu }) {
  const { p50, p99, p999, longest, late, repeated, retransmissions } = woken;
  const commit = median(bare);
  return {
    ...{ title: `${title}: the longest wait of a write`, unit: 'x commit', goal: 3, ratio: longest / commit },
    retransmissions: repeated + retransmissions,
    lines: [
      `from the Update to its write: p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, p99.9 ${p999.toFixed(1)}, longest ${longest.toFixed(1)} ms`,
      `p99 of the bare commit: ${bare.map((one) => one.toFixed(1)).join(', ')} ms; the load itself was late by up to ${late.toFixed(1)} ms`,
      `p99 of the writes ${(p99 / commit).toFixed(2)} x commit; ${cpu.toFixed(0)} us CPU of the server each`,
    ],
  };
}

/** The rows of what is held. */
function held(title, before, after, peak) {
  const row = (what, goal, from, to) => ({
    ...{ title: `${title}: ${what}`, unit: 'x before', goal, ratio: to / from },
    lines: [`${mebibytes(from)} MiB before, ${mebibytes(to)} MiB after`],
  });
  const resident = row('resident memory', 1.25, before.resident, after.resident);
  resident.lines.push(`at most ${mebibytes(peak)} MiB meanwhile`);
  return [row('heap and buffers', 1.1, before.held, after.held), resident];
}

/** Orders one write of each device, over REST; none may leave. */
async function queueWrites(server, devices) {
  const before = await readMetrics(server);
  const rest = restCaller(server, CONNECTIONS);
  const order = (index) => ({ kind: 'write', path: PATH, mode: 'replace', value: `site ${index}` });
  await rest.all(devices, (index) => ['POST', `/devices/${crowdName(index)}/operations`, order(index)], [202]);
  rest.close();
  const after = await readMetrics(server);
  const waiting = after.get(UNFINISHED);
  if (waiting !== devices) throw new Error(`void: ${waiting} writes wait, not ${devices}`);
  const sent = rise(before, after, SENT);
  if (sent > 0) throw new Error(`void: ${sent} requests were sent to devices that sleep`);
}

/** What a server holds, in bytes: in its heap and buffers after two collections, and resident. */
async function memory(server) {
  const { heapUsed, external } = await server.memory();
  return { held: heapUsed + external, resident: residentBytes(server.pid) };
}

/** Looks at the server's resident memory four times a second until `stop()`; `most()` gives the most that was seen, in bytes. */
function watchResident({ pid }) {
  let most = 0;
  const timer = setInterval(() => (most = Math.max(most, residentBytes(pid))), 250);
  return { stop: () => clearInterval(timer), most: () => most };
}

/** Why the waking does not count: a sentence each. */
function faultsOf(woken, before, after, devices) {
  const found = [];
  const expect = (what, count, wanted) => {
    if (count !== wanted) found.push(`${what}: ${count}, not ${wanted}`);
  };
  expect('devices that got their write', woken.written, devices);
  expect('writes beyond the first', woken.more, 0);
  expect('writes before the answer to the Update', woken.early, 0);
  expect('other requests', woken.other, 0);
  expect('Updates refused', woken.refused, 0);
  expect(SENT, rise(before, after, SENT), devices);
  expect(FINISHED, rise(before, after, FINISHED), devices);
  expect(UNFINISHED, after.get(UNFINISHED), 0);
  for (const name of after.keys())
    if (name.includes('dropped') && name !== ANSWERED_AGAIN) expect(name, rise(before, after, name), 0);
  return found;
}

/** Throws unless the one operation of each device looked at has succeeded. */
async function allSucceeded(server, devices) {
  const rest = restCaller(server, 8);
  const step = Math.max(1, Math.floor(devices / SAMPLES));
  for (let index = 0; index < devices; index += step) {
    const { status, text } = await rest.call('GET', `/devices/${crowdName(index)}/operations`);
    const states = status === 200 ? JSON.parse(text).items.map(({ state }) => state) : [];
    if (states.join() !== 'succeeded') throw new Error(`void: ${crowdName(index)}: ${status} ${text.slice(0, 300)}`);
  }
  rest.close();
}
