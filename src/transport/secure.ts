/**
 * What stands before the CoAP endpoint on secure listeners: the DTLS endpoint, driven by the stack's loop. Messages that it
 * delivers go up, what CoAP sends goes down through it, and its questions go to whoever knows keys.
 */

import { plainPeer } from '#base';
import type { Clock, Instant, Milliseconds, Peer, PeerKey, Random } from '#base';
import { DtlsEndpoint, nodeProvider } from '#dtls';
import type {
  Answer,
  AssociationView,
  Claim,
  ClientOffer,
  CloseReason,
  DtlsParameters,
  Question,
  ServerOffer,
  Session,
} from '#dtls';

/** How a listener is secured: as the server of devices, or as a client of servers. */
export type Security =
  { readonly role: 'server'; readonly offer: ServerOffer } | { readonly role: 'client'; readonly offer: ClientOffer };

/** Who knows keys and identities, and is told of associations. Must not throw. */
export interface SecureHandler {
  /** A question; `answer` may be called at once or later, once. */
  ask(question: Question, listener: number, answer: (answer: Answer) => void): void;
  /** A peer has proven who it is; `ended`: what it proved that by is good no more, and the association is not to be. */
  established?(peer: Peer, kind: 'full' | 'resumed', now: Instant): 'good' | 'ended';
  /** A session was made, to be found by its handle when a question asks for it; it takes the place of the peer's last one. */
  session?(peer: Peer, handle: Uint8Array, session: Session): void;
  /** The master secret of a handshake, with the random of its hello; only with the parameter that asks for it. */
  masterSecret?(clientRandom: Uint8Array, master: Uint8Array): void;
  /** An association is over. */
  closed?(peer: Peer, reason: CloseReason, now: Instant): void;
  /** A handshake came to nothing. `reason` is a stable word; nothing in `claim` was proven. */
  failed?(place: Place, reason: string, claim: Claim, now: Instant): void;
}

/** An address as seen by one listener. */
export interface Place {
  readonly listener: number;
  readonly address: string;
  readonly port: number;
}

/** What the stack does for it. */
export interface Below {
  transmit(place: Place, bytes: Uint8Array, failed?: (error: Error | null) => void): void;
  arrived(peer: Peer, bytes: Uint8Array, now: Instant): void;
  renewed(peer: Peer): void;
  /** Nothing can be sent to a peer now. */
  unreachable(peer: Peer, now: Instant): void;
  /** Does something and drains. */
  run(command: (now: Instant) => void): void;
}

/** The DTLS side of a stack. */
export class Secure {
  readonly #endpoint: DtlsEndpoint;
  readonly #clock: Clock;
  readonly #below: Below;
  readonly #listeners = new Map<number, Security['role']>();
  #handler: SecureHandler | undefined;
  /** Where an error of the socket is told, while a record is on its way out. */
  #failed: ((error: Error | null) => void) | undefined;
  /** Whose message is being handled, while it is. */
  #arriving: Peer | undefined;
  /** Peers whose association was ended as soon as it was there. */
  readonly #refused = new WeakSet<Peer>();
  /** Peers to which something was to be sent and could not. */
  #unreachable: Peer[] = [];

  constructor(parameters: DtlsParameters, random: Random, clock: Clock, below: Below) {
    this.#clock = clock;
    this.#below = below;
    this.#endpoint = new DtlsEndpoint(
      { parameters, random, provider: nodeProvider },
      {
        send: (listener, address, port, bytes) => {
          this.#below.transmit({ listener, address, port }, bytes, this.#failed);
        },
      },
    );
  }

  serve(handler: SecureHandler): void {
    this.#handler = handler;
  }

  /** A listener is secure from now on, or offers something else. */
  open(listener: number, security: Security): void {
    this.#listeners.set(listener, security.role);
    if (security.role === 'server') this.#endpoint.serve(listener, security.offer);
    else this.#endpoint.connect(listener, security.offer);
  }

  /** Whether a listener is secure. */
  has(listener: number): boolean {
    return this.#listeners.has(listener);
  }

  handleDatagram(now: Instant, listener: number, address: string, port: number, bytes: Uint8Array): void {
    this.#endpoint.handleDatagram(now, listener, address, port, bytes);
  }

  /** Sends a CoAP message in a record. */
  send(peer: Peer, bytes: Uint8Array, failed?: (error: Error | null) => void): void {
    this.#failed = failed;
    const sent = this.#endpoint.send(this.#clock.now(), peer, bytes, isRequest(bytes) ? 'own' : 'answer');
    this.#failed = undefined;
    if (failed !== undefined && (sent === 'no_association' || sent === 'too_long')) this.#unreachable.push(peer);
  }

  /** The message at hand gave back what was sent to its peer alone. */
  proven(): void {
    if (this.#arriving !== undefined) this.#endpoint.acknowledged(this.#arriving);
  }

  retire(): Uint8Array {
    return this.#endpoint.retire(this.#clock.now());
  }

  adopt(snapshot: Uint8Array, rested: Milliseconds, wanted: (peer: Peer) => boolean): void {
    this.#endpoint.adopt(this.#clock.now(), snapshot, rested, wanted);
  }

  drop(peer: PeerKey): boolean {
    let dropped = false;
    this.#below.run(() => {
      dropped = this.#endpoint.drop(peer);
    });
    return dropped;
  }

  dropWhere(test: (peer: Peer) => boolean): void {
    this.#below.run(() => {
      this.#endpoint.dropWhere(test);
    });
  }

  describe(peer: PeerKey): AssociationView | undefined {
    return this.#endpoint.describe(peer);
  }

  handleTimeout(now: Instant): void {
    this.#endpoint.handleTimeout(now);
  }

  nextDeadline(): Instant | undefined {
    return this.#endpoint.nextDeadline();
  }

  counters(): Readonly<Record<string, number>> {
    return this.#endpoint.counters;
  }

  gauges(): Readonly<Record<string, number>> {
    return this.#endpoint.gauges();
  }

  /** Hands on one thing that happened; whether there was one. */
  drain(now: Instant): 'something' | 'nothing' {
    const lost = this.#unreachable.pop();
    if (lost !== undefined) {
      this.#below.unreachable(lost, now);
      return 'something';
    }
    const event = this.#endpoint.nextEvent();
    if (event === undefined) return 'nothing';
    switch (event.type) {
      case 'message':
        // What came right behind the Finished.
        if (this.#refused.has(event.peer)) break;
        this.#arriving = event.peer;
        this.#below.arrived(event.peer, event.bytes, now);
        this.#arriving = undefined;
        break;
      case 'question': {
        const { ask, listener, question } = event;
        this.#handler?.ask(ask, listener, (answer) => {
          this.#below.run((then) => {
            this.#endpoint.answer(then, question, answer);
          });
        });
        break;
      }
      case 'session':
        this.#handler?.session?.(event.peer, event.handle, event.session);
        break;
      case 'masterSecret':
        this.#handler?.masterSecret?.(event.clientRandom, event.master);
        break;
      case 'moved':
        // CoAP tells peers by their keys, and the address of the next message is the new one.
        break;
      case 'established':
        this.#below.renewed(event.peer);
        if (this.#handler?.established?.(event.peer, event.kind, now) === 'ended') {
          this.#refused.add(event.peer);
          this.#endpoint.drop(event.peer.key);
        }
        break;
      case 'closed':
        if (event.reason !== 'superseded') this.#unreachable.push(event.peer);
        this.#handler?.closed?.(event.peer, event.reason, now);
        break;
      case 'handshakeFailed':
        // What a client has to say to this server cannot be said.
        if (this.#listeners.get(event.listener) === 'client')
          this.#unreachable.push(plainPeer(event.listener, event.address, event.port));
        this.#handler?.failed?.(event, event.reason, event.claim, now);
        break;
    }
    return 'something';
  }
}

/** A request has a code of class 0 that is not 0.00 (RFC 7252 §3). */
function isRequest(bytes: Uint8Array): boolean {
  const code = bytes[1] as number;
  return code !== 0 && code < FIRST_RESPONSE;
}

const FIRST_RESPONSE = 0x40;
