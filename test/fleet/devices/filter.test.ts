/** The filter language: what is read, what is refused and where. */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AppError } from '#base';
import { parseFilter } from '#fleet';
import type { Filter } from '#fleet';

/** A filter as text with every grouping shown. */
function show(filter: Filter): string {
  if (filter.kind !== 'comparison') {
    return `(${filter.parts.map(show).join(filter.kind === 'and' ? ' and ' : ' or ')})`;
  }
  const values = filter.values.map(({ pieces }) => pieces.map((piece) => JSON.stringify(piece)).join('*'));
  return `${filter.field} ${filter.operator} ${values.join(' ')}`;
}

describe('parseFilter', () => {
  it.each([
    ['presence==online', 'presence == "online"'],
    ['a==1;b==2,c==3', '((a == "1" and b == "2") or c == "3")'],
    ['a==1;(b==2,c==3)', '(a == "1" and (b == "2" or c == "3"))'],
    ['((a==1))', 'a == "1"'],
    ['a=in=(1,2,3)', 'a =in= "1" "2" "3"'],
    [`a=out=('x y',"z,)")`, 'a =out= "x y" "z,)"'],
    ['a!=x;b=gt=1;c=ge=2;d=lt=3;e=le=4', '(a != "x" and b =gt= "1" and c =ge= "2" and d =lt= "3" and e =le= "4")'],
    ['endpoint==urn:imei:1*', 'endpoint == "urn:imei:1"*""'],
    ['model==*a*b*', 'model == ""*"a"*"b"*""'],
    ["model=='*'", 'model == ""*""'],
    ['model==a\\*b', 'model == "a*b"'],
    [`model=='it\\'s \\\\ "so"'`, 'model == "it\'s \\\\ \\"so\\""'],
    ["model==''", 'model == ""'],
    ['tags.site==Zürich', 'tags.site == "Zürich"'],
    ['lastSeen=gt=2026-01-31T12:00:00Z', 'lastSeen =gt= "2026-01-31T12:00:00Z"'],
  ])('reads %s', (text, expected) => {
    expect(show(parseFilter(text))).toBe(expected);
  });

  it.each([
    ['', 1, 'a field name'],
    ['a', 2, 'one of == !='],
    ['a=1', 2, 'one of == !='],
    ['a==', 4, 'a value'],
    ['a==1;', 6, 'a field name'],
    ['a==1)', 5, 'the end'],
    ['(a==1', 6, '")"'],
    ['a==1 b==2', 5, 'the end'],
    ["a=='x", 4, 'is not closed'],
    ['a=in=1', 6, '"("'],
    ['a=in=()', 7, 'a value'],
    ['a=in=(1;2)', 8, '"," or ")"'],
    ['a=foo=1', 2, 'one of'],
    ['a==1;;b==2', 6, 'a field name'],
  ])('refuses "%s" at character %s', (text, at, why) => {
    expect(() => parseFilter(text)).toThrow(
      expect.objectContaining({
        code: 'invalid_filter',
        message: expect.stringMatching(new RegExp(`at character ${at}: .*${why.replaceAll(/[()"]/g, '.')}`)),
        faults: [expect.objectContaining({ pointer: '/filter' })],
      }),
    );
  });

  it.each([
    ['depth', `${'('.repeat(17)}a==1${')'.repeat(17)}`],
    ['number of comparisons', Array.from({ length: 65 }, () => 'a==1').join(';')],
    ['number of values', `a=in=(${Array.from({ length: 501 }, () => '1').join(',')})`],
    ['length', `a==${'x'.repeat(4097)}`],
  ])('bounds the %s', (_what, text) => {
    expect(() => parseFilter(text)).toThrow(expect.objectContaining({ code: 'invalid_filter' }));
  });

  it('takes or refuses any text, and throws nothing else', () => {
    const characters = fc.constantFrom(...'ab=!<>~;,()\'"*\\ .:-gtin1é😀'.split(''));
    fc.assert(
      fc.property(fc.array(characters, { maxLength: 40 }), (text) => {
        try {
          parseFilter(text.join(''));
        } catch (error) {
          if (!(error instanceof AppError) || error.code !== 'invalid_filter') throw error;
        }
      }),
      { numRuns: 5000, seed: 1 },
    );
  });

  it('reads every value that was quoted as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (value) => {
        const filter = parseFilter(`a=='${value.replaceAll(/['\\*]/g, String.raw`\$&`)}'`);
        expect(filter).toMatchObject({ values: [{ pieces: [value] }] });
      }),
      { numRuns: 1000, seed: 1 },
    );
  });
});
