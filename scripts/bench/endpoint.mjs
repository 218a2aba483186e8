/**
 * CPU of one refresh Update through the CoAP endpoint alone, no sockets: decode, deduplicate, hand out, answer, ask for the
 * next deadline. 2,000 peers in turn, no message id twice. Prints microseconds, bytes allocated, and what the event, the
 * answer and the datagram cost without the endpoint. Run with `node --expose-gc`.
 */

import { plainPeer } from '../../dist/base/index.js';
import { Code, decodeMessage, encodeBareAnswer, isMalformed } from '../../dist/coap/codec/index.js';
import { DEFAULT_PARAMETERS, UdpEndpoint } from '../../dist/coap/endpoint/index.js';

const PEERS = 2_000;
const ROUNDS = Number(process.argv[2] ?? 300);
const VIRTUAL_MS_A_ROUND = 100;

const random = { bytes: (count) => new Uint8Array(count).fill(7), fraction: () => 0.5 };
const peers = Array.from({ length: PEERS }, (_, index) => plainPeer(0, `10.0.${index >> 8}.${index & 255}`, 5683));
const ANSWER = { code: Code.CHANGED };

/** POST /rd/0123456789 with an 8-byte token. */
function datagram(messageId) {
  const bytes = Buffer.allocUnsafe(4 + 8 + 3 + 11);
  bytes.write('48020000a1a2a3a4a5a6a7a8b272640a30313233343536373839', 0, 'hex');
  bytes.writeUInt16BE(messageId, 2);
  return bytes;
}

function endpointRun(makePeer) {
  let sent = 0;
  const endpoint = new UdpEndpoint(DEFAULT_PARAMETERS, random, {
    send: () => {
      sent += 1;
    },
  });
  let deadline;
  return {
    one(round, index) {
      const now = 1_000 + round * VIRTUAL_MS_A_ROUND;
      endpoint.handleDatagram(now, makePeer(index), datagram(round & 0xffff));
      for (let event = endpoint.nextEvent(); event !== undefined; event = endpoint.nextEvent()) {
        endpoint.respond(now, event.exchange, ANSWER);
      }
      deadline = endpoint.nextDeadline();
    },
    check: (count) => {
      if (sent !== count || deadline === undefined) throw new Error(`${sent} answers for ${count} requests`);
      if (endpoint.counters.requests_received !== count) throw new Error('a request was lost');
    },
    gauges: () => endpoint.gauges(),
  };
}

function codecRun() {
  let bytes = 0;
  return {
    one(round) {
      const message = decodeMessage(datagram(round & 0xffff));
      if (isMalformed(message)) throw new Error(message.malformed);
      bytes += encodeBareAnswer(2, Code.CHANGED, message.messageId, message).length;
    },
    check: () => bytes,
    gauges: () => ({}),
  };
}

function measure(name, run) {
  let round = 0;
  for (; round < 100; round += 1) for (let index = 0; index < PEERS; index += 1) run.one(round, index);
  globalThis.gc?.();
  const start = process.cpuUsage();
  const end = round + ROUNDS;
  for (; round < end; round += 1) for (let index = 0; index < PEERS; index += 1) run.one(round, index);
  const used = process.cpuUsage(start);
  run.check(round * PEERS);
  const microseconds = (used.user + used.system) / (ROUNDS * PEERS);
  globalThis.gc?.();
  const before = process.memoryUsage();
  const sample = 200;
  for (let index = 0; index < sample; index += 1) run.one(end, index);
  const after = process.memoryUsage();
  const bytes = (after.heapUsed - before.heapUsed) / sample;
  console.log(`${name}: ${microseconds.toFixed(3)} us, ${bytes.toFixed(0)} bytes of heap a request`);
  return microseconds;
}

const codec = measure('codec alone (decode, bare answer)', codecRun());
const run = endpointRun((index) => peers[index]);
const whole = measure('endpoint, peer objects kept', run);
const made = measure(
  'endpoint, peer made per datagram',
  endpointRun((index) => plainPeer(0, peers[index].address, 5683)),
);
console.log(`endpoint less codec: ${(whole - codec).toFixed(3)} us; the peer's key: ${(made - whole).toFixed(3)} us`);
console.log(`alive: ${JSON.stringify(run.gauges())}`);
