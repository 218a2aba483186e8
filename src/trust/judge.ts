/**
 * The judge of certificate chains: is this chain good for this role, at this moment, against these anchors and revocation lists?
 * Path validation is RFC 5280 §6; nothing here reads a clock or waits. Verdicts are kept by a digest of the chain, at most until a
 * certificate or a list in it ends, and forgotten when other trust data come.
 */

import { DecodeError, invariant, PeerError, type WallTime } from '#base';

import { pathsOf, type Path } from './path/candidates.js';
import { checkNameConstraints } from './path/name-constraints.js';
import { checkPolicies } from './path/policies.js';
import { checkRevocation } from './path/revocation.js';
import { namesOf } from './path/revoked.js';
import { checkCertificates, checkValidity, type Role } from './path/rules.js';
import { TrustData } from './path/trust-data.js';
import { trustParameters, type TrustParameters } from './policy/parameters.js';
import { CertificateAlert, Refused, REFUSALS, type RefusalReason } from './policy/refusals.js';
import { Certificate, digestOf } from './x509/certificate.js';
import type { RevocationList } from './x509/crl.js';

/** What a good chain says about its leaf. */
export interface LeafFacts {
  /** SubjectPublicKeyInfo, DER: the key that must have signed. */
  readonly spki: Uint8Array;
  /** Every CN of the subject, outermost first. */
  readonly commonNames: readonly string[];
  /** dNSNames of the subject alternative name, in its order. */
  readonly dnsNames: readonly string[];
  /** URIs of the subject alternative name, in its order. */
  readonly uris: readonly string[];
  /** Hex, with a minus sign where it is negative. */
  readonly serial: string;
  /** SHA-256 over the certificate, in hex. */
  readonly fingerprint: string;
  readonly notAfter: WallTime;
}

/** A chain that is good. */
export interface Accepted {
  readonly kind: 'accepted';
  readonly leaf: LeafFacts;
  /** What `RevokedCertificates` are asked about it later; empty: nothing in it can be on a list. */
  readonly certificates: string;
}

/** A chain that is not: a stable word, a sentence for the operator, and the alert for the peer. */
export interface Rejected {
  readonly kind: 'refused';
  readonly reason: RefusalReason;
  readonly sentence: string;
  readonly alert: CertificateAlert;
}

/** What the judge says of a chain. */
export type Verdict = Accepted | Rejected;

/** Of a certificate that is trusted by itself: when it ends, or why it is not good now. */
export type Validity = { readonly kind: 'valid'; readonly until: WallTime } | Rejected;

/**
 * Whether a certificate is in its time of validity, `skew` (ms) forgiven, when nothing else is to be judged of it because it is
 * trusted by itself. Never throws for what a peer sent.
 */
export function validityOf(der: Uint8Array, now: WallTime, { skew } = trustParameters({})): Validity {
  try {
    const certificate = readCertificate(der, 0);
    checkValidity(certificate, now, skew);
    return { kind: 'valid', until: certificate.notAfter };
  } catch (error) {
    return rejected(asRefused(error));
  }
}

/** Judges chains against one set of trust data at a time. */
export class ChainJudge {
  readonly #parameters: TrustParameters;
  readonly #accepted = new Map<string, Kept>();
  readonly #refused = new Map<string, Rejected>();
  #trust = new TrustData([], []);
  #generation = 0;

  constructor(parameters: TrustParameters) {
    this.#parameters = parameters;
  }

  /** Takes other anchors and revocation lists in place of those before; every verdict is forgotten. */
  replaceTrust(anchors: readonly Certificate[], lists: readonly RevocationList[]): void {
    this.#trust = new TrustData(anchors, lists);
    this.#generation += 1;
    this.#accepted.clear();
    this.#refused.clear();
  }

  /** How often trust data came: who keeps a verdict of his own judges again when it has changed. */
  get generation(): number {
    return this.#generation;
  }

  /** How many verdicts are kept. */
  get kept(): number {
    return this.#accepted.size + this.#refused.size;
  }

  /** Judges a chain, DER, leaf first, as it was received. Never throws for what a peer sent. */
  judge(chain: readonly Uint8Array[], role: Role, now: WallTime): Verdict {
    const size = this.#sizeFault(chain);
    if (size !== undefined) return rejected(size);
    const key = `${role} ${this.#generation} ${digestOf(chain)}`;
    const known = this.#accepted.get(key);
    if (known !== undefined && now >= known.from && now <= known.until) return known.verdict;
    const bad = this.#refused.get(key);
    if (bad !== undefined) return bad;

    const outcome = this.#examine(chain, role, now);
    if ('verdict' in outcome) {
      const { until } = outcome;
      if (now <= until) keep(this.#accepted, key, outcome, this.#parameters.cachedVerdicts);
      return outcome.verdict;
    }
    const verdict = rejected(outcome[0]);
    const lasting = outcome.every(({ reason }) => REFUSALS[reason].mends === 'never');
    if (lasting) keep(this.#refused, key, verdict, this.#parameters.cachedRefusals);
    return verdict;
  }

  #sizeFault(chain: readonly Uint8Array[]): Refused | undefined {
    const { mostCertificates, mostBytes } = this.#parameters;
    if (chain.length === 0) return new Refused('empty', 'the chain has no certificate');
    // One more: a root that need not have been sent.
    if (chain.length > mostCertificates + 1) {
      return new Refused(
        'chain_too_long',
        `the chain has ${chain.length} certificates; ${mostCertificates} and a root are allowed`,
      );
    }
    const bytes = chain.reduce((sum, { length }) => sum + length, 0);
    if (bytes <= mostBytes) return undefined;
    return new Refused('chain_too_long', `the chain has ${bytes} bytes; ${mostBytes} are allowed`);
  }

  /** Tries the paths of a chain until one is good. When none is: why, for each, the first that was tried before the others. */
  #examine(chain: readonly Uint8Array[], role: Role, now: WallTime): Kept | readonly [Refused, ...Refused[]] {
    const faults: Refused[] = [];
    try {
      const [leaf, ...others] = chain.map(readCertificate);
      invariant(leaf, 'a chain that is not empty has a leaf');
      for (const path of pathsOf([leaf, ...others], this.#trust, this.#parameters.mostCertificates)) {
        const outcome = this.#examinePath(path, role, now);
        if (!(outcome instanceof Refused)) return outcome;
        faults.push(outcome);
      }
    } catch (error) {
      faults.push(asRefused(error));
    }
    const [first, ...rest] = faults;
    invariant(first, 'a chain that gave no path says why');
    return [first, ...rest];
  }

  #examinePath(path: Path, role: Role, now: WallTime): Kept | Refused {
    const { skew } = this.#parameters;
    let lists: readonly RevocationList[];
    try {
      checkCertificates(path, role, now, skew);
      checkNameConstraints(path);
      checkPolicies(path);
      lists = checkRevocation(path, this.#trust, now, this.#parameters);
    } catch (error) {
      return asRefused(error);
    }
    const starts = [...path.map(({ notBefore }) => notBefore), ...lists.map(({ thisUpdate }) => thisUpdate)];
    const ends = [...path.map(({ notAfter }) => notAfter), ...lists.map(({ nextUpdate }) => nextUpdate)];
    return {
      verdict: Object.freeze({ kind: 'accepted', leaf: factsOf(path[0]), certificates: namesOf(path) }),
      from: Math.max(...starts) - skew,
      until: Math.min(...ends),
    };
  }
}

/** A good verdict, and the moments (ms since 1970) between which it holds without another look. */
interface Kept {
  readonly verdict: Accepted;
  readonly from: number;
  readonly until: number;
}

function readCertificate(der: Uint8Array, index: number): Certificate {
  try {
    return new Certificate(der);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new Refused('malformed', `certificate ${index + 1} of the chain is malformed: ${error.message}`, {
      cause: error,
    });
  }
}

function asRefused(error: unknown): Refused {
  if (error instanceof Refused) return error;
  if (!(error instanceof PeerError)) throw error;
  return new Refused('key_unusable', error.message, { cause: error });
}

function rejected({ reason, message }: Refused): Rejected {
  return Object.freeze({ kind: 'refused', reason, sentence: message, alert: CertificateAlert[REFUSALS[reason].alert] });
}

/** Copies: nothing of the message the chain came in is kept. */
function factsOf(leaf: Certificate): LeafFacts {
  const names = leaf.extensions.subjectAltName ?? [];
  return Object.freeze({
    spki: Uint8Array.from(leaf.publicKey.spki),
    commonNames: leaf.subject.commonNames,
    dnsNames: names.flatMap((name) => (name.kind === 'dns' ? [name.value] : [])),
    uris: names.flatMap((name) => (name.kind === 'uri' ? [name.value] : [])),
    serial: leaf.serial,
    fingerprint: leaf.fingerprint,
    notAfter: leaf.notAfter,
  });
}

/** Puts an entry last; at the limit the oldest goes. */
function keep<V>(map: Map<string, V>, key: string, value: V, most: number): void {
  map.delete(key);
  if (most === 0) return;
  if (map.size >= most) {
    const [oldest] = map.keys();
    if (oldest !== undefined) map.delete(oldest);
  }
  map.set(key, value);
}
