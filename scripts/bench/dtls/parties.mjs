/**
 * A DTLS server and clients of it on the core alone: no sockets, time that stands still. What the server does is timed as
 * the CPU of the process while it has the clients' datagrams, many at a time.
 */

import { plainPeer, systemRandom } from '../../../dist/base/index.js';
import { DTLS_PARAMETERS, DtlsEndpoint, nodeProvider } from '../../../dist/dtls/index.js';
import { DEVICE, PSK, SERVER } from './identities.mjs';

const PSK_CCM_8 = 0xc0_a8;
const ECDHE_ECDSA_CCM_8 = 0xc0_ae;
/** Identities of devices whose proofs name none: they come in turn, and each has one association. */
const IDENTITIES = 100;
const PORT = 5684;
const ADDRESS = '192.0.2.1';
/** First bytes of datagrams that begin with a handshake message, an alert or a ChangeCipherSpec. */
const LAST_PLAIN_TYPE = 22;

/** How devices and server prove themselves. No Connection ID of the device's own, as most have it. */
export const WAYS = {
  psk: {
    suites: [PSK_CCM_8],
    server: { psk: 'offered', proofs: [], clientProofs: [] },
    client: (name) => ({ psk: { identity: Buffer.from(name), key: PSK }, serverProofs: [] }),
  },
  certificate: {
    suites: [ECDHE_ECDSA_CCM_8],
    server: { psk: 'not_offered', proofs: [SERVER], clientProofs: ['x509'] },
    client: () => ({ proof: DEVICE, serverProofs: ['x509'] }),
  },
  rawKey: {
    suites: [ECDHE_ECDSA_CCM_8],
    server: { psk: 'not_offered', proofs: [{ key: SERVER.key }], clientProofs: ['rpk'] },
    client: () => ({ proof: { key: DEVICE.key }, serverProofs: ['rpk'] }),
  },
  /** A server that takes all of them. */
  any: {
    suites: [PSK_CCM_8, ECDHE_ECDSA_CCM_8],
    server: { psk: 'offered', proofs: [SERVER], clientProofs: ['rpk', 'x509'] },
  },
};

/** The server's side. */
export class Server {
  endpoint;
  established = 0;
  /** Messages out of records. */
  heard = 0;
  #sent = [];
  /** Whose key an identity that comes without a name is taken for: they follow each other. */
  #next = 0;
  #sessions = new Map();
  /** Handle of the session of each peer, which takes the place of the one before. */
  #handles = new Map();

  constructor(way, provider = nodeProvider) {
    const parameters = { ...DTLS_PARAMETERS, suites: way.suites };
    const send = (_listener, address, port, bytes) => this.#sent.push({ address, port, bytes });
    this.endpoint = new DtlsEndpoint({ parameters, provider, random: systemRandom }, { send });
    this.endpoint.serve(0, way.server);
  }

  /** Takes datagrams {address, port, bytes}, answers what is asked, gives turns to all that wait, and gives what is sent. */
  take(now, datagrams) {
    this.#sent = [];
    for (const { address, port, bytes } of datagrams) {
      this.endpoint.handleDatagram(now, 0, address, port, bytes);
      this.#drain(now);
    }
    for (let waiting = this.endpoint.gauges().ecdhe_waiting; waiting > 0; waiting -= 1) {
      this.endpoint.handleTimeout(now);
      this.#drain(now);
    }
    return this.#sent;
  }

  #drain(now) {
    for (let event = this.endpoint.nextEvent(); event !== undefined; event = this.endpoint.nextEvent()) {
      if (event.type === 'question') this.endpoint.answer(now, event.question, this.#answer(event.ask));
      else if (event.type === 'message') this.heard += 1;
      else if (event.type === 'established') this.established += 1;
      else if (event.type === 'session') this.#keep(event);
      else if (event.type === 'handshakeFailed') throw new Error(`void: a handshake failed: ${event.reason}`);
    }
  }

  #keep({ peer, handle, session }) {
    this.#sessions.delete(this.#handles.get(peer.key));
    this.#handles.set(peer.key, keyOf(handle));
    this.#sessions.set(keyOf(handle), session);
  }

  #answer(ask) {
    switch (ask.about) {
      case 'psk': {
        const name = Buffer.from(ask.identity).toString('latin1');
        return { is: 'key', key: PSK, owner: { kind: 'psk', name, endpoint: name } };
      }
      case 'session': {
        const session = this.#sessions.get(keyOf(ask.handle));
        return session === undefined ? { is: 'refused' } : { is: 'session', session };
      }
      case 'chain':
        return this.#good('x509');
      default:
        return this.#good('rpk');
    }
  }

  #good(kind) {
    this.#next = (this.#next + 1) % IDENTITIES;
    const name = `device-${this.#next}`;
    return { is: 'good', owner: { kind, name, endpoint: name } };
  }
}

const keyOf = (handle) => Buffer.from(handle).toString('latin1');

/** Clients, each an endpoint of its own behind an address of its own. */
export class Clients {
  #all = [];
  #sent = [];

  constructor(way, count) {
    const parameters = { ...DTLS_PARAMETERS, suites: way.suites };
    for (let index = 0; index < count; index += 1) {
      const [address, port] = [`10.0.${index >> 8}.${index & 255}`, 40_000 + (index % 20_000)];
      const send = (_listener, _address, _port, bytes) => this.#sent.push({ address, port, bytes });
      const endpoint = new DtlsEndpoint({ parameters, provider: nodeProvider, random: systemRandom }, { send });
      endpoint.connect(0, { ...way.client(`device-${index}`), cid: new Uint8Array(0) });
      this.#all.push({ endpoint, address, port });
    }
  }

  /** All have something to say, and begin a handshake for it where there is no association. */
  speak(now) {
    this.#sent = [];
    for (const { endpoint } of this.#all) endpoint.send(now, THE_SERVER, WORD, 'own');
    return this.#sent;
  }

  /** All end their associations. */
  leave() {
    this.#sent = [];
    for (const { endpoint } of this.#all) endpoint.drop(THE_SERVER.key);
    for (const client of this.#all) this.#drain(0, client);
    return this.#sent;
  }

  /** Takes what the server sent, and gives what they send. */
  take(now, datagrams) {
    this.#sent = [];
    for (const { address, bytes } of datagrams) {
      const [, , high, low] = address.split('.').map(Number);
      const client = this.#all[high * 256 + low];
      client.endpoint.handleDatagram(now, 0, ADDRESS, PORT, bytes);
      this.#drain(now, client);
    }
    return this.#sent;
  }

  #drain(now, { endpoint }) {
    for (let event = endpoint.nextEvent(); event !== undefined; event = endpoint.nextEvent())
      if (event.type === 'question') endpoint.answer(now, event.question, { is: 'good' });
  }
}

const THE_SERVER = plainPeer(0, ADDRESS, PORT);
const WORD = Buffer.from('4400000061626364', 'hex');

/** CPU time of this process so far, in microseconds: getrusage counts the running thread to the moment, /proc to its last tick. */
export function cpuNow() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/**
 * Lets all clients shake hands with the server; gives microseconds of the server's in all, and the lengths of the datagrams
 * that the handshakes took it. What the clients say afterwards is taken too, and is not timed.
 */
export function shakeHands(now, server, clients, count) {
  const before = server.established;
  let spent = 0;
  const lengths = [];
  for (let said = clients.speak(now); said.length > 0;) {
    const shaking = said.filter(({ bytes }) => bytes[0] <= LAST_PLAIN_TYPE);
    const more = said.filter(({ bytes }) => bytes[0] > LAST_PLAIN_TYPE);
    const began = cpuNow();
    const answers = server.take(now, shaking);
    spent += cpuNow() - began;
    for (const { bytes } of shaking) lengths.push(bytes.length);
    said = clients.take(now, [...answers, ...server.take(now, more)]);
  }
  const made = server.established - before;
  if (made !== count) throw new Error(`void: ${made} of ${count} handshakes came to an association`);
  return { spent, lengths };
}
