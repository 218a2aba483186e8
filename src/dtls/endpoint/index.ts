/** DTLS for all peers of all secure listeners. */

export { DtlsEndpoint } from './endpoint.js';
export type { AssociationView, Sent } from './endpoint.js';
export type { Claim, CloseReason, DtlsEvent, QuestionId } from './events.js';
export type { DtlsSink } from './output.js';
