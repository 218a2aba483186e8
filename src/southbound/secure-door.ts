/**
 * Answers what handshakes with devices ask, from what the fleet keeps: whose is this identity, and with which key. Ends the
 * associations of identities that are good no more.
 */

import { createHash } from 'node:crypto';

import { EMPTY, secureKey, type Clock, type Logger, type Peer, type PeerIdentity } from '#base';
import type { Fleet, IdentityEnd, ProvenIdentity } from '#fleet';
import type { Answer, CloseReason, Question, SecureHandler, Stack } from '#transport';
import { CertificateAlert, type Verdict } from '#trust';

/** Whether a chain is good under a trust anchor now. */
export interface ChainJudges {
  /** The first anchor under which the chain is good, and what its leaf says; or why it is not under any. */
  judge(chain: readonly Uint8Array[]): { readonly anchor: string | undefined; readonly verdict: Verdict };
}

/** What the door stands on. */
export interface SecureDoorParts {
  readonly stack: Stack;
  readonly fleet: Fleet;
  readonly chains: ChainJudges;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How many secure listeners there are, numbered after the plain ones. */
  readonly listeners: { readonly first: number; readonly count: number };
}

/** The door of secure devices. */
export class SecureDoor implements SecureHandler {
  readonly #parts: SecureDoorParts;
  /** Which credential an identity was proven with, until it is written down as used. */
  readonly #credentials = new WeakMap<PeerIdentity, string>();

  constructor(parts: SecureDoorParts) {
    this.#parts = parts;
    parts.fleet.handshakes.ended.on((end) => {
      this.#ended(end);
    });
  }

  ask(question: Question, _listener: number, answer: (answer: Answer) => void): void {
    answer(this.#answer(question));
  }

  established({ identity }: Peer): void {
    const credential = identity === undefined ? undefined : this.#credentials.get(identity);
    if (identity === undefined || credential === undefined) return;
    const { clock, fleet } = this.#parts;
    fleet.handshakes.used(identity.endpoint, credential, clock.wall());
  }

  closed(peer: Peer, reason: CloseReason): void {
    // The one that took its place is there.
    if (reason !== 'superseded') this.#parts.fleet.parted(peer);
  }

  failed({ address }: { readonly address: string }, reason: string): void {
    this.#parts.logger.debug('handshake failed', { address, reason });
  }

  #answer(question: Question): Answer {
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
        return this.#chain(question.chain);
      case 'session':
        return REFUSED;
    }
  }

  #chain(chain: readonly Uint8Array[]): Answer {
    const { chains, fleet, logger } = this.#parts;
    const { anchor, verdict } = chains.judge(chain);
    const facts = verdict.kind === 'accepted' ? verdict.leaf : { ...NO_NAMES, fingerprint: fingerprintOf(chain[0]) };
    const found = fleet.handshakes.certificate(facts, anchor);
    if (!('refused' in found)) return { is: 'good', owner: this.#owner(found) };
    const why = verdict.kind === 'refused' ? verdict.sentence : found.refused;
    logger.info('a certificate was refused', { fingerprint: facts.fingerprint, why });
    return { is: 'refused', alert: verdict.kind === 'refused' ? verdict.alert : CertificateAlert.certificate_unknown };
  }

  #owner({ credential, identity }: ProvenIdentity): PeerIdentity {
    if (credential !== undefined) this.#credentials.set(identity, credential);
    return identity;
  }

  #ended(end: IdentityEnd): void {
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

const NO_NAMES = Object.freeze({ commonNames: [], dnsNames: [], uris: [], serial: '' });
/** Unknown identity and wrong key look alike. */
const REFUSED: Answer = Object.freeze({ is: 'refused' });
const UNKNOWN: Answer = Object.freeze({ is: 'refused', alert: CertificateAlert.certificate_unknown });
