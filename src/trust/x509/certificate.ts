/** One certificate (RFC 5280 §4.1), read from DER and nothing but DER. Reading is no judgement: what it says is kept as it stands. */

import { createHash, type KeyObject } from 'node:crypto';

import { bytesEqual, DecodeError, toHex, type WallTime } from '#base';

import { context, DerReader, encoded, only, Tag } from './der.js';
import { readExtensions, type Extensions } from './extensions.js';
import {
  importKey,
  readPublicKey,
  readSignatureAlgorithm,
  signedBy,
  type PublicKey,
  type SignatureAlgorithm,
} from './keys.js';
import { readName, sameName, showName, type Name } from './name.js';
import { readTime, serialNumber, smallInteger, wholeBits } from './values.js';

/** What a certificate says, and what follows from it. */
export class Certificate {
  /** All of it, as received. */
  readonly der: Uint8Array;
  readonly version: 1 | 2 | 3;
  /** Hex, with a minus sign where it is negative. */
  readonly serial: string;
  readonly issuer: Name;
  readonly subject: Name;
  readonly notBefore: WallTime;
  readonly notAfter: WallTime;
  readonly publicKey: PublicKey;
  readonly extensions: Extensions;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly #signed: Uint8Array;
  readonly #signature: Uint8Array;
  #key: KeyObject | undefined;

  /** Reads DER; throws DecodeError. */
  constructor(der: Uint8Array) {
    const outer = only(der, Tag.SEQUENCE, 'the certificate');
    const body = outer.take(Tag.SEQUENCE, 'the body of the certificate');
    const algorithm = readSignatureAlgorithm(outer);
    this.#signature = wholeBits(outer.take(Tag.BIT_STRING, 'the signature'));
    outer.finish('the signature');
    this.der = der;
    this.#signed = encoded(body);

    const inner = DerReader.inside(body);
    this.version = readVersion(inner);
    this.serial = serialNumber(inner.take(Tag.INTEGER, 'the serial number'));
    this.signatureAlgorithm = readSignatureAlgorithm(inner);
    // §4.1.1.2: this field MUST contain the same algorithm identifier.
    if (!bytesEqual(algorithm.der, this.signatureAlgorithm.der)) {
      throw new DecodeError(
        'algorithms_differ',
        'the signature algorithm differs inside and outside of the signed part',
      );
    }
    this.issuer = readName(inner, 'the issuer');
    if (this.issuer.rdns.length === 0) throw new DecodeError('no_issuer', 'the issuer is empty');
    const validity = inner.enter(Tag.SEQUENCE, 'the validity');
    this.notBefore = readTime(validity, 'notBefore');
    this.notAfter = readTime(validity, 'notAfter');
    validity.finish('the validity');
    this.subject = readName(inner, 'the subject');
    this.publicKey = readPublicKey(inner);
    const unique = inner.optional(context(1, 'primitive')) ?? inner.optional(context(2, 'primitive'));
    if (unique?.tag === context(1, 'primitive')) inner.optional(context(2, 'primitive'));
    if (unique !== undefined && this.version === 1) throw new DecodeError('bad_version', 'unique ids in version 1');
    const list = inner.optional(context(3, 'constructed'));
    inner.finish('the body of the certificate');
    if (list !== undefined && this.version !== 3) throw new DecodeError('bad_version', 'extensions before version 3');
    this.extensions = list === undefined ? NO_EXTENSIONS : extensionsIn(DerReader.inside(list));
  }

  /** Subject and issuer are the same name (§3.2): the key may have been renewed, or the certificate signs itself. */
  get selfIssued(): boolean {
    return sameName(this.issuer, this.subject);
  }

  /** SHA-256 over all of it, in hex. */
  get fingerprint(): string {
    return createHash('sha256').update(this.der).digest('hex');
  }

  /** Its public key, ready for checks; throws PeerError(`key_unusable`). */
  get key(): KeyObject {
    this.#key ??= importKey(this.publicKey);
    return this.#key;
  }

  /** Whether `issuer` signed it: a check with the issuer's key. */
  signedBy(issuer: Certificate): boolean {
    const algorithm = this.signatureAlgorithm.accepted;
    return algorithm !== undefined && signedBy(issuer.key, algorithm, this.#signed, this.#signature);
  }

  /** Whether by its names and ids `issuer` may be the one that signed it (§4.2.1.1), before any check with a key. */
  mayBeIssuedBy(issuer: Certificate): boolean {
    if (!sameName(this.issuer, issuer.subject)) return false;
    const authority = this.extensions.authorityKeyId;
    if (authority === undefined) return true;
    const { keyId, issuers, serial } = authority;
    const subjectKeyId = issuer.extensions.subjectKeyId;
    if (keyId !== undefined && subjectKeyId !== undefined && keyId !== subjectKeyId) return false;
    if (serial !== undefined && serial !== issuer.serial) return false;
    const directories = issuers.filter((name) => name.kind === 'directory');
    return directories.length === 0 || directories.some(({ value }) => sameName(value, issuer.issuer));
  }

  /** Subject and serial number in words for an operator. */
  toString(): string {
    return `the certificate of ${showName(this.subject)} (serial ${this.serial})`;
  }
}

function readVersion(inner: DerReader): 1 | 2 | 3 {
  const element = inner.optional(context(0, 'constructed'));
  if (element === undefined) return 1;
  const reader = DerReader.inside(element);
  const version = smallInteger(reader.take(Tag.INTEGER, 'the version'), 2, 'the version');
  reader.finish('the version');
  return version === 0 ? 1 : version === 1 ? 2 : 3;
}

function extensionsIn(reader: DerReader): Extensions {
  const extensions = readExtensions(reader);
  reader.finish('the extensions');
  return extensions;
}

/** The hex of SHA-256 over a list of byte strings, each with its length. */
export function digestOf(parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  const length = Buffer.alloc(4);
  for (const part of parts) {
    length.writeUInt32BE(part.length);
    hash.update(length).update(part);
  }
  return toHex(hash.digest());
}

const NO_EXTENSIONS: Extensions = { unknownCritical: [] };
