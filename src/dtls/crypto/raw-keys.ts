/**
 * Public keys as SubjectPublicKeyInfo (RFC 5280 §4.1, 5480, 7250 §3): what kind a key is, where it stands in a certificate,
 * its fingerprint. Whether a certificate may be trusted is judged outside: the core asks, as it asks for a PSK.
 */

import { bytesEqual, fromHex, invariant, PeerError, Reader, toHex } from '#base';

import { enter, nextIs, skip, Tag, whole } from './der.js';
import type { CryptoProvider } from './provider.js';

/** What a public key is, of the kinds that are taken. */
export type PublicKeyKind =
  | {
      readonly type: 'ec';
      readonly curve: 'P-256' | 'P-384';
      /** The uncompressed point `04‖X‖Y`, a view of the key. */
      readonly point: Uint8Array;
    }
  | { readonly type: 'rsa'; readonly bits: number };

/** Size of an RSA modulus in bits: below it is weak, above it costs a verifier too much. */
export const RSA_BITS = Object.freeze({ least: 2048, most: 8192 } as const);

/**
 * What kind of key a SubjectPublicKeyInfo (DER) holds; undefined when it is malformed or of no kind that is taken: EC on
 * P-256 or P-384 by their names with an uncompressed point, and rsaEncryption with RSA_BITS and an odd exponent of 3 to
 * 2^32-1. Whether the point is on its curve is checked where the key is used.
 */
export function publicKeyKind(spki: Uint8Array): PublicKeyKind | undefined {
  for (const { curve, prefix, length } of EC_FORMS) {
    if (spki.length === length && bytesEqual(spki.subarray(0, prefix.length), prefix)) {
      return { type: 'ec', curve, point: spki.subarray(prefix.length - 1) };
    }
  }
  try {
    return rsaKind(spki);
  } catch (error) {
    if (error instanceof PeerError) return undefined;
    throw error;
  }
}

/**
 * The SubjectPublicKeyInfo of a certificate, as a view of it (RFC 5280 §4.1). Signed part, algorithm and signature must be
 * DER without a byte too many; otherwise throws PeerError(`bad_certificate`). Nothing else of it is judged or read: whoever is
 * asked whether the certificate is good reads all of it, once it is proven that the peer holds this key.
 */
export function spkiOfCertificate(der: Uint8Array): Uint8Array {
  try {
    const outer = new Reader(der);
    const certificate = enter(outer, Tag.SEQUENCE);
    outer.end();
    const signed = enter(certificate, Tag.SEQUENCE);
    if (nextIs(signed, Tag.VERSION)) skip(signed);
    enter(signed, Tag.INTEGER);
    // Signature algorithm, issuer, validity, subject.
    for (let count = 0; count < 4; count += 1) enter(signed, Tag.SEQUENCE);
    const spki = whole(signed, Tag.SEQUENCE);
    // Signature algorithm and signature.
    enter(certificate, Tag.SEQUENCE);
    enter(certificate, Tag.BIT_STRING);
    certificate.end();
    return spki;
  } catch (cause) {
    throw new PeerError('bad_certificate', 'the certificate is no X.509 certificate in DER', { cause });
  }
}

/** The SubjectPublicKeyInfo (91 bytes) of an uncompressed point of P-256 (65 bytes). */
export function p256Spki(point: Uint8Array): Uint8Array {
  invariant(point.length === 65 && point[0] === 0x04, 'a point of P-256 has 65 bytes and is uncompressed');
  const spki = new Uint8Array(P256_PREFIX.length + 64);
  spki.set(P256_PREFIX);
  spki.set(point, P256_PREFIX.length - 1);
  return spki;
}

/** SHA-256 of a SubjectPublicKeyInfo in lower-case hex: the name of a raw public key. */
export function spkiFingerprint(provider: CryptoProvider, spki: Uint8Array): string {
  return toHex(provider.hash('sha256', spki));
}

function rsaKind(spki: Uint8Array): PublicKeyKind | undefined {
  const outer = new Reader(spki);
  const info = enter(outer, Tag.SEQUENCE);
  outer.end();
  const algorithm = enter(info, Tag.SEQUENCE);
  if (!bytesEqual(enter(algorithm, Tag.OID).rest(), RSA_ENCRYPTION)) return undefined;
  enter(algorithm, Tag.NULL).end();
  algorithm.end();
  const bits = enter(info, Tag.BIT_STRING);
  info.end();
  if (bits.u8() !== 0) return undefined;
  const key = enter(bits, Tag.SEQUENCE);
  bits.end();
  const modulus = positive(enter(key, Tag.INTEGER).rest());
  const exponent = positive(enter(key, Tag.INTEGER).rest());
  key.end();
  if (modulus === undefined || exponent === undefined) return undefined;
  const size = modulus.length * 8 - (Math.clz32(modulus[0] as number) - 24);
  if (size < RSA_BITS.least || size > RSA_BITS.most) return undefined;
  const last = exponent[exponent.length - 1] as number;
  if (exponent.length > 4 || last % 2 === 0 || (exponent.length === 1 && last < 3)) return undefined;
  return { type: 'rsa', bits: size };
}

/** The digits of a positive INTEGER without the zero of its sign; undefined when it is not positive or too long. */
function positive(content: Uint8Array): Uint8Array | undefined {
  const first = content[0];
  if (first === undefined || first >= 0x80) return undefined;
  if (first > 0) return content;
  return (content[1] ?? 0) >= 0x80 ? content.subarray(1) : undefined;
}

/** Everything of a P-256 or P-384 SubjectPublicKeyInfo up to the `04` of its point. */
const P256_PREFIX = fromHex('3059301306072a8648ce3d020106082a8648ce3d03010703420004');
const P384_PREFIX = fromHex('3076301006072a8648ce3d020106052b8104002203620004');
const EC_FORMS = [
  { curve: 'P-256', prefix: P256_PREFIX, length: P256_PREFIX.length + 64 },
  { curve: 'P-384', prefix: P384_PREFIX, length: P384_PREFIX.length + 96 },
] as const;
/** 1.2.840.113549.1.1.1. */
const RSA_ENCRYPTION = fromHex('2a864886f70d010101');
