/** The chains of the torture test: what is sent, what is trusted, and what the verdict must be. */

import type { CrlPolicy, RefusalReason, Role } from '#trust';

import { int, longTlv, oid, seq, time, tlv, utf8 } from '../support/der.js';
import * as x509 from '../support/x509.js';
import { authority, DAY, device, issue, NOW, pair } from '../support/x509.js';
import type { Issued, Plan } from '../support/x509.js';

/** One chain with its verdict. */
export interface Case {
  readonly name: string;
  readonly chain: readonly Uint8Array[];
  readonly anchors: readonly Uint8Array[];
  readonly lists?: readonly Uint8Array[];
  readonly role?: Role;
  readonly crl?: CrlPolicy;
  readonly expected: 'accepted' | RefusalReason;
  /** Security level OpenSSL is asked at: 2 where an RSA key is in the chain. */
  readonly level: 2 | 3;
  /** Why OpenSSL says otherwise: the sentence of the standard by which we do not. */
  readonly differs?: string;
}

/** Makes every chain, with fresh keys. */
export function tortureCases(): Case[] {
  const cases: Case[] = [];
  const root = authority('Root');
  const sub = authority('Sub', root);
  const ders = (...issued: readonly Issued[]): Buffer[] => issued.map(({ der }) => der);
  const add = (
    name: string,
    expected: Case['expected'],
    chain: readonly Uint8Array[],
    more: Partial<Case> = {},
  ): void => {
    cases.push({ name, expected, chain, anchors: [root.der], level: 3, ...more });
  };
  /** A leaf below the sub CA, as it should be but for `plan`. */
  const leafCase = (name: string, expected: Case['expected'], plan: Plan, more: Partial<Case> = {}): void => {
    add(name, expected, ders(issue({ subject: 'urn:dev:1', issuer: sub, ...plan }), sub), more);
  };
  /** A CA between root and leaf, as it should be but for `plan`. */
  const caCase = (name: string, expected: Case['expected'], plan: Plan, more: Partial<Case> = {}): void => {
    const ca = issue({ subject: 'Middle', issuer: root, extensions: [CA, SIGNS], ...plan });
    add(name, expected, ders(device(ca), ca), more);
  };
  const CA = x509.basicConstraints('ca');
  /** Tells a key that is new from the one of the same name that signed it: without, OpenSSL takes it for its own signature. */
  const RENEWED = [x509.subjectKeyId('new'), x509.authorityKeyId('old')];
  const SIGNS = x509.keyUsage('keyCertSign', 'cRLSign');

  // What is good.
  add('a leaf of the root', 'accepted', ders(device(root)));
  add('a leaf of a sub CA', 'accepted', ders(device(sub), sub));
  add('the root sent along', 'accepted', ders(device(sub), sub, root));
  add('the root sent along with a leaf of its own', 'accepted', ders(device(root), root));
  add('a sub CA as anchor', 'accepted', ders(device(sub)), { anchors: [sub.der] });
  add('a sub CA as anchor, sent along', 'accepted', ders(device(sub), sub), { anchors: [sub.der] });
  add('a sub CA as anchor, sent along with its root', 'accepted', ders(device(sub), sub, root), { anchors: [sub.der] });
  const pinned = device(sub);
  add('a leaf that is an anchor itself', 'accepted', [pinned.der], { anchors: [pinned.der] });
  const alone = issue({ subject: 'alone', extensions: [x509.keyUsage('digitalSignature')] });
  add('a leaf that signed itself and is an anchor', 'accepted', [alone.der], { anchors: [alone.der] });
  leafCase('a leaf without any extension', 'accepted', {});
  leafCase('a leaf of version 1', 'accepted', { version: 1 });
  leafCase('a leaf without a subject', 'accepted', {
    subject: x509.name(),
    extensions: [x509.alternatives(x509.uri('urn:dev:1'))],
  });
  leafCase('a leaf that is a CA too', 'accepted', {
    extensions: [CA, x509.keyUsage('digitalSignature', 'keyCertSign')],
  });
  leafCase('critical FALSE written out', 'accepted', {
    extensions: [x509.extension('1.2.3.4', utf8('x'), 'written out')],
  });
  leafCase('an unknown extension that is not critical', 'accepted', {
    extensions: [x509.extension('1.2.3.4', utf8('x'))],
  });
  const renewed = ['old', 'new'].map((id) => authority('Renewed', undefined, { extensions: [x509.subjectKeyId(id)] }));
  for (const [index, id] of ['old', 'new'].entries()) {
    const leaf = device(renewed[index] as Issued, { extensions: [x509.authorityKeyId(id)] });
    add(`two anchors of one name, the ${id} one`, 'accepted', [leaf.der], { anchors: ders(...renewed) });
  }
  const named = authority('CA with its id', root, { extensions: [x509.subjectKeyId('ca')] });
  add('key ids that match', 'accepted', ders(device(named, { extensions: [x509.authorityKeyId('ca')] }), named));
  const p384 = authority('Sub 384', root, { key: pair('P-384') });
  add('P-384 and SHA-384', 'accepted', ders(device(p384, { hash: 'sha384', key: pair('P-384') }), p384));
  const p521 = authority('Sub 521', root, { key: pair('P-521') });
  add('P-521 and SHA-512', 'accepted', ders(device(p521, { hash: 'sha512' }), p521));
  const rsa = authority('RSA', undefined, { key: pair(2048) });
  add('RSA 2048', 'accepted', ders(device(rsa)), { anchors: [rsa.der], level: 2 });
  const other = authority(x509.name(x509.organization('Own  ORG'), x509.commonName(' Sub 2 ')), root);
  const otherName = x509.name(
    x509.attribute('2.5.4.10', tlv(0x13, Buffer.from('own org'))),
    x509.attribute('2.5.4.3', tlv(0x13, Buffer.from('SUB 2'))),
  );
  add(
    'an issuer told by another string type, case and white space',
    'accepted',
    ders(device(other, { issuerName: otherName }), other),
  );

  // Roles and purposes.
  const serverLeaf = issue({ subject: 'a.example', issuer: sub, extensions: [x509.extendedKeyUsage('server')] });
  add('a server for the role of a server', 'accepted', ders(serverLeaf, sub), { role: 'server' });
  add('a server for the role of a client', 'extended_key_usage', ders(serverLeaf, sub));
  add('a client for the role of a server', 'extended_key_usage', ders(device(sub), sub), { role: 'server' });
  leafCase('both purposes', 'accepted', { extensions: [x509.extendedKeyUsage('server', 'client')] });
  leafCase('a purpose of another kind', 'extended_key_usage', { extensions: [x509.extendedKeyUsage('email')] });
  leafCase('any purpose, which stands for none', 'extended_key_usage', { extensions: [x509.extendedKeyUsage('any')] });
  caCase('a CA for clients', 'accepted', { extensions: [CA, SIGNS, x509.extendedKeyUsage('client')] });
  caCase('a CA for servers only', 'extended_key_usage', { extensions: [CA, SIGNS, x509.extendedKeyUsage('server')] });
  const serverRoot = authority('Root for servers', undefined, { extensions: [x509.extendedKeyUsage('server')] });
  add('an anchor for servers only', 'extended_key_usage', ders(device(serverRoot)), { anchors: [serverRoot.der] });
  leafCase('a leaf that may only encipher', 'key_usage', { extensions: [x509.keyUsage('keyEncipherment')] });
  leafCase('a leaf that may only sign certificates', 'key_usage', { extensions: [x509.keyUsage('keyCertSign')] });
  leafCase('a leaf that may sign and more', 'accepted', {
    extensions: [x509.keyUsage('digitalSignature', 'keyAgreement')],
  });

  // Times.
  leafCase('expired yesterday', 'expired', { to: time(NOW - DAY) });
  leafCase('valid from tomorrow', 'not_yet_valid', { from: time(NOW + DAY) });
  leafCase('valid until 9999', 'accepted', { to: tlv(0x18, Buffer.from('99991231235959Z')) });
  leafCase('valid since 1950', 'accepted', { from: tlv(0x17, Buffer.from('500101000000Z')) });
  leafCase('expired in 1999', 'expired', {
    from: tlv(0x17, Buffer.from('500101000000Z')),
    to: tlv(0x17, Buffer.from('991231235959Z')),
  });
  leafCase('a time without seconds', 'malformed', { from: tlv(0x17, Buffer.from('2601010000Z')) });
  leafCase('a time with an offset', 'malformed', { from: tlv(0x17, Buffer.from('260101000000+0000')) });
  leafCase('a 30th of February', 'malformed', { from: tlv(0x17, Buffer.from('260230000000Z')) });
  leafCase('an end before the beginning', 'expired', { from: time(NOW - DAY), to: time(NOW - 2 * DAY) });
  caCase('a CA that expired', 'expired', { to: time(NOW - DAY) });
  caCase('a CA of the future', 'not_yet_valid', { from: time(NOW + DAY) });
  const oldRoot = authority('Old root', undefined, { to: time(NOW - DAY) });
  add('an anchor that expired', 'expired', ders(device(oldRoot)), { anchors: [oldRoot.der] });

  // Issuers that are none.
  const fakeIssuer = device(sub);
  add('a leaf as an issuer', 'not_a_ca', ders(device(fakeIssuer), fakeIssuer, sub));
  add('a leaf that is an anchor as an issuer', 'not_a_ca', ders(device(fakeIssuer)), { anchors: [fakeIssuer.der] });
  caCase('basicConstraints of a leaf', 'not_a_ca', { extensions: [x509.basicConstraints('leaf'), SIGNS] });
  caCase('no extensions', 'not_a_ca', { extensions: [] });
  caCase('a CA of version 1', 'not_a_ca', { version: 1, extensions: [] });
  caCase('a CA that may not sign certificates', 'not_a_ca', {
    extensions: [CA, x509.keyUsage('digitalSignature', 'cRLSign')],
  });
  caCase('a CA without keyUsage', 'accepted', { extensions: [CA] });
  caCase('keyCertSign without basicConstraints', 'not_a_ca', { extensions: [SIGNS] });
  const rootV1 = issue({ subject: 'Root of version 1', version: 1 });
  add('an anchor of version 1', 'accepted', ders(device(rootV1)), { anchors: [rootV1.der] });
  const bareRoot = issue({ subject: 'Bare root' });
  add('an anchor of version 3 without basicConstraints', 'not_a_ca', ders(device(bareRoot)), {
    anchors: [bareRoot.der],
  });
  const subV1 = issue({ subject: 'Sub of version 1', version: 1, issuer: root });
  add('a sub CA of version 1 as an anchor', 'not_a_ca', ders(device(subV1)), { anchors: [subV1.der] });

  // Path length.
  const short = authority('Short', root, { extensions: [] });
  const zero = issue({
    subject: 'Zero',
    issuer: root,
    extensions: [x509.basicConstraints('ca', 0), SIGNS, x509.subjectKeyId('old')],
  });
  add('pathLen 0 and a leaf', 'accepted', ders(device(zero), zero));
  const belowZero = authority('Below zero', zero);
  add('pathLen 0 and a CA', 'path_length', ders(device(belowZero), belowZero, zero));
  const zeroAgain = authority('Zero', zero, { extensions: RENEWED });
  add('pathLen 0 and a CA that is self-issued', 'accepted', ders(device(zeroAgain), zeroAgain, zero));
  const one = issue({ subject: 'One', issuer: root, extensions: [x509.basicConstraints('ca', 1), SIGNS] });
  const belowOne = authority('Below one', one);
  add('pathLen 1 and a CA', 'accepted', ders(device(belowOne), belowOne, one));
  const belowBoth = authority('Below both', belowOne);
  add('pathLen 1 and two CAs', 'path_length', ders(device(belowBoth), belowBoth, belowOne, one));
  const rootZero = issue({ subject: 'Root zero', extensions: [x509.basicConstraints('ca', 0), SIGNS] });
  const subZero = authority('Sub zero', rootZero);
  add('pathLen 0 of an anchor and a CA', 'path_length', ders(device(subZero), subZero), { anchors: [rootZero.der] });
  add(
    'a leaf that is self-issued under pathLen 0',
    'accepted',
    ders(device(zero, { subject: zero.subject, extensions: RENEWED }), zero),
  );

  // Order and length.
  add('an empty chain', 'empty', []);
  add('no anchor at all', 'unknown_ca', ders(device(sub), sub), { anchors: [] });
  add('no anchor and a root sent along', 'unknown_ca', ders(device(sub), sub, root), { anchors: [] });
  add('a root nobody trusts', 'unknown_ca', ders(device(sub), sub, root), { anchors: [authority('Elsewhere').der] });
  add('a leaf that signed itself', 'unknown_ca', ders(device(alone), alone));
  add('the sub CA missing', 'unknown_ca', ders(device(sub)));
  add('a CA in the middle missing', 'chain_order', ders(device(belowBoth), belowBoth, one));
  add('another CA in its place', 'chain_order', ders(device(sub), short), { anchors: [authority('Elsewhere').der] });
  add('CAs in the wrong order', 'chain_order', ders(device(belowOne), one, belowOne), {
    differs:
      'RFC 5280 §6.1 (a): for all x in {1, ..., n-1}, the subject of certificate x is the issuer of certificate x+1; and RFC 5246 §7.4.2: each following certificate MUST directly certify the one preceding it.',
  });
  let last = root;
  const below: Issued[] = [];
  for (let length = 1; length <= 20; length += 1) {
    const chain = ders(device(last), ...below);
    const expected = length <= 4 ? 'accepted' : 'chain_too_long';
    add(`a chain of ${length}`, expected, chain);
    last = authority(`CA ${length}`, last);
    below.unshift(last);
  }
  const loopKeys = [pair(), pair()] as const;
  const loopA = authority('Loop A', undefined, {
    key: loopKeys[0],
    issuerName: x509.cn('Loop B'),
    signer: loopKeys[1],
  });
  const loopB = authority('Loop B', undefined, {
    key: loopKeys[1],
    issuerName: x509.cn('Loop A'),
    signer: loopKeys[0],
  });
  add('two CAs that issued each other', 'unknown_ca', ders(device(loopA), loopA, loopB));
  add('two CAs that issued each other, one of them twice', 'chain_loop', ders(device(loopA), loopA, loopB, loopA));
  add('two CAs that issued each other, one of them an anchor', 'accepted', ders(device(loopA), loopA), {
    anchors: [loopB.der],
  });

  // Signatures and keys.
  const flip = (signature: Buffer): Buffer => {
    const copy = Buffer.from(signature);
    copy[copy.length - 1] = (copy[copy.length - 1] as number) ^ 1;
    return copy;
  };
  leafCase('a bit of the signature changed', 'signature', { spoil: flip });
  leafCase('a signature of another key', 'signature', { signer: pair() });
  leafCase('no signature', 'signature', { spoil: () => Buffer.alloc(0) });
  leafCase('r and s of zero', 'signature', { spoil: () => seq(int(0), int(0)) });
  leafCase('a byte behind the signature', 'signature', {
    spoil: (signature) => Buffer.concat([signature, Buffer.from([0])]),
  });
  add('a root of the same name and another key', 'signature', ders(device(sub), sub), {
    anchors: [authority('Root').der],
  });
  caCase('a CA with a spoiled signature', 'signature', { spoil: flip });
  leafCase('another algorithm inside than outside', 'malformed', { innerAlgorithm: seq(oid('1.2.840.10045.4.3.3')) });
  leafCase('SHA-1', 'signature_algorithm', { hash: 'sha1' });
  leafCase('SHA-224', 'signature_algorithm', { hash: 'sha224' });
  caCase('a CA signed with SHA-1', 'signature_algorithm', { hash: 'sha1' });
  const rootSha1 = authority('Root with SHA-1', undefined, { hash: 'sha1' });
  add('an anchor that signed itself with SHA-1', 'accepted', ders(device(rootSha1)), { anchors: [rootSha1.der] });
  add('RSA with SHA-1', 'signature_algorithm', ders(device(rsa, { hash: 'sha1' })), { anchors: [rsa.der], level: 2 });
  leafCase('a leaf on P-224', 'weak_key', { key: pair('P-224') });
  leafCase('a leaf with RSA 1024', 'weak_key', { key: pair(1024) }, { level: 2 });
  leafCase('a leaf with DSA 1024', 'weak_key', { key: pair('dsa') }, { level: 2 });
  const on224 = authority('CA on P-224', root, { key: pair('P-224') });
  add('a CA on P-224', 'weak_key', ders(device(on224), on224));
  const rsa1024 = authority('CA with RSA 1024', root, { key: pair(1024) });
  add('a CA with RSA 1024', 'weak_key', ders(device(rsa1024), rsa1024), { level: 2 });
  leafCase('RSA 2048 below EC', 'accepted', { key: pair(2048) }, { level: 2 });

  // Extensions.
  leafCase('an unknown critical extension', 'unknown_critical_extension', {
    extensions: [x509.extension('1.2.3.4', utf8('x'), 'critical')],
  });
  caCase('an unknown critical extension in a CA', 'unknown_critical_extension', {
    extensions: [CA, SIGNS, x509.extension('1.2.3.4', utf8('x'), 'critical')],
  });
  const oddRoot = authority('Odd root', undefined, { extensions: [x509.extension('1.2.3.4', utf8('x'), 'critical')] });
  add('an unknown critical extension in an anchor', 'unknown_critical_extension', ders(device(oddRoot)), {
    anchors: [oddRoot.der],
  });
  leafCase('keyUsage twice', 'malformed', {
    extensions: [x509.keyUsage('digitalSignature'), x509.keyUsage('digitalSignature')],
  });
  caCase('basicConstraints twice', 'malformed', { extensions: [CA, x509.basicConstraints('leaf'), SIGNS] });
  leafCase('subjectAltName twice', 'malformed', {
    extensions: [x509.alternatives(x509.dns('a.b')), x509.alternatives(x509.dns('a.c'))],
  });
  caCase('basicConstraints that cannot be read', 'malformed', {
    extensions: [x509.extension('2.5.29.19', utf8('x'), 'critical'), SIGNS],
  });
  leafCase('critical policies', 'accepted', { extensions: [x509.policies('1.2.3')] });
  leafCase('a negative serial number', 'accepted', { serial: int(-5) });
  leafCase('the serial number zero', 'accepted', { serial: int(0) });
  leafCase('a serial number with needless bytes', 'malformed', { serial: tlv(0x02, Buffer.from([0, 0, 1])) });
  leafCase('a SAN of 64 KiB', 'accepted', {
    extensions: [
      x509.alternatives(...Array.from({ length: 3_000 }, (_, index) => x509.dns(`device-${1000 + index}.example.com`))),
    ],
  });
  const wrongId = authority('CA with an id', root, { extensions: [x509.subjectKeyId('ours')] });
  add(
    'key ids that do not match',
    'chain_order',
    ders(device(wrongId, { extensions: [x509.authorityKeyId('theirs')] }), wrongId),
  );

  // Encodings.
  const good = device(sub);
  const cut = good.der.subarray(0, good.der.length - 1);
  add('a certificate cut short', 'malformed', [cut, sub.der]);
  add('a certificate of no bytes', 'malformed', [Buffer.alloc(0), sub.der]);
  add('bytes that are no DER', 'malformed', [Buffer.from('certificate'), sub.der]);
  const DER =
    'RFC 5280 §4.1: the data that is to be signed is encoded using the ASN.1 distinguished encoding rules (DER) [X.690].';
  add('a byte behind the certificate', 'malformed', [Buffer.concat([good.der, Buffer.from([0])]), sub.der], {
    differs: DER,
  });
  add('a length in a longer form than needed', 'malformed', [longTlv(0x30, 4, good.der.subarray(4)), sub.der], {
    differs: DER,
  });

  constraintCases();
  policyCases();
  listCases();
  return cases;

  /** Name constraints of a CA, and a leaf with names below it. */
  function constraintCases(): void {
    const under = (
      name: string,
      expected: 'accepted' | 'name_constraints',
      [permitted, excluded = []]: readonly [Buffer[], Buffer[]?],
      names: readonly Buffer[],
      subject: string | Buffer = 'urn:dev:1',
    ): void => {
      const ca = authority('Bound', root, { extensions: [x509.constraints(permitted, excluded)] });
      const extensions = names.length === 0 ? [] : [x509.alternatives(...names)];
      add(`names: ${name}`, expected, ders(device(ca, { subject, extensions }), ca));
    };
    const { directory, dns, email, ip, uri } = x509;
    under('a host in the permitted domain', 'accepted', [[dns('example.com')]], [dns('a.example.com')]);
    under('the permitted domain itself', 'accepted', [[dns('example.com')]], [dns('EXAMPLE.com')]);
    under('a host that ends alike', 'name_constraints', [[dns('example.com')]], [dns('badexample.com')]);
    under('a host elsewhere', 'name_constraints', [[dns('example.com')]], [dns('a.example.org')]);
    under('a second host elsewhere', 'name_constraints', [[dns('example.com')]], [dns('a.example.com'), dns('b.org')]);
    under('a domain with a dot in front', 'accepted', [[dns('.example.com')]], [dns('a.example.com')]);
    under('the second of two domains', 'accepted', [[dns('example.org'), dns('example.com')]], [dns('a.example.com')]);
    under('an excluded host', 'name_constraints', [[], [dns('example.com')]], [dns('a.example.com')]);
    under('a host that is not excluded', 'accepted', [[], [dns('example.com')]], [dns('a.example.org')]);
    under(
      'permitted and excluded',
      'name_constraints',
      [[dns('example.com')], [dns('bad.example.com')]],
      [dns('x.bad.example.com')],
    );
    under('every host excluded', 'name_constraints', [[], [dns('')]], [dns('a.example.org')]);
    under('a constraint on hosts and no host', 'accepted', [[dns('example.com')]], [uri('urn:dev:1')]);
    under('a CN that looks like a host elsewhere', 'name_constraints', [[dns('example.com')]], [], 'a.example.org');
    under('a CN that looks like a permitted host', 'accepted', [[dns('example.com')]], [], 'a.example.com');
    under(
      'a CN elsewhere beside a permitted host',
      'accepted',
      [[dns('example.com')]],
      [dns('a.example.com')],
      'a.example.org',
    );
    under('a CN of one label', 'accepted', [[dns('example.com')]], [], 'device');
    const org = x509.name(x509.organization('Ours'));
    under(
      'a directory name in the permitted tree',
      'accepted',
      [[directory(org)]],
      [],
      x509.name(x509.organization('ours'), x509.commonName('d')),
    );
    under(
      'a directory name elsewhere',
      'name_constraints',
      [[directory(org)]],
      [],
      x509.name(x509.organization('Theirs'), x509.commonName('d')),
    );
    under(
      'an excluded directory name',
      'name_constraints',
      [[], [directory(org)]],
      [],
      x509.name(x509.organization('Ours'), x509.commonName('d')),
    );
    under(
      'a directory name in a SAN elsewhere',
      'name_constraints',
      [[directory(org)]],
      [directory(x509.cn('x'))],
      org,
    );
    under('an address in the permitted network', 'accepted', [[ip(10, 0, 0, 0, 255, 0, 0, 0)]], [ip(10, 1, 2, 3)]);
    under('an address elsewhere', 'name_constraints', [[ip(10, 0, 0, 0, 255, 0, 0, 0)]], [ip(11, 1, 2, 3)]);
    under(
      'an address of the other family',
      'name_constraints',
      [[ip(10, 0, 0, 0, 255, 0, 0, 0)]],
      [ip(...Array<number>(16).fill(1))],
    );
    under('an address of three bytes', 'name_constraints', [[ip(10, 0, 0, 0, 255, 0, 0, 0)]], [ip(10, 1, 2)]);
    under('a URI on the permitted host', 'accepted', [[uri('example.com')]], [uri('coaps://example.com:5684/rd')]);
    under('a URI below a permitted domain', 'accepted', [[uri('.example.com')]], [uri('coaps://a.example.com')]);
    under(
      'a URI on a host below the permitted one',
      'name_constraints',
      [[uri('example.com')]],
      [uri('coaps://a.example.com')],
    );
    under('a URI on an excluded host', 'name_constraints', [[], [uri('example.com')]], [uri('coaps://example.com')]);
    under('a URN under a constraint on URIs', 'name_constraints', [[uri('example.com')]], [uri('urn:dev:1')]);
    under('a mailbox on the permitted host', 'accepted', [[email('example.com')]], [email('me@example.com')]);
    under(
      'a mailbox on a host below the permitted one',
      'name_constraints',
      [[email('example.com')]],
      [email('me@a.example.com')],
    );
    under('a mailbox below a permitted domain', 'accepted', [[email('.example.com')]], [email('me@a.example.com')]);
    under('the permitted mailbox', 'accepted', [[email('me@example.com')]], [email('me@EXAMPLE.com')]);
    under('a mailbox by another case', 'name_constraints', [[email('me@example.com')]], [email('Me@example.com')]);
    under(
      'a mailbox in the subject elsewhere',
      'name_constraints',
      [[email('example.com')]],
      [],
      x509.name(x509.attribute('1.2.840.113549.1.9.1', tlv(0x16, Buffer.from('me@example.org')))),
    );
    under('a form that is not understood, in both', 'name_constraints', [[x509.registeredId()]], [x509.registeredId()]);
    under('a form that is not understood, in the constraint only', 'accepted', [[x509.registeredId()]], [dns('a.b')]);
    const bound = authority('Bound root', undefined, { extensions: [x509.constraints([dns('example.com')])] });
    add(
      'names: constraints of an anchor',
      'name_constraints',
      ders(device(bound, { extensions: [x509.alternatives(dns('b.org'))] })),
      {
        anchors: [bound.der],
      },
    );
    const upper = authority('Upper', root, {
      extensions: [x509.constraints([directory(x509.name(x509.organization('Ours')))])],
    });
    const lower = authority('Lower', upper);
    const ours = x509.name(x509.organization('Ours'), x509.commonName('d'));
    add(
      'names: a CA outside of the tree of the CA above',
      'name_constraints',
      ders(device(lower, { subject: ours }), lower, upper),
    );
    const tight = authority(x509.name(x509.organization('Theirs')), root, {
      extensions: [x509.constraints([directory(org)]), x509.subjectKeyId('old')],
    });
    const tightAgain = authority(tight.subject, tight, { extensions: RENEWED });
    add(
      'names: a self-issued CA is not held to them',
      'accepted',
      ders(device(tightAgain, { subject: ours }), tightAgain, tight),
    );
  }

  /** Where an issuer requires a policy. */
  function policyCases(): void {
    const under = (
      name: string,
      expected: 'accepted' | 'policy',
      ca: readonly Buffer[],
      leaf: readonly Buffer[],
    ): void => {
      const issuer = authority('Policies', root, { extensions: ca });
      add(`policies: ${name}`, expected, ders(device(issuer, { extensions: leaf }), issuer));
    };
    const { explicitPolicy, policies } = x509;
    under('required, and shared', 'accepted', [policies('1.2.3'), explicitPolicy(0)], [policies('1.2.3')]);
    under('required, and none', 'policy', [policies('1.2.3'), explicitPolicy(0)], []);
    under('required, and another', 'policy', [policies('1.2.3'), explicitPolicy(0)], [policies('1.2.4')]);
    under(
      'required, and any of the issuer',
      'accepted',
      [policies('2.5.29.32.0'), explicitPolicy(0)],
      [policies('1.2.4')],
    );
    under('not required before the next but one', 'accepted', [policies('1.2.3'), explicitPolicy(3)], []);
    under('not required', 'accepted', [policies('1.2.3')], [policies('1.2.4')]);
  }

  /** Revocation lists. */
  function listCases(): void {
    const leaf = device(sub);
    const rootList = x509.revocationList({ issuer: root });
    const subList = (plan: Partial<x509.ListPlan> = {}): Buffer => x509.revocationList({ issuer: sub, ...plan });
    const asked = (
      name: string,
      expected: Case['expected'],
      lists: readonly Buffer[],
      more: Partial<Case> = {},
    ): void => {
      add(`lists: ${name}`, expected, ders(leaf, sub), { lists, crl: 'required', ...more });
    };
    asked('all there', 'accepted', [rootList, subList()]);
    asked('none there, none required', 'accepted', [], { crl: 'whenLoaded' });
    asked('one there, none required', 'accepted', [subList()], { crl: 'whenLoaded' });
    asked('none there', 'crl_missing', []);
    asked('that of the sub CA missing', 'crl_missing', [rootList]);
    asked('that of the root missing', 'crl_missing', [subList()]);
    asked('the leaf revoked', 'revoked', [rootList, subList({ revoked: [{ of: leaf }] })]);
    asked('the leaf revoked, none required', 'revoked', [subList({ revoked: [{ of: leaf }] })], { crl: 'whenLoaded' });
    asked('the leaf revoked in the future', 'revoked', [
      rootList,
      subList({ revoked: [{ of: leaf, date: NOW + 30 * DAY }] }),
    ]);
    const held = x509.extension('2.5.29.21', tlv(0x0a, Buffer.from([6])));
    asked('the leaf on hold', 'revoked', [rootList, subList({ revoked: [{ of: leaf, extensions: [held] }] })]);
    asked('another leaf revoked', 'accepted', [rootList, subList({ revoked: [{ of: device(sub) }] })]);
    asked('the sub CA revoked', 'revoked', [x509.revocationList({ issuer: root, revoked: [{ of: sub }] }), subList()]);
    asked('a serial number of another issuer', 'accepted', [
      x509.revocationList({ issuer: root, revoked: [{ of: leaf }] }),
      subList(),
    ]);
    const past = { thisUpdate: NOW - 9 * DAY, nextUpdate: NOW - 2 * DAY };
    asked('stale', 'crl_stale', [rootList, subList(past)]);
    asked('stale, none required', 'crl_stale', [subList(past)], { crl: 'whenLoaded' });
    asked('that of the root stale', 'crl_stale', [x509.revocationList({ issuer: root, ...past }), subList()]);
    asked('of a time to come', 'crl_not_yet_valid', [rootList, subList({ thisUpdate: NOW + DAY })]);
    asked('a bad signature', 'crl_signature', [rootList, subList({ spoil: flip })]);
    asked('signed by the root and not the sub CA', 'crl_signature', [rootList, subList({ signer: root.key })]);
    asked('a stale one beside a new one', 'accepted', [rootList, subList(past), subList()]);
    const negative = device(sub, { serial: int(-77) });
    add('lists: a negative serial number revoked', 'revoked', ders(negative, sub), {
      lists: [rootList, subList({ revoked: [{ of: negative }] })],
      crl: 'required',
    });
    const mute = issue({ subject: 'Mute', issuer: root, extensions: [CA, x509.keyUsage('keyCertSign')] });
    add('lists: of a CA that may not sign lists', 'crl_signature', ders(device(mute), mute), {
      lists: [rootList, x509.revocationList({ issuer: mute })],
      crl: 'required',
    });
    const critical = x509.extension('1.2.3.4', utf8('x'), 'critical');
    asked('an unknown critical extension', 'crl_missing', [rootList, subList({ extensions: [critical] })]);
    const delta = subList({ extensions: [x509.extension('2.5.29.27', int(1), 'critical')] });
    asked('a delta', 'crl_missing', [rootList, delta]);
  }
}
