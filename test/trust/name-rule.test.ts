/** Which endpoint a leaf is. */

import { describe, expect, it } from '@jest/globals';
import { AppError, WallTime } from '#base';
import { nameOf, nameRule } from '#trust';
import type { LeafFacts } from '#trust';

const LEAF: LeafFacts = {
  spki: new Uint8Array(0),
  commonNames: ['d-1'],
  dnsNames: ['d-1.example.com'],
  uris: ['urn:dev:ops:1'],
  serial: '0a',
  fingerprint: 'ab'.repeat(32),
  notAfter: WallTime(0),
};

describe('a name rule', () => {
  it.each([
    ['{cn}', 'd-1'],
    ['{dns}', 'd-1.example.com'],
    ['{uri}', 'urn:dev:ops:1'],
    ['urn:dev:{cn}', 'urn:dev:d-1'],
    ['{cn}@{serial}', 'd-1@0a'],
    ['{fingerprint}', 'ab'.repeat(32)],
    ['{cn}{cn}{cn}{cn}', 'd-1d-1d-1d-1'],
  ])('%s gives %s', (pattern, endpoint) => {
    expect(nameOf(nameRule(pattern), LEAF)).toEqual({ kind: 'named', endpoint });
  });

  it('fills placeholders with facts as they stand, and not with what looks like one', () => {
    const leaf = { ...LEAF, commonNames: ['{serial}$&.*'] };
    expect(nameOf(nameRule('x{cn}'), leaf)).toEqual({ kind: 'named', endpoint: 'x{serial}$&.*' });
  });

  it.each([
    ['', 'has no placeholder'],
    ['device', 'has no placeholder'],
    ['{sn}', 'has the placeholder {sn}, which is not known'],
    ['{}', 'has the placeholder {}, which is not known'],
    ['{toString}', 'has the placeholder {toString}, which is not known'],
    ['{cn', 'has a { without a } behind it'],
    ['cn}{cn}', 'has a } without a { before it'],
    ['{{cn}}', 'has the placeholder {{cn}, which is not known'],
    ['{cn}{cn}{cn}{cn}{cn}', 'has more than 4 placeholders'],
    [`{cn}${'x'.repeat(125)}`, 'has more than 128 characters'],
    ['{cn}\n', 'holds a control character'],
  ])('%j is refused: it %s', (pattern, words) => {
    expect(() => nameRule(pattern)).toThrow(AppError);
    expect(() => nameRule(pattern)).toThrow(words);
    expect(() => nameRule(pattern)).toThrow(
      'a rule is text with 1 to 4 of {cn}, {dns}, {uri}, {serial}, {fingerprint}',
    );
  });

  it.each([
    ['no CN', { commonNames: [] }, 'the certificate has no CN in its subject'],
    ['an empty CN', { commonNames: [''] }, 'the certificate has no CN in its subject'],
    ['two CNs', { commonNames: ['a', 'b'] }, 'the certificate has 2 of CN in its subject'],
    ['a NUL in its CN', { commonNames: ['a\0b'] }, 'holds a control character'],
    ['a CN that turns the direction', { commonNames: ['a\u202eb'] }, 'holds a control character'],
    ['a CN too long', { commonNames: ['é'.repeat(128)] }, 'the name has 256 bytes; 255 are allowed'],
  ])('a leaf with %s has no name', (_what, facts, words) => {
    const name = nameOf(nameRule('{cn}'), { ...LEAF, ...facts });
    expect(name).toEqual({ kind: 'nameless', sentence: expect.stringContaining(words) });
  });

  it('takes a name of 255 bytes', () => {
    const name = nameOf(nameRule('{cn}'), { ...LEAF, commonNames: ['x'.repeat(255)] });
    expect(name).toEqual({ kind: 'named', endpoint: 'x'.repeat(255) });
  });
});
