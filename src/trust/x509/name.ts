/**
 * Distinguished names (RFC 5280 §4.1.2.4), compared by §7.1 in the simplified form all implementations share: text is told
 * by its characters and not by its string type, without regard to the case of ASCII letters and to how much white space there is.
 */

import { DecodeError } from '#base';

import { content, Tag, type DerReader, type Element } from './der.js';
import { ascii, counted, MOST_IN_LIST, oid, text } from './values.js';

/** A distinguished name. */
export interface Name {
  /** Each relative distinguished name in canonical form, outermost first: equal names have equal lists. */
  readonly rdns: readonly string[];
  /** All of them in one word, to look up by. */
  readonly key: string;
  /** The values of CN as they stand, outermost first. */
  readonly commonNames: readonly string[];
  /** The values of emailAddress, which name constraints bind too (§4.2.1.10). */
  readonly mailboxes: readonly string[];
}

/** Reads a Name; throws DecodeError. */
export function readName(reader: DerReader, what: string): Name {
  const sequence = reader.enter(Tag.SEQUENCE, what);
  const rdns: string[] = [];
  const commonNames: string[] = [];
  const mailboxes: string[] = [];
  let count = 0;
  while (!sequence.done) {
    const set = sequence.enter(Tag.SET, what);
    const attributes: string[] = [];
    while (!set.done) {
      const pair = set.enter(Tag.SEQUENCE, what);
      const type = oid(pair.take(Tag.OID, `an attribute type in ${what}`));
      const value = pair.next();
      pair.finish(`an attribute in ${what}`);
      const words = text(value);
      count += 1;
      counted(count, MOST_IN_LIST, `attributes in ${what}`);
      if (type === COMMON_NAME && words !== undefined) commonNames.push(words);
      if (type === EMAIL_ADDRESS) mailboxes.push(ascii(value, 'an email address'));
      attributes.push(`${type}=${words === undefined ? raw(value) : `"${fold(words)}"`}`);
    }
    if (attributes.length === 0) throw new DecodeError('bad_name', `an empty set in ${what}`);
    rdns.push(attributes.length === 1 ? (attributes[0] as string) : attributes.sort().join('+'));
  }
  return { rdns, key: JSON.stringify(rdns), commonNames, mailboxes };
}

/** Whether two names are equal. */
export function sameName(left: Name, right: Name): boolean {
  return left.key === right.key;
}

/** Whether a name lies in the subtree of another: it begins with the same relative names (§4.2.1.10). */
export function isUnder(name: Name, base: Name): boolean {
  return base.rdns.length <= name.rdns.length && base.rdns.every((rdn, index) => rdn === name.rdns[index]);
}

/** A name in words for an operator, 120 characters at most. */
export function showName(name: Name): string {
  const words = name.rdns.map((rdn) =>
    rdn.replace(/^2\.5\.4\.(3|6|7|8|10|11)=/, (_all, id: string) => `${SHORT[id] ?? ''}=`),
  );
  const line = words.join(', ').replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
  return line.length === 0 ? 'nobody' : line.length > 120 ? `${line.slice(0, 117)}...` : line;
}

const fold = (words: string): string =>
  words
    .replaceAll(/[\t-\r ]+/g, ' ')
    .replace(/^ | $/g, '')
    .replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())
    .replaceAll(/["\\]/g, (mark) => `\\${mark}`);

const raw = (value: Element): string => `#${value.tag.toString(16)}:${Buffer.from(content(value)).toString('hex')}`;

const COMMON_NAME = '2.5.4.3';
const EMAIL_ADDRESS = '1.2.840.113549.1.9.1';
const SHORT: Readonly<Record<string, string>> = { 3: 'CN', 6: 'C', 7: 'L', 8: 'ST', 10: 'O', 11: 'OU' };
