/**
 * The crypto provider of service: node:crypto, which is OpenSSL. Of the ways to call it these are the quickest that keep
 * nothing beyond the call: keys as bytes, one-shot hashes, createHmac.
 */

import { createHash, createHmac, hash, timingSafeEqual } from 'node:crypto';

import { open, seal } from './aead.js';
import { ephemeralKey } from './key-agreement.js';
import type { CryptoProvider, Transcript } from './provider.js';
import { sign, verify } from './signatures.js';
import type { HashName } from './suites.js';

/** Cryptography by node:crypto. */
export const nodeProvider: CryptoProvider = Object.freeze({
  hash: (name: HashName, bytes: Uint8Array) => hash(name, bytes, 'buffer'),
  transcript,
  hmac: (name: HashName, key: Uint8Array, bytes: Uint8Array) => createHmac(name, key).update(bytes).digest(),
  seal,
  open,
  ephemeral: ephemeralKey,
  sign,
  verify,
  equal: (left: Uint8Array, right: Uint8Array) => left.length === right.length && timingSafeEqual(left, right),
});

function transcript(name: HashName): Transcript {
  const running = createHash(name);
  return {
    update: (bytes) => {
      running.update(bytes);
    },
    digest: () => running.copy().digest(),
  };
}
