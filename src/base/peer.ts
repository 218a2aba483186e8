/**
 * Who is at the other end. Cores compare peers by `key` alone: today the listener and the address, with DTLS the
 * association, so that nothing above has to change when a device's address does.
 */

declare const peerKey: unique symbol;

/** Identity of a peer for matching: equal keys are the same peer. */
export type PeerKey = string & { readonly [peerKey]: true };

/** A peer as the transport sees it. */
export interface Peer {
  readonly key: PeerKey;
  /** Number of the listener the peer speaks to; answers leave from there. */
  readonly listener: number;
  /** IP address literal; an IPv4 address mapped into IPv6 is folded to its dotted form. */
  readonly address: string;
  readonly port: number;
}

/** The peer at an address of a plain (unsecured) listener. */
export function plainPeer(listener: number, address: string, port: number): Peer {
  return { key: `${listener} ${address} ${port}` as PeerKey, listener, address, port };
}

/** `address:port`, with brackets around IPv6, for people to read. */
export function showAddress(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
