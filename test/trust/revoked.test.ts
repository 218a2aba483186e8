/** Which revocation lists name a certificate of a chain that was found good before they came. */

import { expect, it } from '@jest/globals';

import { WallTime } from '#base';
import { ChainJudge, readAnchors, readRevocationLists, RevokedCertificates, trustParameters } from '#trust';

import { int } from '../support/der.js';
import { authority, DAY, device, NOW, revocationList, type Issued, type ListPlan } from '../support/x509.js';
import * as x509 from '../support/x509.js';

const root = authority('Root');
const sub = authority('Sub', root);
const other = authority('Other');
const leaf = device(sub, { serial: int(-7) });

/** What lists know a good chain by. */
function certificatesOf(chain: readonly Issued[], anchor: Issued): string {
  const judge = new ChainJudge(trustParameters({}));
  judge.replaceTrust(readAnchors(anchor.der), []);
  const ders = chain.map(({ der }) => der);
  const verdict = judge.judge(ders, 'client', WallTime(NOW));
  if (verdict.kind === 'refused') throw new Error(verdict.sentence);
  return verdict.certificates;
}

const chain = certificatesOf([leaf, sub], root);
const list = (issuer: Issued, revoked: readonly Issued[], more: Partial<ListPlan> = {}): Buffer =>
  revocationList({ issuer, revoked: revoked.map((of) => ({ of })), ...more });

it.each<[string, boolean, Buffer[]]>([
  ['no list at all', false, []],
  ['a list that names others', false, [list(sub, [device(sub)])]],
  ['the list of its issuer', true, [list(sub, [leaf])]],
  ['the list of the issuer above', true, [list(root, [sub])]],
  ['a list that is stale', true, [list(sub, [leaf], { nextUpdate: NOW - DAY })]],
  ['the list of another issuer, with its number', false, [list(other, [leaf])]],
  ['a list of its issuer, and one above that names nobody', true, [list(root, []), list(sub, [leaf])]],
  [
    'an older list, from before it was released',
    false,
    [list(sub, [leaf], { thisUpdate: NOW - 3 * DAY }), list(sub, [])],
  ],
  [
    'the list by one key of its issuer, which is older than that by another',
    true,
    [
      list(sub, [leaf], { thisUpdate: NOW - 3 * DAY, extensions: [x509.authorityKeyId('old')] }),
      list(sub, [], { extensions: [x509.authorityKeyId('new')] }),
    ],
  ],
])('%s: names a certificate of the chain? %s', (_words, named, lists) => {
  expect(new RevokedCertificates(lists.flatMap(readRevocationLists)).hasOneOf(chain)).toBe(named);
});

it('nothing names a certificate that is trusted by itself', () => {
  const own = certificatesOf([leaf], leaf);
  expect(own).toBe('');
  expect(new RevokedCertificates(readRevocationLists(list(sub, [leaf]))).hasOneOf(own)).toBe(false);
});
