/**
 * What a client offers in its hello, and whether what the server chose was among it (RFC 5246 §7.4.1, RFC 7250 §4.2, RFC
 * 9146 §3).
 */

import { EMPTY } from '#base';

import {
  decodeCertificateType,
  decodeConnectionId,
  decodeMaxFragmentLength,
  decodeRecordSizeLimit,
  decodeRenegotiationInfo,
  DTLS_1_2,
  encodeCertificateTypes,
  encodeClientHello,
  encodeConnectionId,
  encodeMaxFragmentLength,
  encodePointFormats,
  encodeRenegotiationInfo,
  encodeServerName,
  encodeSignatureAlgorithms,
  encodeSupportedGroups,
  ExtensionType,
  findExtension,
  MAX_PLAINTEXT,
  type Extension,
  type MaxFragmentLength,
  type ServerHello,
} from '../codec/index.js';
import { suiteOf, type Suite } from '../crypto/index.js';
import type { DtlsParameters } from '../policy/index.js';
import type { ProofKind, ServerProof } from './negotiate.js';
import { HandshakeError } from './outcome.js';
import type { HandledSession, HandleForm } from './resumption.js';

/** What a client comes with. */
export interface ClientOffer {
  /** Identity of 0 to 128 bytes or more, key of 1 to 64 bytes or more. */
  readonly psk?: { readonly identity: Uint8Array; readonly key: Uint8Array };
  /** What it proves itself by where the server asks for a certificate. */
  readonly proof?: Pick<ServerProof, 'key' | 'chain'>;
  /** What the server may prove itself by. */
  readonly serverProofs: readonly ProofKind[];
  readonly serverName?: string;
  /** Connection ID it wants to see; empty: none, but it sends the server's. Absent: it knows none. */
  readonly cid?: Uint8Array;
  /** Whether it answers when asked whether it truly is at a new address; it does unless this says no. */
  readonly routability?: 'unchecked';
  /** Whether the handles of sessions are wanted in tickets; else they are session ids. */
  readonly tickets?: 'wanted';
  /** Bytes that it can take in one record. */
  readonly maxFragment?: MaxFragmentLength;
}

/** A session of before that a client offers to go on with, and in which form it was given its handle. */
export interface OfferedSession extends HandledSession {
  readonly form: HandleForm;
}

/** What both sides agreed on in the hellos. */
export interface Accepted {
  readonly suite: Suite;
  readonly serverRandom: Uint8Array;
  readonly masterSecret: 'extended' | 'legacy';
  readonly peerCid?: Uint8Array;
  readonly routability: 'checked' | 'unchecked';
  readonly content: number;
  readonly serverProof: ProofKind;
  readonly clientProof: ProofKind;
  readonly sessionId: Uint8Array;
  /** Whether a ticket is to come. */
  readonly ticket: 'to_come' | 'none';
}

/** Body of the hello. */
export function clientHello(
  offer: ClientOffer,
  parameters: DtlsParameters,
  said: {
    readonly random: Uint8Array;
    readonly cookie: Uint8Array;
    /** Of a session that is offered, or one that shows whether a ticket was taken (RFC 5077 §3.4); else empty. */
    readonly sessionId: Uint8Array;
    readonly ticket: Uint8Array;
  },
): Uint8Array {
  const suites = suitesOf(offer, parameters);
  return encodeClientHello({
    version: DTLS_1_2,
    random: said.random,
    sessionId: said.sessionId,
    cookie: said.cookie,
    suites: suites.map(({ id }) => id),
    compressions: [0],
    extensions: extensionsOf(offer, parameters, suites, said.ticket),
  });
}

/** Takes a ServerHello, or throws HandshakeError for what was not offered. */
export function acceptServerHello(hello: ServerHello, offer: ClientOffer, parameters: DtlsParameters): Accepted {
  const { extensions, random } = hello;
  const suites = suitesOf(offer, parameters);
  const suite = suites.find(({ id }) => id === hello.suite);
  if (hello.version !== DTLS_1_2)
    throw new HandshakeError('version_not_spoken', 'protocol_version', `the server chose version ${hello.version}`);
  if (suite === undefined || hello.compression !== 0)
    throw new HandshakeError('suite_not_offered', 'illegal_parameter', 'the server chose a suite that was not offered');
  const offered = new Set(extensionsOf(offer, parameters, suites, EMPTY).map(({ type }) => type));
  for (const { type } of extensions)
    if (!offered.has(type))
      throw new HandshakeError('extension_not_offered', 'unsupported_extension', `extension ${type} was not offered`);
  const renegotiation = findExtension(extensions, ExtensionType.RENEGOTIATION_INFO);
  if (renegotiation !== undefined && decodeRenegotiationInfo(renegotiation).length > 0)
    throw new HandshakeError('renegotiation', 'handshake_failure', 'the server speaks of a connection before this');
  const extended = findExtension(extensions, ExtensionType.EXTENDED_MASTER_SECRET) !== undefined;
  if (!extended && parameters.legacyMasterSecret === 'refused')
    throw new HandshakeError(
      'no_extended_master_secret',
      'handshake_failure',
      'the server has no extended master secret',
    );
  const cid = findExtension(extensions, ExtensionType.CONNECTION_ID);
  return {
    suite,
    serverRandom: Uint8Array.from(random),
    masterSecret: extended ? 'extended' : 'legacy',
    ...(cid !== undefined && { peerCid: Uint8Array.from(decodeConnectionId(cid)) }),
    routability:
      cid !== undefined && findExtension(extensions, ExtensionType.RETURN_ROUTABILITY_CHECK) !== undefined
        ? 'checked'
        : 'unchecked',
    content: contentOf(extensions),
    serverProof: proofKind(findExtension(extensions, ExtensionType.SERVER_CERTIFICATE_TYPE)),
    clientProof: proofKind(findExtension(extensions, ExtensionType.CLIENT_CERTIFICATE_TYPE)),
    sessionId: Uint8Array.from(hello.sessionId),
    ticket: findExtension(extensions, ExtensionType.SESSION_TICKET) === undefined ? 'none' : 'to_come',
  };
}

function suitesOf({ psk, serverProofs }: ClientOffer, { suites }: DtlsParameters): Suite[] {
  return suites.flatMap((id) => {
    const suite = suiteOf(id);
    if (suite === undefined) return [];
    const byKey = suite.keyExchange === 'psk' || suite.keyExchange === 'ecdhe_psk';
    return (byKey ? psk !== undefined : serverProofs.length > 0) ? [suite] : [];
  });
}

function extensionsOf(
  offer: ClientOffer,
  parameters: DtlsParameters,
  suites: readonly Suite[],
  ticket: Uint8Array,
): Extension[] {
  const { cid, maxFragment, proof, serverName, serverProofs, tickets } = offer;
  const curves = suites.some(({ keyExchange }) => keyExchange !== 'psk');
  const certificates = suites.some(
    ({ keyExchange }) => keyExchange.startsWith('ecdhe_') && keyExchange !== 'ecdhe_psk',
  );
  const extensions: Extension[] = [
    { type: ExtensionType.RENEGOTIATION_INFO, body: encodeRenegotiationInfo() },
    { type: ExtensionType.EXTENDED_MASTER_SECRET, body: EMPTY },
  ];
  const add = (type: number, body: Uint8Array): void => {
    extensions.push({ type, body });
  };
  if (serverName !== undefined) add(ExtensionType.SERVER_NAME, encodeServerName(serverName));
  if (maxFragment !== undefined) add(ExtensionType.MAX_FRAGMENT_LENGTH, encodeMaxFragmentLength(maxFragment));
  if (curves) {
    add(ExtensionType.SUPPORTED_GROUPS, encodeSupportedGroups(parameters.groups));
    add(ExtensionType.EC_POINT_FORMATS, encodePointFormats([0]));
  }
  if (certificates) {
    add(ExtensionType.SIGNATURE_ALGORITHMS, encodeSignatureAlgorithms(parameters.schemes));
    add(ExtensionType.SERVER_CERTIFICATE_TYPE, encodeCertificateTypes(serverProofs.map((kind) => TYPE_OF[kind])));
    const own = proof !== undefined && proof.chain === undefined ? 'rpk' : 'x509';
    add(ExtensionType.CLIENT_CERTIFICATE_TYPE, encodeCertificateTypes([TYPE_OF[own]]));
  }
  if (tickets === 'wanted') add(ExtensionType.SESSION_TICKET, ticket);
  if (cid !== undefined) {
    add(ExtensionType.CONNECTION_ID, encodeConnectionId(cid));
    if (offer.routability !== 'unchecked') add(ExtensionType.RETURN_ROUTABILITY_CHECK, EMPTY);
  }
  return extensions;
}

function contentOf(extensions: readonly Extension[]): number {
  const limit = findExtension(extensions, ExtensionType.RECORD_SIZE_LIMIT);
  if (limit !== undefined) return Math.min(decodeRecordSizeLimit(limit), MAX_PLAINTEXT);
  const fragment = findExtension(extensions, ExtensionType.MAX_FRAGMENT_LENGTH);
  return fragment === undefined ? MAX_PLAINTEXT : decodeMaxFragmentLength(fragment);
}

function proofKind(body: Uint8Array | undefined): ProofKind {
  return body !== undefined && decodeCertificateType(body) === TYPE_OF.rpk ? 'rpk' : 'x509';
}

const TYPE_OF = Object.freeze({ x509: 0, rpk: 2 });
