/** BoundedQueue against an array, Permit against a sum: refusals change nothing. */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { BoundedQueue, InvariantError, Permit } from '#base';

describe('BoundedQueue', () => {
  it('gives items in the order they came', () => {
    const queue = new BoundedQueue<string>(3);
    expect(queue.push('a')).toBe(true);
    expect(queue.push('b')).toBe(true);
    expect(queue.peek()).toBe('a');
    expect(queue.shift()).toBe('a');
    expect(queue.shift()).toBe('b');
    expect(queue.shift()).toBeUndefined();
    expect(queue.peek()).toBeUndefined();
  });

  it('refuses when full, keeps what it has, and takes again when there is room', () => {
    const queue = new BoundedQueue<number>(2);
    queue.push(1);
    queue.push(2);
    expect(queue.push(3)).toBe(false);
    expect(queue.size).toBe(2);
    expect(queue.shift()).toBe(1);
    expect(queue.push(4)).toBe(true);
    expect([queue.shift(), queue.shift(), queue.shift()]).toEqual([2, 4, undefined]);
  });

  it('takes nothing at a limit of 0', () => {
    const queue = new BoundedQueue<number>(0);
    expect(queue.push(1)).toBe(false);
    expect(queue.size).toBe(0);
  });

  it('agrees with an array for any sequence, over many times its limit', () => {
    const steps = fc.array(fc.oneof(fc.constant('shift' as const), fc.nat()), { maxLength: 400 });
    fc.assert(
      fc.property(steps, fc.nat(100), (sequence, limit) => {
        const queue = new BoundedQueue<number>(limit);
        const model: number[] = [];
        for (const each of sequence) {
          if (each === 'shift') {
            expect(queue.shift()).toBe(model.shift());
          } else {
            const fits = model.length < limit;
            expect(queue.push(each)).toBe(fits);
            if (fits) model.push(each);
          }
          expect(queue.size).toBe(model.length);
          expect(queue.peek()).toBe(model[0]);
        }
      }),
    );
  });

  it('keeps its order when it is always a little full (what was taken is given up)', () => {
    const queue = new BoundedQueue<number>(100);
    let next = 0;
    for (let count = 0; count < 50; count += 1) queue.push(next++);
    for (let taken = 0; taken < 5000; taken += 1) {
      queue.push(next++);
      expect(queue.shift()).toBe(taken);
    }
    expect(queue.size).toBe(50);
  });
});

describe('Permit', () => {
  it('is taken up to its limit and given back', () => {
    const permit = new Permit(3);
    expect(permit.take()).toBe(true);
    expect(permit.take(2)).toBe(true);
    expect(permit.take()).toBe(false);
    expect(permit.taken).toBe(3);
    permit.give(2);
    expect(permit.taken).toBe(1);
    expect(permit.take(3)).toBe(false);
    expect(permit.take(2)).toBe(true);
  });

  it('takes nothing of an amount that does not fit whole', () => {
    const permit = new Permit(10);
    expect(permit.take(11)).toBe(false);
    expect(permit.taken).toBe(0);
    expect(permit.take(10)).toBe(true);
  });

  it('breaks when more is given back than was taken', () => {
    const permit = new Permit(2);
    permit.take();
    expect(() => permit.give(2)).toThrow(InvariantError);
    permit.give();
    expect(() => permit.give()).toThrow('a permit was given back twice');
  });
});
