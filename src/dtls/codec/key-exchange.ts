/**
 * Bodies of ServerKeyExchange and ClientKeyExchange, by the kind of key exchange: PSK (RFC 4279 §2), ECDHE_PSK (RFC 5489 §2),
 * ECDHE (RFC 8422 §5.4, §5.7). Points are bytes: whether they lie on their curve is for the cryptography. What is read are
 * views of the message.
 *
 *   PSK        server  hint<0..2^16-1>                     client  identity<0..2^16-1>
 *   ECDHE_PSK  server  hint<0..2^16-1>   parameters        client  identity<0..2^16-1>   point<1..255>
 *   ECDHE      server  parameters   scheme (2)   signature<0..2^16-1>                    client  point<1..255>
 *   parameters         curve type (1), 3 = named   group (2)   point<1..255>
 *
 * All decoders throw DecodeError: `illegal_value` for another curve type than a named one, `bad_length` for a point or a
 * signature of no bytes, `truncated`, `trailing_bytes`. Encoders throw InvariantError for what does not fit.
 */

import { DecodeError, Reader, Writer, invariant } from '#base';

import { fits, readVector, writeVector } from './vectors.js';

/** A named group and a public key of it. */
export interface EcdhParameters {
  /** Number of the group, such as 23 for secp256r1. */
  readonly group: number;
  /** 1 to 255 bytes. */
  readonly point: Uint8Array;
}

/** ServerKeyExchange of ECDHE_PSK. */
export interface EcdhePskServerKeyExchange extends EcdhParameters {
  readonly hint: Uint8Array;
}

/** ClientKeyExchange of ECDHE_PSK. */
export interface EcdhePskClientKeyExchange {
  readonly identity: Uint8Array;
  /** 1 to 255 bytes. */
  readonly point: Uint8Array;
}

/** The signed half of a ServerKeyExchange of ECDHE. */
export interface SignedParameters {
  /** The parameters as they stand on the wire: with the randoms before them, what is signed. */
  readonly params: Uint8Array;
  /** Hash and signature as one number, such as 0x0403. */
  readonly scheme: number;
  /** At least one byte: a signature of none is no signature. */
  readonly signature: Uint8Array;
}

/** ServerKeyExchange of ECDHE. */
export interface EcdheServerKeyExchange extends EcdhParameters, SignedParameters {}

/** Reads the hint of a ServerKeyExchange of PSK. */
export function decodePskServerKeyExchange(body: Uint8Array): Uint8Array {
  return wholeVector(body, 2, HINT, 0);
}

/** Writes a ServerKeyExchange of PSK. */
export function encodePskServerKeyExchange(hint: Uint8Array): Uint8Array {
  return writeVector(new Writer(2 + hint.length), 2, hint, HINT).finish();
}

/** Reads the identity of a ClientKeyExchange of PSK; one of no bytes is an identity too. */
export function decodePskClientKeyExchange(body: Uint8Array): Uint8Array {
  return wholeVector(body, 2, IDENTITY, 0);
}

/** Writes a ClientKeyExchange of PSK. */
export function encodePskClientKeyExchange(identity: Uint8Array): Uint8Array {
  return writeVector(new Writer(2 + identity.length), 2, identity, IDENTITY).finish();
}

/** Reads a ServerKeyExchange of ECDHE_PSK: hint and parameters, not signed. */
export function decodeEcdhePskServerKeyExchange(body: Uint8Array): EcdhePskServerKeyExchange {
  const reader = new Reader(body);
  const hint = readVector(reader, 2, HINT);
  const { group, point } = readParameters(reader);
  reader.end();
  return { hint, group, point };
}

/** Writes a ServerKeyExchange of ECDHE_PSK. */
export function encodeEcdhePskServerKeyExchange(message: EcdhePskServerKeyExchange): Uint8Array {
  const writer = writeVector(new Writer(), 2, message.hint, HINT);
  return writeParameters(writer, message).finish();
}

/** Reads a ClientKeyExchange of ECDHE_PSK. */
export function decodeEcdhePskClientKeyExchange(body: Uint8Array): EcdhePskClientKeyExchange {
  const reader = new Reader(body);
  const identity = readVector(reader, 2, IDENTITY);
  const point = readVector(reader, 1, POINT, 1);
  reader.end();
  return { identity, point };
}

/** Writes a ClientKeyExchange of ECDHE_PSK. */
export function encodeEcdhePskClientKeyExchange({ identity, point }: EcdhePskClientKeyExchange): Uint8Array {
  return writeVector(writeVector(new Writer(), 2, identity, IDENTITY), 1, point, POINT, 1).finish();
}

/** The parameters of a ServerKeyExchange of ECDHE on the wire, for a server to sign. */
export function encodeEcdhParameters(parameters: EcdhParameters): Uint8Array {
  return writeParameters(new Writer(4 + parameters.point.length), parameters).finish();
}

/** Reads a ServerKeyExchange of ECDHE. */
export function decodeEcdheServerKeyExchange(body: Uint8Array): EcdheServerKeyExchange {
  const reader = new Reader(body);
  const { group, point } = readParameters(reader);
  const params = body.subarray(0, reader.offset);
  const scheme = reader.u16();
  const signature = readVector(reader, 2, SIGNATURE, 1);
  reader.end();
  return { group, point, params, scheme, signature };
}

/** Writes a ServerKeyExchange of ECDHE from `params`, as `encodeEcdhParameters` gives them, and their signature. */
export function encodeEcdheServerKeyExchange({ params, scheme, signature }: SignedParameters): Uint8Array {
  invariant(fits(scheme, 2), 'a signature scheme has 16 bits');
  return writeVector(new Writer().bytes(params).u16(scheme), 2, signature, SIGNATURE, 1).finish();
}

/** Reads the point of a ClientKeyExchange of ECDHE. */
export function decodeEcdheClientKeyExchange(body: Uint8Array): Uint8Array {
  return wholeVector(body, 1, POINT, 1);
}

/** Writes a ClientKeyExchange of ECDHE. */
export function encodeEcdheClientKeyExchange(point: Uint8Array): Uint8Array {
  return writeVector(new Writer(1 + point.length), 1, point, POINT, 1).finish();
}

function readParameters(reader: Reader): EcdhParameters {
  const at = reader.offset;
  const curveType = reader.u8();
  if (curveType !== NAMED_CURVE) {
    throw new DecodeError('illegal_value', `curve type ${curveType} where ${NAMED_CURVE}, a named one, is allowed`, at);
  }
  return { group: reader.u16(), point: readVector(reader, 1, POINT, 1) };
}

function writeParameters(writer: Writer, { group, point }: EcdhParameters): Writer {
  invariant(fits(group, 2), 'the number of a group has 16 bits');
  return writeVector(writer.u8(NAMED_CURVE).u16(group), 1, point, POINT, 1);
}

/** A body that is one vector. */
function wholeVector(body: Uint8Array, width: 1 | 2, what: string, least: number): Uint8Array {
  const reader = new Reader(body);
  const bytes = readVector(reader, width, what, least);
  reader.end();
  return bytes;
}

const NAMED_CURVE = 3;
const HINT = 'a PSK identity hint';
const IDENTITY = 'a PSK identity';
const POINT = 'a point';
const SIGNATURE = 'a signature';
