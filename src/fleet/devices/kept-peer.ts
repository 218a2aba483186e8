/** Peers as they are kept with a registration. */

import { flat, plainPeer, securePeer } from '#base';
import type { Peer } from '#base';
import type { RegistrationRecord } from '../model/index.js';

/** A peer to be kept: without what the making of its key left behind, which that of a proven identity never holds. */
export function keptPeer(peer: Peer): Peer {
  const { key, listener, address, port, identity } = peer;
  // The association has the same one, so it is held once.
  return identity === undefined ? { key: flat(key) as Peer['key'], listener, address, port } : peer;
}

/** The peer of a stored registration. */
export function peerOf(endpoint: string, { address: place }: RegistrationRecord): Peer {
  const { listener, address, port, identity } = place;
  if (identity === undefined) return plainPeer(listener, address, port);
  return securePeer(listener, { ...identity, endpoint }, address, port);
}
