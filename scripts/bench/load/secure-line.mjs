/** The DTLS side of one device of the load: a client of the core with a pre-shared key, and no Connection ID of its own. */

import { plainPeer, systemClock, systemRandom } from '../../../dist/base/index.js';
import { DTLS_PARAMETERS, DtlsEndpoint, nodeProvider } from '../../../dist/dtls/index.js';
import { PSK } from '../dtls/identities.mjs';

const PSK_CCM_8 = 0xc0_a8;
const PARTS = {
  parameters: { ...DTLS_PARAMETERS, suites: [PSK_CCM_8] },
  provider: nodeProvider,
  random: systemRandom,
};
const HOST = '127.0.0.1';

/** Bytes of a record with a Connection ID of 8 bytes beside its content: header, CID, nonce, type and tag (RFC 9146, 6655). */
export const OVERHEAD = 13 + 8 + 8 + 1 + 8;

/** The identity of a device is the name it registers under, 24 characters. */
export const secureName = (prefix, index) => `${prefix}${String(index).padStart(24 - prefix.length, '0')}`;

/** One device's line to servers on this machine. */
export class SecureLine {
  #endpoint;
  #received;
  #told;

  /**
   * `transmit(port, datagram)` sends; `received(port, message)` gets what comes out of records; `told` hears of the end of
   * each handshake, `established` or `failed`.
   */
  constructor(identity, transmit, received, told = () => undefined) {
    this.#endpoint = new DtlsEndpoint(PARTS, { send: (_listener, _address, port, bytes) => transmit(port, bytes) });
    const psk = { identity: Buffer.from(identity), key: PSK };
    this.#endpoint.connect(0, { psk, serverProofs: [], cid: new Uint8Array(0) });
    this.#received = received;
    this.#told = told;
  }

  /** Sends a message in a record, after a handshake where there is no association. */
  send(port, message) {
    this.#endpoint.send(systemClock.now(), plainPeer(0, HOST, port), message, 'own');
    this.#drain();
  }

  /** Takes a datagram. */
  take(port, datagram) {
    this.#endpoint.handleDatagram(systemClock.now(), 0, HOST, port, datagram);
    this.#drain();
  }

  /** Sends handshake messages again whose time has come. */
  handleTimeout() {
    this.#endpoint.handleTimeout(systemClock.now());
    this.#drain();
  }

  #drain() {
    for (let event = this.#endpoint.nextEvent(); event !== undefined; event = this.#endpoint.nextEvent()) {
      if (event.type === 'message') this.#received(event.peer.port, Buffer.from(event.bytes));
      else if (event.type === 'established') this.#told('established');
      else if (event.type === 'handshakeFailed') this.#told('failed');
    }
  }
}
