/**
 * What one device tells its observers (LwM2M-Core 1.1.1 §6.4): observations begin when the endpoint says so, what is due becomes
 * notifications, and while the device is away they are stored, when the server wants that, and leave with their times when it
 * is back.
 */

import { EMPTY } from '#base';
import type { Instant } from '#base';
import { Code, isSuccess } from '#coap/codec';
import { FORMATS } from '#lwm2m/model';
import type { Path } from '#lwm2m/model';

import type { AttributeStore } from './attributes.js';
import { Backlog } from './backlog.js';
import type { Stored } from './backlog.js';
import { compositeContent } from './composite.js';
import type { Faults } from './faults.js';
import { faultyNotification } from './faulty.js';
import type { Hardware } from './hardware.js';
import type { ObjectTree } from './objects.js';
import { Observations } from './observations.js';
import type { Look, ObservationTerms } from './observations.js';
import type { Content } from './reading.js';
import { observedContent, observedNodes, refusalOf } from './requests.js';
import { notificationMode, storesNotifications } from './server-object.js';

/** A notification to send. */
export interface Notification extends Content {
  /** Sequence number; undefined ends the observation. */
  readonly observe: { readonly sequence: number } | undefined;
  readonly confirmable: 'con' | 'non';
}

/** A notification and whom it is for. */
export interface Report {
  readonly relation: number;
  readonly notification: Notification;
}

/** Whether observers can be told something now. */
export type Reach = 'there' | 'away';

/** What reports are made from. */
export interface ReportsOptions {
  readonly tree: ObjectTree;
  readonly attributes: AttributeStore;
  readonly hardware: Hardware;
  readonly faults: Faults;
  /** Type of notifications where neither an attribute nor the server object says it. */
  readonly notifications: 'con' | 'non';
  /** The next sequence number, 24 bits. */
  nextSequence(): number;
}

/** The observers of one device and what they are told. */
export class Reports {
  readonly #options: ReportsOptions;
  readonly #observations: Observations;
  readonly #backlog = new Backlog();
  /** Observations that wait for the endpoint to say that they began, by exchange. */
  readonly #beginning = new Map<number, ObservationTerms>();
  /** Relations whose path went while the device was away. */
  readonly #gone: number[] = [];

  constructor(options: ReportsOptions) {
    this.#options = options;
    this.#observations = new Observations(options.tree, options.attributes, options.hardware, options.faults);
  }

  /** The request of an exchange is answered as an observation. */
  expect(exchange: number, terms: ObservationTerms): void {
    // The endpoint tells at once, or never when it has too many observers: what is old here is dead.
    if (this.#beginning.size >= MOST_BEGINNING) this.#beginning.clear();
    this.#beginning.set(exchange, terms);
  }

  /** What `exchange` asked for has begun as `relation`. */
  begin(now: Instant, relation: number, exchange: number): void {
    const terms = this.#beginning.get(exchange);
    this.#beginning.delete(exchange);
    if (terms !== undefined) this.#observations.add(now, relation, terms);
  }

  /** An observer is no more. */
  end(relation: number): void {
    this.#observations.remove(relation);
    this.#backlog.forget(relation);
  }

  clear(): void {
    this.#observations.clear();
    this.#backlog.clear();
    this.#beginning.clear();
    this.#gone.length = 0;
  }

  /** Something at, above or below `path` was changed, or its attributes were. */
  touch(now: Instant, path: Path): void {
    this.#observations.touch(now, path);
  }

  /** What is due: stored ones first, then what is looked at now. While away all of it is stored, or left until later. */
  due(now: Instant, reach: Reach): readonly Report[] {
    if (reach === 'away') {
      if (storesNotifications(this.#options.tree)) this.#store(now);
      return [];
    }
    const reports: (Report | undefined)[] = this.stored();
    for (let look = this.#observations.look(now); look !== undefined; look = this.#observations.look(now)) {
      reports.push(look.type === 'gone' ? this.#lastOf(look.relation) : this.#reportOf(look));
    }
    return reports.filter((report) => report !== undefined);
  }

  /** What was stored while the device was away; nothing is stored afterwards. */
  stored(): Report[] {
    const reports: (Report | undefined)[] = this.#gone.splice(0).map((relation) => this.#lastOf(relation));
    for (let next = this.#backlog.take(); next !== undefined; next = this.#backlog.take()) {
      reports.push(...this.#delayed(next.relation, next.stored));
    }
    return reports.filter((report) => report !== undefined);
  }

  /** When something has to be looked at. */
  nextDeadline(reach: Reach): Instant | undefined {
    if (reach === 'away' && !storesNotifications(this.#options.tree)) return undefined;
    return this.#observations.nextDeadline();
  }

  #store(now: Instant): void {
    for (let look = this.#observations.look(now); look !== undefined; look = this.#observations.look(now)) {
      const { relation, terms } = look;
      if (look.type === 'gone') {
        this.#backlog.forget(relation);
        this.#gone.push(relation);
        continue;
      }
      const nodes = observedNodes(this.#options.tree, terms);
      const time = this.#options.hardware.unixTime;
      this.#backlog.keep(relation, { time, nodes, confirmable: this.#kindOf(look) }, look.storedMost);
    }
  }

  #reportOf(look: Extract<Look, { type: 'report' }>): Report | undefined {
    const { tree } = this.#options;
    const content = this.#tried(() => observedContent(tree, look.terms, observedNodes(tree, look.terms)));
    return this.#report(look.relation, look.terms, content, this.#kindOf(look));
  }

  /** Stored ones as one notification with times in SenML, which may be chosen where the format was left open; else each. */
  #delayed(relation: number, stored: readonly Stored[]): (Report | undefined)[] {
    const terms = this.#observations.termsOf(relation);
    const newest = stored.at(-1);
    if (terms === undefined || newest === undefined) return [];
    const { tree } = this.#options;
    const format = terms.format ?? (tree.kind.lwm2m === '1.0' ? undefined : FORMATS['senml-cbor']);
    if (format === FORMATS['senml-json'] || format === FORMATS['senml-cbor']) {
      const timed = stored.flatMap(({ time, nodes }) => nodes.map((placed) => ({ ...placed, time })));
      const content = this.#tried(() => compositeContent(timed, format));
      return [this.#report(relation, terms, content, newest.confirmable)];
    }
    return stored.map(({ nodes, confirmable }) =>
      this.#report(
        relation,
        terms,
        this.#tried(() => observedContent(tree, terms, nodes)),
        confirmable,
      ),
    );
  }

  /** What is observed may have become something that the format cannot carry: that ends the observation with an error. */
  #tried(content: () => Content): Content {
    try {
      return content();
    } catch (error) {
      return refusalOf(error);
    }
  }

  /** The notification, or undefined when a fault swallows it. */
  #report(relation: number, terms: ObservationTerms, right: Content, kind: 'con' | 'non'): Report | undefined {
    const { faults, tree } = this.#options;
    const content = faults.none ? right : faultyNotification(tree, faults, terms, right);
    if (content === undefined) return undefined;
    faults.noteTold(terms.paths);
    if (!isSuccess(content.code)) {
      this.#observations.remove(relation);
      return { relation, notification: { ...content, observe: undefined, confirmable: 'con' } };
    }
    const observe = { sequence: this.#options.nextSequence() };
    return { relation, notification: { ...content, observe, confirmable: kind } };
  }

  /** The end of an observation whose path is gone. */
  #lastOf(relation: number): Report {
    const content = { code: Code.NOT_FOUND, options: [], payload: EMPTY };
    return { relation, notification: { ...content, observe: undefined, confirmable: 'con' } };
  }

  #kindOf({ confirmable }: Extract<Look, { type: 'report' }>): 'con' | 'non' {
    return confirmable ?? notificationMode(this.#options.tree) ?? this.#options.notifications;
  }
}

/** Observations that may wait for the endpoint's word. */
const MOST_BEGINNING = 64;
