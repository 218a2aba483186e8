/** The forms in which people hand in keys, certificates and revocation lists, read with node:crypto: see `KeyForms`. */

import { createHash, createPublicKey, X509Certificate, type KeyObject } from 'node:crypto';

import { AppError, decodeBase64 } from '#base';
import type { CertificateForm, KeyForms, PublicKeyForm } from '#fleet/ports';

import { pemOf, serverKeyForms } from './server-key-forms.js';

/** Reads them. */
export const credentialForms: KeyForms = {
  ...serverKeyForms,
  publicKey: (text) => {
    const der = derOf(text, 'PUBLIC KEY', 'a public key');
    const key = refused('is no SubjectPublicKeyInfo', () => createPublicKey({ key: der, format: 'der', type: 'spki' }));
    checkKey(key);
    return { fingerprint: fingerprintOf(key.export({ format: 'der', type: 'spki' })) } satisfies PublicKeyForm;
  },
  certificate: (text) => {
    const der = derOf(text, 'CERTIFICATE', 'a certificate');
    const certificate = refused('is no X.509 certificate', () => new X509Certificate(der));
    if (!certificate.raw.equals(der)) throw wrong('has bytes behind the certificate');
    checkKey(refused('has a public key that is not known here', () => certificate.publicKey));
    return {
      fingerprint: fingerprintOf(der),
      pem: pemOf('CERTIFICATE', der),
      subject: certificate.subject.replaceAll('\n', ', '),
      notAfter: new Date(certificate.validTo).toISOString(),
    } satisfies CertificateForm;
  },
  revocationList: (text) => {
    const der = derOf(text, 'X509 CRL', 'a revocation list');
    if (!isOneSequence(der)) throw wrong('is no certificate revocation list: it is not one DER sequence');
    return pemOf('X509 CRL', der);
  },
};

/** P-256, P-384, or RSA of 2048 bits and more: what the handshake takes. */
function checkKey(key: KeyObject): void {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ec' && (namedCurve === 'prime256v1' || namedCurve === 'secp384r1')) return;
  if (key.asymmetricKeyType === 'rsa' && modulusLength >= SHORTEST_RSA) return;
  const bits = key.asymmetricKeyType === 'rsa' ? ` of ${modulusLength} bits` : '';
  const found = namedCurve === undefined ? `${key.asymmetricKeyType ?? 'secret'}${bits}` : namedCurve;
  throw wrong(`has a key that is not taken (${found}): P-256, P-384, or RSA of ${SHORTEST_RSA} bits and more`);
}

/** The DER in PEM with one block of that label, or in base64. */
function derOf(text: string, label: string, what: string): Buffer {
  const match = /^\s*-----BEGIN ([A-Z0-9 ]{1,64})-----([A-Za-z0-9+/=\s]*)-----END \1-----\s*$/.exec(text);
  if (match === null && text.includes('-----'))
    throw wrong(`must be one PEM block of ${what}, "${label}", and no more`);
  if (match !== null && match[1] !== label) throw wrong(`is PEM of "${match[1] ?? ''}", not of "${label}"`);
  const der = decodeBase64((match?.[2] ?? text).replaceAll(/\s/g, ''));
  if (der === undefined || der.length === 0) throw wrong(`must be ${what} as PEM, or as base64 of its DER`);
  return der;
}

/** Whether the bytes are one SEQUENCE with a length of few bytes (ITU-T X.690 §8.1.3) and nothing behind it. */
function isOneSequence(der: Buffer): boolean {
  const first = der[1];
  if (der[0] !== SEQUENCE || first === undefined) return false;
  if (first < 0x80) return der.length === 2 + first;
  const size = first & 0x7f;
  if (size < 1 || size > 4 || der.length < 2 + size) return false;
  return der.length === 2 + size + der.readUIntBE(2, size);
}

function fingerprintOf(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex');
}

function refused<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw wrong(what, cause);
  }
}

function wrong(what: string, cause?: unknown): AppError {
  return new AppError('invalid_value', what, { cause });
}

const SHORTEST_RSA = 2048;
const SEQUENCE = 0x30;
