/** General names (RFC 5280 §4.2.1.6): what a subject alternative name and a name constraint are made of. */

import { DecodeError } from '#base';

import { content, context, DerReader, Tag, type Element } from './der.js';
import { readName, type Name } from './name.js';
import { ascii, counted, readOid } from './values.js';

/** One general name. `other` is a form that nothing here understands; `form` tells such forms apart. */
export type GeneralName =
  | { readonly kind: 'dns' | 'uri' | 'email'; readonly value: string }
  | { readonly kind: 'ip'; readonly value: Uint8Array }
  | { readonly kind: 'directory'; readonly value: Name }
  | { readonly kind: 'other'; readonly form: string };

/** Takes an element for a general name; throws DecodeError. */
export function generalName(element: Element): GeneralName {
  switch (element.tag) {
    case context(0, 'constructed'):
      return { kind: 'other', form: `otherName ${readOid(DerReader.inside(element), 'the type of an otherName')}` };
    case context(1, 'primitive'):
      return { kind: 'email', value: ascii(element, 'a mailbox') };
    case context(2, 'primitive'):
      return { kind: 'dns', value: ascii(element, 'a DNS name') };
    case context(3, 'constructed'):
      return { kind: 'other', form: 'x400Address' };
    case context(4, 'constructed'): {
      const inner = DerReader.inside(element);
      const value = readName(inner, 'a directory name');
      inner.finish('a directory name');
      return { kind: 'directory', value };
    }
    case context(5, 'constructed'):
      return { kind: 'other', form: 'ediPartyName' };
    case context(6, 'primitive'):
      return { kind: 'uri', value: ascii(element, 'a URI') };
    case context(7, 'primitive'):
      return { kind: 'ip', value: content(element) };
    case context(8, 'primitive'):
      return { kind: 'other', form: 'registeredID' };
    default:
      throw new DecodeError('bad_general_name', `no general name has the tag ${element.tag}`, element.start);
  }
}

/** A non-empty list of general names, as the value of an extension (§4.2.1.6). */
export function readGeneralNames(reader: DerReader): GeneralName[] {
  const names: GeneralName[] = [];
  let weight = 0;
  const list = reader.enter(Tag.SEQUENCE, 'a list of names');
  while (!list.done) {
    const name = generalName(list.next());
    names.push(name);
    weight += weightOf(name);
    counted(weight, MOST_NAMES, WEIGHED);
  }
  if (names.length === 0) throw new DecodeError('bad_general_name', 'a list of names without any');
  return names;
}

/** What reading a name costs: a directory name is read like a subject. */
export function weightOf({ kind }: GeneralName): number {
  return kind === 'directory' ? DIRECTORY_WEIGHT : 1;
}

/** Names in one list: enough for 64 KiB of host names, or 64 directory names. */
export const MOST_NAMES = 4_096;
/** What `counted` calls them. */
export const WEIGHED = 'names in a list, a directory name counted for 64';
const DIRECTORY_WEIGHT = 64;
