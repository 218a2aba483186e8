/** Object definitions: those the server brought and those that users added, versions side by side. */

import { AppError, DecodeError } from '#base';
import type { Clock } from '#base';
import { DEFINITION_LIMITS, parseObjectDefinition } from '#lwm2m/model';
import type { DefinitionLimits, ObjectCatalogue, ObjectDefinition, ResourceDefinition } from '#lwm2m/model';
import type { Commits } from '../access/commits.js';
import { permit } from '../access/guard.js';
import type { ModelRecord, Principal } from '../model/index.js';
import type { Versioned } from '../ports/index.js';

/** A resource of an object as shown. */
export interface ResourceView {
  readonly id: number;
  readonly name: string;
  readonly operations: string;
  readonly multiple: boolean;
  readonly mandatory: boolean;
  readonly type: ResourceDefinition['type'];
  readonly range?: string;
  readonly units?: string;
  readonly description: string;
}

/** One version of an object as shown; `resources` not in lists. */
export interface ObjectView {
  readonly id: number;
  readonly version: string;
  readonly name: string;
  readonly urn: string;
  readonly lwm2mVersion: string;
  readonly multiple: boolean;
  readonly mandatory: boolean;
  readonly description: string;
  readonly resources?: readonly ResourceView[];
}

/** Object definitions as callers see them. */
export class Objects {
  readonly counters = { definitions_refused: 0, definitions_beyond_limits: 0 };
  readonly #limits: DefinitionLimits;
  readonly #catalogue: ObjectCatalogue;
  readonly #commits: Commits;
  readonly #clock: Clock;
  /** XML of what users added, by id and version; what is being added is there already. */
  readonly #added = new Map<string, string>();

  constructor(
    catalogue: ObjectCatalogue,
    commits: Commits,
    clock: Clock,
    limits: DefinitionLimits = DEFINITION_LIMITS,
  ) {
    this.#limits = limits;
    this.#catalogue = catalogue;
    this.#commits = commits;
    this.#clock = clock;
  }

  /** Takes a loaded definition in. */
  restore({ record }: Versioned<ModelRecord>): void {
    this.#added.set(keyOf(record), record.xml);
    this.#catalogue.add(parseObjectDefinition(record.xml, STORED_LIMITS));
  }

  /** Every version of every object, by ascending id, the newest first. */
  list(principal: Principal): readonly ObjectView[] {
    permit(principal, 'object:read');
    return this.#catalogue.all().map(summaryOf);
  }

  /** All versions of one object, the newest first. Throws AppError(`object_not_found`). */
  get(principal: Principal, id: number): readonly ObjectView[] {
    permit(principal, 'object:read');
    const versions = this.#catalogue.versions(id).flatMap((version) => this.#catalogue.find(id, version) ?? []);
    if (versions.length === 0) throw new AppError('object_not_found', `there is no definition of object ${id}`);
    return versions.map(viewOf);
  }

  /**
   * Adds a definition in the registry's XML format; resolves when it is durable. Adding the same once more changes nothing.
   * Throws AppError `invalid_definition`, `object_exists`, and what the store refuses.
   */
  async add(principal: Principal, xml: string): Promise<ObjectView> {
    permit(principal, 'object:write');
    const definition = this.#read(xml);
    const { id: object, version } = definition;
    const key = keyOf({ object, version });
    if (this.#added.get(key) === xml && this.#catalogue.versions(object).includes(version)) {
      return viewOf(definition);
    }
    if (this.#added.has(key) || this.#catalogue.versions(object).includes(version)) {
      throw new AppError('object_exists', `object ${object} has a definition of version ${version} already`);
    }
    this.#added.set(key, xml);
    const addedAt = this.#clock.wall();
    const event = { type: 'object.added', at: addedAt, data: { id: object, version, name: definition.name } } as const;
    try {
      await this.#commits.model(0, { object, version, xml, addedAt }, { actor: principal.actor, events: [event] });
    } catch (error) {
      this.#added.delete(key);
      throw error;
    }
    this.#catalogue.add(definition);
    return viewOf(definition);
  }

  #read(xml: string): ObjectDefinition {
    try {
      return parseObjectDefinition(xml, this.#limits);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.counters.definitions_refused += 1;
      if (BEYOND_LIMITS.has(error.reason)) this.counters.definitions_beyond_limits += 1;
      throw new AppError('invalid_definition', error.message, { cause: error });
    }
  }
}

function summaryOf(definition: ObjectDefinition): ObjectView {
  const { id, version, name, urn, lwm2mVersion, description } = definition;
  const multiple = definition.multiple === 'multiple';
  const mandatory = definition.mandatory === 'mandatory';
  return { id, version, name, urn, lwm2mVersion, multiple, mandatory, description };
}

function viewOf(definition: ObjectDefinition): ObjectView {
  const resources = [...definition.resources.values()].map((resource) => ({
    ...resource,
    multiple: resource.multiple === 'multiple',
    mandatory: resource.mandatory === 'mandatory',
  }));
  return { ...summaryOf(definition), resources };
}

function keyOf({ object, version }: Pick<ModelRecord, 'object' | 'version'>): string {
  return `${object}/${version}`;
}

/** What was accepted once is read again whatever the limits are now. */
const STORED_LIMITS: DefinitionLimits = { bytes: Infinity, depth: Infinity, elements: Infinity };
/** Reasons of a DecodeError that speak of a limit. */
const BEYOND_LIMITS: ReadonlySet<string> = new Set(['too_large', 'too_deep', 'too_many_elements']);
