import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DecodeError, EMPTY, fromHex, InvariantError, toHex } from '#base';
import {
  decodeEcdheClientKeyExchange,
  decodeEcdhePskClientKeyExchange,
  decodeEcdhePskServerKeyExchange,
  decodeEcdheServerKeyExchange,
  decodePskClientKeyExchange,
  decodePskServerKeyExchange,
  encodeEcdhParameters,
  encodeEcdheClientKeyExchange,
  encodeEcdhePskClientKeyExchange,
  encodeEcdhePskServerKeyExchange,
  encodeEcdheServerKeyExchange,
  encodePskClientKeyExchange,
  encodePskServerKeyExchange,
} from '#dtls/codec';

function refusal(decode: () => unknown): string {
  try {
    decode();
  } catch (error) {
    if (error instanceof DecodeError) return error.reason;
    throw error;
  }
  return 'none';
}

const anyPoint = fc.uint8Array({ minLength: 1, maxLength: 255 });
const anyNumber = fc.nat({ max: 0xffff });
const anyBytes = fc.uint8Array({ maxLength: 200 });
const hexOf = (record: object) =>
  Object.fromEntries(
    Object.entries(record).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? toHex(value) : (value as unknown),
    ]),
  );

describe('key exchange by PSK', () => {
  it('reads hints and identities of 0 to 65,535 bytes back', () => {
    for (const size of [0, 1, 128, 255, 256, 65_535]) {
      const bytes = new Uint8Array(size).fill(0x69);
      expect(toHex(decodePskServerKeyExchange(encodePskServerKeyExchange(bytes)))).toBe(toHex(bytes));
      expect(toHex(decodePskClientKeyExchange(encodePskClientKeyExchange(bytes)))).toBe(toHex(bytes));
    }
    expect(() => encodePskServerKeyExchange(new Uint8Array(65_536))).toThrow(InvariantError);
    expect(() => encodePskClientKeyExchange(new Uint8Array(65_536))).toThrow(InvariantError);
  });
});

describe('key exchange by ECDHE_PSK', () => {
  it('reads back as it was written', () => {
    fc.assert(
      fc.property(anyBytes, anyNumber, anyPoint, (hint, group, point) => {
        const server = { hint, group, point };
        expect(hexOf(decodeEcdhePskServerKeyExchange(encodeEcdhePskServerKeyExchange(server)))).toEqual(hexOf(server));
        const client = { identity: hint, point };
        expect(hexOf(decodeEcdhePskClientKeyExchange(encodeEcdhePskClientKeyExchange(client)))).toEqual(hexOf(client));
      }),
    );
  });

  it('has a point', () => {
    expect(refusal(() => decodeEcdhePskServerKeyExchange(fromHex('00000300170100')))).toBe('none');
    expect(refusal(() => decodeEcdhePskServerKeyExchange(fromHex('000003001700')))).toBe('bad_length');
    expect(refusal(() => decodeEcdhePskClientKeyExchange(fromHex('000000')))).toBe('bad_length');
    const point = new Uint8Array(256);
    expect(() => encodeEcdhePskServerKeyExchange({ hint: EMPTY, group: 23, point })).toThrow(InvariantError);
    expect(() => encodeEcdhePskClientKeyExchange({ identity: EMPTY, point: EMPTY })).toThrow(InvariantError);
  });
});

describe('key exchange by ECDHE', () => {
  it('reads back as it was written, with the signed bytes as they stood', () => {
    fc.assert(
      fc.property(
        anyNumber,
        anyPoint,
        anyNumber,
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        (group, point, scheme, signature) => {
          const params = encodeEcdhParameters({ group, point });
          const read = decodeEcdheServerKeyExchange(encodeEcdheServerKeyExchange({ params, scheme, signature }));
          expect(hexOf(read)).toEqual(hexOf({ group, point, params, scheme, signature }));
          expect(toHex(decodeEcdheClientKeyExchange(encodeEcdheClientKeyExchange(point)))).toBe(toHex(point));
        },
      ),
    );
  });

  it('is of named curves only', () => {
    for (let curveType = 0; curveType <= 255; curveType += 1) {
      const body = Buffer.concat([Buffer.from([curveType]), fromHex('001701040403000130')]);
      expect(refusal(() => decodeEcdheServerKeyExchange(body))).toBe(curveType === 3 ? 'none' : 'illegal_value');
      const psk = Buffer.concat([fromHex('0000'), body.subarray(0, 5)]);
      expect(refusal(() => decodeEcdhePskServerKeyExchange(psk))).toBe(curveType === 3 ? 'none' : 'illegal_value');
    }
  });

  it('without a signature, or with one of no bytes, is refused', () => {
    expect(refusal(() => decodeEcdheServerKeyExchange(fromHex('0300170104')))).toBe('truncated');
    expect(refusal(() => decodeEcdheServerKeyExchange(fromHex('03001701040403')))).toBe('truncated');
    expect(refusal(() => decodeEcdheServerKeyExchange(fromHex('030017010404030000')))).toBe('bad_length');
    const params = fromHex('0300170104');
    expect(() => encodeEcdheServerKeyExchange({ params, scheme: 0x0403, signature: EMPTY })).toThrow(InvariantError);
    const signature = fromHex('30');
    expect(() => encodeEcdheServerKeyExchange({ params, scheme: 0x1_0403, signature })).toThrow(InvariantError);
  });

  it('has a point', () => {
    expect(refusal(() => decodeEcdheServerKeyExchange(fromHex('030017000403000130')))).toBe('bad_length');
    expect(refusal(() => decodeEcdheClientKeyExchange(fromHex('00')))).toBe('bad_length');
    expect(() => encodeEcdheClientKeyExchange(EMPTY)).toThrow(InvariantError);
    expect(() => encodeEcdhParameters({ group: 0x1_0000, point: fromHex('04') })).toThrow(InvariantError);
  });
});
