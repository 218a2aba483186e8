/** What an operator hands in: anchors and revocation lists, in PEM and DER; what cannot be used is refused with a sentence. */

import { describe, expect, it } from '@jest/globals';
import { DecodeError } from '#base';
import { readAnchors, readRevocationLists } from '#trust';

import { int, oid, seq, tagged, tlv, utf8 } from '../../support/der.js';
import { milliseconds } from '../../support/cpu.js';
import * as x509 from '../../support/x509.js';
import { authority, DAY, device, issue, NOW, pair, pem } from '../../support/x509.js';

const root = authority('Root');
const sub = authority('Sub', root);
const refusal = (work: () => unknown): readonly [string, string] | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof DecodeError) return [error.reason, error.message];
    throw error;
  }
};

describe('anchors', () => {
  it('are read from DER, and from PEM with several, words and other blocks between', () => {
    const key = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n';
    const file = `Root\n${pem('CERTIFICATE', root.der)}\n${key}${pem('CERTIFICATE', sub.der).replaceAll('\n', '\r\n')}`;
    expect(readAnchors(root.der).map(({ serial }) => serial)).toHaveLength(1);
    expect(readAnchors(Buffer.from(file)).map(({ subject }) => subject.commonNames)).toEqual([['Root'], ['Sub']]);
  });

  it.each([
    ['an empty file', Buffer.alloc(0), 'bad_pem', 'neither DER nor PEM'],
    ['PEM of something else', Buffer.from(pem('X509 CRL', root.der)), 'bad_pem', 'neither DER nor PEM'],
    ['PEM that does not end', Buffer.from(pem('CERTIFICATE', root.der).slice(0, -30)), 'bad_pem', 'does not end'],
    ['PEM that is no base64', Buffer.from(pem('CERTIFICATE', root.der).replace('M', '*')), 'bad_pem', 'no base64'],
    [
      'DER with a byte behind',
      Buffer.concat([root.der, Buffer.from([0])]),
      'trailing_bytes',
      '1 bytes behind the certificate',
    ],
    ['a revocation list', x509.revocationList({ issuer: root }), 'bad_tag', 'tag'],
    [
      'a key of RSA 1024',
      authority('R', undefined, { key: pair(1024) }).der,
      'weak_key',
      'its RSA key has 1024 bits; 2048 to 8192 are accepted',
    ],
    [
      'a key on P-224',
      authority('R', undefined, { key: pair('P-224') }).der,
      'weak_key',
      'P-256, P-384 and P-521 are accepted',
    ],
    [
      'a key of Ed25519',
      authority('R', undefined, { key: pair('ed25519') }).der,
      'weak_key',
      'EC and RSA keys are accepted',
    ],
    [
      'extensions before version 3',
      issue({ version: 2, extensions: [x509.basicConstraints('ca')] }).der,
      'bad_version',
      'extensions before version 3',
    ],
    ['no issuer', issue({ issuerName: x509.name() }).der, 'no_issuer', 'the issuer is empty'],
  ])('cannot be %s', (_what, file, reason, words) => {
    expect(refusal(() => readAnchors(file))).toEqual([reason, expect.stringContaining(words)]);
  });
});

describe('revocation lists', () => {
  const leaf = device(sub);
  const list = (plan: Partial<x509.ListPlan>): Buffer => x509.revocationList({ issuer: sub, ...plan });
  const critical = x509.extension('1.2.3.4', utf8('x'), 'critical');

  it('are read from DER and PEM, with what they list', () => {
    const der = list({ revoked: [{ of: leaf }, { of: device(sub, { serial: int(-9) }) }] });
    const [one, two] = readRevocationLists(Buffer.from(pem('X509 CRL', der) + pem('X509 CRL', list({}))));
    expect([one?.size, two?.size]).toEqual([2, 0]);
    expect(one?.lists('-09')).toBe(true);
    expect(one?.lists('09')).toBe(false);
    expect([one?.thisUpdate, one?.nextUpdate]).toEqual([NOW - 2 * DAY, NOW + 5 * DAY]);
  });

  it.each([
    [
      'a delta',
      list({ extensions: [x509.extension('2.5.29.27', int(1), 'critical')] }),
      'crl_partial',
      'the list is a delta',
    ],
    [
      'indirect, or a part',
      list({ extensions: [x509.extension('2.5.29.28', seq(tlv(0x84, Buffer.from([0xff]))), 'critical')] }),
      'crl_partial',
      'the list has an issuingDistributionPoint',
    ],
    [
      'of several issuers',
      list({
        revoked: [
          { of: leaf, extensions: [x509.extension('2.5.29.29', seq(tagged(4, x509.cn('Other'))), 'critical')] },
        ],
      }),
      'crl_partial',
      'the list is indirect',
    ],
    [
      'with an unknown critical extension',
      list({ extensions: [critical] }),
      'crl_unknown_critical',
      'the critical extension 1.2.3.4',
    ],
    [
      'with an unknown critical extension of an entry',
      list({ revoked: [{ of: leaf, extensions: [critical] }] }),
      'crl_unknown_critical',
      'an entry has the critical extension 1.2.3.4',
    ],
    ['without nextUpdate', list({ nextUpdate: 'none' }), 'crl_no_next_update', 'it would never be stale'],
    ['a certificate', root.der, 'bad_integer', 'version'],
  ])('cannot be %s', (_what, der, reason, words) => {
    const refused = refusal(() => readRevocationLists(der));
    if (reason === 'bad_integer') expect(refused).toBeDefined();
    else expect(refused).toEqual([reason, expect.stringContaining(words)]);
  });

  it('with an unknown extension that is not critical are read', () => {
    expect(readRevocationLists(list({ extensions: [x509.extension('1.2.3.4', utf8('x'))] }))).toHaveLength(1);
  });

  it('of fifty thousand entries are read within a second', () => {
    const serials = Array.from({ length: 50_000 }, (_, index) => ({ of: { ...leaf, serial: int(1_000_000 + index) } }));
    const der = list({ revoked: serials });
    const before = process.cpuUsage();
    const [one] = readRevocationLists(der);
    expect(milliseconds(process.cpuUsage(before))).toBeLessThan(1000);
    expect(one?.lists((1_049_999).toString(16).padStart(6, '0'))).toBe(true);
    expect(one?.lists((1_050_000).toString(16).padStart(6, '0'))).toBe(false);
  });
});

describe('lists within a certificate', () => {
  const copies = (count: number, piece: (index: number) => Buffer): Buffer[] =>
    Array.from({ length: count }, (_, index) => piece(index));
  const host = (index: number): Buffer => x509.dns(`${index}`);
  const withSan = (names: readonly Buffer[]): Buffer => issue({ extensions: [x509.alternatives(...names)] }).der;
  const tree = (base: Buffer): Buffer => seq(base);
  it.each([
    [
      '64 extensions',
      64,
      (count: number) => issue({ extensions: copies(count, (index) => x509.extension(`1.2.${index}`, utf8(''))) }).der,
    ],
    [
      '64 attributes of a name',
      64,
      (count: number) => issue({ subject: seq(...copies(count, () => x509.commonName('d'))) }).der,
    ],
    ['4096 names', 4096, (count: number) => withSan(copies(count, host))],
    ['64 directory names', 64, (count: number) => withSan(copies(count, () => x509.directory(x509.cn('d'))))],
    [
      '4096 name constraints',
      4096,
      (count: number) =>
        issue({
          extensions: [x509.extension('2.5.29.30', seq(tagged(0, ...copies(count, (index) => tree(host(index))))))],
        }).der,
    ],
    [
      '64 purposes',
      64,
      (count: number) =>
        issue({ extensions: [x509.extension('2.5.29.37', seq(...copies(count, (index) => oid(`1.2.${index}`))))] }).der,
    ],
    [
      '64 policies',
      64,
      (count: number) =>
        issue({ extensions: [x509.policies(...Array.from({ length: count }, (_, index) => `1.2.${index}`))] }).der,
    ],
  ])('are read up to %s', (_what, most, make) => {
    expect(readAnchors(make(most))).toHaveLength(1);
    expect(refusal(() => readAnchors(make(most + 1)))).toEqual([
      'too_many',
      expect.stringMatching(/^more than \d+ of /),
    ]);
  });
});
