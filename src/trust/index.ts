/** Trust in certificates: whether a chain is good for a role now. */

export { ChainJudge, validityOf } from './judge.js';
export type { Accepted, LeafFacts, Rejected, Validity, Verdict } from './judge.js';
export { RevokedCertificates } from './path/revoked.js';
export type { Role } from './path/rules.js';
export { readAnchors, readCertificates, readRevocationLists } from './path/trust-data.js';
export { TRUST_PARAMETERS, trustParameters } from './policy/parameters.js';
export type { CrlPolicy, TrustParameter, TrustParameterRow, TrustParameters } from './policy/parameters.js';
export { CertificateAlert, REFUSALS } from './policy/refusals.js';
export type { RefusalReason } from './policy/refusals.js';
export type { Certificate } from './x509/certificate.js';
export type { RevocationList } from './x509/crl.js';
