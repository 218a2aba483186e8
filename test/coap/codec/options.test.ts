import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  bytesOption,
  decodeUint,
  emptyOption,
  encodeUint,
  fitsRegistry,
  isCritical,
  isNoCacheKey,
  isUnsafe,
  OptionNumber,
  OPTIONS,
  stringOption,
  uintOption,
} from '#coap/codec';
import { fromHex, InvariantError, toHex } from '#base';

const MAX = 2 ** 48 - 1;

describe('the option registry', () => {
  it('has a row for each name, in ascending order', () => {
    expect([...OPTIONS.keys()]).toEqual(Object.values(OptionNumber));
    for (const [number, row] of OPTIONS) expect(row.number).toBe(number);
    const numbers = [...OPTIONS.keys()];
    expect(numbers).toEqual([...numbers].sort((left, right) => left - right));
  });

  it('has each name under its number', () => {
    for (const [constant, number] of Object.entries(OptionNumber)) {
      expect(OPTIONS.get(number)?.name.toUpperCase().replaceAll('-', '_')).toBe(constant);
    }
  });

  it('cannot be changed', () => {
    expect(Object.isFrozen(OptionNumber)).toBe(true);
    expect(Object.isFrozen(OPTIONS.get(11))).toBe(true);
  });

  it.each([
    [OptionNumber.URI_PATH, 0, 255],
    [OptionNumber.IF_NONE_MATCH, 0, 0],
    [OptionNumber.OBSERVE, 0, 3],
    [OptionNumber.ECHO, 1, 40],
    [OptionNumber.PROXY_URI, 1, 1034],
    [OptionNumber.HOP_LIMIT, 1, 1],
  ])('option %d holds %d to %d bytes', (number, min, max) => {
    expect([min, max].map((length) => fitsRegistry(number, length))).toEqual([true, true]);
    expect([min - 1, max + 1].map((length) => fitsRegistry(number, length))).toEqual([false, false]);
  });

  it('lets options it does not know have any length', () => {
    expect([0, 5, 60_000].every((length) => fitsRegistry(2049, length))).toBe(true);
  });
});

describe('the bits of an option number (RFC 7252 §5.4.6)', () => {
  it('say what is critical', () => {
    const critical = Object.entries(OptionNumber).filter(([, number]) => isCritical(number));
    expect(critical.map(([name]) => name)).toEqual([
      ...['IF_MATCH', 'URI_HOST', 'IF_NONE_MATCH', 'URI_PORT', 'OSCORE', 'URI_PATH', 'URI_QUERY', 'ACCEPT'],
      ...['Q_BLOCK1', 'BLOCK2', 'BLOCK1', 'Q_BLOCK2', 'PROXY_URI', 'PROXY_SCHEME'],
    ]);
  });

  it('say what is unsafe to forward and what is no cache key', () => {
    expect([OptionNumber.URI_PATH, OptionNumber.MAX_AGE, OptionNumber.BLOCK1].every(isUnsafe)).toBe(true);
    expect([OptionNumber.ETAG, OptionNumber.CONTENT_FORMAT, OptionNumber.SIZE1].some(isUnsafe)).toBe(false);
    const rows = Object.values(OptionNumber);
    expect(rows.filter((number) => isNoCacheKey(number))).toEqual([28, 60, 252]);
    expect(isNoCacheKey(OptionNumber.REQUEST_TAG)).toBe(false);
  });
});

describe('unsigned integers (RFC 7252 §3.2)', () => {
  it.each([
    [0, ''],
    [1, '01'],
    [255, 'ff'],
    [256, '0100'],
    [65_535, 'ffff'],
    [65_536, '010000'],
    [11_542, '2d16'],
    [2 ** 31, '80000000'],
    [2 ** 32 - 1, 'ffffffff'],
    [2 ** 32, '0100000000'],
    [MAX, 'ffffffffffff'],
  ])('%d is written in as few bytes as it needs: %j', (value, hex) => {
    expect(toHex(encodeUint(value))).toBe(hex);
    expect(decodeUint(fromHex(hex))).toBe(value);
  });

  it('are read with leading zeros, and not at all beyond six bytes', () => {
    expect(decodeUint(fromHex('0000002a'))).toBe(42);
    expect(decodeUint(fromHex('00000000002a'))).toBe(42);
    expect(decodeUint(fromHex('0000000000002a'))).toBeUndefined();
  });

  it('come back as they were, without a zero in front', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.nat(),
          fc.maxSafeNat().map((value) => value % (MAX + 1)),
        ),
        (value) => {
          const bytes = encodeUint(value);
          expect(decodeUint(bytes)).toBe(value);
          expect(bytes[0]).not.toBe(0);
        },
      ),
    );
  });

  it.each([-1, 1.5, MAX + 1, Number.NaN, Number.POSITIVE_INFINITY])('%d is a fault of the caller', (value) => {
    expect(() => encodeUint(value)).toThrow(InvariantError);
  });
});

describe('options as values', () => {
  it('hold an integer, text, bytes or nothing', () => {
    expect(toHex(uintOption(12, 11_542).value)).toBe('2d16');
    expect(toHex(stringOption(11, 'ä').value)).toBe('c3a4');
    expect(bytesOption(4, fromHex('0102'))).toEqual({ number: 4, value: fromHex('0102') });
    expect(emptyOption(5).value).toHaveLength(0);
  });
});
