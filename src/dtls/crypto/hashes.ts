/**
 * HMAC (RFC 2104) and transcripts over the one-shot hash of node:crypto. createHmac and createHash make an object of OpenSSL
 * for each call, which costs twice the hashing itself and burdens the collector; so does a digest handed over as a Buffer.
 */

import { hash as oneShot } from 'node:crypto';

import type { Transcript } from './provider.js';
import type { HashName } from './suites.js';

/** CryptoProvider.hash. */
export function hash(name: HashName, bytes: Uint8Array): Uint8Array {
  const digest = new Uint8Array(SIZES[name].digest);
  writeHash(name, bytes, digest, 0);
  return digest;
}

/** CryptoProvider.hmac. */
export function hmac(name: HashName, key: Uint8Array, bytes: Uint8Array): Uint8Array {
  const { block, digest } = SIZES[name];
  const short = key.length > block ? hash(name, key) : key;
  const inner = block + bytes.length <= SCRATCH.length ? SCRATCH : new Uint8Array(block + bytes.length);
  inner.fill(INNER_PAD, 0, block);
  OUTER.fill(OUTER_PAD, 0, block);
  for (let index = 0; index < short.length; index += 1) {
    const byte = short[index] as number;
    inner[index] = byte ^ INNER_PAD;
    OUTER[index] = byte ^ OUTER_PAD;
  }
  inner.set(bytes, block);
  writeHash(name, inner.subarray(0, block + bytes.length), OUTER, block);
  const mac = hash(name, OUTER.subarray(0, block + digest));
  // The key is in both, by a known mask.
  inner.fill(0, 0, block);
  OUTER.fill(0, 0, block);
  return mac;
}

/** CryptoProvider.transcript: a handshake is short, so its messages are kept and hashed when asked for. */
export function transcript(name: HashName): Transcript {
  let kept = new Uint8Array(FIRST_TRANSCRIPT);
  let length = 0;
  return {
    update: (bytes) => {
      if (length + bytes.length > kept.length) {
        const larger = new Uint8Array(2 * (length + bytes.length));
        larger.set(kept.subarray(0, length));
        kept = larger;
      }
      kept.set(bytes, length);
      length += bytes.length;
    },
    digest: () => hash(name, kept.subarray(0, length)),
  };
}

function writeHash(name: HashName, bytes: Uint8Array, out: Uint8Array, at: number): void {
  const digest = oneShot(name, bytes, 'binary');
  for (let index = 0; index < digest.length; index += 1) out[at + index] = digest.charCodeAt(index);
}

/** Bytes of a block and of a digest (FIPS 180-4 §1). */
const SIZES: Readonly<Record<HashName, { readonly block: number; readonly digest: number }>> = Object.freeze({
  sha256: { block: 64, digest: 32 },
  sha384: { block: 128, digest: 48 },
});
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;
const FIRST_TRANSCRIPT = 512;

// Used within one call: nothing of them is kept.
const SCRATCH = new Uint8Array(1024);
const OUTER = new Uint8Array(128 + 48);
