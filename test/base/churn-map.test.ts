import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ChurnMap } from '#base';

describe('a map whose entries come and go', () => {
  it('answers as Map does, whatever is done to it', () => {
    const step = fc.oneof(
      fc.record({ act: fc.constant('set' as const), key: fc.nat(40), value: fc.nat() }),
      fc.record({ act: fc.constant('delete' as const), key: fc.nat(40) }),
      fc.record({ act: fc.constant('get' as const), key: fc.nat(40) }),
    );
    const steps = fc.array(step, { minLength: 200, maxLength: 1000, size: 'max' });
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 1000 }), (all, clearAt) => {
        const map = new ChurnMap<number, number>();
        const model = new Map<number, number>();
        all.forEach((one, index) => {
          if (index === clearAt) {
            map.clear();
            model.clear();
          }
          if (one.act === 'set') {
            map.set(one.key, one.value);
            model.set(one.key, one.value);
          } else if (one.act === 'delete') expect(map.delete(one.key)).toBe(model.delete(one.key));
          else expect([map.get(one.key), map.has(one.key)]).toEqual([model.get(one.key), model.has(one.key)]);
          expect(map.size).toBe(model.size);
        });
        expect([...map]).toEqual([...model]);
        expect([...map.keys()]).toEqual([...model.keys()]);
        expect([...map.values()]).toEqual([...model.values()]);
      }),
      { numRuns: 50 },
    );
  });

  it('may be emptied while it is walked through, and every entry is seen once', () => {
    const map = new ChurnMap<number, number>();
    for (let key = 0; key < 500; key += 1) map.set(key, key);
    const seen: number[] = [];
    for (const [key] of map) {
      seen.push(key);
      map.delete(key);
    }
    expect(seen).toHaveLength(500);
    expect(map.size).toBe(0);
  });

  it('leaves nothing behind that only a collection of the whole heap finds', () => {
    const collections = (kind: 'Map' | 'ChurnMap'): number => {
      const output = execFileSync(process.execPath, ['--expose-gc', '--trace-gc', '--input-type=module', '-e', CHURN], {
        encoding: 'utf8',
        env: { ...process.env, KIND: kind, NODE_OPTIONS: '' },
        cwd: new URL('../..', import.meta.url),
      });
      return output.match(/Mark-Compact/g)?.length ?? 0;
    };
    const ours = collections('ChurnMap');
    // Two are asked for; the rest is what was left behind.
    expect(ours).toBeLessThan(6);
    expect(collections('Map')).toBeGreaterThanOrEqual(ours);
  });
});

/** 64 entries are in a map that is old already; a million come and go. */
const CHURN = `
  import { ChurnMap } from '#base';
  const map = process.env.KIND === 'Map' ? new Map() : new ChurnMap();
  const add = (number) => map.set('key ' + number, { number, body: new Array(40).fill(number) });
  for (let number = 0; number < 64; number += 1) add(number);
  globalThis.gc();
  globalThis.gc();
  for (let number = 64; number < 1_000_000; number += 1) {
    add(number);
    map.delete('key ' + (number - 64));
  }
`;
