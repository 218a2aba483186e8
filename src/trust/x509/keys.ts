/**
 * Public keys and signature algorithms: which are strong enough to be believed (P-256 or RSA 2048 and above, SHA-256 and
 * above), and the check of one signature, which OpenSSL does. RSA keys sign by PKCS #1 v1.5 or by PSS. A key that is bound to
 * PSS by its own kind (id-RSASSA-PSS, RFC 4055 §1.2) is not accepted: no suite here proves or verifies with one, which would take
 * the schemes rsa_pss_pss_* (RFC 8446 §4.2.3).
 */

import { constants, createPublicKey, verify, type KeyObject } from 'node:crypto';

import { bytesEqual, PeerError } from '#base';

import { content, DerReader, encoded, Tag, type Element } from './der.js';
import { readPssParameters, type SignatureHash } from './pss.js';
import { integerBytes, oid, readOid, smallInteger, wholeBits } from './values.js';

/** A public key as it stands in a certificate. */
export interface PublicKey {
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  readonly kind: 'ec' | 'rsa' | 'other';
  /** Why it must not be used, in words for an operator; undefined for a key that may. */
  readonly weakness: string | undefined;
}

/** The algorithm of a signature: its encoding, and what it comes to. */
export interface SignatureAlgorithm {
  readonly der: Uint8Array;
  /** What it is, in words for an operator. */
  readonly shown: string;
  /** Undefined for an algorithm that is not accepted. */
  readonly accepted: AcceptedAlgorithm | undefined;
}

interface AcceptedAlgorithm {
  readonly hash: SignatureHash;
  readonly key: 'ec' | 'rsa';
  readonly padding?: 'pss';
}

/** Reads a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7); an odd key is described and not thrown for, odd DER throws DecodeError. */
export function readPublicKey(reader: DerReader): PublicKey {
  const element = reader.take(Tag.SEQUENCE, 'the public key');
  const inner = DerReader.inside(element);
  const algorithm = inner.enter(Tag.SEQUENCE, 'the algorithm of the public key');
  const name = readOid(algorithm, 'the algorithm of the public key');
  const parameters = algorithm.done ? undefined : algorithm.next();
  algorithm.finish('the algorithm of the public key');
  const bits = wholeBits(inner.take(Tag.BIT_STRING, 'the public key'));
  inner.finish('the public key');
  const spki = encoded(element);
  if (name === EC_PUBLIC_KEY) return { spki, kind: 'ec', weakness: ecWeakness(parameters, bits) };
  if (name === RSA_ENCRYPTION) return { spki, kind: 'rsa', weakness: rsaWeakness(bits) };
  const kind = name === RSASSA_PSS ? 'id-RSASSA-PSS' : name;
  return { spki, kind: 'other', weakness: `its key is of the kind ${kind}; EC and RSA keys are accepted` };
}

/** Reads an AlgorithmIdentifier of a signature; an odd algorithm is described and not thrown for, odd DER throws DecodeError. */
export function readSignatureAlgorithm(reader: DerReader): SignatureAlgorithm {
  const element = reader.take(Tag.SEQUENCE, 'the signature algorithm');
  const inner = DerReader.inside(element);
  const name = readOid(inner, 'the signature algorithm');
  const parameters = inner.done ? undefined : inner.next();
  inner.finish('the signature algorithm');
  if (name === RSASSA_PSS) {
    const pss = readPssParameters(parameters);
    const shown = `RSASSA-PSS${'refused' in pss ? ` ${pss.refused}` : ''}`;
    const accepted: AcceptedAlgorithm | undefined = 'hash' in pss ? { ...pss, key: 'rsa', padding: 'pss' } : undefined;
    return { der: encoded(element), shown, accepted };
  }
  const known = ACCEPTED.get(name);
  // RFC 5758 §3.2: none for ECDSA; RFC 4055 §5: NULL for RSA, and its absence is to be accepted as well.
  const fits = parameters === undefined || (known?.key === 'rsa' && isNull(parameters));
  return { der: encoded(element), shown: name, accepted: fits ? known : undefined };
}

/** Imports a key for `signedBy`; throws PeerError(`key_unusable`) when OpenSSL does not take it, such as a point off its curve. */
export function importKey(key: PublicKey): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(key.spki), format: 'der', type: 'spki' });
  } catch (cause) {
    throw new PeerError('key_unusable', 'the public key is no point on its curve, or no RSA key', { cause });
  }
}

/** Whether `signature` over `data` was made with the private half of `key`. */
export function signedBy(
  key: KeyObject,
  algorithm: AcceptedAlgorithm,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (key.asymmetricKeyType !== algorithm.key) return false;
  try {
    return verify(algorithm.hash, data, { key, ...(algorithm.padding === 'pss' && PSS) }, signature);
  } catch {
    // A signature OpenSSL cannot even read was not made with that key.
    return false;
  }
}

function ecWeakness(parameters: Element | undefined, point: Uint8Array): string | undefined {
  if (parameters?.tag !== Tag.OID) return 'its curve is given by parameters and not by name';
  const curve = oid(parameters);
  const size = CURVES.get(curve);
  if (size === undefined) return `its curve is ${curve}; P-256, P-384 and P-521 are accepted`;
  return point[0] === 4 && point.length === 1 + 2 * size ? undefined : 'its point is not in the uncompressed form';
}

function rsaWeakness(bits: Uint8Array): string | undefined {
  const outer = new DerReader(bits);
  const inner = outer.enter(Tag.SEQUENCE, 'the RSA key');
  outer.finish('the RSA key');
  const modulus = integerBytes(inner.take(Tag.INTEGER, 'the RSA modulus'));
  const exponent = smallInteger(inner.take(Tag.INTEGER, 'the RSA exponent'), MOST_RSA_EXPONENT, 'the RSA exponent');
  inner.finish('the RSA key');
  const first = modulus[0] === 0 ? 1 : 0;
  const length = (modulus.length - first) * 8 - Math.clz32(modulus[first] ?? 0) + 24;
  if (length < LEAST_RSA_BITS || length > MOST_RSA_BITS) {
    return `its RSA key has ${length} bits; ${LEAST_RSA_BITS} to ${MOST_RSA_BITS} are accepted`;
  }
  if ((modulus[0] as number) > 0x7f) return 'its RSA modulus is negative';
  return exponent < 3 || exponent % 2 === 0 ? `its RSA exponent is ${exponent}` : undefined;
}

const isNull = (element: Element): boolean =>
  element.tag === Tag.NULL && bytesEqual(content(element), new Uint8Array(0));

const EC_PUBLIC_KEY = '1.2.840.10045.2.1';
const RSASSA_PSS = '1.2.840.113549.1.1.10';
/** MGF1 takes the hash of the signature, and the salt is as long as it: checked so, not found out. */
const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
const RSA_ENCRYPTION = '1.2.840.113549.1.1.1';
const LEAST_RSA_BITS = 2048;
/** A check with a larger key takes milliseconds. */
const MOST_RSA_BITS = 8192;
const MOST_RSA_EXPONENT = 0xffff_ffff;

/** Curves by object identifier, with the bytes of a coordinate: P-256, P-384, P-521. */
const CURVES: ReadonlyMap<string, number> = new Map([
  ['1.2.840.10045.3.1.7', 32],
  ['1.3.132.0.34', 48],
  ['1.3.132.0.35', 66],
]);

const ACCEPTED: ReadonlyMap<string, AcceptedAlgorithm> = new Map([
  ['1.2.840.10045.4.3.2', { hash: 'sha256', key: 'ec' }],
  ['1.2.840.10045.4.3.3', { hash: 'sha384', key: 'ec' }],
  ['1.2.840.10045.4.3.4', { hash: 'sha512', key: 'ec' }],
  ['1.2.840.113549.1.1.11', { hash: 'sha256', key: 'rsa' }],
  ['1.2.840.113549.1.1.12', { hash: 'sha384', key: 'rsa' }],
  ['1.2.840.113549.1.1.13', { hash: 'sha512', key: 'rsa' }],
]);
