/** Attributes as query and on Discover links. */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AppError, DecodeError } from '#base';
import { attributesToQuery, parseDiscovered } from '#lwm2m/protocol';

describe('attributes as query', () => {
  it('are in the order given, and a bare name unsets (LwM2M-Core 1.1.1 §6.3.5)', () => {
    expect(attributesToQuery({ pmin: 10, pmax: 60, gt: -5.5 })).toEqual(['pmin=10', 'pmax=60', 'gt=-5.5']);
    expect(attributesToQuery({ lt: 1, gt: 6, st: 1 })).toEqual(['lt=1', 'gt=6', 'st=1']);
    expect(attributesToQuery({ pmax: 'unset', pmin: 0 })).toEqual(['pmax', 'pmin=0']);
    expect(attributesToQuery({ edge: 1, con: 0, hqmax: 10, epmin: 1, epmax: 20 })).toEqual([
      'edge=1',
      'con=0',
      'hqmax=10',
      'epmin=1',
      'epmax=20',
    ]);
  });

  it('are decimal without exponent', () => {
    expect(attributesToQuery({ gt: 1e21, lt: 1e-7, st: 1.25e-10 })).toEqual([
      'gt=1000000000000000000000',
      'lt=0.0000001',
      'st=0.000000000125',
    ]);
    expect(attributesToQuery({ gt: -1.5e-9 })).toEqual(['gt=-0.0000000015']);
  });

  it('read back as the same number, whatever it is', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const [text = ''] = attributesToQuery({ gt: value });
        expect(text).toMatch(/^gt=-?\d+(\.\d+)?$/);
        expect(Number(text.slice(3)) === value).toBe(true);
      }),
    );
  });

  it('that the device will refuse are sent nonetheless', () => {
    expect(attributesToQuery({ pmin: -1, gt: 1, lt: 5 })).toEqual(['pmin=-1', 'gt=1', 'lt=5']);
  });

  it.each([{}, { gt: Number.NaN }, { lt: Number.POSITIVE_INFINITY }])('%j cannot be encoded', (attributes) => {
    expect(() => attributesToQuery(attributes)).toThrow(AppError);
  });
});

describe('Discover links', () => {
  it('LightweightM2M-1.1-int-260: hold attributes as numbers, in any order', () => {
    expect(parseDiscovered('</3/0/7>;pmin=10;pmax=200;dim=2;lt=1;gt=6;st=1', '')).toEqual([
      { path: '/3/0/7', attributes: { pmin: 10, pmax: 200, dim: 2, lt: 1, gt: 6, st: 1 } },
    ]);
    expect(parseDiscovered('</3/0/7>;st=1;gt=6;lt=1;dim="2";pmax=200;pmin=10', '')).toEqual([
      { path: '/3/0/7', attributes: { pmin: 10, pmax: 200, dim: 2, lt: 1, gt: 6, st: 1 } },
    ]);
  });

  it('LightweightM2M-1.1-int-261: list resource instances', () => {
    expect(parseDiscovered('</3/0/11>;dim=1;pmin=10;pmax=320,</3/0/11/0>;pmax=100;epmin=1;epmax=20', '')).toEqual([
      { path: '/3/0/11', attributes: { dim: 1, pmin: 10, pmax: 320 } },
      { path: '/3/0/11/0', attributes: { pmax: 100, epmin: 1, epmax: 20 } },
    ]);
  });

  it('LightweightM2M-1.2-int-266: show what is attached to a resource instance', () => {
    expect(parseDiscovered('</3/0>,</3/0/6>;dim=8,</3/0/7>;dim=8;gt=50;lt=42.2,</3/0/7/1>;gt=-8', '')).toEqual([
      { path: '/3/0', attributes: {} },
      { path: '/3/0/6', attributes: { dim: 8 } },
      { path: '/3/0/7', attributes: { dim: 8, gt: 50, lt: 42.2 } },
      { path: '/3/0/7/1', attributes: { gt: -8 } },
    ]);
  });

  it('LightweightM2M-1.0-int-1201: show a version as text, quoted or bare', () => {
    const expected = [{ path: '/10', attributes: { ver: '1.10' } }];
    expect(parseDiscovered('</10>;ver="1.10"', '')).toEqual(expected);
    expect(parseDiscovered('</10>;ver=1.10', '')).toEqual(expected);
  });

  it('keep what is no number as text, and what has no value as true', () => {
    expect(parseDiscovered('</0/0>;ssid=101;uri="coaps://x";obs;t=1.2.3;big=12345678901234567890', '')).toEqual([
      {
        path: '/0/0',
        attributes: { ssid: 101, uri: 'coaps://x', obs: true, t: '1.2.3', big: '12345678901234567890' },
      },
    ]);
  });

  it('are without the root of the device', () => {
    expect(
      parseDiscovered('</lwm2m/3>,</lwm2m/3/0>;pmin=1,</lwm2m>,</other>', '/lwm2m').map(({ path }) => path),
    ).toEqual(['/3', '/3/0', '/', '/other']);
  });

  it('hold an attribute of any name without harm', () => {
    const [link] = parseDiscovered('</3>;__proto__=5;constructor=6', '');
    expect(Object.keys(link?.attributes ?? {})).toEqual(['__proto__', 'constructor']);
    expect(JSON.stringify(link?.attributes)).toBe('{"__proto__":5,"constructor":6}');
  });

  it('may be none', () => {
    expect(parseDiscovered('', '')).toEqual([]);
  });

  it('that are cut off are refused', () => {
    expect(() => parseDiscovered('</3/0/7>;pmin=10,</3', '')).toThrow(DecodeError);
  });
});
