/** The check of UTF-8 that makes no string agrees with the platform's decoder on everything. */

import { isUtf8 } from 'node:buffer';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { utf8ErrorAt } from '../../../src/lwm2m/formats/utf8.js';

describe('the check of UTF-8', () => {
  it('RFC 3629 §4: agrees on all sequences of up to two bytes, and of more with lead bytes and edges', () => {
    const edges = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xe0, 0xff];
    for (let first = 0; first < 256; first += 1) {
      for (let second = 0; second < 256; second += 1) {
        const pair = Uint8Array.of(first, second);
        if (utf8ErrorAt(pair, 0, 2) < 0 !== isUtf8(pair)) throw new Error(pair.join(' '));
        if (first < 0xe0) continue;
        for (const third of edges) {
          for (const fourth of edges) {
            const bytes = Uint8Array.of(first, second, third, fourth);
            if (utf8ErrorAt(bytes, 0, 4) < 0 !== isUtf8(bytes)) throw new Error(bytes.join(' '));
          }
        }
      }
    }
  });

  it('agrees on any bytes, and on the span alone', () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 }).map((value) => new Uint8Array(Buffer.from(value)));
    fc.assert(
      fc.property(fc.oneof(text, fc.uint8Array({ maxLength: 12 })), fc.nat(3), fc.nat(3), (bytes, before, after) => {
        const whole = new Uint8Array([
          ...new Array<number>(before).fill(0xff),
          ...bytes,
          ...new Array<number>(after).fill(0x80),
        ]);
        expect(utf8ErrorAt(whole, before, before + bytes.length) < 0).toBe(isUtf8(bytes));
      }),
      { numRuns: 2000 },
    );
  });
});
