/**
 * Handshakes on the DTLS core, the server's side alone, to the sum of the primitives it consists of and of a raw echo of
 * the same datagrams. How many of each there are is fixed by the standards, and more of them make the run void.
 */

import { byKind, costs, countsMustBe, recordingProvider } from '../dtls/primitives.mjs';
import { Clients, Server, shakeHands, WAYS } from '../dtls/parties.mjs';
import { measured, median } from '../ratio.mjs';

const ECHO_WINDOW = 128;
const ECHO_DEVICES = 200;
const THIRDS = 3;

/** A cookie is made once and checked once; 2 + 2 HMACs of the PRF for 33 to 64 bytes, 2 for a Finished of either side. */
const COOKIES = { 'cookie HMAC': 2 };
const ONCE = { transcript: 1, 'AEAD seal': 1, 'AEAD open': 1 };
/** Master secret 48 bytes, key block 40 bytes, two Finished; two comparisons: cookie and Finished. */
const FULL = { ...COOKIES, ...ONCE, 'HMAC of the PRF': 12, comparison: 2 };
const AGREED = { keygen: 1, ECDH: 1, sign: 1, verify: 1 };

const ROWS = [
  { what: 'full handshake, PSK CCM_8', way: 'psk', goal: 2.5, counts: FULL },
  {
    what: 'full handshake, ECDHE-ECDSA CCM_8 with client certificate',
    ...{ way: 'certificate', goal: 1.5, counts: { ...FULL, ...AGREED } },
  },
  {
    what: 'full handshake, ECDHE-ECDSA CCM_8 with raw public keys',
    ...{ way: 'rawKey', goal: 1.5, counts: { ...FULL, ...AGREED } },
  },
  {
    what: 'abbreviated handshake, PSK CCM_8',
    ...{ way: 'psk', again: true, counts: { ...COOKIES, ...ONCE, 'HMAC of the PRF': 8, comparison: 2 } },
  },
];

/** Runs the case; `scale` has how many clients shake hands at once, how often, and how many echoes are sent. */
export async function handshake({ load, echo, scale }) {
  await load.ask('open', { count: ECHO_DEVICES });
  const rows = [];
  for (const row of ROWS) rows.push(await oneRow(row, { load, echo, scale }));
  const abbreviated = rows.at(-1);
  // To the full ones before them, each in the same moments.
  const pairs = abbreviated.spent.map((spent, third) => spent / abbreviated.before[third]);
  rows.push({
    ...{ title: 'abbreviated handshake to the full one, PSK CCM_8', unit: 'x full', goal: 1 },
    ...{ ratio: median(pairs), ratios: pairs, lines: [] },
  });
  return rows;
}

async function oneRow({ what, way, goal, counts, again = false }, { load, echo, scale }) {
  const kinds = recorded(WAYS[way], again);
  countsMustBe(kinds, counts);
  const { clients: count, rounds } = scale;
  const server = new Server(WAYS[way]);
  const spent = [];
  const before = [];
  const primitives = [];
  let lengths = [];
  // The first of four is the warm-up.
  for (let third = 0; third <= THIRDS; third += 1) {
    const sum = { spent: 0, before: 0, parts: kinds.map(() => 0) };
    for (let round = 0; round < rounds; round += 1) {
      const shaken = oneRound(1_000_000 + (third * rounds + round) * 1000, server, WAYS[way], count, again);
      sum.spent += shaken.spent / count / rounds;
      sum.before += shaken.before / count / rounds;
      costs(kinds, count).forEach((cost, at) => (sum.parts[at] += cost / rounds));
      lengths = shaken.lengths;
    }
    if (third === 0) continue;
    spent.push(sum.spent);
    before.push(sum.before);
    primitives.push(sum.parts);
  }
  const datagrams = lengths.length / count;
  const bytes = Math.round(lengths.reduce((sum, length) => sum + length, 0) / lengths.length);
  const bare = datagrams * (await echoCost(load, echo, bytes, scale.echoes));
  const sums = primitives.map((parts) => parts.reduce((sum, cost) => sum + cost, 0));
  const ratios = spent.map((one, third) => (one + bare) / (sums[third] + bare));
  const alone = median(spent.map((one, third) => one / sums[third]));
  const table = kinds.map(({ kind, calls }, at) => {
    const cost = median(primitives.map((parts) => parts[at]));
    return `${calls.length} ${kind} ${cost.toFixed(1)} us`;
  });
  return {
    ...{ title: `${what}, server side`, unit: 'x primitives and echo', goal, ratio: median(ratios), ratios },
    ...{ spent, before },
    lines: [
      `${median(spent).toFixed(1)} us CPU a handshake on the core, its primitives ${median(sums).toFixed(1)} us: ${alone.toFixed(2)} x without echo`,
      `echo of ${datagrams} datagrams of ${bytes} bytes: ${bare.toFixed(1)} us, counted on both sides`,
      table.join(', '),
    ],
  };
}

/** All clients shake hands once; `again`: for the second time, so that they can go on with a session. `before`: microseconds of the first. */
function oneRound(now, server, way, count, again) {
  const clients = new Clients(way, count);
  const first = shakeHands(now, server, clients, count);
  if (!again) return { ...first, before: 0 };
  server.take(now, clients.leave());
  return { ...shakeHands(now + 500, server, clients, count), before: first.spent };
}

/** The calls of one handshake, by kind. */
function recorded(way, again) {
  const calls = [];
  const server = new Server(way, recordingProvider(calls));
  const clients = new Clients(way, 1);
  if (again) {
    shakeHands(1000, server, clients, 1);
    server.take(1000, clients.leave());
    calls.length = 0;
  }
  const began = calls.length;
  shakeHands(2000, server, clients, 1);
  // The last record is what the client has to say, which is no part of the handshake.
  const mine = calls.slice(began);
  mine.splice(
    mine.findLastIndex(({ name }) => name === 'open'),
    1,
  );
  return byKind(mine, '10.0.0.0');
}

/** CPU microseconds of the raw echo for a datagram of so many bytes. */
async function echoCost(load, echo, bytes, perDevice) {
  const order = { request: 'datagram', bytes, from: 0, to: ECHO_DEVICES, perDevice, window: ECHO_WINDOW };
  const rounds = [];
  for (let round = 0; round < 4; round += 1)
    rounds.push((await measured(load, echo.pid, { ...order, port: echo.port, echo: true })).cpu);
  return median(rounds.slice(1));
}
