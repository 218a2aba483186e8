/** Which addresses are this machine's own. */

import { BlockList } from 'node:net';
import { networkInterfaces } from 'node:os';

import { foldAddress, type BoundAddress } from './udp.js';

/** The interfaces of a machine by name, as node:os tells them. */
export type Interfaces = ReturnType<typeof networkInterfaces>;

/** Whether a datagram from `source` may come from a socket that is bound to `bound`: to that address, or to all of the machine. */
export function isSameHost(bound: string, source: string): boolean {
  return bound === source || (isWildcard(bound) && ownAddresses().has(source));
}

/**
 * Where `peer` reaches a listener. One that is bound to all addresses is not told which of them a datagram came to: then that
 * is the peer's own where it is on this machine, else the first on a network that it is on too, else the first that others
 * reach, of its family; the unspecified one where there is none.
 */
export function reachedAt({ address, port }: BoundAddress, peer: string, interfaces?: Interfaces): BoundAddress {
  return { address: isWildcard(address) ? ownAddressFor(peer, interfaces ?? networkInterfaces()) : address, port };
}

function ownAddressFor(peer: string, interfaces: Interfaces): string {
  const [plain = '', zone] = peer.split('%');
  const family = plain.includes(':') ? 'IPv6' : 'IPv4';
  const entries = Object.entries(interfaces).flatMap(([name, list = []]) => list.map((entry) => ({ ...entry, name })));
  const own = entries.filter((entry) => entry.family === family && (zone === undefined || entry.name === zone));
  const isNear = ({ cidr }: (typeof own)[number]): boolean => {
    const [network = '', bits] = (cidr ?? '').split('/');
    if (bits === undefined) return false;
    const block = new BlockList();
    block.addSubnet(network, Number(bits), family === 'IPv6' ? 'ipv6' : 'ipv4');
    return block.check(plain, family === 'IPv6' ? 'ipv6' : 'ipv4');
  };
  const found =
    own.find(({ address }) => address === plain) ??
    own.find(isNear) ??
    own.find(({ address, internal }) => !internal && !isLinkLocal(address)) ??
    own[0];
  return found?.address ?? (family === 'IPv6' ? '::' : '0.0.0.0');
}

function ownAddresses(): ReadonlySet<string> {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return new Set(all.map((entry) => foldAddress(entry.address)));
}

function isWildcard(bound: string): boolean {
  return bound === '0.0.0.0' || bound === '::';
}

/** fe80::/10 (RFC 4291 §2.5.6): no other network reaches it. */
function isLinkLocal(address: string): boolean {
  return /^fe[89ab]/i.test(address);
}
