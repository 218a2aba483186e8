/**
 * From where the handshakes under way are held. Behind the address of a carrier there may be thousands of devices, so no
 * address has a limit of its own while there is room; when there is none left, one that holds more than its share gives
 * way to those that hold less.
 */

import type { HalfOpen } from './half-open.js';

/** The handshakes under way by their source: an IPv4 address, or the network of an IPv6 address. */
export class Sources {
  /** Handshakes of one source that no other takes the place of. */
  readonly #share: number;
  /** Of each source its handshakes, the oldest first. */
  readonly #held = new Map<string, Set<HalfOpen>>();
  /** Those above their share. */
  readonly #crowds = new Set<Set<HalfOpen>>();

  constructor(share: number) {
    this.#share = share;
  }

  /** A handshake began. */
  add(half: HalfOpen): void {
    const source = sourceOf(half.place.address);
    const held = this.#held.get(source);
    if (held === undefined) {
      this.#held.set(source, new Set([half]));
      return;
    }
    held.add(half);
    if (held.size > this.#share) this.#crowds.add(held);
  }

  /** A handshake is over. */
  delete(half: HalfOpen): void {
    const source = sourceOf(half.place.address);
    const held = this.#held.get(source);
    if (held === undefined || !held.delete(half)) return;
    if (held.size <= this.#share) this.#crowds.delete(held);
    if (held.size === 0) this.#held.delete(source);
  }

  /**
   * Which handshake makes room for one from `address`: the oldest of the source that holds most. Undefined when none holds
   * more than its share, or when `address` itself has its share already.
   */
  inTheWayOf(address: string): HalfOpen | undefined {
    if ((this.#held.get(sourceOf(address))?.size ?? 0) >= this.#share) return undefined;
    let largest: Set<HalfOpen> | undefined;
    for (const crowd of this.#crowds) if (crowd.size > (largest?.size ?? 0)) largest = crowd;
    return largest?.values().next().value;
  }
}

/** What one holder of addresses has for sure: a single IPv4 address, the first 64 bits of an IPv6 address (RFC 4291 §2.5.1). */
export function sourceOf(address: string): string {
  // One that carries an IPv4 address ends in its dots.
  if (!address.includes(':') || address.includes('.')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const behind = tail === undefined || tail === '' ? 0 : tail.split(':').length;
  while (groups.length < GROUPS - behind) groups.push('0');
  return groups.slice(0, GROUPS / 2).join(':');
}

const GROUPS = 8;
