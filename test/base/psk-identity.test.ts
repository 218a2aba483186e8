/** PSK identities as text: every identity has one, and no two have the same. */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encodeUtf8, fromHex, pskIdentityBytes, pskIdentityText, toHex } from '#base';

describe('the text of a PSK identity', () => {
  it.each([
    ['urn:dev:1', '75726e3a6465763a31'],
    ['Zürich ☃ 😀', toHex(encodeUtf8('Zürich ☃ 😀'))],
    ['#', ''],
    ['#23616263', '23616263'],
    ['#ff', 'ff'],
    ['#610a', '610a'],
    ['#c280', 'c280'],
    ['#e280ae', 'e280ae'],
    ['#efbbbf61', 'efbbbf61'],
    ['#eda080', 'eda080'],
    ['#c2a0', 'c2a0'],
  ])('is %j for %s', (text, hex) => {
    expect(pskIdentityText(fromHex(hex))).toBe(text);
    expect(toHex(pskIdentityBytes(text) ?? fromHex('00'))).toBe(hex);
  });

  it('reads back as it was, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 128 }), (bytes) => {
        expect(pskIdentityBytes(pskIdentityText(bytes))).toEqual(bytes);
      }),
    );
  });

  it.each(['#FF', '#f', '#6', '#616263', 'a\n', '#zz', ''])('%j is the text of no identity', (text) => {
    expect(pskIdentityBytes(text)).toBeUndefined();
  });
});
