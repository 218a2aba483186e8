/**
 * Ways in which a device does not do what it should, as data: a test, a mutation of a conformance run or the command line hands
 * them in. What a fault does to values is in edits.ts. Pure: what is late or lost is said here and done by whoever has the clock
 * and the link.
 */

import { isWithin, samePath } from '#lwm2m/model';
import type { Path } from '#lwm2m/model';

import type { AttributeSet } from './attributes.js';
import type { PayloadEdit } from './edits.js';

/** What a fault may befall: a request of the server by its meaning, a notification, or a Send. */
export type FaultOperation =
  | 'read'
  | 'discover'
  | 'write'
  | 'writeAttributes'
  | 'execute'
  | 'create'
  | 'delete'
  | 'readComposite'
  | 'writeComposite'
  | 'observe'
  | 'observeComposite'
  | 'cancelObserve'
  | 'notify'
  | 'send';

/** What a fault befalls; what is absent does not matter. Of several paths one that fits is enough. */
export interface FaultScope {
  readonly operation?: FaultOperation;
  /** Exactly this path. */
  readonly path?: Path;
  /** This path or one below it. */
  readonly under?: Path;
  /** Accept of the request, or format of the notification, by number. */
  readonly accept?: number;
  /** Content-Format of the request, by number. */
  readonly contentFormat?: number;
  /** How often at most, counted from the start of the device. */
  readonly times?: number;
}

/** One fault. */
export type Fault =
  /** The answer has this raw code. With an error nothing is done; with a success a refusal becomes one. */
  | (FaultScope & { readonly type: 'answerCode'; readonly code: number })
  /** Values come in this format, by number, whatever was asked for. */
  | (FaultScope & { readonly type: 'answerFormat'; readonly format: number })
  /** An option of the answer, by number, has this value, or without one is missing. */
  | (FaultScope & { readonly type: 'answerOption'; readonly option: number; readonly value?: number | string })
  /** The content of the answer is changed. */
  | (FaultScope & { readonly type: 'payload'; readonly edit: PayloadEdit })
  /** No answer, no notification, or no Send. */
  | (FaultScope & { readonly type: 'silence' })
  /** The request is looked at only so many seconds later: the answer is a separate response. */
  | (FaultScope & { readonly type: 'late'; readonly seconds: number })
  /** What changes something is answered as done, and not done. */
  | (FaultScope & { readonly type: 'noEffect' })
  /** An observation is answered as a read. */
  | (FaultScope & { readonly type: 'notObserved' })
  /** Observers at or below `under` are told as if these attributes were in force, whatever is: 0 for pmin or pmax is none. */
  | { readonly type: 'attributes'; readonly under?: Path; readonly instead: AttributeSet }
  /** A parameter of Register and Update, or of one of them, has this value, or without one is missing. */
  | {
      readonly type: 'registerQuery';
      readonly name: string;
      readonly value?: string;
      readonly on?: 'register' | 'update';
    }
  /** Changes of lifetime, binding or instances wait for the next Update. */
  | { readonly type: 'noUpdate' }
  /** Mute Send is not heeded. */
  | { readonly type: 'unmuted' }
  /** The device reboots so many seconds after each registration. */
  | { readonly type: 'reboot'; readonly after: number }
  /** This share, 0 to 1, of the acknowledgements of the device is lost, with the answers in them. */
  | { readonly type: 'loseAcks'; readonly share: number };

/** Types of faults that befall requests and notifications. */
type ScopedType =
  'answerCode' | 'answerFormat' | 'answerOption' | 'payload' | 'silence' | 'late' | 'noEffect' | 'notObserved';

/** What is asked, or told, as far as faults look at it. */
export interface Occasion {
  readonly operation: FaultOperation;
  /** Whether it is a composite operation. */
  readonly form: 'one' | 'composite';
  readonly paths: readonly Path[];
  readonly accept: number | undefined;
  readonly contentFormat: number | undefined;
}

/** The faults of one device; counts how often each has befallen. */
export class Faults {
  readonly #faults: readonly Fault[];
  readonly #counts = new Map<Fault, number>();

  constructor(faults: readonly Fault[]) {
    this.#faults = faults;
  }

  get none(): boolean {
    return this.#faults.length === 0;
  }

  /** All faults of a type that befall the occasion, in their order; each counts as having befallen. */
  take<T extends ScopedType>(type: T, occasion: Occasion): readonly Extract<Fault, { type: T }>[] {
    return this.#all(type).filter((fault) => {
      if (!befalls(fault, occasion)) return false;
      const count = this.#counts.get(fault) ?? 0;
      if (count >= ((fault as FaultScope).times ?? Infinity)) return false;
      this.#counts.set(fault, count + 1);
      return true;
    });
  }

  /** The attributes under which the observers of a path are told, given those in force. */
  attributesAt(path: Path, inForce: AttributeSet): AttributeSet {
    if (this.none) return inForce;
    return this.#all('attributes').reduce(
      (set, { under, instead }) => (under === undefined || isWithin(path, under) ? { ...set, ...instead } : set),
      inForce,
    );
  }

  /** The query of a Register or Update. */
  queryOf(operation: string, query: readonly string[]): readonly string[] {
    return this.#all('registerQuery').reduce((items, { name, value, on }) => {
      if (on === undefined ? operation === 'deregister' : on !== operation) return items;
      const others = items.filter((item) => item !== name && !item.startsWith(`${name}=`));
      return value === undefined ? others : [...others, `${name}=${value}`];
    }, query);
  }

  has(type: 'noUpdate' | 'unmuted'): boolean {
    return this.#all(type).length > 0;
  }

  /** Seconds from a registration to a reboot. */
  get rebootsAfter(): number | undefined {
    return this.#all('reboot')[0]?.after;
  }

  /** Share of the acknowledgements that are lost. */
  get lostAcks(): number {
    return this.#all('loseAcks')[0]?.share ?? 0;
  }

  #all<T extends Fault['type']>(type: T): readonly Extract<Fault, { type: T }>[] {
    return this.#faults.filter((fault): fault is Extract<Fault, { type: T }> => fault.type === type);
  }
}

function befalls(scope: FaultScope, { operation, paths, accept, contentFormat }: Occasion): boolean {
  const { path, under } = scope;
  return (
    (scope.operation === undefined || scope.operation === operation) &&
    (scope.accept === undefined || scope.accept === accept) &&
    (scope.contentFormat === undefined || scope.contentFormat === contentFormat) &&
    (path === undefined || paths.some((one) => samePath(one, path))) &&
    (under === undefined || paths.some((one) => isWithin(one, under)))
  );
}
