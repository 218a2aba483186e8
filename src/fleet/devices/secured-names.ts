/**
 * Names of deleted devices that had proven who they are: no plain CoAP for them until an operator says so, or anybody could
 * take a name by waiting for its deletion. As long as a device is there its own record says it.
 */

import { AppError } from '#base';
import type { Clock } from '#base';
import type { Commits } from '../access/commits.js';
import type { Actor, NewEvent, SecuredSetting } from '../model/index.js';
import type { Versioned } from '../ports/index.js';

/** All such names. Of one name, one change at a time. */
export class SecuredNames {
  readonly #commits: Commits;
  readonly #clock: Clock;
  readonly #limit: number;
  /** With the versions of their settings. */
  readonly #versions = new Map<string, number>();

  /** `limit`: names there may be; beyond: AppError(`too_many_secured`). */
  constructor(commits: Commits, clock: Clock, limit: number) {
    this.#commits = commits;
    this.#clock = clock;
    this.#limit = limit;
  }

  /** Names there are. */
  get size(): number {
    return this.#versions.size;
  }

  /** Takes a loaded setting in. */
  restore({ record, version }: Versioned<SecuredSetting>): void {
    this.#versions.set(record.name, version);
  }

  /** Whether a name is one of them. */
  has(name: string): boolean {
    return this.#versions.has(name);
  }

  /** Adds a name; resolves when that is durable. */
  async add(name: string, actor: Actor): Promise<void> {
    if (this.#versions.has(name)) return;
    if (this.#versions.size >= this.#limit) {
      const detail = `${this.#limit} names of deleted devices are secured already: clear those that are needed no more`;
      throw new AppError('too_many_secured', detail);
    }
    const record: SecuredSetting = { kind: 'secured', name, since: this.#clock.wall() };
    const { version } = await this.#commits.setting({ kind: 'secured', name }, 0, record, { actor, events: [] });
    this.#versions.set(name, version);
  }

  /** Takes a name off; resolves when that is durable. */
  async remove(name: string, actor: Actor, events: readonly NewEvent[]): Promise<void> {
    const version = this.#versions.get(name);
    if (version === undefined) return;
    await this.#commits.setting({ kind: 'secured', name }, version, undefined, { actor, events });
    this.#versions.delete(name);
  }
}
