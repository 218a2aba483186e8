/** Peers as they are kept with a registration. */

import { plainPeer, securePeer } from '#base';
import type { Peer } from '#base';
import type { RegistrationRecord } from '../model/index.js';
import { flat } from './texts.js';

/** A peer to be kept: without what the making of its texts left behind. */
export function keptPeer({ key, listener, address, port, identity }: Peer): Peer {
  const own = flat(key) as Peer['key'];
  if (identity === undefined) return { key: own, listener, address, port };
  const { kind, name } = identity;
  const endpoint = flat(identity.endpoint);
  // Many an identity is called as its device is.
  const kept = { kind, name: name === endpoint ? endpoint : flat(name), endpoint };
  return { key: own, listener, address, port, identity: kept };
}

/** The peer of a stored registration. */
export function peerOf(endpoint: string, { address: place }: RegistrationRecord): Peer {
  const { listener, address, port, identity } = place;
  if (identity === undefined) return plainPeer(listener, address, port);
  return securePeer(listener, { ...identity, endpoint }, address, port);
}
