/** What is trusted: anchors by their subject and revocation lists by their issuer, read from an operator's files. */

import { DecodeError } from '#base';

import { Certificate, digestOf } from '../x509/certificate.js';
import { RevocationList } from '../x509/crl.js';
import { readPem } from '../x509/pem.js';

/** Anchors and revocation lists, indexed; never changed once made. */
export class TrustData {
  /** Digests of whole anchors. */
  readonly #digests = new Set<string>();
  readonly #anchors = new Map<string, Certificate[]>();
  readonly #lists = new Map<string, RevocationList[]>();

  constructor(anchors: readonly Certificate[], lists: readonly RevocationList[]) {
    for (const anchor of anchors) {
      const digest = digestOf([anchor.der]);
      if (this.#digests.has(digest)) continue;
      this.#digests.add(digest);
      append(this.#anchors, anchor.subject.key, anchor);
    }
    for (const list of lists) append(this.#lists, list.issuer.key, list);
    for (const same of this.#lists.values()) same.sort((left, right) => right.thisUpdate - left.thisUpdate);
  }

  /** Whether this very certificate is an anchor. */
  isAnchor(certificate: Certificate): boolean {
    return this.#anchors.has(certificate.subject.key) && this.#digests.has(digestOf([certificate.der]));
  }

  /** The anchors that by their names and ids may have issued a certificate. */
  issuersOf(certificate: Certificate): readonly Certificate[] {
    const anchors = this.#anchors.get(certificate.issuer.key) ?? [];
    return anchors.filter((anchor) => certificate.mayBeIssuedBy(anchor));
  }

  /** The revocation lists that by their names and ids an issuer may have signed, newest first. */
  listsOf(issuer: Certificate): readonly RevocationList[] {
    const lists = this.#lists.get(issuer.subject.key) ?? [];
    return lists.filter((list) => list.mayBeIssuedBy(issuer));
  }
}

/**
 * The anchors in a file, PEM with one or several or DER with one: roots, or intermediates and leaves that are trusted by
 * themselves. Throws DecodeError for what is no certificate, and for a key too weak to trust anything by.
 */
export function readAnchors(file: Uint8Array): Certificate[] {
  return readCertificates(file).map((anchor) => {
    const { weakness } = anchor.publicKey;
    if (weakness !== undefined)
      throw new DecodeError('weak_key', `${anchor.toString()} cannot be an anchor: ${weakness}`);
    return anchor;
  });
}

/** The certificates in a file, PEM with one or several or DER with one. Throws DecodeError for what is none or not whole. */
export function readCertificates(file: Uint8Array): Certificate[] {
  return readPem(file, 'CERTIFICATE').map((der) => new Certificate(Uint8Array.from(der)));
}

/** The revocation lists in a file, PEM with one or several or DER with one. Throws DecodeError for what is none or not whole. */
export function readRevocationLists(file: Uint8Array): RevocationList[] {
  return readPem(file, 'X509 CRL').map((der) => new RevocationList(Uint8Array.from(der)));
}

function append<T>(map: Map<string, T[]>, key: string, item: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [item]);
  else list.push(item);
}
