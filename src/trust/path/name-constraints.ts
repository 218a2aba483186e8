/**
 * Name constraints (RFC 5280 §4.2.1.10, §6.1.3 (b) and (c)): what an issuer says about the names below it. A form of name that cannot be
 * compared, and that a constraint is about, refuses. As OpenSSL does it, a CN that looks like a DNS name is held to the constraints
 * of DNS names when the leaf has no SAN of that kind, and an emailAddress in a subject to those of mailboxes.
 */

import { Refused } from '../policy/refusals.js';
import type { Certificate } from '../x509/certificate.js';
import type { NameConstraints, Subtree } from '../x509/extensions.js';
import type { GeneralName } from '../x509/general-name.js';
import { isUnder, showName } from '../x509/name.js';
import type { Path } from './candidates.js';

/** Holds the names in a path to the constraints above them; throws Refused. */
export function checkNameConstraints(path: Path): void {
  let comparisons = 0;
  for (const [index, issuer] of path.entries()) {
    const constraints = issuer.extensions.nameConstraints;
    if (constraints === undefined) continue;
    for (const [place, certificate] of path.slice(0, index).entries()) {
      if (place > 0 && certificate.selfIssued) continue;
      const names = namesOf(certificate, place === 0 ? 'leaf' : 'issuer');
      comparisons += names.length * (constraints.permitted.length + constraints.excluded.length);
      if (comparisons > MOST_COMPARISONS) {
        throw new Refused(
          'name_constraints',
          `${certificate.toString()} has too many names under too many name constraints`,
        );
      }
      for (const name of names) {
        const fault = violation(name, constraints);
        if (fault === undefined) continue;
        throw new Refused(
          'name_constraints',
          `${certificate.toString()} has the name ${show(name)}, which ${fault} ${issuer.toString()}`,
        );
      }
    }
  }
}

function namesOf(certificate: Certificate, place: 'leaf' | 'issuer'): GeneralName[] {
  const { subject } = certificate;
  const alternatives = certificate.extensions.subjectAltName ?? [];
  const names: GeneralName[] = [...alternatives];
  if (subject.rdns.length > 0) names.push({ kind: 'directory', value: subject });
  for (const value of subject.mailboxes) names.push({ kind: 'email', value });
  if (place === 'leaf' && !alternatives.some(({ kind }) => kind === 'dns')) {
    for (const value of subject.commonNames) if (looksLikeHost(value)) names.push({ kind: 'dns', value });
  }
  return names;
}

/** What is wrong with a name, in words that end before the issuer; undefined when nothing is. */
function violation(name: GeneralName, { permitted, excluded }: NameConstraints): string | undefined {
  let allowed: 'yes' | 'no' | 'unasked' = 'unasked';
  for (const tree of permitted) {
    if (!concerns(tree, name) || allowed === 'yes') continue;
    const match = matches(tree, name);
    if (match === 'unknown') return UNKNOWN;
    allowed = match;
  }
  if (allowed === 'no') return 'is not among those permitted by';
  for (const tree of excluded) {
    if (!concerns(tree, name)) continue;
    const match = matches(tree, name);
    if (match === 'unknown') return UNKNOWN;
    if (match === 'yes') return 'is excluded by';
  }
  return undefined;
}

const UNKNOWN = 'cannot be held to the name constraints of';

function concerns({ base }: Subtree, name: GeneralName): boolean {
  if (base.kind === 'other' && name.kind === 'other') return base.form === name.form;
  return base.kind === name.kind;
}

type Match = 'yes' | 'no' | 'unknown';

function matches({ base, bounded }: Subtree, name: GeneralName): Match {
  if (bounded) return 'unknown';
  if (name.kind === 'directory' && base.kind === 'directory') return isUnder(name.value, base.value) ? 'yes' : 'no';
  if (name.kind === 'ip' && base.kind === 'ip') return matchAddress(name.value, base.value);
  if (name.kind === 'dns' && base.kind === 'dns') return matchHost(name.value, base.value, 'below and itself');
  if (name.kind === 'uri' && base.kind === 'uri') return matchUri(name.value, base.value);
  if (name.kind === 'email' && base.kind === 'email') return matchMailbox(name.value, base.value);
  return 'unknown';
}

function matchHost(host: string, base: string, reach: 'below and itself' | 'itself'): Match {
  const [name, tree] = [host.toLowerCase(), base.toLowerCase()];
  if (reach === 'itself' && !tree.startsWith('.')) return name === tree ? 'yes' : 'no';
  if (tree === '' || (reach === 'below and itself' && name === tree)) return 'yes';
  if (name.length <= tree.length || !name.endsWith(tree)) return 'no';
  return tree.startsWith('.') || name.charAt(name.length - tree.length - 1) === '.' ? 'yes' : 'no';
}

/** The constraint is about the host part; a URI without one MUST be rejected (§4.2.1.10), and an address is no host name. */
function matchUri(uri: string, base: string): Match {
  const colon = uri.indexOf(':');
  if (colon < 1 || !uri.startsWith('//', colon + 1)) return 'unknown';
  const authority = uri.slice(colon + 3).split(/[/?#]/, 1)[0] ?? '';
  const host = authority.split(':', 1)[0] ?? '';
  if (host === '' || !/^[\w.-]+$/.test(host) || /^[\d.]+$/.test(host)) return 'unknown';
  return matchHost(host, base, 'itself');
}

/** A base is a mailbox, a host, or with a dot in front all hosts below one. The part before the @ is told by its case. */
function matchMailbox(mailbox: string, base: string): Match {
  const at = mailbox.lastIndexOf('@');
  if (at < 0) return 'unknown';
  const host = mailbox.slice(at + 1);
  const baseAt = base.lastIndexOf('@');
  if (baseAt > 0 && base.slice(0, baseAt) !== mailbox.slice(0, at)) return 'no';
  return matchHost(host, base.slice(baseAt + 1), 'itself');
}

function matchAddress(address: Uint8Array, base: Uint8Array): Match {
  const { length } = address;
  if (length !== 4 && length !== 16) return 'unknown';
  if (base.length !== 8 && base.length !== 32) return 'unknown';
  if (base.length !== 2 * length) return 'no';
  const outside = address.some(
    (byte, index) => ((byte ^ (base[index] as number)) & (base[length + index] as number)) !== 0,
  );
  return outside ? 'no' : 'yes';
}

/** Two labels or more of letters, digits, `_` and inner hyphens (OpenSSL, NAME_CONSTRAINTS_check_CN). */
function looksLikeHost(words: string): boolean {
  const labels = words.split('.');
  return labels.length > 1 && labels.every((label) => /^[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?$/.test(label));
}

function show(name: GeneralName): string {
  if (name.kind === 'directory') return `"${showName(name.value)}"`;
  if (name.kind === 'ip') return `${Buffer.from(name.value).toString('hex')} (an address)`;
  return name.kind === 'other' ? `of the form ${name.form}` : `"${name.value.slice(0, 120)}"`;
}

/** Comparisons of a name with a subtree in one path; a few milliseconds. */
const MOST_COMPARISONS = 1 << 16;
