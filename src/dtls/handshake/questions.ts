/**
 * What a handshake asks of whoever knows keys, and the answers. The core waits for them within the deadline of the
 * handshake; who does not know says so by an answer too.
 */

import type { PeerIdentity } from '#base';

import type { Session } from './resumption.js';

/** A question. */
export type Question =
  /** Which key belongs to this PSK identity (RFC 4279 §2)? */
  | { readonly about: 'psk'; readonly identity: Uint8Array }
  /** Which session has this handle, and may still be gone on with? */
  | { readonly about: 'session'; readonly handle: Uint8Array }
  /** Whose is this raw public key, which the peer proved to hold (RFC 7250)? A SubjectPublicKeyInfo in DER. */
  | { readonly about: 'rawKey'; readonly spki: Uint8Array }
  /**
   * Is this chain good, and whose is it? Certificates in DER, the peer's own first, whose key it proved to hold. `anchors`: what
   * it has to be good under; absent: anything that is trusted.
   */
  | { readonly about: 'chain'; readonly chain: readonly Uint8Array[]; readonly anchors?: readonly string[] };

/** An answer. */
export type Answer =
  | { readonly is: 'key'; readonly key: Uint8Array; readonly owner: PeerIdentity }
  | { readonly is: 'session'; readonly session: Session }
  /** `owner`: whose proof it is; a client that asks about its server needs none. */
  | { readonly is: 'good'; readonly owner?: PeerIdentity }
  /** Not known, or not good. `alert` says why, when the peer may know: not for PSK identities. */
  | { readonly is: 'refused'; readonly alert?: number };
