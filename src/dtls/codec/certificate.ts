/**
 * Certificate, CertificateRequest, CertificateVerify (RFC 5246 §7.4.2, §7.4.4, §7.4.8), the raw public key form of the first
 * (RFC 7250 §3), and NewSessionTicket (RFC 5077 §3.3). Certificates and keys are bytes here. What is read are views of the
 * message.
 *
 *   Certificate          certificate_list<0..2^24-1> of certificate<1..2^24-1>
 *   … raw public key     SubjectPublicKeyInfo<1..2^24-1>, without a list around it
 *   CertificateRequest   certificate_types<1..255>   signature_algorithms<2..2^16-2>   authorities<0..2^16-1> of name<1..2^16-1>
 *   CertificateVerify    scheme (2)   signature<0..2^16-1>
 *   NewSessionTicket     lifetime hint (4)   ticket<0..2^16-1>
 *
 * All decoders throw DecodeError: `bad_length` for a length that is not allowed, `too_many` for a chain of more than 16
 * entries, `truncated`, `trailing_bytes`. Encoders throw InvariantError for what does not fit.
 */

import { DecodeError, Reader, Writer, invariant } from '#base';

import { fits, readNumbers, readVector, writeNumbers, writeVector } from './vectors.js';

/** Most certificates of a chain; which length is accepted is for the judgement of chains. */
export const MAX_CHAIN = 16;
/** Most bytes of a list of certificates, and of a raw public key. */
export const MAX_CERTIFICATE_BYTES = 65_536;

/** What a server asks of a client's certificate. */
export interface CertificateRequest {
  /** Certificate types, such as 64 for ecdsa_sign. */
  readonly types: readonly number[];
  /** Hash and signature as one number, such as 0x0403. */
  readonly schemes: readonly number[];
  /** Distinguished names in DER. */
  readonly authorities: readonly Uint8Array[];
}

/** A signature over the handshake so far. */
export interface CertificateVerify {
  /** Hash and signature as one number, such as 0x0403. */
  readonly scheme: number;
  /** At least one byte: a signature of none is no signature. */
  readonly signature: Uint8Array;
}

/** A ticket to resume with. */
export interface NewSessionTicket {
  /** Seconds for which the ticket may be kept, 32 bits; 0 leaves it to the client. */
  readonly lifetime: number;
  /** 0 to 65,535 bytes; none when the server has changed its mind. */
  readonly ticket: Uint8Array;
}

/** Reads a list of X.509 certificates in DER, the sender's own first; a client without one sends an empty list. */
export function decodeCertificateList(body: Uint8Array): Uint8Array[] {
  const reader = new Reader(body);
  const list = new Reader(readVector(reader, 3, 'a list of certificates', 0, MAX_CERTIFICATE_BYTES));
  reader.end();
  const chain: Uint8Array[] = [];
  while (list.remaining > 0) {
    if (chain.length === MAX_CHAIN)
      throw new DecodeError('too_many', `more than ${MAX_CHAIN} certificates`, list.offset);
    chain.push(readVector(list, 3, 'a certificate', 1));
  }
  return chain;
}

/** Writes a list of at most 16 certificates, 64 KiB in all. */
export function encodeCertificateList(chain: readonly Uint8Array[]): Uint8Array {
  invariant(chain.length <= MAX_CHAIN, 'a chain has at most 16 certificates');
  const list = new Writer();
  for (const certificate of chain) writeVector(list, 3, certificate, 'a certificate', 1);
  const writer = new Writer(3 + list.length);
  return writeVector(writer, 3, list.finish(), 'a list of certificates', 0, MAX_CERTIFICATE_BYTES).finish();
}

/** Reads a raw public key: its SubjectPublicKeyInfo in DER, never of no bytes. */
export function decodeRawPublicKey(body: Uint8Array): Uint8Array {
  const reader = new Reader(body);
  const spki = readVector(reader, 3, RAW_PUBLIC_KEY, 1, MAX_CERTIFICATE_BYTES);
  reader.end();
  return spki;
}

/** Writes a raw public key. */
export function encodeRawPublicKey(spki: Uint8Array): Uint8Array {
  return writeVector(new Writer(3 + spki.length), 3, spki, RAW_PUBLIC_KEY, 1, MAX_CERTIFICATE_BYTES).finish();
}

/** Reads a CertificateRequest. */
export function decodeCertificateRequest(body: Uint8Array): CertificateRequest {
  const reader = new Reader(body);
  const types = readNumbers(reader, 1, 1, TYPES);
  const schemes = readNumbers(reader, 2, 2, SCHEMES);
  const names = reader.sub(reader.u16());
  reader.end();
  const authorities: Uint8Array[] = [];
  while (names.remaining > 0) authorities.push(readVector(names, 2, AUTHORITY, 1));
  return { types, schemes, authorities };
}

/** Writes a CertificateRequest. */
export function encodeCertificateRequest({ types, schemes, authorities }: CertificateRequest): Uint8Array {
  const names = new Writer();
  for (const name of authorities) writeVector(names, 2, name, AUTHORITY, 1);
  const writer = writeNumbers(writeNumbers(new Writer(), 1, 1, types, TYPES), 2, 2, schemes, SCHEMES);
  return writeVector(writer, 2, names.finish(), 'the list of authorities').finish();
}

/** Reads a CertificateVerify. */
export function decodeCertificateVerify(body: Uint8Array): CertificateVerify {
  const reader = new Reader(body);
  const scheme = reader.u16();
  const signature = readVector(reader, 2, SIGNATURE, 1);
  reader.end();
  return { scheme, signature };
}

/** Writes a CertificateVerify. */
export function encodeCertificateVerify({ scheme, signature }: CertificateVerify): Uint8Array {
  invariant(fits(scheme, 2), 'a signature scheme has 16 bits');
  return writeVector(new Writer(4 + signature.length).u16(scheme), 2, signature, SIGNATURE, 1).finish();
}

/** Reads a NewSessionTicket. */
export function decodeNewSessionTicket(body: Uint8Array): NewSessionTicket {
  const reader = new Reader(body);
  const lifetime = reader.u32();
  const ticket = readVector(reader, 2, TICKET);
  reader.end();
  return { lifetime, ticket };
}

/** Writes a NewSessionTicket. */
export function encodeNewSessionTicket({ lifetime, ticket }: NewSessionTicket): Uint8Array {
  invariant(fits(lifetime, 4), 'the lifetime of a ticket has 32 bits');
  return writeVector(new Writer(6 + ticket.length).u32(lifetime), 2, ticket, TICKET).finish();
}

const RAW_PUBLIC_KEY = 'a raw public key';
const TYPES = 'the list of certificate types';
const SCHEMES = 'the list of signature algorithms';
const AUTHORITY = 'the name of an authority';
const SIGNATURE = 'a signature';
const TICKET = 'a ticket';
