/** What the standard says of attributes (LwM2M-Core 1.2.1 §5.1.2): where each may stand, since when, and what fits together. */

import type { AttributeName, Attributes } from './operation.js';
import type { Path } from './path.js';
import type { EnablerVersion } from './registration.js';
import type { ResourceType } from './value.js';

/**
 * Why a device refuses these attributes at `path`, in a sentence; undefined when it takes them. `type` is that of the resource
 * for paths of resources and below, undefined when it is not known. What is unset is judged by its place alone; values that are
 * there already and are not given are not known here. A pmax below pmin is no fault: the device passes it over.
 */
export function attributeFault(
  attributes: Attributes,
  path: Path,
  type: ResourceType | 'none' | undefined,
  lwm2m: EnablerVersion,
): string | undefined {
  for (const name of Object.keys(attributes) as AttributeName[]) {
    const fault = attributePlaceFault(name, path, type, lwm2m);
    if (fault !== undefined) return fault;
  }
  return attributeValuesFault(attributes);
}

/** Why an attribute does not stand at `path`, whatever its value; parameters and result as of attributeFault. */
export function attributePlaceFault(
  name: AttributeName,
  path: Path,
  type: ResourceType | 'none' | undefined,
  lwm2m: EnablerVersion,
): string | undefined {
  const { since, level, types } = PLACES[name];
  if (lwm2m < since) return `${name} is there from LwM2M ${since} on`;
  if (path.length < level) return `${name} belongs to resources, not to objects and instances`;
  if (path.length === 4 && lwm2m === '1.0') return 'LwM2M 1.0 has no attributes of resource instances';
  if (types === undefined || type === undefined || types.has(type)) return undefined;
  return `${name} does not go with a resource of type ${type}`;
}

/** Why values do not fit together: `lt < gt`, `lt + 2 st < gt`, `epmin < epmax`, and flags that are 0 or 1. */
export function attributeValuesFault({ gt, lt, st, epmin, epmax, edge, con }: Attributes): string | undefined {
  if (typeof gt === 'number' && typeof lt === 'number') {
    if (lt >= gt) return `lt (${lt}) must be less than gt (${gt})`;
    if (typeof st === 'number' && lt + 2 * st >= gt)
      return `lt + 2 st must be less than gt: ${lt} + 2 * ${st} is not less than ${gt}`;
  }
  if (typeof epmin === 'number' && typeof epmax === 'number' && epmin >= epmax)
    return `epmin (${epmin}) must be less than epmax (${epmax})`;
  for (const [name, value] of Object.entries({ edge, con })) {
    if (typeof value === 'number' && value !== 0 && value !== 1) return `${name} must be 0 or 1`;
  }
  return undefined;
}

interface Place {
  readonly since: EnablerVersion;
  /** Fewest ids of the path. */
  readonly level: 1 | 3;
  /** Types of the resource it goes with; undefined: any. */
  readonly types?: ReadonlySet<ResourceType | 'none'>;
}

const NUMERIC: ReadonlySet<ResourceType | 'none'> = new Set(['integer', 'unsigned', 'float', 'time']);
const BOOLEAN: ReadonlySet<ResourceType | 'none'> = new Set(['boolean']);

const PLACES: Readonly<Record<AttributeName, Place>> = {
  pmin: { since: '1.0', level: 1 },
  pmax: { since: '1.0', level: 1 },
  gt: { since: '1.0', level: 3, types: NUMERIC },
  lt: { since: '1.0', level: 3, types: NUMERIC },
  st: { since: '1.0', level: 3, types: NUMERIC },
  epmin: { since: '1.1', level: 1 },
  epmax: { since: '1.1', level: 1 },
  edge: { since: '1.2', level: 3, types: BOOLEAN },
  con: { since: '1.2', level: 1 },
  hqmax: { since: '1.2', level: 1 },
};
