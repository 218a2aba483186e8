/** Signatures by RSASSA-PSS: which parameters are taken, in what words the others are refused, and keys bound to PSS. */

import { generateKeyPairSync } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import { DecodeError, WallTime } from '#base';
import { ChainJudge, readAnchors, trustParameters } from '#trust';

import { readPssParameters } from '../../../src/trust/x509/pss.js';
import { DerReader } from '../../../src/trust/x509/der.js';
import { int, oid, seq, tagged, tlv } from '../../support/der.js';
import { SeededRandom } from '../../support/random.js';
import { authority, device, NOW, pair, pssParameters, type Hash, type Pss } from '../../support/x509.js';

const SHA_256 = '2.16.840.1.101.3.4.2.1';
const MGF1 = '1.2.840.113549.1.1.8';
const root = authority('Root', undefined, { key: pair(2048), pss: {} });

/** The sentence by which a leaf of the root is refused; `accepted` when it is not. */
function verdictOn(hash: Hash, pss: Pss): string {
  const judge = new ChainJudge(trustParameters());
  judge.replaceTrust(readAnchors(root.der), []);
  const verdict = judge.judge([device(root, { hash, pss }).der], 'client', WallTime(NOW));
  return verdict.kind === 'refused' ? `${verdict.reason}: ${verdict.sentence}` : 'accepted';
}

/** `[number]` around a hash that is named with or without NULL. */
const hashOf = (...parameters: readonly Buffer[]): Buffer => tagged(0, seq(oid(SHA_256), ...parameters));
const maskOf = (...parameters: readonly Buffer[]): Buffer =>
  tagged(1, seq(oid(MGF1), seq(oid(SHA_256), ...parameters)));
const NULL = tlv(0x05);

describe('RSASSA-PSS', () => {
  it.each(['sha256', 'sha384', 'sha512'] as const)('is taken with %s throughout', (hash) => {
    expect(verdictOn(hash, {})).toBe('accepted');
  });

  it('is taken whether its hashes have the parameters NULL or none (RFC 4055 §2.1)', () => {
    for (const [hash, mask] of [
      [hashOf(), maskOf()],
      [hashOf(NULL), maskOf()],
      [hashOf(), maskOf(NULL)],
    ] as const) {
      expect(verdictOn('sha256', { parameters: [seq(hash, mask, tagged(2, int(32)))] })).toBe('accepted');
    }
  });

  it.each<[string, Hash, Pss, string]>([
    ['a salt of 20 bytes', 'sha256', { salt: 20 }, 'with a salt of 20 bytes and not the 32 of its SHA-256;'],
    ['the salt of SHA-256 with SHA-512', 'sha512', { salt: 32 }, 'a salt of 32 bytes and not the 64 of its SHA-512;'],
    ['no salt', 'sha384', { salt: 0 }, 'with a salt of 0 bytes and not the 48 of its SHA-384;'],
    [
      'a mask by SHA-1, which is the default',
      'sha256',
      { parameters: [pssParameters('sha256', { mask: 'sha1' })] },
      'with a mask of another hash than its SHA-256;',
    ],
    [
      'a mask by SHA-512',
      'sha256',
      { parameters: [pssParameters('sha256', { mask: 'sha512' })] },
      'with a mask of another hash than its SHA-256;',
    ],
    [
      'a mask that is none of MGF1',
      'sha256',
      { parameters: [seq(hashOf(NULL), tagged(1, seq(oid('1.2.3.4'))), tagged(2, int(32)))] },
      'with a mask of another hash',
    ],
    ['SHA-1', 'sha1', {}, 'with the hash SHA-1;'],
    ['SHA-224', 'sha224', {}, 'with the hash 2.16.840.1.101.3.4.2.4;'],
    [
      'parameters of a hash',
      'sha256',
      { parameters: [seq(hashOf(int(1)), maskOf(int(1)), tagged(2, int(32)))] },
      `with the hash ${SHA_256} with parameters;`,
    ],
    ['another trailer', 'sha256', { parameters: [pssParameters('sha256', { trailer: 3 })] }, 'with the trailer 3;'],
    ['no parameters', 'sha256', { parameters: [] }, 'without its parameters;'],
  ])('is refused with %s, in words', (_what, hash, pss, words) => {
    const verdict = verdictOn(hash, pss);
    expect(verdict).toMatch(/^signature_algorithm: the certificate of .* is signed with RSASSA-PSS /);
    expect(verdict).toContain(words);
    expect(verdict).toMatch(/; ECDSA, .* are accepted, PSS with MGF1 of the same hash and a salt of its length$/);
  });

  it.each<[string, Buffer]>([
    ['two numbers for the salt', seq(hashOf(NULL), maskOf(NULL), tagged(2, int(32), int(32)))],
    ['a salt that is no number', seq(hashOf(NULL), maskOf(NULL), tagged(2, NULL))],
    ['a negative salt', seq(hashOf(NULL), maskOf(NULL), tagged(2, int(-1)))],
    ['an endless salt', seq(hashOf(NULL), maskOf(NULL), tagged(2, int(2 ** 40)))],
    ['its parts in another order', seq(maskOf(NULL), hashOf(NULL), tagged(2, int(32)))],
    ['a part that is not known', seq(hashOf(NULL), maskOf(NULL), tagged(2, int(32)), tagged(4, int(1)))],
    ['a mask with two hashes', seq(hashOf(), tagged(1, seq(oid(MGF1), seq(oid(SHA_256)), seq(oid(SHA_256)))))],
  ])('makes a certificate malformed with %s', (_what, parameters) => {
    expect(verdictOn('sha256', { parameters: [parameters] })).toMatch(/^malformed: /);
  });

  it('reads no parameters but into a set or a refusal, or throws DecodeError, whatever the bytes', () => {
    const random = new SeededRandom(4055);
    const good = pssParameters('sha256', { trailer: 1 });
    const seen = new Set<string>();
    for (let round = 0; round < 5_000; round += 1) {
      const bytes = Buffer.from(good);
      for (let change = 0; change <= round % 3; change += 1) {
        bytes[random.integer(0, bytes.length - 1)] = random.integer(0, 255);
      }
      try {
        const read = readPssParameters(new DerReader(bytes).next());
        seen.add('refused' in read ? 'refused' : read.hash);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
        seen.add('thrown');
      }
    }
    expect([...seen]).toEqual(expect.arrayContaining(['sha256', 'refused', 'thrown']));
  });

  it('is no kind of key that is taken, of a leaf or of an anchor', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa-pss', { modulusLength: 2048 });
    const key = { privateKey, spki: publicKey.export({ type: 'spki', format: 'der' }), kind: 'rsa-pss' };
    const judge = new ChainJudge(trustParameters());
    judge.replaceTrust(readAnchors(root.der), []);
    expect(judge.judge([device(root, { key, pss: {} }).der], 'client', WallTime(NOW))).toMatchObject({
      kind: 'refused',
      reason: 'weak_key',
      sentence: expect.stringContaining('its key is of the kind id-RSASSA-PSS; EC and RSA keys are accepted'),
    });
    expect(() => readAnchors(authority('R', undefined, { key, signer: root.key }).der)).toThrow(
      'its key is of the kind id-RSASSA-PSS',
    );
  });
});
