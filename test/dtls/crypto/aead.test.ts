import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fromHex, InvariantError, toHex } from '#base';
import { nodeProvider } from '../../../src/dtls/crypto/index.js';
import type { AeadName } from '../../../src/dtls/crypto/index.js';
import { ccmByHand } from './ccm.js';

interface Vector {
  readonly name: string;
  readonly aead: AeadName;
  readonly key: string;
  readonly nonce: string;
  readonly aad: string;
  readonly plaintext: string;
  readonly sealed: string;
}

const RFC3610_KEY = 'c0c1c2c3c4c5c6c7c8c9cacbcccdcecf';
const GCM_KEY = 'feffe9928665731c6d6a8f9467308308';
const GCM_PLAIN =
  'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255';
const GCM_AAD = 'feedfacedeadbeeffeedfacedeadbeefabaddad2';
const GCM_NONCE = 'cafebabefacedbaddecaf888';
const OSCORE_NONCE = '4622d4dd6d944168eefb549868';
const OSCORE_AAD = '8368456e63727970743040488501810a40411440';
const zeros = (count: number) => '00'.repeat(count);

const VECTORS: Vector[] = [
  {
    name: 'RFC 3610 packet vector 1',
    aead: 'aes-128-ccm-8',
    key: RFC3610_KEY,
    nonce: '00000003020100a0a1a2a3a4a5',
    aad: '0001020304050607',
    plaintext: '08090a0b0c0d0e0f101112131415161718191a1b1c1d1e',
    sealed: '588c979a61c663d2f066d0c2c0f989806d5f6b61dac38417e8d12cfdf926e0',
  },
  {
    name: 'RFC 3610 packet vector 2',
    aead: 'aes-128-ccm-8',
    key: RFC3610_KEY,
    nonce: '00000004030201a0a1a2a3a4a5',
    aad: '0001020304050607',
    plaintext: '08090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
    sealed: '72c91a36e135f8cf291ca894085c87e3cc15c439c9e43a3ba091d56e10400916',
  },
  {
    name: 'SP 800-38C example 3',
    aead: 'aes-128-ccm-8',
    key: '404142434445464748494a4b4c4d4e4f',
    nonce: '101112131415161718191a1b',
    aad: '000102030405060708090a0b0c0d0e0f10111213',
    plaintext: '202122232425262728292a2b2c2d2e2f3031323334353637',
    sealed: 'e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5484392fbc1b09951',
  },
  {
    name: 'RFC 8613 C.4 (request)',
    aead: 'aes-128-ccm-8',
    key: 'f0910ed7295e6ad4b54fc793154302ff',
    nonce: OSCORE_NONCE,
    aad: OSCORE_AAD,
    plaintext: '01b3747631',
    sealed: '612f1092f1776f1c1668b3825e',
  },
  {
    name: 'RFC 8613 C.7 (response)',
    aead: 'aes-128-ccm-8',
    key: 'ffb14e093c94c9cac9471648b4f98710',
    nonce: OSCORE_NONCE,
    aad: OSCORE_AAD,
    plaintext: '45ff48656c6c6f20576f726c6421',
    sealed: 'dbaad1e9a7e7b2a813d3c31524378303cdafae119106',
  },
  {
    name: 'GCM test case 1 (nothing to seal)',
    aead: 'aes-128-gcm',
    key: zeros(16),
    nonce: zeros(12),
    aad: '',
    plaintext: '',
    sealed: '58e2fccefa7e3061367f1d57a4e7455a',
  },
  {
    name: 'GCM test case 2',
    aead: 'aes-128-gcm',
    key: zeros(16),
    nonce: zeros(12),
    aad: '',
    plaintext: zeros(16),
    sealed: '0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf',
  },
  {
    name: 'GCM test case 3',
    aead: 'aes-128-gcm',
    key: GCM_KEY,
    nonce: GCM_NONCE,
    aad: '',
    plaintext: GCM_PLAIN,
    sealed:
      '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f59854d5c2af327cd64a62cf35abd2ba6fab4',
  },
  {
    name: 'GCM test case 4',
    aead: 'aes-128-gcm',
    key: GCM_KEY,
    nonce: GCM_NONCE,
    aad: GCM_AAD,
    plaintext: GCM_PLAIN.slice(0, 120),
    sealed:
      '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47',
  },
  {
    name: 'GCM test case 13 (nothing to seal)',
    aead: 'aes-256-gcm',
    key: zeros(32),
    nonce: zeros(12),
    aad: '',
    plaintext: '',
    sealed: '530f8afbc74536b9a963b4f1c4cb738b',
  },
  {
    name: 'GCM test case 14',
    aead: 'aes-256-gcm',
    key: zeros(32),
    nonce: zeros(12),
    aad: '',
    plaintext: zeros(16),
    sealed: 'cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919',
  },
  {
    name: 'GCM test case 16',
    aead: 'aes-256-gcm',
    key: GCM_KEY + GCM_KEY,
    nonce: GCM_NONCE,
    aad: GCM_AAD,
    plaintext: GCM_PLAIN.slice(0, 120),
    sealed:
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b',
  },
];

const AEADS: { aead: AeadName; keyLength: number; tagLength: number }[] = [
  { aead: 'aes-128-ccm-8', keyLength: 16, tagLength: 8 },
  { aead: 'aes-128-ccm', keyLength: 16, tagLength: 16 },
  { aead: 'aes-256-ccm-8', keyLength: 32, tagLength: 8 },
  { aead: 'aes-256-ccm', keyLength: 32, tagLength: 16 },
  { aead: 'aes-128-gcm', keyLength: 16, tagLength: 16 },
  { aead: 'aes-256-gcm', keyLength: 32, tagLength: 16 },
];

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const some = fc.uint8Array({ maxLength: 100 });

function sealed(aead: AeadName, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array) {
  const out = new Uint8Array(plaintext.length + 16);
  return out.subarray(0, nodeProvider.seal(aead, key, nonce, aad, plaintext, out, 0));
}

describe('published vectors', () => {
  it.each(VECTORS)('$name is sealed to its bytes', ({ aead, key, nonce, aad, plaintext, sealed: said }) => {
    const made = sealed(aead, fromHex(key), fromHex(nonce), fromHex(aad), fromHex(plaintext));
    expect(toHex(made)).toBe(said);
  });

  it.each(VECTORS)('$name is opened', ({ aead, key, nonce, aad, plaintext, sealed: said }) => {
    const opened = nodeProvider.open(aead, fromHex(key), fromHex(nonce), fromHex(aad), fromHex(said));
    expect(opened && toHex(opened)).toBe(plaintext);
  });

  it.each(VECTORS)('$name is not opened when it is cut anywhere', ({ aead, key, nonce, aad, sealed: said }) => {
    const whole = fromHex(said);
    for (let length = 0; length < whole.length; length += 1) {
      const cut = whole.subarray(0, length);
      expect(nodeProvider.open(aead, fromHex(key), fromHex(nonce), fromHex(aad), cut)).toBeUndefined();
    }
  });

  it.each(VECTORS)('$name is not opened when any one bit of it is wrong', ({ aead, key, nonce, aad, sealed: said }) => {
    const given = { key: fromHex(key), nonce: fromHex(nonce), aad: fromHex(aad), sealed: fromHex(said) };
    for (const part of Object.values(given)) {
      for (let bit = 0; bit < part.length * 8; bit += 1) {
        part[bit >> 3] = (part[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(nodeProvider.open(aead, given.key, given.nonce, given.aad, given.sealed)).toBeUndefined();
        part[bit >> 3] = (part[bit >> 3] as number) ^ (1 << (bit & 7));
      }
    }
  });
});

describe.each(AEADS)('$aead', ({ aead, keyLength, tagLength }) => {
  const given = fc.record({ key: bytes(keyLength), nonce: bytes(12), aad: bytes(13), plaintext: some });

  it('opens what it sealed', () => {
    fc.assert(
      fc.property(given, ({ key, nonce, aad, plaintext }) => {
        const made = sealed(aead, key, nonce, aad, plaintext);
        expect(made).toHaveLength(plaintext.length + tagLength);
        expect(nodeProvider.open(aead, key, nonce, aad, made)).toEqual(Buffer.from(plaintext));
      }),
    );
  });

  it('refuses tags cut to 0 to one byte less than all', () => {
    const [key, nonce, aad] = [new Uint8Array(keyLength), new Uint8Array(12), new Uint8Array(13)];
    for (const plaintext of [new Uint8Array(0), new Uint8Array(20).fill(7)]) {
      const made = sealed(aead, key, nonce, aad, plaintext);
      expect(nodeProvider.open(aead, key, nonce, aad, made)).toBeDefined();
      for (let left = 0; left < tagLength; left += 1) {
        const cut = made.subarray(0, plaintext.length + left);
        expect(nodeProvider.open(aead, key, nonce, aad, cut)).toBeUndefined();
      }
    }
  });

  it('opens no random bytes', () => {
    fc.assert(
      fc.property(given, ({ key, nonce, aad, plaintext }) => {
        expect(nodeProvider.open(aead, key, nonce, aad, plaintext)).toBeUndefined();
      }),
    );
  });

  it('writes ciphertext and tag where it is told and nowhere else', () => {
    const out = new Uint8Array(60).fill(0xee);
    const end = nodeProvider.seal(
      ...([aead, new Uint8Array(keyLength), new Uint8Array(12), new Uint8Array(13)] as const),
      ...([new Uint8Array(20), out, 21] as const),
    );
    expect(end).toBe(21 + 20 + tagLength);
    expect(out.subarray(0, 21)).toEqual(new Uint8Array(21).fill(0xee));
    expect(out.subarray(end)).toEqual(new Uint8Array(60 - end).fill(0xee));
    const same = sealed(aead, new Uint8Array(keyLength), new Uint8Array(12), new Uint8Array(13), new Uint8Array(20));
    expect(out.subarray(21, end)).toEqual(same);
  });

  it('writes nothing at all when ciphertext and tag do not fit', () => {
    const out = new Uint8Array(20 + tagLength - 1);
    expect(() =>
      nodeProvider.seal(
        ...([aead, new Uint8Array(keyLength), new Uint8Array(12), new Uint8Array(13)] as const),
        ...([new Uint8Array(20), out, 0] as const),
      ),
    ).toThrow(InvariantError);
    expect(out).toEqual(new Uint8Array(out.length));
  });

  it('says that a key of a wrong length is a fault of ours, and does not take it for a forged record', () => {
    const key = new Uint8Array(keyLength - 1);
    expect(() => nodeProvider.open(aead, key, new Uint8Array(12), new Uint8Array(13), new Uint8Array(40))).toThrow(
      'Invalid key length',
    );
  });
});

describe.each(AEADS.filter(({ aead }) => aead.includes('ccm')))('$aead', ({ aead, keyLength, tagLength }) => {
  it('is CCM as RFC 3610 §2 defines it', () => {
    fc.assert(
      fc.property(bytes(keyLength), bytes(12), bytes(13), some, (key, nonce, aad, plaintext) => {
        const made = sealed(aead, key, nonce, aad, plaintext);
        expect(toHex(made)).toBe(toHex(ccmByHand(key, nonce, aad, plaintext, tagLength)));
      }),
      { numRuns: 40 },
    );
  });
});
