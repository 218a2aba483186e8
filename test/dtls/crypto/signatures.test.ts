import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { constants, sign as nodeSign } from 'node:crypto';
import { AppError, encodeUtf8, fromHex, InvariantError, toHex } from '#base';
import {
  nodeProvider,
  p256Spki,
  schemeFits,
  SCHEMES,
  SignatureScheme,
  signingKey,
} from '../../../src/dtls/crypto/index.js';
import * as keys from './keys.js';

const { ECDSA_SECP256R1_SHA256, ECDSA_SECP384R1_SHA384 } = SignatureScheme;
const P256_ORDER = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551';
const P384_PREFIX = '3076301006072a8648ce3d020106052b81040022036200';
/** Public key of RFC 6979 A.2.5. */
const RFC6979_P256 = p256Spki(
  fromHex(
    '0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299',
  ),
);
const RFC6979_P384 = fromHex(
  `${P384_PREFIX}04ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc138015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720`,
);
const NIST_P256 = p256Spki(
  fromHex(
    '04b7e08afdfe94bad3f1dc8c734798ba1c62b3a0ad1e9ea2a38201cd0889bc7a193603f747959dbf7a4bb226e41928729063adc7ae43529e61b563bbc606cc5e09',
  ),
);
const SAMPLE_R = 'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716';
const SAMPLE_S = 'f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8';
const sample = encodeUtf8('sample');

const tlv = (tag: string, content: string) => {
  const length = content.length / 2;
  return `${tag}${length < 0x80 ? '' : '81'}${length.toString(16).padStart(2, '0')}${content}`;
};
/** An INTEGER in its shortest form. */
const integer = (hex: string) => {
  const digits = hex.replace(/^(00)+(?=..)/, '');
  return tlv('02', Number.parseInt(digits.slice(0, 2), 16) >= 0x80 ? `00${digits}` : digits);
};
const der = (r: string, s: string) => tlv('30', integer(r) + integer(s));
const GENUINE = der(SAMPLE_R, SAMPLE_S);
const body = integer(SAMPLE_R) + integer(SAMPLE_S);

describe('published ECDSA signatures are right', () => {
  it.each([
    ['RFC 6979 A.2.5, "sample"', ECDSA_SECP256R1_SHA256, RFC6979_P256, 'sample', SAMPLE_R, SAMPLE_S],
    [
      ...(['RFC 6979 A.2.5, "test"', ECDSA_SECP256R1_SHA256, RFC6979_P256, 'test'] as const),
      'f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367',
      '019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083',
    ],
    [
      ...(['RFC 6979 A.2.6, "sample"', ECDSA_SECP384R1_SHA384, RFC6979_P384, 'sample'] as const),
      '94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46',
      '99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8',
    ],
    [
      ...(['RFC 6979 A.2.6, "sample", SHA-256', ECDSA_SECP256R1_SHA256, RFC6979_P384, 'sample'] as const),
      '21b13d1e013c7fa1392d03c5f99af8b30c570c6f98d4ea8e354b63a21d3daa33bde1e888e63355d92fa2b3c36d8fb2cd',
      'f3aa443fb107745bf4bd77cb3891674632068a10ca67e3d45db2266fa7d1feebefdc63eccd1ac42ec0cb8668a4fa0ab0',
    ],
    [
      ...(['NIST example', ECDSA_SECP256R1_SHA256, NIST_P256, 'Example of ECDSA with P-256'] as const),
      '2b42f576d07f4165ff65d1f3b1500f81e44c316f1f0b3ef57325b69aca46104f',
      'dc42c2122d6392cd3e3a993a89502a8198c1886fe69d262c4b329bdb6b63faf1',
    ],
  ])('%s', (_name, scheme, spki, message, r, s) => {
    expect(nodeProvider.verify(scheme, spki, encodeUtf8(message), fromHex(der(r, s)))).toBe(true);
    expect(nodeProvider.verify(scheme, spki, encodeUtf8(`${message}!`), fromHex(der(r, s)))).toBe(false);
  });

  it('a high s is right too: ECDSA in TLS knows no low-s rule', () => {
    const high = BigInt(`0x${P256_ORDER}`) - BigInt(`0x${SAMPLE_S}`);
    const other = der(SAMPLE_R, high.toString(16).padStart(64, '0'));
    expect(nodeProvider.verify(ECDSA_SECP256R1_SHA256, RFC6979_P256, sample, fromHex(other))).toBe(true);
  });
});

const plusOne = (BigInt(`0x${P256_ORDER}`) + 1n).toString(16);
const WRONG: [string, string][] = [
  ['no bytes', ''],
  ['r = s = 0', der('00', '00')],
  ['r = 0', der('00', SAMPLE_S)],
  ['s = 0', der(SAMPLE_R, '00')],
  ['r = n', der(P256_ORDER, SAMPLE_S)],
  ['s = n', der(SAMPLE_R, P256_ORDER)],
  ['r = s = n', der(P256_ORDER, P256_ORDER)],
  ['r = 1, s = 1', der('01', '01')],
  ['r = n + 1', der(plusOne, SAMPLE_S)],
  ['r of more bytes than the curve has', der(`01${SAMPLE_R}`, SAMPLE_S)],
  ['a negative r', tlv('30', tlv('02', SAMPLE_R) + integer(SAMPLE_S))],
  ['r with a zero too many', tlv('30', tlv('02', `0000${SAMPLE_R}`) + integer(SAMPLE_S))],
  ['an empty integer', tlv('30', '0200' + integer(SAMPLE_S))],
  ['a length in a longer form', `3081${GENUINE.slice(2)}`],
  ['an indefinite length', `3080${body}0000`],
  ['a byte behind it', `${GENUINE}00`],
  ['a byte behind s', tlv('30', `${body}00`)],
  ['a third integer', tlv('30', `${body}020100`)],
  ['s missing', tlv('30', integer(SAMPLE_R))],
  ['r and s swapped', der(SAMPLE_S, SAMPLE_R)],
  ['r and s without DER', SAMPLE_R + SAMPLE_S],
  ['a set instead of a sequence', `31${GENUINE.slice(2)}`],
];

describe('a wrong ECDSA signature is false and never an exception', () => {
  const verify = (hex: string) => nodeProvider.verify(ECDSA_SECP256R1_SHA256, RFC6979_P256, sample, fromHex(hex));

  it('while the genuine one is right', () => {
    expect(verify(GENUINE)).toBe(true);
  });

  it.each(WRONG)('%s', (_name, hex) => {
    expect(verify(hex)).toBe(false);
  });

  it('cut anywhere', () => {
    for (let length = 0; length < GENUINE.length; length += 2) expect(verify(GENUINE.slice(0, length))).toBe(false);
  });

  it('with any one bit changed', () => {
    const bytes = fromHex(GENUINE);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(verify(toHex(changed))).toBe(false);
    }
  });
});

const OFF_CURVE = Buffer.from(RFC6979_P256);
OFF_CURVE[90] = (OFF_CURVE[90] as number) ^ 1;
const rsa = signingKey(keys.RSA2048_PKCS8);

describe('a wrong key is false and never an exception', () => {
  it.each([
    ['nothing', new Uint8Array(0)],
    ['a point that is not on its curve', OFF_CURVE],
    ['zero and zero', p256Spki(Uint8Array.of(4, ...new Uint8Array(64)))],
    ['a byte behind it', Buffer.concat([RFC6979_P256, Buffer.alloc(1)])],
    ['a certificate', keys.derOf(keys.P256_CERTIFICATE)],
  ])('%s', (_name, spki) => {
    expect(nodeProvider.verify(ECDSA_SECP256R1_SHA256, spki, sample, fromHex(GENUINE))).toBe(false);
  });

  it('any bytes, and genuine ones with any byte changed', () => {
    const changed = fc.tuple(fc.nat(), fc.nat(255)).map(([at, value]) => {
      const spki = Buffer.from(at % 2 === 0 ? RFC6979_P256 : rsa.spki);
      spki[at % spki.length] = value;
      return spki;
    });
    const any = fc.oneof(fc.uint8Array({ maxLength: 120 }), changed);
    fc.assert(
      fc.property(any, fc.constantFrom(...SCHEMES), fc.uint8Array({ maxLength: 80 }), (spki, scheme, signature) => {
        expect(nodeProvider.verify(scheme.id, spki, sample, signature)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

describe('schemes', () => {
  const p256 = signingKey(keys.P256_PKCS8);
  const p384 = signingKey(keys.P384_PKCS8);
  const all = [p256, p384, rsa];

  it('sign what they verify, with every key that they fit', () => {
    let pairs = 0;
    for (const scheme of SCHEMES) {
      for (const key of all) {
        if (key.type !== scheme.key) continue;
        const signature = nodeProvider.sign(scheme.id, key, sample);
        for (const other of SCHEMES) {
          expect(nodeProvider.verify(other.id, key.spki, sample, signature)).toBe(other.id === scheme.id);
        }
        for (const other of all) {
          expect(nodeProvider.verify(scheme.id, other.spki, sample, signature)).toBe(other === key);
        }
        pairs += 1;
      }
    }
    expect(pairs).toBe(7);
  });

  it('fit keys by their type: in TLS 1.2 an ECDSA scheme says no curve (RFC 8446 §4.2.3)', () => {
    for (const scheme of SCHEMES) {
      for (const key of all) expect(schemeFits(scheme.id, key.spki)).toBe(scheme.key === key.type);
      expect(schemeFits(scheme.id, new Uint8Array(0))).toBe(false);
    }
  });

  it.each([
    ['rsa_pkcs1_sha1', 0x0201],
    ['ecdsa_sha1', 0x0203],
    ['rsa_pkcs1_md5', 0x0101],
    ['ecdsa_secp521r1_sha512', 0x0603],
    ['anonymous', 0x0000],
  ])('do not include %s', (_name, scheme) => {
    expect(all.some((key) => schemeFits(scheme, key.spki))).toBe(false);
    expect(nodeProvider.verify(scheme, RFC6979_P256, sample, fromHex(GENUINE))).toBe(false);
    expect(() => nodeProvider.sign(scheme, p256, sample)).toThrow(InvariantError);
  });

  it('are not used with a key of another type', () => {
    expect(() => nodeProvider.sign(ECDSA_SECP256R1_SHA256, rsa, sample)).toThrow(InvariantError);
  });

  it('take a PSS salt of the length of the hash alone (RFC 8446 §4.2.3)', () => {
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    for (const saltLength of [0, 20, 31, 32, 33, 64]) {
      const signature = nodeSign('sha256', sample, { key: keys.RSA2048_PKCS8, padding, saltLength });
      const right = nodeProvider.verify(SignatureScheme.RSA_PSS_RSAE_SHA256, rsa.spki, sample, signature);
      expect([saltLength, right]).toEqual([saltLength, saltLength === 32]);
    }
  });
});

describe('a key to sign with', () => {
  it.each([
    ['PKCS#8', keys.P256_PKCS8, 'ec', 'P-256'],
    ['SEC1', keys.P256_SEC1, 'ec', 'P-256'],
    ['SEC1 behind its parameters', keys.P256_WITH_PARAMETERS, 'ec', 'P-256'],
    ['PKCS#8', keys.P384_PKCS8, 'ec', 'P-384'],
    ['SEC1', keys.P384_SEC1, 'ec', 'P-384'],
    ['PKCS#8', keys.RSA2048_PKCS8, 'rsa', undefined],
    ['PKCS#1', keys.RSA2048_PKCS1, 'rsa', undefined],
  ])('is read from %s as text and as the bytes of a file', (_form, pem, type, curve) => {
    for (const given of [pem, encodeUtf8(pem)]) {
      const key = signingKey(given);
      expect([key.type, key.curve]).toEqual([type, curve]);
      expect('curve' in key).toBe(curve !== undefined);
    }
  });

  it.each([
    ['PKCS#8', keys.P256_PKCS8],
    ['SEC1', keys.P256_SEC1],
    ['PKCS#8', keys.RSA2048_PKCS8],
    ['PKCS#1', keys.RSA2048_PKCS1],
  ])('is read from the DER of %s', (_form, pem) => {
    expect(toHex(signingKey(keys.derOf(pem)).spki)).toBe(toHex(signingKey(pem).spki));
  });

  it('prints as stars', async () => {
    const { inspect } = await import('node:util');
    const key = signingKey(keys.P256_PKCS8);
    expect([String(key as unknown), JSON.stringify({ key }), inspect(key), inspect({ key })]).toEqual([
      ...['***', '{"key":"***"}', '***', '{ key: *** }'],
    ]);
    expect(Object.keys(key)).toEqual(['type', 'spki', 'curve']);
  });

  it('is made by signingKey alone', () => {
    const copy = { ...signingKey(keys.P256_PKCS8) };
    expect(() => nodeProvider.sign(ECDSA_SECP256R1_SHA256, copy, sample)).toThrow(InvariantError);
  });

  const mismatched = () => {
    const bytes = keys.derOf(keys.P256_SEC1);
    // The private key stands behind SEQUENCE, version and OCTET STRING; another public key follows it.
    bytes[20] = (bytes[20] as number) ^ 1;
    return bytes;
  };

  it.each([
    ['nothing', '', 'it is empty'],
    ['no bytes', new Uint8Array(0), 'it is empty'],
    ['other text', 'secret', 'no line -----BEGIN … PRIVATE KEY----- is in it'],
    ['other bytes', Uint8Array.of(1, 2, 3), 'these bytes are neither PEM nor a private key in DER'],
    ['a certificate', keys.P256_CERTIFICATE, 'it holds CERTIFICATE and no PRIVATE KEY'],
    ['an encrypted key', keys.ENCRYPTED, 'it is encrypted: give it without a passphrase'],
    ['a broken one', keys.P256_PKCS8.replace('MIG', 'AAA'), 'it cannot be read ('],
    ['P-521', keys.P521, 'it is an EC key of the curve secp521r1'],
    ['explicit parameters', keys.P256_EXPLICIT, 'it is an EC key'],
    ['RSA of 1024 bits', keys.RSA1024, 'it is an rsa key of 1024 bits'],
    ['RSA for PSS alone', keys.RSA_PSS, 'it is an rsa-pss key of 2048 bits'],
    ['Ed25519', keys.ED25519, 'it is a key of the type ed25519'],
    ['halves of two keys', mismatched(), 'its private and its public half do not belong together'],
  ])('is not %s', (_what, given, words) => {
    let thrown: unknown;
    try {
      signingKey(given);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(AppError);
    expect((thrown as AppError).code).toBe('bad_key');
    expect((thrown as AppError).message).toContain(`The private key cannot be used: ${words}`);
    expect((thrown as AppError).message).toContain('Allowed are EC keys of P-256 and P-384');
  });
});
