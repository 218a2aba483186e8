/** What is known of secure associations. Implemented by southbound over the DTLS endpoint; asked only when people look. */

import type { IdentityKind, WallTime } from '#base';

/** One association as it is now. */
export interface AssociationFacts {
  /** Name of the cipher suite in the registry. */
  readonly suite: string;
  /** What the peer proved. */
  readonly identity: { readonly kind: IdentityKind; readonly name: string };
  /** Connection ID that the peer puts into its records (RFC 9146); absent when none was agreed on. */
  readonly cid?: Uint8Array;
  /** Where the peer is reached. */
  readonly address: string;
  readonly port: number;
  /** Down to the second. */
  readonly since: WallTime;
  readonly handshake: 'full' | 'resumed';
}

/** The associations there are now. */
export interface Associations {
  /**
   * The association whose identity owns an endpoint name; undefined when there is none. Where several secure listeners have
   * one, that of `listener` (the number of the one the device is registered at) goes first.
   */
  of(endpoint: string, listener: number | undefined): AssociationFacts | undefined;
}
