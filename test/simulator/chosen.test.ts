/** Which devices a step of a script is for. */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { chosenCount, isChosen } from '../../src/simulator/chosen.js';
import type { DeviceChoice } from '../../src/simulator/script.js';

/** Numbers of the devices that are chosen. */
const chosen = (choice: DeviceChoice | undefined, count: number, seed = 1, step = 0): number[] =>
  Array.from({ length: count }, (_, index) => index + 1).filter((number) =>
    isChosen(choice, step, `sim-${number}`, { number, count, seed }),
  );

describe('devices', () => {
  it('are all when nothing is said', () => {
    expect(chosen(undefined, 3)).toEqual([1, 2, 3]);
  });

  it('are exactly as many as are wanted, and spread evenly', () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 300 })
          .chain((count) => fc.tuple(fc.integer({ min: 1, max: count }), fc.constant(count))),
        fc.nat(),
        fc.nat(20),
        ([wanted, count], seed, step) => {
          const numbers = chosen(wanted, count, seed, step);
          expect(numbers).toHaveLength(wanted);
          const gaps = numbers.slice(1).map((number, index) => number - (numbers[index] ?? 0));
          for (const gap of gaps) expect(gap).toBeLessThanOrEqual(Math.ceil(count / wanted));
        },
      ),
    );
  });

  it('are a share of all, to the nearest device', () => {
    expect(chosen('20%', 50)).toHaveLength(10);
    expect(chosen('0.5%', 1000)).toHaveLength(5);
    expect(chosen('100%', 7)).toHaveLength(7);
    expect(chosenCount('33%', 10)).toBe(3);
  });

  it('are other ones for another seed or step, and the same for the same', () => {
    expect(chosen(3, 100, 1)).toEqual(chosen(3, 100, 1));
    expect(chosen(3, 100, 1)).not.toEqual(chosen(3, 100, 2));
    expect(chosen(3, 100, 1, 0)).not.toEqual(chosen(3, 100, 1, 1));
  });

  it('are those whose name fits a pattern', () => {
    expect(chosen('sim-1*', 12)).toEqual([1, 10, 11, 12]);
    expect(chosen('*-2', 12)).toEqual([2]);
    expect(chosen('sim.2', 12)).toEqual([]);
    expect(chosen('im-2', 12)).toEqual([]);
  });
});
