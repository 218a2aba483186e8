/**
 * Judges of chains, one for each trust anchor, so that it is known under which one a chain is good. They follow the fleet's
 * anchors and revocation lists.
 */

import { Emitter, messageOf, type Clock, type Logger, type PeerIdentity } from '#base';
import type { Fleet } from '#fleet';
import {
  ChainJudge,
  readAnchors,
  readRevocationLists,
  RevokedCertificates,
  trustParameters,
  validityOf,
  type RevocationList,
  type TrustParameters,
  type Validity,
  type Verdict,
} from '#trust';

/** All judges. */
export class Chains {
  /** Told when anchors or lists are others, and it is judged by them. */
  readonly renewed = new Emitter<{ readonly type: 'renewed' }>();
  readonly #fleet: Fleet;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #parameters: TrustParameters;
  #judges = new Map<string, ChainJudge>();
  #revoked = new RevokedCertificates([]);

  constructor(fleet: Fleet, clock: Clock, logger: Logger, parameters: TrustParameters = trustParameters()) {
    this.#parameters = parameters;
    this.#fleet = fleet;
    this.#clock = clock;
    this.#logger = logger;
    this.#renew();
    fleet.trust.changes.on(() => {
      this.#renew();
      this.renewed.emit({ type: 'renewed' });
    });
  }

  /**
   * The first anchor under which the chain is good, and what its leaf says; or why it is not, under the one that says most.
   * `among`: ids of the anchors that count here; absent: all.
   */
  judge(
    chain: readonly Uint8Array[],
    among?: readonly string[],
  ): { readonly anchor: string | undefined; readonly verdict: Verdict } {
    let refused: Verdict | undefined;
    for (const [anchor, judge] of this.#judges) {
      if (among?.includes(anchor) === false) continue;
      const verdict = judge.judge(chain, 'client', this.#clock.wall());
      if (verdict.kind === 'accepted') return { anchor, verdict };
      if (refused === undefined || isVague(refused)) refused = verdict;
    }
    refused ??= new ChainJudge(this.#parameters).judge(chain, 'client', this.#clock.wall());
    return { anchor: undefined, verdict: refused };
  }

  /** Until when a certificate is good that is trusted by itself, whoever issued it; or why it is not now. */
  alone(der: Uint8Array): Validity {
    return validityOf(der, this.#clock.wall());
  }

  /** Whether a certificate that an identity was proven by, its own or one above it, is on a list now. */
  isRevoked({ certificates }: PeerIdentity): boolean {
    return certificates !== undefined && this.#revoked.hasOneOf(certificates);
  }

  #renew(): void {
    const { anchors, lists } = this.#fleet.trust.material();
    const revocations = lists.flatMap(({ name, list }) => this.#lists(name, list));
    const judges = new Map<string, ChainJudge>();
    for (const { name, certificate } of anchors) {
      try {
        const judge = new ChainJudge(this.#parameters);
        judge.replaceTrust(readAnchors(Buffer.from(certificate)), revocations);
        judges.set(name, judge);
      } catch (error) {
        this.#logger.error('a trust anchor cannot be used', { anchor: name, error: messageOf(error) });
      }
    }
    this.#judges = judges;
    this.#revoked = new RevokedCertificates(revocations);
  }

  #lists(name: string, pem: string): readonly RevocationList[] {
    try {
      return readRevocationLists(Buffer.from(pem));
    } catch (error) {
      this.#logger.error('a revocation list cannot be used', { list: name, error: messageOf(error) });
      return [];
    }
  }
}

/** No path to this anchor says nothing of the chain itself. */
function isVague(verdict: Verdict): boolean {
  return verdict.kind === 'refused' && verdict.reason === 'unknown_ca';
}
