/** Revocation by the lists that are loaded (RFC 5280 §6.3): only those of issuers in the path are asked. */

import { rfc3339, type WallTime } from '#base';

import type { TrustParameters } from '../policy/parameters.js';
import { Refused } from '../policy/refusals.js';
import type { Certificate } from '../x509/certificate.js';
import type { RevocationList } from '../x509/crl.js';
import { KeyUsage } from '../x509/extensions.js';
import { showName } from '../x509/name.js';
import type { Path } from './candidates.js';
import type { TrustData } from './trust-data.js';

/** Looks every certificate below the anchor up in its issuer's list; throws Refused. Returns the lists that were asked. */
export function checkRevocation(
  path: Path,
  trust: TrustData,
  now: WallTime,
  parameters: TrustParameters,
): RevocationList[] {
  const asked: RevocationList[] = [];
  for (const [index, certificate] of path.entries()) {
    const issuer = path[index + 1];
    if (issuer === undefined) break;
    const list = listOf(issuer, trust, now, parameters);
    if (list === undefined) continue;
    // Listed is revoked: on a list that is stale too, and with a date to come as well.
    if (list.lists(certificate.serial)) {
      throw new Refused(
        'revoked',
        `${certificate.toString()} is on the revocation list of ${showName(issuer.subject)}`,
      );
    }
    if (now > list.nextUpdate + parameters.crlGrace) {
      throw new Refused(
        'crl_stale',
        `the revocation list of ${showName(issuer.subject)} is stale: its nextUpdate was ${rfc3339(list.nextUpdate)}`,
      );
    }
    asked.push(list);
  }
  return asked;
}

/** The newest list that an issuer signed and that counts by now; undefined when none is there and none is required. */
function listOf(
  issuer: Certificate,
  trust: TrustData,
  now: WallTime,
  { crl, skew }: TrustParameters,
): RevocationList | undefined {
  const lists = trust.listsOf(issuer);
  const name = showName(issuer.subject);
  if (lists.length === 0) {
    if (crl === 'whenLoaded') return undefined;
    throw new Refused('crl_missing', `no revocation list of ${name} is loaded, and one is required`);
  }
  const { keyUsage } = issuer.extensions;
  // §6.3.3 (f).
  if (keyUsage !== undefined && (keyUsage & KeyUsage.cRLSign) === 0) {
    throw new Refused(
      'crl_signature',
      `${issuer.toString()} must not sign revocation lists: its keyUsage lacks cRLSign`,
    );
  }
  const signed = lists.filter((list) => list.signedBy(issuer));
  if (signed.length === 0)
    throw new Refused('crl_signature', `the revocation list of ${name} was not signed with its key`);
  const current = signed.find((list) => list.thisUpdate <= now + skew);
  if (current === undefined)
    throw new Refused('crl_not_yet_valid', `the revocation list of ${name} is of a time to come`);
  return current;
}
