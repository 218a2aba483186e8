/**
 * The object model: what is known of objects and their resources, by id and version (LwM2M-Core 1.1.1 §7.2, Appendix D).
 * Several versions stand side by side, because devices announce different ones. A version differs from another of the
 * same major only in optional things, so a device of an unknown minor version is read with the newest one known.
 */

import type { ResourceType } from './value.js';

/** What a server may do with a resource; '' is for the Bootstrap-Server and the device itself only. */
export type ResourceOperations = 'R' | 'W' | 'RW' | 'E' | '';

/** One resource of an object, as the registry describes it. */
export interface ResourceDefinition {
  /** 0 to 65534. */
  readonly id: number;
  readonly name: string;
  readonly operations: ResourceOperations;
  readonly multiple: 'single' | 'multiple';
  readonly mandatory: 'mandatory' | 'optional';
  /** 'none' for what has no value: an executable. */
  readonly type: ResourceType | 'none';
  /** Range or enumeration as registered; free text. */
  readonly range?: string;
  /** Unit symbol of SenML (RFC 8428 §12.1) as registered. */
  readonly units?: string;
  readonly description: string;
}

/** One version of an object. */
export interface ObjectDefinition {
  /** 0 to 65534. */
  readonly id: number;
  /** `major.minor`, such as `1.0`. */
  readonly version: string;
  readonly name: string;
  readonly urn: string;
  /** Lowest enabler version the object needs, such as `1.1`. */
  readonly lwm2mVersion: string;
  readonly multiple: 'single' | 'multiple';
  readonly mandatory: 'mandatory' | 'optional';
  readonly description: string;
  /** By resource id, ascending. */
  readonly resources: ReadonlyMap<number, ResourceDefinition>;
}

/** What the codecs ask: the definitions that hold for one device. */
export interface ModelView {
  object(id: number): ObjectDefinition | undefined;
  resource(object: number, resource: number): ResourceDefinition | undefined;
}

/** Definitions by id and version. Adding is rare, looking up is hot. */
export class ObjectCatalogue {
  /** Per object, the newest version first. */
  readonly #versions = new Map<number, readonly ObjectDefinition[]>();

  /** Adds a definition; one of the same id and version is replaced. */
  add(definition: ObjectDefinition): void {
    const others = (this.#versions.get(definition.id) ?? []).filter((known) => known.version !== definition.version);
    const sorted = [...others, definition].sort((left, right) => compareVersions(right.version, left.version));
    this.#versions.set(definition.id, sorted);
  }

  /** The definition of that version; else the newest known one with the same major version; else undefined. */
  find(id: number, version: string): ObjectDefinition | undefined {
    const known = this.#versions.get(id);
    if (known === undefined) return undefined;
    for (const definition of known) if (definition.version === version) return definition;
    const major = majorOf(version);
    for (const definition of known) if (majorOf(definition.version) === major) return definition;
    return undefined;
  }

  /** The known versions of an object, the newest first. */
  versions(id: number): readonly string[] {
    return (this.#versions.get(id) ?? []).map((definition) => definition.version);
  }

  /** Every definition, by ascending id, the newest version of each first. */
  all(): readonly ObjectDefinition[] {
    return [...this.#versions.keys()].sort((left, right) => left - right).flatMap((id) => this.#versions.get(id) ?? []);
  }
}

/**
 * One device's view of a catalogue. `versions` names the version the device has of an object, undefined when it has not
 * got the object: then there is no definition. Holds two references and caches nothing, so one view serves all devices
 * with the same object list and sees what is added to the catalogue later.
 */
export function viewFor(catalogue: ObjectCatalogue, versions: (object: number) => string | undefined): ModelView {
  return new CatalogueView(catalogue, versions);
}

class CatalogueView implements ModelView {
  readonly #catalogue: ObjectCatalogue;
  readonly #versionOf: (object: number) => string | undefined;

  constructor(catalogue: ObjectCatalogue, versionOf: (object: number) => string | undefined) {
    this.#catalogue = catalogue;
    this.#versionOf = versionOf;
  }

  object(id: number): ObjectDefinition | undefined {
    const version = this.#versionOf(id);
    return version === undefined ? undefined : this.#catalogue.find(id, version);
  }

  resource(object: number, resource: number): ResourceDefinition | undefined {
    return this.object(object)?.resources.get(resource);
  }
}

/** The version that an object has when a device of that enabler does not state one (LwM2M-Core 1.1.1 §7.2.2). */
export function coreVersion(enabler: '1.0' | '1.1' | '1.2', object: number): string {
  return BUNDLED[enabler].get(object) ?? '1.0';
}

/** Object versions bundled with each enabler where they are not 1.0; the column of 1.1 is that of 1.1.1. */
const BUNDLED: Readonly<Record<'1.0' | '1.1' | '1.2', ReadonlyMap<number, string>>> = {
  '1.0': new Map(),
  '1.1': new Map([
    [0, '1.1'],
    [1, '1.1'],
    [3, '1.1'],
    [4, '1.2'],
  ]),
  '1.2': new Map([
    [0, '1.2'],
    [1, '1.2'],
    [2, '1.1'],
    [3, '1.2'],
    [4, '1.3'],
    [5, '1.1'],
    [21, '2.0'],
  ]),
};

/** Negative when `left` is the older of two `major.minor` versions, by number and not by letter. */
function compareVersions(left: string, right: string): number {
  return majorOf(left) - majorOf(right) || minorOf(left) - minorOf(right);
}

function majorOf(version: string): number {
  const dot = version.indexOf('.');
  return Number(dot < 0 ? version : version.slice(0, dot));
}

function minorOf(version: string): number {
  const dot = version.indexOf('.');
  return dot < 0 ? 0 : Number(version.slice(dot + 1));
}
