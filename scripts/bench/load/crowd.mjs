/**
 * A crowd of devices that register once and then fall silent, each from an address and port of its own. A device is there
 * until the server has asked it what it asks after a registration; those that are to be observed stay until told.
 */

import { createSocket } from 'node:dgram';
import { SecureLine } from './secure-line.mjs';
import { Option, message, observeValue, parse, registerRequest } from './wire.mjs';

const PORTS = 20_000;
const FIRST_PORT = 10_000;
/** Loopback addresses of this process's own, so that two benchmarks do not meet. */
const NETWORK = `127.${16 + (process.pid % 200)}`;
/** How many devices are not yet done at once, and how many sockets may be open. */
const AT_ONCE = 500;
const OPEN = 18_000;

/** Fifty lists of 8 to 20 objects and instances, alike in their first four. */
export function objectLists() {
  const more = [4, 5, 6, 7, 9, 10, 16, 19, 25, 26, 3300, 3301, 3302, 3304, 3305, 3306, 3308, 3310, 3311, 3312, 3313];
  return Array.from({ length: 50 }, (_, list) => {
    const links = ['</>;rt="oma.lwm2m";ct=112', '</1/0>', '</3/0>', '</3303/0>'];
    const length = 8 + (list % 13);
    for (let at = 0; links.length < length; at += 1)
      links.push(`</${more[(list * 7 + at) % more.length]}/${list % 3}>`);
    return links.join(',');
  });
}

/** The name of a device, 24 characters. */
export const crowdName = (index) => `crowd-${String(index).padStart(18, '0')}`;

/** Where a device of the crowd sends from: {address, port}. */
export const crowdSource = (index) => ({
  address: `${NETWORK}.${2 + Math.floor(index / PORTS)}.1`,
  port: FIRST_PORT + (index % PORTS),
});

/** The devices of a crowd. */
export class Crowd {
  #open = new Map();
  #observed = 0;
  #lists = objectLists();
  /** Path segments of each device's registration. */
  locations = [];
  /** Location of the last device that registered, for the first question after a restart. */
  #last = undefined;

  /**
   * Registers devices `from` … `to`-1, every `observedEach`-th to be observed (0: none), in queue mode when `mode` is
   * `queue`, over DTLS when `secure`; resolves when all have registered.
   */
  async register({ port, from, to, observedEach, questions, mode, secure = false }) {
    let next = from;
    const worker = async () => {
      while (next < to) {
        const index = next++;
        await this.#one({
          index,
          port,
          questions,
          mode,
          secure,
          stays: observedEach > 0 && index % observedEach === 0,
        });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    return { location: this.#last, open: this.#open.size };
  }

  /** How many devices were asked to be observed. */
  get observed() {
    return this.#observed;
  }

  /** Closes what is still open. */
  leave() {
    for (const socket of this.#open.values()) socket.close();
    this.#open.clear();
  }

  #one({ index, port, questions, mode, secure, stays }) {
    return new Promise((resolve, reject) => {
      const socket = createSocket({ type: 'udp4', lookup: (host, _family, done) => done(null, host, 4) });
      const token = Buffer.alloc(8);
      token.writeUInt32BE(index, 4);
      const links = this.#lists[index % this.#lists.length];
      const request = registerRequest(crowdName(index), 2_592_000, links, token, mode);
      request.writeUInt16BE(index & 0xffff, 2);
      const transmit = (bytes) => socket.send(bytes, 0, bytes.length, port, '127.0.0.1');
      const line = secure
        ? new SecureLine(
            crowdName(index),
            (_port, bytes) => transmit(bytes),
            (_port, bytes) => receive(bytes),
          )
        : undefined;
      const send = (bytes) => (line === undefined ? transmit(bytes) : line.send(port, bytes));
      const again = setInterval(() => {
        line?.handleTimeout();
        send(request);
      }, 3000);
      let asked = 0;
      let registered = false;
      let settled = false;
      const settle = () => {
        if (settled || !registered || asked < questions) return;
        settled = true;
        if (!stays) this.#close(index);
        resolve();
      };
      const patience = setTimeout(() => {
        clearInterval(again);
        reject(new Error(`${crowdName(index)}: registered ${registered}, asked ${asked} times within a minute`));
      }, 60_000);
      const receive = (bytes) => {
        const got = parse(bytes);
        if (got.code >= 0x40 && got.token.equals(token)) {
          clearInterval(again);
          clearTimeout(patience);
          if (got.type === 0) send(Buffer.from([0x60, 0, bytes[2], bytes[3]]));
          if (got.code !== 0x41) reject(new Error(`a Register was answered with code ${got.code}`));
          this.#last = got.options
            .filter(([number]) => number === Option.LOCATION_PATH)
            .map(([, value]) => value.toString());
          this.locations[index] = this.#last;
          registered = true;
        } else if (got.code > 0 && got.code < 0x20) {
          const observe = got.options.some(([number]) => number === Option.OBSERVE);
          if (observe) this.#observed += 1;
          else asked += 1;
          const options = [[Option.CONTENT_FORMAT, []]];
          if (observe) options.unshift([Option.OBSERVE, observeValue(1)]);
          send(message(2, 0x45, got.messageId, got.token, options, observe ? '20.5' : 'Bench 1.0'));
        }
        settle();
      };
      socket.on('message', (bytes) => (line === undefined ? receive(bytes) : line.take(port, bytes)));
      socket.once('error', reject);
      const source = crowdSource(index);
      socket.bind(source.port, source.address, () => send(request));
      this.#open.set(index, socket);
      if (this.#open.size > OPEN) reject(new Error(`more than ${OPEN} devices are open at once`));
    });
  }

  #close(index) {
    this.#open.get(index).close();
    this.#open.delete(index);
  }
}
