/**
 * What an operator sets for all devices of a model, which is the model number they say in /3/0/1: today the awake window. A
 * device's own setting goes over its model's, and that over the default.
 */

import { AppError, seconds } from '#base';
import type { Clock, Milliseconds } from '#base';
import type { Commits } from '../access/commits.js';
import { permit } from '../access/guard.js';
import type { ModelSetting, Principal } from '../model/index.js';
import type { Versioned } from '../ports/index.js';
import type { Device } from './device.js';
import { OperatorTable } from './operator-table.js';
import type { CheckCurrent } from './operator-table.js';

/** The settings of a model as shown. */
export interface ModelView {
  readonly model: string;
  /** Seconds. */
  readonly awakeWindow: number;
}

/** What may be set for a model. */
export interface ModelInput {
  /** Seconds. */
  readonly awakeWindow: number;
}

/** What the settings of models stand on. */
export interface ModelsParts {
  readonly commits: Commits;
  readonly clock: Clock;
  /** How long a device listens when nothing is set for it or its model. */
  readonly usual: Milliseconds;
  /** Models that may have settings; beyond: AppError(`too_many_models`). */
  readonly limit: number;
}

/** The settings of all models. */
export class Models {
  readonly #usual: Milliseconds;
  readonly #table: OperatorTable<ModelSetting, ModelView>;

  constructor({ commits, clock, usual, limit }: ModelsParts) {
    this.#usual = usual;
    this.#table = new OperatorTable({
      commits,
      kind: 'model',
      limit,
      full: (most) => new AppError('too_many_models', `${most} models have settings already`),
      missing: (name) => new AppError('model_not_found', `nothing is set for the model "${name}"`),
      view: ({ name, awakeWindow }) => ({ model: name, awakeWindow }),
      event: (name, record) => ({
        type: 'model.changed',
        at: clock.wall(),
        data: { model: name, awakeWindow: record?.awakeWindow ?? null },
      }),
    });
  }

  /** Models with settings. */
  get size(): number {
    return this.#table.size;
  }

  /** Takes a loaded setting in. */
  restore(setting: Versioned<ModelSetting>): void {
    this.#table.restore(setting);
  }

  /** How long a device listens after the last message exchanged with it: as set for it, else for its model, else as usual. */
  awakeWindow({ awakeWindow: own, model }: Device): Milliseconds {
    const window = own ?? (model === undefined ? undefined : this.#table.record(model)?.awakeWindow);
    return window === undefined ? this.#usual : seconds(window);
  }

  /** All models with settings, by name. */
  list(principal: Principal): readonly ModelView[] {
    permit(principal, 'model:read');
    return this.#table.list();
  }

  /** The settings of one model. Throws AppError(`model_not_found`). */
  get(principal: Principal, name: string): ModelView {
    permit(principal, 'model:read');
    return this.#table.get(name);
  }

  /**
   * Sets what is given for a model; resolves when that is durable. What changes nothing is not committed. Throws AppError
   * `too_many_models`, what `check` throws, and what the store refuses.
   */
  put(
    principal: Principal,
    name: string,
    { awakeWindow }: ModelInput,
    check: CheckCurrent<ModelView> = ANY,
  ): Promise<ModelView> {
    permit(principal, 'model:write');
    const record: ModelSetting = { kind: 'model', name, awakeWindow };
    return this.#table.put(principal, record, check, (current) => current.awakeWindow === awakeWindow);
  }

  /** Takes the settings of a model off; resolves when that is durable. Throws AppError(`model_not_found`) and as `put`. */
  remove(principal: Principal, name: string, check: CheckCurrent<ModelView> = ANY): Promise<void> {
    permit(principal, 'model:write');
    return this.#table.remove(principal, name, check);
  }
}

const ANY: CheckCurrent<ModelView> = () => undefined;
