/**
 * The one place where the fields of a ClientHello are judged: hello and what we have → a choice, or a refusal with its
 * alert (RFC 5246 §7.4.1, RFC 5746, 7250, 7627, 8422 §5.1, 8449, 9146). It says nothing and keeps nothing.
 */

import { EMPTY } from '#base';

import {
  AlertDescription,
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
  DTLS_1_2,
  encodeCertificateType,
  encodeMaxFragmentLength,
  encodePointFormats,
  encodeRecordSizeLimit,
  encodeRenegotiationInfo,
  ExtensionType,
  findExtension,
  MAX_PLAINTEXT,
  type ClientHello,
  type Extension,
} from '../codec/index.js';
import { schemeFits, suiteOf, type SigningKey, type Suite } from '../crypto/index.js';
import type { DtlsParameters } from '../policy/index.js';

/** Kinds of proof in a Certificate message (RFC 7250 §4.1). */
export type ProofKind = 'x509' | 'rpk';

/** A key of the server with what proves it: a chain in DER, its own certificate first, or (no chain) the raw public key. */
export interface ServerProof {
  readonly key: SigningKey;
  readonly chain?: readonly Uint8Array[];
  /** Host names the proof is for, in lower case; a proof without names is for every name that no other has. */
  readonly names?: readonly string[];
  /** What a chain of the client has to be good under where this proof is used, in words of whoever answers the question. */
  readonly anchors?: readonly string[];
}

/** What a secure listener has to offer. */
export interface ServerOffer {
  /** Whether devices may come with pre-shared keys. */
  readonly psk: 'offered' | 'not_offered';
  readonly proofs: readonly ServerProof[];
  /** What devices that come without a pre-shared key may prove themselves by; they have to. */
  readonly clientProofs: readonly ProofKind[];
}

/** What a hello led to. */
export interface Choice {
  readonly suite: Suite;
  /** Of the key agreement; 0 in plain PSK. */
  readonly group: number;
  /** What the server proves itself by, and how it signs; absent with PSK. */
  readonly proof?: ServerProof;
  readonly scheme: number;
  /** What the client has to prove itself by; absent with PSK. */
  readonly clientProof?: ProofKind;
  readonly masterSecret: 'extended' | 'legacy';
  /** Connection ID the client wants to see (may be empty); absent when none were agreed on. */
  readonly peerCid?: Uint8Array;
  /** Whether a new address is checked by asking there (RFC 9853 §3); only where Connection IDs are used. */
  readonly routability: 'checked' | 'unchecked';
  /** Bytes of content of a record towards the client. */
  readonly content: number;
  readonly serverName?: string;
  /** Extensions of the ServerHello, but for our Connection ID. */
  readonly extensions: readonly Extension[];
}

/** Why a hello leads to nothing. */
export interface HelloRefusal {
  readonly alert: number;
  /** Stable word, a metric label. */
  readonly refused: string;
}

/** Judges a hello. Extensions that cannot be decoded throw DecodeError. */
export function negotiate(hello: ClientHello, parameters: DtlsParameters, offer: ServerOffer): Choice | HelloRefusal {
  if (!speaksOurVersion(hello)) return refusal('protocol_version', 'version_not_spoken');
  if (!hello.compressions.includes(0)) return refusal('illegal_parameter', 'compression_demanded');
  const renegotiation = renegotiationOf(hello);
  if (renegotiation === 'resumed') return refusal('handshake_failure', 'renegotiation');
  const extended = present(hello, ExtensionType.EXTENDED_MASTER_SECRET);
  if (!extended && parameters.legacyMasterSecret === 'refused')
    return refusal('handshake_failure', 'no_extended_master_secret');
  const serverName = serverNameOf(hello);
  const picked = pickSuite(hello, parameters, offer, serverName);
  if ('refused' in picked) return picked;
  const size = sizeOf(hello);
  const cid = parameters.cidBytes === 0 ? undefined : findExtension(hello.extensions, ExtensionType.CONNECTION_ID);
  const curves = picked.group !== 0 && findExtension(hello.extensions, ExtensionType.EC_POINT_FORMATS) !== undefined;
  const checked = cid !== undefined && present(hello, ExtensionType.RETURN_ROUTABILITY_CHECK);
  const extensions: Extension[] = [];
  if (renegotiation === 'initial') extensions.push(RENEGOTIATION);
  if (extended) extensions.push(EXTENDED);
  if (curves) extensions.push(POINT_FORMATS);
  extensions.push(...size.answer);
  if (checked) extensions.push(ROUTABILITY);
  extensions.push(...proofAnswers(hello, picked));
  const { suite, group, proof, scheme, clientProof } = picked;
  const choice: Making<Choice> = {
    suite,
    group,
    scheme,
    content: size.content,
    extensions,
    masterSecret: extended ? 'extended' : 'legacy',
    routability: checked ? 'checked' : 'unchecked',
  };
  if (proof !== undefined) choice.proof = proof;
  if (clientProof !== undefined) choice.clientProof = clientProof;
  if (cid !== undefined) choice.peerCid = decodeConnectionId(cid);
  if (serverName !== undefined) choice.serverName = serverName;
  return choice;
}

/** The same type while it is made, member by member: in a handshake, objects made by spreading cost as much as a hash each. */
export type Making<T> = { -readonly [K in keyof T]: T[K] };

type Picked = Pick<Choice, 'suite' | 'group' | 'proof' | 'scheme' | 'clientProof'>;

/** DTLS versions count down; a hello that lists versions (RFC 8446 §4.2.1, RFC 9147) has to list ours. */
function speaksOurVersion({ version, extensions }: ClientHello): boolean {
  if (version >> 8 !== DTLS_MAJOR || version > DTLS_1_2) return false;
  const listed = findExtension(extensions, SUPPORTED_VERSIONS);
  if (listed === undefined) return true;
  for (let at = 1; at + 1 < listed.length; at += 2)
    if ((((listed[at] as number) << 8) | (listed[at + 1] as number)) === DTLS_1_2) return true;
  return false;
}

function renegotiationOf({ extensions, suites }: ClientHello): 'initial' | 'resumed' | 'silent' {
  const info = findExtension(extensions, ExtensionType.RENEGOTIATION_INFO);
  if (info !== undefined) return decodeRenegotiationInfo(info).length === 0 ? 'initial' : 'resumed';
  return suites.includes(SCSV) ? 'initial' : 'silent';
}

function present({ extensions }: ClientHello, type: number): boolean {
  const body = findExtension(extensions, type);
  if (body === undefined) return false;
  decodeEmptyExtension(body);
  return true;
}

function serverNameOf({ extensions }: ClientHello): string | undefined {
  const body = findExtension(extensions, ExtensionType.SERVER_NAME);
  return body === undefined || body.length === 0 ? undefined : decodeServerName(body)?.toLowerCase();
}

/** How long records towards the client may be; of two extensions that say so, the newer counts (RFC 8449 §5). */
function sizeOf({ extensions }: ClientHello): { readonly content: number; readonly answer: readonly Extension[] } {
  const limit = findExtension(extensions, ExtensionType.RECORD_SIZE_LIMIT);
  if (limit !== undefined) {
    const body = encodeRecordSizeLimit(MAX_PLAINTEXT);
    const answer = [{ type: ExtensionType.RECORD_SIZE_LIMIT, body }];
    return { content: Math.min(decodeRecordSizeLimit(limit), MAX_PLAINTEXT), answer };
  }
  const fragment = findExtension(extensions, ExtensionType.MAX_FRAGMENT_LENGTH);
  if (fragment === undefined) return { content: MAX_PLAINTEXT, answer: [] };
  const content = decodeMaxFragmentLength(fragment);
  return { content, answer: [{ type: ExtensionType.MAX_FRAGMENT_LENGTH, body: encodeMaxFragmentLength(content) }] };
}

/** The first of our suites that the client offers and both can carry out. */
function pickSuite(
  hello: ClientHello,
  parameters: DtlsParameters,
  offer: ServerOffer,
  serverName: string | undefined,
): Picked | HelloRefusal {
  const offered = new Set(hello.suites);
  const group = groupOf(hello, parameters);
  let refused: HelloRefusal = refusal('handshake_failure', 'no_shared_suite');
  for (const id of parameters.suites) {
    const suite = offered.has(id) ? suiteOf(id) : undefined;
    if (suite === undefined) continue;
    const picked = fit(suite, group, hello, parameters, offer, serverName);
    if (!('refused' in picked)) return picked;
    refused = picked;
  }
  return refused;
}

function fit(
  suite: Suite,
  group: number | undefined,
  hello: ClientHello,
  parameters: DtlsParameters,
  offer: ServerOffer,
  serverName: string | undefined,
): Picked | HelloRefusal {
  const { keyExchange } = suite;
  if (keyExchange === 'psk' || keyExchange === 'ecdhe_psk') {
    if (offer.psk === 'not_offered') return refusal('handshake_failure', 'no_shared_suite');
    if (keyExchange === 'psk') return { suite, group: 0, scheme: 0 };
  }
  if (group === undefined) return refusal('handshake_failure', 'no_shared_group');
  if (keyExchange === 'ecdhe_psk') return { suite, group, scheme: 0 };
  const types = certificateTypes(hello, ExtensionType.SERVER_CERTIFICATE_TYPE);
  const proof = proofFor(suite, types, hello, parameters, offer, serverName);
  if (proof === undefined) return refusal('handshake_failure', 'no_shared_signature');
  const clientTypes = certificateTypes(hello, ExtensionType.CLIENT_CERTIFICATE_TYPE);
  const clientProof = clientTypes.find((type) => offer.clientProofs.includes(type));
  if (clientProof === undefined) return refusal('unsupported_certificate', 'no_shared_certificate_type');
  return { suite, group, ...proof, clientProof };
}

/** A proof of ours of a kind the client takes, and a scheme it verifies. */
function proofFor(
  suite: Suite,
  types: readonly ProofKind[],
  hello: ClientHello,
  parameters: DtlsParameters,
  offer: ServerOffer,
  serverName: string | undefined,
): { readonly proof: ServerProof; readonly scheme: number } | undefined {
  const listed = findExtension(hello.extensions, ExtensionType.SIGNATURE_ALGORITHMS);
  // Without the list SHA-1 is meant (RFC 5246 §7.4.1.4.1), which nobody here signs with; who leaves it out knows this one.
  const schemes = listed === undefined ? [ECDSA_P256_SHA256] : decodeSignatureAlgorithms(listed);
  const kind = suite.keyExchange === 'ecdhe_ecdsa' ? 'ec' : 'rsa';
  for (const type of types) {
    const mine = offer.proofs.filter(
      ({ key, chain }) => key.type === kind && (chain === undefined ? 'rpk' : 'x509') === type && curveFits(hello, key),
    );
    const named = mine.find(({ names }) => serverName !== undefined && names?.includes(serverName) === true);
    const proof = named ?? mine.find(({ names }) => names === undefined) ?? mine[0];
    if (proof === undefined) continue;
    const scheme = parameters.schemes.find((id) => schemes.includes(id) && schemeFits(id, proof.key.spki));
    if (scheme !== undefined) return { proof, scheme };
  }
  return undefined;
}

/** Whether the client can compute on the curve of our key (RFC 8422 §5.1.1). */
function curveFits({ extensions }: ClientHello, { curve }: SigningKey): boolean {
  if (curve === undefined) return true;
  const body = findExtension(extensions, ExtensionType.SUPPORTED_GROUPS);
  return body === undefined || decodeSupportedGroups(body).includes(curve === 'P-256' ? SECP256R1 : SECP384R1);
}

/** A client that lists no groups takes any (RFC 8422 §4): the one everybody has is chosen. */
function groupOf({ extensions }: ClientHello, { groups }: DtlsParameters): number | undefined {
  const formats = findExtension(extensions, ExtensionType.EC_POINT_FORMATS);
  if (formats !== undefined && !decodePointFormats(formats).includes(UNCOMPRESSED)) return undefined;
  const body = findExtension(extensions, ExtensionType.SUPPORTED_GROUPS);
  if (body === undefined) return groups.includes(SECP256R1) ? SECP256R1 : undefined;
  const offered = decodeSupportedGroups(body);
  return groups.find((group) => offered.includes(group));
}

/** Absent means X.509 (RFC 7250 §3). */
function certificateTypes({ extensions }: ClientHello, type: number): readonly ProofKind[] {
  const body = findExtension(extensions, type);
  if (body === undefined) return X509_ONLY;
  return decodeCertificateTypes(body).flatMap((number) => PROOF_KINDS[number] ?? []);
}

function proofAnswers({ extensions }: ClientHello, { proof, clientProof }: Picked): Extension[] {
  const answers: Extension[] = [];
  if (clientProof !== undefined && findExtension(extensions, ExtensionType.CLIENT_CERTIFICATE_TYPE) !== undefined)
    answers.push({ type: ExtensionType.CLIENT_CERTIFICATE_TYPE, body: encodeCertificateType(TYPE_OF[clientProof]) });
  if (proof !== undefined && findExtension(extensions, ExtensionType.SERVER_CERTIFICATE_TYPE) !== undefined) {
    const kind = proof.chain === undefined ? 'rpk' : 'x509';
    answers.push({ type: ExtensionType.SERVER_CERTIFICATE_TYPE, body: encodeCertificateType(TYPE_OF[kind]) });
  }
  return answers;
}

function refusal(alert: AlertName, refused: string): HelloRefusal {
  return { alert: AlertDescription[alert], refused };
}

type AlertName = keyof typeof AlertDescription;

const DTLS_MAJOR = 0xfe;
/** TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746 §3.3). */
const SCSV = 0x00ff;
const SUPPORTED_VERSIONS = 43;
const ECDSA_P256_SHA256 = 0x0403;
const SECP256R1 = 23;
const SECP384R1 = 24;
const UNCOMPRESSED = 0;
const X509_ONLY: readonly ProofKind[] = Object.freeze(['x509']);
const PROOF_KINDS: Readonly<Record<number, ProofKind>> = Object.freeze({ 0: 'x509', 2: 'rpk' });
const TYPE_OF = Object.freeze({ x509: 0, rpk: 2 });
const RENEGOTIATION: Extension = { type: ExtensionType.RENEGOTIATION_INFO, body: encodeRenegotiationInfo(EMPTY) };
const EXTENDED: Extension = { type: ExtensionType.EXTENDED_MASTER_SECRET, body: EMPTY };
const ROUTABILITY: Extension = { type: ExtensionType.RETURN_ROUTABILITY_CHECK, body: EMPTY };
const POINT_FORMATS: Extension = { type: ExtensionType.EC_POINT_FORMATS, body: encodePointFormats([UNCOMPRESSED]) };
