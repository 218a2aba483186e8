/**
 * Sessions of devices that are not known yet: a trust anchor admits them, and the first thing they do after their handshake is
 * to register. Until then their session is held here, in memory and for few at a time: there is no device whose it could be.
 */

import type { PeerIdentity } from '#base';
import type { Device } from './device.js';

/** A session with what its peer proved. */
export interface ProvenSession {
  readonly proof: { readonly identity: PeerIdentity };
}

/** The sessions, by endpoint name. */
export class FirstSessions<S extends ProvenSession> {
  readonly #limit: number;
  readonly #held = new Map<string, S>();

  /** `limit`: how many are held; beyond, the oldest goes, and its device makes a handshake more. */
  constructor(limit = HELD_AT_ONCE) {
    this.#limit = limit;
  }

  /** How many are held. */
  get size(): number {
    return this.#held.size;
  }

  /** Holds a session in the place of the endpoint's last one. */
  hold(session: S): void {
    const { endpoint } = session.proof.identity;
    this.#held.delete(endpoint);
    this.#held.set(endpoint, session);
    if (this.#held.size <= this.#limit) return;
    const [oldest = ''] = this.#held.keys();
    this.#held.delete(oldest);
  }

  /** The session of a device that has registered now, if it did so by the same proof. */
  take({ endpoint, peer }: Pick<Device, 'endpoint' | 'peer'>): S | undefined {
    const held = this.#held.get(endpoint);
    if (held === undefined) return undefined;
    this.#held.delete(endpoint);
    return isOf(held, peer?.identity) ? held : undefined;
  }

  /** The association in which a session was made is over. */
  left(identity: PeerIdentity): void {
    const held = this.#held.get(identity.endpoint);
    if (held !== undefined && isOf(held, identity)) this.#held.delete(identity.endpoint);
  }

  /** Sessions of an endpoint may not be gone on with. */
  drop(endpoint: string): void {
    this.#held.delete(endpoint);
  }
}

function isOf({ proof: { identity } }: ProvenSession, other: PeerIdentity | undefined): boolean {
  return identity.kind === other?.kind && identity.name === other.name;
}

const HELD_AT_ONCE = 1000;
