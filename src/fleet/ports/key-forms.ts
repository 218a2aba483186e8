/** Judges the forms in which people hand in public keys, certificates and revocation lists. Implemented beside server.ts. */

/** A public key that may be trusted. */
export interface PublicKeyForm {
  /** SHA-256 of the SubjectPublicKeyInfo in hex. */
  readonly fingerprint: string;
}

/** A certificate that may be trusted. */
export interface CertificateForm {
  /** SHA-256 of the certificate in hex. */
  readonly fingerprint: string;
  /** As PEM of our own writing. */
  readonly pem: string;
  /** For people. */
  readonly subject: string;
  readonly notAfter: string;
}

/** Reads them. Each throws AppError(`invalid_value`) in a sentence that says what is wrong and what is allowed. */
export interface KeyForms {
  /** A SubjectPublicKeyInfo as PEM or base64 of its DER: P-256, P-384, or RSA of 2048 bits and more. */
  publicKey(text: string): PublicKeyForm;
  /** One certificate as PEM or base64 of its DER, whose key is one of those. */
  certificate(text: string): CertificateForm;
  /** One certificate revocation list as PEM or base64 of its DER: as PEM of our own writing. */
  revocationList(text: string): string;
}
