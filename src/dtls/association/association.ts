/**
 * One association: what is left of a handshake once it is over. There are a hundred thousand of these at rest, so it holds
 * nothing that records do not need.
 */

import { Instant, type Peer } from '#base';

import type { ClientHandshake, ServerHandshake } from '../handshake/index.js';
import type { Channel } from '../record/index.js';
import type { Forgeries } from './forgeries.js';
import type { NewPlace } from './new-place.js';

/** One association. */
export class Association {
  readonly channel: Channel;
  /** Who is at the other end, and where what we begin is sent. */
  peer: Peer;
  /** Connection ID the peer puts into its records, a character a byte: as a typed array it would take eight times as much. */
  readonly #cid: string | undefined;
  /** Whether a new place is asked whether the peer is there; else an acknowledgement has to show it. */
  readonly routability: 'checked' | 'unchecked';
  /** Where the newest record came from, when that is not where the peer is known to be. */
  away: NewPlace | undefined;
  /** Forged records from elsewhere, when there were any of late. */
  forgeries: Forgeries | undefined;
  /** Bytes of content that one record towards the peer may have. */
  readonly content: number;
  /** When the last genuine record came. */
  heard: Instant;
  /** The handshake it came from, until it is sure that our last flight arrived: who sends its own again gets ours again. */
  last: ServerHandshake | ClientHandshake | undefined;
  /** The second it was made in, doubled; odd when a session was gone on with. A small whole number takes no object of its own. */
  readonly #origin: number;

  constructor(
    now: Instant,
    parts: {
      readonly channel: Channel;
      readonly peer: Peer;
      readonly cid: Uint8Array | undefined;
      readonly routability: 'checked' | 'unchecked';
      readonly content: number;
      readonly last: ServerHandshake | ClientHandshake | undefined;
      readonly kind: 'full' | 'resumed';
    },
  ) {
    this.channel = parts.channel;
    this.peer = parts.peer;
    this.#cid = parts.cid === undefined ? undefined : textOf(parts.cid);
    this.routability = parts.routability;
    this.content = parts.content;
    this.last = parts.last;
    this.heard = now;
    this.#origin = Math.floor(now / SECOND) * 2 + (parts.kind === 'resumed' ? 1 : 0);
  }

  /** When it was made, down to the second. */
  get since(): Instant {
    return Instant(Math.floor(this.#origin / 2) * SECOND);
  }

  /** The handshake that made it. */
  get kind(): 'full' | 'resumed' {
    return this.#origin % 2 === 0 ? 'full' : 'resumed';
  }

  /** Whether the peer puts a Connection ID into its records. */
  get usesCid(): boolean {
    return this.#cid !== undefined;
  }

  /** That Connection ID; absent when none was agreed on. */
  get cid(): Uint8Array | undefined {
    return this.#cid === undefined ? undefined : Buffer.from(this.#cid, 'latin1');
  }

  /** The same as a text, a character a byte. */
  get cidText(): string | undefined {
    return this.#cid;
  }

  /** Whether its Connection ID stands at `at`. */
  bearsCid(bytes: Uint8Array, at: number): boolean {
    const cid = this.#cid;
    if (cid === undefined) return false;
    for (let index = 0; index < cid.length; index += 1) if (cid.charCodeAt(index) !== bytes[at + index]) return false;
    return true;
  }
}

function textOf({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('latin1');
}

const SECOND = 1000;
