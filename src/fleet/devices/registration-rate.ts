/**
 * How often a peer may register (security.md row 11): each has a bucket that holds so many registrations and gets one more
 * every interval. Of a peer nothing is kept but the moment at which its bucket is full again, and no longer than until then:
 * buckets stand in two generations, each as long as an empty bucket takes to fill, and go with theirs.
 */

import { after } from '#base';
import type { Instant, Milliseconds, PeerKey } from '#base';
import type { Agenda, Timed } from './agenda.js';

/** Settings of the buckets. */
export interface RegistrationRateSettings {
  /** Registrations of one peer at once. */
  readonly burst: number;
  /** After which it may register once more; 0: always. */
  readonly interval: Milliseconds;
  /** Peers whose buckets are kept; beyond, those that registered longest ago count as new. */
  readonly peers: number;
}

/** The buckets of all peers. */
export class RegistrationRate implements Timed {
  readonly counters = { registrations_limited: 0, registration_buckets_dropped: 0 };
  readonly #settings: RegistrationRateSettings;
  readonly #agenda: Pick<Agenda, 'due'>;
  /** When the bucket of each peer is full again. */
  #recent = new Map<PeerKey, Instant>();
  #earlier = new Map<PeerKey, Instant>();
  /** When the next generation begins; undefined when no bucket is kept. */
  #turn: Instant | undefined;

  constructor(settings: RegistrationRateSettings, agenda: Pick<Agenda, 'due'>) {
    this.#settings = settings;
    this.#agenda = agenda;
  }

  /** Buckets that are kept. */
  get size(): number {
    return this.#recent.size + this.#earlier.size;
  }

  /** Takes one registration out of the peer's bucket, or says after how many whole seconds there is one in it; undefined: it may register. */
  take(peer: PeerKey, now: Instant): number | undefined {
    const { interval } = this.#settings;
    if (interval === 0) return undefined;
    const known = this.#recent.get(peer) ?? this.#earlier.get(peer);
    const full = after(known === undefined || known < now ? now : known, interval);
    const wait = full - now - this.#span;
    if (wait > 0) {
      this.counters.registrations_limited += 1;
      return Math.ceil(wait / 1000);
    }
    if (this.#recent.size >= this.#settings.peers / 2 && !this.#recent.has(peer)) {
      this.counters.registration_buckets_dropped += this.#earlier.size;
      this.#begin(now);
    }
    this.#recent.set(peer, full);
    if (this.#turn === undefined) this.#due(now);
    return undefined;
  }

  tick(now: Instant): void {
    if (this.#turn !== undefined && now >= this.#turn) this.#begin(now);
  }

  nextDeadline(): Instant | undefined {
    return this.#turn;
  }

  /** How long an empty bucket takes to fill. */
  get #span(): Milliseconds {
    const { burst, interval } = this.#settings;
    return (burst * interval) as Milliseconds;
  }

  /** Begins a generation: the one before the last is forgotten. */
  #begin(now: Instant): void {
    this.#earlier = this.#recent;
    this.#recent = new Map();
    if (this.#earlier.size > 0) this.#due(now);
    else this.#turn = undefined;
  }

  #due(now: Instant): void {
    this.#turn = after(now, this.#span);
    this.#agenda.due(this.#turn);
  }
}
