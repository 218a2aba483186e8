/**
 * Certificate policies (RFC 5280 §6.1), as far as they can refuse a path when nobody asks for a policy: where an issuer requires an
 * explicit one. Without mappings the tree of §6.1.2 is a set. Where a mapping would have to be followed the path is refused.
 */

import { Refused } from '../policy/refusals.js';
import type { Certificate } from '../x509/certificate.js';
import { ANY_POLICY } from '../x509/extensions.js';
import type { Path } from './candidates.js';

/** Holds a path to the policies its issuers require; throws Refused. */
export function checkPolicies(path: Path): void {
  let valid: ReadonlySet<string> | 'any' = 'any';
  let explicit = Number.POSITIVE_INFINITY;
  let inhibitAny = Number.POSITIVE_INFINITY;
  let mapped: Certificate | undefined;
  // From the certificate below the anchor down to the leaf: the anchor is not part of it.
  for (let index = path.length - 2; index >= 0; index -= 1) {
    const certificate = path[index] as Certificate;
    const { extensions, selfIssued } = certificate;
    valid = narrowed(
      valid,
      extensions.policies,
      inhibitAny > 0 || (index > 0 && selfIssued) ? 'any counts' : 'any is void',
    );
    if (explicit === 0) demand(certificate, valid, mapped);
    if (extensions.policyMappings === true) mapped = certificate;
    if (index === 0 || !selfIssued) {
      explicit = Math.max(0, explicit - 1);
      inhibitAny = Math.max(0, inhibitAny - 1);
    }
    const required = extensions.policyConstraints?.requireExplicitPolicy;
    // §6.1.5 (b): in the leaf only 0 matters.
    if (required !== undefined && (index > 0 || required === 0)) explicit = Math.min(explicit, required);
    if (index > 0) inhibitAny = Math.min(inhibitAny, extensions.inhibitAnyPolicy ?? inhibitAny);
  }
  if (explicit === 0) demand(path[0], valid, mapped);
}

/** The policies still valid below a certificate that has `policies` (§6.1.3 (d) and (e)). */
function narrowed(
  valid: ReadonlySet<string> | 'any',
  policies: readonly string[] | undefined,
  any: 'any counts' | 'any is void',
): ReadonlySet<string> | 'any' {
  if (policies === undefined) return new Set();
  if (any === 'any counts' && policies.includes(ANY_POLICY)) return valid;
  return new Set(policies.filter((policy) => policy !== ANY_POLICY && (valid === 'any' || valid.has(policy))));
}

function demand(certificate: Certificate, valid: ReadonlySet<string> | 'any', mapped: Certificate | undefined): void {
  if (mapped !== undefined) {
    throw new Refused('policy', `${mapped.toString()} maps policies where one is required; mappings are not followed`);
  }
  if (valid !== 'any' && valid.size === 0) {
    throw new Refused(
      'policy',
      `an issuer requires a policy, and ${certificate.toString()} has none that all issuers share`,
    );
  }
}
