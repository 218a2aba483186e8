import { parse } from 'node:querystring';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readQuery } from '../../src/northbound/query.js';

describe('a query text', () => {
  it('may be missing', () => {
    for (const none of [undefined, null, '']) expect(readQuery(none)).toEqual({});
  });

  it('is read as node:querystring reads it, whatever it is', () => {
    const piece = fc.constantFrom(
      'a',
      'live',
      '=',
      '&',
      '%20',
      '%',
      '+',
      'é',
      '__proto__',
      'constructor',
      '==',
      '&&',
      '~',
      '/',
    );
    const texts = fc.oneof(
      fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
      fc.string({ maxLength: 300 }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect({ ...readQuery(text) }).toEqual({ ...parse(text) });
        expect(Object.keys(readQuery(text))).toEqual(Object.keys(parse(text)));
      }),
      { numRuns: 5000 },
    );
  });
});
