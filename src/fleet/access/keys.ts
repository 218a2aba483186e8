/**
 * The keys that secrets are sealed with, as the owner sees and changes them. What is ordered is told in an event that is
 * durable before anything happens, and what became of it in another.
 */

import { AppError, WallTime, rfc3339 } from '#base';
import type { Clock } from '#base';
import type { KeySetting, Principal } from '../model/index.js';
import type { KeyKeeper, KeyStatus, Versioned } from '../ports/index.js';
import type { Commits } from './commits.js';
import { permit } from './guard.js';

/** The keys as shown: ids and counts, no secrets. */
export interface KeysView {
  readonly masterKey: string;
  readonly source: 'file' | 'variable';
  readonly oldMasterKey?: string;
  readonly dataKey: string;
  readonly dataKeys: readonly { readonly id: string; readonly createdAt: string; readonly sealedAtMost: number }[];
}

/** What the keys stand on. */
export interface KeysParts {
  readonly keeper: KeyKeeper;
  readonly commits: Commits;
  readonly clock: Clock;
}

/** What can be ordered. */
type Order = 'rotate' | 'prune';

/** The keys of the server. */
export class Keys {
  readonly #parts: KeysParts;
  #version = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: KeysParts) {
    this.#parts = parts;
  }

  /** Takes the loaded setting in. */
  restore({ version }: Versioned<KeySetting>): void {
    this.#version = version;
  }

  /** What may be seen of the keys. */
  get(principal: Principal): KeysView {
    permit(principal, 'keys:read');
    return viewOf(this.#parts.keeper.status());
  }

  /**
   * A new master key wraps all data keys from now on, and a new data key seals. Rejects with AppError as the keeper says, and
   * as the store says: when the order could not be kept, nothing has happened.
   */
  rotate(principal: Principal): Promise<KeysView> {
    return this.#carryOut(principal, 'rotate');
  }

  /** Forgets the master key before the last rotation. Rejects as `rotate`. */
  prune(principal: Principal): Promise<KeysView> {
    return this.#carryOut(principal, 'prune');
  }

  async #carryOut(principal: Principal, order: Order): Promise<KeysView> {
    permit(principal, 'keys:write');
    const turn = this.#turn.then(() => this.#run(principal, order));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #run(principal: Principal, order: Order): Promise<KeysView> {
    const { keeper } = this.#parts;
    await this.#tell(principal, { order, state: 'ordered', masterKey: keeper.status().masterKey });
    let status: KeyStatus;
    try {
      status = keeper[order]();
    } catch (error) {
      const reason = error instanceof AppError ? error.code : 'fault';
      // Where this cannot be kept either, the order stands in the events without an end.
      await this.#tell(principal, { order, state: 'failed', masterKey: keeper.status().masterKey, reason }).catch(
        () => undefined,
      );
      throw error;
    }
    await this.#tell(principal, { order, state: 'done', masterKey: status.masterKey, dataKey: status.dataKey });
    return viewOf(status);
  }

  async #tell(
    { actor }: Principal,
    data: { readonly masterKey: string } & Readonly<Record<string, string>>,
  ): Promise<void> {
    const { commits, clock } = this.#parts;
    const record: KeySetting = { kind: 'keys', name: NAME, masterKey: data.masterKey };
    const event = { type: 'keys.changed', at: clock.wall(), data } as const;
    const { version } = await commits.setting(record, this.#version, record, { actor, events: [event] });
    this.#version = version;
  }
}

function viewOf({ dataKeys, ...status }: KeyStatus): KeysView {
  return {
    ...status,
    dataKeys: dataKeys.map(({ id, createdAt, sealedAtMost }) => ({
      ...{ id, sealedAtMost },
      createdAt: rfc3339(WallTime(createdAt)),
    })),
  };
}

/** There is one. */
const NAME = 'master';
