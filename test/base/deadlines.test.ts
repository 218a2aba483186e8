/** Deadlines against a naive model: every operation in any order gives what a plain Map and a search would give. */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { Deadlines, Instant } from '#base';

/** The same by a Map and a search. */
class NaiveDeadlines {
  readonly #at = new Map<number, number>();

  get size(): number {
    return this.#at.size;
  }

  set(key: number, at: number): void {
    this.#at.set(key, at);
  }

  clear(key: number): boolean {
    return this.#at.delete(key);
  }

  get(key: number): number | undefined {
    return this.#at.get(key);
  }

  earliest(): number | undefined {
    return this.#at.size === 0 ? undefined : Math.min(...this.#at.values());
  }
}

const key = fc.nat(12);
const at = fc.oneof(fc.nat(20), fc.double({ min: 0, max: 1e12, noNaN: true }));
const step = fc.oneof(
  fc.record({ do: fc.constant('set' as const), key, at }),
  fc.record({ do: fc.constant('clear' as const), key }),
  fc.record({ do: fc.constant('due' as const), at }),
);

describe('Deadlines', () => {
  it('agree with a naive model for any sequence of set, clear and due', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const deadlines = new Deadlines<number>();
        const model = new NaiveDeadlines();
        for (const each of steps) {
          if (each.do === 'set') {
            deadlines.set(each.key, Instant(each.at));
            model.set(each.key, each.at);
          } else if (each.do === 'clear') {
            expect(deadlines.clear(each.key)).toBe(model.clear(each.key));
          } else {
            const earliest = model.earliest();
            const due = deadlines.due(Instant(each.at));
            if (earliest === undefined || earliest > each.at) {
              expect(due).toBeUndefined();
            } else {
              expect(due).toBeDefined();
              expect(model.get(due as number)).toBe(earliest);
              model.clear(due as number);
            }
          }
          expect(deadlines.size).toBe(model.size);
          expect(deadlines.earliest()).toBe(model.earliest());
          for (let each = 0; each <= 12; each += 1) expect(deadlines.get(each)).toBe(model.get(each));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('give keys that are due in the order of their deadlines, each once', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { maxLength: 200 }), (moments) => {
        const deadlines = new Deadlines<number>();
        moments.forEach((moment, index) => {
          deadlines.set(index, Instant(moment));
        });
        const order: number[] = [];
        for (let due = deadlines.due(Instant(500)); due !== undefined; due = deadlines.due(Instant(500)))
          order.push(due);
        expect(order.map((index) => moments[index])).toEqual(
          moments.filter((moment) => moment <= 500).sort((a, b) => a - b),
        );
        expect(new Set(order).size).toBe(order.length);
        expect(deadlines.size).toBe(moments.filter((moment) => moment > 500).length);
      }),
    );
  });

  it('are due at their very moment and not before', () => {
    const deadlines = new Deadlines<string>();
    deadlines.set('a', Instant(10.5));
    expect(deadlines.due(Instant(10.499))).toBeUndefined();
    expect(deadlines.due(Instant(10.5))).toBe('a');
    expect(deadlines.due(Instant(10.5))).toBeUndefined();
  });

  it('keep one deadline per key: the last one set, earlier or later', () => {
    const deadlines = new Deadlines<string>();
    deadlines.set('a', Instant(10));
    deadlines.set('b', Instant(20));
    deadlines.set('a', Instant(30));
    expect(deadlines.size).toBe(2);
    expect(deadlines.earliest()).toBe(20);
    deadlines.set('a', Instant(5));
    expect(deadlines.due(Instant(25))).toBe('a');
    expect(deadlines.due(Instant(25))).toBe('b');
    expect(deadlines.size).toBe(0);
  });

  it('may be set again for a key that was due or cleared', () => {
    const deadlines = new Deadlines<string>();
    deadlines.set('a', Instant(1));
    expect(deadlines.due(Instant(1))).toBe('a');
    expect(deadlines.get('a')).toBeUndefined();
    deadlines.set('a', Instant(2));
    expect(deadlines.clear('a')).toBe(true);
    expect(deadlines.clear('a')).toBe(false);
    deadlines.set('a', Instant(3));
    expect(deadlines.earliest()).toBe(3);
  });

  it('compare objects by identity', () => {
    const deadlines = new Deadlines<{ readonly name: string }>();
    const one = { name: 'x' };
    const other = { name: 'x' };
    deadlines.set(one, Instant(1));
    deadlines.set(other, Instant(2));
    expect(deadlines.size).toBe(2);
    expect(deadlines.due(Instant(5))).toBe(one);
    expect(deadlines.due(Instant(5))).toBe(other);
  });

  it('reach beyond 2^31 ms', () => {
    const deadlines = new Deadlines<string>();
    deadlines.set('far', Instant((2 ** 32 - 1) * 1000));
    expect(deadlines.due(Instant(2 ** 31))).toBeUndefined();
    expect(deadlines.earliest()).toBe((2 ** 32 - 1) * 1000);
  });
});
