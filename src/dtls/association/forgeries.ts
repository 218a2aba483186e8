/**
 * Records with the Connection ID of an association that were not genuine and came from elsewhere than its peer: each costs
 * an AEAD to be told. Beyond a few, such are dropped unopened for a while. What comes from where the peer is, is always
 * opened, else whoever forges that address could mute it.
 */

import { after, elapsed, type Instant, type Milliseconds } from '#base';

/** The forgeries to one association. */
export class Forgeries {
  #count = 0;
  #since: Instant;
  #until: Instant;

  constructor(now: Instant) {
    this.#since = now;
    this.#until = now;
  }

  /** Whether records from elsewhere are dropped unopened. */
  areTooMany(now: Instant): boolean {
    return now < this.#until;
  }

  /** Whether none came for `span`. */
  areOver(now: Instant, span: Milliseconds): boolean {
    return now >= this.#until && elapsed(this.#since, now) >= span;
  }

  /** One more came; with more than `most` within `span` there are too many for the `span` that follows. */
  add(now: Instant, most: number, span: Milliseconds): void {
    if (elapsed(this.#since, now) >= span) {
      this.#since = now;
      this.#count = 0;
    }
    this.#count += 1;
    if (this.#count <= most) return;
    this.#until = after(now, span);
    this.#since = this.#until;
    this.#count = 0;
  }
}
