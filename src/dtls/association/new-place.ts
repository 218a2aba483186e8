/**
 * A place that an association was heard from and that has not proven itself (RFC 9146 §6, RFC 9853). A genuine record may
 * have been carried there by somebody else, so not more than three times what came from it goes there until whoever is
 * there gave something back that was sent there alone.
 */

import { elapsed, type Instant, type Milliseconds, type Peer } from '#base';

/** A place on trial. */
export class NewPlace {
  /** The peer at this place. */
  readonly peer: Peer;
  /** Whether something was sent there that is to be acknowledged. */
  asked: 'yes' | 'no' = 'no';
  /** What the peer has to give back, once it was asked for it. */
  cookie: Uint8Array | undefined;
  #allowance: number;
  #challenged: Instant | undefined;

  /** `received`: bytes that came from there. */
  constructor(peer: Peer, received: number) {
    this.peer = peer;
    this.#allowance = AMPLIFICATION * received;
  }

  isAt({ address, port }: { readonly address: string; readonly port: number }): boolean {
    return this.peer.port === port && this.peer.address === address;
  }

  /** More came from there. */
  heard(received: number): void {
    this.#allowance += AMPLIFICATION * received;
  }

  /** Whether so many bytes may be sent there; they are counted if so. */
  spend(bytes: number): boolean {
    if (bytes > this.#allowance) return false;
    this.#allowance -= bytes;
    return true;
  }

  /** Whether it is time to ask, or to ask again; a question that is not answered within `wait` is lost. */
  challenge(now: Instant, wait: Milliseconds): boolean {
    if (this.#challenged !== undefined && elapsed(this.#challenged, now) < wait) return false;
    this.#challenged = now;
    return true;
  }

  /** Whether an answer that comes now comes in time (RFC 9853 §5). */
  inTime(now: Instant, wait: Milliseconds): boolean {
    return this.#challenged !== undefined && elapsed(this.#challenged, now) <= wait;
  }
}

const AMPLIFICATION = 3;
