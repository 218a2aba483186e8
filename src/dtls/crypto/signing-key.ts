/**
 * Private keys to sign with, read once at start: PKCS#8, SEC1 or PKCS#1 in PEM or DER, not encrypted. The key stays inside
 * OpenSSL and is in reach of signatures.ts alone.
 */

import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import { AppError, invariant, messageOf } from '#base';

import { publicKeyKind, RSA_BITS } from './raw-keys.js';
import type { SigningKey } from './provider.js';

/**
 * Reads a private key of P-256, P-384 or RSA (2048 to 8192 bits). Text, or bytes that begin with a dash, are PEM; other bytes
 * are DER. Throws AppError(`bad_key`) that says what is wrong and what is allowed; it never holds a piece of the key.
 */
export function signingKey(pemOrDer: string | Uint8Array): SigningKey {
  const handle = imported(pemOrDer);
  const spki = createPublicKey(handle).export({ type: 'spki', format: 'der' });
  const kind = publicKeyKind(spki);
  if (kind === undefined) throw refused(`it is ${describe(handle)}`);
  // A key file may name a public key that is not its own: what is signed with it could then never be verified.
  const probe = sign('sha256', spki, handle);
  if (!verify('sha256', spki, { key: spki, format: 'der', type: 'spki' }, probe)) {
    throw refused('its private and its public half do not belong together');
  }
  return kind.type === 'ec' ? new NodeSigningKey(handle, spki, kind.curve) : new NodeSigningKey(handle, spki);
}

/** The key inside, for signing; a SigningKey that signingKey did not make is a fault of the caller. */
export function handleOf(key: SigningKey): KeyObject {
  return NodeSigningKey.handle(key);
}

class NodeSigningKey implements SigningKey {
  readonly type: 'ec' | 'rsa';
  declare readonly curve?: 'P-256' | 'P-384';
  readonly spki: Uint8Array;
  readonly #handle: KeyObject;

  constructor(handle: KeyObject, spki: Uint8Array, curve?: 'P-256' | 'P-384') {
    this.type = curve === undefined ? 'rsa' : 'ec';
    if (curve !== undefined) this.curve = curve;
    this.spki = spki;
    this.#handle = handle;
    Object.freeze(this);
  }

  toString(): string {
    return STARS;
  }

  toJSON(): string {
    return STARS;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return STARS;
  }

  static handle(key: SigningKey): KeyObject {
    invariant(#handle in key, 'a key to sign with was made by signingKey');
    return key.#handle;
  }
}

function imported(pemOrDer: string | Uint8Array): KeyObject {
  if (pemOrDer.length === 0) throw refused('it is empty');
  if (typeof pemOrDer === 'string' || pemOrDer[0] === DASH) return importedPem(pemOrDer);
  const key = Buffer.from(pemOrDer);
  for (const type of ['pkcs8', 'sec1', 'pkcs1'] as const) {
    try {
      return createPrivateKey({ key, format: 'der', type });
    } catch {
      // The next form may fit.
    }
  }
  throw refused('these bytes are neither PEM nor a private key in DER');
}

function importedPem(pem: string | Uint8Array): KeyObject {
  const text = typeof pem === 'string' ? pem : Buffer.from(pem).toString('latin1');
  const labels = Array.from(text.matchAll(/-----BEGIN ([A-Z0-9 ]{1,40})-----/g), (match) => match[1] as string);
  if (labels.length === 0) throw refused('no line -----BEGIN … PRIVATE KEY----- is in it');
  if (/ENCRYPTED/.test(text)) throw refused('it is encrypted: give it without a passphrase');
  if (!labels.some((label) => label.endsWith('PRIVATE KEY'))) {
    throw refused(`it holds ${labels.join(', ')} and no PRIVATE KEY`);
  }
  try {
    return createPrivateKey(text);
  } catch (error) {
    throw refused(`it cannot be read (${messageOf(error)})`);
  }
}

function describe(handle: KeyObject): string {
  const { namedCurve, modulusLength } = handle.asymmetricKeyDetails ?? {};
  if (namedCurve !== undefined) return `an EC key of the curve ${namedCurve}`;
  if (modulusLength !== undefined) return `an ${handle.asymmetricKeyType ?? 'RSA'} key of ${modulusLength} bits`;
  return `a key of the type ${handle.asymmetricKeyType ?? 'unknown'}`;
}

function refused(what: string): AppError {
  return new AppError(
    'bad_key',
    `The private key cannot be used: ${what}. Allowed are EC keys of P-256 and P-384 and RSA keys of ${RSA_BITS.least} to ${RSA_BITS.most} bits, as PKCS#8, SEC1 or PKCS#1, in PEM or DER.`,
  );
}

const STARS = '***';
const DASH = 0x2d;
