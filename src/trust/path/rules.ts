/**
 * The rules of RFC 5280 §6.1 that look at one certificate of a path at a time: critical extensions, validity, key, and what it may
 * be used for. An anchor is trusted without proof; what it says of its use and validity binds it like the others (RFC 5937).
 */

import type { WallTime } from '#base';
import { rfc3339 } from '#base';

import { Refused } from '../policy/refusals.js';
import type { Certificate } from '../x509/certificate.js';
import { KeyUsage } from '../x509/extensions.js';
import type { Path } from './candidates.js';

/** What the leaf is to prove: that it is a client, or a server. */
export type Role = 'client' | 'server';

/** Holds each certificate of a path to the rules for its place; throws Refused. */
export function checkCertificates(path: Path, role: Role, now: WallTime, skew: number): void {
  for (const certificate of path) {
    checkExtensions(certificate);
    checkValidity(certificate, now, skew);
    checkPurpose(certificate, role);
  }
  checkLeaf(path[0]);
  let between = 0;
  for (const [index, certificate] of path.entries()) {
    if (index === 0) continue;
    checkIssuer(certificate, index === path.length - 1 ? 'anchor' : 'intermediate');
    checkPathLength(certificate, between);
    if (!certificate.selfIssued) between += 1;
  }
}

function checkExtensions(certificate: Certificate): void {
  const [unknown] = certificate.extensions.unknownCritical;
  if (unknown === undefined) return;
  // §4.2: MUST reject the certificate if it encounters a critical extension it does not recognize.
  throw new Refused(
    'unknown_critical_extension',
    `${certificate.toString()} has the critical extension ${unknown}, which is not known here`,
  );
}

/** Throws Refused unless a certificate is valid at `now`, clocks that differ by `skew` (ms) forgiven (§6.1.3 (a) (2)). */
export function checkValidity(certificate: Certificate, now: WallTime, skew: number): void {
  const { notBefore, notAfter } = certificate;
  if (now < notBefore - skew)
    throw new Refused('not_yet_valid', `${certificate.toString()} is valid from ${rfc3339(notBefore)} on`);
  // To the second: a certificate is valid through notAfter (§4.1.2.5).
  if (now >= notAfter + 1000 + skew)
    throw new Refused('expired', `${certificate.toString()} was valid until ${rfc3339(notAfter)}`);
}

function checkPurpose(certificate: Certificate, role: Role): void {
  const purposes = certificate.extensions.extendedKeyUsage;
  if (purposes === undefined || purposes.includes(PURPOSES[role])) return;
  throw new Refused(
    'extended_key_usage',
    `${certificate.toString()} is not for a ${role}: its extKeyUsage lacks ${role}Auth`,
  );
}

function checkLeaf(leaf: Certificate): void {
  const { weakness } = leaf.publicKey;
  if (weakness !== undefined) throw new Refused('weak_key', `${leaf.toString()} cannot be relied on: ${weakness}`);
  const { keyUsage } = leaf.extensions;
  // §4.2.1.3: digitalSignature is for keys that verify signatures of an entity authentication service.
  if (keyUsage !== undefined && (keyUsage & KeyUsage.digitalSignature) === 0) {
    throw new Refused('key_usage', `${leaf.toString()} is not for signing: its keyUsage lacks digitalSignature`);
  }
}

/** §6.1.4 (k) and (n). An anchor of version 1 cannot say what it is: one that issued itself is taken for a root. */
function checkIssuer(issuer: Certificate, place: 'anchor' | 'intermediate'): void {
  const { basicConstraints, keyUsage } = issuer.extensions;
  const oldRoot = place === 'anchor' && issuer.version === 1 && issuer.selfIssued;
  if (basicConstraints?.ca !== true && !oldRoot) {
    throw new Refused(
      'not_a_ca',
      `${issuer.toString()} is used as an issuer, and its basicConstraints do not say that it is a CA`,
    );
  }
  if (keyUsage !== undefined && (keyUsage & KeyUsage.keyCertSign) === 0) {
    throw new Refused('not_a_ca', `${issuer.toString()} is used as an issuer, and its keyUsage lacks keyCertSign`);
  }
}

/** §6.1.4 (l) and (m): `between` counts the certificates between this one and the leaf, without those that are self-issued. */
function checkPathLength(issuer: Certificate, between: number): void {
  const most = issuer.extensions.basicConstraints?.pathLength;
  if (most === undefined || between <= most) return;
  throw new Refused('path_length', `${issuer.toString()} allows ${most} issuers below it, and there are ${between}`);
}

/** id-kp-clientAuth and id-kp-serverAuth (§4.2.1.12). anyExtendedKeyUsage stands for neither: §4.2.1.12 leaves that to us. */
const PURPOSES: Readonly<Record<Role, string>> = { client: '1.3.6.1.5.5.7.3.2', server: '1.3.6.1.5.5.7.3.1' };
