import { describe, expect, it } from '@jest/globals';
import { fromHex, InvariantError, toHex } from '#base';
import {
  countingProvider,
  ecdhePskPremaster,
  extendedMasterSecret,
  keyBlock,
  masterSecret,
  nodeProvider,
  prf,
  pskPremaster,
  suiteOf,
  verifyData,
} from '../../../src/dtls/crypto/index.js';
import type { Suite } from '../../../src/dtls/crypto/index.js';
import { cutKeys } from './capture.js';

const upTo = (first: number, last: number) => Uint8Array.from({ length: last - first + 1 }, (_, at) => first + at);
const PSK_CCM_8 = suiteOf(0xc0a8) as Suite;
const PSK_GCM_256 = suiteOf(0x00a9) as Suite;

describe('the PRF of TLS 1.2 (RFC 5246 §5)', () => {
  const VECTORS = [
    {
      hash: 'sha256',
      secret: '9bbe436ba940f017b17652849a71db35',
      seed: 'a0ba9f936cda311827a6f796ffd5198c',
      out: 'e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66',
    },
    {
      hash: 'sha384',
      secret: 'b80b733d6ceefcdc71566ea48e5567df',
      seed: 'cd665cf6a8447dd6ff8b27555edb7465',
      out: '7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cde9ca0faa60be9fe34f82b1233c9146a0e534cb400fed2700884f9dc236f80edd8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d9184259b5bf8cd4d90fa0d31e2dec479e4f1a26066f2eea9a69236a3e52655c9e9aee691c8f3a26854308d5eaa3be85e0990703d73e56f',
    },
  ] as const;

  it.each(VECTORS)('gives the published bytes with $hash, at every length', ({ hash, secret, seed, out }) => {
    const whole = fromHex(out);
    for (let length = 0; length <= whole.length; length += 1) {
      const made = prf(nodeProvider, hash, fromHex(secret), 'test label', fromHex(seed), length);
      expect(toHex(made)).toBe(toHex(whole.subarray(0, length)));
    }
  });

  it('joins the parts of a seed', () => {
    const secret = upTo(1, 16);
    const parts = [upTo(1, 3), new Uint8Array(0), upTo(4, 9)];
    const joined = prf(nodeProvider, 'sha256', secret, 'x', upTo(1, 9), 50);
    expect(prf(nodeProvider, 'sha256', secret, 'x', parts, 50)).toEqual(joined);
  });

  it.each([
    ['sha256', 12, 2],
    ['sha256', 32, 2],
    ['sha256', 33, 4],
    ['sha256', 48, 4],
    ['sha256', 72, 6],
    ['sha384', 48, 2],
    ['sha384', 72, 4],
  ] as const)('needs with %s for %i bytes %i HMACs and nothing else', (hash, length, hmacs) => {
    const counting = countingProvider(nodeProvider);
    prf(counting, hash, upTo(0, 47), 'label', upTo(0, 63), length);
    expect({ ...counting.counts }).toEqual({ ...countingProvider(nodeProvider).counts, hmac: hmacs });
  });
});

describe('the premaster secret', () => {
  it('of plain PSK is as many zeros as the key is long, and the key (RFC 4279 §2)', () => {
    expect(toHex(pskPremaster(fromHex('a1a2a3')))).toBe('00030000000003a1a2a3');
    expect(toHex(pskPremaster(new Uint8Array(300)))).toBe(`012c${'00'.repeat(300)}012c${'00'.repeat(300)}`);
  });

  it('of ECDHE_PSK is the shared secret with its leading zeros, and the key (RFC 5489 §2)', () => {
    expect(toHex(ecdhePskPremaster(fromHex('00ff01'), fromHex('a1a2')))).toBe('000300ff010002a1a2');
  });

  it('has room for a key of 65,535 bytes and no more', () => {
    expect(pskPremaster(new Uint8Array(65_535))).toHaveLength(4 + 2 * 65_535);
    expect(() => pskPremaster(new Uint8Array(65_536))).toThrow(InvariantError);
  });
});

describe('the illustrated TLS 1.2 connection', () => {
  const premaster = fromHex('df4a291baa1eb7cfa6934b29b474baad2697e29f1f920dcc77c8a0a088447624');
  const clientRandom = upTo(0x00, 0x1f);
  const serverRandom = upTo(0x70, 0x8f);
  const master = fromHex(
    '916abf9da55973e13614ae0a3f5d3f37b023ba129aee02cc9134338127cd7049781c8e19fc1eb2a7387ac06ae237344c',
  );

  it('has this master secret', () => {
    expect(toHex(masterSecret(nodeProvider, 'sha256', premaster, clientRandom, serverRandom))).toBe(toHex(master));
  });

  it('has this key block, in 40 bytes of its own', () => {
    const block = keyBlock(nodeProvider, PSK_CCM_8, master, clientRandom, serverRandom);
    expect(cutKeys(block, 16)).toEqual({
      clientKey: '1b7d117c7d5f690bc263cae8ef60af0f',
      serverKey: '1878acc22ad8bdd8c601a617126f6354',
      clientIv: '0eb20906',
      serverIv: 'f781fad2',
    });
    expect(block.buffer.byteLength).toBe(40);
  });

  it('has keys of 32 bytes with AES-256, in 72 bytes of SHA-384', () => {
    const block = keyBlock(nodeProvider, PSK_GCM_256, master, clientRandom, serverRandom);
    const seed = Buffer.concat([serverRandom, clientRandom]);
    expect(toHex(block)).toBe(toHex(prf(nodeProvider, 'sha384', master, 'key expansion', seed, 72)));
  });
});

describe('labels', () => {
  const secret = upTo(1, 48);
  const hash = upTo(1, 32);

  it('tell the two Finished messages apart (RFC 5246 §7.4.9)', () => {
    const client = verifyData(nodeProvider, 'sha256', secret, 'client', hash);
    expect(client).toEqual(prf(nodeProvider, 'sha256', secret, 'client finished', hash, 12));
    const server = verifyData(nodeProvider, 'sha256', secret, 'server', hash);
    expect(server).toEqual(prf(nodeProvider, 'sha256', secret, 'server finished', hash, 12));
    expect(server).not.toEqual(client);
  });

  it('tell the extended master secret from the plain one (RFC 7627 §4)', () => {
    const extended = extendedMasterSecret(nodeProvider, 'sha384', secret, hash);
    expect(extended).toEqual(prf(nodeProvider, 'sha384', secret, 'extended master secret', hash, 48));
  });
});
