/**
 * Answers what handshakes with devices ask, from what the fleet keeps: whose is this identity, and with which key; which
 * session may be gone on with. Ends the associations of identities that are good no more.
 */

import { createHash } from 'node:crypto';

import { EMPTY, pskIdentityText, secureKey } from '#base';
import type { Clock, Emitter, Logger, Peer, PeerIdentity, WallTime } from '#base';
import type { FailedHandshake, Fleet, IdentityEnd, SessionProof } from '#fleet';
import type { Answer, Claim, CloseReason, Place, Question, SecureHandler, Session, Stack } from '#transport';
import { CertificateAlert, type Validity, type Verdict } from '#trust';

import { Proofs } from './proofs.js';

/** Whether a chain is good under a trust anchor now. */
export interface ChainJudges {
  /** The first anchor (of those named, if any are) under which the chain is good, and what its leaf says; or why it is not. */
  judge(
    chain: readonly Uint8Array[],
    among?: readonly string[],
  ): { readonly anchor: string | undefined; readonly verdict: Verdict };
  /** Until when a certificate is good that is trusted by itself, whoever issued it; or why it is not now. */
  alone(der: Uint8Array): Validity;
  /** Whether a certificate that an identity was proven by is on a revocation list now. */
  isRevoked(identity: PeerIdentity): boolean;
  /** Told when anchors or lists are others. */
  readonly renewed: Pick<Emitter<{ readonly type: 'renewed' }>, 'on'>;
}

/** What the door stands on. */
export interface SecureDoorParts {
  readonly stack: Stack;
  readonly fleet: Fleet;
  readonly chains: ChainJudges;
  /** Where master secrets are written, if they are told at all. */
  readonly keyLog?: ((clientRandom: Uint8Array, master: Uint8Array) => void) | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How many secure listeners there are, numbered after the plain ones. */
  readonly listeners: { readonly first: number; readonly count: number };
  /** Told when an invariant breaks. */
  readonly fault: (error: unknown) => void;
}

/** The door of secure devices. */
export class SecureDoor implements SecureHandler {
  readonly #parts: SecureDoorParts;
  readonly #proofs = new Proofs();

  constructor(parts: SecureDoorParts) {
    this.#parts = parts;
    parts.fleet.handshakes.ended.on((end) => {
      this.#ended(end);
    });
    parts.chains.renewed.on(() => {
      // What is proven in a handshake under way, or was in a session, is asked about when it comes to that.
      parts.stack.endAssociations(({ identity }) => identity !== undefined && parts.chains.isRevoked(identity));
    });
  }

  ask(question: Question, _listener: number, answer: (answer: Answer) => void): void {
    if (question.about === 'session') this.#resume(question.handle, answer).catch(this.#parts.fault);
    else answer(this.#answer(question));
  }

  established({ identity, address }: Peer, kind: 'full' | 'resumed'): 'good' | 'ended' {
    if (identity === undefined) return 'good';
    const proof = this.#proofOf(identity);
    // Its session was told before; what is kept of an association at rest is kept a hundred thousand times.
    this.#proofs.delete(identity);
    const { clock, fleet, logger } = this.#parts;
    if (proof === undefined) {
      logger.info('what an identity was proven by ended before the handshake', {
        endpoint: identity.endpoint,
        address,
      });
      return 'ended';
    }
    if (kind === 'resumed') fleet.handshakes.resumed(identity.endpoint);
    const { credential } = proof;
    if (credential !== undefined) fleet.handshakes.used(identity.endpoint, credential, clock.wall());
    return 'good';
  }

  session({ identity, listener }: Peer, handle: Uint8Array, { master, serverName, suite }: Session): void {
    const proof = identity === undefined ? undefined : this.#proofOf(identity);
    if (proof === undefined) return;
    const named = serverName !== undefined && { serverName };
    this.#parts.fleet.sessions.keep({ listener, digest: digestOf(handle), suite, master, ...named }, proof);
  }

  masterSecret(clientRandom: Uint8Array, master: Uint8Array): void {
    this.#parts.keyLog?.(clientRandom, master);
  }

  closed(peer: Peer, reason: CloseReason): void {
    // A session in which a fatal alert came is not gone on with (RFC 5246 §7.2.2).
    if (reason === 'alert' && peer.identity !== undefined) this.#parts.fleet.sessions.drop(peer.identity.endpoint);
    // The one that took its place is there.
    if (reason === 'superseded') return;
    if (peer.identity !== undefined) this.#parts.fleet.sessions.left(peer.identity);
    this.#parts.fleet.parted(peer);
  }

  failed({ address, port }: Place, reason: string, claim: Claim): void {
    const { fleet, logger } = this.#parts;
    logger.debug('handshake failed', { address, reason });
    const named = whoFailed(reason, claim);
    if (named !== undefined) fleet.handshakes.failed({ ...named, address, port });
  }

  /** Whether an association from before a restart, alive at `then`, goes on; its device is there again if so. */
  takesUp(peer: Peer, then: WallTime): boolean {
    const { chains, fleet, listeners } = this.#parts;
    const { identity, listener } = peer;
    const served = listener >= listeners.first && listener < listeners.first + listeners.count;
    if (!served || identity === undefined || chains.isRevoked(identity)) return false;
    if (!fleet.handshakes.mayGoOn(identity, then)) return false;
    fleet.rejoined(peer);
    return true;
  }

  #answer(question: Exclude<Question, { about: 'session' }>): Answer {
    const { handshakes } = this.#parts.fleet;
    switch (question.about) {
      case 'psk': {
        const found = handshakes.psk(question.identity);
        if (found === undefined) return REFUSED;
        return { is: 'key', key: found.key, owner: this.#owner(found) };
      }
      case 'rawKey': {
        const found = handshakes.rawKey(fingerprintOf(question.spki));
        if (found === undefined) return UNKNOWN;
        return { is: 'good', owner: this.#owner(found) };
      }
      case 'chain':
        return this.#chain(question.chain, question.anchors);
    }
  }

  async #resume(handle: Uint8Array, answer: (answer: Answer) => void): Promise<void> {
    const { chains, fleet } = this.#parts;
    const { serverCredentials, sessions } = fleet;
    const { mark } = this.#proofs;
    const found = await sessions.find(digestOf(handle));
    const anchor = found?.proof.anchor;
    const admitted = anchor === undefined || serverCredentials.admits(found?.serverName, anchor);
    if (found === undefined || !admitted || chains.isRevoked(found.proof.identity)) {
      answer(REFUSED);
      return;
    }
    const { master, proof, serverName, suite } = found;
    this.#proofs.add(proof, mark);
    const named = serverName !== undefined && { serverName };
    answer({ is: 'session', session: { suite, master, owner: proof.identity, ...named } });
  }

  #chain(chain: readonly Uint8Array[], among: readonly string[] | undefined): Answer {
    const { chains, fleet } = this.#parts;
    const { anchor, verdict } = chains.judge(chain, among);
    if (verdict.kind === 'accepted') {
      const found = fleet.handshakes.certificate(verdict.leaf, anchor);
      if ('refused' in found) return this.#refused(verdict.leaf.fingerprint, found.refused);
      const under = anchor !== undefined && { anchor };
      const { certificates, leaf } = verdict;
      const identity = { ...found.identity, ...(certificates !== '' && { certificates }) };
      return { is: 'good', owner: this.#owner({ ...found, identity, ...under, until: leaf.notAfter }) };
    }
    const fingerprint = fingerprintOf(chain[0]);
    // A device's own entry stands for an anchor that is not there, and for nothing else that is wrong with its certificate.
    const pinned = verdict.reason === 'unknown_ca';
    const found = pinned ? fleet.handshakes.certificate({ ...NO_NAMES, fingerprint }, undefined) : undefined;
    if (found === undefined || 'refused' in found) return this.#refused(fingerprint, verdict.sentence, verdict.alert);
    const alone = chains.alone(chain[0] ?? EMPTY);
    if (alone.kind === 'refused') return this.#refused(fingerprint, alone.sentence, alone.alert);
    return { is: 'good', owner: this.#owner({ ...found, until: alone.until }) };
  }

  /** The proof of an identity, unless that is good no more. */
  #proofOf(identity: PeerIdentity): SessionProof | undefined {
    return this.#parts.chains.isRevoked(identity) ? undefined : this.#proofs.current(identity);
  }

  #refused(fingerprint: string, why: string, alert: number = CertificateAlert.certificate_unknown): Answer {
    this.#parts.logger.info('a certificate was refused', { fingerprint, why });
    return { is: 'refused', alert };
  }

  #owner(proof: Omit<SessionProof, 'since'>): PeerIdentity {
    const { anchor, credential, identity, until } = proof;
    const since = this.#parts.clock.wall();
    const under = anchor !== undefined && { anchor };
    const by = credential !== undefined && { credential };
    const ends = until !== undefined && { until };
    this.#proofs.add({ identity, since, ...under, ...by, ...ends }, this.#proofs.mark);
    return identity;
  }

  #ended(end: IdentityEnd): void {
    this.#proofs.end(end);
    const { listeners, stack } = this.#parts;
    if (end.type === 'anchor') {
      // Which anchor a chain was good under is not kept: those under another one come again with a handshake.
      stack.endAssociations(({ identity }) => identity?.kind === 'x509');
      return;
    }
    const endpoint = end.type === 'identity' ? end.identity.endpoint : end.endpoint;
    for (let number = 0; number < listeners.count; number += 1) {
      const key = secureKey(listeners.first + number, endpoint);
      const identity = stack.association(key)?.peer.identity;
      if (identity !== undefined && concerns(end, identity)) stack.endAssociation(key);
    }
  }
}

/** What people are to be told of a failed handshake; undefined when it says nothing about a device or an identity. */
function whoFailed(reason: string, claim: Claim): Omit<FailedHandshake, 'address' | 'port'> | undefined {
  const { finished, owner, pskIdentity } = claim;
  const psk = pskIdentity !== undefined && { identity: { kind: 'psk' as const, name: pskIdentityText(pskIdentity) } };
  if (owner === undefined) {
    if (psk !== false) return { reason: 'unknown_identity', ...psk };
    return reason === 'proof_refused' ? { reason } : undefined;
  }
  const { endpoint, kind, name } = owner;
  const whose = { identity: { kind, name }, endpoint };
  if (finished === 'unreadable') return { reason: psk === false ? 'finished_unreadable' : 'wrong_key', ...whose };
  // A device that only began anew is on its way.
  return reason === 'superseded' ? undefined : { reason, ...whose };
}

function concerns(end: Exclude<IdentityEnd, { type: 'anchor' }>, { kind, name }: PeerIdentity): boolean {
  if (end.type === 'identity') return end.identity.kind === kind && end.identity.name === name;
  return end.kind === undefined || end.kind === kind;
}

/** SHA-256 in hex. */
function fingerprintOf(der: Uint8Array | undefined): string {
  return createHash('sha256')
    .update(der ?? EMPTY)
    .digest('hex');
}

/** The first 128 bits of SHA-256, in hex: a handle has 256 random bits of ours, so that nobody finds another for a digest. */
function digestOf(handle: Uint8Array): string {
  return createHash('sha256').update(handle).digest('hex').slice(0, DIGEST_DIGITS);
}

const DIGEST_DIGITS = 32;
const NO_NAMES = Object.freeze({ commonNames: [], dnsNames: [], uris: [], serial: '' });
/** Unknown identity and wrong key look alike. */
const REFUSED: Answer = Object.freeze({ is: 'refused' });
const UNKNOWN: Answer = Object.freeze({ is: 'refused', alert: CertificateAlert.certificate_unknown });
