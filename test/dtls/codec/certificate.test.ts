import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DecodeError, EMPTY, fromHex, InvariantError, toHex } from '#base';
import {
  decodeCertificateList,
  decodeCertificateRequest,
  decodeCertificateVerify,
  decodeNewSessionTicket,
  decodeRawPublicKey,
  encodeCertificateList,
  encodeCertificateRequest,
  encodeCertificateVerify,
  encodeNewSessionTicket,
  encodeRawPublicKey,
  MAX_CERTIFICATE_BYTES,
  MAX_CHAIN,
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

/** A Certificate of any number of certificates, past what the encoder allows. */
function listOf(count: number, size: number): Buffer {
  const entry = Buffer.alloc(3 + size, 0x30);
  entry.writeUIntBE(size, 0, 3);
  const bytes = Buffer.concat([Buffer.alloc(3), ...Array.from({ length: count }, () => entry)]);
  bytes.writeUIntBE(bytes.length - 3, 0, 3);
  return bytes;
}

const hexes = (list: readonly Uint8Array[]) => list.map(toHex);

describe('a chain of certificates', () => {
  it('reads back as it was written', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: MAX_CHAIN }), (chain) => {
        expect(hexes(decodeCertificateList(encodeCertificateList(chain)))).toEqual(hexes(chain));
      }),
    );
  });

  it('of a client without a certificate is empty', () => {
    expect(toHex(encodeCertificateList([]))).toBe('000000');
    expect(decodeCertificateList(fromHex('000000'))).toEqual([]);
  });

  it(`has at most ${MAX_CHAIN} entries`, () => {
    expect(decodeCertificateList(listOf(MAX_CHAIN, 5))).toHaveLength(MAX_CHAIN);
    expect(refusal(() => decodeCertificateList(listOf(MAX_CHAIN + 1, 5)))).toBe('too_many');
    expect(refusal(() => decodeCertificateList(listOf(16_000, 1)))).toBe('too_many');
    const chain = Array.from({ length: MAX_CHAIN + 1 }, () => fromHex('30'));
    expect(() => encodeCertificateList(chain)).toThrow(InvariantError);
  });

  it('has at most 64 KiB', () => {
    expect(decodeCertificateList(listOf(1, MAX_CERTIFICATE_BYTES - 3))).toHaveLength(1);
    expect(refusal(() => decodeCertificateList(listOf(1, MAX_CERTIFICATE_BYTES - 2)))).toBe('bad_length');
    expect(() => encodeCertificateList([new Uint8Array(MAX_CERTIFICATE_BYTES - 2)])).toThrow(InvariantError);
  });

  it('has no empty entry', () => {
    expect(refusal(() => decodeCertificateList(fromHex('000003000000')))).toBe('bad_length');
    expect(() => encodeCertificateList([EMPTY])).toThrow(InvariantError);
  });

  it('has no entry that reaches out of the list', () => {
    expect(refusal(() => decodeCertificateList(fromHex('00000500000330' + '3030')))).toBe('trailing_bytes');
    expect(refusal(() => decodeCertificateList(fromHex('0000050000033030')))).toBe('truncated');
    expect(refusal(() => decodeCertificateList(fromHex('0000020000')))).toBe('truncated');
  });
});

describe('a raw public key', () => {
  it('stands without a list around it', () => {
    expect(toHex(encodeRawPublicKey(fromHex('3059')))).toBe('0000023059');
    expect(toHex(decodeRawPublicKey(fromHex('0000023059')))).toBe('3059');
  });

  it('has 1 byte to 64 KiB', () => {
    expect(decodeRawPublicKey(encodeRawPublicKey(new Uint8Array(MAX_CERTIFICATE_BYTES)))).toHaveLength(65_536);
    const longer = Buffer.alloc(3 + MAX_CERTIFICATE_BYTES + 1);
    longer.writeUIntBE(MAX_CERTIFICATE_BYTES + 1, 0, 3);
    expect(refusal(() => decodeRawPublicKey(longer))).toBe('bad_length');
    expect(refusal(() => decodeRawPublicKey(fromHex('000000')))).toBe('bad_length');
    expect(() => encodeRawPublicKey(EMPTY)).toThrow(InvariantError);
    expect(() => encodeRawPublicKey(new Uint8Array(MAX_CERTIFICATE_BYTES + 1))).toThrow(InvariantError);
  });
});

describe('a CertificateRequest', () => {
  it('reads back as it was written', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 255 }), { minLength: 1, maxLength: 20 }),
        fc.array(fc.nat({ max: 0xffff }), { minLength: 1, maxLength: 20 }),
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 10 }),
        (types, schemes, authorities) => {
          const read = decodeCertificateRequest(encodeCertificateRequest({ types, schemes, authorities }));
          expect(read).toMatchObject({ types, schemes });
          expect(hexes(read.authorities)).toEqual(hexes(authorities));
        },
      ),
    );
  });

  it.each([
    ['without types', '000002040300' + '00', 'bad_length'],
    ['without algorithms', '014000000000', 'bad_length'],
    ['with an algorithm and a half', '01400003040305' + '0000', 'bad_length'],
    ['with an authority of no bytes', '0140000204030002' + '0000', 'bad_length'],
    ['without its list of authorities', '014000020403', 'truncated'],
    ['with an authority that reaches out of the list', '0140000204030003' + '000230', 'truncated'],
    ['of ecdsa_sign and no authorities', '0140000204030000', 'none'],
  ])('%s: %s is %s', (_, hex, reason) => {
    expect(refusal(() => decodeCertificateRequest(fromHex(hex)))).toBe(reason);
  });

  it('is not written without types or algorithms', () => {
    expect(() => encodeCertificateRequest({ types: [], schemes: [0x0403], authorities: [] })).toThrow(InvariantError);
    expect(() => encodeCertificateRequest({ types: [64], schemes: [], authorities: [] })).toThrow(InvariantError);
    const names = { types: [64], schemes: [0x0403], authorities: [new Uint8Array(65_534)] };
    expect(() => encodeCertificateRequest(names)).toThrow(InvariantError);
  });
});

describe('a CertificateVerify', () => {
  it('reads back as it was written, and never without a signature', () => {
    const message = { scheme: 0x0403, signature: fromHex('3006020101020102') };
    expect(toHex(encodeCertificateVerify(message))).toBe('040300083006020101020102');
    expect(decodeCertificateVerify(encodeCertificateVerify(message))).toEqual(message);
    expect(refusal(() => decodeCertificateVerify(fromHex('04030000')))).toBe('bad_length');
    expect(refusal(() => decodeCertificateVerify(fromHex('0403')))).toBe('truncated');
    expect(() => encodeCertificateVerify({ scheme: 0x0403, signature: EMPTY })).toThrow(InvariantError);
    expect(() => encodeCertificateVerify({ ...message, scheme: -1 })).toThrow(InvariantError);
  });
});

describe('a NewSessionTicket', () => {
  it('reads back with lifetimes of 32 bits, and without a ticket', () => {
    for (const lifetime of [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) {
      for (const ticket of [EMPTY, fromHex('c0ffee'), new Uint8Array(65_535)]) {
        const read = decodeNewSessionTicket(encodeNewSessionTicket({ lifetime, ticket }));
        expect([read.lifetime, toHex(read.ticket)]).toEqual([lifetime, toHex(ticket)]);
      }
    }
    expect(() => encodeNewSessionTicket({ lifetime: 2 ** 32, ticket: EMPTY })).toThrow(InvariantError);
    expect(() => encodeNewSessionTicket({ lifetime: 1, ticket: new Uint8Array(65_536) })).toThrow(InvariantError);
  });
});
