/**
 * A flood of hellos without a cookie, 20,000 a second for ten seconds, each from an address of its own, at a server with
 * devices that go on speaking: what the flood leaves in the heap, what it asks of cryptography, and who is answered meanwhile.
 * On the core, in virtual time, so that every one of them arrives.
 */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { countingProvider, nodeProvider } from '../../../dist/dtls/index.js';
import { Clients, cpuNow, Server, shakeHands, WAYS } from '../dtls/parties.mjs';

const MEBIBYTE = 1024 * 1024;
const PUBLIC_KEY_CALLS = ['ephemeral', 'agree', 'sign', 'verify'];
/** Milliseconds of virtual time in one step of the flood. */
const STEP = 10;
const PORTS = 20_000;

/** Runs the case; `scale` has the rate, the seconds, and how many devices speak once a second. */
export function hellos({ scale }) {
  const { rate, seconds, devices } = scale;
  const provider = countingProvider(nodeProvider);
  const server = new Server(WAYS.any, provider);
  const clients = new Clients(WAYS.psk, devices);
  const template = firstHello();
  shakeHands(1_000_000, server, clients, devices);

  const step = Math.round((rate * STEP) / 1000);
  const flood = (from, steps) => {
    for (let at = 0; at < steps; at += 1) {
      const now = 2_000_000 + (from + at) * STEP;
      const answers = server.take(now, helloes(template, (from + at) * step, step));
      if (answers.length !== step) throw new Error(`void: ${answers.length} of ${step} hellos were answered`);
      if (((from + at) * STEP) % 1000 === 0) {
        const before = server.heard;
        server.take(now, clients.speak(now));
        spoken += devices;
        heard += server.heard - before;
      }
    }
  };
  let [spoken, heard] = [0, 0];
  // The first second compiles what the flood runs through.
  flood(0, 1000 / STEP);
  const before = heapUsed();
  provider.reset();
  const calm = server.endpoint.gauges();
  const began = cpuNow();
  flood(1000 / STEP, (seconds * 1000) / STEP);
  const cpu = cpuNow() - began;
  const rise = (heapUsed() - before) / MEBIBYTE;
  const after = server.endpoint.gauges();
  const changed = Object.keys(after).filter((name) => after[name] !== calm[name]);
  if (changed.length > 0) throw new Error(`void: the flood changed ${changed.join(', ')}`);
  const asked = PUBLIC_KEY_CALLS.reduce((sum, name) => sum + provider.counts[name], 0);
  const title = `${rate * seconds} hellos without a cookie, ${rate} a second`;
  const row = (what, unit, goal, ratio, lines = []) => ({ title: `${title}: ${what}`, unit, goal, ratio, lines });
  return [
    row('rise of the heap', 'MiB', 5, rise, [
      `${(cpu / rate / seconds).toFixed(1)} us CPU a hello: ${((100 * cpu) / 1e6 / seconds).toFixed(0)} % of one core, what makes the hellos included`,
    ]),
    row('public-key operations', 'in all', 0, asked),
    row('what established devices said and was not taken', 'messages', 0, spoken - heard, [
      `${spoken} messages of ${devices} devices`,
    ]),
  ];
}

/** The first hello of a client. */
function firstHello() {
  const [{ bytes }] = new Clients(WAYS.psk, 1).speak(1000);
  return Buffer.from(bytes);
}

/** Hellos `from` … `from + count` - 1, each with a random and an address of its own. */
function helloes(template, from, count) {
  return Array.from({ length: count }, (_, offset) => {
    const number = from + offset;
    const bytes = Buffer.from(template);
    // The random stands behind the headers of record (13) and message (12) and the version (2).
    bytes.writeUInt32BE(number, 27);
    return {
      ...{ address: `172.16.${(number >> 8) & 255}.${number & 255}`, port: 1024 + (number % PORTS) },
      bytes,
    };
  });
}

function heapUsed() {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}
