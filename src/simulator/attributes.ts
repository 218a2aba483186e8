/**
 * Attributes that a server attaches to paths (LwM2M-Core 1.1.1 §5.1.2; LwM2M-Core 1.2 adds edge, con and hqmax): reading them from the
 * query of Write-Attributes, judging them, keeping them per path, and what holds at a path when levels above say
 * something too. A simulated device has one server, so there is one set per path.
 */

import { attributePlaceFault, attributeValuesFault } from '#lwm2m/model';
import type { AttributeName, EnablerVersion, Path, ResourceType } from '#lwm2m/model';

import { badRequest } from './refusal.js';

/** Attributes with their values; booleans are 0 and 1. */
export type AttributeSet = Readonly<Partial<Record<AttributeName, number>>>;
/** What a query asks for: values to set, and names to remove. */
export type AttributeChange = ReadonlyMap<AttributeName, number | 'unset'>;

/** What the path of a Write-Attributes points at. */
export interface AttributeTarget {
  readonly lwm2m: EnablerVersion;
  readonly path: Path;
  /** Type of the resource, for paths of a resource or resource instance. */
  readonly type: ResourceType | 'none' | undefined;
}

/**
 * Reads a query such as `pmin=10`, `gt=-5.5` or (to remove) `pmin`. Throws RequestFault 4.00: unknown to this version,
 * not for this level or type, malformed, or given twice.
 */
export function parseAttributes(query: readonly string[], target: AttributeTarget): AttributeChange {
  const change = new Map<AttributeName, number | 'unset'>();
  for (const item of query) {
    const mark = item.indexOf('=');
    const name = mark < 0 ? item : item.slice(0, mark);
    const known = KNOWN.find((row) => row.name === name);
    if (known === undefined) throw badRequest(`"${name}" is no attribute this device knows`);
    if (change.has(known.name)) throw badRequest(`${name} is given twice`);
    const misplaced = attributePlaceFault(known.name, target.path, target.type ?? 'none', target.lwm2m);
    if (misplaced !== undefined) throw badRequest(misplaced);
    const text = mark < 0 ? '' : item.slice(mark + 1);
    change.set(known.name, text === '' ? 'unset' : valueOf(known, text));
  }
  if (change.size === 0) throw badRequest('no attribute is given');
  return change;
}

/** The set that results from a change. Throws RequestFault 4.00 when its values contradict each other. */
export function applyChange(before: AttributeSet, change: AttributeChange): AttributeSet {
  const merged: Partial<Record<AttributeName, number>> = { ...before };
  for (const [name, value] of change) {
    if (value === 'unset') Reflect.deleteProperty(merged, name);
    else merged[name] = value;
  }
  const fault = attributeValuesFault(merged);
  if (fault !== undefined) throw badRequest(fault);
  return merged;
}

/** Attributes by path. */
export class AttributeStore {
  readonly #sets = new Map<string, AttributeSet>();

  /** What was attached to exactly this path. */
  own(path: Path): AttributeSet {
    return this.#sets.get(path.join('/')) ?? NONE;
  }

  /** What holds at a path: its own, else what the nearest level above says (LwM2M-Core 1.1.1 §5.1.1). */
  inForce(path: Path): AttributeSet {
    if (this.#sets.size === 0) return NONE;
    let merged = this.own(path.slice(0, 1));
    for (let length = 2; length <= path.length; length += 1) {
      const own = this.own(path.slice(0, length));
      if (own !== NONE) merged = merged === NONE ? own : { ...merged, ...own };
    }
    return merged;
  }

  set(path: Path, attributes: AttributeSet): void {
    const key = path.join('/');
    if (Object.keys(attributes).length === 0) this.#sets.delete(key);
    else this.#sets.set(key, attributes);
  }

  /** Forgets what is attached to a path and below. */
  forget(path: Path): void {
    const key = path.join('/');
    for (const known of this.#sets.keys()) if (known === key || known.startsWith(`${key}/`)) this.#sets.delete(known);
  }

  clear(): void {
    this.#sets.clear();
  }
}

/** An attribute and the form of its value. */
interface Known {
  readonly name: AttributeName;
  readonly value: 'seconds' | 'count' | 'number' | 'step' | 'flag';
}

function valueOf({ name, value }: Known, text: string): number {
  switch (value) {
    case 'seconds':
      if (!/^\d{1,10}$/.test(text)) throw badRequest(`${name} must be whole seconds`);
      break;
    case 'count':
      if (!/^\d{1,10}$/.test(text)) throw badRequest(`${name} must be a whole number`);
      break;
    case 'flag':
      if (text !== '0' && text !== '1') throw badRequest(`${name} must be 0 or 1`);
      break;
    case 'number':
      if (!/^-?\d{1,40}(\.\d{1,40})?$/.test(text)) throw badRequest(`${name} must be a decimal number`);
      break;
    case 'step':
      if (!/^\d{1,40}(\.\d{1,40})?$/.test(text)) throw badRequest(`${name} must be a decimal number, 0 or more`);
      break;
  }
  return Number(text);
}

const KNOWN: readonly Known[] = [
  { name: 'pmin', value: 'seconds' },
  { name: 'pmax', value: 'seconds' },
  { name: 'gt', value: 'number' },
  { name: 'lt', value: 'number' },
  { name: 'st', value: 'step' },
  { name: 'epmin', value: 'seconds' },
  { name: 'epmax', value: 'seconds' },
  { name: 'edge', value: 'flag' },
  { name: 'con', value: 'flag' },
  { name: 'hqmax', value: 'count' },
];
const NONE: AttributeSet = Object.freeze({});
