/**
 * What the secure transport asks in a handshake and is told between them: whose a pre-shared key, a raw public key or a
 * certificate is, and which sessions are over because what they were made with is good no more. All from memory, at once.
 */

import {
  AppError,
  Deadlines,
  Emitter,
  Instant,
  Milliseconds,
  WallTime,
  after,
  invariant,
  pskIdentityText,
} from '#base';
import type { Clock, IdentityKind, PeerIdentity, Random } from '#base';
import { DeviceId } from '../model/index.js';
import type { CredentialRecord } from '../model/index.js';
import type { Secrets } from '../ports/index.js';
import type { Agenda, Timed } from './agenda.js';
import type { CredentialIndex } from './credential-index.js';
import type { Device } from './device.js';
import type { Directory } from './directory.js';
import type { FailedHandshake, FailedHandshakes } from './failed-handshakes.js';
import type { LastUsed } from './last-used.js';
import { nameBy } from './name-rule.js';
import type { CertificateNames } from './name-rule.js';
import { openKey, sealKey } from './seal.js';
import type { Trust } from './trust.js';

/** An identity and the credential it was proven with. */
export interface ProvenIdentity {
  readonly identity: PeerIdentity;
  /** Id of the device's credential; absent: a trust anchor admits it. */
  readonly credential?: string;
}

/** The same with the key to prove it by. */
export interface PskAnswer extends ProvenIdentity {
  readonly key: Uint8Array;
}

/**
 * Why a certificate is nobody's: no anchor of ours, no name or several by the anchor's rule, or its device has entries of
 * its own and none of them is for it.
 */
export type CertificateRefusal = 'anchor_unknown' | 'names_nobody' | 'not_of_its_device' | 'not_valid_now';

/**
 * Whose sessions, and what they could be resumed with, are over: those of one identity; those of all identities of an
 * endpoint, or of its certificates; those of all certificates under a trust anchor.
 */
export type IdentityEnd =
  | { readonly type: 'identity'; readonly identity: PeerIdentity }
  | { readonly type: 'endpoint'; readonly endpoint: string; readonly kind?: 'x509' }
  | { readonly type: 'anchor'; readonly anchor: string };

/** What handshakes stand on. */
export interface HandshakesParts {
  readonly directory: Directory;
  readonly index: CredentialIndex;
  readonly trust: Trust;
  readonly failures: FailedHandshakes;
  readonly lastUsed: LastUsed;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly random: Random;
  readonly agenda: Agenda;
}

/** Answers handshakes. */
export class Handshakes implements Timed {
  readonly ended = new Emitter<IdentityEnd>();
  readonly counters = { credentials_unreadable: 0, credentials_ended: 0 };
  readonly #parts: HandshakesParts;
  /** Ends of validity by wall time, of `endpoint id`. */
  readonly #ends = new Deadlines<string>();
  /** A credential of nobody, taken where there is none, so that the same is done with it. */
  #decoy: CredentialRecord | undefined;

  constructor(parts: HandshakesParts) {
    this.#parts = parts;
  }

  /** Ends of validity that are waited for. */
  get waiting(): number {
    return this.#ends.size;
  }

  /**
   * The key of a PSK identity and whose it is; undefined when there is none that is valid now. The same is done in either
   * case, so that the time taken does not tell.
   */
  psk(identity: Uint8Array): PskAnswer | undefined {
    const name = pskIdentityText(identity);
    const wall = this.#parts.clock.wall();
    const found = this.#find('psk', name);
    const good = found !== undefined && isValid(found.credential, wall);
    const [id, endpoint, credential] = good
      ? [found.device.id, found.device.endpoint, found.credential]
      : [NOBODY, name, this.#nobody];
    const key = this.#open(id, credential.identity, credential.sealed);
    const answer = key === undefined ? undefined : { key, ...proven(endpoint, credential) };
    return good ? answer : undefined;
  }

  /** Whose a raw public key is, by the SHA-256 of its SubjectPublicKeyInfo in hex. */
  rawKey(fingerprint: string): ProvenIdentity | undefined {
    const found = this.#find('rpk', fingerprint);
    const good = found !== undefined && isValid(found.credential, this.#parts.clock.wall());
    return good ? proven(found.device.endpoint, found.credential) : undefined;
  }

  /**
   * Whose a certificate is that was found good: under `anchor` (the id of a trust anchor), or (undefined) with none above it
   * that we know, in which case only a device's own entry for just this certificate counts.
   */
  certificate(
    facts: CertificateNames,
    anchor: string | undefined,
  ): ProvenIdentity | { readonly refused: CertificateRefusal } {
    const { trust, directory, clock } = this.#parts;
    const { fingerprint } = facts;
    const wall = clock.wall();
    const pinned = this.#find('x509', fingerprint);
    if (pinned !== undefined) {
      const { credential, device } = pinned;
      return isValid(credential, wall) ? proven(device.endpoint, credential) : { refused: 'not_valid_now' };
    }
    const trusted = anchor === undefined ? undefined : trust.anchor(anchor);
    if (trusted === undefined) return { refused: 'anchor_unknown' };
    const endpoint = nameBy(trusted.rule, facts);
    if (endpoint === undefined) return { refused: 'names_nobody' };
    const identity: PeerIdentity = { kind: 'x509', name: fingerprint, endpoint };
    const entries = (directory.byEndpoint(endpoint)?.credentials ?? []).filter(narrows);
    if (entries.length === 0) return { identity };
    const entry = entries.find((one) => one.kind === 'anchor' && one.identity === anchor);
    if (entry === undefined) return { refused: 'not_of_its_device' };
    return isValid(entry, wall) ? { identity, credential: entry.id } : { refused: 'not_valid_now' };
  }

  /**
   * Whether what was proven at `since` may be taken up again without a handshake (resumption): by a credential that is valid
   * now and has not been changed since. `anchor` as it was judged under, for a certificate that is no entry of its device:
   * a revocation list that came since may be about it, so it has to be judged anew.
   */
  isCurrent({ kind, name, endpoint }: PeerIdentity, since: WallTime, anchor?: string): boolean {
    const { trust, directory, clock } = this.#parts;
    const found = this.#find(kind, name);
    if (found !== undefined) {
      const { credential, device } = found;
      return device.endpoint === endpoint && isValid(credential, clock.wall()) && credential.createdAt <= since;
    }
    const trusted = kind !== 'x509' || anchor === undefined ? undefined : trust.anchor(anchor);
    if (trusted === undefined || trusted.createdAt > since || trust.listedSince(since)) return false;
    const entries = (directory.byEndpoint(endpoint)?.credentials ?? []).filter(narrows);
    const entry = entries.find((one) => one.kind === 'anchor' && one.identity === anchor);
    return entries.length === 0 || (entry !== undefined && isValid(entry, clock.wall()) && entry.createdAt <= since);
  }

  /** Whether an association that was alive at `then`, when nothing was wrong with what proved its peer, may go on now. */
  mayGoOn(identity: PeerIdentity, then: WallTime): boolean {
    // Under which anchor a certificate was found good is not kept with an association.
    const anchors = identity.kind === 'x509' ? this.#parts.trust.material().anchors : [];
    return this.isCurrent(identity, then) || anchors.some(({ name }) => this.isCurrent(identity, then, name));
  }

  /** A handshake succeeded with a credential of a device. */
  used(endpoint: string, credential: string, wall: WallTime): void {
    const device = this.#parts.directory.byEndpoint(endpoint);
    if (device !== undefined) this.#parts.lastUsed.note(device, credential, wall);
  }

  /** A handshake failed in which somebody was named. An identity may be a device's that is not valid now: then it says so. */
  failed(failed: FailedHandshake): void {
    const { clock, failures } = this.#parts;
    const { endpoint, identity } = failed;
    const found =
      endpoint !== undefined || identity === undefined ? undefined : this.#find(identity.kind, identity.name);
    if (found === undefined || isValid(found.credential, clock.wall())) failures.note(failed);
    else failures.note({ ...failed, reason: 'not_valid_now', endpoint: found.device.endpoint });
  }

  /** A device came with a short handshake. */
  resumed(endpoint: string): void {
    const device = this.#parts.directory.byEndpoint(endpoint);
    if (device !== undefined) device.resumptions += 1;
  }

  /** A credential is there, new or loaded: its validity is watched. */
  watch(device: Device, { id, validUntil }: CredentialRecord): void {
    const key = `${device.endpoint} ${id}`;
    if (validUntil === undefined) this.#ends.clear(key);
    else if (validUntil > this.#parts.clock.wall()) {
      this.#ends.set(key, Instant(validUntil));
      this.#parts.agenda.due(this.nextDeadline() as Instant);
    } else this.#ends.clear(key);
  }

  /** A credential is gone. */
  unwatch(endpoint: string, id: string): void {
    this.#ends.clear(`${endpoint} ${id}`);
  }

  /** What was made with a credential of a device is over. */
  end(endpoint: string, { kind, identity: name }: CredentialRecord): void {
    if (kind === 'anchor') this.tell({ type: 'endpoint', endpoint, kind: 'x509' });
    else this.tell({ type: 'identity', identity: { kind, name, endpoint } });
  }

  /** Sessions are over. */
  tell(end: IdentityEnd): void {
    this.counters.credentials_ended += 1;
    this.ended.emit(end);
  }

  tick(_now: Instant): void {
    const wall = this.#parts.clock.wall();
    for (let key = this.#ends.due(Instant(wall)); key !== undefined; key = this.#ends.due(Instant(wall))) {
      const cut = key.lastIndexOf(' ');
      const device = this.#parts.directory.byEndpoint(key.slice(0, cut));
      const credential = device?.credentials.find(({ id }) => id === key.slice(cut + 1));
      if (device === undefined || credential === undefined) continue;
      if (isValid(credential, wall)) this.watch(device, credential);
      else this.end(device.endpoint, credential);
    }
  }

  /** The calendar may jump: it is looked at again and again until the moment has come. */
  nextDeadline(): Instant | undefined {
    const earliest = this.#ends.earliest();
    if (earliest === undefined) return undefined;
    const { clock } = this.#parts;
    const span = Math.min(Math.max(earliest - clock.wall(), 0), LOOK_AGAIN);
    return after(clock.now(), Milliseconds(span));
  }

  #find(
    kind: IdentityKind,
    name: string,
  ): { readonly device: Device; readonly credential: CredentialRecord } | undefined {
    const { index, directory } = this.#parts;
    const endpoint = index.ownerOf(kind, name);
    // Looked up and through in either case, which takes as long.
    const device = directory.byEndpoint(endpoint ?? name);
    const credentials = endpoint === undefined ? [this.#nobody] : (device?.credentials ?? []);
    const credential = credentials.find((one) => one.kind === kind && one.identity === name);
    if (endpoint === undefined || device?.phase !== 'present' || credential === undefined) return undefined;
    return { device, credential };
  }

  #open(device: DeviceId, identity: string, sealed: string | undefined): Uint8Array | undefined {
    invariant(sealed !== undefined, 'a pre-shared key is sealed');
    try {
      return openKey(this.#parts.secrets, device, identity, sealed);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.counters.credentials_unreadable += 1;
      return undefined;
    }
  }

  get #nobody(): CredentialRecord {
    if (this.#decoy !== undefined) return this.#decoy;
    const { random, secrets } = this.#parts;
    const identity = 'nobody';
    const sealed = sealKey(secrets, NOBODY, identity, random.bytes(DECOY_BYTES));
    this.#decoy = { id: identity, kind: 'psk', identity, sealed, createdAt: WallTime(0) };
    return this.#decoy;
  }
}

/** Whether a credential is valid at a moment. */
export function isValid({ validFrom, validUntil }: CredentialRecord, wall: WallTime): boolean {
  return (validFrom === undefined || validFrom <= wall) && (validUntil === undefined || wall < validUntil);
}

/** Whether a credential says which certificates are good for its device. */
export function narrows({ kind }: CredentialRecord): boolean {
  return kind === 'x509' || kind === 'anchor';
}

function proven(endpoint: string, { id, identity: name, kind }: CredentialRecord): ProvenIdentity {
  invariant(kind !== 'anchor', 'a trust anchor is no identity');
  return { identity: { kind, name, endpoint }, credential: id };
}

/** The owner of the decoy: no device has this id. */
const NOBODY = DeviceId('0'.repeat(32));
const DECOY_BYTES = 16;
const LOOK_AGAIN = 60_000;
