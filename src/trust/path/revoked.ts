/**
 * Which certificates revocation lists name, for chains that were found good before the lists came, and are not kept: of each
 * certificate only its issuer and its serial number are, which together are one certificate's alone (RFC 5280 §4.1.2.2).
 */

import { encodeUtf8 } from '#base';

import { digestOf } from '../x509/certificate.js';
import type { RevocationList } from '../x509/crl.js';
import type { Name } from '../x509/name.js';
import type { Path } from './candidates.js';

/** What lists know the certificates of a path by, those below its anchor, leaf first: a word for each, a blank between. */
export function namesOf(path: Path): string {
  const below = path.slice(0, -1);
  return below.map(({ issuer, serial }) => `${issuerKey(issuer)}${MARK}${serial}`).join(' ');
}

/** The certificates on lists, which are trusted to be of whom they say: who hands lists in is. */
export class RevokedCertificates {
  readonly #lists = new Map<string, RevocationList[]>();

  constructor(lists: readonly RevocationList[]) {
    const newest = new Map<string, RevocationList>();
    for (const list of lists) {
      // An issuer that has renewed its key may have a list by each (§5.2.1).
      const key = `${issuerKey(list.issuer)} ${list.issuerKeyId ?? ''}`;
      const known = newest.get(key);
      if (known === undefined || list.thisUpdate > known.thisUpdate) newest.set(key, list);
    }
    for (const list of newest.values()) {
      const key = issuerKey(list.issuer);
      this.#lists.set(key, [...(this.#lists.get(key) ?? []), list]);
    }
  }

  /** Whether one of the certificates that `namesOf` gave stands on the newest list of its issuer: what is stale counts too. */
  hasOneOf(names: string): boolean {
    return names.split(' ').some((name) => {
      const [issuer = '', serial = ''] = name.split(MARK);
      return this.#lists.get(issuer)?.some((list) => list.lists(serial)) === true;
    });
  }
}

/** Half of a digest: a good chain that gives the same one for another issuer cannot be made at will. */
function issuerKey({ key }: Name): string {
  return digestOf([encodeUtf8(key)]).slice(0, ISSUER_DIGITS);
}

const ISSUER_DIGITS = 16;
/** In neither the digest nor the serial number, which may have a minus sign. */
const MARK = ':';
