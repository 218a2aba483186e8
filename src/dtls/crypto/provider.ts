/**
 * The narrow port through which DTLS reaches cryptography. All of it is synchronous. node-provider.ts stands behind it in
 * service, counting-provider.ts where a test wants to know what was called how often. Nothing given to a call is kept beyond
 * it, and nothing is returned that the caller may not keep or change.
 */

import type { AeadName, HashName } from './suites.js';

/** A running hash over the messages of a handshake. */
export interface Transcript {
  update(bytes: Uint8Array): void;
  /** The hash so far; the transcript goes on afterwards. */
  digest(): Uint8Array;
}

/** Our half of one key agreement. */
export interface EphemeralKey {
  /** `04‖X‖Y`, or the 32 bytes of X25519. */
  readonly publicKey: Uint8Array;
  /**
   * The shared secret: the X coordinate with its leading zeros (RFC 8422 §5.10), or the output of X25519. Throws
   * PeerError(`bad_point`) on anything but a valid uncompressed point of the curve, and on a result that is all zero.
   */
  agree(peerPublicKey: Uint8Array): Uint8Array;
}

/** A private key to sign with. The key itself is out of reach and prints as stars. */
export interface SigningKey {
  readonly type: 'ec' | 'rsa';
  /** Of an EC key. */
  readonly curve?: 'P-256' | 'P-384';
  /** Its public half as SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
}

/** What DTLS needs of cryptography. */
export interface CryptoProvider {
  hash(name: HashName, bytes: Uint8Array): Uint8Array;
  transcript(name: HashName): Transcript;
  hmac(name: HashName, key: Uint8Array, bytes: Uint8Array): Uint8Array;
  /** Writes ciphertext and tag at `out[at]`; returns the offset behind them. `nonce` has 12 bytes in DTLS. */
  seal(
    aead: AeadName,
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    plaintext: Uint8Array,
    out: Uint8Array,
    at: number,
  ): number;
  /** The plaintext of ciphertext and tag; undefined, and no byte of it, unless the tag is right. */
  open(aead: AeadName, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
  /** A fresh key of one of GROUPS. */
  ephemeral(group: number): EphemeralKey;
  /** Signs with one of SCHEMES that fits the key; an ECDSA signature is DER. */
  sign(scheme: number, key: SigningKey, bytes: Uint8Array): Uint8Array;
  /** Whether the signature is right; false too when scheme, key or signature are malformed or do not fit each other. */
  verify(scheme: number, spki: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean;
  /** Whether both are equal, in a time that does not depend on their content; different lengths are unequal at once. */
  equal(left: Uint8Array, right: Uint8Array): boolean;
}
