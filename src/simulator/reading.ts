/**
 * Read, Observe's values and Discover (LwM2M-Core 1.1.1 §6.3.1, §6.3.2, §6.4.1): what stands at a path, in the format that
 * was asked for or that suits it.
 */

import { encodeUtf8 } from '#base';
import { Code, OptionNumber, uintOption } from '#coap/codec';
import type { Option } from '#coap/codec';
import { codecFor } from '#lwm2m/formats';
import { FORMATS, showPath } from '#lwm2m/model';
import type { Node, Path } from '#lwm2m/model';

import type { AttributeSet, AttributeStore } from './attributes.js';
import { RequestFault, badRequest, encoding, notAllowed, notFound } from './refusal.js';
import type { ObjectTree } from './objects.js';

/** An answer with content. */
export interface Content {
  readonly code: number;
  readonly options: readonly Option[];
  readonly payload: Uint8Array;
}

/** What may be read at a path. Throws RequestFault 4.04 when it is not there, 4.05 when it cannot be read. */
export function readableNode(tree: ObjectTree, path: Path): Node {
  checkThere(tree, path);
  const [object, , resource] = path as [number, number?, number?];
  if (resource !== undefined) {
    const definition = tree.kind.objects.get(object)?.resources.get(resource)?.definition;
    if (definition?.operations.includes('R') !== true) throw notAllowed(`${showPath(path)} cannot be read`);
  }
  const node = tree.node(path);
  if (node === undefined) throw notFound(`${showPath(path)} has no value`);
  return node;
}

/** The node as an answer. Throws RequestFault 4.06 when the format is not spoken or cannot carry it. */
export function contentOf(tree: ObjectTree, path: Path, node: Node, accept: number | undefined): Content {
  const format = accept ?? formatFor(tree, node);
  const codec = tree.kind.formats.has(format) ? codecFor(format) : undefined;
  if (codec === undefined) throw new RequestFault(Code.NOT_ACCEPTABLE, `content format ${format} is not spoken`);
  const payload = encoding(() => codec.encode(path, node, tree.kind.model));
  return { code: Code.CONTENT, options: [uintOption(OptionNumber.CONTENT_FORMAT, format)], payload };
}

/** The path exists, whether or not it can be read. Throws RequestFault 4.04, and 4.05 below a single resource. */
export function checkThere(tree: ObjectTree, path: Path): void {
  const [object, instance, resource, resourceInstance] = path as [number, number?, number?, number?];
  const kind = tree.kind.objects.get(object);
  if (kind === undefined) throw notFound(`object ${object} is not here`);
  if (instance === undefined) return;
  if (!tree.hasInstance(object, instance)) throw notFound(`instance ${showPath([object, instance])} is not here`);
  if (resource === undefined) return;
  if (!tree.resourcesOf(object, instance).includes(resource)) throw notFound(`${showPath(path)} is not here`);
  if (resourceInstance === undefined) return;
  if (tree.kind.lwm2m === '1.0') throw notAllowed('LwM2M 1.0 has no paths of resource instances');
  const definition = kind.resources.get(resource)?.definition;
  if (definition?.multiple !== 'multiple') throw notAllowed(`${showPath(path.slice(0, 3))} has no instances`);
  const value = tree.resource(object, instance, resource);
  if (value?.kind !== 'multiple' || !value.values.has(resourceInstance))
    throw notFound(`${showPath(path)} is not here`);
}

/**
 * The links of a Discover answer: the target with all attributes in force, and what lies below down to `depth` levels
 * (default two below an object, one else). Before 1.2 an object's answer says nothing of the attributes below it.
 */
export function discover(tree: ObjectTree, store: AttributeStore, path: Path, depth: number | undefined): Content {
  if (path.length === 4) throw notAllowed('a Discover names an object, an instance or a resource');
  checkThere(tree, path);
  if (depth !== undefined && tree.kind.lwm2m < '1.2') throw badRequest('depth is known from LwM2M 1.2 on');
  const links: string[] = [];
  const deepest = path.length + (depth ?? (path.length === 1 ? 2 : 1));
  const below = path.length === 1 && tree.kind.lwm2m < '1.2' ? 'bare' : 'attributes';
  addLinks(links, { tree, store, deepest, below }, path, store.inForce(path));
  return {
    code: Code.CONTENT,
    options: [uintOption(OptionNumber.CONTENT_FORMAT, FORMATS.link)],
    payload: encodeUtf8(links.join(',')),
  };
}

/** What a Discover walks with. */
interface Walk {
  readonly tree: ObjectTree;
  readonly store: AttributeStore;
  /** Ids of the longest paths that are listed. */
  readonly deepest: number;
  readonly below: 'bare' | 'attributes';
}

function addLinks(links: string[], walk: Walk, path: Path, attributes: AttributeSet): void {
  const first = links.length === 0;
  const says = first || walk.below === 'attributes';
  links.push(`<${showPath(path)}>${says ? properties(walk.tree, path) : ''}${says ? showAttributes(attributes) : ''}`);
  if (path.length >= walk.deepest) return;
  for (const id of idsBelow(walk.tree, path)) {
    const child = [...path, id];
    addLinks(links, walk, child, walk.store.own(child));
  }
}

function idsBelow(tree: ObjectTree, path: Path): readonly number[] {
  const [object, instance, resource] = path as [number, number?, number?];
  if (instance === undefined) return tree.instancesOf(object);
  if (resource === undefined) return tree.resourcesOf(object, instance);
  if (tree.kind.lwm2m === '1.0') return [];
  const value = tree.resource(object, instance, resource);
  return value?.kind === 'multiple' ? [...value.values.keys()] : [];
}

/** `ver` of an object that is not 1.0, `dim` of a multiple resource. */
function properties(tree: ObjectTree, path: Path): string {
  const [object, instance, resource] = path as [number, number?, number?];
  if (instance === undefined) {
    const version = tree.kind.objects.get(object)?.version ?? '1.0';
    return version === '1.0' ? '' : `;ver=${version}`;
  }
  if (resource === undefined || path.length > 3) return '';
  const value = tree.resource(object, instance, resource);
  return value?.kind === 'multiple' ? `;dim=${value.values.size}` : '';
}

function showAttributes(attributes: AttributeSet): string {
  let text = '';
  for (const [name, value] of Object.entries(attributes)) text += `;${name}=${value}`;
  return text;
}

/** One value goes as text, or opaque as bytes; several in the format every version of the device has for them. */
function formatFor(tree: ObjectTree, node: Node): number {
  if (node.kind === 'single') return node.value.type === 'opaque' ? FORMATS.opaque : FORMATS.text;
  return tree.kind.lwm2m === '1.0' ? FORMATS.tlv : FORMATS['senml-cbor'];
}
