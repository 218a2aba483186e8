/** From what both sides agreed on to the keys of the channel (RFC 5246 §8.1 and §6.3, RFC 7627 §4). */

import {
  extendedMasterSecret,
  keyBlock,
  masterSecret,
  verifyData,
  type CryptoProvider,
  type Suite,
} from '../crypto/index.js';
import type { KeyBlock } from '../record/index.js';

/** What the keys of a handshake are made of. */
export interface Agreement {
  readonly suite: Suite;
  readonly masterSecret: 'extended' | 'legacy';
  readonly clientRandom: Uint8Array;
  readonly serverRandom: Uint8Array;
}

/** The master secret of one handshake. */
export class Secrets {
  readonly #provider: CryptoProvider;
  readonly #agreement: Agreement;
  readonly #master: Uint8Array;

  private constructor(provider: CryptoProvider, agreement: Agreement, master: Uint8Array) {
    this.#provider = provider;
    this.#agreement = agreement;
    this.#master = master;
  }

  /** Of a full handshake; `session` is the hash of all messages up to the ClientKeyExchange. The premaster secret is wiped. */
  static of(provider: CryptoProvider, agreement: Agreement, premaster: Uint8Array, session: Uint8Array): Secrets {
    const { suite, clientRandom, serverRandom } = agreement;
    const master =
      agreement.masterSecret === 'extended'
        ? extendedMasterSecret(provider, suite.hash, premaster, session)
        : masterSecret(provider, suite.hash, premaster, clientRandom, serverRandom);
    premaster.fill(0);
    return new Secrets(provider, agreement, master);
  }

  /** Of a session that is gone on with; its master secret is copied. */
  static again(provider: CryptoProvider, agreement: Agreement, master: Uint8Array): Secrets {
    return new Secrets(provider, agreement, new Uint8Array(master));
  }

  /** A copy of the master secret, for a session. */
  master(): Uint8Array {
    return new Uint8Array(this.#master);
  }

  /** Keys and IVs of both directions, in memory of their own. */
  keys(): KeyBlock {
    const { suite, clientRandom, serverRandom } = this.#agreement;
    return keyBlock(this.#provider, suite, this.#master, clientRandom, serverRandom);
  }

  /** What the Finished of one side says about all messages before it. */
  finished(side: 'client' | 'server', transcript: Uint8Array): Uint8Array {
    return verifyData(this.#provider, this.#agreement.suite.hash, this.#master, side, transcript);
  }

  /** Forgets the master secret. */
  wipe(): void {
    this.#master.fill(0);
  }
}
