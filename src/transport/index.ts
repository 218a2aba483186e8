/** The only place with sockets. */

export { reachedAt } from './own-addresses.js';
export { Stack } from './stack.js';
export type { Place, SecureHandler, Security } from './secure.js';
export type { DatagramHook, DatagramLink, RequestHandler, StackOptions } from './stack.js';
export { foldAddress, UdpSocket } from './udp.js';
export type { BoundAddress, UdpEvents, UdpOptions } from './udp.js';
export type { EndpointEvent, ExchangeId, OutgoingResponse, RequestId } from '#coap/endpoint';
export { DTLS_PARAMETERS, signingKey, SMALLEST_MTU, suiteNamed, SUITES } from '#dtls';
export type {
  Answer,
  AssociationView,
  Claim,
  ClientOffer,
  CloseReason,
  DtlsParameters,
  ProofKind,
  Question,
  ServerOffer,
  ServerProof,
  Session,
} from '#dtls';
