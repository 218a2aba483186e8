/**
 * Freshness of requests over plain CoAP (RFC 9175 §2.3; security.md rows 1 and 9): a challenge says when it was made and is
 * signed for one address, so that nothing is remembered of who was challenged.
 */

import { createHmac, timingSafeEqual } from 'node:crypto';

import { systemRandom, type Instant, type PeerKey, type Random } from '#base';

/** Makes Echo values and judges those that come back. Values of before a restart are not accepted. */
export class Freshness {
  readonly #key: Uint8Array;
  readonly #seconds: number;

  /** `seconds`: how old a value may be. */
  constructor(seconds: number, random: Random = systemRandom) {
    this.#seconds = seconds;
    this.#key = random.bytes(32);
  }

  /** An Echo value for a peer: 32 bits of time, 64 bits of signature. */
  challenge(peer: PeerKey, now: Instant): Uint8Array {
    return this.#sign(peer, Math.floor(now / 1000));
  }

  /** Whether a value was made here, for this peer, and lately. */
  accepts(echo: Uint8Array, peer: PeerKey, now: Instant): boolean {
    if (echo.length !== LENGTH) return false;
    const at = Buffer.from(echo).readUInt32BE(0);
    if (!timingSafeEqual(echo, this.#sign(peer, at))) return false;
    const age = (Math.floor(now / 1000) - at) >>> 0;
    return age <= this.#seconds;
  }

  #sign(peer: PeerKey, at: number): Uint8Array {
    const value = Buffer.alloc(LENGTH);
    value.writeUInt32BE(at >>> 0, 0);
    createHmac('sha256', this.#key).update(value.subarray(0, 4)).update(peer).digest().copy(value, 4, 0, 8);
    return value;
  }
}

const LENGTH = 12;
