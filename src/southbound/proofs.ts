/**
 * By what identities were proven, while their handshakes are under way, and whether that was ended meanwhile: a key that was
 * handed out for a handshake may be deleted before its Finished comes.
 */

import type { PeerIdentity } from '#base';
import type { IdentityEnd, SessionProof } from '#fleet';

/** How many ends of identities are remembered; what was proven before the oldest of them counts as ended. */
export const ENDS_REMEMBERED = 10_000;

/** The proofs. Nothing is held longer than its identity. */
export class Proofs {
  readonly #limit: number;
  readonly #proofs = new WeakMap<PeerIdentity, { readonly proof: SessionProof; readonly mark: number }>();
  /** Number of the last end that concerned a key of `keysOf`, the oldest first. */
  readonly #ends = new Map<string, number>();
  #last = 0;
  /** Of the last end of a trust anchor, and of the last one that is not remembered any more. */
  #anchor = 0;
  #forgotten = 0;

  constructor(limit = ENDS_REMEMBERED) {
    this.#limit = limit;
  }

  /** Now, in the order of ends: to be taken before it is looked up whether a proof is good. */
  get mark(): number {
    return this.#last;
  }

  /** A proof was found good after `mark`. */
  add(proof: SessionProof, mark: number): void {
    this.#proofs.set(proof.identity, { proof, mark });
  }

  /** The proof of an identity, unless it was ended since; undefined also when there is none. */
  current(identity: PeerIdentity): SessionProof | undefined {
    const { mark = 0, proof } = this.#proofs.get(identity) ?? {};
    if (proof === undefined || this.#forgotten > mark) return undefined;
    if (identity.kind === 'x509' && this.#anchor > mark) return undefined;
    return keysOf(identity).some((key) => (this.#ends.get(key) ?? 0) > mark) ? undefined : proof;
  }

  /** A proof is needed no more. */
  delete(identity: PeerIdentity): void {
    this.#proofs.delete(identity);
  }

  /** Identities are good no more. */
  end(end: IdentityEnd): void {
    this.#last += 1;
    if (end.type === 'anchor') {
      this.#anchor = this.#last;
      return;
    }
    const key = end.type === 'identity' ? identityKey(end.identity) : `${end.kind ?? 'all'} of ${end.endpoint}`;
    this.#ends.delete(key);
    this.#ends.set(key, this.#last);
    if (this.#ends.size <= this.#limit) return;
    const [[oldest, number] = ['', 0]] = this.#ends;
    this.#ends.delete(oldest);
    this.#forgotten = number;
  }
}

function identityKey({ kind, name }: PeerIdentity): string {
  return `${kind} ${name}`;
}

function keysOf(identity: PeerIdentity): readonly string[] {
  const { endpoint, kind } = identity;
  return [identityKey(identity), `all of ${endpoint}`, `${kind} of ${endpoint}`];
}
