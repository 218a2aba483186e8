/** The judge at its edges: clocks, limits, what is kept of a verdict, and what a verdict says. */

import { createHash, X509Certificate } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import { AppError, WallTime } from '#base';
import {
  CertificateAlert,
  ChainJudge,
  readAnchors,
  readRevocationLists,
  REFUSALS,
  TRUST_PARAMETERS,
  trustParameters,
} from '#trust';
import type { TrustParameters, Verdict } from '#trust';

import { implicit, int, oid, seq, time, tagged, utf8 } from '../support/der.js';
import { milliseconds } from '../support/cpu.js';
import * as x509 from '../support/x509.js';
import { authority, DAY, device, issue, NOW, pair } from '../support/x509.js';
import type { Issued } from '../support/x509.js';

const MINUTE = 60_000;
const root = authority('Root');
const sub = authority('Sub', root);
const leaf = device(sub, {
  extensions: [x509.alternatives(x509.dns('a.example'), x509.uri('urn:dev:1'), x509.dns('b.example'))],
});
const chain = [leaf.der, sub.der];

function judgeOf(
  anchors: readonly Issued[],
  lists: readonly Buffer[] = [],
  changes: Partial<TrustParameters> = {},
): ChainJudge {
  const judge = new ChainJudge(trustParameters(changes));
  judge.replaceTrust(
    anchors.flatMap(({ der }) => readAnchors(der)),
    lists.flatMap(readRevocationLists),
  );
  return judge;
}

const at = (offset: number): WallTime => WallTime(NOW + offset);
const word = (verdict: Verdict): string => (verdict.kind === 'accepted' ? 'accepted' : verdict.reason);
const judged = (ders: readonly Uint8Array[], anchor: Issued = root, offset = 0): string =>
  word(judgeOf([anchor]).judge(ders, 'client', at(offset)));

describe('a verdict', () => {
  it('tells the facts of a good leaf, as node:crypto reads them', () => {
    const verdict = judgeOf([root]).judge(chain, 'client', at(0));
    const reference = new X509Certificate(leaf.der);
    expect(verdict).toEqual({
      kind: 'accepted',
      leaf: {
        spki: new Uint8Array(leaf.key.spki),
        commonNames: ['urn:dev:1'],
        dnsNames: ['a.example', 'b.example'],
        uris: ['urn:dev:1'],
        serial: reference.serialNumber.toLowerCase(),
        fingerprint: createHash('sha256').update(leaf.der).digest('hex'),
        notAfter: Date.parse(reference.validTo),
      },
      certificates: expect.stringMatching(/^[0-9a-f]{16}:[0-9a-f]+ [0-9a-f]{16}:[0-9a-f]+$/),
    });
  });

  it('keeps nothing of the bytes it was given', () => {
    const received = Buffer.from(leaf.der);
    const verdict = judgeOf([root]).judge([received, sub.der], 'client', at(0));
    received.fill(0);
    expect(verdict.kind === 'accepted' && Buffer.from(verdict.leaf.spki).equals(leaf.key.spki)).toBe(true);
  });

  it('names the certificate and what is wrong with it, and the alert that fits', () => {
    const expired = device(sub, { subject: 'd-7', to: time(NOW - DAY), serial: int(0xabcd) });
    expect(judgeOf([root]).judge([expired.der, sub.der], 'client', at(0))).toEqual({
      kind: 'refused',
      reason: 'expired',
      sentence: 'the certificate of CN="d-7" (serial abcd) was valid until 2026-06-14T12:00:00.000Z',
      alert: 45,
    });
  });

  it('puts no control character of a name into its sentence', () => {
    const strange = device(sub, { subject: 'a\nb\u202ec', to: time(NOW - DAY) });
    const verdict = judgeOf([root]).judge([strange.der, sub.der], 'client', at(0));
    expect(verdict.kind === 'refused' && verdict.sentence).toContain('CN="a b?c"');
  });

  it('has an alert of RFC 5246 for every reason, and none that ends credentials where the lists of the server are at fault', () => {
    for (const [reason, { alert }] of Object.entries(REFUSALS)) {
      expect([reason, CertificateAlert[alert]]).toEqual([reason, expect.any(Number)]);
      if (reason.startsWith('crl_')) expect([reason, CertificateAlert[alert]]).toEqual([reason, 40]);
    }
    expect(CertificateAlert[REFUSALS.revoked.alert]).toBe(44);
    expect(CertificateAlert[REFUSALS.unknown_ca.alert]).toBe(48);
    expect(CertificateAlert[REFUSALS.weak_key.alert]).toBe(43);
    expect(CertificateAlert[REFUSALS.signature.alert]).toBe(42);
  });
});

describe('clocks that differ', () => {
  const short = device(sub, { from: time(NOW - DAY), to: time(NOW + DAY) });
  it.each([
    [-DAY - 5 * MINUTE - 1, 'not_yet_valid'],
    [-DAY - 5 * MINUTE, 'accepted'],
    [DAY, 'accepted'],
    [DAY + 5 * MINUTE + 999, 'accepted'],
    [DAY + 5 * MINUTE + 1000, 'expired'],
  ])('are forgiven five minutes: at %d ms the chain is %s', (offset, expected) => {
    expect(judged([short.der, sub.der], root, offset)).toBe(expected);
  });

  it('are forgiven as much as is set', () => {
    const judge = judgeOf([root], [], { skew: 0 });
    expect(word(judge.judge([short.der, sub.der], 'client', at(DAY + 1000)))).toBe('expired');
  });

  const list = x509.revocationList({ issuer: sub, nextUpdate: NOW, thisUpdate: NOW - DAY });
  it.each([
    [0, 'accepted'],
    [DAY, 'accepted'],
    [DAY + 1, 'crl_stale'],
    [-DAY - 5 * MINUTE, 'accepted'],
    [-DAY - 5 * MINUTE - 1, 'crl_not_yet_valid'],
  ])('a list is used a day beyond its nextUpdate: at %d ms the chain is %s', (offset, expected) => {
    expect(word(judgeOf([root], [list]).judge(chain, 'client', at(offset)))).toBe(expected);
  });

  it('without grace a list ends with its nextUpdate', () => {
    const judge = judgeOf([root], [list], { crlGrace: 0 });
    expect([0, 1].map((offset) => word(judge.judge(chain, 'client', at(offset))))).toEqual(['accepted', 'crl_stale']);
  });

  it('a stale list still revokes', () => {
    const stale = x509.revocationList({
      issuer: sub,
      nextUpdate: NOW - 9 * DAY,
      thisUpdate: NOW - 10 * DAY,
      revoked: [{ of: leaf }],
    });
    expect(word(judgeOf([root], [stale]).judge(chain, 'client', at(0)))).toBe('revoked');
  });
});

describe('what is kept', () => {
  it('is a good verdict, the same for the same chain, role and trust', () => {
    const judge = judgeOf([root]);
    const first = judge.judge(chain, 'client', at(0));
    expect(judge.judge([Buffer.from(leaf.der), sub.der], 'client', at(MINUTE))).toBe(first);
    expect(judge.kept).toBe(1);
    expect(word(judge.judge(chain, 'server', at(0)))).toBe('extended_key_usage');
    expect(judge.judge([leaf.der, sub.der, root.der], 'client', at(0))).not.toBe(first);
  });

  it('ends with the first certificate that ends, also where clocks are forgiven', () => {
    const short = device(sub, { to: time(NOW + DAY) });
    const judge = judgeOf([root]);
    const first = judge.judge([short.der, sub.der], 'client', at(0));
    expect(judge.judge([short.der, sub.der], 'client', at(DAY))).toBe(first);
    const second = judge.judge([short.der, sub.der], 'client', at(DAY + 1));
    expect(second).toEqual(first);
    expect(second).not.toBe(first);
    expect(word(judge.judge([short.der, sub.der], 'client', at(2 * DAY)))).toBe('expired');
    expect(word(judge.judge([short.der, sub.der], 'client', at(-40 * DAY)))).toBe('not_yet_valid');
  });

  it('ends with the first list that ends', () => {
    const judge = judgeOf([root], [x509.revocationList({ issuer: sub, nextUpdate: NOW + DAY })]);
    const first = judge.judge(chain, 'client', at(0));
    expect(judge.judge(chain, 'client', at(DAY))).toBe(first);
    expect(judge.judge(chain, 'client', at(DAY + 1))).not.toBe(first);
    expect(word(judge.judge(chain, 'client', at(2 * DAY + 1)))).toBe('crl_stale');
  });

  it('ends with the trust it was given by', () => {
    const judge = judgeOf([root]);
    expect(word(judge.judge(chain, 'client', at(0)))).toBe('accepted');
    const before = judge.generation;
    judge.replaceTrust(
      readAnchors(root.der),
      readRevocationLists(x509.revocationList({ issuer: sub, revoked: [{ of: leaf }] })),
    );
    expect(judge.generation).toBe(before + 1);
    expect(judge.kept).toBe(0);
    expect(word(judge.judge(chain, 'client', at(0)))).toBe('revoked');
  });

  it('is no refusal that time may mend', () => {
    const judge = judgeOf([root]);
    const early = device(sub, { from: time(NOW + DAY) });
    expect(word(judge.judge([early.der, sub.der], 'client', at(0)))).toBe('not_yet_valid');
    expect(judge.kept).toBe(0);
    expect(word(judge.judge([early.der, sub.der], 'client', at(2 * DAY)))).toBe('accepted');
  });

  it('is bounded, and refusals do not push good verdicts out', () => {
    const judge = judgeOf([root], [], { cachedVerdicts: 2, cachedRefusals: 3 });
    const good = judge.judge(chain, 'client', at(0));
    for (let index = 0; index < 10; index += 1) judge.judge([Buffer.from([0x30, index])], 'client', at(0));
    expect(judge.kept).toBe(4);
    expect(judge.judge(chain, 'client', at(0))).toBe(good);
    for (let index = 0; index < 2; index += 1) judge.judge([device(sub).der, sub.der], 'client', at(0));
    expect(judge.kept).toBe(5);
    expect(judge.judge(chain, 'client', at(0))).not.toBe(good);
  });

  it('is nothing when nothing is to be kept', () => {
    const judge = judgeOf([root], [], { cachedVerdicts: 0, cachedRefusals: 0 });
    judge.judge(chain, 'client', at(0));
    judge.judge([leaf.der], 'client', at(0));
    expect(judge.kept).toBe(0);
  });
});

describe('limits', () => {
  it('bound the bytes of a chain', () => {
    const judge = judgeOf([root], [], { mostBytes: 1024 });
    const large = device(sub, { extensions: [x509.alternatives(x509.dns('a'.repeat(1000)))] });
    expect(judge.judge([large.der, sub.der], 'client', at(0))).toMatchObject({
      reason: 'chain_too_long',
      sentence: expect.stringMatching(/^the chain has \d+ bytes; 1024 are allowed$/),
    });
  });

  it('bound the names under name constraints, within 20 ms', () => {
    const bases = Array.from({ length: 300 }, (_, index) => x509.dns(`d${index}.example`));
    const bound = authority('Bound', root, { extensions: [x509.constraints(bases)] });
    const names = Array.from({ length: 300 }, (_, index) => x509.dns(`h${index}.d299.example`));
    const many = device(bound, { extensions: [x509.alternatives(...names)] });
    expect(judged([many.der, bound.der])).toBe('name_constraints');
    const fewer = device(bound, { extensions: [x509.alternatives(...names.slice(0, 200))] });
    const judge = judgeOf([root], [], { cachedVerdicts: 0 });
    const times = [1, 2, 3].map(() => {
      const before = process.cpuUsage();
      expect(word(judge.judge([fewer.der, bound.der], 'client', at(0)))).toBe('accepted');
      return milliseconds(process.cpuUsage(before));
    });
    expect(Math.min(...times)).toBeLessThan(20);
  });

  it('are settings, and a value out of bounds is refused by its name and bounds', () => {
    for (const { name, min, max } of TRUST_PARAMETERS) {
      for (const value of [min - 1, max + 1, min + 0.5, Number.NaN]) {
        expect(() => trustParameters({ [name]: value })).toThrow(AppError);
        expect(() => trustParameters({ [name]: value })).toThrow(`${name} is ${value}; a whole number of`);
      }
      expect(trustParameters({ [name]: max })[name]).toBe(max);
    }
  });
});

describe('chains OpenSSL is of another mind about, or cannot be asked about', () => {
  it('every anchor of the right name is tried', () => {
    const twin = authority('Root');
    const judge = judgeOf([twin, root, authority('Root')]);
    expect(word(judge.judge(chain, 'client', at(0)))).toBe('accepted');
  });

  it('a path that is not good does not hide one that is', () => {
    const ended = issue({ ...renewedSub(), to: time(NOW - DAY) });
    const judge = judgeOf([ended, root]);
    expect(word(judge.judge(chain, 'client', at(0)))).toBe('accepted');
    expect(word(judgeOf([ended]).judge(chain, 'client', at(0)))).toBe('expired');
  });

  it('a leaf that may only agree on keys is refused (RFC 5280 §4.2.1.3)', () => {
    const agrees = issue({ issuer: sub, extensions: [x509.keyUsage('keyAgreement')] });
    expect(judged([agrees.der, sub.der])).toBe('key_usage');
  });

  it('four certificates and a root are allowed, and not five', () => {
    const cas = [authority('1', root)];
    for (const name of ['2', '3', '4']) cas.unshift(authority(name, cas[0]));
    const [four, three, two, one] = cas as [Issued, Issued, Issued, Issued];
    expect(judged([device(three), three, two, one, root].map(({ der }) => der))).toBe('accepted');
    expect(judged([device(four), four, three, two, one].map(({ der }) => der))).toBe('chain_too_long');
    expect(
      judged(
        [device(four), four, three, two, one].map(({ der }) => der),
        two,
      ),
    ).toBe('accepted');
  });

  it.each([
    ['a curve that is not among the three', pair('secp256k1')],
    ['Ed25519', pair('ed25519')],
  ])('a key on %s is refused', (_what, key) => {
    expect(judged([device(sub, { key }).der, sub.der])).toBe('weak_key');
  });

  it('a point that is not on its curve is refused, wherever it stands', () => {
    const spki = Buffer.from(sub.key.spki);
    spki[spki.length - 1] = (spki[spki.length - 1] as number) ^ 1;
    const off = authority('Off', root, { spki });
    expect(judged([device(off).der, off.der])).toBe('key_unusable');
  });

  it('a compressed point is refused', () => {
    const point = Buffer.concat([Buffer.from([0, 2]), sub.key.spki.subarray(27, 59)]);
    const spki = seq(
      seq(oid('1.2.840.10045.2.1'), oid('1.2.840.10045.3.1.7')),
      Buffer.concat([Buffer.from([3, point.length]), point]),
    );
    expect(judged([device(sub, { spki }).der, sub.der])).toBe('weak_key');
  });

  it.each([
    ['a user in it', 'coaps://me@example.com/'],
    ['an address in it', 'coaps://10.0.0.1/'],
    ['an IPv6 address in it', 'coaps://[2001:db8::1]/'],
    ['no host', 'coaps:///rd'],
  ])('a URI with %s cannot be held to a constraint, and is refused', (_what, value) => {
    const bound = authority('Bound', root, { extensions: [x509.constraints([], [x509.uri('elsewhere.org')])] });
    const names = device(bound, { extensions: [x509.alternatives(x509.uri(value))] });
    expect(judged([names.der, bound.der])).toBe('name_constraints');
  });

  it('a subtree with a minimum is not processed, and refuses', () => {
    const tree = seq(x509.dns('example.com'), implicit(0, Buffer.from([1])));
    const bound = authority('Bound', root, {
      extensions: [x509.extension('2.5.29.30', seq(tagged(0, tree)), 'critical')],
    });
    const names = device(bound, { extensions: [x509.alternatives(x509.dns('a.example.com'))] });
    expect(judged([names.der, bound.der])).toBe('name_constraints');
  });

  it('a mapping of policies is let be, but not where a policy is required', () => {
    const mapping = x509.extension('2.5.29.33', seq(seq(oid('1.2.3'), oid('1.2.4'))), 'critical');
    const free = authority('Free', root, { extensions: [x509.policies('1.2.3'), mapping] });
    expect(judged([device(free).der, free.der])).toBe('accepted');
    const strict = authority('Strict', root, { extensions: [x509.policies('1.2.3'), mapping, x509.explicitPolicy(0)] });
    expect(judged([device(strict, { extensions: [x509.policies('1.2.4')] }).der, strict.der])).toBe('policy');
  });

  it('inhibitAnyPolicy voids anyPolicy below', () => {
    const inhibit = x509.extension('2.5.29.54', int(0), 'critical');
    const ca = authority('CA', root, { extensions: [x509.policies('1.2.3'), x509.explicitPolicy(0), inhibit] });
    expect(judged([device(ca, { extensions: [x509.policies('2.5.29.32.0')] }).der, ca.der])).toBe('policy');
    expect(judged([device(ca, { extensions: [x509.policies('1.2.3')] }).der, ca.der])).toBe('accepted');
  });

  it('a list signed with SHA-1 counts for none', () => {
    const weak = x509.revocationList({ issuer: sub, hash: 'sha1' });
    expect(word(judgeOf([root], [weak]).judge(chain, 'client', at(0)))).toBe('crl_signature');
  });

  it('a list of another key of the same name, told by its key id, is not asked for', () => {
    const issuer = authority('Keyed', root, { extensions: [x509.subjectKeyId('new')] });
    const old = authority('Keyed', root, { extensions: [x509.subjectKeyId('old')] });
    const list = x509.revocationList({ issuer: old, extensions: [x509.authorityKeyId('old')] });
    const judge = judgeOf([root], [list]);
    expect(word(judge.judge([device(issuer).der, issuer.der], 'client', at(0)))).toBe('accepted');
  });

  it('the order of refusals is the same each time: the leaf first', () => {
    const ca = issue({ subject: 'Leafy', issuer: root, to: time(NOW - DAY) });
    const both = device(ca, { extensions: [x509.extension('1.2.3.4', utf8('x'), 'critical')] });
    expect(judged([both.der, ca.der])).toBe('unknown_critical_extension');
  });
});

/** The plan of another certificate for the key and name of the sub CA. */
function renewedSub(): x509.Plan {
  return { subject: sub.subject, key: sub.key, issuer: root, extensions: [x509.basicConstraints('ca')] };
}
