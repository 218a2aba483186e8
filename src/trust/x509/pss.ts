/**
 * The parameters of RSASSA-PSS in a signature (RFC 4055 §3.1, RFC 8017 §A.2.3):
 *
 *   SEQUENCE { [0] hash DEFAULT SHA-1, [1] mask generation DEFAULT MGF1 with SHA-1, [2] salt length DEFAULT 20, [3] trailer DEFAULT 1 }
 *
 * One set for each of SHA-256, SHA-384 and SHA-512 is accepted, the one that all who sign today write and TLS asks for
 * (RFC 8446 §4.2.3): MGF1 with the same hash, and a salt as long as the hash.
 */

import { bytesEqual, EMPTY } from '#base';

import { content, context, DerReader, Tag, type Element } from './der.js';
import { readOid, smallInteger } from './values.js';

/** Hashes of signatures that are accepted. */
export type SignatureHash = 'sha256' | 'sha384' | 'sha512';

/** The hash of the set, or why the set is not accepted, in words for an operator. Odd DER throws DecodeError. */
export type PssParameters = { readonly hash: SignatureHash } | { readonly refused: string };

/** Reads the parameters; in a signature they must be there (RFC 4055 §3.1). */
export function readPssParameters(element: Element | undefined): PssParameters {
  if (element?.tag !== Tag.SEQUENCE) return { refused: 'without its parameters' };
  const inner = DerReader.inside(element);
  const hash = explicit(inner, 0, 'the hash of RSASSA-PSS', readHash);
  const mask = explicit(inner, 1, 'the mask generation of RSASSA-PSS', readMask);
  const salt = explicit(inner, 2, 'the salt length of RSASSA-PSS', readNumber) ?? DEFAULT_SALT;
  // A verifier is to recognize it whether it is left out or there (§3.1).
  const trailer = explicit(inner, 3, 'the trailer of RSASSA-PSS', readNumber) ?? TRAILER;
  inner.finish('the parameters of RSASSA-PSS');
  const known = HASHES.get(hash ?? SHA_1);
  if (known === undefined) return { refused: `with the hash ${hash ?? 'SHA-1'}` };
  if (mask !== hash) return { refused: `with a mask of another hash than its ${known.shown}` };
  if (salt !== known.bytes) {
    return { refused: `with a salt of ${salt} bytes and not the ${known.bytes} of its ${known.shown}` };
  }
  if (trailer !== TRAILER) return { refused: `with the trailer ${trailer}` };
  return { hash: known.hash };
}

function explicit<T>(
  reader: DerReader,
  number: number,
  what: string,
  read: (inner: DerReader, what: string) => T,
): T | undefined {
  const element = reader.optional(context(number, 'constructed'));
  if (element === undefined) return undefined;
  const inner = DerReader.inside(element);
  const value = read(inner, what);
  inner.finish(what);
  return value;
}

/** The identifier of a hash; its parameters are NULL or left out (§2.1). */
function readHash(reader: DerReader, what: string): string {
  const algorithm = reader.enter(Tag.SEQUENCE, what);
  const name = readOid(algorithm, what);
  const parameters = algorithm.done ? undefined : algorithm.next();
  algorithm.finish(what);
  const fits = parameters === undefined || (parameters.tag === Tag.NULL && bytesEqual(content(parameters), EMPTY));
  return fits ? name : `${name} with parameters`;
}

/** The hash of MGF1; of another function its own name, which is no hash. */
function readMask(reader: DerReader, what: string): string {
  const algorithm = reader.enter(Tag.SEQUENCE, what);
  const name = readOid(algorithm, what);
  if (name !== MGF1) return name;
  const hash = readHash(algorithm, what);
  algorithm.finish(what);
  return hash;
}

function readNumber(reader: DerReader, what: string): number {
  return smallInteger(reader.take(Tag.INTEGER, what), MOST_NUMBER, what);
}

const MGF1 = '1.2.840.113549.1.1.8';
const SHA_1 = '1.3.14.3.2.26';
const DEFAULT_SALT = 20;
const TRAILER = 1;
/** A longer salt fits into no key that is accepted. */
const MOST_NUMBER = 1024;

const HASHES: ReadonlyMap<string, { readonly hash: SignatureHash; readonly bytes: number; readonly shown: string }> =
  new Map([
    ['2.16.840.1.101.3.4.2.1', { hash: 'sha256', bytes: 32, shown: 'SHA-256' }],
    ['2.16.840.1.101.3.4.2.2', { hash: 'sha384', bytes: 48, shown: 'SHA-384' }],
    ['2.16.840.1.101.3.4.2.3', { hash: 'sha512', bytes: 64, shown: 'SHA-512' }],
  ]);
