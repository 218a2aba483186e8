/**
 * Who is at the other end. Cores compare peers by `key` alone: on a plain listener it stands for the address, on a secure
 * one for the endpoint that owns the proven identity, so that nothing above has to change when a device's address or its
 * association does.
 */

import { flat } from './bytes.js';

declare const peerKey: unique symbol;

/** Identity of a peer for matching: equal keys are the same peer. */
export type PeerKey = string & { readonly [peerKey]: true };

/** How a peer proved who it is. */
export type IdentityKind = 'psk' | 'rpk' | 'x509';

/** What a peer proved in its handshake, and whose that is. */
export interface PeerIdentity {
  readonly kind: IdentityKind;
  /** For people: the PSK identity (hex behind `#` when it is no plain text), or a SHA-256 fingerprint in hex. */
  readonly name: string;
  /** The one endpoint name that this identity owns. */
  readonly endpoint: string;
  /** What revocation lists know its certificates by; absent: it has none that could be on one. */
  readonly certificates?: string;
}

/** A peer as the transport sees it. */
export interface Peer {
  readonly key: PeerKey;
  /** Number of the listener the peer speaks to; answers leave from there. */
  readonly listener: number;
  /** IP address literal; an IPv4 address mapped into IPv6 is folded to its dotted form. */
  readonly address: string;
  readonly port: number;
  /** What the peer proved; absent on a plain listener. */
  readonly identity?: PeerIdentity;
}

/** The peer at an address of a plain (unsecured) listener. */
export function plainPeer(listener: number, address: string, port: number): Peer {
  return { key: `${listener} ${address} ${port}` as PeerKey, listener, address, port };
}

/** The peer that proved `identity` on a secure listener, at the address it is heard from now; it is made to be kept. */
export function securePeer(listener: number, identity: PeerIdentity, address: string, port: number): Peer {
  return {
    key: flat(secureKey(listener, identity.endpoint)) as PeerKey,
    listener,
    address: flat(address),
    port,
    identity,
  };
}

/** As `securePeer`, of a key that it gave before: nothing is copied. */
export function peerOfKey(key: string, listener: number, identity: PeerIdentity, address: string, port: number): Peer {
  return { key: key as PeerKey, listener, address, port, identity };
}

/** Key of the peer whose identity owns `endpoint`, on a secure listener: no address has a form like it. */
export function secureKey(listener: number, endpoint: string): PeerKey {
  return `${listener} @${endpoint}` as PeerKey;
}

/** `address:port`, with brackets around IPv6, for people to read. */
export function showAddress(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
