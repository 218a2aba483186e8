/**
 * Devices of a crowd that sleep and wake one after the other, evenly over a span: each sends an Update from where it
 * registered, takes the write that waits for it, answers, and listens a while longer for what must not come.
 */

import { createSocket } from 'node:dgram';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { crowdSource } from './crowd.mjs';
import { Option, message, parse, updateRequest } from './wire.mjs';

/** Milliseconds between two looks at who is due. */
const PACE = 1;
/** RFC 7252 §4.8: the first retransmission comes 2 to 3 s after the request. */
const RETRANSMIT_AFTER = 2500;
const PATIENCE = 60_000;
/** How many devices may be awake, with a socket each, at once. */
const OPEN = 18_000;
const CHANGED = 0x44;
const PUT = 0x03;

/** What happened to the devices of one run. */
class Tally {
  /** Milliseconds from a device's Update to its write. */
  delays;
  written = 0;
  /** Writes to a device that had one. */
  more = 0;
  /** The same write again: the server repeats what is not answered within 2 to 3 s. */
  repeated = 0;
  /** Writes that came before the answer to the Update. */
  early = 0;
  /** Other requests of the server. */
  other = 0;
  /** Updates answered with something else than 2.04. */
  refused = 0;
  retransmissions = 0;

  #lateness = monitorEventLoopDelay({ resolution: PACE });

  constructor(count) {
    this.delays = new Float64Array(count);
    this.#lateness.enable();
  }

  /** All that was counted, the delays' quantiles, and the longest that this process did not get on (`late`): milliseconds. */
  report() {
    this.#lateness.disable();
    const sorted = this.delays.subarray(0, this.written).sort();
    const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Infinity;
    const { written, more, repeated, early, other, refused, retransmissions } = this;
    const counts = { written, more, repeated, early, other, refused, retransmissions };
    const late = this.#lateness.max / 1_000_000;
    return { ...counts, p50: at(0.5), p99: at(0.99), p999: at(0.999), longest: at(1), late };
  }
}

/**
 * Wakes devices `from` … `to`-1 within `seconds`; resolves to what happened when the last has gone back to sleep. Rejects
 * when a device gets no write for a minute, and when too many are awake at once. `path` is where the writes are to go,
 * `listens` how many milliseconds a device listens after its own.
 */
export function wake({ port, from, to, seconds, path, listens, locations }) {
  const count = to - from;
  const tally = new Tally(count);
  return new Promise((resolve, reject) => {
    let next = 0;
    let asleep = 0;
    const fail = (error) => {
      clearInterval(pace);
      reject(error);
    };
    const done = () => {
      asleep += 1;
      if (asleep === count) resolve(tally.report());
    };
    const began = performance.now();
    const pace = setInterval(() => {
      const due = Math.min(count, Math.ceil(((performance.now() - began) / 1000 / seconds) * count));
      for (; next < due; next += 1) {
        const index = from + next;
        wakeOne({ index, port, path, listens, location: locations[index], tally, done, fail });
      }
      if (next === count) clearInterval(pace);
      if (next - asleep > OPEN)
        fail(new Error(`more than ${OPEN} devices are awake at once, ${next - tally.written} without a write`));
    }, PACE);
  });
}

function wakeOne({ index, port, path, listens, location, tally, done, fail }) {
  const socket = createSocket({ type: 'udp4', lookup: (host, _family, found) => found(null, host, 4) });
  const token = Buffer.alloc(8, 0xc0);
  token.writeUInt32BE(index, 4);
  const update = updateRequest(location, token);
  // Another id than its Register had: the server may still remember that one.
  update.writeUInt16BE((index + 0x8000) & 0xffff, 2);
  let began = 0;
  let answered = 'no';
  let answer;
  let writeId;
  const send = (bytes) => socket.send(bytes, 0, bytes.length, port, '127.0.0.1');
  const again = setInterval(() => {
    tally.retransmissions += 1;
    send(update);
  }, RETRANSMIT_AFTER);
  const patience = setTimeout(() => fail(new Error(`device ${index} got no write: answered ${answered}`)), PATIENCE);
  const asked = (got) => {
    const to = got.options.filter(([number]) => number === Option.URI_PATH).map(([, value]) => value.toString());
    if (got.code !== PUT || `/${to.join('/')}` !== path) {
      tally.other += 1;
      send(message(2, 0x84, got.messageId, got.token));
    } else if (writeId === undefined) {
      tally.delays[tally.written] = performance.now() - began;
      tally.written += 1;
      if (answered !== 'yes') tally.early += 1;
      writeId = got.messageId;
      answer = message(2, CHANGED, got.messageId, got.token);
      send(answer);
      clearTimeout(patience);
      setTimeout(() => {
        clearInterval(again);
        socket.close();
        done();
      }, listens);
    } else {
      if (got.messageId === writeId) tally.repeated += 1;
      else tally.more += 1;
      send(answer);
    }
  };
  socket.on('message', (bytes) => {
    const got = parse(bytes);
    if (got.code > 0 && got.code < 0x20) asked(got);
    else if (got.code !== 0 && got.token.equals(token)) {
      clearInterval(again);
      answered = 'yes';
      if (got.code !== CHANGED) tally.refused += 1;
    }
  });
  socket.once('error', fail);
  const source = crowdSource(index);
  socket.bind(source.port, source.address, () => {
    began = performance.now();
    send(update);
  });
}
