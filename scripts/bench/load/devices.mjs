/**
 * The devices of the load: each has a socket of its own (its source address and port) and is in lock-step: it sends one
 * request, waits for the answer, and then sends the next. No message id comes twice from a device. What a server asks of a
 * device is answered from `answers`.
 */

import { createSocket } from 'node:dgram';
import { OVERHEAD, secureName, SecureLine } from './secure-line.mjs';
import { Option, message, observeValue, parse } from './wire.mjs';

const RECEIVE_BUFFER = 1 << 20;
/** Every device has a source of its own for good, also after it went: so many ports of one loopback address after the other. */
const PORTS = 20_000;
const FIRST_PORT = 10_000;
/** Loopback addresses of this process's own, so that two benchmarks do not meet. */
const NETWORK = `127.${16 + (process.pid % 200)}`;
/** How many datagrams leave in one turn at the start of a run, so that no burst overruns a receive buffer. */
const BURST = 64;
/** Milliseconds between two looks at what is due when requests are paced. */
const PACE = 1;
/** RFC 7252 §4.8: the first retransmission comes 2 to 3 s after the request. */
const RETRANSMIT_AFTER = 2500;

/** One source of requests. */
function newDevice(index, socket) {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(index);
  return {
    index,
    socket,
    messageId: (index * 40_503) & 0xffff,
    /** How many message ids were used. */
    sent: 0,
    token: Buffer.concat([Buffer.from('b0000000', 'hex'), number]),
    /** Path segments the server gave at registration. */
    location: undefined,
    observeToken: undefined,
    observeSequence: 1,
    /** How many Sends it has made. */
    reports: 0,
    request: undefined,
    /** Of a device that comes over DTLS: what its datagrams go through. */
    line: undefined,
    startedAt: 0,
    lastSentAt: 0,
  };
}

/** All devices of a load process, and the run that is going on. */
export class Devices {
  #all = [];
  #run = undefined;
  /** What devices answer to a request of the server: (device, parsed) → datagram without message id. */
  answers = undefined;
  asked = 0;
  /** How handshakes of devices that come over DTLS ended. */
  handshakes = { established: 0, failed: 0 };

  /** Makes as many devices as asked; with `secure` they come over DTLS, under names with that prefix. */
  async open({ count, secure }) {
    while (this.#all.length < count) {
      const first = this.#all.length;
      const batch = Math.min(500, count - first);
      await Promise.all(Array.from({ length: batch }, (_, offset) => this.#add(first + offset, secure)));
    }
  }

  #add(index, secure) {
    const socket = createSocket({
      type: 'udp4',
      recvBufferSize: RECEIVE_BUFFER,
      lookup: (host, _family, done) => done(null, host, 4),
    });
    const device = newDevice(index, socket);
    this.#all[index] = device;
    if (secure !== undefined) this.#secure(device, secure);
    socket.on('message', (bytes, from) => {
      if (device.line === undefined || this.#run?.echo === true) this.#received(device, bytes, from.port);
      else device.line.take(from.port, bytes);
    });
    return new Promise((resolve, reject) => {
      socket.once('listening', resolve);
      socket.once('error', reject);
      socket.bind(FIRST_PORT + (index % PORTS), `${NETWORK}.${1 + Math.floor(index / PORTS)}.2`);
    });
  }

  /** Gives a device a line without an association. */
  #secure(device, prefix) {
    device.secure = prefix;
    device.line = new SecureLine(
      secureName(prefix, device.index),
      (port, bytes) => device.socket.send(bytes, 0, bytes.length, port, '127.0.0.1'),
      (port, bytes) => this.#received(device, bytes, port),
      (end) => (this.handshakes[end] += 1),
    );
  }

  /** Closes the sockets of devices `from` … `to`-1, which will not be heard of again. */
  close({ from, to }) {
    for (let index = from; index < to; index += 1) {
      this.#all[index].socket.close();
      this.#all[index] = undefined;
    }
  }

  get(index) {
    return this.#all[index];
  }

  /**
   * Lets devices `from` … `to`-1 send `perDevice` requests each to a port, `window` under way at once, and resolves to what
   * happened; with `rate` so many a second begin instead, however many are under way. `make(device)` gives the request, `finished(device, parsed or undefined)` tells whether a datagram answers it
   * (an echo is not parsed: its message id is enough). `fresh`: each request comes with a handshake of its own.
   */
  run({ port, from, to, perDevice, window, rate, echo, fresh, make, answered }) {
    return new Promise((resolve, reject) => {
      const ready = [];
      for (let round = 0; round < perDevice; round += 1)
        for (let index = from; index < to; index += 1) ready.push(index);
      const run = {
        ...{
          port,
          echo,
          fresh,
          make,
          answered,
          ready,
          rate,
          next: 0,
          underway: new Set(),
          retransmissions: 0,
          wrong: 0,
          began: 0,
        },
        latencies: new Float64Array(ready.length),
        done: 0,
        resolve: () => {
          clearInterval(run.timer);
          clearInterval(run.pace);
          this.#run = undefined;
          const seconds = (performance.now() - run.began) / 1000;
          const { retransmissions, wrong } = run;
          const sorted = run.latencies.sort();
          const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
          const answers = { operations: run.done, seconds, retransmissions, wrong, p50: at(0.5), p99: at(0.99) };
          resolve({ ...answers, bytes: this.#all[from].request.length });
        },
        reject,
        timer: setInterval(() => this.#retransmit(), 250),
      };
      this.#run = run;
      run.began = performance.now();
      if (rate !== undefined) {
        run.pace = setInterval(() => {
          const due = Math.min(ready.length, ((performance.now() - run.began) / 1000) * rate);
          while (run.next < due) this.#next();
        }, PACE);
        return;
      }
      const startSome = () => {
        for (let count = 0; count < BURST && run.underway.size < window && run.next < ready.length; count += 1)
          this.#next();
        if (this.#run === run && run.underway.size < window && run.next < ready.length) setImmediate(startSome);
      };
      startSome();
    });
  }

  /** Starts the next request of the run. With fewer devices than the window a device may still wait: it is then put behind. */
  #next() {
    const run = this.#run;
    for (let tries = 0; tries < 64 && run.next < run.ready.length; tries += 1) {
      const index = run.ready[run.next];
      const device = this.#all[index];
      if (run.underway.has(device)) {
        const later = run.next + Math.floor((run.ready.length - run.next) / 2);
        if (later === run.next) return;
        run.ready[run.next] = run.ready[later];
        run.ready[later] = index;
        continue;
      }
      run.next += 1;
      run.underway.add(device);
      device.request = run.make(device);
      if (run.echo && device.line !== undefined) device.request = asLongAsRecord(device.request);
      if (run.fresh) this.#secure(device, device.secure);
      device.sent += 1;
      if (device.sent > 0xffff) throw new Error('a device ran out of message ids');
      device.messageId = (device.messageId + 1) & 0xffff;
      device.request.writeUInt16BE(device.messageId, 2);
      device.startedAt = performance.now();
      this.#send(device);
      return;
    }
  }

  #send(device) {
    device.lastSentAt = performance.now();
    if (device.line !== undefined && !this.#run.echo) device.line.send(this.#run.port, device.request);
    else device.socket.send(device.request, 0, device.request.length, this.#run.port, '127.0.0.1');
  }

  #retransmit() {
    const before = performance.now() - RETRANSMIT_AFTER;
    for (const device of this.#run.underway) {
      device.line?.handleTimeout();
      if (device.lastSentAt > before) continue;
      this.#run.retransmissions += 1;
      this.#send(device);
    }
  }

  #received(device, bytes, port) {
    const run = this.#run;
    const pending = run !== undefined && port === run.port && run.underway.has(device);
    if (pending && run.echo) {
      if (bytes.readUInt16BE(2) === device.messageId) this.#finished(device);
      return;
    }
    if (bytes[1] > 0 && bytes[1] < 0x20) {
      this.#asked(device, bytes, port);
      return;
    }
    const type = (bytes[0] >> 4) & 3;
    if (type === 0) this.#give(device, port, Buffer.from([0x60, 0, bytes[2], bytes[3]]));
    if (!pending) return;
    const outcome = run.answered(device, bytes);
    if (outcome === 'wait') return;
    if (outcome === 'wrong') run.wrong += 1;
    this.#finished(device);
  }

  #finished(device) {
    const run = this.#run;
    run.underway.delete(device);
    run.latencies[run.done] = performance.now() - device.startedAt;
    run.done += 1;
    if (run.done === run.ready.length) run.resolve();
    else if (run.rate === undefined) this.#next();
  }

  /** Answers a request of the server as a device does: 2.05 piggy-backed, or 4.04. */
  #asked(device, bytes, port) {
    this.asked += 1;
    const request = parse(bytes);
    const path = request.options.filter(([number]) => number === Option.URI_PATH).map(([, value]) => value.toString());
    const observe = request.options.find(([number]) => number === Option.OBSERVE);
    if (observe !== undefined && observe[1].length === 0) device.observeToken = Buffer.from(request.token);
    const answer = this.answers?.(`/${path.join('/')}`, device) ?? { code: 0x84, options: [], payload: undefined };
    const options =
      observe === undefined
        ? answer.options
        : [[Option.OBSERVE, observeValue(device.observeSequence++)], ...answer.options];
    const datagram = message(2, answer.code, request.messageId, request.token, options, answer.payload);
    this.#give(device, port, datagram);
  }

  #give(device, port, bytes) {
    if (device.line === undefined) device.socket.send(bytes, port, '127.0.0.1');
    else device.line.send(port, bytes);
  }
}

/** A datagram as long as the record that would carry the request, with its message id where it was. */
function asLongAsRecord(request) {
  return Buffer.concat([request, Buffer.alloc(OVERHEAD)]);
}
