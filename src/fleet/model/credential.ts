/**
 * What a device proves who it is with. A credential is part of the device's aggregate; its secret, where it has one, is
 * sealed, and the seal names the device, so that a row that was moved to another opens nothing.
 */

import type { WallTime } from '#base';

/**
 * What credentials are: a pre-shared key, a raw public key, one certificate, or all certificates under one trust anchor.
 * As soon as a device has one of the last two, no other certificate is good for it.
 */
export const CREDENTIAL_KINDS = ['psk', 'rpk', 'x509', 'anchor'] as const;
/** Kind of a credential. */
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number];

/** A credential as stored. */
export interface CredentialRecord {
  /** Chosen by the caller: 1-64 of `[A-Za-z0-9._-]`. */
  readonly id: string;
  readonly kind: CredentialKind;
  /** psk: as `pskIdentityText`; rpk: SHA-256 of the SubjectPublicKeyInfo in hex; x509: SHA-256 of the certificate in hex; anchor: the id of the trust anchor. */
  readonly identity: string;
  /** psk: base64 of the sealed key (`sealOf`). */
  readonly sealed?: string;
  readonly label?: string;
  /** Not good before, and from then on not good; absent: no bound. */
  readonly validFrom?: WallTime;
  readonly validUntil?: WallTime;
  /** When it, or its key, was put. */
  readonly createdAt: WallTime;
  /** When a handshake last succeeded with it. Written behind: in the store at most an hour late. */
  readonly lastUsed?: WallTime;
}

/** Certificates that are trusted: what one names, by `rule`, it owns. */
export interface AnchorSetting {
  readonly kind: 'anchor';
  /** Its id. */
  readonly name: string;
  readonly certificate: string;
  /** How the endpoint name is made of a certificate's names: `{cn}`, `urn:dev:{cn}` (name-rule.ts). */
  readonly rule: string;
  readonly label?: string;
  /** When it, or its rule, was put. */
  readonly createdAt: WallTime;
}

/** A list of certificates that are good no more (RFC 5280 §5), as PEM. */
export interface RevocationListSetting {
  readonly kind: 'crl';
  /** Its id. */
  readonly name: string;
  readonly list: string;
  readonly label?: string;
  readonly createdAt: WallTime;
}

/** A key of the server with what it proves itself by towards devices that have no pre-shared key. */
export interface ServerCredentialSetting {
  readonly kind: 'serverCredential';
  /** Its id. */
  readonly name: string;
  /** base64 of the sealed private key. */
  readonly sealed: string;
  /** SubjectPublicKeyInfo as PEM. */
  readonly publicKey: string;
  /** Certificates as PEM, its own first; absent: it is offered as a raw public key alone. */
  readonly chain?: string;
  /** Host names in lower case that it is for; absent: for all that no other has. */
  readonly hosts?: readonly string[];
  /** Ids of the trust anchors that certificates of devices must be under where it is used; absent: any. */
  readonly anchors?: readonly string[];
  readonly label?: string;
  /** When it was put, or another key, chain, host or anchor. */
  readonly createdAt: WallTime;
}

/** A name whose device was deleted after it had had a credential: no plain CoAP for it. */
export interface SecuredSetting {
  readonly kind: 'secured';
  /** The endpoint name. */
  readonly name: string;
  readonly since: WallTime;
}
