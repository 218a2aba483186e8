/**
 * Signature schemes (RFC 5246 §7.4.1.4.1, RFC 8446 §4.2.3), one row each, over node:crypto. SHA-1 and MD5 are not here. In
 * TLS 1.2 an ECDSA scheme says the hash and not the curve: a P-384 key may sign with SHA-256 (RFC 8446 §4.2.3).
 */

import { constants, createPublicKey, sign as nodeSign, verify as nodeVerify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import { invariant } from '#base';

import { publicKeyKind } from './raw-keys.js';
import type { PublicKeyKind } from './raw-keys.js';
import { handleOf } from './signing-key.js';
import type { SigningKey } from './provider.js';
import type { HashName } from './suites.js';

/** Schemes as they stand on the wire. */
export const SignatureScheme = Object.freeze({
  RSA_PKCS1_SHA256: 0x0401,
  ECDSA_SECP256R1_SHA256: 0x0403,
  RSA_PKCS1_SHA384: 0x0501,
  ECDSA_SECP384R1_SHA384: 0x0503,
  RSA_PSS_RSAE_SHA256: 0x0804,
} as const);

/** One signature scheme. */
export interface Scheme {
  readonly id: number;
  /** As the IANA registry spells it. */
  readonly name: string;
  /** Type of the keys it is for. */
  readonly key: 'ec' | 'rsa';
  readonly hash: HashName;
  /** Of an RSA signature. */
  readonly padding?: 'pkcs1' | 'pss';
}

/** Every scheme there is here. */
export const SCHEMES: readonly Scheme[] = Object.freeze([
  row({ id: SignatureScheme.ECDSA_SECP256R1_SHA256, name: 'ecdsa_secp256r1_sha256', key: 'ec', hash: 'sha256' }),
  row({ id: SignatureScheme.ECDSA_SECP384R1_SHA384, name: 'ecdsa_secp384r1_sha384', key: 'ec', hash: 'sha384' }),
  row({
    id: SignatureScheme.RSA_PSS_RSAE_SHA256,
    name: 'rsa_pss_rsae_sha256',
    key: 'rsa',
    hash: 'sha256',
    padding: 'pss',
  }),
  row({ id: SignatureScheme.RSA_PKCS1_SHA256, name: 'rsa_pkcs1_sha256', key: 'rsa', hash: 'sha256', padding: 'pkcs1' }),
  row({ id: SignatureScheme.RSA_PKCS1_SHA384, name: 'rsa_pkcs1_sha384', key: 'rsa', hash: 'sha384', padding: 'pkcs1' }),
]);

/** The scheme of a number on the wire; undefined when it is none of ours. */
export function schemeOf(id: number): Scheme | undefined {
  return SCHEMES.find((scheme) => scheme.id === id);
}

/** Whether a scheme is one of ours and a public key (SubjectPublicKeyInfo, DER) is of a kind that it is for. */
export function schemeFits(scheme: number, spki: Uint8Array): boolean {
  const kind = publicKeyKind(spki);
  return kind !== undefined && schemeOf(scheme)?.key === kind.type;
}

/** CryptoProvider.sign. */
export function sign(schemeId: number, key: SigningKey, bytes: Uint8Array): Uint8Array {
  const scheme = schemeOf(schemeId);
  invariant(scheme?.key === key.type, `scheme ${schemeId} is one of SCHEMES and for ${key.type} keys`);
  return nodeSign(scheme.hash, bytes, { key: handleOf(key), ...PADDINGS[scheme.padding ?? 'none'] });
}

/** CryptoProvider.verify. */
export function verify(schemeId: number, spki: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  const scheme = schemeOf(schemeId);
  const kind = publicKeyKind(spki);
  if (kind === undefined || scheme?.key !== kind.type) return false;
  try {
    const key = { key: imported(kind, spki), ...PADDINGS[scheme.padding ?? 'none'] };
    return nodeVerify(scheme.hash, bytes, key, signature);
  } catch {
    // A point that is not on its curve, or a modulus no RSA can have: nothing is signed by such a key.
    return false;
  }
}

/** An EC key is imported by its coordinates, which is quicker than by its DER; its point is checked alike. */
function imported(kind: PublicKeyKind, spki: Uint8Array): KeyObject {
  if (kind.type === 'rsa') return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  const half = (kind.point.length + 1) / 2;
  return createPublicKey({
    key: {
      kty: 'EC',
      crv: kind.curve,
      x: base64Url(kind.point.subarray(1, half)),
      y: base64Url(kind.point.subarray(half)),
    },
    format: 'jwk',
  });
}

function base64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}

function row(scheme: Scheme): Scheme {
  return Object.freeze(scheme);
}

/** The salt of a PSS signature is as long as its hash (RFC 8446 §4.2.3); checked so, not found out. */
const PADDINGS = Object.freeze({
  none: {},
  pkcs1: { padding: constants.RSA_PKCS1_PADDING },
  pss: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
});
