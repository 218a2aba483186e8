/**
 * The observations of one device (RFC 7641 as server; LwM2M-Core 1.1.1 §6.4): which path each is on, what its observer
 * knows, and when the value has to be looked at again. Attributes are asked for at each look, so a change of them holds at
 * once. Whoever owns this sends what `look` says.
 */

import type { Instant } from '#base';
import { isWithin } from '#lwm2m/model';
import type { Node, Path, Scalar } from '#lwm2m/model';

import type { AttributeSet, AttributeStore } from './attributes.js';
import type { Hardware } from './hardware.js';
import { conditionHolds, judge, nextLook } from './notify.js';
import type { Watch } from './notify.js';
import { numberAt } from './objects.js';
import type { ObjectTree } from './objects.js';

/** What an observation is made with. */
export interface ObservationTerms {
  readonly path: Path;
  readonly accept: number | undefined;
  /** Attributes of this observation alone; they go over attached ones. */
  readonly own: AttributeSet;
}

/** What came of a look. */
export type Look =
  | {
      readonly type: 'report';
      readonly relation: number;
      readonly terms: ObservationTerms;
      readonly node: Node;
      readonly confirmable: 'yes' | 'no';
    }
  | { readonly type: 'gone'; readonly relation: number; readonly terms: ObservationTerms };

interface Observation {
  readonly relation: number;
  readonly terms: ObservationTerms;
  watch: Watch;
  /** What the observer knows. */
  reported: ReadonlyMap<string, Leaf>;
  /** What the last look saw; the same as `reported` but for edges. */
  seen: ReadonlyMap<string, Leaf>;
  lookAt: Instant | undefined;
}

/** One value below an observed path. */
interface Leaf {
  readonly path: Path;
  readonly value: Scalar;
}

/** Observations by relation. */
export class Observations {
  readonly #tree: ObjectTree;
  readonly #attributes: AttributeStore;
  readonly #hardware: Hardware;
  readonly #byRelation = new Map<number, Observation>();
  #earliest: Instant | undefined;

  constructor(tree: ObjectTree, attributes: AttributeStore, hardware: Hardware) {
    this.#tree = tree;
    this.#attributes = attributes;
    this.#hardware = hardware;
  }

  get size(): number {
    return this.#byRelation.size;
  }

  /** Begins an observation; its observer has just been sent `node`. */
  add(now: Instant, relation: number, terms: ObservationTerms, node: Node): void {
    const leaves = leavesOf(terms.path, node);
    const watch: Watch = { reportedAt: now, lookedAt: now, changeAt: this.#changeAt(terms.path), pending: 'none' };
    const observation = { relation, terms, watch, reported: leaves, seen: leaves, lookAt: undefined };
    this.#byRelation.set(relation, observation);
    this.#plan(observation);
    this.#refresh();
  }

  remove(relation: number): void {
    if (this.#byRelation.delete(relation)) this.#refresh();
  }

  clear(): void {
    this.#byRelation.clear();
    this.#earliest = undefined;
  }

  /** Something at, above or below `path` was changed from outside, or its attributes were. */
  touch(now: Instant, path: Path): void {
    for (const observation of this.#byRelation.values()) {
      const { path: observed } = observation.terms;
      if (!isWithin(observed, path) && !isWithin(path, observed)) continue;
      observation.watch = { ...observation.watch, changeAt: now };
      this.#plan(observation);
    }
    this.#refresh();
  }

  /** When the next value has to be looked at. */
  nextDeadline(): Instant | undefined {
    return this.#earliest;
  }

  /** Looks at one value that is due; undefined when there is nothing left to tell. */
  look(now: Instant): Look | undefined {
    if (this.#earliest === undefined || this.#earliest > now) return undefined;
    for (const observation of this.#byRelation.values()) {
      if (observation.lookAt === undefined || observation.lookAt > now) continue;
      const look = this.#lookAt(now, observation);
      if (look !== undefined) {
        this.#refresh();
        return look;
      }
    }
    this.#refresh();
    return undefined;
  }

  #lookAt(now: Instant, observation: Observation): Look | undefined {
    const { relation, terms } = observation;
    const node = this.#tree.node(terms.path);
    if (node === undefined) {
      this.#byRelation.delete(relation);
      return { type: 'gone', relation, terms };
    }
    const attributes = this.#inForce(terms);
    const leaves = leavesOf(terms.path, node);
    const holds = this.#holds(observation, leaves, attributes) ? 'holds' : 'not';
    const verdict = judge(now, observation.watch, attributes, holds);
    const changeAt = this.#changeAt(terms.path);
    observation.seen = leaves;
    if (verdict === 'wait') {
      const pending = holds === 'holds' ? 'pending' : observation.watch.pending;
      observation.watch = { ...observation.watch, lookedAt: now, changeAt, pending };
      this.#plan(observation);
      return undefined;
    }
    observation.reported = leaves;
    observation.watch = { reportedAt: now, lookedAt: now, changeAt, pending: 'none' };
    this.#plan(observation);
    return { type: 'report', relation, terms, node, confirmable: attributes.con === 1 ? 'yes' : 'no' };
  }

  /** Whether a value that counts has changed, come or gone. */
  #holds(observation: Observation, leaves: ReadonlyMap<string, Leaf>, attributes: AttributeSet): boolean {
    const { reported, seen, terms } = observation;
    const own = terms.path.length >= 3 ? attributes : undefined;
    for (const [key, { path, value }] of leaves) {
      if (own === undefined && !this.#tree.wakesAll(path[0] as number, path[2] as number)) continue;
      const conditions = own !== undefined && path.length === terms.path.length ? own : this.#attributes.inForce(path);
      if (conditionHolds(reported.get(key)?.value, seen.get(key)?.value, value, conditions)) return true;
    }
    for (const key of reported.keys()) if (!leaves.has(key)) return true;
    return false;
  }

  /** Own attributes over attached ones over the defaults of the server object. */
  #inForce(terms: ObservationTerms): AttributeSet {
    const attached = this.#attributes.inForce(terms.path);
    const pmin = terms.own.pmin ?? attached.pmin ?? numberAt(this.#tree, 1, 0, 2);
    const pmax = terms.own.pmax ?? attached.pmax ?? numberAt(this.#tree, 1, 0, 3);
    return {
      ...attached,
      ...terms.own,
      ...(pmin === undefined ? {} : { pmin }),
      ...(pmax === undefined ? {} : { pmax }),
    };
  }

  #changeAt(path: Path): Instant | undefined {
    const period = this.#tree.periodOf(path);
    return period === undefined ? undefined : this.#hardware.nextChange(period);
  }

  #plan(observation: Observation): void {
    observation.lookAt = nextLook(observation.watch, this.#inForce(observation.terms));
  }

  #refresh(): void {
    let earliest: Instant | undefined;
    for (const { lookAt } of this.#byRelation.values()) {
      if (lookAt !== undefined && (earliest === undefined || lookAt < earliest)) earliest = lookAt;
    }
    this.#earliest = earliest;
  }
}

/** All values at and below a path, by their path as text. */
function leavesOf(path: Path, node: Node): ReadonlyMap<string, Leaf> {
  const leaves = new Map<string, Leaf>();
  collect(leaves, path, node);
  return leaves;
}

/** Recurses at most three levels. */
function collect(leaves: Map<string, Leaf>, path: Path, node: Node): void {
  if (node.kind === 'single') {
    leaves.set(path.join('/'), { path, value: node.value });
    return;
  }
  if (node.kind === 'multiple') {
    for (const [id, value] of node.values) leaves.set(`${path.join('/')}/${id}`, { path: [...path, id], value });
    return;
  }
  const children: ReadonlyMap<number, Node> = node.kind === 'object' ? node.instances : node.resources;
  for (const [id, child] of children) collect(leaves, [...path, id], child);
}
