/**
 * From a chain as received to the paths it gives: each begins with the leaf, ends with an anchor, and every signature in it is good.
 * The chain must be in the order of RFC 5246 §7.4.2, each certificate certifying the one before; what goes on behind the
 * anchor, such as a root that need not have been sent, is let be as long as it keeps that order.
 */

import { bytesEqual } from '#base';

import { Refused } from '../policy/refusals.js';
import type { Certificate } from '../x509/certificate.js';
import type { TrustData } from './trust-data.js';

/** A leaf first, an anchor last; they may be one. */
export type Path = readonly [Certificate, ...Certificate[]];

/**
 * The paths of a chain, shortest first. Throws Refused where the chain does not go on: to be heard only if no path before was good.
 */
export function* pathsOf(chain: Path, trust: TrustData, mostCertificates: number): Generator<Path, void, undefined> {
  checkOrder(chain);
  for (const [index, certificate] of chain.entries()) {
    const below: Path = [chain[0], ...chain.slice(1, index + 1)];
    if (trust.isAnchor(certificate)) {
      yield below;
      return;
    }
    if (index >= mostCertificates) {
      throw new Refused('chain_too_long', `more than ${mostCertificates} certificates stand below an anchor`);
    }
    checkAlgorithm(certificate);
    const issuers = trust.issuersOf(certificate);
    const signers = issuers.filter((anchor) => certificate.signedBy(anchor));
    for (const anchor of signers) yield [...below, anchor];
    const next = chain[index + 1];
    if (next === undefined) {
      if (signers.length > 0) return;
      if (issuers.length > 0) throw badSignature(certificate, 'the anchor of its issuer');
      throw new Refused('unknown_ca', `no anchor is the issuer of ${certificate.toString()}`);
    }
    const { weakness } = next.publicKey;
    if (weakness !== undefined) throw new Refused('weak_key', `${next.toString()} cannot be relied on: ${weakness}`);
    if (!certificate.signedBy(next)) throw badSignature(certificate, 'the certificate that follows it');
  }
}

function checkOrder(chain: Path): void {
  for (const [index, certificate] of chain.entries()) {
    if (chain.slice(0, index).some((other) => bytesEqual(other.der, certificate.der))) {
      throw new Refused('chain_loop', `${certificate.toString()} stands twice in the chain`);
    }
    const issuer = chain[index + 1];
    if (issuer !== undefined && !certificate.mayBeIssuedBy(issuer)) {
      throw new Refused('chain_order', `${issuer.toString()} follows ${certificate.toString()} and is not its issuer`);
    }
  }
}

function checkAlgorithm(certificate: Certificate): void {
  const { accepted, shown } = certificate.signatureAlgorithm;
  if (accepted !== undefined) return;
  throw new Refused(
    'signature_algorithm',
    `${certificate.toString()} is signed with ${shown}; ECDSA, RSA (PKCS #1 v1.5) and RSASSA-PSS with SHA-256, SHA-384 and SHA-512 are accepted, PSS with MGF1 of the same hash and a salt of its length`,
  );
}

const badSignature = (certificate: Certificate, by: string): Refused =>
  new Refused('signature', `${certificate.toString()} was not signed with the key of ${by}`);
