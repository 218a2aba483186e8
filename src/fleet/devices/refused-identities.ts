/**
 * Attempts on a name with an identity that does not own it (security.md row 12). Each is told as an event, at most one a
 * minute for each identity and kind of attempt.
 */

import { showAddress } from '#base';
import type { Clock, Peer } from '#base';
import type { DeviceId, NewEvent } from '../model/index.js';
import { Notices } from './notices.js';
import type { NoticesParts } from './notices.js';

/** What was tried. */
export type Attempt = 'register' | 'update' | 'deregister' | 'send' | 'notify';

/** Whom it was tried on, as far as that is known. */
export interface AttemptTarget {
  readonly endpoint?: string;
  readonly id?: DeviceId;
}

/** Tells of attempts. */
export class RefusedIdentities {
  readonly counters = { identities_refused: 0, identities_refused_untold: 0 };
  readonly notices: Notices;
  readonly #clock: Clock;

  constructor(parts: Omit<NoticesParts, 'untold'>) {
    this.#clock = parts.clock;
    this.notices = new Notices({
      ...parts,
      untold: (count) => {
        this.counters.identities_refused_untold += count;
      },
    });
  }

  /** Somebody tried. */
  note(tried: Attempt, peer: Peer, target: AttemptTarget): void {
    this.counters.identities_refused += 1;
    const kind = `${tried} ${peer.identity?.kind ?? 'none'} ${peer.identity?.name ?? ''}`;
    this.notices.note(kind, () => this.#event(tried, peer, target));
  }

  #event(tried: Attempt, { address, port, identity }: Peer, { endpoint, id }: AttemptTarget): NewEvent {
    const proved = identity === undefined ? {} : { identity: identity.name, owner: identity.endpoint };
    const data = { tried, kind: identity?.kind ?? 'none', ...proved, address: showAddress(address, port) };
    return {
      type: 'device.identityRefused',
      at: this.#clock.wall(),
      ...(id !== undefined && { device: id }),
      ...(endpoint !== undefined && { endpoint }),
      data,
    };
  }
}
