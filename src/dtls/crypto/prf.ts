/**
 * Secrets of TLS 1.2 and what is drawn from them: the PRF (RFC 5246 §5), premaster secrets (RFC 4279 §2, 5489 §2), the master
 * secret (RFC 5246 §8.1, RFC 7627 §4), the key block (RFC 5246 §6.3) and verify_data (§7.4.9).
 */

import { invariant } from '#base';

import type { CryptoProvider } from './provider.js';
import type { HashName, Suite } from './suites.js';

/**
 * PRF(secret, label, seed) = P_hash(secret, label ‖ seed), of `length` bytes (RFC 5246 §5). `label` is ASCII; the parts of
 * `seed` are joined. Costs two HMACs for each 32 (SHA-384: 48) bytes begun.
 */
export function prf(
  provider: CryptoProvider,
  hash: HashName,
  secret: Uint8Array,
  label: string,
  seed: Uint8Array | readonly Uint8Array[],
  length: number,
): Uint8Array {
  const size = HASH_LENGTH[hash];
  const parts = seed instanceof Uint8Array ? [seed] : seed;
  let end = size + label.length;
  for (const part of parts) end += part.length;
  // A(i) ‖ label ‖ seed: A(i) is written anew in each turn.
  const block = (end <= SCRATCH.length ? SCRATCH : new Uint8Array(end)).subarray(0, end);
  let at = writeAscii(block, size, label);
  for (const part of parts) {
    block.set(part, at);
    at += part.length;
  }
  const out = new Uint8Array(length);
  let a: Uint8Array = block.subarray(size);
  for (at = 0; at < length; at += size) {
    a = provider.hmac(hash, secret, a);
    block.set(a);
    const piece = provider.hmac(hash, secret, block);
    out.set(piece.length > length - at ? piece.subarray(0, length - at) : piece, at);
  }
  block.fill(0, 0, size);
  return out;
}

/** Premaster secret of plain PSK (RFC 4279 §2): as many zeros as the PSK has bytes, and the PSK, each with its length. */
export function pskPremaster(psk: Uint8Array): Uint8Array {
  return premaster(new Uint8Array(psk.length), psk);
}

/** Premaster secret of ECDHE_PSK (RFC 5489 §2): the shared secret and the PSK, each with its length. */
export function ecdhePskPremaster(shared: Uint8Array, psk: Uint8Array): Uint8Array {
  return premaster(shared, psk);
}

/** Master secret (48 bytes) without the extended master secret extension (RFC 5246 §8.1). */
export function masterSecret(
  provider: CryptoProvider,
  hash: HashName,
  premasterSecret: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
): Uint8Array {
  return prf(provider, hash, premasterSecret, 'master secret', [clientRandom, serverRandom], MASTER_LENGTH);
}

/** Master secret (48 bytes) bound to the handshake: `sessionHash` covers all messages through ClientKeyExchange (RFC 7627 §4). */
export function extendedMasterSecret(
  provider: CryptoProvider,
  hash: HashName,
  premasterSecret: Uint8Array,
  sessionHash: Uint8Array,
): Uint8Array {
  return prf(provider, hash, premasterSecret, 'extended master secret', sessionHash, MASTER_LENGTH);
}

/** Bytes of the keys and fixed nonces of both directions. */
export function keyBlockLength({ keyLength }: Suite): number {
  return 2 * (keyLength + FIXED_IV_LENGTH);
}

/**
 * Write keys and fixed nonces of a connection in one piece: keys of client and server, then 4 bytes for each one's nonces
 * (RFC 5246 §6.3, RFC 5288 §3, RFC 6655 §3). The server's random comes first here. No MAC keys: AEAD only.
 */
export function keyBlock(
  provider: CryptoProvider,
  suite: Suite,
  master: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
): Uint8Array {
  return prf(provider, suite.hash, master, 'key expansion', [serverRandom, clientRandom], keyBlockLength(suite));
}

/** verify_data (12 bytes) of the Finished message that `sender` sends (RFC 5246 §7.4.9). */
export function verifyData(
  provider: CryptoProvider,
  hash: HashName,
  master: Uint8Array,
  sender: 'client' | 'server',
  transcriptHash: Uint8Array,
): Uint8Array {
  return prf(provider, hash, master, `${sender} finished`, transcriptHash, VERIFY_DATA_LENGTH);
}

function premaster(other: Uint8Array, psk: Uint8Array): Uint8Array {
  invariant(other.length <= 0xffff && psk.length <= 0xffff, 'a PSK has at most 65,535 bytes');
  const bytes = new Uint8Array(4 + other.length + psk.length);
  bytes[0] = other.length >> 8;
  bytes[1] = other.length;
  bytes.set(other, 2);
  bytes[2 + other.length] = psk.length >> 8;
  bytes[3 + other.length] = psk.length;
  bytes.set(psk, 4 + other.length);
  return bytes;
}

function writeAscii(bytes: Uint8Array, at: number, text: string): number {
  for (let index = 0; index < text.length; index += 1) bytes[at + index] = text.charCodeAt(index);
  return at + text.length;
}

const HASH_LENGTH: Readonly<Record<HashName, number>> = Object.freeze({ sha256: 32, sha384: 48 });
const MASTER_LENGTH = 48;
/** Used within one call: nothing of it is kept. */
const SCRATCH = new Uint8Array(256);
const FIXED_IV_LENGTH = 4;
const VERIFY_DATA_LENGTH = 12;
