/**
 * Profiles: which objects devices have that register with a profile id in place of an object list (LwM2M-Core 1.2.1
 * §6.2.1.2). An operator says it; what nobody said is not known, and never guessed.
 */

import { AppError } from '#base';
import type { Clock } from '#base';
import type { ProfileObject } from '#lwm2m/model';
import type { Commits } from '../access/commits.js';
import { permit } from '../access/guard.js';
import type { NewEvent, Principal, ProfileSetting } from '../model/index.js';
import type { Versioned } from '../ports/index.js';
import { Exclusive } from './exclusive.js';

/** A profile as shown. */
export interface ProfileView {
  readonly id: string;
  readonly objects: readonly ProfileObject[];
}

/** What is said of a profile. */
export interface ProfileInput {
  readonly objects: readonly ProfileObject[];
}

/** Looks at what is there when the turn has come; throws to stop the change. */
export type CheckProfile = (current: ProfileView | undefined) => void;

/** What profiles stand on. */
export interface ProfilesParts {
  readonly commits: Commits;
  readonly clock: Clock;
  /** Profiles there may be; beyond: AppError(`too_many_profiles`). */
  readonly limit: number;
}

/** All profiles. */
export class Profiles {
  readonly #parts: ProfilesParts;
  readonly #known = new Map<string, Versioned<ProfileSetting>>();
  readonly #exclusive = new Exclusive();

  constructor(parts: ProfilesParts) {
    this.#parts = parts;
  }

  /** Profiles there are. */
  get size(): number {
    return this.#known.size;
  }

  /** Takes a loaded setting in. */
  restore(setting: Versioned<ProfileSetting>): void {
    this.#known.set(setting.record.name, setting);
  }

  /** The objects of a profile; undefined: it is not known. */
  objectsOf(id: string): readonly ProfileObject[] | undefined {
    return this.#known.get(id)?.record.objects;
  }

  /** All profiles, by id. */
  list(principal: Principal): readonly ProfileView[] {
    permit(principal, 'profile:read');
    return [...this.#known.keys()].sort().flatMap((id) => this.#view(id) ?? []);
  }

  /** One profile. Throws AppError(`profile_not_found`). */
  get(principal: Principal, id: string): ProfileView {
    permit(principal, 'profile:read');
    const view = this.#view(id);
    if (view === undefined) throw profileNotFound(id);
    return view;
  }

  /**
   * Says what devices of a profile have, for registrations from now on; resolves when that is durable. Throws AppError
   * `invalid_body` (an object or instance is given twice), `too_many_profiles`, what `check` throws, and what the store refuses.
   */
  put(principal: Principal, id: string, { objects }: ProfileInput, check: CheckProfile = ANY): Promise<ProfileView> {
    permit(principal, 'profile:write');
    const ordered = inOrder(objects);
    return this.#exclusive.run(id, async () => {
      check(this.#view(id));
      const known = this.#known.get(id);
      const { limit } = this.#parts;
      if (known === undefined && this.#known.size >= limit)
        throw new AppError('too_many_profiles', `${limit} profiles are known already`);
      const record: ProfileSetting = { kind: 'profile', name: id, objects: ordered };
      const { version } = await this.#commit(principal, id, known?.version ?? 0, record);
      this.#known.set(id, { version, record });
      return { id, objects: ordered };
    });
  }

  /** Forgets a profile; devices that are registered with it stay so. Throws AppError(`profile_not_found`) and as `put`. */
  remove(principal: Principal, id: string, check: CheckProfile = ANY): Promise<void> {
    permit(principal, 'profile:write');
    return this.#exclusive.run(id, async () => {
      const known = this.#known.get(id);
      if (known === undefined) throw profileNotFound(id);
      check(this.#view(id));
      await this.#commit(principal, id, known.version, undefined);
      this.#known.delete(id);
    });
  }

  #view(id: string): ProfileView | undefined {
    const known = this.#known.get(id);
    return known === undefined ? undefined : { id, objects: known.record.objects };
  }

  #commit(
    { actor }: Principal,
    id: string,
    expected: number,
    record: ProfileSetting | undefined,
  ): ReturnType<Commits['setting']> {
    const { commits, clock } = this.#parts;
    const data = { profile: id, known: record !== undefined };
    const event: NewEvent = { type: 'profile.changed', at: clock.wall(), data };
    return commits.setting({ kind: 'profile', name: id }, expected, record, { actor, events: [event] });
  }
}

/** Objects and their instances in ascending order. Throws AppError(`invalid_body`) when one is given twice. */
function inOrder(objects: readonly ProfileObject[]): readonly ProfileObject[] {
  for (const [index, { id, instances }] of objects.entries()) {
    const first = objects.findIndex((other) => other.id === id);
    if (first !== index) throw twice(`/objects/${index}/id`, `object ${id} is given twice`);
    if (new Set(instances).size < instances.length)
      throw twice(`/objects/${index}/instances`, `an instance of object ${id} is given twice`);
  }
  return objects
    .map((object) => ({ ...object, instances: [...object.instances].sort(ascending) }))
    .sort((left, right) => left.id - right.id);
}

function twice(pointer: string, detail: string): AppError {
  return new AppError('invalid_body', detail, { faults: [{ pointer, detail }] });
}

function ascending(left: number, right: number): number {
  return left - right;
}

function profileNotFound(id: string): AppError {
  return new AppError('profile_not_found', `there is no profile "${id}"`);
}

const ANY: CheckProfile = () => undefined;
