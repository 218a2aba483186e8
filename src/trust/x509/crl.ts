/**
 * Certificate revocation lists (RFC 5280 §5), whole ones of one issuer only: a delta or indirect list, one that covers only a part of
 * its issuer's certificates, and one with a critical extension that is not known here cannot be loaded.
 */

import { bytesEqual, DecodeError, type WallTime } from '#base';

import type { Certificate } from './certificate.js';
import { context, DerReader, encoded, only, Tag } from './der.js';
import { readAuthorityKeyId, readEach, type AuthorityKeyId } from './extensions.js';
import { readSignatureAlgorithm, signedBy, type SignatureAlgorithm } from './keys.js';
import { readName, sameName, type Name } from './name.js';
import { readTime, serialNumber, smallInteger, wholeBits } from './values.js';

/** What a revocation list says. */
export class RevocationList {
  readonly issuer: Name;
  readonly thisUpdate: WallTime;
  readonly nextUpdate: WallTime;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly #authorityKeyId: AuthorityKeyId | undefined;
  readonly #serials: ReadonlySet<string>;
  readonly #signed: Uint8Array;
  readonly #signature: Uint8Array;
  /** The key the signature was checked with last, and what came of it: a list of megabytes is hashed once. */
  #checked: { readonly spki: Uint8Array; readonly good: boolean } | undefined;

  /** Reads DER; throws DecodeError, with a sentence for an operator where the list is one that is not accepted. */
  constructor(der: Uint8Array) {
    const outer = only(der, Tag.SEQUENCE, 'the revocation list');
    const body = outer.take(Tag.SEQUENCE, 'the body of the revocation list');
    const algorithm = readSignatureAlgorithm(outer);
    this.#signature = wholeBits(outer.take(Tag.BIT_STRING, 'the signature'));
    outer.finish('the signature');
    this.#signed = encoded(body);

    const inner = DerReader.inside(body);
    const version = inner.optional(Tag.INTEGER);
    if (version !== undefined) smallInteger(version, 1, 'the version');
    this.signatureAlgorithm = readSignatureAlgorithm(inner);
    if (!bytesEqual(algorithm.der, this.signatureAlgorithm.der)) {
      throw new DecodeError(
        'algorithms_differ',
        'the signature algorithm differs inside and outside of the signed part',
      );
    }
    this.issuer = readName(inner, 'the issuer');
    this.thisUpdate = readTime(inner, 'thisUpdate');
    if (inner.tag !== Tag.UTC_TIME && inner.tag !== Tag.GENERALIZED_TIME) {
      throw new DecodeError(
        'crl_no_next_update',
        `the list has no nextUpdate, which RFC 5280 §5.1.2.5 requires: it would never be stale`,
      );
    }
    this.nextUpdate = readTime(inner, 'nextUpdate');
    this.#serials = readEntries(inner);
    const list = inner.optional(context(0, 'constructed'));
    inner.finish('the body of the revocation list');
    let authority: AuthorityKeyId | undefined;
    if (list !== undefined) {
      const reader = DerReader.inside(list);
      readEach(reader, (id, critical, value) => {
        if (id === AUTHORITY_KEY_ID) authority = readAuthorityKeyId(value);
        const refused = REFUSED.get(id);
        if (refused !== undefined) throw new DecodeError('crl_partial', refused);
        if (critical)
          throw new DecodeError(
            'crl_unknown_critical',
            `the list has the critical extension ${id}, which is not known here`,
          );
      });
      reader.finish('the extensions');
    }
    this.#authorityKeyId = authority;
  }

  /** The key identifier of who signed it, in hex, if it says one (§5.2.1). */
  get issuerKeyId(): string | undefined {
    return this.#authorityKeyId?.keyId;
  }

  /** How many certificates are revoked. */
  get size(): number {
    return this.#serials.size;
  }

  /** Whether a serial number is listed: that is revoked, whatever the date of the entry, and whatever the reason. */
  lists(serial: string): boolean {
    return this.#serials.has(serial);
  }

  /** Whether by its names and ids `issuer` may be the one that signed it, before any check with a key. */
  mayBeIssuedBy(issuer: Certificate): boolean {
    if (!sameName(this.issuer, issuer.subject)) return false;
    const [ours, theirs] = [this.#authorityKeyId?.keyId, issuer.extensions.subjectKeyId];
    return ours === undefined || theirs === undefined || ours === theirs;
  }

  /** Whether `issuer` signed it: a check with the issuer's key. */
  signedBy(issuer: Certificate): boolean {
    const algorithm = this.signatureAlgorithm.accepted;
    if (algorithm === undefined) return false;
    const { spki } = issuer.publicKey;
    if (this.#checked !== undefined && bytesEqual(this.#checked.spki, spki)) return this.#checked.good;
    const good = signedBy(issuer.key, algorithm, this.#signed, this.#signature);
    this.#checked = { spki: Uint8Array.from(spki), good };
    return good;
  }
}

function readEntries(inner: DerReader): Set<string> {
  const serials = new Set<string>();
  const list = inner.optional(Tag.SEQUENCE);
  if (list === undefined) return serials;
  for (const entries = DerReader.inside(list); !entries.done;) {
    const entry = entries.enter(Tag.SEQUENCE, 'an entry');
    serials.add(serialNumber(entry.take(Tag.INTEGER, 'the serial number of an entry')));
    readTime(entry, 'the revocation date');
    if (!entry.done) {
      readEach(entry, (id, critical) => {
        if (id === CERTIFICATE_ISSUER) throw new DecodeError('crl_partial', INDIRECT);
        if (critical)
          throw new DecodeError(
            'crl_unknown_critical',
            `an entry has the critical extension ${id}, which is not known here`,
          );
      });
    }
    entry.finish('an entry');
  }
  return serials;
}

const AUTHORITY_KEY_ID = '2.5.29.35';
const CERTIFICATE_ISSUER = '2.5.29.29';
const INDIRECT =
  'the list is indirect: it revokes certificates of other issuers, and only whole lists of one issuer are accepted';
/** Extensions that make a list less than whole (§5.2.4, §5.2.5). */
const REFUSED: ReadonlyMap<string, string> = new Map([
  [
    '2.5.29.27',
    'the list is a delta: it holds only what changed since another list, and only whole lists are accepted',
  ],
  [
    '2.5.29.28',
    'the list has an issuingDistributionPoint: it is indirect or covers only a part of what its issuer issued, and only whole lists are accepted',
  ],
]);
