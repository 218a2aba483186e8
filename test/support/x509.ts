/**
 * Certificates and revocation lists of any kind, right and wrong ones: written by test/support/der.ts and signed by node:crypto. Keys
 * are made anew in each run, everything else is as the plan says.
 */

import { constants, createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

import { bits, bool, implicit, int, octets, oid, seq, set, tagged, time, tlv, utf8 } from './der.js';

/** The moment the chains are made for. */
export const NOW = Date.UTC(2026, 5, 15, 12);
/** One day in milliseconds. */
export const DAY = 86_400_000;

/** A key pair, and its SubjectPublicKeyInfo. */
export interface Pair {
  readonly privateKey: KeyObject;
  readonly spki: Buffer;
  readonly kind: string;
}

/** A fresh key pair. */
export function pair(
  kind: 'P-256' | 'P-384' | 'P-521' | 'P-224' | 'secp256k1' | 'ed25519' | 'dsa' | number = 'P-256',
): Pair {
  const { privateKey, publicKey } =
    typeof kind === 'number'
      ? generateKeyPairSync('rsa', { modulusLength: kind })
      : kind === 'ed25519'
        ? generateKeyPairSync('ed25519')
        : kind === 'dsa'
          ? generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 })
          : generateKeyPairSync('ec', { namedCurve: kind });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return { privateKey, spki, kind: privateKey.asymmetricKeyType ?? '' };
}

/** One attribute of a name, by its type and its value as an element. */
export const attribute = (type: string, value: Buffer): Buffer => set(seq(oid(type), value));
/** A name of attributes. */
export const name = (...attributes: readonly Buffer[]): Buffer => seq(...attributes);
/** The name with one CN. */
export const cn = (text: string): Buffer => name(commonName(text));
/** The attribute CN. */
export const commonName = (text: string): Buffer => attribute('2.5.4.3', utf8(text));
/** The attribute O. */
export const organization = (text: string): Buffer => attribute('2.5.4.10', utf8(text));

/** A certificate with what is needed to issue others by it. */
export interface Issued {
  readonly der: Buffer;
  readonly subject: Buffer;
  readonly issuerName: Buffer;
  readonly serial: Buffer;
  readonly key: Pair;
}

/** What a certificate is to be; what is left out is as it should be. */
export interface Plan {
  /** A CN, or a whole name. */
  readonly subject?: string | Buffer;
  /** Who issues it; left out it signs itself. */
  readonly issuer?: Issued;
  readonly issuerName?: Buffer;
  readonly key?: Pair;
  /** Who signs it in truth. */
  readonly signer?: Pair;
  readonly serial?: Buffer;
  readonly version?: 1 | 2 | 3;
  readonly from?: Buffer;
  readonly to?: Buffer;
  readonly extensions?: readonly Buffer[];
  readonly hash?: Hash;
  /** Signs by PSS. */
  readonly pss?: Pss;
  /** The algorithm in the signed part, where it is to differ. */
  readonly innerAlgorithm?: Buffer;
  /** Changes the signature's bytes. */
  readonly spoil?: (signature: Buffer) => Buffer;
  /** Changes the SubjectPublicKeyInfo. */
  readonly spki?: Buffer;
}

/** How an RSA key signs by PSS; what is left out is as it should be. */
export interface Pss {
  /** Bytes of the salt. */
  readonly salt?: number;
  /** The parameters that are written, where they are not those of the signature. */
  readonly parameters?: readonly Buffer[];
}

export type Hash = 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512';

let counter = 1000;

/** Makes a certificate. */
export function issue(plan: Plan): Issued {
  const key = plan.key ?? pair();
  const subject = typeof plan.subject === 'string' ? cn(plan.subject) : (plan.subject ?? cn('device'));
  const issuerName = plan.issuerName ?? plan.issuer?.subject ?? subject;
  counter += 1;
  const serial = plan.serial ?? int(counter);
  const signer = plan.signer ?? plan.issuer?.key ?? key;
  const hash = plan.hash ?? 'sha256';
  const extensions = plan.extensions ?? [];
  const version = plan.version ?? 3;
  const body = seq(
    ...(version === 1 ? [] : [tagged(0, int(version - 1))]),
    serial,
    plan.innerAlgorithm ?? algorithm(signer, hash, plan.pss),
    issuerName,
    seq(plan.from ?? time(NOW - 30 * DAY), plan.to ?? time(NOW + 365 * DAY)),
    subject,
    plan.spki ?? key.spki,
    ...(extensions.length === 0 ? [] : [tagged(3, seq(...extensions))]),
  );
  return { der: signed(body, signer, hash, plan), subject, issuerName, serial, key };
}

/** A CA with basicConstraints and keyUsage as they should be. */
export function authority(subject: string | Buffer, issuer?: Issued, plan: Plan = {}): Issued {
  const extensions = [basicConstraints('ca'), keyUsage('keyCertSign', 'cRLSign'), ...(plan.extensions ?? [])];
  return issue({ subject, ...(issuer === undefined ? {} : { issuer }), ...plan, extensions });
}

/** A device's certificate with keyUsage and extKeyUsage as they should be. */
export function device(issuer: Issued, plan: Plan = {}): Issued {
  const extensions = [keyUsage('digitalSignature'), extendedKeyUsage('client'), ...(plan.extensions ?? [])];
  return issue({ subject: 'urn:dev:1', issuer, ...plan, extensions });
}

/** What a revocation list is to be. */
export interface ListPlan {
  readonly issuer: Issued;
  readonly revoked?: readonly {
    readonly of: Issued;
    readonly date?: number;
    readonly extensions?: readonly Buffer[];
  }[];
  readonly thisUpdate?: number;
  readonly nextUpdate?: number | 'none';
  readonly signer?: Pair;
  readonly hash?: Hash;
  readonly pss?: Pss;
  readonly extensions?: readonly Buffer[];
  readonly spoil?: (signature: Buffer) => Buffer;
}

/** Makes a revocation list. */
export function revocationList(plan: ListPlan): Buffer {
  const signer = plan.signer ?? plan.issuer.key;
  const hash = plan.hash ?? 'sha256';
  const entries = (plan.revoked ?? []).map(({ of, date, extensions = [] }) =>
    seq(of.serial, time(date ?? NOW - DAY), ...(extensions.length === 0 ? [] : [seq(...extensions)])),
  );
  const body = seq(
    int(1),
    algorithm(signer, hash, plan.pss),
    plan.issuer.subject,
    time(plan.thisUpdate ?? NOW - 2 * DAY),
    ...(plan.nextUpdate === 'none' ? [] : [time(plan.nextUpdate ?? NOW + 5 * DAY)]),
    ...(entries.length === 0 ? [] : [seq(...entries)]),
    tagged(0, seq(extension('2.5.29.20', int(1)), ...(plan.extensions ?? []))),
  );
  return signed(body, signer, hash, plan);
}

/** An extension; `value` is the element in its OCTET STRING. */
export function extension(
  id: string,
  value: Uint8Array,
  critical: 'critical' | 'plain' | 'written out' = 'plain',
): Buffer {
  const flag = critical === 'critical' ? [bool('true')] : critical === 'plain' ? [] : [bool('false')];
  return seq(oid(id), ...flag, octets(value));
}

/** basicConstraints of a CA, perhaps with a path length, or of a leaf. */
export function basicConstraints(what: 'ca' | 'leaf', pathLength?: number): Buffer {
  const length = pathLength === undefined ? [] : [int(pathLength)];
  return extension('2.5.29.19', seq(...(what === 'ca' ? [bool('true')] : []), ...length), 'critical');
}

const USAGES = { digitalSignature: 0, keyEncipherment: 2, keyAgreement: 4, keyCertSign: 5, cRLSign: 6 } as const;

/** keyUsage with some bits. */
export function keyUsage(...usages: readonly (keyof typeof USAGES)[]): Buffer {
  let byte = 0;
  for (const usage of usages) byte |= 0x80 >> USAGES[usage];
  const unused = byte === 0 ? 0 : 31 - Math.clz32(byte & -byte);
  return extension('2.5.29.15', tlv(0x03, Buffer.from(byte === 0 ? [0] : [unused, byte])), 'critical');
}

const PURPOSES = {
  client: '1.3.6.1.5.5.7.3.2',
  server: '1.3.6.1.5.5.7.3.1',
  any: '2.5.29.37.0',
  email: '1.3.6.1.5.5.7.3.4',
} as const;

/** extKeyUsage. */
export function extendedKeyUsage(...purposes: readonly (keyof typeof PURPOSES)[]): Buffer {
  return extension('2.5.29.37', seq(...purposes.map((purpose) => oid(PURPOSES[purpose]))));
}

/** General names. */
export const dns = (text: string): Buffer => implicit(2, Buffer.from(text));
export const uri = (text: string): Buffer => implicit(6, Buffer.from(text));
export const email = (text: string): Buffer => implicit(1, Buffer.from(text));
export const ip = (...bytes: readonly number[]): Buffer => implicit(7, Buffer.from(bytes));
export const directory = (value: Buffer): Buffer => tagged(4, value);
export const registeredId = (): Buffer => implicit(8, Buffer.from([0x2a, 3]));

/** subjectAltName. */
export const alternatives = (...names: readonly Buffer[]): Buffer => extension('2.5.29.17', seq(...names));

/** nameConstraints, critical. */
export function constraints(permitted: readonly Buffer[], excluded: readonly Buffer[] = []): Buffer {
  const trees = (number: number, bases: readonly Buffer[]): Buffer[] =>
    bases.length === 0 ? [] : [tagged(number, ...bases.map((base) => seq(base)))];
  return extension('2.5.29.30', seq(...trees(0, permitted), ...trees(1, excluded)), 'critical');
}

/** subjectKeyIdentifier and authorityKeyIdentifier with ids made of text. */
export const subjectKeyId = (text: string): Buffer => extension('2.5.29.14', octets(sha1(text)));
export const authorityKeyId = (text: string): Buffer => extension('2.5.29.35', seq(implicit(0, sha1(text))));

/** certificatePolicies. */
export const policies = (...ids: readonly string[]): Buffer =>
  extension('2.5.29.32', seq(...ids.map((id) => seq(oid(id)))), 'critical');
/** policyConstraints with requireExplicitPolicy. */
export const explicitPolicy = (skip: number): Buffer =>
  extension('2.5.29.36', seq(implicit(0, Buffer.from([skip]))), 'critical');

/** An AlgorithmIdentifier for a signature by a key. */
export function algorithm(signer: Pair, hash: Hash, pss?: Pss): Buffer {
  if (pss !== undefined) return seq(oid('1.2.840.113549.1.1.10'), ...(pss.parameters ?? [pssParameters(hash, pss)]));
  if (signer.kind === 'ed25519') return seq(oid('1.3.101.112'));
  if (signer.kind === 'dsa') return seq(oid('2.16.840.1.101.3.4.3.2'));
  if (signer.kind === 'rsa') return seq(oid(`1.2.840.113549.1.1.${RSA[hash]}`), tlv(0x05));
  return seq(oid(hash === 'sha1' ? '1.2.840.10045.4.1' : `1.2.840.10045.4.3.${EC[hash]}`));
}

/** The parameters of RSASSA-PSS; what is DEFAULT or left alone can be left out. */
export function pssParameters(
  hash: Hash,
  { mask = hash, salt = SIZES[hash], trailer }: { mask?: Hash; salt?: number; trailer?: number } = {},
): Buffer {
  const hashed = (name: Hash): Buffer => seq(oid(HASHES[name]), tlv(0x05));
  return seq(
    ...(hash === 'sha1' ? [] : [tagged(0, hashed(hash))]),
    ...(mask === 'sha1' ? [] : [tagged(1, seq(oid('1.2.840.113549.1.1.8'), hashed(mask)))]),
    ...(salt === 20 ? [] : [tagged(2, int(salt))]),
    ...(trailer === undefined ? [] : [tagged(3, int(trailer))]),
  );
}

function signed(body: Buffer, signer: Pair, hash: Hash, { pss, spoil }: Pick<Plan, 'pss' | 'spoil'>): Buffer {
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: pss?.salt ?? SIZES[hash] };
  const key = { key: signer.privateKey, ...(pss !== undefined && signer.kind === 'rsa' && padding) };
  const signature = sign(signer.kind === 'ed25519' ? undefined : hash, body, key);
  return seq(body, algorithm(signer, hash, pss), bits(spoil?.(signature) ?? signature));
}

/** A DER as PEM. */
export function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.map((line) => `${line}\n`).join('')}-----END ${label}-----\n`;
}

const sha1 = (text: string): Buffer => createHash('sha1').update(text).digest();
const RSA: Readonly<Record<Hash, number>> = { sha1: 5, sha224: 14, sha256: 11, sha384: 12, sha512: 13 };
const EC: Readonly<Record<Hash, number>> = { sha1: 0, sha224: 1, sha256: 2, sha384: 3, sha512: 4 };
const SIZES: Readonly<Record<Hash, number>> = { sha1: 20, sha224: 28, sha256: 32, sha384: 48, sha512: 64 };
const HASHES: Readonly<Record<Hash, string>> = {
  sha1: '1.3.14.3.2.26',
  sha224: '2.16.840.1.101.3.4.2.4',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
};
