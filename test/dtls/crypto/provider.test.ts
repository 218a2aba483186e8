import { createHmac } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encodeUtf8, fromHex, toHex } from '#base';
import { countingProvider, nodeProvider, SignatureScheme, signingKey } from '../../../src/dtls/crypto/index.js';
import { P256_PKCS8 } from './keys.js';

describe('hashes', () => {
  it.each([
    ['sha256', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ['sha384', 'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7'],
  ] as const)('%s of "abc" is that of FIPS 180-4', (name, digest) => {
    expect(toHex(nodeProvider.hash(name, encodeUtf8('abc')))).toBe(digest);
  });

  it.each(['sha256', 'sha384'] as const)('a transcript of %s gives the hash so far and goes on', (name) => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 }), (messages) => {
        const running = nodeProvider.transcript(name);
        let all = Buffer.alloc(0);
        for (const message of messages) {
          running.update(message);
          all = Buffer.concat([all, message]);
          const said = toHex(nodeProvider.hash(name, all));
          expect([toHex(running.digest()), toHex(running.digest())]).toEqual([said, said]);
        }
      }),
    );
  });

  it('transcripts do not know of each other', () => {
    const [one, two] = [nodeProvider.transcript('sha256'), nodeProvider.transcript('sha256')];
    one.update(encodeUtf8('abc'));
    expect(toHex(two.digest())).toBe(toHex(nodeProvider.hash('sha256', new Uint8Array(0))));
  });
});

describe('HMAC', () => {
  it.each([
    ['sha256', '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'],
    ['sha384', 'af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649'],
  ] as const)('with %s is that of RFC 4231 §4.3', (name, mac) => {
    const made = nodeProvider.hmac(name, encodeUtf8('Jefe'), encodeUtf8('what do ya want for nothing?'));
    expect(toHex(made)).toBe(mac);
  });

  it.each(['sha256', 'sha384'] as const)('with %s is that of OpenSSL for keys and messages of any length', (name) => {
    const bytes = (maxLength: number) => fc.uint8Array({ maxLength, size: 'max' });
    fc.assert(
      fc.property(bytes(300), bytes(2000), (key, message) => {
        const before = [Uint8Array.from(key), Uint8Array.from(message)];
        const said = createHmac(name, key).update(message).digest('hex');
        expect(toHex(nodeProvider.hmac(name, key, message))).toBe(said);
        expect([key, message]).toEqual(before);
      }),
    );
  });

  it('derives the OSCORE keys of RFC 8613 C.1 by HKDF (RFC 5869)', () => {
    const extracted = nodeProvider.hmac(
      ...(['sha256', fromHex('9e7ca92223786340'), fromHex('0102030405060708090a0b0c0d0e0f10')] as const),
    );
    const expand = (info: string, length: number) =>
      toHex(nodeProvider.hmac('sha256', extracted, fromHex(`${info}01`)).subarray(0, length));
    expect(expand('8540f60a634b657910', 16)).toBe('f0910ed7295e6ad4b54fc793154302ff');
    expect(expand('854101f60a634b657910', 16)).toBe('ffb14e093c94c9cac9471648b4f98710');
    expect(expand('8540f60a6249560d', 13)).toBe('4622d4dd6d944168eefb54987c');
  });
});

describe('equal', () => {
  it('is true of equal bytes alone, and false of different lengths', () => {
    const bytes = fromHex('00010203');
    expect(nodeProvider.equal(bytes, Uint8Array.from(bytes))).toBe(true);
    expect(nodeProvider.equal(new Uint8Array(0), new Uint8Array(0))).toBe(true);
    for (const other of ['', '000102', '0001020304', '01010203', '00010202']) {
      expect(nodeProvider.equal(bytes, fromHex(other))).toBe(false);
    }
  });
});

describe('the counting provider', () => {
  it('counts each call, gives what the inner one gives, and starts anew', () => {
    const counting = countingProvider(nodeProvider);
    const given = ['aes-128-ccm-8', new Uint8Array(16), new Uint8Array(12), new Uint8Array(13)] as const;
    const out = new Uint8Array(30);
    const bytes = encodeUtf8('abc');
    const zero = { ...counting.counts };
    expect(new Set(Object.values(zero))).toEqual(new Set([0]));
    expect(counting.hash('sha256', bytes)).toEqual(nodeProvider.hash('sha256', bytes));
    const transcript = counting.transcript('sha256');
    transcript.update(bytes);
    expect(transcript.digest()).toEqual(nodeProvider.hash('sha256', bytes));
    counting.hmac('sha256', bytes, bytes);
    const end = counting.seal(...given, bytes, out, 2);
    expect(counting.open(...given, out.subarray(2, end))).toEqual(bytes);
    expect(counting.open(...given, bytes)).toBeUndefined();
    const [ours, theirs] = [counting.ephemeral(23), nodeProvider.ephemeral(23)];
    expect(ours.agree(theirs.publicKey)).toEqual(theirs.agree(ours.publicKey));
    expect(() => ours.agree(bytes)).toThrow();
    const signer = signingKey(P256_PKCS8);
    const signature = counting.sign(SignatureScheme.ECDSA_SECP256R1_SHA256, signer, bytes);
    expect(counting.verify(SignatureScheme.ECDSA_SECP256R1_SHA256, signer.spki, bytes, signature)).toBe(true);
    expect(counting.equal(bytes, bytes)).toBe(true);
    const once = Object.fromEntries(Object.keys(zero).map((call) => [call, 1]));
    expect(counting.counts).toEqual({ ...once, open: 2, agree: 2 });
    counting.reset();
    expect(counting.counts).toEqual(zero);
  });
});
