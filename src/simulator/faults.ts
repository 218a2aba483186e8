/**
 * Ways in which a device does not do what it should, as data: a test, a mutation of a conformance run or the command line hands
 * them in. What a fault does to values is in edits.ts. Pure: what is late or lost is said here and done by whoever has the clock
 * and the link.
 */

import { isWithin, samePath } from '#lwm2m/model';
import type { Path } from '#lwm2m/model';

import type { AttributeSet } from './attributes.js';
import type { PayloadEdit } from './edits.js';
import { fractionOf } from './seed.js';

/** What a fault may befall: a request of the server by its meaning, a notification, or a Send. */
export const FAULT_OPERATIONS = [
  'read',
  'discover',
  'write',
  'writeAttributes',
  'execute',
  'create',
  'delete',
  'readComposite',
  'writeComposite',
  'observe',
  'observeComposite',
  'cancelObserve',
  'notify',
  'send',
] as const;
/** What a fault may befall. */
export type FaultOperation = (typeof FAULT_OPERATIONS)[number];

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
  /** How often at most, counted from when the fault began. */
  readonly times?: number;
  /** With which chance it befalls what it could, above 0 to 1; absent: always. The seed of the device decides. */
  readonly chance?: number;
}

/** One fault. */
export type Fault =
  /** The answer has this raw code. With an error nothing is done; with a success a refusal becomes one. */
  | (FaultScope & { readonly type: 'answerCode'; readonly code: number })
  /** Values come in this format, by number, whatever was asked for. */
  | (FaultScope & { readonly type: 'answerFormat'; readonly format: number })
  /** An option of the answer, notification or Send, by number, has this value, or without one is missing. */
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
  /** Of the acknowledgements of the device this share, 0 to 1, is lost, with the answers in them; at most so many. */
  | { readonly type: 'loseAcks'; readonly share: number; readonly times?: number };

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

/** How often a fault has befallen: since it began, and in all. */
interface Count {
  now: number;
  total: number;
}

/** The faults of one device that are in force; counts how often each has befallen. */
export class Faults {
  readonly #seed: number;
  #faults: readonly Fault[];
  readonly #counts = new Map<Fault, Count>();
  #draws = 0;

  /** `faults` are in force from the start; `seed` decides where a fault has a chance. */
  constructor(faults: readonly Fault[], seed: number) {
    this.#faults = faults;
    this.#seed = seed;
  }

  get none(): boolean {
    return this.#faults.length === 0;
  }

  /** One more fault is in force; its `times` are counted from now on. */
  begin(fault: Fault): void {
    this.end(fault);
    this.#faults = [...this.#faults, fault];
    this.#countOf(fault).now = 0;
  }

  /** A fault is in force no more. */
  end(fault: Fault): void {
    this.#faults = this.#faults.filter((one) => one !== fault);
  }

  /** How often a fault has befallen something. */
  total(fault: Fault): number {
    return this.#counts.get(fault)?.total ?? 0;
  }

  /** All faults of a type that befall the occasion, in their order; each counts as having befallen. */
  take<T extends ScopedType>(type: T, occasion: Occasion): readonly Extract<Fault, { type: T }>[] {
    return this.#all(type).filter((fault) => befalls(fault, occasion) && this.#takes(fault));
  }

  /** The attributes under which the observers of a path are told, given those in force. */
  attributesAt(path: Path, inForce: AttributeSet): AttributeSet {
    if (this.none) return inForce;
    return this.#all('attributes').reduce(
      (set, { under, instead }) => (under === undefined || isWithin(path, under) ? { ...set, ...instead } : set),
      inForce,
    );
  }

  /** Observers of paths were told something: counts for the attributes that were in force for them. */
  noteTold(paths: readonly Path[]): void {
    for (const fault of this.#all('attributes')) {
      const { under } = fault;
      if (under === undefined || paths.some((path) => isWithin(path, under))) this.#count(fault);
    }
  }

  /** The query of a Register or Update. */
  queryOf(operation: string, query: readonly string[]): readonly string[] {
    return this.#all('registerQuery').reduce((items, fault) => {
      const { name, value, on } = fault;
      if (on === undefined ? operation === 'deregister' : on !== operation) return items;
      this.#count(fault);
      const others = items.filter((item) => item !== name && !item.startsWith(`${name}=`));
      return value === undefined ? others : [...others, `${name}=${value}`];
    }, query);
  }

  has(type: 'noUpdate' | 'unmuted'): boolean {
    return this.#all(type).length > 0;
  }

  /** What a fault of the type makes of a device has happened once more. */
  note(type: 'noUpdate' | 'unmuted' | 'reboot'): void {
    for (const fault of this.#all(type)) this.#count(fault);
  }

  /** Seconds from a registration to a reboot. */
  get rebootsAfter(): number | undefined {
    return this.#all('reboot')[0]?.after;
  }

  /** Whether an acknowledgement is lost, by a number in [0, 1). */
  losesAck(fraction: number): boolean {
    return this.#all('loseAcks').some((fault) => {
      const { share, times = Infinity } = fault;
      if (fraction >= share || this.#countOf(fault).now >= times) return false;
      this.#count(fault);
      return true;
    });
  }

  #all<T extends Fault['type']>(type: T): readonly Extract<Fault, { type: T }>[] {
    return this.#faults.filter((fault): fault is Extract<Fault, { type: T }> => fault.type === type);
  }

  /** Whether a fault that could befall something does; it counts then. */
  #takes(fault: Fault & FaultScope): boolean {
    const { times = Infinity, chance = 1 } = fault;
    if (this.#countOf(fault).now >= times) return false;
    if (chance < 1 && fractionOf(this.#seed, (this.#draws += 1)) >= chance) return false;
    this.#count(fault);
    return true;
  }

  #count(fault: Fault): void {
    const count = this.#countOf(fault);
    count.now += 1;
    count.total += 1;
  }

  #countOf(fault: Fault): Count {
    const known = this.#counts.get(fault);
    if (known !== undefined) return known;
    const fresh = { now: 0, total: 0 };
    this.#counts.set(fault, fresh);
    return fresh;
  }
}

/** Whether an occasion is one of those that a scope means, however often it has been. */
export function befalls(scope: FaultScope, { operation, paths, accept, contentFormat }: Occasion): boolean {
  const { path, under } = scope;
  return (
    (scope.operation === undefined || scope.operation === operation) &&
    (scope.accept === undefined || scope.accept === accept) &&
    (scope.contentFormat === undefined || scope.contentFormat === contentFormat) &&
    (path === undefined || paths.some((one) => samePath(one, path))) &&
    (under === undefined || paths.some((one) => isWithin(one, under)))
  );
}
