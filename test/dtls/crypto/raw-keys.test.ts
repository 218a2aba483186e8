import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { fromHex, InvariantError, PeerError, toHex } from '#base';
import {
  nodeProvider,
  p256Spki,
  publicKeyKind,
  signingKey,
  spkiFingerprint,
  spkiOfCertificate,
} from '../../../src/dtls/crypto/index.js';
import * as keys from './keys.js';

const spkiOf = (pem: string) => createPublicKey(pem).export({ type: 'spki', format: 'der' });
const P256 = spkiOf(keys.P256_PKCS8);
const RSA = spkiOf(keys.RSA2048_PKCS8);

const der = (tag: number, ...parts: Uint8Array[]) => {
  const content = Buffer.concat(parts);
  const length = content.length;
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), content]);
};
/** An RSA key with a modulus of `bits` bits, all ones, and an exponent. */
const rsaSpki = (bits: number, exponent: string, algorithm = '300d06092a864886f70d0101010500') => {
  const modulus = Buffer.alloc(Math.ceil(bits / 8), 0xff);
  if (bits % 8 !== 0) modulus[0] = (1 << (bits % 8)) - 1;
  const sign = bits % 8 === 0 ? Buffer.from([0]) : Buffer.alloc(0);
  const key = der(0x30, der(0x02, sign, modulus), der(0x02, fromHex(exponent)));
  return der(0x30, fromHex(algorithm), der(0x03, Buffer.from([0]), key));
};

/** The same element with its length of two bytes written in three. */
const longer = (element: Buffer) =>
  Buffer.concat([element.subarray(0, 1), fromHex('8300'), element.subarray(2, 4), element.subarray(4)]);

describe('the kind of a public key', () => {
  it('is told of P-256, P-384 and RSA', () => {
    expect(publicKeyKind(P256)).toEqual({ type: 'ec', curve: 'P-256', point: P256.subarray(26) });
    const p384 = spkiOf(keys.P384_PKCS8);
    expect(publicKeyKind(p384)).toEqual({ type: 'ec', curve: 'P-384', point: p384.subarray(23) });
    expect(publicKeyKind(RSA)).toEqual({ type: 'rsa', bits: 2048 });
  });

  it.each([
    ['another curve', spkiOf(keys.P521)],
    ['a curve by its numbers', spkiOf(keys.P256_EXPLICIT)],
    ['RSA for PSS alone', spkiOf(keys.RSA_PSS)],
    ['RSA of 1024 bits', spkiOf(keys.RSA1024)],
    ['Ed25519', spkiOf(keys.ED25519)],
    ['a compressed point', fromHex(`3039301306072a8648ce3d020106082a8648ce3d03010703220002${'11'.repeat(32)}`)],
    ['a byte too many', Buffer.concat([P256, Buffer.alloc(1)])],
    ['a byte too many behind RSA', Buffer.concat([RSA, Buffer.alloc(1)])],
    ['an RSA key with a length in three bytes where two are enough', longer(RSA)],
    ['an RSA key with an indefinite length', Buffer.concat([fromHex('3080'), RSA.subarray(4), fromHex('0000')])],
    ['an RSA key without NULL', rsaSpki(2048, '010001', '300b06092a864886f70d010101')],
    ['nothing', new Uint8Array(0)],
  ])('is not told of %s', (_what, spki) => {
    expect(publicKeyKind(spki)).toBeUndefined();
  });

  it.each([
    [2047, '010001', undefined],
    [2048, '010001', 2048],
    [2049, '010001', 2049],
    [8192, '010001', 8192],
    [8193, '010001', undefined],
    [2048, '03', 2048],
    [2048, '01', undefined],
    [2048, '02', undefined],
    [2048, '010000', undefined],
    [2048, '81', undefined],
    [2048, '0003', undefined],
    [2048, '00ffffffff', 2048],
    [2048, '0100000001', undefined],
    [2048, '', undefined],
  ])('RSA of %i bits and the exponent %s', (bits, exponent, told) => {
    expect(publicKeyKind(rsaSpki(bits, exponent))).toEqual(
      told === undefined ? undefined : { type: 'rsa', bits: told },
    );
  });

  it('is never told of a key that is cut anywhere, and no bytes make it throw', () => {
    for (const spki of [P256, RSA]) {
      for (let length = 0; length < spki.length; length += 1) {
        expect(publicKeyKind(spki.subarray(0, length))).toBeUndefined();
      }
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => publicKeyKind(bytes) === undefined));
  });
});

describe('the public key of a certificate (RFC 5280 §4.1)', () => {
  it.each([
    ['version 3', keys.P256_CERTIFICATE, P256],
    ['version 1, which says no version', keys.RSA_CERTIFICATE_V1, RSA],
  ])('of %s is a view of its bytes', (_what, pem, spki) => {
    const certificate = keys.derOf(pem);
    const found = spkiOfCertificate(certificate);
    expect(toHex(found)).toBe(toHex(spki));
    expect(found.buffer).toBe(certificate.buffer);
  });

  const faultOf = (bytes: Uint8Array) => {
    try {
      spkiOfCertificate(bytes);
      return 'none';
    } catch (error) {
      return error instanceof PeerError ? error.reason : `not a fault of the peer: ${String(error)}`;
    }
  };

  it.each([
    ['nothing', new Uint8Array(0)],
    ['PEM', Buffer.from(keys.P256_CERTIFICATE)],
    ['a public key', P256],
    ['a byte too many', Buffer.concat([keys.derOf(keys.P256_CERTIFICATE), Buffer.alloc(1)])],
    ['an element too many', der(0x30, keys.derOf(keys.P256_CERTIFICATE).subarray(4), fromHex('0500'))],
    ['a certificate twice', Buffer.concat([keys.derOf(keys.P256_CERTIFICATE), keys.derOf(keys.P256_CERTIFICATE)])],
  ])('is refused of %s', (_what, bytes) => {
    expect(faultOf(bytes)).toBe('bad_certificate');
  });

  it('is refused of one that is cut anywhere', () => {
    const whole = keys.derOf(keys.P256_CERTIFICATE);
    for (let length = 0; length < whole.length; length += 1) {
      expect(faultOf(whole.subarray(0, length))).toBe('bad_certificate');
    }
  });

  it('is what OpenSSL says where it reads the certificate, whichever byte is changed', () => {
    const whole = keys.derOf(keys.P256_CERTIFICATE);
    let read = 0;
    for (let at = 0; at < whole.length; at += 1) {
      for (const change of [0x01, 0x80]) {
        const bytes = Buffer.from(whole);
        bytes[at] = (bytes[at] as number) ^ change;
        const fault = faultOf(bytes);
        expect(['none', 'bad_certificate']).toContain(fault);
        if (fault !== 'none') continue;
        read += 1;
        const found = spkiOfCertificate(bytes);
        if (publicKeyKind(found) === undefined) continue;
        let said: Buffer | undefined;
        try {
          said = new X509Certificate(bytes).publicKey.export({ type: 'spki', format: 'der' });
        } catch {
          // OpenSSL reads the certificate not, or its key not: whoever judges it refuses it, or its signature does not verify.
        }
        if (said !== undefined) expect(toHex(found)).toBe(toHex(said));
      }
    }
    expect(read).toBeGreaterThan(100);
  });
});

describe('a raw public key', () => {
  it('of P-256 is made from its point (RFC 5480)', () => {
    expect(toHex(p256Spki(P256.subarray(26)))).toBe(toHex(P256));
    expect(() => p256Spki(new Uint8Array(65))).toThrow(InvariantError);
    expect(() => p256Spki(P256.subarray(27))).toThrow(InvariantError);
  });

  it('has a fingerprint', () => {
    expect(spkiFingerprint(nodeProvider, fromHex('616263'))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
    expect(toHex(signingKey(keys.P256_PKCS8).spki)).toBe(toHex(P256));
  });
});
