/**
 * When a device in queue mode listens and sleeps (LwM2M-Core 1.1.1 §6.5): awake for a while after each exchange, and with a
 * schedule back at fixed intervals by an Update. Without a schedule it wakes whenever it has something to tell.
 */

import { after, seconds } from '#base';
import type { Instant } from '#base';

/** How a device sleeps. */
export interface SleepTerms {
  /** Seconds it listens after an exchange; undefined out of queue mode, when it always listens. */
  readonly awake: number | undefined;
  /** Seconds from one waking to the next; undefined without a schedule. */
  readonly every: number | undefined;
}

/** The times of one device. */
export class Sleep {
  #terms: SleepTerms;
  #awakeUntil: Instant;
  #wakeAt: Instant | undefined;
  /** Whether a schedule would run: there is a registration. */
  #state: 'registered' | 'not registered' = 'not registered';

  constructor(terms: SleepTerms, startedAt: Instant) {
    this.#terms = terms;
    this.#awakeUntil = startedAt;
  }

  /** From now on the device sleeps so; a schedule begins anew. */
  change(now: Instant, terms: SleepTerms): void {
    this.#terms = terms;
    if (terms.awake !== undefined) this.stayAwake(now, terms.awake);
    if (this.#state === 'registered') this.begin(now);
  }

  get terms(): SleepTerms {
    return this.#terms;
  }

  /** A message was exchanged: the device listens for `span` seconds from now on. */
  stayAwake(now: Instant, span: number): void {
    this.#awakeUntil = after(now, seconds(span));
  }

  isAwake(now: Instant): boolean {
    return now <= this.#awakeUntil;
  }

  /** Whether the device sleeps by schedule, so that it cannot tell anything. */
  isAsleep(now: Instant): boolean {
    return this.hasSchedule && !this.isAwake(now);
  }

  get hasSchedule(): boolean {
    return this.#terms.every !== undefined;
  }

  /** The schedule begins. */
  begin(now: Instant): void {
    const { every } = this.#terms;
    this.#state = 'registered';
    this.#wakeAt = every === undefined ? undefined : after(now, seconds(every));
  }

  /** The schedule ends, as there is no registration. */
  end(): void {
    this.#state = 'not registered';
    this.#wakeAt = undefined;
  }

  /** Whether it is time to wake; the next time is planned then. */
  wakes(now: Instant): boolean {
    if (this.#wakeAt === undefined || now < this.#wakeAt) return false;
    this.begin(now);
    return true;
  }

  nextDeadline(): Instant | undefined {
    return this.#wakeAt;
  }
}
