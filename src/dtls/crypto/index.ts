/** Cryptography of DTLS: a narrow port, node:crypto behind it, and what TLS 1.2 draws from secrets. */

export { countingProvider } from './counting-provider.js';
export type { CountingProvider, CryptoCall } from './counting-provider.js';
export { GROUPS, groupOf, NamedGroup } from './groups.js';
export type { Group } from './groups.js';
export { agreementKey } from './key-agreement.js';
export { nodeProvider } from './node-provider.js';
export {
  ecdhePskPremaster,
  extendedMasterSecret,
  keyBlock,
  keyBlockLength,
  masterSecret,
  prf,
  pskPremaster,
  verifyData,
} from './prf.js';
export type { CryptoProvider, EphemeralKey, SigningKey, Transcript } from './provider.js';
export { p256Spki, publicKeyKind, RSA_BITS, spkiFingerprint, spkiOfCertificate } from './raw-keys.js';
export type { PublicKeyKind } from './raw-keys.js';
export { schemeFits, schemeOf, SCHEMES, SignatureScheme } from './signatures.js';
export type { Scheme } from './signatures.js';
export { signingKey } from './signing-key.js';
export { suiteNamed, suiteOf, SUITES } from './suites.js';
export type { AeadName, HashName, KeyExchange, Suite } from './suites.js';
