/** Judges the forms in which people hand in keys, certificates and revocation lists. Implemented beside server.ts. */

import type { WallTime } from '#base';

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

/** A key of the server, without its private half. */
export interface ServerKeyPublic {
  /** SubjectPublicKeyInfo as PEM. */
  readonly publicKey: string;
  /** Certificates as PEM, its own first; absent: none go with the key. */
  readonly chain?: string;
}

/** A key of the server as handed in. */
export interface ServerKeyForm extends Pick<ServerKeyPublic, 'publicKey'> {
  /** PKCS#8 in DER. A secret: to be overwritten after use. */
  readonly privateKey: Uint8Array;
}

/** What may be said of a key of the server and its certificates. */
export interface ServerKeyFacts {
  readonly keyType: 'P-256' | 'P-384' | 'RSA';
  /** SHA-256 of the SubjectPublicKeyInfo in hex. */
  readonly fingerprint: string;
  /** Its own first. */
  readonly certificates: readonly {
    readonly subject: string;
    readonly issuer: string;
    readonly notBefore: string;
    readonly notAfter: string;
    /** SHA-256 of the certificate in hex. */
    readonly fingerprint: string;
  }[];
}

/** Key and chain of the server in the files that the operator named, which it has read. Implemented beside server.ts. */
export interface ServerFiles {
  /** What they held when they were read; undefined: none are named. */
  current(): ServerKeyPublic | undefined;
  /** Reads them again; what is wrong with them changes nothing: AppError(`server_files_unusable`), also when none are named. */
  reload(): void;
}

/** Reads them. Each throws AppError(`invalid_value`) in a sentence that says what is wrong and what is allowed. */
export interface KeyForms {
  /** A SubjectPublicKeyInfo as PEM or base64 of its DER: P-256, P-384, or RSA of 2048 bits and more. */
  publicKey(text: string): PublicKeyForm;
  /** One certificate as PEM or base64 of its DER, whose key is one of those. */
  certificate(text: string): CertificateForm;
  /** One certificate revocation list as PEM or base64 of its DER: as PEM of our own writing. */
  revocationList(text: string): string;
  /** A private key of the server as PEM: P-256, P-384, or RSA of 2048 bits and more, not encrypted. */
  serverKey(pem: string): ServerKeyForm;
  /** Certificates of a key of the server as PEM, in order, its own first, all valid at `wall`: as PEM of our own writing. */
  serverChain(pem: string, publicKey: string, wall: WallTime): string;
  /** What may be said of what the two before gave. */
  serverFacts(key: ServerKeyPublic): ServerKeyFacts;
}
