/**
 * Write (replace and update), Create and Delete (LwM2M-Core 1.1.1 §6.3.3, §6.3.7, §6.3.8). Everything is judged before
 * anything is changed, so a refused request leaves the device as it was.
 */

import { decodeUtf8 } from '#base';
import { Code } from '#coap/codec';
import { codecFor } from '#lwm2m/formats';
import type { FormatCodec } from '#lwm2m/formats';
import { FORMATS, showPath } from '#lwm2m/model';
import type { InstanceNode, Node, Path, ResourceNode, Scalar } from '#lwm2m/model';

import { RequestFault, badRequest, notAllowed, notFound, refusing } from './refusal.js';
import type { ObjectKind } from './kind.js';
import type { ObjectTree } from './objects.js';
import { rangeFault } from './ranges.js';
import { settingFault } from './server-object.js';
import { checkThere } from './reading.js';

/** A payload with its format, as a request carries it. */
export interface Payload {
  readonly format: number | undefined;
  readonly bytes: Uint8Array;
}

/** PUT on an instance, resource or resource instance: what is there is replaced. */
export function replace(tree: ObjectTree, path: Path, payload: Payload): void {
  if (path.length === 1) throw notAllowed('an object cannot be written as a whole');
  checkWritable(tree, path);
  const node = decode(tree, path, payload);
  if (path.length === 2) replaceInstance(tree, path, node as InstanceNode);
  else if (path.length === 3) {
    judgeResource(tree, path, node as ResourceNode);
    writeAt(tree, path, node as ResourceNode);
  } else writeResourceInstance(tree, path, node);
}

/** POST on an instance, or from 1.2 on a multiple resource: only what is given changes; resource instances are added. */
export function update(tree: ObjectTree, path: Path, payload: Payload): void {
  checkWritable(tree, path);
  const node = decode(tree, path, payload);
  const resource = path[2];
  const given: InstanceNode['resources'] =
    resource === undefined ? (node as InstanceNode).resources : new Map([[resource, node as ResourceNode]]);
  partialWrite(tree, path.slice(0, 2), given)();
}

/** Judges a partial write of an instance; what it returns carries it out. Throws RequestFault 4.00, 4.04 or 4.05. */
export function partialWrite(tree: ObjectTree, instance: Path, given: InstanceNode['resources']): () => void {
  checkThere(tree, instance);
  for (const [id, value] of given) judgeResource(tree, [...instance, id], value);
  return () => {
    for (const [id, value] of given) writeAt(tree, [...instance, id], added(tree, [...instance, id], value));
  };
}

/**
 * POST on an object: a new instance, with the id that is given or the smallest that is free. Returns the path and whether
 * the device chose the id.
 */
export function create(
  tree: ObjectTree,
  object: number,
  payload: Payload,
): { readonly path: Path; readonly chosen: 'here' | 'by server' } {
  const kind = tree.kind.objects.get(object);
  if (kind === undefined) throw notFound(`object ${object} is not here`);
  const full = kind.definition.multiple === 'single' && tree.instancesOf(object).length > 0;
  if (kind.instancesAre === 'fixed' || full) throw notAllowed(`no instance of object ${object} can be created`);
  const { id, resources } = newInstance(tree, object, payload);
  const instance = id ?? tree.freeInstance(object);
  if (tree.hasInstance(object, instance)) throw badRequest(`instance ${showPath([object, instance])} is here already`);
  if (kind.definition.multiple === 'single' && instance !== 0) throw badRequest('the one instance has the id 0');
  for (const [resource, node] of resources) judgeGiven(kind, [object, instance, resource], node);
  for (const [resource, { definition }] of kind.resources) {
    const needed = definition.mandatory === 'mandatory' && definition.operations.includes('W');
    if (needed && !resources.has(resource)) throw badRequest(`resource ${resource} (${definition.name}) is missing`);
  }
  tree.create(object, instance, resources);
  return { path: [object, instance], chosen: id === undefined ? 'here' : 'by server' };
}

/** DELETE of an instance, or from 1.2 of a resource instance. */
export function remove(tree: ObjectTree, path: Path): void {
  const [object, instance, resource] = path as [number, number?, number?];
  if (path.length === 4 && tree.kind.lwm2m >= '1.2') {
    removal(tree, path)();
    return;
  }
  if (instance === undefined || resource !== undefined) throw notAllowed('a Delete names an instance');
  checkThere(tree, path);
  if (tree.kind.objects.get(object)?.instancesAre === 'fixed') throw notAllowed(`${showPath(path)} stays`);
  tree.delete(object, instance);
}

/** What is given takes its place; of the rest the writable options go, all else stays. */
function replaceInstance(tree: ObjectTree, path: Path, node: InstanceNode): void {
  const [object, instance] = path as [number, number];
  for (const [id, value] of node.resources) judgeResource(tree, [object, instance, id], value);
  for (const [id, { definition }] of tree.kind.objects.get(object)?.resources ?? []) {
    const given = node.resources.get(id);
    if (given !== undefined) writeAt(tree, [object, instance, id], given);
    else if (definition.operations === 'RW' && definition.mandatory === 'optional') tree.remove(object, instance, id);
  }
}

function writeResourceInstance(tree: ObjectTree, path: Path, node: Node): void {
  if (node.kind !== 'single') throw badRequest('a resource instance has one value');
  const values = new Map<number, Scalar>([[path[3] as number, node.value]]);
  const resourcePath = path.slice(0, 3);
  judgeResource(tree, resourcePath, { kind: 'multiple', values });
  writeAt(tree, resourcePath, added(tree, resourcePath, { kind: 'multiple', values }));
}

/** Judges the removal of a resource instance; what it returns carries it out. Throws RequestFault 4.04 or 4.05. */
export function removal(tree: ObjectTree, path: Path): () => void {
  checkThere(tree, path);
  const [object, instance, resource, resourceInstance] = path as [number, number, number, number];
  const definition = tree.kind.objects.get(object)?.resources.get(resource)?.definition;
  if (definition?.operations.includes('W') !== true) throw notAllowed(`${showPath(path)} stays`);
  return () => {
    const value = tree.resource(object, instance, resource);
    const values = new Map(value?.kind === 'multiple' ? value.values : []);
    values.delete(resourceInstance);
    tree.write(object, instance, resource, { kind: 'multiple', values });
  };
}

/** Whether a server may write at a path at all, whatever the value. Throws RequestFault 4.04 or 4.05. */
function checkWritable(tree: ObjectTree, path: Path): void {
  checkThere(tree, path.slice(0, 2));
  const [object, , resource] = path as [number, number, number?];
  if (resource === undefined) return;
  const definition = tree.kind.objects.get(object)?.resources.get(resource)?.definition;
  if (definition === undefined) throw notFound(`${showPath(path)} is not here`);
  if (!definition.operations.includes('W')) throw notAllowed(`${showPath(path)} cannot be written`);
  if (path.length < 4) return;
  if (tree.kind.lwm2m === '1.0') throw notAllowed('LwM2M 1.0 has no paths of resource instances');
  if (definition.multiple !== 'multiple') throw notAllowed(`${showPath(path.slice(0, 3))} has no instances`);
}

/** Whether a server may write this there. Throws RequestFault 4.04, 4.05 or 4.00. */
function judgeResource(tree: ObjectTree, path: Path, node: ResourceNode): void {
  const [object, , resource] = path as [number, number, number];
  const kind = tree.kind.objects.get(object);
  if (kind === undefined) throw notFound(`${showPath(path)} is not here`);
  checkWritable(tree, path);
  judgeGiven(kind, path, node);
  if (node.kind === 'multiple') return;
  const fault =
    kind.resources.get(resource)?.behaviour?.writeFault?.(node.value) ??
    (object === 1 ? settingFault(tree.kind.lwm2m, resource, node.value) : undefined);
  if (fault !== undefined) throw badRequest(`${showPath(path)}: ${fault}`);
}

/** Whether a value fits its definition. Throws RequestFault 4.04 or 4.00. */
function judgeGiven(kind: ObjectKind, path: Path, node: ResourceNode): void {
  const definition = kind.resources.get(path[2] as number)?.definition;
  if (definition === undefined) throw notFound(`${showPath(path)} is not here`);
  if (definition.operations === 'E') throw notAllowed(`${showPath(path)} can only be executed`);
  if ((definition.multiple === 'multiple') !== (node.kind === 'multiple')) {
    throw badRequest(`${showPath(path)} has ${definition.multiple === 'multiple' ? 'instances' : 'one value'}`);
  }
  for (const scalar of node.kind === 'single' ? [node.value] : node.values.values()) {
    const fault = scalar.type === definition.type ? rangeFault(definition, scalar) : `a value of type ${scalar.type}`;
    if (fault !== undefined) throw badRequest(`${showPath(path)}: ${fault}`);
  }
}

/** The node with what is there already added, for a multiple resource. */
function added(tree: ObjectTree, path: Path, node: ResourceNode): ResourceNode {
  const [object, instance, resource] = path as [number, number, number];
  const before = node.kind === 'multiple' ? tree.resource(object, instance, resource) : undefined;
  if (node.kind === 'single' || before?.kind !== 'multiple') return node;
  return { kind: 'multiple', values: new Map([...before.values, ...node.values]) };
}

function writeAt(tree: ObjectTree, path: Path, node: ResourceNode): void {
  const [object, instance, resource] = path as [number, number, number];
  tree.write(object, instance, resource, node);
}

/** The payload as the node at `path`. Throws RequestFault 4.00, 4.13 or 4.15. */
function decode(tree: ObjectTree, path: Path, payload: Payload): Node {
  const codec = codecOf(tree, path, payload.format);
  const [placed, ...more] = refusing(() => codec.decode(payload.bytes, path, tree.kind.model));
  if (placed === undefined || more.length > 0 || placed.time !== undefined) {
    throw badRequest('values with a time of their own cannot be written');
  }
  return placed.node;
}

/** A payload of one value may come without Content-Format; then it is text, or bytes where the value is opaque. */
function codecOf(tree: ObjectTree, path: Path, format: number | undefined): FormatCodec {
  const number = format ?? formatOfOne(tree, path);
  const codec = tree.kind.formats.has(number) ? codecFor(number) : undefined;
  if (codec !== undefined) return codec;
  throw new RequestFault(Code.UNSUPPORTED_CONTENT_FORMAT, `content format ${number} is not spoken`);
}

function formatOfOne(tree: ObjectTree, [object, , resource]: Path): number {
  if (object === undefined || resource === undefined) throw badRequest('the payload has no Content-Format');
  return tree.kind.model.resource(object, resource)?.type === 'opaque' ? FORMATS.opaque : FORMATS.text;
}

/** What a Create carries: in TLV with or without the instance's own TLV, in SenML with full paths. */
function newInstance(
  tree: ObjectTree,
  object: number,
  payload: Payload,
): { readonly id: number | undefined; readonly resources: ReadonlyMap<number, ResourceNode> } {
  if (payload.bytes.length === 0) return { id: undefined, resources: new Map<number, ResourceNode>() };
  const bare = payload.format === FORMATS.tlv && (payload.bytes[0] as number) >> 6 !== 0;
  if (bare) {
    const node = decode(tree, [object, tree.freeInstance(object)], payload);
    return { id: undefined, resources: node.kind === 'instance' ? node.resources : new Map<number, ResourceNode>() };
  }
  const node = decode(tree, [object], payload);
  const [first, ...others] = node.kind === 'object' ? node.instances : [];
  if (first === undefined || others.length > 0) throw badRequest('a Create makes one instance');
  return { id: first[0], resources: first[1].resources };
}

/** The text of a payload, such as the arguments of Execute. Throws RequestFault 4.00 for what is not UTF-8. */
export function textOf(bytes: Uint8Array): string {
  try {
    return bytes.length === 0 ? '' : decodeUtf8(bytes);
  } catch {
    throw badRequest('the payload is not UTF-8');
  }
}
