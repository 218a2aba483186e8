/**
 * Whose an identity is: of every pre-shared key's identity, raw public key and certificate the one endpoint name. A claim is
 * made before the change that needs it is committed, so that two changes at the same moment never get the same identity.
 */

import type { IdentityKind } from '#base';
import type { CredentialKind } from '../model/index.js';

/** All identities of all devices. */
export class CredentialIndex {
  readonly #owners: Readonly<Record<IdentityKind, Map<string, string>>> = {
    psk: new Map(),
    rpk: new Map(),
    x509: new Map(),
  };

  /** Identities there are. */
  get size(): number {
    return this.#owners.psk.size + this.#owners.rpk.size + this.#owners.x509.size;
  }

  /** The endpoint that owns an identity. */
  ownerOf(kind: IdentityKind, identity: string): string | undefined {
    return this.#owners[kind].get(identity);
  }

  /** Makes an identity the endpoint's own, unless it is somebody's already, who is then named. Trust anchors are nobody's. */
  claim(kind: CredentialKind, identity: string, endpoint: string): string | undefined {
    if (kind === 'anchor') return undefined;
    const owners = this.#owners[kind];
    const owner = owners.get(identity);
    if (owner === undefined) owners.set(identity, endpoint);
    return owner;
  }

  /** Takes an identity from the endpoint that owns it. */
  release(kind: CredentialKind, identity: string): void {
    if (kind !== 'anchor') this.#owners[kind].delete(identity);
  }
}
