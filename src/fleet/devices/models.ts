/**
 * What an operator sets for all devices of a model, which is the model number they say in /3/0/1: today the awake window. A
 * device's own setting goes over its model's, and that over the default.
 */

import { AppError, seconds } from '#base';
import type { Clock, Milliseconds } from '#base';
import type { Commits } from '../access/commits.js';
import { permit } from '../access/guard.js';
import type { ModelSetting, NewEvent, Principal } from '../model/index.js';
import type { Versioned } from '../ports/index.js';
import type { Device } from './device.js';
import { Exclusive } from './exclusive.js';

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

/** Looks at what is there when the turn has come; throws to stop the change. */
export type CheckModel = (current: ModelView | undefined) => void;

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
  readonly #parts: ModelsParts;
  readonly #known = new Map<string, Versioned<ModelSetting>>();
  readonly #exclusive = new Exclusive();

  constructor(parts: ModelsParts) {
    this.#parts = parts;
  }

  /** Models with settings. */
  get size(): number {
    return this.#known.size;
  }

  /** Takes a loaded setting in. */
  restore(setting: Versioned<ModelSetting>): void {
    this.#known.set(setting.record.name, setting);
  }

  /** How long a device listens after the last message exchanged with it: as set for it, else for its model, else as usual. */
  awakeWindow({ awakeWindow: own, model }: Device): Milliseconds {
    const window = own ?? (model === undefined ? undefined : this.#known.get(model)?.record.awakeWindow);
    return window === undefined ? this.#parts.usual : seconds(window);
  }

  /** All models with settings, by name. */
  list(principal: Principal): readonly ModelView[] {
    permit(principal, 'model:read');
    const names = [...this.#known.keys()].sort();
    return names.flatMap((name) => this.#view(name) ?? []);
  }

  /** The settings of one model. Throws AppError(`model_not_found`). */
  get(principal: Principal, name: string): ModelView {
    permit(principal, 'model:read');
    const view = this.#view(name);
    if (view === undefined) throw modelNotFound(name);
    return view;
  }

  /**
   * Sets what is given for a model; resolves when that is durable. What changes nothing is not committed. Throws AppError
   * `too_many_models`, what `check` throws, and what the store refuses.
   */
  put(principal: Principal, name: string, { awakeWindow }: ModelInput, check: CheckModel = ANY): Promise<ModelView> {
    permit(principal, 'model:write');
    return this.#exclusive.run(name, async () => {
      check(this.#view(name));
      const known = this.#known.get(name);
      const { limit } = this.#parts;
      if (known === undefined && this.#known.size >= limit) {
        throw new AppError('too_many_models', `${limit} models have settings already`);
      }
      if (known?.record.awakeWindow !== awakeWindow) {
        const record: ModelSetting = { kind: 'model', name, awakeWindow };
        const { version } = await this.#commit(principal, name, known?.version ?? 0, record);
        this.#known.set(name, { version, record });
      }
      return { model: name, awakeWindow };
    });
  }

  /** Takes the settings of a model off; resolves when that is durable. Throws AppError(`model_not_found`) and as `put`. */
  remove(principal: Principal, name: string, check: CheckModel = ANY): Promise<void> {
    permit(principal, 'model:write');
    return this.#exclusive.run(name, async () => {
      const known = this.#known.get(name);
      if (known === undefined) throw modelNotFound(name);
      check(this.#view(name));
      await this.#commit(principal, name, known.version, undefined);
      this.#known.delete(name);
    });
  }

  #view(name: string): ModelView | undefined {
    const known = this.#known.get(name);
    return known === undefined ? undefined : { model: name, awakeWindow: known.record.awakeWindow };
  }

  #commit(
    { actor }: Principal,
    name: string,
    expected: number,
    record: ModelSetting | undefined,
  ): ReturnType<Commits['setting']> {
    const { commits, clock } = this.#parts;
    const data = { model: name, awakeWindow: record?.awakeWindow ?? null };
    const event: NewEvent = { type: 'model.changed', at: clock.wall(), data };
    return commits.setting({ kind: 'model', name }, expected, record, { actor, events: [event] });
  }
}

function modelNotFound(name: string): AppError {
  return new AppError('model_not_found', `nothing is set for the model "${name}"`);
}

const ANY: CheckModel = () => undefined;
