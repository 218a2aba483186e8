/**
 * The object instances of one device. What nobody changed is shared with all devices of the kind; an instance holds only
 * what was written, created or removed. Behaviours tell the values that change by themselves.
 */

import type { InstanceNode, Node, ObjectNode, Path, ResourceNode, Scalar } from '#lwm2m/model';

import type { Hardware } from './hardware.js';
import { objectLinks } from './kind.js';
import type { DeviceKind, ObjectKind, ResourceKind } from './kind.js';

/** What differs from a fresh instance. */
interface Instance {
  /** Values in place of the first ones. */
  written: Map<number, ResourceNode> | undefined;
  /** Resources that a fresh instance has and this one has not. */
  absent: Set<number> | undefined;
}

/** All instances of one device. */
export class ObjectTree {
  readonly kind: DeviceKind;
  readonly #hardware: Hardware;
  readonly #instances = new Map<number, Map<number, Instance>>();

  constructor(kind: DeviceKind, hardware: Hardware) {
    this.kind = kind;
    this.#hardware = hardware;
    this.reset();
  }

  /** Makes everything as it was when the device was new. */
  reset(): void {
    this.#instances.clear();
    for (const [id, { instances }] of this.kind.objects) {
      this.#instances.set(id, new Map(instances.map((instance) => [instance, fresh()])));
    }
  }

  /** Ids of an object's instances, ascending; none for an object the device has not got. */
  instancesOf(object: number): readonly number[] {
    return [...(this.#instances.get(object)?.keys() ?? [])].sort((left, right) => left - right);
  }

  hasInstance(object: number, instance: number): boolean {
    return this.#instances.get(object)?.has(instance) ?? false;
  }

  /** The smallest instance id that is free. */
  freeInstance(object: number): number {
    let free = 0;
    while (this.hasInstance(object, free)) free += 1;
    return free;
  }

  /** The value of a resource, readable or not; undefined when it is not there or has none. */
  resource(object: number, instance: number, resource: number): ResourceNode | undefined {
    const kind = this.kind.objects.get(object)?.resources.get(resource);
    const known = this.#instances.get(object)?.get(instance);
    return kind === undefined || known === undefined ? undefined : this.#valueOf(kind, known, resource, instance);
  }

  /** What a server may read at a path of one to four ids; undefined when there is nothing. */
  node(path: Path): Node | undefined {
    const [object, instance, resource, resourceInstance] = path as [number, number?, number?, number?];
    const kind = this.kind.objects.get(object);
    if (kind === undefined) return undefined;
    if (instance === undefined) return this.#objectNode(object, kind);
    const known = this.#instances.get(object)?.get(instance);
    if (known === undefined) return undefined;
    if (resource === undefined) return this.#instanceNode(kind, known, instance);
    const node = this.resource(object, instance, resource);
    if (node === undefined || resourceInstance === undefined) return node;
    const value = node.kind === 'multiple' ? node.values.get(resourceInstance) : undefined;
    return value === undefined ? undefined : { kind: 'single', value };
  }

  /** Ids of the resources an instance has, readable or not, executables included; ascending. */
  resourcesOf(object: number, instance: number): readonly number[] {
    const kind = this.kind.objects.get(object);
    const known = this.#instances.get(object)?.get(instance);
    if (kind === undefined || known === undefined) return [];
    return [...kind.resources.keys()].filter((id) => has(kind.resources.get(id) as ResourceKind, known, id));
  }

  /** Puts a value in place of what is there. */
  write(object: number, instance: number, resource: number, node: ResourceNode): void {
    const known = this.#instances.get(object)?.get(instance);
    const behaviour = this.kind.objects.get(object)?.resources.get(resource)?.behaviour;
    if (known === undefined) return;
    if (behaviour?.write !== undefined && node.kind === 'single') {
      behaviour.write(this.#hardware, node.value);
      return;
    }
    known.written ??= new Map();
    known.written.set(resource, node);
    known.absent?.delete(resource);
  }

  /** What was written over a resource, by whomever; undefined when nothing was. */
  written(object: number, instance: number, resource: number): ResourceNode | undefined {
    return this.#instances.get(object)?.get(instance)?.written?.get(resource);
  }

  /** Makes what was written over a resource be this, or (undefined) nothing: then it is as in a fresh instance. */
  rewrite(object: number, instance: number, resource: number, node: ResourceNode | undefined): void {
    const known = this.#instances.get(object)?.get(instance);
    if (node === undefined) known?.written?.delete(resource);
    else if (known !== undefined) this.write(object, instance, resource, node);
  }

  /** Takes a resource out of an instance. */
  remove(object: number, instance: number, resource: number): void {
    const known = this.#instances.get(object)?.get(instance);
    if (known === undefined) return;
    known.written?.delete(resource);
    known.absent ??= new Set();
    known.absent.add(resource);
  }

  /** Adds an instance: what is given, and of the rest what a server could not have given. */
  create(object: number, instance: number, given: ReadonlyMap<number, ResourceNode>): void {
    const kind = this.kind.objects.get(object);
    if (kind === undefined) return;
    const absent = new Set<number>();
    for (const [id, { definition }] of kind.resources) {
      if (!given.has(id) && definition.operations.includes('W')) absent.add(id);
    }
    this.#instances.get(object)?.set(instance, { written: new Map(given), absent });
  }

  delete(object: number, instance: number): void {
    this.#instances.get(object)?.delete(instance);
  }

  /** The object list to register with. */
  links(): string {
    return objectLinks(this.kind, (object) => this.instancesOf(object));
  }

  /** Seconds after which something readable at a path may have changed by itself; undefined when nothing does. */
  periodOf(path: Path): number | undefined {
    const [object, , resource] = path as [number, number?, number?];
    const resources = this.kind.objects.get(object)?.resources;
    if (resource !== undefined) return resources?.get(resource)?.behaviour?.period;
    let shortest: number | undefined;
    for (const { behaviour } of resources?.values() ?? []) {
      if (behaviour?.period === undefined || behaviour.wakes === 'own') continue;
      shortest = Math.min(shortest ?? behaviour.period, behaviour.period);
    }
    return shortest;
  }

  /** Whether a change of a resource wakes observers of levels above it. */
  wakesAll(object: number, resource: number): boolean {
    return this.kind.objects.get(object)?.resources.get(resource)?.behaviour?.wakes !== 'own';
  }

  #objectNode(object: number, kind: ObjectKind): ObjectNode {
    const instances = new Map<number, InstanceNode>();
    for (const id of this.instancesOf(object)) {
      const known = this.#instances.get(object)?.get(id);
      if (known !== undefined) instances.set(id, this.#instanceNode(kind, known, id));
    }
    return { kind: 'object', instances };
  }

  #instanceNode(kind: ObjectKind, known: Instance, instance: number): InstanceNode {
    const resources = new Map<number, ResourceNode>();
    for (const [id, resource] of kind.resources) {
      if (!resource.definition.operations.includes('R')) continue;
      const value = this.#valueOf(resource, known, id, instance);
      if (value !== undefined) resources.set(id, value);
    }
    return { kind: 'instance', resources };
  }

  #valueOf(kind: ResourceKind, known: Instance, id: number, instance: number): ResourceNode | undefined {
    const written = known.written?.get(id);
    if (written !== undefined) return written;
    if (known.absent?.has(id) === true) return undefined;
    return kind.behaviour?.value(this.#hardware, instance) ?? kind.first;
  }
}

/** The one value of a resource; undefined when it is not there or is multiple. */
export function scalarAt(tree: ObjectTree, object: number, instance: number, resource: number): Scalar | undefined {
  const node = tree.resource(object, instance, resource);
  return node?.kind === 'single' ? node.value : undefined;
}

/** The whole number at a resource; undefined when there is none. */
export function numberAt(tree: ObjectTree, object: number, instance: number, resource: number): number | undefined {
  const value = scalarAt(tree, object, instance, resource)?.value;
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined;
}

/** Executables and what can only be written are there although they have no value. */
function has(kind: ResourceKind, known: Instance, id: number): boolean {
  const { operations } = kind.definition;
  if (operations === 'E') return true;
  if (known.written?.has(id) === true) return true;
  if (known.absent?.has(id) === true) return operations === 'W';
  return operations === 'W' || kind.first !== undefined || kind.behaviour !== undefined;
}

function fresh(): Instance {
  return { written: undefined, absent: undefined };
}
