/**
 * Values that arrive one by one with their paths → the node at the path that was asked for. Used by the formats that list
 * values rather than nest them (SenML).
 */

import { DecodeError } from '#base';
import { isWithin, showPath } from '#lwm2m/model';
import type { ModelView, Node, Path, ResourceDefinition, ResourceNode, ResourceType, Scalar } from '#lwm2m/model';
import { outsidePath } from './codec.js';
import { addUniform } from './uniform.js';
import { scalarFromWire } from './wire.js';
import type { WireValue } from './wire.js';

/** Builds one node. */
export class TreeBuilder {
  readonly #target: Path;
  readonly #definitions: ReadonlyMap<number, ResourceDefinition> | undefined;
  readonly #instances = new Map<number, OpenInstance>();
  /** The instance of the last value, where the next one will mostly lie. */
  #lastId = -1;
  #last: OpenInstance = NOTHING;

  /** `target` is the path that was asked for, one to four ids. */
  constructor(target: Path, model: ModelView) {
    this.#target = target;
    this.#definitions = model.object(target[0] as number)?.resources;
  }

  /** Adds a value. Throws DecodeError: outside_path, bad_path, duplicate_path, bad_value, mixed_types. */
  add(path: Path, wire: WireValue): void {
    if (!isWithin(path, this.#target)) throw outsidePath(path, this.#target);
    if (path.length < 3) throw new DecodeError('bad_path', `a value at ${showPath(path)}, which is no resource`);
    const resource = path[2] as number;
    const type = this.#typeOf(resource);
    const scalar = scalarFromWire(type, wire, path);
    const resources = this.#instance(path[1] as number);
    const known = resources.get(resource);
    if (path.length === 3) {
      if (known !== undefined) throw duplicate(path);
      resources.set(resource, { kind: 'single', value: scalar });
      return;
    }
    const values = known === undefined ? open(resources, resource) : valuesOf(known, path);
    if (values.has(path[3] as number)) throw duplicate(path);
    if (type === undefined) addUniform(values, path, scalar);
    else values.set(path[3] as number, scalar);
  }

  /** An instance, or a multiple resource, that is there without content. Throws DecodeError(`outside_path`, `duplicate_path`). */
  addEmpty(path: Path): void {
    if (!isWithin(path, this.#target)) throw outsidePath(path, this.#target);
    if (path.length < 2) return;
    const resources = this.#instance(path[1] as number);
    if (path.length === 2) return;
    if (resources.has(path[2] as number)) throw duplicate(path);
    open(resources, path[2] as number);
  }

  /** The node. Throws DecodeError(`no_value`) when a single value was asked for and none came. */
  finish(): Node {
    const target = this.#target;
    if (target.length === 1) {
      const instances = new Map<number, { kind: 'instance'; resources: OpenInstance }>();
      for (const [id, resources] of this.#instances) instances.set(id, { kind: 'instance', resources });
      return { kind: 'object', instances };
    }
    const resources = this.#instances.get(target[1] as number);
    if (target.length === 2) return { kind: 'instance', resources: resources ?? new Map<number, ResourceNode>() };
    const resource = resources?.get(target[2] as number);
    if (resource === undefined) return this.#nothing();
    if (target.length === 3) return resource;
    const value = resource.kind === 'multiple' ? resource.values.get(target[3] as number) : undefined;
    return value === undefined ? this.#nothing() : { kind: 'single', value };
  }

  #typeOf(resource: number): ResourceType | undefined {
    const type = this.#definitions?.get(resource)?.type;
    return type === 'none' ? undefined : type;
  }

  #instance(id: number): OpenInstance {
    if (id === this.#lastId) return this.#last;
    let resources = this.#instances.get(id);
    if (resources === undefined) {
      resources = new Map<number, ResourceNode>();
      this.#instances.set(id, resources);
    }
    this.#lastId = id;
    this.#last = resources;
    return resources;
  }

  /** A multiple resource may be empty, anything else that was asked for must be there. */
  #nothing(): Node {
    const resource = this.#target[2] as number;
    if (this.#target.length === 3 && this.#definitions?.get(resource)?.multiple === 'multiple') {
      return { kind: 'multiple', values: new Map<number, Scalar>() };
    }
    throw new DecodeError('no_value', `no value for ${showPath(this.#target)} in the payload`);
  }
}

type OpenInstance = Map<number, ResourceNode>;

const NOTHING: OpenInstance = new Map<number, ResourceNode>();

function open(resources: OpenInstance, resource: number): Map<number, Scalar> {
  const values = new Map<number, Scalar>();
  resources.set(resource, { kind: 'multiple', values });
  return values;
}

/** The values of a resource that has resource instances already; it was made by `open`. */
function valuesOf(known: ResourceNode, path: Path): Map<number, Scalar> {
  if (known.kind === 'single') throw duplicate(path);
  return known.values as Map<number, Scalar>;
}

function duplicate(path: Path): DecodeError {
  return new DecodeError('duplicate_path', `${showPath(path)} appears twice`);
}
