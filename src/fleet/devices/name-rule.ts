/**
 * Rules by which a certificate names an endpoint: text with places that facts of the certificate fill, such as `{cn}` or
 * `urn:dev:{cn}`. No expression of a caller's is ever run. A certificate that lacks a fact, or has it twice, names nobody,
 * since it must own one endpoint and no other.
 */

import { AppError } from '#base';

/** What a rule looks at, of a certificate that was found good. */
export interface CertificateNames {
  /** SHA-256 of the certificate in hex. */
  readonly fingerprint: string;
  readonly serial: string;
  /** CN entries of the subject. */
  readonly commonNames: readonly string[];
  /** dNSName and URI entries of the SubjectAltName. */
  readonly dnsNames: readonly string[];
  readonly uris: readonly string[];
}

/** Throws AppError(`invalid_body`) unless `rule` can be followed. */
export function checkNameRule(rule: string): void {
  const places = rule.match(PLACE) ?? [];
  const rest = rule.replaceAll(PLACE, '');
  if (rule.length <= LONGEST_RULE && places.length >= 1 && places.length <= MOST_PLACES && !/[{}]|\p{C}/u.test(rest))
    return;
  const known = Object.keys(FACTS).map((name) => `{${name}}`);
  const detail = `must be a text of at most ${LONGEST_RULE} characters with 1 to ${MOST_PLACES} of ${known.join(', ')} in it, such as urn:dev:{cn}`;
  throw new AppError('invalid_body', `the body does not fit: /rule ${detail}`, {
    faults: [{ pointer: '/rule', detail }],
  });
}

/** The endpoint name that a certificate has by a rule that was checked; undefined when it has none, or more than one. */
export function nameBy(rule: string, names: CertificateNames): string | undefined {
  const wanted = [...rule.matchAll(PLACE)].map(([, fact]) => FACTS[fact as keyof typeof FACTS](names));
  if (!wanted.every(isOne)) return undefined;
  const name = rule.replaceAll(PLACE, (_place, fact: keyof typeof FACTS) => FACTS[fact](names)[0] ?? '');
  return Buffer.byteLength(name) <= LONGEST_NAME ? name : undefined;
}

/** Whether there is one value, which may stand in a name. */
function isOne([only, ...more]: readonly string[]): boolean {
  return only !== undefined && only !== '' && more.length === 0 && !/\p{Cc}/u.test(only);
}

/** What can fill a place. */
const FACTS = {
  cn: ({ commonNames }: CertificateNames) => commonNames,
  dns: ({ dnsNames }: CertificateNames) => dnsNames,
  uri: ({ uris }: CertificateNames) => uris,
  serial: ({ serial }: CertificateNames) => [serial],
  fingerprint: ({ fingerprint }: CertificateNames) => [fingerprint],
} as const;

const PLACE = /\{(cn|dns|uri|serial|fingerprint)\}/g;
const LONGEST_RULE = 128;
const MOST_PLACES = 4;
/** Bytes of a name; what a device may register with is decided when it registers. */
const LONGEST_NAME = 255;
