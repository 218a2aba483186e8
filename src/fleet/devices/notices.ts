/**
 * Events that a stranger can cause. The first of a kind is told at once; after it at most one a minute, with the number of
 * those since the last and the first of them as an example. How many kinds are counted at once is bounded too, so that nobody can flood the events.
 */

import { AppError, ChurnMap, Deadlines, after, seconds } from '#base';
import type { Clock, Instant } from '#base';
import type { Commits } from '../access/commits.js';
import type { Actor, NewEvent } from '../model/index.js';
import type { Agenda, Timed } from './agenda.js';

interface Window {
  /** Since the last event. */
  count: number;
  /** The first of these. */
  event: NewEvent;
}

/** What notices stand on. */
export interface NoticesParts {
  readonly commits: Commits;
  readonly clock: Clock;
  readonly agenda: Agenda;
  readonly fault: (error: unknown) => void;
  /** So many were not told, nor will be: too many kinds at once, or the store refuses. */
  readonly untold: (count: number) => void;
}

/** Tells of one sort of thing. */
export class Notices implements Timed {
  readonly #parts: NoticesParts;
  readonly #windows = new ChurnMap<string, Window>();
  readonly #ends = new Deadlines<string>();

  constructor(parts: NoticesParts) {
    this.#parts = parts;
  }

  /** Kinds that are counted now. */
  get size(): number {
    return this.#windows.size;
  }

  /** It happened. `make` gives the event of it, if it is the first since the last event; the data gets a `count`. */
  note(kind: string, make: () => NewEvent): void {
    const window = this.#windows.get(kind);
    if (window !== undefined) {
      if (window.count === 0) window.event = make();
      window.count += 1;
      return;
    }
    if (this.#windows.size >= MOST_WINDOWS) {
      this.#parts.untold(1);
      return;
    }
    const event = make();
    this.#windows.set(kind, { count: 0, event });
    this.#end(kind);
    this.#tell(event, 1);
  }

  tick(now: Instant): void {
    for (let kind = this.#ends.due(now); kind !== undefined; kind = this.#ends.due(now)) {
      const window = this.#windows.get(kind);
      if (window === undefined || window.count === 0) {
        this.#windows.delete(kind);
        continue;
      }
      this.#tell(window.event, window.count);
      window.count = 0;
      this.#end(kind);
    }
  }

  nextDeadline(): Instant | undefined {
    return this.#ends.earliest();
  }

  #end(kind: string): void {
    const { clock, agenda } = this.#parts;
    const end = after(clock.now(), EVERY);
    this.#ends.set(kind, end);
    agenda.due(end);
  }

  #tell(event: NewEvent, count: number): void {
    const { commits, clock, fault, untold } = this.#parts;
    const told = { ...event, at: clock.wall(), data: { ...event.data, count } };
    commits.notice({ actor: SYSTEM, events: [told] }).catch((error: unknown) => {
      if (!(error instanceof AppError)) fault(error);
      untold(count);
    });
  }
}

const SYSTEM: Actor = { kind: 'system' };
const EVERY = seconds(60);
/** Kinds counted at once; beyond, they are counted in the metric alone. */
const MOST_WINDOWS = 1000;
