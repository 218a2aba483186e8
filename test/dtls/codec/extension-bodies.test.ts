import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DecodeError, EMPTY, fromHex, InvariantError, toHex } from '#base';
import {
  decodeCertificateTypes,
  decodeConnectionId,
  decodeEmptyExtension,
  decodeMaxFragmentLength,
  decodePointFormats,
  decodeRecordSizeLimit,
  decodeRenegotiationInfo,
  decodeServerName,
  decodeSignatureAlgorithms,
  decodeSupportedGroups,
  encodeCertificateType,
  encodeCertificateTypes,
  encodeConnectionId,
  encodeMaxFragmentLength,
  encodePointFormats,
  encodeRecordSizeLimit,
  encodeRenegotiationInfo,
  encodeServerName,
  encodeSignatureAlgorithms,
  encodeSupportedGroups,
  ExtensionType,
  findExtension,
} from '#dtls/codec';

/** The reason of a DecodeError, or what was decoded. */
function outcome(decode: (bytes: Uint8Array) => unknown, hex: string): unknown {
  try {
    return decode(fromHex(hex));
  } catch (error) {
    if (error instanceof DecodeError) return error.reason;
    throw error;
  }
}

describe('server_name', () => {
  it.each([
    ['one host name', '000c0000096c6f63616c686f7374', 'localhost'],
    ['a host name with capitals, kept', '000400000141', 'A'],
    ['an address', '000c000009' + toHex(Buffer.from('127.0.0.1')), '127.0.0.1'],
    ['an address of IPv6', '0006000003' + toHex(Buffer.from('::1')), '::1'],
    ['a host name behind a name of another type', '0009010002aabb00000161', 'a'],
    ['names of other types only', '0005010002aabb', undefined],
    ['no list', '', 'truncated'],
    ['an empty list', '0000', 'bad_length'],
    ['an empty name', '0003000000', 'bad_length'],
    ['two host names', '00080000016100000162', 'illegal_value'],
    ['a name with a NUL', '00050000026100', 'illegal_value'],
    ['a name with a blank', '00050000026120', 'illegal_value'],
    ['a name with a DEL', '0005000002617f', 'illegal_value'],
    ['a name that is not ASCII', '0005000002c3a4', 'illegal_value'],
    ['a name longer than its list', '0005000003616161', 'trailing_bytes'],
    ['a name that reaches out of its list', '00050000036161', 'truncated'],
  ])('with %s', (_, hex, expected) => {
    expect(outcome(decodeServerName, hex)).toEqual(expected);
  });

  it('is written for names of printable ASCII alone', () => {
    expect(toHex(encodeServerName('localhost'))).toBe('000c0000096c6f63616c686f7374');
    for (const host of ['', 'a b', 'ä', 'a\0']) expect(() => encodeServerName(host)).toThrow(InvariantError);
  });
});

describe('max_fragment_length', () => {
  it('has four values', () => {
    const lengths = [512, 1024, 2048, 4096] as const;
    for (let code = 0; code <= 255; code += 1) {
      expect(outcome(decodeMaxFragmentLength, toHex(Uint8Array.of(code)))).toBe(lengths[code - 1] ?? 'illegal_value');
    }
    expect(lengths.map((length) => toHex(encodeMaxFragmentLength(length)))).toEqual(['01', '02', '03', '04']);
  });
});

describe('record_size_limit', () => {
  it.each([
    ['0000', 'illegal_value'],
    ['003f', 'illegal_value'],
    ['0040', 64],
    ['4000', 16_384],
    ['4001', 16_385],
    ['4002', 16_386],
    ['ffff', 65_535],
  ])('%s reads as %s: more than DTLS 1.2 allows is no fault of a client (RFC 8449 §4)', (hex, expected) => {
    expect(outcome(decodeRecordSizeLimit, hex)).toBe(expected);
  });

  it('is written from 64 to 2^14 + 1', () => {
    expect([64, 512, 16_385].map((limit) => toHex(encodeRecordSizeLimit(limit)))).toEqual(['0040', '0200', '4001']);
    for (const limit of [63, 16_386, 100.5]) expect(() => encodeRecordSizeLimit(limit)).toThrow(InvariantError);
  });
});

describe('lists of numbers', () => {
  const wide = [
    ['supported_groups', decodeSupportedGroups, encodeSupportedGroups],
    ['signature_algorithms', decodeSignatureAlgorithms, encodeSignatureAlgorithms],
  ] as const;
  const narrow = [
    ['ec_point_formats', decodePointFormats, encodePointFormats],
    ['certificate types', decodeCertificateTypes, encodeCertificateTypes],
  ] as const;

  it.each(wide)('of %s read back as they were written', (_, decode, encode) => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 0xffff }), { minLength: 1, maxLength: 60 }), (list) => {
        expect(decode(encode(list))).toEqual(list);
      }),
    );
  });

  it.each(narrow)('of %s read back as they were written', (_, decode, encode) => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 255 }), { minLength: 1, maxLength: 255 }), (list) => {
        expect(decode(encode(list))).toEqual(list);
      }),
    );
  });

  it.each(wide)('of %s that are empty or odd are refused', (_, decode, _encode) => {
    expect(outcome(decode, '0000')).toBe('bad_length');
    for (let length = 1; length < 64; length += 2) {
      expect(outcome(decode, `00${toHex(Uint8Array.of(length))}${'00'.repeat(length)}`)).toBe('bad_length');
    }
    expect(outcome(decode, `ffff${'00'.repeat(0xffff)}`)).toBe('bad_length');
  });

  it.each(narrow)('of %s that are empty are refused', (_, decode, _encode) => {
    expect(outcome(decode, '00')).toBe('bad_length');
  });

  it('are not written empty or with numbers that do not fit', () => {
    expect(() => encodeSupportedGroups([])).toThrow(InvariantError);
    expect(() => encodeSupportedGroups([0x1_0000])).toThrow(InvariantError);
    expect(() => encodePointFormats([256])).toThrow(InvariantError);
    expect(() => encodeCertificateTypes(Array.from({ length: 256 }, () => 0))).toThrow(InvariantError);
    expect(() => encodeCertificateType(-1)).toThrow(InvariantError);
  });
});

describe('connection_id and renegotiation_info', () => {
  it.each([
    ['connection_id', decodeConnectionId, encodeConnectionId],
    ['renegotiation_info', decodeRenegotiationInfo, encodeRenegotiationInfo],
  ] as const)('%s holds 0 to 255 bytes', (_, decode, encode) => {
    for (let size = 0; size <= 255; size += 1) {
      const bytes = new Uint8Array(size).fill(size);
      expect(toHex(decode(encode(bytes)))).toBe(toHex(bytes));
    }
    expect(() => encode(new Uint8Array(256))).toThrow(InvariantError);
  });

  it('renegotiation_info of a first handshake is one zero byte', () => {
    expect(toHex(encodeRenegotiationInfo())).toBe('00');
    expect(decodeRenegotiationInfo(fromHex('00'))).toHaveLength(0);
  });
});

describe('an extension', () => {
  it('that says all by being there has no body', () => {
    expect(outcome(decodeEmptyExtension, '')).toBeUndefined();
    expect(outcome(decodeEmptyExtension, '00')).toBe('trailing_bytes');
  });

  it('is found by its number', () => {
    const list = [
      { type: ExtensionType.EXTENDED_MASTER_SECRET, body: EMPTY },
      { type: ExtensionType.CONNECTION_ID, body: fromHex('00') },
    ];
    expect(findExtension(list, ExtensionType.CONNECTION_ID)).toEqual(fromHex('00'));
    expect(findExtension(list, ExtensionType.SESSION_TICKET)).toBeUndefined();
  });
});
