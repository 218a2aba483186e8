/** Requests of the server that a fault makes wait until they are looked at. */

import type { Instant } from '#base';
import type { Message } from '#coap/codec';

/** A request of the server. */
export interface Asked {
  readonly exchange: number;
  readonly message: Message;
  readonly body: Uint8Array;
}

/** Requests that wait, each for its own time. */
export class Late {
  #waiting: readonly { readonly at: Instant; readonly asked: Asked }[] = [];

  add(at: Instant, asked: Asked): void {
    this.#waiting = [...this.#waiting, { at, asked }];
  }

  /** Those whose time has come; they wait no more. */
  take(now: Instant): readonly Asked[] {
    const due = this.#waiting.filter(({ at }) => at <= now);
    if (due.length > 0) this.#waiting = this.#waiting.filter(({ at }) => at > now);
    return due.map(({ asked }) => asked);
  }

  clear(): void {
    this.#waiting = [];
  }

  nextDeadline(): Instant | undefined {
    return earliest(this.#waiting.map(({ at }) => at));
  }
}

/** The first of some moments; undefined when there is none. */
export function earliest(moments: readonly (Instant | undefined)[]): Instant | undefined {
  return moments.reduce(
    (first, moment) => (first === undefined || (moment ?? first) < first ? moment : first),
    undefined,
  );
}
