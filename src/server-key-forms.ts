/** The forms in which people hand in keys of the server and their chains, read with node:crypto: see `KeyForms`. */

import { createHash, createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';

import { AppError, bytesEqual, encodeBase64, messageOf, rfc3339, type WallTime } from '#base';
import type { KeyForms, ServerKeyFacts } from '#fleet/ports';
import { signingKey } from '#transport';
import { readCertificates, type Certificate } from '#trust';

/** Reads them. */
export const serverKeyForms: Pick<KeyForms, 'serverKey' | 'serverChain' | 'serverFacts'> = {
  serverKey: (pem) => {
    if (!pem.includes('-----BEGIN ')) throw wrong('must be a private key as PEM');
    const { spki } = told(() => signingKey(pem));
    const privateKey = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' });
    return { publicKey: pemOf('PUBLIC KEY', spki), privateKey };
  },
  serverChain: (pem, publicKey, wall) => {
    if (/PRIVATE KEY/.test(pem)) throw wrong('holds a private key: certificates alone go here, the key goes into /key');
    const chain = told(() => readCertificates(Buffer.from(pem, 'latin1')));
    if (chain.length > MOST_CERTIFICATES)
      throw wrong(`has ${chain.length} certificates: at most ${MOST_CERTIFICATES} are taken`);
    const spki = createPublicKey(publicKey).export({ type: 'spki', format: 'der' });
    if (!bytesEqual(chain[0]?.publicKey.spki ?? spki.subarray(0, 0), spki)) throw misplaced(chain, spki);
    for (const [index, certificate] of chain.entries()) checkOne(chain, index, certificate, wall);
    return chainPem(chain.map(({ der }) => der));
  },
  serverFacts: ({ chain, publicKey }) => {
    const key = createPublicKey(publicKey);
    const curve = key.asymmetricKeyDetails?.namedCurve;
    return {
      keyType: curve === undefined ? 'RSA' : curve === 'secp384r1' ? 'P-384' : 'P-256',
      fingerprint: fingerprintOf(key.export({ type: 'spki', format: 'der' })),
      certificates: chain === undefined ? [] : readCertificates(Buffer.from(chain, 'latin1')).map(factsOf),
    } satisfies ServerKeyFacts;
  },
};

/** Certificates in DER as PEM, in their order. */
export function chainPem(chain: readonly Uint8Array[]): string {
  return chain.map((der) => pemOf('CERTIFICATE', der)).join('');
}

/** In time, strong enough, and signed by the next one. */
function checkOne(chain: readonly Certificate[], index: number, certificate: Certificate, wall: WallTime): void {
  const { notAfter, notBefore, publicKey } = certificate;
  const what = `certificate ${index + 1}, ${certificate.toString().replace(/^the certificate /, '')},`;
  if (publicKey.weakness !== undefined) throw wrong(`${what} cannot be used: ${publicKey.weakness}`);
  if (wall >= notAfter) throw wrong(`${what} has expired at ${rfc3339(notAfter)}`);
  if (wall < notBefore) throw wrong(`${what} is not valid before ${rfc3339(notBefore)}`);
  const issuer = chain[index + 1];
  if (issuer === undefined) return;
  if (!certificate.mayBeIssuedBy(issuer) || !certificate.signedBy(issuer))
    throw wrong(`${what} is not signed by the one after it: the order is the server's own, then the issuer of each`);
}

/** Why the first certificate is not of the key. */
function misplaced(chain: readonly Certificate[], spki: Uint8Array): AppError {
  const place = chain.findIndex(({ publicKey }) => bytesEqual(publicKey.spki, spki));
  return place < 0
    ? wrong('has no certificate of the private key')
    : wrong(`has the certificate of the private key in place ${place + 1}: it must be the first`);
}

function factsOf({ der, fingerprint, notAfter, notBefore }: Certificate): ServerKeyFacts['certificates'][number] {
  const { issuer, subject } = new X509Certificate(der);
  const flat = (name: string): string => name.replaceAll('\n', ', ');
  const names = { subject: flat(subject), issuer: flat(issuer) };
  return { ...names, notBefore: rfc3339(notBefore), notAfter: rfc3339(notAfter), fingerprint };
}

/** DER as PEM. */
export function pemOf(label: string, der: Uint8Array): string {
  const lines = encodeBase64(der).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

function fingerprintOf(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex');
}

/** What `read` gives; its refusal in words that follow the name of the member. */
function told<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new AppError('invalid_value', `is refused: ${messageOf(cause)}`, { cause });
  }
}

function wrong(what: string): AppError {
  return new AppError('invalid_value', what);
}

/** Certificates of a chain; a device takes them in one message. */
const MOST_CERTIFICATES = 10;
