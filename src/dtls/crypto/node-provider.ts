/**
 * The crypto provider of service: node:crypto, which is OpenSSL. Of the ways to call it these are the quickest that keep
 * nothing beyond the call: keys as bytes, one-shot hashes.
 */

import { timingSafeEqual } from 'node:crypto';

import { open, seal } from './aead.js';
import { hash, hmac, transcript } from './hashes.js';
import { ephemeralKey } from './key-agreement.js';
import type { CryptoProvider } from './provider.js';
import { sign, verify } from './signatures.js';

/** Cryptography by node:crypto. */
export const nodeProvider: CryptoProvider = Object.freeze({
  ...{ hash, hmac, transcript, seal, open },
  ephemeral: ephemeralKey,
  sign,
  verify,
  equal: (left: Uint8Array, right: Uint8Array) => left.length === right.length && timingSafeEqual(left, right),
});
