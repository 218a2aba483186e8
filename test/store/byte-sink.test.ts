import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { ByteSink } from '../../src/store/sqlite/byte-sink.js';

function jsonOf(value: unknown): string {
  const sink = new ByteSink(1);
  sink.json(value);
  return sink.buffer.toString('utf8', 0, sink.length);
}

describe('JSON written as bytes', () => {
  it('is what JSON.stringify gives, for every JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        expect(jsonOf(value)).toBe(JSON.stringify(value));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['a lone surrogate', 'a\ud800b'],
    ['controls, quotes and backslashes', '\u0000\n"\\\u007f\u2028'],
    ['letters beyond ASCII', 'grüße 温度 🌡'],
    ['a long text', 'x'.repeat(100_000)],
    ['zero and minus zero', [0, -0]],
    ['integers around the places where a digit more begins', [9, 10, 9_999_999, 10_000_000, 99_999_999_999_999, 1e15]],
    ['the largest exact integers', [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER + 1, -Number.MAX_SAFE_INTEGER]],
    ['fractions, the largest and the smallest', [0.1, -1.5e-7, Number.MAX_VALUE, Number.MIN_VALUE]],
    ['what JSON has no numbers for', [Number.NaN, Infinity, -Infinity]],
    ['members that are undefined', { a: undefined, b: [undefined], c: null }],
    ['names that need escaping', { 'a"b': 1, '': 2, é: 3 }],
    ['nothing in it', [{}, []]],
  ])('is what JSON.stringify gives: %s', (_what, value) => {
    expect(jsonOf(value)).toBe(JSON.stringify(value));
  });
});

describe('decimal fields', () => {
  it('have all their digits, with zeros before them', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.integer({ min: 0, max: 4 }), (value, more) => {
        const width = String(value).length + more;
        const sink = new ByteSink(1);
        sink.latin1('<');
        sink.decimal(value, width);
        sink.latin1('>');
        expect(sink.buffer.toString('latin1', 0, sink.length)).toBe(`<${String(value).padStart(width, '0')}>`);
      }),
    );
  });
});
