/** Numbers of JSON bodies: held exactly or refused (RFC 8259 §6). */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isExactNumber } from '../../src/northbound/json.js';

describe('a JSON number', () => {
  it.each([
    '0',
    '-0',
    '0.0',
    '0e999',
    '-0.000e-5',
    '0.1',
    '1e-300',
    '5e-324',
    '1E+2',
    '1e22',
    '100e-2',
    '9007199254740992',
    '9007199254740994.0',
    '90071992547409940e-1',
    '18446744073709551616',
    '123456789012345.678',
    `1${'0'.repeat(200)}e-200`,
  ])('%s is held', (text) => {
    expect(isExactNumber(text)).toBe(true);
  });

  it.each([
    '1e-400',
    '-1e-400',
    '2e-324',
    '0.0001e-321',
    '1e400',
    '1e23',
    '-1e309',
    '9007199254740993',
    '-9007199254740993',
    '9007199254740993.0',
    '9007199254740993e0',
    '9007199254740.993e3',
    '90071992547409930e-1',
    '18446744073709551615',
  ])('%s is refused, not rounded', (text) => {
    expect(isExactNumber(text)).toBe(false);
  });

  it('that is an integer is held exactly when the integer itself is, in any notation', () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 70n), 2n ** 70n), fc.nat(30), (integer, shift) => {
        const held = BigInt(Number(integer)) === integer;
        expect(isExactNumber(String(integer))).toBe(held);
        expect(isExactNumber(`${integer}.000`)).toBe(held);
        expect(isExactNumber(`${integer}${'0'.repeat(shift)}e-${shift}`)).toBe(held);
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  it('of any double as it is printed is held', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        fc.pre(!Number.isInteger(number) || Number.isSafeInteger(number));
        expect(isExactNumber(String(number))).toBe(true);
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  it('of a million digits is judged at once', () => {
    expect(isExactNumber('9'.repeat(1_000_000))).toBe(false);
    expect(isExactNumber(`0.${'0'.repeat(1_000_000)}1e1000001`)).toBe(true);
    expect(isExactNumber(`1${'0'.repeat(300)}.${'0'.repeat(1_000_000)}`)).toBe(false);
  });
});
