/**
 * A process that lives on the built store: opens it, goes on from what it finds there, and makes random changes until it is
 * killed. Before each commit it writes a line of what it is about to do (`s key n`), after it what was acknowledged
 * (`a key n number...`, with the numbers of the events); `x key n code` is a refusal. Arguments: folder, seed, parameters and
 * limits as JSON, and how many changes to make (all of them awaited; 0: until killed). The end is `end`.
 */

import { writeSync } from 'node:fs';
import { silentLogger, systemClock, systemRandom } from '#base';
import { EVERYTHING } from '#fleet/model';
import { openStore } from '#store';

const [folder, seedText, parameters = '{}', limits = '{}', countText = '0'] = process.argv.slice(2);
const COUNT = Number(countText);
const SLOTS = 12;
/** The first slots are deleted and made again, the others have values and operations. */
const RESTLESS = 6;
const IN_FLIGHT = 24;
const PAUSE = new Int32Array(new SharedArrayBuffer(4));
const AT = 1_767_225_600_000;

let state = Number(seedText);
const below = (bound) => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return Math.floor((state / 0x1_00_00_00_00) * bound);
};
/** Writes a line before anything else happens; a pipe that is full is waited for. */
function say(line) {
  const bytes = Buffer.from(`${line}\n`);
  for (let written = 0; written < bytes.length;) {
    try {
      written += writeSync(1, bytes, written);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
      Atomics.wait(PAUSE, 0, 0, 1);
    }
  }
}

const store = await openStore(folder, {
  limits: {
    ...{ queueBytes: 1_000_000, operationDays: 100_000, operationsPerDevice: 1_000_000, events: 1_000_000 },
    ...{ valueBytes: 65_536, ...JSON.parse(limits) },
  },
  parameters: JSON.parse(parameters),
  ...{ clock: systemClock, random: systemRandom, logger: silentLogger },
});

/** By slot: id and version of the device, 0 when there is none, and the number of its last change. */
const devices = Array.from({ length: SLOTS }, () => ({ id: '', version: 0, n: 0 }));
const open = new Map();
let last = 0;
for await (const { kind, items } of store.load(EVERYTHING, 0)) {
  for (const { version, record } of items) {
    if (kind === 'devices') {
      const n = Number(record.model);
      devices[Number(record.endpoint)] = { id: record.id, version, n };
      last = Math.max(last, n);
    } else if (kind === 'operations') {
      open.set(record.id, { version, record });
      last = Math.max(last, Number.parseInt(record.id.slice(13), 16));
    }
  }
}
for (const { data } of (await store.events(EVERYTHING, 0, 1_000_000)).events) last = Math.max(last, data.n);
for (const { id } of devices)
  for (const { resources } of id === '' ? [] : await store.values(id)) last = Math.max(last, resources[9].value);
// Numbers that were begun and not found are not used again.
last += 1000;
say(`open ${process.pid}`);

let underWay = 0;
let made = 0;
let wake = () => undefined;

function commit(key, n, change) {
  say(`s ${key} ${n}`);
  underWay += 1;
  store.commit({ ...change, actor: { kind: 'system' }, fence: store.fence }).then(
    ({ events }) => ended(`a ${key} ${n} ${events.map(({ number }) => number).join(' ')}`),
    ({ code, message }) => ended(`x ${key} ${n} ${code} ${message}`),
  );
}

function ended(line) {
  underWay -= 1;
  say(line);
  wake();
}

const event = (key, n, type) => ({ type, at: AT, data: { key, n } });

function changeDevice(slot, n) {
  const known = devices[slot];
  const key = `d${slot}`;
  if (known.version > 0 && slot < RESTLESS && below(5) === 0) {
    commit(key, -n, {
      ...{ aggregate: 'device', id: known.id, expected: known.version },
      events: [event(key, -n, 'device.deleted')],
    });
    known.version = 0;
    return;
  }
  if (known.version === 0) known.id = (AT + n).toString(16).padStart(12, '0') + n.toString(16).padStart(20, '0');
  const record = {
    ...{ id: known.id, endpoint: `${slot}`, firstSeen: AT, lastSeen: AT, tags: { pad: 'x'.repeat(below(300)) } },
    ...{ model: `${n}`, observations: [] },
  };
  const type = known.version === 0 ? 'device.registered' : 'device.updated';
  commit(key, n, {
    ...{ aggregate: 'device', id: known.id, expected: known.version, record },
    events: [event(key, n, type)],
  });
  known.version += 1;
}

function changeOperation(slot, n) {
  const [found] = open.values();
  if (found !== undefined && below(2) === 0) {
    open.delete(found.record.id);
    const record = { ...found.record, state: 'succeeded', finishedAt: AT };
    const key = `o${record.id}`;
    commit(key, 2, {
      ...{ aggregate: 'operation', id: record.id, expected: found.version, record },
      events: [event(key, n, 'operation.finished')],
    });
    return;
  }
  const id = AT.toString(16).padStart(11, '0') + '00' + n.toString(16).padStart(7, '0');
  const record = {
    ...{ id, device: devices[slot].id, endpoint: `${slot}`, request: { kind: 'read', path: '/3/0' } },
    ...{ state: 'queued', createdAt: AT, deadline: AT },
  };
  commit(`o${id}`, 1, { aggregate: 'operation', id, expected: 0, record, events: [] });
  open.set(id, { version: 1, record });
}

function changeValues(slot, n) {
  const resources = { 9: { type: 'integer', value: n, receivedAt: AT + n, source: 'notify' } };
  const values = { device: devices[slot].id, object: 3, instance: 0, resources };
  commit(`v${slot}`, n, { aggregate: 'values', values, events: [event(`v${slot}`, n, 'value.received')] });
}

function change() {
  const n = (last += 1);
  const slot = below(SLOTS);
  const kind = below(4);
  if (slot < RESTLESS || devices[slot].version === 0 || kind === 0) changeDevice(slot, n);
  else if (kind === 1) changeValues(slot, n);
  else changeOperation(slot, n);
  made += 1;
}

while (COUNT === 0 || made < COUNT) {
  while (underWay < IN_FLIGHT && (COUNT === 0 || made < COUNT) && !store.busy) change();
  await new Promise((resolve) => (wake = resolve));
}
while (underWay > 0) await new Promise((resolve) => (wake = resolve));
await store.close();
say('end');
