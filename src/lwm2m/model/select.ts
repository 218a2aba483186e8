/** Finding what was asked for in the objects that a composite answer holds (LwM2M-Core 1.1.1 §6.3.8). */

import { isWithin } from './path.js';
import type { Path } from './path.js';
import type { Node, PlacedNode } from './value.js';

/**
 * What stands at `paths` in `objects`, object nodes as an answer brought them, in the order of the paths; of several times the
 * latest. The root stands for every object. A path at which nothing is, is left out: that is no error of a composite read.
 */
export function selectNodes(paths: readonly Path[], objects: readonly PlacedNode[]): PlacedNode[] {
  const found: PlacedNode[] = [];
  for (const path of paths) {
    const places = path.length === 0 ? objectsIn(objects) : [path];
    for (const place of places) {
      const node = latestAt(place, objects);
      if (node !== undefined) found.push({ path: place, node });
    }
  }
  return found;
}

/** The first resource in `objects` that lies at none of `paths` and above none; undefined when all were asked for. */
export function strayPath(paths: readonly Path[], objects: readonly PlacedNode[]): Path | undefined {
  for (const { path, node } of objects) {
    if (node.kind !== 'object') continue;
    for (const [instance, { resources }] of node.instances) {
      for (const [resource, content] of resources) {
        const at = [...path, instance, resource];
        if (paths.some((asked) => isWithin(at, asked))) continue;
        const ids = content.kind === 'multiple' ? [...content.values.keys()] : [];
        const strays = ids.filter((id) => !paths.some((asked) => isWithin([...at, id], asked)));
        if (ids.length === 0 || strays.length > 0) return strays[0] === undefined ? at : [...at, strays[0]];
      }
    }
  }
  return undefined;
}

function objectsIn(objects: readonly PlacedNode[]): Path[] {
  return [...new Set(objects.map(({ path }) => path[0] as number))].map((object) => [object]);
}

function latestAt(path: Path, objects: readonly PlacedNode[]): Node | undefined {
  let latest: Node | undefined;
  let latestTime = Number.NEGATIVE_INFINITY;
  for (const { path: object, node, time = Number.POSITIVE_INFINITY } of objects) {
    if (object[0] !== path[0] || time < latestTime) continue;
    const found = below(node, path.slice(1));
    if (found === undefined) continue;
    latest = found;
    latestTime = time;
  }
  return latest;
}

function below(node: Node, [id, ...rest]: Path): Node | undefined {
  if (id === undefined) return node;
  switch (node.kind) {
    case 'object':
      return descend(node.instances.get(id), rest);
    case 'instance':
      return descend(node.resources.get(id), rest);
    case 'multiple': {
      const value = node.values.get(id);
      return value === undefined || rest.length > 0 ? undefined : { kind: 'single', value };
    }
    case 'single':
      return undefined;
  }
}

function descend(node: Node | undefined, rest: Path): Node | undefined {
  return node === undefined ? undefined : below(node, rest);
}
