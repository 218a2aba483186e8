/**
 * Sessions that devices may go on with by a short handshake, also after the server was killed. They are in the store alone,
 * sealed, and looked up there by a digest of their handle. Whether one may be gone on with is judged when it is asked for: by
 * the calendar, and by what it was proven with, which must be as good as it was then.
 */

import { AppError, WallTime } from '#base';
import type { Clock, Milliseconds, PeerIdentity } from '#base';
import type { SessionRecord } from '../model/index.js';
import type { FleetStore, Secrets } from '../ports/index.js';
import type { Device } from './device.js';
import type { Directory } from './directory.js';
import { FirstSessions } from './first-sessions.js';
import type { Handshakes, IdentityEnd, ProvenIdentity } from './handshakes.js';
import { openSession, sealSession } from './session-seal.js';
import type { SessionSecrets } from './session-seal.js';

/** A session that was just made. */
export interface NewSession {
  /** Number of the listener it was made on. */
  readonly listener: number;
  /** 32 hex digits of a digest of its handle. */
  readonly digest: string;
  /** Number of the suite. */
  readonly suite: number;
  /** 48 bytes. */
  readonly master: Uint8Array;
  /** Host name of the handshake. */
  readonly serverName?: string;
}

/** By what its peer proved who it is, and when. */
export interface SessionProof extends ProvenIdentity {
  /** Id of the trust anchor, for a certificate that is good under one. */
  readonly anchor?: string;
  readonly since: WallTime;
  /** When the certificate ends. */
  readonly until?: WallTime;
}

/** A session that may be gone on with. */
export interface FoundSession {
  readonly suite: number;
  readonly master: Uint8Array;
  readonly serverName?: string;
  readonly proof: SessionProof;
}

/** What sessions stand on. */
export interface SessionsParts {
  readonly store: FleetStore;
  readonly secrets: Secrets;
  readonly directory: Directory;
  readonly handshakes: Handshakes;
  readonly clock: Clock;
  /** How long a session may be gone on with; 0: none is kept. */
  readonly lifetime: Milliseconds;
}

/** All sessions. */
export class Sessions {
  /** `unknown` to `unavailable`: why a session that was asked for is not gone on with. */
  readonly counters = {
    sessions_kept: 0,
    sessions_not_kept: 0,
    sessions_dropped: 0,
    sessions_not_dropped: 0,
    sessions_found: 0,
    sessions_unknown: 0,
    sessions_expired: 0,
    sessions_ended: 0,
    sessions_unreadable: 0,
    sessions_unavailable: 0,
  };
  readonly #parts: SessionsParts;
  readonly #first = new FirstSessions<{ readonly session: NewSession; readonly proof: SessionProof }>();
  /** Sessions on their way to the store, and questions on their way back. */
  #writing = 0;
  #asking = 0;

  constructor(parts: SessionsParts) {
    this.#parts = parts;
    parts.handshakes.ended.on((end) => {
      this.#ended(end);
    });
  }

  /** How much is under way. */
  gauges(): Record<string, number> {
    return { sessions_writing: this.#writing, sessions_asked: this.#asking, sessions_held: this.#first.size };
  }

  /**
   * Keeps a session in the place of the device's last one on that listener: sealed at once, written behind, nobody waits.
   * One of a device that is not known yet, and that a trust anchor admits, is held until it registers; one whose proof is good no
   * more is not kept.
   */
  keep(session: NewSession, proof: SessionProof): void {
    const { directory, lifetime } = this.#parts;
    const { anchor, credential, identity } = proof;
    const admitted = anchor !== undefined && credential === undefined && lifetime > 0;
    if (admitted && directory.byEndpoint(identity.endpoint) === undefined) {
      this.#first.hold({ session, proof });
      return;
    }
    const record = this.#record(session, proof);
    if (record === undefined) {
      this.counters.sessions_not_kept += 1;
      return;
    }
    this.#writing += 1;
    this.#written(this.#parts.store.keepSession(record), 'kept');
  }

  /** A device has registered: if that is the first that is known of it, its session can be kept now. */
  registered(device: Device): void {
    const held = this.#first.take(device);
    if (held !== undefined) this.keep(held.session, held.proof);
  }

  /** The association of an identity is over. */
  left(identity: PeerIdentity): void {
    this.#first.left(identity);
  }

  /** The session whose handle has that digest, if it may be gone on with now. Never rejects. */
  async find(digest: string): Promise<FoundSession | undefined> {
    this.#asking += 1;
    try {
      const record = await this.#parts.store.session(digest);
      if (record === undefined) this.counters.sessions_unknown += 1;
      return record === undefined ? undefined : this.#judged(record);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.counters.sessions_unavailable += 1;
      return undefined;
    } finally {
      this.#asking -= 1;
    }
  }

  /** The sessions of an endpoint may not be gone on with any more. */
  drop(endpoint: string): void {
    this.#first.drop(endpoint);
    const device = this.#parts.directory.byEndpoint(endpoint);
    // Those of a device that is gone have gone with it.
    if (device === undefined || this.#parts.lifetime === 0) return;
    this.#writing += 1;
    this.#written(this.#parts.store.dropSessions(device.id), 'dropped');
  }

  #record(session: NewSession, proof: SessionProof): SessionRecord | undefined {
    const { clock, directory, handshakes, lifetime, secrets } = this.#parts;
    const { digest, listener, master, serverName, suite } = session;
    const { anchor, credential, identity, since, until } = proof;
    const device = directory.byEndpoint(identity.endpoint);
    if (lifetime === 0 || device?.phase !== 'present' || !handshakes.isCurrent(identity, since, anchor))
      return undefined;
    const ends = clock.wall() + lifetime;
    const expires = WallTime(until === undefined ? ends : Math.min(ends, until));
    const owner = {
      ...identity,
      ...(serverName !== undefined && { serverName }),
      ...(credential !== undefined && { credential }),
      ...(anchor !== undefined && { anchor }),
      ...{ since, expires },
    };
    try {
      const sealed = sealSession(secrets, device.id, digest, { suite, master, owner });
      return { digest, device: device.id, listener, expires, sealed };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return undefined;
    }
  }

  #judged(record: SessionRecord): FoundSession | undefined {
    const session = this.#opened(record);
    if (session === undefined) return undefined;
    const { clock, directory, handshakes, lifetime } = this.#parts;
    const { anchor, certificates, credential, endpoint, expires, kind, name, serverName, since } = session.owner;
    const wall = clock.wall();
    // A lifetime that was made shorter since counts for the sessions of before, too.
    if (wall >= expires || wall >= since + lifetime) {
      this.counters.sessions_expired += 1;
      return undefined;
    }
    const identity: PeerIdentity = { kind, name, endpoint, ...(certificates !== undefined && { certificates }) };
    const device = directory.byEndpoint(endpoint);
    const there = device?.id === record.device && device.phase === 'present';
    if (!there || !handshakes.isCurrent(identity, since, anchor)) {
      this.counters.sessions_ended += 1;
      if (there) this.drop(endpoint);
      return undefined;
    }
    this.counters.sessions_found += 1;
    return {
      suite: session.suite,
      master: session.master,
      ...(serverName !== undefined && { serverName }),
      proof: {
        identity,
        since,
        ...(credential !== undefined && { credential }),
        ...(anchor !== undefined && { anchor }),
      },
    };
  }

  #opened({ device, digest, sealed }: SessionRecord): SessionSecrets | undefined {
    try {
      return openSession(this.#parts.secrets, device, digest, sealed);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.counters.sessions_unreadable += 1;
      return undefined;
    }
  }

  /** Sessions under a trust anchor are found ended when they are asked for: which there are is not known. */
  #ended(end: IdentityEnd): void {
    // One that is held is judged when its device registers.
    if (end.type !== 'anchor') this.drop(end.type === 'identity' ? end.identity.endpoint : end.endpoint);
  }

  #written(writing: Promise<void>, what: 'kept' | 'dropped'): void {
    writing.then(
      () => {
        this.#writing -= 1;
        this.counters[`sessions_${what}`] += 1;
      },
      () => {
        this.#writing -= 1;
        this.counters[`sessions_not_${what}`] += 1;
      },
    );
  }
}
