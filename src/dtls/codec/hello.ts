/**
 * ClientHello, ServerHello and HelloVerifyRequest (RFC 5246 §7.4.1, RFC 6347 §4.2.1). Which versions, suites and compressions
 * are agreed to is for the negotiation; here only the form counts. What is read are views of the message.
 *
 *   ClientHello          version (2)   random (32)   session_id<0..32>   cookie<0..255>   cipher_suites<2..2^16-2>
 *                        compression_methods<1..255>   [extensions]
 *   ServerHello          version (2)   random (32)   session_id<0..32>   cipher_suite (2)   compression_method (1)   [extensions]
 *   HelloVerifyRequest   version (2)   cookie<0..255>
 */

import { Reader, Writer, invariant } from '#base';

import { readExtensions, writeExtensions } from './extensions.js';
import type { Extension } from './extensions.js';
import { DTLS_1_0 } from './record.js';
import { fits, readNumbers, readVector, writeNumbers, writeVector } from './vectors.js';

/** Bytes of a random. */
export const RANDOM_LENGTH = 32;
/** Most bytes of a session id. */
export const MAX_SESSION_ID = 32;
/** Most bytes of a cookie (RFC 6347 §4.2.1). */
export const MAX_COOKIE = 255;

/** What a ClientHello says up to its cookie. */
export interface HelloHead {
  /** The newest version the client speaks, such as 0xfefd. */
  readonly version: number;
  /** 32 bytes. */
  readonly random: Uint8Array;
  /** 0 to 32 bytes. */
  readonly sessionId: Uint8Array;
  /** 0 to 255 bytes. */
  readonly cookie: Uint8Array;
}

/** A ClientHello. Suites, compressions and extensions are in the client's order. */
export interface ClientHello extends HelloHead {
  readonly suites: readonly number[];
  readonly compressions: readonly number[];
  readonly extensions: readonly Extension[];
}

/** A ServerHello. */
export interface ServerHello {
  readonly version: number;
  /** 32 bytes. */
  readonly random: Uint8Array;
  /** 0 to 32 bytes. */
  readonly sessionId: Uint8Array;
  readonly suite: number;
  readonly compression: number;
  readonly extensions: readonly Extension[];
}

/** A HelloVerifyRequest. */
export interface HelloVerifyRequest {
  readonly version: number;
  /** 0 to 255 bytes. */
  readonly cookie: Uint8Array;
}

/**
 * Reads the body of a ClientHello (RFC 5246 §7.4.1.2, RFC 6347 §4.2.1). Throws DecodeError: `bad_length` for a session id of
 * more than 32 bytes and for lists that are empty or odd, those of `readExtensions`, `truncated`, `trailing_bytes`.
 */
export function decodeClientHello(body: Uint8Array): ClientHello {
  const reader = new Reader(body);
  const version = reader.u16();
  const random = reader.take(RANDOM_LENGTH);
  const sessionId = readVector(reader, 1, SESSION_ID, 0, MAX_SESSION_ID);
  const cookie = readVector(reader, 1, COOKIE);
  const suites = readNumbers(reader, 2, 2, SUITES);
  const compressions = readNumbers(reader, 1, 1, COMPRESSIONS);
  return { version, random, sessionId, cookie, suites, compressions, extensions: readExtensions(reader) };
}

/** Writes the body of a ClientHello, without a block of extensions when there are none. What does not fit throws InvariantError. */
export function encodeClientHello(hello: ClientHello): Uint8Array {
  const writer = writeHead(hello);
  writeVector(writer, 1, hello.cookie, COOKIE);
  writeNumbers(writer, 2, 2, hello.suites, SUITES);
  writeNumbers(writer, 1, 1, hello.compressions, COMPRESSIONS);
  return writeExtensions(writer, hello.extensions).finish();
}

/**
 * Reads what the cookie covers from the first fragment of a ClientHello alone (offset 0), so that nothing is kept of a peer
 * that has proven no address. A fragment that ends before the end of the cookie is `hello_cut_before_cookie`, one that says
 * its session id has more than 32 bytes `hello_malformed`; what follows the cookie is not looked at. Never throws.
 */
export function readHelloHead(fragment: Uint8Array): HelloHead | HelloHeadFault {
  const size = fragment.length;
  if (size <= SESSION_ID_LENGTH_AT) return 'hello_cut_before_cookie';
  const sessionIdLength = fragment[SESSION_ID_LENGTH_AT] as number;
  if (sessionIdLength > MAX_SESSION_ID) return 'hello_malformed';
  const sessionIdAt = SESSION_ID_LENGTH_AT + 1;
  const cookieLengthAt = sessionIdAt + sessionIdLength;
  if (size <= cookieLengthAt) return 'hello_cut_before_cookie';
  const cookieAt = cookieLengthAt + 1;
  const end = cookieAt + (fragment[cookieLengthAt] as number);
  if (size < end) return 'hello_cut_before_cookie';
  return {
    version: ((fragment[0] as number) << 8) | (fragment[1] as number),
    random: fragment.subarray(2, SESSION_ID_LENGTH_AT),
    sessionId: fragment.subarray(sessionIdAt, cookieLengthAt),
    cookie: fragment.subarray(cookieAt, end),
  };
}

/** Why the head of a hello cannot be read. Stable words, used as metric labels. */
export type HelloHeadFault = 'hello_cut_before_cookie' | 'hello_malformed';

/** Reads the body of a ServerHello (RFC 5246 §7.4.1.3); throws DecodeError as `decodeClientHello` does. */
export function decodeServerHello(body: Uint8Array): ServerHello {
  const reader = new Reader(body);
  const version = reader.u16();
  const random = reader.take(RANDOM_LENGTH);
  const sessionId = readVector(reader, 1, SESSION_ID, 0, MAX_SESSION_ID);
  const suite = reader.u16();
  const compression = reader.u8();
  return { version, random, sessionId, suite, compression, extensions: readExtensions(reader) };
}

/** Writes the body of a ServerHello, without a block of extensions when there are none. What does not fit throws InvariantError. */
export function encodeServerHello(hello: ServerHello): Uint8Array {
  invariant(fits(hello.suite, 2), 'a cipher suite has 16 bits');
  invariant(fits(hello.compression, 1), 'a compression method has 8 bits');
  const writer = writeHead(hello).u16(hello.suite).u8(hello.compression);
  return writeExtensions(writer, hello.extensions).finish();
}

/** Reads the body of a HelloVerifyRequest (RFC 6347 §4.2.1). Throws DecodeError: `truncated`, `trailing_bytes`. */
export function decodeHelloVerifyRequest(body: Uint8Array): HelloVerifyRequest {
  const reader = new Reader(body);
  const version = reader.u16();
  const cookie = readVector(reader, 1, COOKIE);
  reader.end();
  return { version, cookie };
}

/** Writes the body of a HelloVerifyRequest; it says DTLS 1.0, as a server should whatever it speaks (RFC 6347 §4.2.1). */
export function encodeHelloVerifyRequest(cookie: Uint8Array): Uint8Array {
  return writeVector(new Writer(3 + cookie.length).u16(DTLS_1_0), 1, cookie, COOKIE).finish();
}

/** What both hellos begin with. */
function writeHead(hello: {
  readonly version: number;
  readonly random: Uint8Array;
  readonly sessionId: Uint8Array;
}): Writer {
  invariant(fits(hello.version, 2), 'a version has 16 bits');
  invariant(hello.random.length === RANDOM_LENGTH, 'a random has 32 bytes');
  const writer = new Writer().u16(hello.version).bytes(hello.random);
  return writeVector(writer, 1, hello.sessionId, SESSION_ID, 0, MAX_SESSION_ID);
}

/** Where the length of the session id stands: behind version and random. */
const SESSION_ID_LENGTH_AT = 2 + RANDOM_LENGTH;
const SESSION_ID = 'a session id';
const COOKIE = 'a cookie';
const SUITES = 'the list of cipher suites';
const COMPRESSIONS = 'the list of compression methods';
