/** Why a chain is refused: one row a reason, with the TLS alert that fits (RFC 5246 §7.2.2) and whether time can mend it. */

import { PeerError } from '#base';

/** Alerts, by the names and numbers of RFC 5246 §7.2. */
export const CertificateAlert = {
  handshake_failure: 40,
  bad_certificate: 42,
  unsupported_certificate: 43,
  certificate_revoked: 44,
  certificate_expired: 45,
  certificate_unknown: 46,
  unknown_ca: 48,
} as const;

/** Number of an alert that a refused chain deserves. */
export type CertificateAlert = (typeof CertificateAlert)[keyof typeof CertificateAlert];

interface Row {
  readonly alert: keyof typeof CertificateAlert;
  /** `never`: the same chain is refused at all times while the trust data stays as it is. */
  readonly mends: 'never' | 'by time';
}

/**
 * Reasons, used as metric labels. What is wrong with the lists of this server is no fault of the device, which would take 42 to
 * 49 for the end of its credentials and bootstrap anew (LwM2M-Transport 1.1 §5.2.8): it is told `handshake_failure` and comes again.
 */
export const REFUSALS = {
  /** Nothing was sent. */
  empty: { alert: 'bad_certificate', mends: 'never' },
  /** More certificates or bytes than are looked at. */
  chain_too_long: { alert: 'bad_certificate', mends: 'never' },
  /** One of them is no certificate in DER. */
  malformed: { alert: 'bad_certificate', mends: 'never' },
  /** One does not certify the one before it (RFC 5246 §7.4.2). */
  chain_order: { alert: 'bad_certificate', mends: 'never' },
  /** One stands twice. */
  chain_loop: { alert: 'bad_certificate', mends: 'never' },
  /** No anchor issued any of them. */
  unknown_ca: { alert: 'unknown_ca', mends: 'never' },
  signature: { alert: 'bad_certificate', mends: 'never' },
  signature_algorithm: { alert: 'unsupported_certificate', mends: 'never' },
  weak_key: { alert: 'unsupported_certificate', mends: 'never' },
  /** OpenSSL cannot import a key. */
  key_unusable: { alert: 'bad_certificate', mends: 'never' },
  unknown_critical_extension: { alert: 'unsupported_certificate', mends: 'never' },
  not_yet_valid: { alert: 'certificate_expired', mends: 'by time' },
  expired: { alert: 'certificate_expired', mends: 'by time' },
  /** An issuer that is none: basicConstraints or keyUsage say so. */
  not_a_ca: { alert: 'bad_certificate', mends: 'never' },
  path_length: { alert: 'bad_certificate', mends: 'never' },
  /** keyUsage of the leaf. */
  key_usage: { alert: 'unsupported_certificate', mends: 'never' },
  /** extKeyUsage of any of them. */
  extended_key_usage: { alert: 'unsupported_certificate', mends: 'never' },
  name_constraints: { alert: 'bad_certificate', mends: 'never' },
  policy: { alert: 'bad_certificate', mends: 'never' },
  revoked: { alert: 'certificate_revoked', mends: 'by time' },
  crl_missing: { alert: 'handshake_failure', mends: 'by time' },
  crl_stale: { alert: 'handshake_failure', mends: 'by time' },
  crl_not_yet_valid: { alert: 'handshake_failure', mends: 'by time' },
  /** No list of the issuer is signed by it, or it may not sign lists. */
  crl_signature: { alert: 'handshake_failure', mends: 'by time' },
} as const satisfies Record<string, Row>;

/** A stable word for why a chain is refused. */
export type RefusalReason = keyof typeof REFUSALS;

/** Ends the judgement of a chain or path; caught in one place. */
export class Refused extends PeerError {
  override readonly reason: RefusalReason;

  constructor(reason: RefusalReason, sentence: string, options?: ErrorOptions) {
    super(reason, sentence, options);
    this.name = 'Refused';
    this.reason = reason;
  }
}
