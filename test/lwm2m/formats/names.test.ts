/** Names of records joined to base names: the path is that of the text put together, wherever it is parted. */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { NameJoiner } from '../../../src/lwm2m/formats/names.js';
import { tryParsePath } from '#lwm2m/model';

function joined(base: string, ...names: string[]): unknown[] {
  const joiner = new NameJoiner();
  joiner.begin(base);
  return names.map((name) => joiner.join(name));
}

describe('RFC 8428 §4.5.1: a name behind a base name', () => {
  it.each([
    '/3/0/9',
    '/',
    '/3',
    '/65534/65534/65534/65534',
    '/0/0/0/0',
    '/65535',
    '/03',
    '/3/',
    '//',
    '/3//0',
    '3/0',
    '',
    '/1/2/3/4/5',
    '/1/2/3/4/',
    '/3/0/9x',
    '/3/-1',
    '/99999999999999999999',
  ])('is the path that %j is, wherever it is parted', (text) => {
    for (let at = 0; at <= text.length; at += 1) {
      expect(joined(text.slice(0, at), text.slice(at))).toEqual([tryParsePath(text)]);
    }
  });

  it('is the path that any text is', () => {
    const text = fc.string({ unit: fc.constantFrom('/', '0', '1', '6', '5', '34', 'x'), maxLength: 14 });
    const check = (base: string, names: string[]): void => {
      expect(joined(base, ...names)).toEqual(names.map((name) => tryParsePath(base + name)));
    };
    fc.assert(fc.property(text, fc.array(text, { maxLength: 4 }), check), { numRuns: 2000 });
  });

  it('is judged by its own base name alone', () => {
    const joiner = new NameJoiner();
    expect(joiner.join('/3/0/9')).toEqual([3, 0, 9]);
    joiner.begin('/x');
    expect(joiner.join('9')).toBeUndefined();
    joiner.begin('/3/0/');
    expect(joiner.join('9')).toEqual([3, 0, 9]);
    expect(joiner.join('10')).toEqual([3, 0, 10]);
    joiner.begin('');
    expect(joiner.join('/1/0')).toEqual([1, 0]);
  });
});
