/**
 * Fuzzed certificates, chains and revocation lists: reading throws nothing but a DecodeError, the judge throws nothing, no chain with a
 * changed leaf is ever good, and 64 KiB of anything are read in less than 10 ms.
 */

import { describe, expect, it } from '@jest/globals';
import { DecodeError, WallTime } from '#base';
import { ChainJudge, readAnchors, readRevocationLists, trustParameters } from '#trust';

import { int, octets, oid, seq, set, tagged, tlv } from '../support/der.js';
import { milliseconds } from '../support/cpu.js';
import * as x509 from '../support/x509.js';
import { authority, device, issue, NOW } from '../support/x509.js';
import { fuzz, fuzzBudget, fuzzTimeout } from './support/fuzz.js';

const root = authority('Root', undefined, { extensions: [x509.subjectKeyId('root')] });
const sub = authority('Sub', root, {
  extensions: [
    x509.constraints([x509.dns('example.com'), x509.ip(10, 0, 0, 0, 255, 0, 0, 0)], [x509.uri('a.b')]),
    x509.authorityKeyId('root'),
  ],
});
const leaf = device(sub, {
  extensions: [
    x509.alternatives(
      x509.dns('a.example.com'),
      x509.ip(10, 1, 2, 3),
      x509.email('me@x.y'),
      x509.directory(x509.cn('d')),
      x509.registeredId(),
    ),
    x509.policies('1.2.3'),
  ],
});
const list = x509.revocationList({
  issuer: sub,
  revoked: [{ of: root }, { of: sub }],
  extensions: [x509.authorityKeyId('sub')],
});
const NEVER_KEPT = trustParameters({ cachedVerdicts: 0, cachedRefusals: 0 });
const judge = new ChainJudge(NEVER_KEPT);
judge.replaceTrust(readAnchors(root.der), readRevocationLists(list));
const now = WallTime(NOW);

/** Runs `work`; what it throws must be a DecodeError. */
function decoding(work: () => unknown): 'read' | 'refused' {
  try {
    work();
    return 'read';
  } catch (error) {
    if (error instanceof DecodeError) return 'refused';
    throw error;
  }
}

const WHOLE = fuzzBudget(4);
const BUDGET = { ...WHOLE, seconds: WHOLE.seconds / 2 };

describe('certificates and lists, cut and changed', () => {
  it('the chain they are made of is good', () => {
    expect(judge.judge([leaf.der, sub.der], 'client', now).kind).toBe('accepted');
  });

  it('cut at every byte are refused', () => {
    for (const der of [leaf.der, sub.der]) {
      for (let length = 0; length < der.length; length += 1) {
        const cut = Uint8Array.from(der.subarray(0, length));
        expect([length, decoding(() => readAnchors(cut))]).toEqual([length, 'refused']);
        const chain = der === leaf.der ? [cut, sub.der] : [leaf.der, cut];
        expect([length, judge.judge(chain, 'client', now)]).toEqual([
          length,
          expect.objectContaining({ reason: 'malformed' }),
        ]);
      }
    }
    for (let length = 0; length < list.length; length += 1) {
      expect([length, decoding(() => readRevocationLists(list.subarray(0, length)))]).toEqual([length, 'refused']);
    }
  });

  it('with any one byte changed are never good', () => {
    for (let index = 0; index < leaf.der.length; index += 1) {
      for (const flip of [1, 0x80, 0xff]) {
        const changed = Buffer.from(leaf.der);
        changed[index] = (changed[index] as number) ^ flip;
        expect([index, judge.judge([changed, sub.der], 'client', now).kind]).toEqual([index, 'refused']);
      }
    }
  });

  it(
    'are judged without an exception, and a changed leaf is never good',
    () => {
      const counts = { malformed: 0, other: 0 };
      fuzz('trust', BUDGET, (random) => {
        const first = random.chance(0.7) ? random.mutate(leaf.der) : leaf.der;
        const second = random.chance(0.5) ? random.mutate(sub.der) : sub.der;
        const chain = random.chance(0.1) ? [first, second, random.mutate(root.der)] : [first, second];
        const verdict = judge.judge(chain, random.pick(['client', 'server']), now);
        if (verdict.kind === 'accepted') {
          expect(first.equals(leaf.der)).toBe(true);
          expect(second.equals(sub.der)).toBe(true);
        } else if (verdict.reason === 'malformed') counts.malformed += 1;
        else counts.other += 1;
      });
      expect(counts.malformed).toBeGreaterThan(10);
      expect(counts.other).toBeGreaterThan(10);
    },
    fuzzTimeout(BUDGET),
  );

  it(
    'are read as lists, or refused with a DecodeError; a changed list is never taken for signed',
    () => {
      const counts = { read: 0, refused: 0 };
      const changing = new ChainJudge(NEVER_KEPT);
      fuzz('trust', BUDGET, (random) => {
        const changed = random.mutate(list);
        const outcome = decoding(() => readRevocationLists(changed));
        counts[outcome] += 1;
        if (outcome === 'refused' || changed.equals(list)) return;
        changing.replaceTrust(readAnchors(root.der), readRevocationLists(changed));
        const verdict = changing.judge([leaf.der, sub.der], 'client', now);
        // By another issuer's name, or another key id, it is a list of somebody else, which is not asked for.
        const [one] = readRevocationLists(changed);
        const ours = one?.issuer.key === readRevocationLists(list)[0]?.issuer.key;
        if (ours && verdict.kind === 'accepted') expect(changed.includes(x509.authorityKeyId('sub'))).toBe(false);
      });
      expect(counts.read).toBeGreaterThan(10);
      expect(counts.refused).toBeGreaterThan(10);
    },
    fuzzTimeout(BUDGET),
  );
});

const SIZE = 65_536;
/** As many copies of a piece as fit in 64 KiB. */
const many = (piece: Buffer): Buffer[] => Array.from({ length: Math.floor(SIZE / piece.length) }, () => piece);
/** SEQUENCEs in SEQUENCEs, as deep as 64 KiB allow. */
function nest(): Buffer {
  const headers: Buffer[] = [];
  for (let size = 0; size < SIZE - 5;) {
    const header = tlv(0x30, Buffer.alloc(size)).subarray(0, size < 128 ? 2 : size < 256 ? 3 : size < 65_536 ? 4 : 5);
    headers.unshift(header);
    size += header.length;
  }
  return Buffer.concat(headers);
}

describe('64 KiB', () => {
  const withExtension = (id: string, value: Buffer): Buffer =>
    issue({ issuer: root, extensions: [x509.extension(id, value)] }).der;
  it.each([
    ['nested SEQUENCEs', nest()],
    ['nested SEQUENCEs in an unknown extension', withExtension('1.2.3', nest())],
    ['nested SEQUENCEs as a SAN', withExtension('2.5.29.17', nest())],
    ['nested SEQUENCEs as a policy', withExtension('2.5.29.32', seq(seq(oid('1.2.3'), nest())))],
    ['empty SAN entries', withExtension('2.5.29.17', seq(...many(x509.dns(''))))],
    ['directory names', withExtension('2.5.29.17', seq(...many(x509.directory(x509.cn('d')))))],
    ['name constraints', withExtension('2.5.29.30', seq(tagged(0, ...many(seq(x509.dns('a'))))))],
    ['purposes', withExtension('2.5.29.37', seq(...many(oid('1.2.3'))))],
    ['purposes of long identifiers', withExtension('2.5.29.37', seq(...many(oid(`2.25.${(1n << 128n).toString()}`))))],
    [
      'extensions',
      issue({
        issuer: root,
        extensions: many(x509.extension('1.2.3', Buffer.alloc(0))).map((_one, index) =>
          x509.extension(`1.2.${index}`, Buffer.alloc(0)),
        ),
      }).der,
    ],
    ['attributes of a subject', issue({ issuer: root, subject: seq(...many(x509.commonName('d'))) }).der],
    [
      'attributes in one set',
      issue({ issuer: root, subject: seq(set(...many(seq(oid('2.5.4.3'), octets(Buffer.from('d')))))) }).der,
    ],
    ['a serial number', issue({ issuer: root, serial: tlv(2, Buffer.alloc(SIZE, 1)) }).der],
    ['numbers', seq(...many(int(1)))],
    ['white space in a CN', issue({ issuer: root, subject: x509.cn(' '.repeat(SIZE)) }).der],
    ['quotes in a CN', issue({ issuer: root, subject: x509.cn('"'.repeat(SIZE)) }).der],
    ['zeros', Buffer.alloc(SIZE)],
  ])('of %s are judged in less than 10 ms', (_what, der) => {
    expect(der.length).toBeGreaterThan(SIZE / 2);
    const wide = new ChainJudge(trustParameters({ mostBytes: 1_048_576, cachedRefusals: 0, cachedVerdicts: 0 }));
    wide.replaceTrust(readAnchors(root.der), []);
    const times = [1, 2, 3, 4, 5].map(() => {
      const before = process.cpuUsage();
      wide.judge([der], 'client', now);
      return milliseconds(process.cpuUsage(before));
    });
    expect(Math.min(...times)).toBeLessThan(10);
  });
});
