/**
 * What faults do to the content of answers and notifications: values that are missing, added or wrong, links without what belongs
 * to them, and bytes that are none of it.
 */

import { decodeUtf8, encodeUtf8 } from '#base';
import { isWithin, samePath, showPath } from '#lwm2m/model';
import type { InstanceNode, Node, Path, PlacedNode, ResourceNode, Scalar } from '#lwm2m/model';

import { sameScalar } from './notify.js';

/** One change of content. */
export type PayloadEdit =
  /** What stands at or below the path is missing: of values, and of links. */
  | { readonly kind: 'without'; readonly path: Path }
  /** A value stands at a path of three or four ids, in place of what was there if anything was; or of the value `over` alone. */
  | { readonly kind: 'with'; readonly path: Path; readonly value: Scalar; readonly over?: Scalar }
  /** Of the links of a Discover these attributes are missing, or all; at one path, or at all. */
  | { readonly kind: 'withoutAttributes'; readonly path?: Path; readonly names?: readonly string[] }
  /** A link is added, such as `</3/0/99>`. */
  | { readonly kind: 'withLink'; readonly link: string }
  /** The payload ends that many bytes early. */
  | { readonly kind: 'cut'; readonly bytes: number }
  /** The payload is this. */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array };

/** Nodes of an answer with the edits of values done; empty when nothing is left. */
export function editNodes(nodes: readonly PlacedNode[], edits: readonly PayloadEdit[]): readonly PlacedNode[] {
  let edited = nodes;
  for (const edit of edits) {
    if (edit.kind === 'without') edited = edited.flatMap((placed) => without(placed, edit.path));
    else if (edit.kind === 'with' && isOver(edited, edit)) edited = withValue(edited, edit.path, edit.value);
  }
  return edited;
}

/** Links of a Discover answer, as text, with the edits of links done. */
export function editLinks(payload: Uint8Array, edits: readonly PayloadEdit[]): Uint8Array {
  let links = decodeUtf8(payload).split(',');
  for (const edit of edits) {
    if (edit.kind === 'without') links = links.filter((link) => !isLinkWithin(link, edit.path));
    else if (edit.kind === 'withLink') links = [...links, edit.link];
    else if (edit.kind === 'withoutAttributes') {
      const { path, names } = edit;
      links = links.map((link) => (path === undefined || targetOf(link) === showPath(path) ? bare(link, names) : link));
    }
  }
  return encodeUtf8(links.join(','));
}

/** A payload with the edits of bytes done. */
export function editBytes(payload: Uint8Array, edits: readonly PayloadEdit[]): Uint8Array {
  let edited = payload;
  for (const edit of edits) {
    if (edit.kind === 'cut') edited = edited.subarray(0, Math.max(0, edited.length - edit.bytes));
    else if (edit.kind === 'bytes') edited = edit.bytes;
  }
  return edited;
}

/** Whether an edit is of values. */
export function isOfValues({ kind }: PayloadEdit): boolean {
  return kind === 'without' || kind === 'with';
}

/** Whether a value is to be put there. */
function isOver(nodes: readonly PlacedNode[], { path, over }: Extract<PayloadEdit, { kind: 'with' }>): boolean {
  return over === undefined || nodes.some((placed) => isWithin(path, placed.path) && holds(placed, path, over));
}

function holds({ node, path: at }: PlacedNode, path: Path, value: Scalar): boolean {
  let found: Node | Scalar | undefined = node;
  for (const id of path.slice(at.length))
    found = found === undefined || 'type' in found ? undefined : childOf(found, id);
  const scalar = found !== undefined && 'kind' in found ? (found.kind === 'single' ? found.value : undefined) : found;
  return scalar !== undefined && sameScalar(scalar, value);
}

function childOf(node: Node, id: number): Node | Scalar | undefined {
  switch (node.kind) {
    case 'object':
      return node.instances.get(id);
    case 'instance':
      return node.resources.get(id);
    case 'multiple':
      return node.values.get(id);
    case 'single':
      return undefined;
  }
}

function without(placed: PlacedNode, path: Path): PlacedNode[] {
  if (isWithin(placed.path, path)) return [];
  if (!isWithin(path, placed.path)) return [placed];
  return [{ ...placed, node: prune(placed.node, path.slice(placed.path.length)) }];
}

/** The node without what stands at the ids below it. */
function prune(node: Node, [id, ...rest]: Path): Node {
  if (id === undefined) return node;
  switch (node.kind) {
    case 'object':
      return { kind: 'object', instances: pruned(node.instances, id, rest) };
    case 'instance':
      return { kind: 'instance', resources: pruned(node.resources, id, rest) };
    case 'multiple':
      return { kind: 'multiple', values: new Map([...node.values].filter(([one]) => one !== id)) };
    case 'single':
      return node;
  }
}

function pruned<T extends Node>(children: ReadonlyMap<number, T>, id: number, rest: Path): ReadonlyMap<number, T> {
  const left = new Map(children);
  const child = left.get(id);
  if (child === undefined || rest.length === 0) left.delete(id);
  // What is below an instance or a resource stays one.
  else left.set(id, prune(child, rest) as T);
  return left;
}

/** Puts a value where it belongs; at a path that is in none of the nodes it is one more. */
function withValue(nodes: readonly PlacedNode[], path: Path, value: Scalar): readonly PlacedNode[] {
  if (!nodes.some((placed) => isWithin(path, placed.path)))
    return [...nodes, { path, node: { kind: 'single', value } }];
  return nodes.map((placed) => {
    if (samePath(placed.path, path)) return { ...placed, node: { kind: 'single', value } };
    if (!isWithin(path, placed.path)) return placed;
    return { ...placed, node: planted(placed.node, path.slice(placed.path.length), value) };
  });
}

function planted(node: Node, [id, ...rest]: Path, value: Scalar): Node {
  if (id === undefined) return { kind: 'single', value };
  switch (node.kind) {
    case 'object': {
      const instance = node.instances.get(id) ?? { kind: 'instance', resources: new Map<number, ResourceNode>() };
      const grown = planted(instance, rest, value) as InstanceNode;
      return { kind: 'object', instances: new Map([...node.instances, [id, grown]]) };
    }
    case 'instance': {
      const resource = node.resources.get(id) ?? { kind: 'multiple', values: new Map<number, Scalar>() };
      const grown = planted(resource, rest, value) as ResourceNode;
      return { kind: 'instance', resources: new Map([...node.resources, [id, grown]]) };
    }
    case 'multiple':
      return { kind: 'multiple', values: new Map([...node.values, [id, value]]) };
    case 'single':
      return { kind: 'multiple', values: new Map([[id, value]]) };
  }
}

function targetOf(link: string): string {
  return link.slice(1, link.indexOf('>'));
}

function isLinkWithin(link: string, path: Path): boolean {
  const target = targetOf(link);
  return target === showPath(path) || target.startsWith(`${showPath(path)}/`);
}

/** A link without some of its attributes, or without all. */
function bare(link: string, names: readonly string[] | undefined): string {
  const [target = '', ...attributes] = link.split(';');
  const left = attributes.filter((attribute) => names !== undefined && !names.includes(attribute.split('=')[0] ?? ''));
  return [target, ...left].join(';');
}
