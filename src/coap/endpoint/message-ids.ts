/**
 * Message ids towards one peer: a random start, then one up each time, and none used again within EXCHANGE_LIFETIME
 * (RFC 7252 §4.4). The 65,536 ids form 16 chunks; a chunk may be entered again once the last id drawn from it is old
 * enough, so that 16 moments are remembered and not 65,536.
 */

import { Instant } from '#base';

const IDS = 0x10000;
const CHUNK = 0x1000;
const NEVER = -Infinity;

/** Draws message ids for one peer. */
export class MessageIds {
  readonly #start: number;
  readonly #lifetime: number;
  #drawn = 0;
  #lastUse: number = NEVER;
  #chunkUse: number[] | undefined;

  /** `start` is the first id, 0 to 65,535; `lifetime` is EXCHANGE_LIFETIME in milliseconds. */
  constructor(start: number, lifetime: number) {
    this.#start = start;
    this.#lifetime = lifetime;
  }

  /** When the last id was drawn; -Infinity before the first. */
  get lastUse(): Instant {
    return Instant(this.#lastUse);
  }

  /** The next id; undefined while every id was used too recently (see `freeAt`). */
  next(now: Instant): number | undefined {
    if (this.#drawn % CHUNK === 0 && this.#drawn > 0) {
      const chunks = (this.#chunkUse ??= new Array<number>(IDS / CHUNK).fill(NEVER));
      const left = (this.#drawn / CHUNK - 1) % chunks.length;
      if (chunks[left] === NEVER || this.#lastUse > (chunks[left] as number)) chunks[left] = this.#lastUse;
      if (this.freeAt() > now) return undefined;
    }
    const id = (this.#start + this.#drawn) % IDS;
    this.#drawn += 1;
    this.#lastUse = now;
    return id;
  }

  /**
   * Goes on with the next chunk, if that may be entered: who takes one id for an old one remembers those after it as well, for
   * they were drawn one after the other too.
   */
  leap(now: Instant): void {
    const inside = this.#drawn % CHUNK;
    if (inside === 0) return;
    const ahead = CHUNK - inside;
    const entered = ((this.#drawn + ahead) / CHUNK) % (IDS / CHUNK);
    const used = this.#chunkUse?.[entered] ?? NEVER;
    if (used + this.#lifetime <= now) this.#drawn += ahead;
  }

  /** From when on `next` gives an id again; in the past when it does so already. */
  freeAt(): Instant {
    if (this.#chunkUse === undefined || this.#drawn % CHUNK !== 0) return Instant(NEVER);
    const entered = (this.#drawn / CHUNK) % this.#chunkUse.length;
    return Instant((this.#chunkUse[entered] as number) + this.#lifetime);
  }
}
