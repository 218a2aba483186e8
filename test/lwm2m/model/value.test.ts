/** Values: integers stay exact, times are shown and read exactly. */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  exactInteger,
  fitsInteger,
  parseObjectLink,
  parseTimestamp,
  showObjectLink,
  showTimestamp,
} from '#lwm2m/model';

describe('an integer', () => {
  it('is a number where a double holds it exactly, else a bigint', () => {
    expect(exactInteger(2n ** 53n - 1n)).toBe(9_007_199_254_740_991);
    expect(exactInteger(2n ** 53n)).toBe(2n ** 53n);
    expect(exactInteger(-(2n ** 53n) + 1n)).toBe(-9_007_199_254_740_991);
    expect(exactInteger(-(2n ** 53n))).toBe(-(2n ** 53n));
  });

  it.each([
    ['integer', 2n ** 63n - 1n, true],
    ['integer', 2n ** 63n, false],
    ['integer', -(2n ** 63n), true],
    ['integer', -(2n ** 63n) - 1n, false],
    ['time', -1, true],
    ['unsigned', 2n ** 64n - 1n, true],
    ['unsigned', 2n ** 64n, false],
    ['unsigned', -1, false],
    ['unsigned', -1n, false],
    ['integer', 1.5, false],
    ['integer', 2 ** 53, false],
    ['integer', NaN, false],
  ] as const)('of type %s holds %p: %p', (type, value, fits) => {
    expect(fitsInteger(type, value)).toBe(fits);
  });
});

describe('an object link', () => {
  it('is read back from its text', () => {
    const id = fc.integer({ min: 0, max: 65_535 });
    fc.assert(
      fc.property(id, id, (object, instance) => {
        expect(parseObjectLink(showObjectLink({ object, instance }))).toEqual({ object, instance });
      }),
    );
  });

  it.each(['', ':', '3', '3:', ':0', '3:0:1', '03:0', '3:00', '65536:0', '100000:0', ' 3:0', '3:0 ', '-1:0', 'a:b'])(
    'is not "%s"',
    (text) => {
      expect(parseObjectLink(text)).toBeUndefined();
    },
  );
});

describe('a time', () => {
  it.each([
    [0, '1970-01-01T00:00:00Z'],
    [-1, '1969-12-31T23:59:59Z'],
    [1_367_491_215, '2013-05-02T10:40:15Z'],
    [951_782_400, '2000-02-29T00:00:00Z'],
    [4_107_542_400, '2100-03-01T00:00:00Z'],
    [-62_167_219_200, '0000-01-01T00:00:00Z'],
    [253_402_300_799, '9999-12-31T23:59:59Z'],
    [0.5, '1970-01-01T00:00:00.5Z'],
    [-0.25, '1969-12-31T23:59:59.75Z'],
    [1_700_000_000.1, '2023-11-14T22:13:20.1Z'],
    [1_700_000_000.000001, '2023-11-14T22:13:20.000001Z'],
  ])('RFC 3339: %d is %s', (seconds, text) => {
    expect(showTimestamp(seconds)).toBe(text);
    expect(parseTimestamp(text)).toBe(seconds);
  });

  it('rounds a fraction to the microsecond', () => {
    expect(showTimestamp(0.999_999_9)).toBe('1970-01-01T00:00:01Z');
    expect(showTimestamp(-0.000_000_1)).toBe('1970-01-01T00:00:00Z');
  });

  it.each([-62_167_219_201, 253_402_300_800, NaN, Infinity, 1e300])(
    'has no RFC 3339 text beyond the years 0000 to 9999: %d',
    (seconds) => {
      expect(showTimestamp(seconds)).toBeUndefined();
    },
  );

  it.each([
    ['2013-05-02T12:40:15+02:00', 1_367_491_215],
    ['2013-05-02T05:10:15-05:30', 1_367_491_215],
    ['2013-05-02t10:40:15z', 1_367_491_215],
    ['2013-05-02T10:40:15.000Z', 1_367_491_215],
    ['2016-12-31T23:59:60Z', 1_483_228_800],
  ])('RFC 3339 §5.6: reads %s', (text, seconds) => {
    expect(parseTimestamp(text)).toBe(seconds);
  });

  it.each([
    '2013-05-02',
    '2013-05-02 10:40:15Z',
    '2013-05-02T10:40:15',
    '2013-02-29T10:40:15Z',
    '1900-02-29T10:40:15Z',
    '2013-04-31T10:40:15Z',
    '2013-00-02T10:40:15Z',
    '2013-13-02T10:40:15Z',
    '2013-05-00T10:40:15Z',
    '2013-05-02T24:40:15Z',
    '2013-05-02T10:60:15Z',
    '2013-05-02T10:40:61Z',
    '2013-05-02T10:40:15.Z',
    '2013-05-02T10:40:15+24:00',
    '2013-05-02T10:40:15+02:60',
    '0000-01-01T00:00:00+00:01',
    '9999-12-31T23:59:60Z',
    '٢013-05-02T10:40:15Z',
  ])('RFC 3339: refuses %s', (text) => {
    expect(parseTimestamp(text)).toBeUndefined();
  });

  it('agrees with the calendar of the platform on every second', () => {
    const seconds = fc.integer({ min: -62_167_219_200, max: 253_402_300_799 });
    fc.assert(
      fc.property(seconds, (moment) => {
        expect(showTimestamp(moment)).toBe(new Date(moment * 1000).toISOString().replace('.000Z', 'Z'));
        expect(parseTimestamp(new Date(moment * 1000).toISOString())).toBe(moment);
      }),
      { numRuns: 2000 },
    );
  });
});
