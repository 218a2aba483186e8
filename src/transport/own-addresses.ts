/** Which addresses are this machine's own. */

import { networkInterfaces } from 'node:os';

import { foldAddress } from './udp.js';

/** Whether a datagram from `source` may come from a socket that is bound to `bound`: to that address, or to all of the machine. */
export function isSameHost(bound: string, source: string): boolean {
  return bound === source || ((bound === '0.0.0.0' || bound === '::') && ownAddresses().has(source));
}

function ownAddresses(): ReadonlySet<string> {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return new Set(all.map((entry) => foldAddress(entry.address)));
}
