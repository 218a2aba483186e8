/**
 * Bodies of the extensions of extensions.ts. What each side may answer is for the negotiation. All decoders throw DecodeError:
 * `illegal_value` for a value that its standard forbids (alert illegal_parameter), else `bad_length`, `truncated` or
 * `trailing_bytes` (alert decode_error). Encoders throw InvariantError for what does not fit.
 */

import { DecodeError, EMPTY, Reader, Writer, invariant } from '#base';

import { fits, readNumbers, readVector, writeNumbers, writeVector } from './vectors.js';

/** Checks the body of an extension that says all by being there: 22, 23, 61, and 0 in a ServerHello. */
export function decodeEmptyExtension(body: Uint8Array): void {
  new Reader(body).end();
}

/**
 * The host name of server_name in a ClientHello (RFC 6066 §3), undefined when the list has names of other types only:
 *
 *   list length (2)   ( name type (1), 0 = host_name   length (2)   name )*
 *
 * Printable ASCII as it was sent, case kept. Addresses are let through, though no host name may be one: devices send them.
 */
export function decodeServerName(body: Uint8Array): string | undefined {
  const reader = new Reader(body);
  const list = sub(reader, 'the list of server names');
  let host: string | undefined;
  while (list.remaining > 0) {
    const at = list.offset;
    const type = list.u8();
    const name = readVector(list, 2, 'a server name', 1);
    if (type !== HOST_NAME) continue;
    if (host !== undefined) throw new DecodeError('illegal_value', 'a second host name', at);
    host = hostName(name, at);
  }
  return host;
}

/** Writes server_name with one host name of printable ASCII. */
export function encodeServerName(host: string): Uint8Array {
  const name = Buffer.from(host, 'utf8');
  invariant(name.length > 0 && name.every(isPrintable), 'a host name is printable ASCII');
  const writer = new Writer().u16(name.length + 3).u8(HOST_NAME);
  return writeVector(writer, 2, name, 'a server name').finish();
}

/** max_fragment_length (RFC 6066 §4), one byte of 1 to 4, as the most bytes of a fragment: 512, 1024, 2048 or 4096. */
export function decodeMaxFragmentLength(body: Uint8Array): MaxFragmentLength {
  const code = single(body);
  const length = MAX_FRAGMENT_LENGTHS[code - 1];
  if (length === undefined) throw new DecodeError('illegal_value', `max_fragment_length ${code}, allowed are 1 to 4`);
  return length;
}

/** Writes max_fragment_length. */
export function encodeMaxFragmentLength(length: MaxFragmentLength): Uint8Array {
  return Uint8Array.of(MAX_FRAGMENT_LENGTHS.indexOf(length) + 1);
}

/** What a client may ask fragments to be bounded by, in bytes. */
export type MaxFragmentLength = (typeof MAX_FRAGMENT_LENGTHS)[number];

/** supported_groups (RFC 8422 §5.1.1): numbers of named groups, in order of preference. */
export function decodeSupportedGroups(body: Uint8Array): number[] {
  return numbers(body, 2, 2, GROUPS);
}

/** Writes supported_groups. */
export function encodeSupportedGroups(groups: readonly number[]): Uint8Array {
  return writeNumbers(new Writer(), 2, 2, groups, GROUPS).finish();
}

/** ec_point_formats (RFC 8422 §5.1.2): numbers of formats, 0 for uncompressed points; whether that is there is not checked. */
export function decodePointFormats(body: Uint8Array): number[] {
  return numbers(body, 1, 1, POINT_FORMATS);
}

/** Writes ec_point_formats. */
export function encodePointFormats(formats: readonly number[]): Uint8Array {
  return writeNumbers(new Writer(), 1, 1, formats, POINT_FORMATS).finish();
}

/** signature_algorithms (RFC 5246 §7.4.1.4.1): hash and signature as one number, such as 0x0403, in order of preference. */
export function decodeSignatureAlgorithms(body: Uint8Array): number[] {
  return numbers(body, 2, 2, SCHEMES);
}

/** Writes signature_algorithms. */
export function encodeSignatureAlgorithms(schemes: readonly number[]): Uint8Array {
  return writeNumbers(new Writer(), 2, 2, schemes, SCHEMES).finish();
}

/** client_ or server_certificate_type in a ClientHello (RFC 7250 §3): 0 X.509, 2 raw public key, in order of preference. */
export function decodeCertificateTypes(body: Uint8Array): number[] {
  return numbers(body, 1, 1, CERTIFICATE_TYPES);
}

/** Writes client_ or server_certificate_type of a ClientHello. */
export function encodeCertificateTypes(types: readonly number[]): Uint8Array {
  return writeNumbers(new Writer(), 1, 1, types, CERTIFICATE_TYPES).finish();
}

/** client_ or server_certificate_type in a ServerHello (RFC 7250 §3): the one that was chosen. */
export function decodeCertificateType(body: Uint8Array): number {
  return single(body);
}

/** Writes client_ or server_certificate_type of a ServerHello. */
export function encodeCertificateType(type: number): Uint8Array {
  invariant(fits(type, 1), 'a certificate type has 8 bits');
  return Uint8Array.of(type);
}

/** record_size_limit (RFC 8449 §4), 64 or more bytes. A client may say more than DTLS 1.2 allows: that is no fault of its. */
export function decodeRecordSizeLimit(body: Uint8Array): number {
  const reader = new Reader(body);
  const limit = reader.u16();
  reader.end();
  if (limit < MIN_RECORD_SIZE)
    throw new DecodeError('illegal_value', `record_size_limit ${limit}, allowed is 64 or more`);
  return limit;
}

/** Writes record_size_limit, 64 to 2^14 + 1 bytes. */
export function encodeRecordSizeLimit(limit: number): Uint8Array {
  const allowed = Number.isInteger(limit) && limit >= MIN_RECORD_SIZE && limit <= MAX_RECORD_SIZE;
  invariant(allowed, 'record_size_limit is 64 to 16,385');
  return Uint8Array.of(limit >> 8, limit);
}

/** connection_id (RFC 9146 §3): the id its sender wants to receive, 0 to 255 bytes, as a view; none means that it needs none. */
export function decodeConnectionId(body: Uint8Array): Uint8Array {
  return whole(body, 'a connection id');
}

/** Writes connection_id. */
export function encodeConnectionId(cid: Uint8Array): Uint8Array {
  return writeVector(new Writer(1 + cid.length), 1, cid, 'a connection id').finish();
}

/** renegotiation_info (RFC 5746 §3.2): renegotiated_connection, of no bytes in the handshakes there are here. */
export function decodeRenegotiationInfo(body: Uint8Array): Uint8Array {
  return whole(body, 'renegotiation_info');
}

/** Writes renegotiation_info. */
export function encodeRenegotiationInfo(connection: Uint8Array = EMPTY): Uint8Array {
  return writeVector(new Writer(1 + connection.length), 1, connection, 'renegotiation_info').finish();
}

/** A body that is one list of numbers. */
function numbers(body: Uint8Array, width: 1 | 2, size: 1 | 2, what: string): number[] {
  const reader = new Reader(body);
  const list = readNumbers(reader, width, size, what);
  reader.end();
  return list;
}

/** A body that is one vector of up to 255 bytes. */
function whole(body: Uint8Array, what: string): Uint8Array {
  const reader = new Reader(body);
  const bytes = readVector(reader, 1, what);
  reader.end();
  return bytes;
}

/** A body of one byte. */
function single(body: Uint8Array): number {
  const reader = new Reader(body);
  const value = reader.u8();
  reader.end();
  return value;
}

/** A Reader of a list that is all of the body. */
function sub(reader: Reader, what: string): Reader {
  const at = reader.offset;
  const length = reader.u16();
  if (length === 0) throw new DecodeError('bad_length', `${what} is empty`, at);
  const list = reader.sub(length);
  reader.end();
  return list;
}

function hostName(name: Uint8Array, at: number): string {
  if (!name.every(isPrintable)) throw new DecodeError('illegal_value', 'a host name that is not printable ASCII', at);
  return Buffer.from(name).toString('latin1');
}

function isPrintable(byte: number): boolean {
  return byte > 0x20 && byte < 0x7f;
}

const HOST_NAME = 0;
const MAX_FRAGMENT_LENGTHS = Object.freeze([512, 1024, 2048, 4096] as const);
const MIN_RECORD_SIZE = 64;
const MAX_RECORD_SIZE = 2 ** 14 + 1;
const GROUPS = 'the list of groups';
const POINT_FORMATS = 'the list of point formats';
const SCHEMES = 'the list of signature algorithms';
const CERTIFICATE_TYPES = 'the list of certificate types';
