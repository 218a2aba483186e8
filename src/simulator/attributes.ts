/**
 * Attributes that a server attaches to paths (LwM2M-Core 1.1.1 §5.1.2; lwm2m-1.2 adds edge and con): reading them from the
 * query of Write-Attributes, judging them, keeping them per path, and what holds at a path when levels above say
 * something too. A simulated device has one server, so there is one set per path.
 */

import type { AttributeName, EnablerVersion, Path, ResourceType } from '#lwm2m/model';

import { badRequest } from './fault.js';

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
    const row = RULES.get(name);
    if (row === undefined || target.lwm2m < row.since) throw badRequest(`"${name}" is no attribute this device knows`);
    if (change.has(row.name)) throw badRequest(`${name} is given twice`);
    checkPlace(row, target);
    const text = mark < 0 ? '' : item.slice(mark + 1);
    change.set(row.name, text === '' ? 'unset' : valueOf(row, text));
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
  checkTogether(merged);
  return merged;
}

/** `lt + 2·st < gt`, `epmin < epmax`; a pmax below pmin is no fault, it is passed over. */
function checkTogether({ gt, lt, st, epmin, epmax }: AttributeSet): void {
  if (gt !== undefined && lt !== undefined) {
    if (lt >= gt) throw badRequest(`lt (${lt}) must be less than gt (${gt})`);
    if (st !== undefined && lt + 2 * st >= gt) throw badRequest(`lt + 2 st must be less than gt: ${lt} + 2 * ${st}`);
  }
  if (epmin !== undefined && epmax !== undefined && epmin >= epmax) {
    throw badRequest(`epmin (${epmin}) must be less than epmax (${epmax})`);
  }
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

/** One attribute and where it may stand. */
interface Rule {
  readonly name: AttributeName;
  readonly since: EnablerVersion;
  /** Fewest ids a path must have. */
  readonly level: 1 | 3;
  readonly value: 'seconds' | 'number' | 'step' | 'flag';
}

function checkPlace({ name, level }: Rule, { path, type, lwm2m }: AttributeTarget): void {
  if (path.length < level) throw badRequest(`${name} belongs to resources, not to objects and instances`);
  if (path.length === 4 && lwm2m === '1.0') throw badRequest('LwM2M 1.0 has no attributes of resource instances');
  if (level === 1) return;
  const right = name === 'edge' ? type === 'boolean' : type !== undefined && NUMERIC.has(type);
  if (!right) throw badRequest(`${name} does not go with a resource of type ${type ?? 'none'}`);
}

function valueOf({ name, value }: Rule, text: string): number {
  switch (value) {
    case 'seconds':
      if (!/^\d{1,10}$/.test(text)) throw badRequest(`${name} must be whole seconds`);
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

const RULES: ReadonlyMap<string, Rule> = new Map(
  (
    [
      { name: 'pmin', since: '1.0', level: 1, value: 'seconds' },
      { name: 'pmax', since: '1.0', level: 1, value: 'seconds' },
      { name: 'gt', since: '1.0', level: 3, value: 'number' },
      { name: 'lt', since: '1.0', level: 3, value: 'number' },
      { name: 'st', since: '1.0', level: 3, value: 'step' },
      { name: 'epmin', since: '1.1', level: 1, value: 'seconds' },
      { name: 'epmax', since: '1.1', level: 1, value: 'seconds' },
      { name: 'edge', since: '1.2', level: 3, value: 'flag' },
      { name: 'con', since: '1.2', level: 1, value: 'flag' },
    ] satisfies readonly Rule[]
  ).map((rule) => [rule.name, rule]),
);
const NUMERIC: ReadonlySet<string> = new Set(['integer', 'unsigned', 'float', 'time']);
const NONE: AttributeSet = Object.freeze({});
