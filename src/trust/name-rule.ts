/**
 * Which endpoint name a certificate stands for: a pattern of text and placeholders, such as `{cn}` or `urn:dev:{cn}`, filled from the
 * leaf of a chain that was found good. A placeholder is bounded and no regular expression; what is missing or ambiguous names nobody.
 */

import { AppError } from '#base';

import type { LeafFacts } from './judge.js';

/** A pattern, checked. */
export interface NameRule {
  readonly pattern: string;
  /** Text, and the placeholders between. */
  readonly parts: readonly (string | Placeholder)[];
}

/** One placeholder. */
export interface Placeholder {
  readonly fact: keyof typeof FACTS;
}

/** The endpoint name of a leaf, or why it has none. */
export type EndpointName =
  { readonly kind: 'named'; readonly endpoint: string } | { readonly kind: 'nameless'; readonly sentence: string };

/** Checks a pattern; throws AppError(`invalid_setting`) that says what is allowed. */
export function nameRule(pattern: string): NameRule {
  const refuse = (detail: string): AppError =>
    new AppError('invalid_setting', `the name rule "${pattern.slice(0, MOST_PATTERN)}" ${detail}; ${ALLOWED}`);
  if (pattern.length > MOST_PATTERN) throw refuse(`has more than ${MOST_PATTERN} characters`);
  if (CONTROL.test(pattern)) throw refuse('holds a control character');
  const parts: (string | Placeholder)[] = [];
  let placeholders = 0;
  for (let at = 0; at < pattern.length;) {
    const open = pattern.indexOf('{', at);
    const text = pattern.slice(at, open < 0 ? undefined : open);
    if (text.includes('}')) throw refuse('has a } without a { before it');
    if (text !== '') parts.push(text);
    if (open < 0) break;
    const close = pattern.indexOf('}', open);
    if (close < 0) throw refuse('has a { without a } behind it');
    const fact = pattern.slice(open + 1, close);
    if (!isFact(fact)) throw refuse(`has the placeholder {${fact}}, which is not known`);
    parts.push({ fact });
    placeholders += 1;
    at = close + 1;
  }
  if (placeholders === 0) throw refuse('has no placeholder: all devices would have one name');
  if (placeholders > MOST_PLACEHOLDERS) throw refuse(`has more than ${MOST_PLACEHOLDERS} placeholders`);
  return Object.freeze({ pattern, parts });
}

/** The endpoint name a rule gives a leaf. A fact that is missing, stands there more than once, or holds a control character, names nobody. */
export function nameOf(rule: NameRule, leaf: LeafFacts): EndpointName {
  let endpoint = '';
  for (const part of rule.parts) {
    if (typeof part === 'string') {
      endpoint += part;
      continue;
    }
    const values = FACTS[part.fact].of(leaf);
    const [value] = values;
    const { what } = FACTS[part.fact];
    if (value === undefined || value === '') return nameless(`the certificate has no ${what}`);
    if (values.length > 1)
      return nameless(`the certificate has ${values.length} of ${what}: which one is meant is not known`);
    if (CONTROL.test(value)) return nameless(`the ${what} of the certificate holds a control character`);
    endpoint += value;
  }
  const bytes = Buffer.byteLength(endpoint);
  if (bytes > MOST_ENDPOINT_BYTES) return nameless(`the name has ${bytes} bytes; ${MOST_ENDPOINT_BYTES} are allowed`);
  return { kind: 'named', endpoint };
}

const nameless = (sentence: string): EndpointName => ({ kind: 'nameless', sentence });

const isFact = (word: string): word is keyof typeof FACTS => Object.hasOwn(FACTS, word);

/** Placeholders, what each is called, and where it comes from. */
const FACTS = {
  cn: { what: 'CN in its subject', of: (leaf: LeafFacts) => leaf.commonNames },
  dns: { what: 'dNSName in its subjectAltName', of: (leaf: LeafFacts) => leaf.dnsNames },
  uri: { what: 'URI in its subjectAltName', of: (leaf: LeafFacts) => leaf.uris },
  serial: { what: 'serial number', of: (leaf: LeafFacts) => [leaf.serial] },
  fingerprint: { what: 'fingerprint', of: (leaf: LeafFacts) => [leaf.fingerprint] },
} as const;

const MOST_PATTERN = 128;
const MOST_PLACEHOLDERS = 4;
const MOST_ENDPOINT_BYTES = 255;
const CONTROL = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffd]/u;
const ALLOWED = `a rule is text with 1 to ${MOST_PLACEHOLDERS} of ${Object.keys(FACTS)
  .map((fact) => `{${fact}}`)
  .join(', ')}, such as urn:dev:{cn}`;
