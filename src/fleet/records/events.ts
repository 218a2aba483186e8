/**
 * What happened, in order, for those who listen. The newest events are kept in memory, `value.received` among them; older
 * ones are asked of the store, which keeps all others. Whoever asks for what is no longer to be had is told to start anew.
 */

import { permit } from '../access/guard.js';
import type { EventType, NumberedEvent, Principal, Scope } from '../model/index.js';
import type { FleetStore } from '../ports/index.js';

/** What a subscriber wants. */
export interface EventOptions {
  /** Number of the last event it has; absent: only what comes from now on. */
  readonly after?: number;
  /** Absent: all but `value.received`. */
  readonly types?: ReadonlySet<EventType>;
  readonly endpoint?: string;
  /** Asked after each old event: resolves when the subscriber can take more; undefined when it can now. */
  readonly room?: () => Promise<void> | undefined;
}

type Deliver = (event: NumberedEvent) => void;

/** What a log stands on. */
export interface EventLogParts {
  readonly store: Pick<FleetStore, 'events'>;
  /** Events kept in memory, of 1,024 characters each on the average; beyond, the oldest are asked of the store. */
  readonly limit: number;
  /** Lets other work go on between pages of old events. */
  readonly breathe: () => Promise<void>;
}

/** Events by number, and who listens. */
export class EventLog {
  readonly #parts: EventLogParts;
  readonly #subscribers = new Set<Subscriber>();
  /** The newest events, oldest at `#head`; everything above `#floor` that was published is here. */
  #kept: NumberedEvent[] = [];
  #head = 0;
  #floor = 0;
  #newest = 0;
  #characters = 0;

  constructor(parts: EventLogParts) {
    this.#parts = parts;
  }

  /** Reads where the numbers stand; before this nothing may be published. */
  async start(): Promise<void> {
    const { newest } = await this.#parts.store.events(ALL, Number.MAX_SAFE_INTEGER, 1);
    this.#floor = newest;
    this.#newest = newest;
  }

  /** The highest number so far. */
  newest(): number {
    return this.#newest;
  }

  /** How many listen. */
  get subscribers(): number {
    return this.#subscribers.size;
  }

  /** How many events are kept in memory. */
  get size(): number {
    return this.#kept.length - this.#head;
  }

  /** About how many characters the events in memory have. */
  get characters(): number {
    return this.#characters;
  }

  /** Takes events in the order of their numbers and tells them to all who listen. */
  publish(events: readonly NumberedEvent[]): void {
    for (const event of events) {
      this.#newest = Math.max(this.#newest, event.number);
      this.#keep(event);
      for (const subscriber of this.#subscribers) subscriber.take(event);
    }
  }

  /**
   * Delivers what comes after `after`, then what comes from now on, each once and in order. `reset`: some of what came
   * after `after` is lost; what follows is new. The returned function ends it.
   */
  async subscribe(
    principal: Principal,
    options: EventOptions,
    deliver: Deliver,
    reset: () => void,
  ): Promise<() => void> {
    permit(principal, 'event:read');
    const { after } = options;
    const subscriber = new Subscriber(options, deliver, this.#parts.limit);
    this.#subscribers.add(subscriber);
    const end = (): void => {
      subscriber.end();
      this.#subscribers.delete(subscriber);
    };
    if (after === undefined || after === this.#newest) {
      subscriber.live();
      return end;
    }
    const wantsValues = options.types?.has('value.received') === true;
    if (after > this.#newest || (after < this.#floor && wantsValues)) {
      reset();
      subscriber.live();
      return end;
    }
    try {
      const floor = this.#floor;
      const recent = after >= floor ? this.#after(after) : this.#after(floor);
      const complete = after >= floor || (await this.#replay(principal.scope, subscriber, after, floor));
      if (complete) await this.#passAll(subscriber, recent);
      if (!complete || subscriber.overflowed) reset();
      subscriber.live();
    } catch (error) {
      end();
      throw error;
    }
    return end;
  }

  /** Delivers kept events above `after`, at most `last`, from the store; false when some are gone. */
  async #replay(scope: Scope, subscriber: Subscriber, after: number, last: number): Promise<boolean> {
    let at = after;
    for (;;) {
      const { events, oldest } = await this.#parts.store.events(scope, at, PAGE);
      if (oldest > at + 1) return false;
      for (const event of events) {
        if (event.number > last) return true;
        await subscriber.pass(event);
        at = event.number;
      }
      if (events.length < PAGE) return true;
      await this.#parts.breathe();
    }
  }

  /** Delivers old events, no faster than they are taken. */
  async #passAll(subscriber: Subscriber, events: readonly NumberedEvent[]): Promise<void> {
    for (let index = 0; index < events.length; index += 1) {
      if (index > 0 && index % SLICE === 0) await this.#parts.breathe();
      await subscriber.pass(events[index] as NumberedEvent);
    }
  }

  #after(number: number): NumberedEvent[] {
    let low = this.#head;
    let high = this.#kept.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#kept[middle] as NumberedEvent).number <= number) low = middle + 1;
      else high = middle;
    }
    return this.#kept.slice(low);
  }

  #keep(event: NumberedEvent): void {
    const { limit } = this.#parts;
    this.#kept.push(event);
    this.#characters += charactersOf(event);
    while (this.size > limit || (this.#characters > limit * CHARACTERS_EACH && this.size > 1)) this.#letGo();
  }

  /** The oldest event leaves memory. */
  #letGo(): void {
    const oldest = this.#kept[this.#head] as NumberedEvent;
    this.#floor = oldest.number;
    this.#characters -= charactersOf(oldest);
    this.#head += 1;
    if (this.#head > 1024 && this.#head * 2 > this.#kept.length) {
      this.#kept = this.#kept.slice(this.#head);
      this.#head = 0;
    }
  }
}

/** Whatever makes an event's data only when asked says what it holds. */
export interface WeighedEvent extends NumberedEvent {
  /** About how many characters it holds. */
  readonly characters: number;
}

function charactersOf(event: NumberedEvent): number {
  return 'characters' in event ? (event as WeighedEvent).characters : PLAIN_CHARACTERS;
}

/** One who listens. While old events are being delivered, new ones wait; if too many wait, they are lost. */
class Subscriber {
  overflowed = false;
  readonly #types: ReadonlySet<EventType> | undefined;
  readonly #endpoint: string | undefined;
  readonly #deliver: Deliver;
  readonly #room: EventOptions['room'];
  readonly #limit: number;
  #waiting: NumberedEvent[] | undefined = [];
  #ended = false;

  constructor(options: EventOptions, deliver: Deliver, limit: number) {
    this.#types = options.types;
    this.#endpoint = options.endpoint;
    this.#room = options.room;
    this.#deliver = deliver;
    this.#limit = limit;
  }

  /** A new event. */
  take(event: NumberedEvent): void {
    if (!this.#wants(event) || this.#ended) return;
    if (this.#waiting === undefined) {
      this.#deliver(event);
    } else if (this.#waiting.length < this.#limit && !this.overflowed) {
      this.#waiting.push(event);
    } else {
      this.overflowed = true;
      this.#waiting.length = 0;
    }
  }

  /** An old event; a promise when it cannot take more now. */
  pass(event: NumberedEvent): Promise<void> | undefined {
    if (!this.#wants(event) || this.#ended) return undefined;
    this.#deliver(event);
    return this.#room?.();
  }

  /** All old events were delivered: now those that waited, then new ones as they come. */
  live(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const event of waiting) if (!this.#ended) this.#deliver(event);
  }

  end(): void {
    this.#ended = true;
    this.#waiting = undefined;
  }

  #wants(event: NumberedEvent): boolean {
    if (this.#endpoint !== undefined && event.endpoint !== this.#endpoint) return false;
    return this.#types === undefined ? event.type !== 'value.received' : this.#types.has(event.type);
  }
}

const ALL: Scope = { kind: 'all' };
/** What an event without values counts for. */
const PLAIN_CHARACTERS = 256;
const CHARACTERS_EACH = 1024;
/** Old events of memory after which other work has its turn. */
const SLICE = 100;
/** Old events asked of the store at once. */
const PAGE = 500;
