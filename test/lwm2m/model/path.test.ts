/** LwM2M paths as values. */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MAX_ID, isWithin, levelOf, parsePath, samePath, showPath, tryParsePath } from '#lwm2m/model';

const ids = fc.array(fc.integer({ min: 0, max: MAX_ID }), { maxLength: 4 });

describe('a path', () => {
  it.each([
    ['/', [], 'root'],
    ['/3', [3], 'object'],
    ['/3/0', [3, 0], 'instance'],
    ['/3303/1/5700', [3303, 1, 5700], 'resource'],
    ['/3/0/6/65534', [3, 0, 6, 65_534], 'resourceInstance'],
  ])('%s is %j, of level %s', (text, path, level) => {
    expect(parsePath(text)).toEqual(path);
    expect(levelOf(path)).toBe(level);
    expect(showPath(path)).toBe(text);
  });

  it.each([
    '',
    '3',
    '3/0',
    '//',
    '/3/',
    '/3//0',
    '/03',
    '/3/0/00',
    '/65535',
    '/3/99999999999',
    '/-1',
    '/+1',
    '/3.0',
    '/a',
  ])('is not "%s"', (text) => {
    expect(tryParsePath(text)).toBeUndefined();
    expect(() => parsePath(text)).toThrow('is not a path');
  });

  it.each(['/1/2/3/4/5', ' /3', '/3 ', '/3/0?', '/3/٣'])('is not "%s" either', (text) => {
    expect(tryParsePath(text)).toBeUndefined();
  });

  it('is read back from its text', () => {
    fc.assert(fc.property(ids, (path) => expect(parsePath(showPath(path))).toEqual(path)));
  });

  it('is never made of other text', () => {
    const text = fc.string({ unit: fc.constantFrom('/', '0', '1', '6', '5', 'a', ' '), maxLength: 16 });
    fc.assert(
      fc.property(text, (candidate) => {
        const path = tryParsePath(candidate);
        if (path !== undefined) expect(showPath(path)).toBe(candidate);
      }),
    );
  });

  it('lies within itself and its ancestors, and within nothing else', () => {
    expect(isWithin([3, 0, 9], [])).toBe(true);
    expect(isWithin([3, 0, 9], [3, 0])).toBe(true);
    expect(isWithin([3, 0, 9], [3, 0, 9])).toBe(true);
    expect(isWithin([3, 0], [3, 0, 9])).toBe(false);
    expect(isWithin([3, 0, 9], [3, 1])).toBe(false);
    expect(samePath([3, 0], [3, 0])).toBe(true);
    expect(samePath([3, 0], [3])).toBe(false);
    expect(samePath([3, 0], [3, 1])).toBe(false);
  });
});
