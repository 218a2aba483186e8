/**
 * Attempts on a name with an identity that does not own it (security.md row 12). Each is told as an event; so that nobody can
 * flood the events, at most one a minute for each identity and kind of attempt, with the number of those since the last.
 */

import { AppError, ChurnMap, Deadlines, after, seconds, showAddress } from '#base';
import type { Clock, Instant, Peer } from '#base';
import type { Commits } from '../access/commits.js';
import type { Actor, DeviceId, NewEvent } from '../model/index.js';
import type { Agenda, Timed } from './agenda.js';

/** What was tried. */
export type Attempt = 'register' | 'update' | 'deregister' | 'send' | 'notify';

/** Whom it was tried on, as far as that is known. */
export interface AttemptTarget {
  readonly endpoint?: string;
  readonly id?: DeviceId;
}

interface Window {
  /** Attempts since the last event. */
  count: number;
  readonly event: NewEvent;
}

/** What refused identities stand on. */
export interface RefusedIdentitiesParts {
  readonly commits: Commits;
  readonly clock: Clock;
  readonly agenda: Agenda;
  readonly fault: (error: unknown) => void;
}

/** Tells of attempts. */
export class RefusedIdentities implements Timed {
  readonly counters = { identities_refused: 0, identities_refused_untold: 0 };
  readonly #parts: RefusedIdentitiesParts;
  readonly #windows = new ChurnMap<string, Window>();
  readonly #ends = new Deadlines<string>();

  constructor(parts: RefusedIdentitiesParts) {
    this.#parts = parts;
  }

  /** Identities whose attempts are counted now. */
  get size(): number {
    return this.#windows.size;
  }

  /** Somebody tried. */
  note(tried: Attempt, peer: Peer, target: AttemptTarget): void {
    this.counters.identities_refused += 1;
    const key = `${tried} ${peer.identity?.kind ?? 'none'} ${peer.identity?.name ?? ''}`;
    const window = this.#windows.get(key);
    if (window !== undefined) {
      window.count += 1;
      return;
    }
    if (this.#windows.size >= MOST_WINDOWS) {
      this.counters.identities_refused_untold += 1;
      return;
    }
    const event = this.#event(tried, peer, target);
    this.#windows.set(key, { count: 0, event });
    this.#end(key);
    this.#tell(event, 1);
  }

  tick(now: Instant): void {
    for (let key = this.#ends.due(now); key !== undefined; key = this.#ends.due(now)) {
      const window = this.#windows.get(key);
      if (window === undefined || window.count === 0) {
        this.#windows.delete(key);
        continue;
      }
      this.#tell(window.event, window.count);
      window.count = 0;
      this.#end(key);
    }
  }

  nextDeadline(): Instant | undefined {
    return this.#ends.earliest();
  }

  #end(key: string): void {
    const { clock, agenda } = this.#parts;
    const end = after(clock.now(), EVERY);
    this.#ends.set(key, end);
    agenda.due(end);
  }

  #event(tried: Attempt, { address, port, identity }: Peer, { endpoint, id }: AttemptTarget): NewEvent {
    const proved = identity === undefined ? {} : { identity: identity.name, owner: identity.endpoint };
    const data = { tried, kind: identity?.kind ?? 'none', ...proved, address: showAddress(address, port) };
    return {
      type: 'device.identityRefused',
      at: this.#parts.clock.wall(),
      ...(id !== undefined && { device: id }),
      ...(endpoint !== undefined && { endpoint }),
      data,
    };
  }

  #tell(event: NewEvent, count: number): void {
    const { commits, clock, fault } = this.#parts;
    const told = { ...event, at: clock.wall(), data: { ...event.data, count } };
    commits.notice({ actor: SYSTEM, events: [told] }).catch((error: unknown) => {
      if (!(error instanceof AppError)) fault(error);
      this.counters.identities_refused_untold += count;
    });
  }
}

const SYSTEM: Actor = { kind: 'system' };
const EVERY = seconds(60);
/** Identities and attempts counted at once; beyond, they are counted in the metric alone. */
const MOST_WINDOWS = 1000;
