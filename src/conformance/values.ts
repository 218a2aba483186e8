/** Values as a flat list, path by path, whatever shape they came in. */

import { nodeToJson, showPath } from '#lwm2m/model';
import type { ModelView, PlacedNode } from '#lwm2m/model';

/** Values by the path of the resource or resource instance, as the API shows them. */
export type FlatValues = ReadonlyMap<string, unknown>;

/** All values in a node of the API: `{path, value}`, `{path, values}`, `{path, resources}`, `{path, instances}`. */
export function flatten(node: unknown): Map<string, unknown> {
  const found = new Map<string, unknown>();
  collect(node, found);
  return found;
}

/** All values in the nodes of a composite answer, by path. */
export function flattenAll(nodes: unknown): Map<string, unknown> {
  const found = new Map<string, unknown>();
  if (isRecord(nodes)) for (const node of Object.values(nodes)) collect(node, found);
  return found;
}

/** All values that were decoded from a payload. */
export function flattenNodes(nodes: readonly PlacedNode[], model: ModelView): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const { path, node } of nodes) collect(nodeToJson(path, node, model), found);
  return found;
}

/** Whether `path` is `under` or below it; everything is below the root. */
export function isUnder(path: string, under: string): boolean {
  return under === '/' || path === under || path.startsWith(`${under}/`);
}

/** Whether two values of the API are the same. */
export function sameValue(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

/** A path of ids as text. */
export function pathText(...ids: readonly number[]): string {
  return showPath(ids);
}

function collect(node: unknown, found: Map<string, unknown>): void {
  if (!isRecord(node)) return;
  const { path, value, values, resources, instances } = node;
  if (value !== undefined) found.set(String(path), value);
  if (isRecord(values)) for (const [id, one] of Object.entries(values)) found.set(`${String(path)}/${id}`, one);
  for (const children of [resources, instances])
    if (isRecord(children)) for (const child of Object.values(children)) collect(child, found);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
