/** Handshakes of both sides. */

export { ClientHandshake } from './client.js';
export type { ClientState } from './client.js';
export type { ClientOffer, OfferedSession } from './client-hello.js';
export { COOKIE_BYTES, Cookies } from './cookie.js';
export type { ProofKind, ServerOffer, ServerProof } from './negotiate.js';
export type { Outcome } from './outcome.js';
export type { HandshakeParts, HandshakePlace } from './parts.js';
export type { FragmentOutcome } from './reassembly.js';
export type { Answer, Question } from './questions.js';
export type { HandledSession, Session } from './resumption.js';
export { ServerHandshake } from './server.js';
export type { ServerState } from './server.js';
