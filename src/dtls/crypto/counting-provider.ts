/** A provider that counts what is asked of another one: how a test shows what a handshake or a datagram costs. */

import type { CryptoProvider, EphemeralKey } from './provider.js';

/** What is counted; each call once, a transcript when it begins. */
export type CryptoCall =
  'hash' | 'transcript' | 'hmac' | 'seal' | 'open' | 'ephemeral' | 'agree' | 'sign' | 'verify' | 'equal';

/** A provider with its counts. */
export interface CountingProvider extends CryptoProvider {
  /** Calls since the last reset, whether or not they succeeded. */
  readonly counts: Readonly<Record<CryptoCall, number>>;
  /** Sets all counts to zero. */
  reset(): void;
}

/** Counts every call to `inner`, which does the work. */
export function countingProvider(inner: CryptoProvider): CountingProvider {
  const counts = { ...ZERO };
  const counted = (key: EphemeralKey): EphemeralKey => ({
    publicKey: key.publicKey,
    agree: (peer) => {
      counts.agree += 1;
      return key.agree(peer);
    },
  });
  return {
    counts,
    reset: () => {
      Object.assign(counts, ZERO);
    },
    hash: (...given) => {
      counts.hash += 1;
      return inner.hash(...given);
    },
    transcript: (...given) => {
      counts.transcript += 1;
      return inner.transcript(...given);
    },
    hmac: (...given) => {
      counts.hmac += 1;
      return inner.hmac(...given);
    },
    seal: (...given) => {
      counts.seal += 1;
      return inner.seal(...given);
    },
    open: (...given) => {
      counts.open += 1;
      return inner.open(...given);
    },
    ephemeral: (...given) => {
      counts.ephemeral += 1;
      return counted(inner.ephemeral(...given));
    },
    sign: (...given) => {
      counts.sign += 1;
      return inner.sign(...given);
    },
    verify: (...given) => {
      counts.verify += 1;
      return inner.verify(...given);
    },
    equal: (...given) => {
      counts.equal += 1;
      return inner.equal(...given);
    },
  };
}

const ZERO: Readonly<Record<CryptoCall, number>> = Object.freeze({
  hash: 0,
  transcript: 0,
  hmac: 0,
  seal: 0,
  open: 0,
  ephemeral: 0,
  agree: 0,
  sign: 0,
  verify: 0,
  equal: 0,
});
