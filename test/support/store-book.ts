/** The book of test/support/store-child.mjs, kept outside of it: what it was about to do, what it was told is done. */

import type { Found } from './crash-image.js';

/** Changes of one thing in their order: the last one acknowledged and those that were begun after it. */
interface Begun {
  readonly numbers: number[];
  /** How many of `numbers` are acknowledged; changes of one thing are acknowledged in order. */
  done: number;
}

/** What was said, and what may therefore be found. */
export class StoreBook {
  readonly #things = new Map<string, Begun>();
  /** Event numbers that were given, and to which change. */
  readonly #given = new Map<number, string>();
  /** Event numbers of changes whose events are kept. */
  readonly #kept = new Map<number, string>();
  #highest = 0;
  /** What is wrong with the numbers that were given. */
  readonly #misgiven: string[] = [];

  /** Takes one line of the child. */
  enter(line: string): void {
    const [what, key = '', n = '', ...numbers] = line.split(' ');
    if (what === 's') this.#thing(key).numbers.push(Number(n));
    if (what === 'x') this.#refused(this.#thing(key), Number(n));
    if (what !== 'a') return;
    const thing = this.#thing(key);
    if (thing.numbers[thing.done] !== Number(n)) this.#misgiven.push(`${key} ${n} was acknowledged out of turn`);
    thing.done += 1;
    for (const number of numbers.filter((text) => text !== '').map(Number)) {
      if (number <= this.#highest) this.#misgiven.push(`event number ${number} came after ${this.#highest}`);
      this.#highest = number;
      this.#given.set(number, `${key} ${n}`);
      if (!key.startsWith('v')) this.#kept.set(number, key);
    }
  }

  /** What is found and may not be, in words. What is found is from then on what must be found. */
  compare(found: Found): string[] {
    const wrong = this.#misgiven.splice(0);
    const states = statesOf(found);
    for (const [key, thing] of this.#things) {
      const state = states.get(key);
      const allowed = [
        thing.done === 0 ? undefined : thing.numbers[thing.done - 1],
        ...thing.numbers.slice(thing.done),
      ];
      // An operation that is not open is known by its event only.
      const seen = key.startsWith('o') && state === undefined ? (this.#finished(key, found) ? 2 : undefined) : state;
      const gone = (n: number | undefined) => n === undefined || n < 0;
      const fits = allowed.some((n) => (gone(n) && seen === undefined) || n === seen);
      if (!fits) wrong.push(`${key}: found ${seen}, allowed ${allowed.join(' or ')}`);
      this.#settle(thing, seen);
    }
    this.#compareEvents(found, wrong);
    return wrong;
  }

  #compareEvents(found: Found, wrong: string[]): void {
    const stored = new Map(found.events.map(({ number, data }) => [number, text(data['key'])]));
    for (const [number, key] of this.#kept)
      if (stored.get(number) !== key) wrong.push(`event ${number} of ${key} is ${String(stored.get(number))}`);
    const numbers = found.events.map(({ number }) => number);
    if (numbers.some((number, index) => index > 0 && number <= (numbers[index - 1] as number)))
      wrong.push('the numbers of stored events do not rise');
    if (found.newestEvent < this.#highest)
      wrong.push(`number ${this.#highest} was given, ${found.newestEvent} is newest`);
    // What is stored is stored with its event: the last one of a device tells what the device is.
    const latest = new Map(found.events.map(({ data }) => [text(data['key']), Number(data['n'])]));
    const states = statesOf(found);
    for (const [key, n] of latest) {
      if (!key.startsWith('d')) continue;
      const state = states.get(key);
      if (n < 0 ? state !== undefined : state !== n) wrong.push(`${key}: its last event is of ${n}, it is ${state}`);
    }
  }

  /** A refused change is not, and what was begun before it is acknowledged or refused by now. */
  #refused({ numbers, done }: Begun, n: number): void {
    const at = numbers.indexOf(n, done);
    if (at !== -1) numbers.splice(at, 1);
  }

  #finished(key: string, found: Found): boolean {
    return found.events.some(({ type, data }) => type === 'operation.finished' && data['key'] === key);
  }

  /** What was found counts as acknowledged; what was begun and is not found never was. */
  #settle(thing: Begun, seen: number | undefined): void {
    let at = thing.numbers.length;
    while (at > thing.done && thing.numbers[at - 1] !== seen) {
      const last = thing.numbers[at - 1] as number;
      if (seen === undefined && last < 0) break;
      at -= 1;
    }
    thing.numbers.length = at;
    thing.done = at;
  }

  #thing(key: string): Begun {
    let thing = this.#things.get(key);
    if (thing === undefined) this.#things.set(key, (thing = { numbers: [], done: 0 }));
    return thing;
  }
}

/** By key: number of the last change of each device and of each value, 1 for an open operation. */
function statesOf(found: Found): ReadonlyMap<string, number> {
  const states = new Map<string, number>();
  const slots = new Map<string, string>();
  for (const { record } of found.devices) {
    states.set(`d${record.endpoint}`, Number(record.model));
    slots.set(record.id, record.endpoint);
  }
  for (const { record } of found.operations) states.set(`o${record.id}`, 1);
  for (const { device, resources } of found.values) states.set(`v${slots.get(device)}`, Number(resources[9]?.value));
  return states;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
