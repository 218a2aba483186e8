/** What a handshake stands on: what all of an endpoint share, and where one is held. */

import type { Instant, Random } from '#base';

import type { CryptoProvider } from '../crypto/index.js';
import type { DtlsParameters } from '../policy/index.js';
import type { Question } from './questions.js';

/** What every handshake of an endpoint shares. */
export interface HandshakeParts {
  readonly parameters: DtlsParameters;
  readonly provider: CryptoProvider;
  readonly random: Random;
}

/** Where one handshake is held. */
export interface HandshakePlace {
  /** Sends a datagram to the peer. */
  readonly transmit: (datagram: Uint8Array) => void;
  /** Asks; the answer comes to `answer`. */
  readonly ask: (question: Question) => void;
  /** Waits for a turn to do costly work, which comes to `turn`; full: too many wait already, and none comes. */
  readonly wait: (now: Instant) => 'waits' | 'full';
}
