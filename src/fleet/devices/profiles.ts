/**
 * Profiles: which objects devices have that register with a profile id in place of an object list (LwM2M-Core 1.2.1
 * §6.2.1.2). An operator says it; what nobody said is not known, and never guessed.
 */

import { AppError } from '#base';
import type { Clock } from '#base';
import type { ProfileObject } from '#lwm2m/model';
import type { Commits } from '../access/commits.js';
import { permit } from '../access/guard.js';
import type { Principal, ProfileSetting } from '../model/index.js';
import type { Versioned } from '../ports/index.js';
import { OperatorTable } from './operator-table.js';
import type { CheckCurrent } from './operator-table.js';

/** A profile as shown. */
export interface ProfileView {
  readonly id: string;
  readonly objects: readonly ProfileObject[];
}

/** What is said of a profile. */
export interface ProfileInput {
  readonly objects: readonly ProfileObject[];
}

/** What profiles stand on. */
export interface ProfilesParts {
  readonly commits: Commits;
  readonly clock: Clock;
  /** Profiles there may be; beyond: AppError(`too_many_profiles`). */
  readonly limit: number;
}

/** All profiles. */
export class Profiles {
  readonly #table: OperatorTable<ProfileSetting, ProfileView>;

  constructor({ commits, clock, limit }: ProfilesParts) {
    this.#table = new OperatorTable({
      commits,
      kind: 'profile',
      limit,
      full: (most) => new AppError('too_many_profiles', `${most} profiles are known already`),
      missing: (id) => new AppError('profile_not_found', `there is no profile "${id}"`),
      view: ({ name, objects }) => ({ id: name, objects }),
      event: (id, record) => ({
        type: 'profile.changed',
        at: clock.wall(),
        data: { profile: id, known: record !== undefined },
      }),
    });
  }

  /** Profiles there are. */
  get size(): number {
    return this.#table.size;
  }

  /** Takes a loaded setting in. */
  restore(setting: Versioned<ProfileSetting>): void {
    this.#table.restore(setting);
  }

  /** The objects of a profile; undefined: it is not known. */
  objectsOf(id: string): readonly ProfileObject[] | undefined {
    return this.#table.record(id)?.objects;
  }

  /** All profiles, by id. */
  list(principal: Principal): readonly ProfileView[] {
    permit(principal, 'profile:read');
    return this.#table.list();
  }

  /** One profile. Throws AppError(`profile_not_found`). */
  get(principal: Principal, id: string): ProfileView {
    permit(principal, 'profile:read');
    return this.#table.get(id);
  }

  /**
   * Says what devices of a profile have, for registrations from now on; resolves when that is durable. What changes nothing is
   * not committed. Throws AppError `invalid_body` (an object or instance is given twice), `too_many_profiles`, what `check`
   * throws, and what the store refuses.
   */
  async put(
    principal: Principal,
    id: string,
    { objects }: ProfileInput,
    check: CheckCurrent<ProfileView> = ANY,
  ): Promise<ProfileView> {
    permit(principal, 'profile:write');
    const record: ProfileSetting = { kind: 'profile', name: id, objects: inOrder(objects) };
    const text = JSON.stringify(record.objects);
    return this.#table.put(principal, record, check, (current) => JSON.stringify(current.objects) === text);
  }

  /** Forgets a profile; devices that are registered with it stay so. Throws AppError(`profile_not_found`) and as `put`. */
  remove(principal: Principal, id: string, check: CheckCurrent<ProfileView> = ANY): Promise<void> {
    permit(principal, 'profile:write');
    return this.#table.remove(principal, id, check);
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
    .map(({ id, version, instances }) => ({
      id,
      ...(version !== undefined && { version }),
      instances: [...instances].sort(ascending),
    }))
    .sort((left, right) => left.id - right.id);
}

function twice(pointer: string, detail: string): AppError {
  return new AppError('invalid_body', detail, { faults: [{ pointer, detail }] });
}

function ascending(left: number, right: number): number {
  return left - right;
}

const ANY: CheckCurrent<ProfileView> = () => undefined;
