/** Bytes ↔ records, handshake messages and alerts of DTLS 1.2: the codec, which keeps no state. */

export { AlertDescription, AlertLevel, alertName, decodeAlert, encodeAlert } from './alert.js';
export type { Alert, AlertName } from './alert.js';
export {
  decodeCertificateList,
  decodeCertificateRequest,
  decodeCertificateVerify,
  decodeNewSessionTicket,
  decodeRawPublicKey,
  encodeCertificateList,
  encodeCertificateRequest,
  encodeCertificateVerify,
  encodeNewSessionTicket,
  encodeRawPublicKey,
  MAX_CERTIFICATE_BYTES,
  MAX_CHAIN,
} from './certificate.js';
export type { CertificateRequest, CertificateVerify, NewSessionTicket } from './certificate.js';
export {
  decodeCertificateType,
  decodeCertificateTypes,
  decodeConnectionId,
  decodeEmptyExtension,
  decodeMaxFragmentLength,
  decodePointFormats,
  decodeRecordSizeLimit,
  decodeRenegotiationInfo,
  decodeServerName,
  decodeSignatureAlgorithms,
  decodeSupportedGroups,
  encodeCertificateType,
  encodeCertificateTypes,
  encodeConnectionId,
  encodeMaxFragmentLength,
  encodePointFormats,
  encodeRecordSizeLimit,
  encodeRenegotiationInfo,
  encodeServerName,
  encodeSignatureAlgorithms,
  encodeSupportedGroups,
} from './extension-bodies.js';
export type { MaxFragmentLength } from './extension-bodies.js';
export { ExtensionType, findExtension, MAX_EXTENSIONS } from './extensions.js';
export type { Extension } from './extensions.js';
export {
  decodeChangeCipherSpec,
  decodeFinished,
  decodeServerHelloDone,
  encodeChangeCipherSpec,
  encodeFinished,
  VERIFY_DATA,
} from './finish.js';
export {
  HANDSHAKE_HEADER,
  handshakeMessage,
  HandshakeType,
  MAX_HANDSHAKE_BODY,
  newFragmentView,
  readFragment,
  writeFragment,
} from './handshake.js';
export type { FragmentFault, FragmentView } from './handshake.js';
export {
  decodeClientHello,
  decodeHelloVerifyRequest,
  decodeServerHello,
  encodeClientHello,
  encodeHelloVerifyRequest,
  encodeServerHello,
  MAX_COOKIE,
  MAX_SESSION_ID,
  RANDOM_LENGTH,
  readHelloHead,
} from './hello.js';
export type { ClientHello, HelloHead, HelloHeadFault, HelloVerifyRequest, ServerHello } from './hello.js';
export {
  decodeEcdheClientKeyExchange,
  decodeEcdhePskClientKeyExchange,
  decodeEcdhePskServerKeyExchange,
  decodeEcdheServerKeyExchange,
  decodePskClientKeyExchange,
  decodePskServerKeyExchange,
  encodeEcdhParameters,
  encodeEcdheClientKeyExchange,
  encodeEcdhePskClientKeyExchange,
  encodeEcdhePskServerKeyExchange,
  encodeEcdheServerKeyExchange,
  encodePskClientKeyExchange,
  encodePskServerKeyExchange,
} from './key-exchange.js';
export type {
  EcdhParameters,
  EcdhePskClientKeyExchange,
  EcdhePskServerKeyExchange,
  EcdheServerKeyExchange,
  SignedParameters,
} from './key-exchange.js';
export {
  ContentType,
  DTLS_1_0,
  DTLS_1_2,
  MAX_PLAINTEXT,
  MAX_SEALED,
  MAX_SEQUENCE,
  newRecordView,
  readRecord,
  RECORD_HEADER,
  writeRecordHeader,
} from './record.js';
export type { RecordFault, RecordView } from './record.js';
export { decodeRoutability, encodeRoutability, ROUTABILITY_COOKIE, RoutabilityType } from './routability.js';
export type { RoutabilityMessage } from './routability.js';
