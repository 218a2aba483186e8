/**
 * When a device in queue mode listens and sleeps (LwM2M-Core 1.1.1 §6.5): awake for a while after each exchange, and with a
 * schedule back at fixed intervals by an Update. Without a schedule it wakes whenever it has something to tell.
 */

import { after, seconds } from '#base';
import type { Instant } from '#base';

/** The times of one device. */
export class Sleep {
  readonly #every: number | undefined;
  #awakeUntil: Instant;
  #wakeAt: Instant | undefined;

  /** `every`: seconds from one waking to the next; undefined without a schedule. */
  constructor(every: number | undefined, startedAt: Instant) {
    this.#every = every;
    this.#awakeUntil = startedAt;
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
    return this.#every !== undefined;
  }

  /** The schedule begins. */
  begin(now: Instant): void {
    this.#wakeAt = this.#every === undefined ? undefined : after(now, seconds(this.#every));
  }

  /** The schedule ends, as there is no registration. */
  end(): void {
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
