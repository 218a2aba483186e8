/**
 * What a request to a `coaps` URI proves itself by, and what the server has to prove: a pre-shared key (RFC 4279), or a
 * private key as a raw public key (RFC 7250) or with certificates. All of it comes from files: no key is an argument, which
 * other users of the machine could read.
 */

import { createPublicKey, X509Certificate } from 'node:crypto';

import { AppError, bytesEqual, EMPTY, messageOf } from '#base';
import { signingKey, type Answer, type ClientOffer, type Question } from '#transport';

import { readBytes } from '../files.js';
import { readPskFile, type Psk } from '../psk-file.js';

/** The flags of security, as commander gives them. */
export interface SecurityFlags {
  readonly credentials?: string;
  readonly endpoint?: string;
  readonly privateKey?: string;
  readonly certificates?: string;
  readonly serverKey?: string;
}

/** What DTLS is spoken with. */
export interface Security {
  readonly offer: ClientOffer;
  /** Judges what the server proves. */
  readonly answer: (question: Question) => Answer;
}

/**
 * What the flags say about security; undefined for `coap`, where there must be none. `serverName`: the name in the URI, which
 * the server is told (RFC 6066 §3). Throws AppError: `usage`, or `failed` when a file cannot be read.
 */
export function readSecurity(
  scheme: 'coap' | 'coaps',
  serverName: string | undefined,
  flags: SecurityFlags,
): Security | undefined {
  const { credentials, endpoint, privateKey, certificates, serverKey } = flags;
  const byKey = privateKey !== undefined || certificates !== undefined || serverKey !== undefined;
  const given = byKey || credentials !== undefined || endpoint !== undefined;
  if (scheme === 'coap') {
    if (given) throw new AppError('usage', `${Object.values(FLAGS).join(', ')} go with coaps://, and this is coap://`);
    return undefined;
  }
  if (byKey === (credentials !== undefined)) {
    throw new AppError('usage', `coaps:// needs ${FLAGS.credentials}, or ${FLAGS.privateKey} and ${FLAGS.serverKey}`);
  }
  const common = { cid: EMPTY, ...(serverName !== undefined && { serverName }) };
  if (credentials !== undefined) {
    const offer = { ...common, serverProofs: [], psk: chosenKey(credentials, endpoint) };
    return { offer, answer: () => ({ is: 'refused' }) };
  }
  if (endpoint !== undefined) throw new AppError('usage', `${FLAGS.endpoint} goes with ${FLAGS.credentials}`);
  if (privateKey === undefined || serverKey === undefined) {
    throw new AppError('usage', `${FLAGS.privateKey} and ${FLAGS.serverKey} go together: each side proves who it is`);
  }
  const expected = usable('--server-key', serverKey, publicKey);
  const key = usable('--private-key', privateKey, (bytes) => signingKey(bytes));
  const chain = certificates === undefined ? undefined : usable('--certificates', certificates, chainOf);
  if (chain?.[0] !== undefined && !bytesEqual(spkiOf(chain[0]), key.spki)) {
    const first = `the first certificate of --certificates ${certificates ?? ''}`;
    throw new AppError('usage', `${first} is not of the key in --private-key ${privateKey}`);
  }
  return {
    offer: { ...common, serverProofs: ['rpk', 'x509'], proof: { key, ...(chain !== undefined && { chain }) } },
    answer: (question) => (provenKey(question, expected) ? { is: 'good' } : { is: 'refused', alert: BAD_CERTIFICATE }),
  };
}

/** The key of an endpoint, or the only one there is. */
function chosenKey(file: string, endpoint: string | undefined): Psk {
  const keys = readPskFile(file);
  const [first] = keys.values();
  if (endpoint === undefined && first !== undefined && keys.size === 1) return first;
  if (endpoint === undefined) {
    throw new AppError('usage', `--credentials ${file} has ${keys.size} keys: ${FLAGS.endpoint} says which of them`);
  }
  const chosen = keys.get(endpoint);
  if (chosen === undefined) {
    throw new AppError('usage', `--credentials ${file} has no line for the endpoint ${endpoint}`);
  }
  return chosen;
}

/** Whether it is the expected key that the server holds; it has proven already that it holds the one in question. */
function provenKey(question: Question, expected: Uint8Array): boolean {
  if (question.about === 'rawKey') return bytesEqual(question.spki, expected);
  const leaf = question.about === 'chain' ? question.chain[0] : undefined;
  return leaf !== undefined && bytesEqual(spkiOf(leaf), expected);
}

function publicKey(bytes: Uint8Array): Uint8Array {
  return createPublicKey(Buffer.from(bytes)).export({ type: 'spki', format: 'der' });
}

function chainOf(bytes: Uint8Array): Uint8Array[] {
  const blocks = Buffer.from(bytes).toString('latin1').match(CERTIFICATE) ?? [];
  if (blocks.length === 0) throw new AppError('usage', 'no -----BEGIN CERTIFICATE----- is in it');
  return blocks.map((block) => new X509Certificate(block).raw);
}

function spkiOf(certificate: Uint8Array): Uint8Array {
  return new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
}

function usable<T>(flag: string, file: string, read: (bytes: Uint8Array) => T): T {
  const bytes = readBytes(file);
  try {
    return read(bytes);
  } catch (cause) {
    throw new AppError('usage', `${flag} ${file} cannot be used: ${messageOf(cause)}`, { cause });
  }
}

const FLAGS = {
  credentials: '--credentials FILE',
  endpoint: '--endpoint NAME',
  privateKey: '--private-key FILE',
  certificates: '--certificates FILE',
  serverKey: '--server-key FILE',
} as const;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
/** Alert of TLS (RFC 5246 §7.2.2). */
const BAD_CERTIFICATE = 42;
