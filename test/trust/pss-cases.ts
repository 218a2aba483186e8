/** Chains of the torture test whose signatures are RSASSA-PSS, or should be. */

import { int, seq, oid, tlv } from '../support/der.js';
import { authority, device, pair, pssParameters, revocationList } from '../support/x509.js';
import type { Issued, Plan } from '../support/x509.js';
import type { Case } from './cases.js';

/** Makes every chain, with fresh keys. */
export function pssCases(): Case[] {
  const cases: Case[] = [];
  const root = authority('RSA root', undefined, { key: pair(2048), pss: {} });
  const add = (name: string, expected: Case['expected'], chain: readonly Issued[], more: Partial<Case> = {}): void => {
    const ders = chain.map(({ der }) => der);
    cases.push({ name: `PSS: ${name}`, expected, chain: ders, anchors: [root.der], level: 2, ...more });
  };
  /** A leaf of the root, as it should be but for `plan`. */
  const leaf = (name: string, expected: Case['expected'], plan: Plan): void => {
    add(name, expected, [device(root, { pss: {}, ...plan })]);
  };
  const flip = (signature: Buffer): Buffer => {
    const spoiled = Buffer.from(signature);
    spoiled[100] = (spoiled[100] as number) ^ 1;
    return spoiled;
  };

  // What is good.
  for (const hash of ['sha256', 'sha384', 'sha512'] as const) leaf(`a leaf by ${hash}`, 'accepted', { hash });
  const rsaKey = pair(2048);
  leaf('a leaf with an RSA key', 'accepted', { key: rsaKey });
  const sub = authority('RSA sub', root, { key: pair(3072), pss: {} });
  add('a sub CA, and a leaf of it by SHA-384', 'accepted', [device(sub, { pss: {}, hash: 'sha384' }), sub]);
  add('a sub CA, and a leaf of it by PKCS #1 v1.5', 'accepted', [device(sub), sub]);
  const ecSub = authority('EC sub', root, { pss: {} });
  add('a sub CA on P-256', 'accepted', [device(ecSub), ecSub]);
  leaf('the trailer written out', 'accepted', { pss: { parameters: [pssParameters('sha256', { trailer: 1 })] } });
  const revoked = device(root, { pss: {} });
  const list = revocationList({ issuer: root, revoked: [{ of: revoked }], pss: {} });
  add('a leaf beside a list', 'accepted', [device(root, { pss: {} })], { lists: [list] });
  add('a leaf on a list', 'revoked', [revoked], { lists: [list] });

  // Signatures that are none.
  leaf('a spoiled signature', 'signature', { spoil: flip });
  leaf('a signature that is a byte short', 'signature', { spoil: (signature) => signature.subarray(1) });
  leaf('a salt shorter than it says', 'signature', { pss: { salt: 20, parameters: [pssParameters('sha256')] } });
  leaf('a salt longer than it says', 'signature', { pss: { salt: 48, parameters: [pssParameters('sha256')] } });
  leaf('another hash than it says', 'signature', { hash: 'sha384', pss: { parameters: [pssParameters('sha256')] } });
  leaf('the key of another', 'signature', { signer: pair(2048) });
  const ec = authority('EC root');
  add('the key of a CA on P-256', 'signature', [device(ec, { pss: {} })], { anchors: [ec.der] });
  const list2 = revocationList({ issuer: root, pss: {}, spoil: flip });
  add('a leaf beside a list with a spoiled signature', 'crl_signature', [device(root, { pss: {} })], {
    lists: [list2],
  });

  // Parameters that are not accepted, or none.
  leaf('SHA-1, which is the default', 'signature_algorithm', { hash: 'sha1' });
  leaf('no parameters', 'signature_algorithm', { pss: { parameters: [] } });
  leaf('NULL for parameters', 'signature_algorithm', { pss: { parameters: [tlv(0x05)] } });
  leaf('another trailer', 'signature_algorithm', { pss: { parameters: [pssParameters('sha256', { trailer: 2 })] } });
  leaf('parameters that end with something else', 'malformed', {
    pss: { parameters: [pssParameters('sha256'), int(1)] },
  });
  leaf('another set inside than outside', 'malformed', {
    innerAlgorithm: seq(oid('1.2.840.113549.1.1.10'), pssParameters('sha384')),
  });
  leaf('PKCS #1 v1.5 inside', 'malformed', { innerAlgorithm: seq(oid('1.2.840.113549.1.1.11'), tlv(0x05)) });
  return cases;
}
