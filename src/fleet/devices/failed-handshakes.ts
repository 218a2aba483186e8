/**
 * Handshakes that came to nothing, as events for people (`handshake.failed`). An operator asks two things: why does my
 * device not come, and what is it that is not let in. So a failure is told where it says something about one of the two:
 *
 * - somebody claims to be a device that is known and does not prove it, or breaks off: an event of that device, at most one a
 *   minute for each device and reason, with the number since the last;
 * - somebody names an identity, or shows a key or certificate, that is nobody's, as a new device does whose identity was
 *   typed wrong: one event a minute for all of these together, with identity and address of the first as an example. It is
 *   one for all because identities cost a stranger nothing: one event each would let him push every other
 *   out of those that are kept.
 *
 * Hellos, scans and handshakes in which nobody was named are in the metrics alone (`dtls_failed_…`, `dtls_dropped_…`).
 * None of it proves who was there: an address or an identity can be anybody's.
 */

import { showAddress } from '#base';
import type { Clock, IdentityKind } from '#base';
import type { NewEvent } from '../model/index.js';
import type { Directory } from './directory.js';
import { Notices } from './notices.js';
import type { NoticesParts } from './notices.js';

/** A handshake that failed. */
export interface FailedHandshake {
  /** Stable word. */
  readonly reason: string;
  readonly address: string;
  readonly port: number;
  /** What was named, as people are shown it; a stranger chose it. */
  readonly identity?: { readonly kind: IdentityKind; readonly name: string };
  /** Whose that identity is; absent: nobody's. */
  readonly endpoint?: string;
}

/** What it stands on. */
export interface FailedHandshakesParts extends Omit<NoticesParts, 'untold'> {
  readonly directory: Directory;
}

/** Tells of failed handshakes. */
export class FailedHandshakes {
  readonly counters = { handshakes_failed_known: 0, handshakes_failed_unknown: 0, handshakes_failed_untold: 0 };
  readonly notices: Notices;
  readonly #directory: Directory;
  readonly #clock: Clock;

  constructor(parts: FailedHandshakesParts) {
    this.#directory = parts.directory;
    this.#clock = parts.clock;
    this.notices = new Notices({
      ...parts,
      untold: (count) => {
        this.counters.handshakes_failed_untold += count;
      },
    });
  }

  /** A handshake failed in which somebody was named. */
  note(failed: FailedHandshake): void {
    const { endpoint, reason } = failed;
    if (endpoint === undefined) this.counters.handshakes_failed_unknown += 1;
    else this.counters.handshakes_failed_known += 1;
    this.notices.note(endpoint === undefined ? '' : `${reason} ${endpoint}`, () => this.#event(failed));
  }

  #event({ address, endpoint, identity, port, reason }: FailedHandshake): NewEvent {
    const device = endpoint === undefined ? undefined : this.#directory.byEndpoint(endpoint);
    const named = identity !== undefined && { kind: identity.kind, identity: shortened(identity.name) };
    return {
      type: 'handshake.failed',
      at: this.#clock.wall(),
      ...(device !== undefined && { device: device.id }),
      ...(endpoint !== undefined && { endpoint }),
      data: { reason, ...named, address: showAddress(address, port) },
    };
  }
}

function shortened(name: string): string {
  const characters = Array.from(name);
  return characters.length > LONGEST_NAME ? `${characters.slice(0, LONGEST_NAME).join('')}…` : name;
}

/** Characters of an identity that are told: a fingerprint is that long. */
const LONGEST_NAME = 64;
