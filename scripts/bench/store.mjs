/**
 * What a durable change costs: CPU of all threads for each Register and each notification with 2,000 commits in flight,
 * their folding included, and the latency of a commit beside that of a bare 200-row synced commit on the same disk. Run it
 * after a build: `node scripts/bench/store.mjs [folder] [changes]`.
 */

import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { silentLogger, systemClock, systemRandom } from '../../dist/base/index.js';
import { openStore } from '../../dist/store/index.js';

const IN_FLIGHT = 2000;
const CHANGES = Number(process.argv[3] ?? 100_000);
const folder = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'bellwether-bench-'));
const limits = {
  ...{ queueBytes: 64 * 1024 * 1024, operationDays: 30, operationsPerDevice: 1000 },
  ...{ events: 10_000, valueBytes: 65_536 },
};
const options = { limits, clock: systemClock, random: systemRandom, logger: silentLogger };
const EPOCH = Date.now();

const deviceId = (number) =>
  (EPOCH + Math.floor(number / 10)).toString(16).padStart(12, '0') + number.toString(16).padStart(20, '0');
const objects = (number) =>
  '</>;rt="oma.lwm2m";ct="60 110 112 11542",</1/0>,</3/0>,' +
  Array.from({ length: 6 + (number % 13) }, (_, index) => `</33${index + 10}/${number % 4}>`).join(',');
const LISTS = Array.from({ length: 50 }, (_, number) => objects(number));

function device(number) {
  return {
    id: deviceId(number),
    endpoint: `urn:imei:${String(number).padStart(15, '0')}`,
    firstSeen: EPOCH,
    lastSeen: EPOCH,
    tags: {},
    registration: {
      ...{
        location: number.toString(36).padStart(10, 'A'),
        lwm2m: '1.1',
        lifetime: 300,
        binding: 'U',
        queueMode: false,
      },
      objects: LISTS[number % 50],
      address: { listener: 0, address: '127.0.0.1', port: 1024 + (number % 60_000) },
      ...{ registeredAt: EPOCH, updatedAt: EPOCH },
    },
    observations: [],
  };
}

function register(store, number) {
  const record = device(number);
  return {
    ...{ aggregate: 'device', id: record.id, expected: 0, record, fence: store.fence },
    actor: { kind: 'device', id: record.id },
    events: [{ type: 'device.registered', at: EPOCH, device: record.id, endpoint: record.endpoint, data: {} }],
  };
}

function notification(store, number) {
  const device = deviceId(number % IN_FLIGHT);
  const value = (resource) => ({
    ...{ type: 'float', value: 20 + ((number * resource) % 100) / 8, receivedAt: EPOCH + number, source: 'notify' },
  });
  const resources = { 5601: value(5601), 5602: value(5602), 5700: value(5700) };
  return {
    ...{ aggregate: 'values', values: { device, object: 3303, instance: 0, resources }, fence: store.fence },
    actor: { kind: 'device', id: device },
    events: [{ type: 'value.received', at: EPOCH + number, device, endpoint: 'urn:imei', data: { path: '/3303/0' } }],
  };
}

function written() {
  return Number(/^write_bytes: (\d+)/m.exec(readFileSync('/proc/self/io', 'latin1'))?.[1] ?? 0);
}

function quantile(times, part) {
  return times.toSorted((left, right) => left - right)[Math.floor(times.length * part)];
}

async function underLoad(commit, make) {
  const times = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (next < CHANGES) {
        const change = make(next++);
        const began = performance.now();
        await commit(change);
        times.push(performance.now() - began);
      }
    }),
  );
  return times;
}

/** Takes changes and answers in groups, like a store that remembers nothing: what the load itself costs. */
function forgetful() {
  let waiting = [];
  let timer;
  return (change) =>
    new Promise((resolve) => {
      waiting.push({ change, resolve });
      timer ??= setTimeout(() => {
        timer = undefined;
        const group = waiting;
        waiting = [];
        for (const one of group) one.resolve();
      }, 20);
    });
}

/** CPU of each thread in microseconds. */
function threads() {
  return new Map(
    readdirSync('/proc/self/task').map((thread) => [
      thread,
      Number(readFileSync(`/proc/self/task/${thread}/schedstat`, 'latin1').split(' ')[0]) / 1000,
    ]),
  );
}

/** CPU since `before` by kind of thread: this one, the two busiest others, the rest (collector, compiler). */
function byThread(before) {
  const spent = [...threads()].map(([thread, time]) => [thread, time - (before.get(thread) ?? 0)]);
  const main = spent.find(([thread]) => Number(thread) === process.pid)?.[1] ?? 0;
  const others = spent.filter(([thread]) => Number(thread) !== process.pid).map(([, time]) => time);
  others.sort((left, right) => right - left);
  return [main, others[0] ?? 0, others.slice(1).reduce((sum, time) => sum + time, 0)];
}

async function measured(name, make) {
  const load = threads();
  await underLoad(forgetful(), make);
  const making = byThread(load);
  const before = threads();
  const bytes = written();
  const start = performance.now();
  const times = await underLoad((change) => store.commit(change), make);
  const seconds = (performance.now() - start) / 1000;
  await folded();
  const [main, writer, rest] = byThread(before);
  const each = (time) => (time / CHANGES).toFixed(1);
  const total = making.reduce((sum, time) => sum - time, main + writer + rest);
  const p99 = quantile(times, 0.99);
  console.log(
    `${name.padEnd(22)} ${each(total)} us CPU a change: main ${each(main - making[0])} (+${each(making[0])} load), ` +
      `writer ${each(writer)}, others ${each(rest - making[1] - making[2])}; ` +
      `${Math.round(CHANGES / seconds)}/s, p50 ${quantile(times, 0.5).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms ` +
      `(${(p99 / bare.p99).toFixed(2)} x bare), ${Math.round((written() - bytes) / CHANGES)} bytes written a change`,
  );
}

async function folded() {
  while (store.status().gauges.unfoldedBytes > 0) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Latency of a synced commit of 200 rows of 900 bytes, appended to a plain table. */
function bareCommits() {
  const file = join(folder, 'bare.db');
  const database = new DatabaseSync(file);
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE row (id INTEGER PRIMARY KEY, body)',
  );
  const insert = database.prepare('INSERT INTO row (body) VALUES (?)');
  const body = Buffer.alloc(900, 65);
  const times = [];
  for (let round = 0; round < 300; round += 1) {
    const began = performance.now();
    database.exec('BEGIN');
    for (let row = 0; row < 200; row += 1) insert.run(body);
    database.exec('COMMIT');
    times.push(performance.now() - began);
  }
  database.close();
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}

const bare = bareCommits();
console.log(`${'bare 200-row commit'.padEnd(24)} p50 ${bare.p50.toFixed(1)} ms, p99 ${bare.p99.toFixed(1)} ms`);
let store = await openStore(folder, options);
const batches = store.load({ kind: 'all' }, EPOCH);
while (!(await batches.next()).done);
await measured('Register, new device', (number) => register(store, number));
await measured('notification, 3 values', (number) => notification(store, number));
await store.close();
console.log(`${'file'.padEnd(24)} ${Math.round(statSync(join(folder, 'bellwether.db')).size / 1024 / 1024)} MiB`);

const opening = performance.now();
store = await openStore(folder, options);
const loading = performance.now();
const cpu = process.cpuUsage();
const loop = performance.eventLoopUtilization();
let devices = 0;
for await (const batch of store.load({ kind: 'all' }, EPOCH))
  if (batch.kind === 'devices') devices += batch.items.length;
const end = performance.now();
const used = process.cpuUsage(cpu);
console.log(
  `${'load'.padEnd(24)} ${devices} devices in ${Math.round(end - opening)} ms (opening ${Math.round(loading - opening)} ms), ` +
    `main thread busy ${Math.round(performance.eventLoopUtilization(loop).active)} ms, ` +
    `CPU of all threads ${Math.round((used.user + used.system) / 1000)} ms`,
);
await store.close();
rmSync(folder, { recursive: true });
