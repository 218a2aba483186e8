/** What a sealed secret is byte by byte, and what of it may not be changed. */

import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { AppError } from '#base';
import type { SealContext } from '#vault';
import { open, seal } from '../../src/vault/envelope.js';
import { PSK, codeOf } from './support.js';

const RAW = Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex');
const KEY = { id: '0123456789abcdef', key: createSecretKey(RAW) };
const keyOf = (id: string): typeof KEY | undefined => (id === KEY.id ? KEY : undefined);
const text = Buffer.from('a pre-shared key');

const contexts = fc.record({
  // Halves of surrogate pairs among them.
  owner: fc.array(fc.nat({ max: 0xffff }), { maxLength: 12 }).map((units) => String.fromCharCode(...units)),
  kind: fc.string({ maxLength: 12 }),
  version: fc.nat({ max: 2 ** 31 }),
});

describe('a sealed secret', () => {
  it('is format, key id, nonce, ciphertext and tag, under format, key id and context with their lengths', () => {
    const sealed = Buffer.from(seal(KEY, { owner: 'dé', kind: 'psk', version: 258 }, text));
    expect(sealed.subarray(0, 9).toString('hex')).toBe('010123456789abcdef');
    expect(sealed).toHaveLength(1 + 8 + 12 + text.length + 16);
    const decipher = createDecipheriv('aes-256-gcm', RAW, sealed.subarray(9, 21), { authTagLength: 16 });
    decipher.setAAD(
      Buffer.from('010123456789abcdef' + '0002' + '6400e900' + '0003' + '700073006b00' + '000000000102', 'hex'),
    );
    decipher.setAuthTag(sealed.subarray(-16));
    expect(Buffer.concat([decipher.update(sealed.subarray(21, -16)), decipher.final()])).toEqual(text);
  });

  it('opens to what was sealed, of any length, and never looks the same twice', () => {
    fc.assert(
      fc.property(contexts, fc.uint8Array({ maxLength: 300 }), (context, plaintext) => {
        const [one, other] = [seal(KEY, context, plaintext), seal(KEY, context, plaintext)];
        expect(Buffer.from(open(keyOf, context, one))).toEqual(Buffer.from(plaintext));
        expect(Buffer.from(one).equals(other)).toBe(false);
      }),
    );
  });

  it('opens for no other owner, kind or version, however alike they are written one behind the other', () => {
    fc.assert(
      fc.property(contexts, contexts, (context, other) => {
        fc.pre(JSON.stringify(context) !== JSON.stringify(other));
        expect(codeOf(() => open(keyOf, other, seal(KEY, context, text)))).toBe('secret_unreadable');
      }),
    );
    const near: readonly [SealContext, SealContext][] = [
      [
        { owner: 'ab', kind: 'c', version: 1 },
        { owner: 'a', kind: 'bc', version: 1 },
      ],
      [
        { owner: 'a\0\u0001b', kind: '', version: 1 },
        { owner: 'a', kind: 'b', version: 1 },
      ],
      [
        { owner: '\ud800', kind: 'psk', version: 1 },
        { owner: '\ufffd', kind: 'psk', version: 1 },
      ],
      [
        { owner: '', kind: 'psk', version: 1 },
        { owner: 'psk', kind: '', version: 1 },
      ],
      [
        { owner: 'a', kind: 'psk', version: 1 },
        { owner: 'a', kind: 'psk', version: 2 ** 32 + 1 },
      ],
    ];
    for (const [context, other] of near)
      expect(codeOf(() => open(keyOf, other, seal(KEY, context, text)))).toBe('secret_unreadable');
  });

  it('opens with no bit of it changed and no byte of it missing', () => {
    const sealed = seal(KEY, PSK, text);
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(codeOf(() => open(keyOf, PSK, changed))).toBe('secret_unreadable');
    }
    for (let length = 0; length < sealed.length; length += 1)
      expect(codeOf(() => open(keyOf, PSK, sealed.subarray(0, length)))).toBe('secret_unreadable');
    expect(codeOf(() => open(keyOf, PSK, Buffer.concat([sealed, Buffer.alloc(1)])))).toBe('secret_unreadable');
  });

  it('opens with no tag that was cut short, which Node alone would take', () => {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', RAW, nonce, { authTagLength: 4 });
    const body = Buffer.concat([cipher.update(text), cipher.final()]);
    const head = Buffer.from(`01${KEY.id}`, 'hex');
    for (const tag of [cipher.getAuthTag(), Buffer.alloc(0)])
      expect(codeOf(() => open(keyOf, PSK, Buffer.concat([head, nonce, body, tag])))).toBe('secret_unreadable');
  });

  it('that cannot be opened names the data key and nothing of the content', () => {
    const sealed = Buffer.from(seal(KEY, PSK, text));
    const refusal = (call: () => unknown): AppError => {
      try {
        call();
      } catch (error) {
        if (error instanceof AppError) return error;
      }
      throw new Error('it was opened');
    };
    const other = refusal(() => open(keyOf, { ...PSK, version: 2 }, sealed));
    expect(other.message).toBe(
      'a psk sealed with data key 0123456789abcdef cannot be read: it was changed, or belongs to another owner, kind or version',
    );
    expect(refusal(() => open(() => undefined, PSK, sealed)).message).toBe(
      'a psk sealed with data key 0123456789abcdef cannot be read: this data key is not there',
    );
    expect(other.details).toEqual({ dataKey: KEY.id });
    expect(other.cause).toBeUndefined();
  });

  it.each([-1, 0.5, 2 ** 48, Number.NaN])('is never made for version %d', (version) => {
    expect(() => seal(KEY, { ...PSK, version }, text)).toThrow('a version is a whole number below 2^48');
  });

  it('is never made for an owner whose length cannot be written', () => {
    expect(() => seal(KEY, { ...PSK, owner: 'x'.repeat(65_536) }, text)).toThrow('at most 65,535 characters');
    expect(
      open(keyOf, { ...PSK, owner: 'x'.repeat(65_535) }, seal(KEY, { ...PSK, owner: 'x'.repeat(65_535) }, text)),
    ).toEqual(text);
  });
});
