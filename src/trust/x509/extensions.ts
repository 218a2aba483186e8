/**
 * The extensions of a certificate (RFC 5280 §4.2) that path validation acts upon. What is not known here is only named when it is
 * critical. A malformed known extension, and any that stands twice, throws DecodeError.
 */

import { DecodeError, toHex } from '#base';

import { content, context, DerReader, only, Tag, type Element } from './der.js';
import { generalName, MOST_NAMES, readGeneralNames, WEIGHED, weightOf, type GeneralName } from './general-name.js';
import { boolean, counted, MOST_IN_LIST, namedBits, readOid, serialNumber, smallInteger } from './values.js';

/** What the extensions say; a member is undefined when its extension is absent. */
export interface Extensions {
  readonly basicConstraints?: { readonly ca: boolean; readonly pathLength: number | undefined };
  /** Bits of `KeyUsage`. */
  readonly keyUsage?: number;
  /** Dotted purposes. */
  readonly extendedKeyUsage?: readonly string[];
  readonly subjectAltName?: readonly GeneralName[];
  readonly nameConstraints?: NameConstraints;
  /** Dotted policies. */
  readonly policies?: readonly string[];
  readonly policyConstraints?: PolicyConstraints;
  readonly policyMappings?: true;
  /** How many certificates may follow before anyPolicy is void. */
  readonly inhibitAnyPolicy?: number;
  /** Hex. */
  readonly subjectKeyId?: string;
  readonly authorityKeyId?: AuthorityKeyId;
  /** Critical extensions that are not processed here. */
  readonly unknownCritical: readonly string[];
}

/** Bits of keyUsage (§4.2.1.3). */
export const KeyUsage = { digitalSignature: 1 << 0, keyCertSign: 1 << 5, cRLSign: 1 << 6 } as const;

/** A name constraint with the base of its subtree; `bounded` when it has a minimum or maximum, which nobody processes. */
export interface Subtree {
  readonly base: GeneralName;
  readonly bounded: boolean;
}

/** §4.2.1.10. */
export interface NameConstraints {
  readonly permitted: readonly Subtree[];
  readonly excluded: readonly Subtree[];
}

/** §4.2.1.11. */
export interface PolicyConstraints {
  readonly requireExplicitPolicy: number | undefined;
  readonly inhibitPolicyMapping: number | undefined;
}

/** §4.2.1.1: the issuer's key by its id, or its certificate by issuer and serial number. */
export interface AuthorityKeyId {
  /** Hex. */
  readonly keyId: string | undefined;
  readonly issuers: readonly GeneralName[];
  readonly serial: string | undefined;
}

type Mutable = { -readonly [Key in keyof Extensions]: Extensions[Key] };

/** Reads a SEQUENCE OF Extension of a certificate. */
export function readExtensions(reader: DerReader): Extensions {
  const unknownCritical: string[] = [];
  const found: Mutable = { unknownCritical };
  readEach(reader, (id, critical, value) => {
    const read = READERS.get(id);
    if (read !== undefined) read(value, found);
    else if (critical) unknownCritical.push(id);
  });
  return found;
}

/** Calls `take` with each extension of a list: of certificates, CRLs and CRL entries alike. */
export function readEach(reader: DerReader, take: (id: string, critical: boolean, value: Uint8Array) => void): void {
  const list = reader.enter(Tag.SEQUENCE, 'the extensions');
  const seen = new Set<string>();
  if (list.done) throw new DecodeError('bad_extension', 'a list of extensions without any');
  while (!list.done) {
    const inner = list.enter(Tag.SEQUENCE, 'an extension');
    const id = readOid(inner, 'the id of an extension');
    // That FALSE is not to be written (DER) has never kept issuers from writing it.
    const flag = inner.optional(Tag.BOOLEAN);
    const value = content(inner.take(Tag.OCTET_STRING, `the value of the extension ${id}`));
    inner.finish(`the extension ${id}`);
    // §4.2: MUST NOT include more than one instance of a particular extension.
    if (seen.has(id)) throw new DecodeError('duplicate_extension', `the extension ${id} stands twice`);
    seen.add(id);
    counted(seen.size, MOST_IN_LIST, 'extensions');
    take(id, flag !== undefined && boolean(flag), value);
  }
}

/** The key id in an authorityKeyIdentifier, and what else names the issuer's certificate. */
export function readAuthorityKeyId(value: Uint8Array): AuthorityKeyId {
  const inner = only(value, Tag.SEQUENCE, 'authorityKeyIdentifier');
  const keyId = inner.optional(context(0, 'primitive'));
  const names = inner.optional(context(1, 'constructed'));
  const serial = inner.optional(context(2, 'primitive'));
  inner.finish('authorityKeyIdentifier');
  const issuers: GeneralName[] = [];
  if (names !== undefined)
    for (const list = DerReader.inside(names); !list.done;) {
      issuers.push(generalName(list.next()));
      counted(issuers.length, MOST_IN_LIST, 'names of an issuer');
    }
  return {
    keyId: keyId === undefined ? undefined : toHex(content(keyId)),
    issuers,
    serial: serial === undefined ? undefined : serialNumber(serial),
  };
}

function basicConstraints(value: Uint8Array, found: Mutable): void {
  const inner = only(value, Tag.SEQUENCE, 'basicConstraints');
  const flag = inner.optional(Tag.BOOLEAN);
  const length = inner.optional(Tag.INTEGER);
  inner.finish('basicConstraints');
  found.basicConstraints = {
    ca: flag !== undefined && boolean(flag),
    pathLength: length === undefined ? undefined : smallInteger(length, MOST_COUNT, 'pathLenConstraint'),
  };
}

function keyUsage(value: Uint8Array, found: Mutable): void {
  found.keyUsage = namedBits(whole(value, Tag.BIT_STRING, 'keyUsage'));
}

function extendedKeyUsage(value: Uint8Array, found: Mutable): void {
  const inner = only(value, Tag.SEQUENCE, 'extKeyUsage');
  const purposes: string[] = [];
  do {
    purposes.push(readOid(inner, 'a purpose of the key'));
    counted(purposes.length, MOST_IN_LIST, 'purposes of the key');
  } while (!inner.done);
  found.extendedKeyUsage = purposes;
}

function subjectAltName(value: Uint8Array, found: Mutable): void {
  const reader = new DerReader(value);
  found.subjectAltName = readGeneralNames(reader);
  reader.finish('subjectAltName');
}

function nameConstraints(value: Uint8Array, found: Mutable): void {
  const inner = only(value, Tag.SEQUENCE, 'nameConstraints');
  const permitted = subtrees(inner.optional(context(0, 'constructed')));
  const excluded = subtrees(inner.optional(context(1, 'constructed')));
  inner.finish('nameConstraints');
  found.nameConstraints = { permitted, excluded };
}

function subtrees(element: Element | undefined): Subtree[] {
  const trees: Subtree[] = [];
  let weight = 0;
  if (element === undefined) return trees;
  for (const list = DerReader.inside(element); !list.done;) {
    const inner = list.enter(Tag.SEQUENCE, 'a subtree of names');
    const base = generalName(inner.next());
    const minimum = inner.optional(context(0, 'primitive'));
    const maximum = inner.optional(context(1, 'primitive'));
    inner.finish('a subtree of names');
    const zero = minimum === undefined || (content(minimum).length === 1 && content(minimum)[0] === 0);
    trees.push({ base, bounded: !zero || maximum !== undefined });
    weight += weightOf(base);
    counted(weight, MOST_NAMES, WEIGHED);
  }
  return trees;
}

function certificatePolicies(value: Uint8Array, found: Mutable): void {
  const inner = only(value, Tag.SEQUENCE, 'certificatePolicies');
  const policies = new Set<string>();
  do {
    const information = inner.enter(Tag.SEQUENCE, 'a certificate policy');
    const policy = readOid(information, 'a certificate policy');
    // §4.2.1.4: a policy MUST NOT appear twice. Qualifiers are words for people.
    if (policies.has(policy)) throw new DecodeError('bad_extension', `the policy ${policy} stands twice`);
    policies.add(policy);
    counted(policies.size, MOST_IN_LIST, 'policies');
    const qualifiers = information.optional(Tag.SEQUENCE);
    if (qualifiers !== undefined) for (const list = DerReader.inside(qualifiers); !list.done;) list.next();
    information.finish('a certificate policy');
  } while (!inner.done);
  found.policies = [...policies];
}

function policyConstraints(value: Uint8Array, found: Mutable): void {
  const inner = only(value, Tag.SEQUENCE, 'policyConstraints');
  const explicit = inner.optional(context(0, 'primitive'));
  const mapping = inner.optional(context(1, 'primitive'));
  inner.finish('policyConstraints');
  if (explicit === undefined && mapping === undefined)
    throw new DecodeError('bad_extension', 'empty policyConstraints');
  const count = (element: Element | undefined): number | undefined =>
    element === undefined ? undefined : smallInteger(element, MOST_COUNT, 'a member of policyConstraints');
  found.policyConstraints = { requireExplicitPolicy: count(explicit), inhibitPolicyMapping: count(mapping) };
}

function inhibitAnyPolicy(value: Uint8Array, found: Mutable): void {
  found.inhibitAnyPolicy = smallInteger(whole(value, Tag.INTEGER, 'inhibitAnyPolicy'), MOST_COUNT, 'inhibitAnyPolicy');
}

function policyMappings(value: Uint8Array, found: Mutable): void {
  const inner = only(value, Tag.SEQUENCE, 'policyMappings');
  do {
    const pair = inner.enter(Tag.SEQUENCE, 'a policy mapping');
    const policies = [readOid(pair, 'a policy that is mapped'), readOid(pair, 'a policy that is mapped to')];
    pair.finish('a policy mapping');
    // §6.1.4 (a): anyPolicy MUST NOT appear on either side.
    if (policies.includes(ANY_POLICY)) throw new DecodeError('bad_extension', 'a policy mapping of anyPolicy');
  } while (!inner.done);
  found.policyMappings = true;
}

function subjectKeyId(value: Uint8Array, found: Mutable): void {
  found.subjectKeyId = toHex(content(whole(value, Tag.OCTET_STRING, 'subjectKeyIdentifier')));
}

/** The one element an extension consists of. */
function whole(value: Uint8Array, tag: number, what: string): Element {
  const reader = new DerReader(value);
  const element = reader.take(tag, what);
  reader.finish(what);
  return element;
}

/** The policy that stands for all (§4.2.1.4). */
export const ANY_POLICY = '2.5.29.32.0';

const MOST_COUNT = 0xffff_ffff;

/** Extensions by id (§4.2.1). An authorityKeyIdentifier marked critical is processed like one that is not. */
const READERS: ReadonlyMap<string, (value: Uint8Array, found: Mutable) => void> = new Map([
  ['2.5.29.14', subjectKeyId],
  ['2.5.29.15', keyUsage],
  ['2.5.29.17', subjectAltName],
  ['2.5.29.19', basicConstraints],
  ['2.5.29.30', nameConstraints],
  ['2.5.29.32', certificatePolicies],
  ['2.5.29.33', policyMappings],
  ['2.5.29.35', (value: Uint8Array, found: Mutable) => void (found.authorityKeyId = readAuthorityKeyId(value))],
  ['2.5.29.36', policyConstraints],
  ['2.5.29.37', extendedKeyUsage],
  ['2.5.29.54', inhibitAnyPolicy],
]);
