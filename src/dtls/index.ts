/** DTLS 1.2, both sides, without sockets: what the transport drives. */

export { DtlsEndpoint } from './endpoint/index.js';
export type { AssociationView, Claim, CloseReason, DtlsEvent, DtlsSink } from './endpoint/index.js';
export type { QuestionId, Sent } from './endpoint/index.js';
export type { Answer, ClientOffer, ProofKind, Question, ServerOffer, ServerProof, Session } from './handshake/index.js';
export { countingProvider, nodeProvider, signingKey, SUITES, suiteNamed, suiteOf } from './crypto/index.js';
export type { CryptoProvider, SigningKey, Suite } from './crypto/index.js';
export { DTLS_PARAMETERS, SMALLEST_MTU } from './policy/index.js';
export type { DtlsParameters } from './policy/index.js';
