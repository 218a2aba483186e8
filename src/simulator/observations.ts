/**
 * The observations of one device (RFC 7641 as server; LwM2M-Core 1.1.1 §6.4): which paths each is on, what its observer
 * knows, and when the values have to be looked at again. Attributes are asked for at each look, so a change of them holds at
 * once. Of an Observe-Composite each path is watched under its own attributes, and what one of them wants told tells all.
 * Whoever owns this sends what `look` says.
 */

import type { Instant } from '#base';
import { isWithin } from '#lwm2m/model';
import type { Node, Path, Scalar } from '#lwm2m/model';

import type { AttributeSet, AttributeStore } from './attributes.js';
import type { Faults } from './faults.js';
import type { Hardware } from './hardware.js';
import { conditionHolds, judge, nextLook } from './notify.js';
import type { Watch } from './notify.js';
import { numberAt } from './objects.js';
import type { ObjectTree } from './objects.js';

/** What an observation is made with. */
export interface ObservationTerms {
  /** `one` ends when its path is gone; of a `composite` what is not there is left out. */
  readonly type: 'one' | 'composite';
  /** Paths of one to four ids; exactly one of an Observe. */
  readonly paths: readonly Path[];
  /** Content format that notifications keep to; undefined leaves it open. */
  readonly format: number | undefined;
  /** Attributes of this observation alone; they go over attached ones. */
  readonly own: AttributeSet;
}

/** What came of a look. */
export type Look =
  | {
      readonly type: 'report';
      readonly relation: number;
      readonly terms: ObservationTerms;
      /** What the attribute con says; undefined when nothing does. */
      readonly confirmable: 'con' | 'non' | undefined;
      /** How many notifications are stored while the device is away, by the attribute hqmax. */
      readonly storedMost: number | undefined;
    }
  | { readonly type: 'gone'; readonly relation: number; readonly terms: ObservationTerms };

interface Observation {
  readonly relation: number;
  readonly terms: ObservationTerms;
  readonly watched: readonly Watched[];
  lookAt: Instant | undefined;
}

/** One path of an observation. */
interface Watched {
  readonly path: Path;
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
  readonly #faults: Faults;
  readonly #byRelation = new Map<number, Observation>();
  #earliest: Instant | undefined;

  constructor(tree: ObjectTree, attributes: AttributeStore, hardware: Hardware, faults: Faults) {
    this.#faults = faults;
    this.#tree = tree;
    this.#attributes = attributes;
    this.#hardware = hardware;
  }

  get size(): number {
    return this.#byRelation.size;
  }

  /** Begins an observation; its observer has just been sent what stands at its paths. */
  add(now: Instant, relation: number, terms: ObservationTerms): void {
    const watched = terms.paths.map((path) => {
      const leaves = this.#leavesAt(path);
      const watch: Watch = { reportedAt: now, lookedAt: now, changeAt: this.#changeAt(path), pending: 'none' };
      return { path, watch, reported: leaves, seen: leaves, lookAt: undefined };
    });
    const observation = { relation, terms, watched, lookAt: undefined };
    this.#byRelation.set(relation, observation);
    for (const one of watched) this.#plan(observation, one);
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
      for (const one of observation.watched) {
        if (!isWithin(one.path, path) && !isWithin(path, one.path)) continue;
        one.watch = { ...one.watch, changeAt: now };
        this.#plan(observation, one);
      }
    }
    this.#refresh();
  }

  /** When the next value has to be looked at. */
  nextDeadline(): Instant | undefined {
    return this.#earliest;
  }

  /** What an observation is made with; undefined when it is no more. */
  termsOf(relation: number): ObservationTerms | undefined {
    return this.#byRelation.get(relation)?.terms;
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

  /** Looks at what is due. When one path wants a report, all paths are looked at, because all are told. */
  #lookAt(now: Instant, observation: Observation): Look | undefined {
    const { relation, terms, watched } = observation;
    let wants: 'report' | 'wait' = 'wait';
    const looked = new Set<Watched>();
    for (const one of watched) {
      if (one.lookAt === undefined || one.lookAt > now) continue;
      if (terms.type === 'one' && this.#tree.node(one.path) === undefined) {
        this.#byRelation.delete(relation);
        return { type: 'gone', relation, terms };
      }
      looked.add(one);
      if (this.#judge(now, one, terms) === 'report') wants = 'report';
      else this.#plan(observation, one);
    }
    if (wants === 'wait') return undefined;
    for (const one of watched) {
      const leaves = looked.has(one) ? one.seen : this.#leavesAt(one.path);
      one.reported = leaves;
      one.seen = leaves;
      one.watch = { reportedAt: now, lookedAt: now, changeAt: this.#changeAt(one.path), pending: 'none' };
      this.#plan(observation, one);
    }
    const attributes = watched.map(({ path }) => this.#inForce(path, terms));
    return {
      type: 'report',
      relation,
      terms,
      confirmable: confirmableBy(attributes),
      storedMost: attributes.length === 1 ? attributes[0]?.hqmax : undefined,
    };
  }

  /** Looks at one path: notes what is seen there, and whether it is to be told. */
  #judge(now: Instant, one: Watched, terms: ObservationTerms): 'report' | 'wait' {
    const attributes = this.#inForce(one.path, terms);
    const leaves = this.#leavesAt(one.path);
    const holds = this.#holds(one, leaves, terms) ? 'holds' : 'not';
    const verdict = judge(now, one.watch, attributes, holds);
    const pending = holds === 'holds' ? 'pending' : one.watch.pending;
    one.seen = leaves;
    one.watch = { ...one.watch, lookedAt: now, changeAt: this.#changeAt(one.path), pending };
    return verdict;
  }

  /** Whether a value that counts has changed, come or gone. Conditions of the observation itself go over attached ones. */
  #holds(one: Watched, leaves: ReadonlyMap<string, Leaf>, { own }: ObservationTerms): boolean {
    const { reported, seen, path: watched } = one;
    for (const [key, { path, value }] of leaves) {
      if (watched.length < 3 && !this.#tree.wakesAll(path[0] as number, path[2] as number)) continue;
      const attached = this.#attributes.inForce(path);
      const conditions = this.#faults.attributesAt(path, { ...attached, ...own });
      if (conditionHolds(reported.get(key)?.value, seen.get(key)?.value, value, conditions)) return true;
    }
    for (const key of reported.keys()) if (!leaves.has(key)) return true;
    return false;
  }

  /** Own attributes over attached ones over the defaults of the server object. */
  #inForce(path: Path, { own }: ObservationTerms): AttributeSet {
    const attached = this.#attributes.inForce(path);
    const pmin = own.pmin ?? attached.pmin ?? numberAt(this.#tree, 1, 0, 2);
    const pmax = own.pmax ?? attached.pmax ?? numberAt(this.#tree, 1, 0, 3);
    return this.#faults.attributesAt(path, {
      ...attached,
      ...own,
      ...(pmin === undefined ? {} : { pmin }),
      ...(pmax === undefined ? {} : { pmax }),
    });
  }

  #changeAt(path: Path): Instant | undefined {
    const period = this.#tree.periodOf(path);
    return period === undefined ? undefined : this.#hardware.nextChange(period);
  }

  #leavesAt(path: Path): ReadonlyMap<string, Leaf> {
    const node = this.#tree.node(path);
    const leaves = new Map<string, Leaf>();
    if (node !== undefined) collect(leaves, path, node);
    return leaves;
  }

  #plan(observation: Observation, one: Watched): void {
    one.lookAt = nextLook(one.watch, this.#inForce(one.path, observation.terms));
    observation.lookAt = earliestOf(observation.watched);
  }

  #refresh(): void {
    this.#earliest = earliestOf(this.#byRelation.values());
  }
}

/** What con says of several paths: confirmable when it says so of one. */
function confirmableBy(attributes: readonly AttributeSet[]): 'con' | 'non' | undefined {
  if (attributes.some(({ con }) => con === 1)) return 'con';
  return attributes.some(({ con }) => con === 0) ? 'non' : undefined;
}

function earliestOf(all: Iterable<{ readonly lookAt: Instant | undefined }>): Instant | undefined {
  let earliest: Instant | undefined;
  for (const { lookAt } of all) {
    if (lookAt !== undefined && (earliest === undefined || lookAt < earliest)) earliest = lookAt;
  }
  return earliest;
}

/** Adds all values at and below a path, by their path as text. Recurses at most three levels. */
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
