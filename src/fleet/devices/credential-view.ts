/** A credential in the shape of the API: never its key. Times are RFC 3339. */

import { rfc3339 } from '#base';
import type { WallTime } from '#base';
import type { CredentialKind, CredentialRecord } from '../model/index.js';
import { shownIdentity } from './credential-material.js';

/** A credential as shown. */
export interface CredentialView {
  readonly id: string;
  readonly kind: CredentialKind;
  /** psk: one of the two. */
  readonly identity?: string;
  readonly identityHex?: string;
  /** rpk, x509: SHA-256 in hex, of the SubjectPublicKeyInfo or the certificate. */
  readonly fingerprint?: string;
  /** anchor: id of the trust anchor. */
  readonly anchor?: string;
  readonly label?: string;
  readonly validFrom?: string;
  readonly validUntil?: string;
  readonly validity: 'valid' | 'notYet' | 'ended';
  /** When it, or its key, was put. */
  readonly createdAt: string;
  readonly lastUsed?: string;
}

/** A credential as shown at `wall`. */
export function credentialView(record: CredentialRecord, wall: WallTime): CredentialView {
  const { id, kind, label, validFrom, validUntil, createdAt, lastUsed } = record;
  return {
    ...{ id, kind },
    ...identityOf(record),
    ...(label !== undefined && { label }),
    ...(validFrom !== undefined && { validFrom: rfc3339(validFrom) }),
    ...(validUntil !== undefined && { validUntil: rfc3339(validUntil) }),
    validity: validityOf(record, wall),
    createdAt: rfc3339(createdAt),
    ...(lastUsed !== undefined && { lastUsed: rfc3339(lastUsed) }),
  };
}

function identityOf({
  kind,
  identity,
}: CredentialRecord): Pick<CredentialView, 'identity' | 'identityHex' | 'fingerprint' | 'anchor'> {
  switch (kind) {
    case 'psk':
      return shownIdentity(identity);
    case 'rpk':
    case 'x509':
      return { fingerprint: identity };
    case 'anchor':
      return { anchor: identity };
  }
}

function validityOf({ validFrom, validUntil }: CredentialRecord, wall: WallTime): CredentialView['validity'] {
  if (validUntil !== undefined && wall >= validUntil) return 'ended';
  return validFrom !== undefined && wall < validFrom ? 'notYet' : 'valid';
}
