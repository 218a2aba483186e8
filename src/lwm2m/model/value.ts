/**
 * Values and the tree they stand in (LwM2M-Core 1.1.1 Appendix C). A Scalar carries its type, so that what a device sent
 * is kept exactly: integers beyond 2^53 are bigint, opaque values are bytes. Nodes carry no path; whoever holds a node
 * knows where it belongs.
 */

import type { Path } from './path.js';

/** The nine data types, in the spelling of our API. */
export const RESOURCE_TYPES = [
  'string',
  'integer',
  'unsigned',
  'float',
  'boolean',
  'opaque',
  'time',
  'objlnk',
  'corelnk',
] as const;
/** One of the nine data types. */
export type ResourceType = (typeof RESOURCE_TYPES)[number];

/** A link to an object instance; 65535:65535 is the null link. */
export interface ObjectLink {
  readonly object: number;
  readonly instance: number;
}

/** One value with its type. Integers are numbers when a double holds them exactly and bigint otherwise; time is Unix seconds. */
export type Scalar =
  | { readonly type: 'string' | 'corelnk'; readonly value: string }
  | { readonly type: 'integer' | 'unsigned' | 'time'; readonly value: number | bigint }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'opaque'; readonly value: Uint8Array }
  | { readonly type: 'objlnk'; readonly value: ObjectLink };

/** A resource with one value, or one resource instance. */
export interface SingleNode {
  readonly kind: 'single';
  readonly value: Scalar;
}

/** A resource with instances; may be empty. */
export interface MultipleNode {
  readonly kind: 'multiple';
  readonly values: ReadonlyMap<number, Scalar>;
}

/** What stands at a resource. */
export type ResourceNode = SingleNode | MultipleNode;

/** An object instance: its resources by id. */
export interface InstanceNode {
  readonly kind: 'instance';
  readonly resources: ReadonlyMap<number, ResourceNode>;
}

/** An object: its instances by id. */
export interface ObjectNode {
  readonly kind: 'object';
  readonly instances: ReadonlyMap<number, InstanceNode>;
}

/** What stands at a path of one to four ids. */
export type Node = ResourceNode | InstanceNode | ObjectNode;

/** A node with its path and, for historical values, the device's time of it in Unix seconds. */
export interface PlacedNode {
  readonly path: Path;
  readonly node: Node;
  readonly time?: number;
}

/** What a composite write does at a path: a node to write, or the removal of a resource instance (LwM2M-Core 1.2 §6.3.9). */
export type CompositeEntry = PlacedNode | { readonly path: Path; readonly node: 'removed' };

/** An integer as number when a double holds it exactly, else as bigint. */
export function exactInteger(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}
