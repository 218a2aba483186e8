/**
 * The drain loop: one datagram (or one timeout, or one command) goes into the endpoints, everything they say is handed on,
 * one timer is armed for their earliest deadline, and only then comes the next. One CoAP endpoint serves all listeners; in
 * front of the secure ones stands one DTLS endpoint.
 */

import { plainPeer } from '#base';
import type { Clock, Instant, Logger, Milliseconds, Peer, PeerKey, Random } from '#base';
import {
  UdpEndpoint,
  type EndpointEvent,
  type ExchangeId,
  type NotificationId,
  type ObservedRequest,
  type OutgoingRequest,
  type OutgoingResponse,
  type Parameters,
  type RelationId,
  type RequestId,
} from '#coap/endpoint';
import type { AssociationView, DtlsParameters } from '#dtls';

import { isSameHost } from './own-addresses.js';
import { Secure, type SecureHandler, type Security } from './secure.js';
import { UdpSocket, type BoundAddress, type UdpOptions } from './udp.js';
import { Wakeup } from './wakeup.js';

/** Takes what the endpoint says. Runs inside the drain loop: it may call the stack, must not throw, and must not block. */
export interface RequestHandler {
  handle(event: EndpointEvent, now: Instant): void;
}

/** Sees every CoAP message that arrives (before it is looked at) or leaves: on a secure listener what its records carry. */
export type DatagramHook = (direction: 'in' | 'out', peer: Peer, bytes: Uint8Array) => void;

/**
 * A link that changes what it carries, for tools of testers: which datagrams take the place of one that leaves or arrives;
 * none when it is lost. Must not change the bytes it is given.
 */
export interface DatagramLink {
  out(bytes: Uint8Array): readonly Uint8Array[];
  in(bytes: Uint8Array): readonly Uint8Array[];
}

/** What a stack is made of. */
export interface StackOptions {
  readonly parameters: Parameters;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** An error left the endpoint or the handler: a fault of ours. The datagram is lost, the stack goes on. */
  readonly fault: (error: unknown) => void;
  /** A link that loses datagrams, for simulated devices: whether this one is lost. Lost ones are counted. */
  readonly loses?: (direction: 'in' | 'out', bytes: Uint8Array) => boolean;
  /** What lies between the endpoint and the sockets, for tools of testers; the hook sees what is on the wire. */
  readonly link?: DatagramLink;
  /** Makes secure listeners possible. */
  readonly dtls?: DtlsParameters;
}

/** All sockets of one side and the endpoint behind them. */
export class Stack {
  readonly endpoint: UdpEndpoint;
  readonly #options: StackOptions;
  readonly #sockets: UdpSocket[] = [];
  readonly #ownPorts = new Set<number>();
  readonly #secure: Secure | undefined;
  readonly #counters: Record<string, number> = {
    datagrams_in: 0,
    datagrams_out: 0,
    dropped_source_port_0: 0,
    dropped_source_not_unicast: 0,
    dropped_own_address: 0,
    send_errors: 0,
  };
  #handler: RequestHandler | undefined;
  #hook: DatagramHook | undefined;
  #draining: 'yes' | 'no' = 'no';
  readonly #wakeup = new Wakeup(() => {
    this.#timeout();
  });

  constructor(options: StackOptions) {
    this.#options = options;
    this.endpoint = new UdpEndpoint(options.parameters, options.random, {
      send: (peer, bytes) => {
        this.#send(peer, bytes);
      },
      proven: () => {
        this.#secure?.proven();
      },
    });
    const { clock, dtls, random } = options;
    if (dtls !== undefined) {
      this.#secure = new Secure(dtls, random, clock, {
        transmit: (place, bytes, failed) => {
          this.#transmit(place, bytes, failed);
        },
        arrived: (peer, bytes, now) => {
          this.#arrived(peer, bytes, now);
        },
        renewed: (peer) => {
          this.endpoint.renewPeer(peer.key);
        },
        unreachable: (peer, now) => {
          this.endpoint.handleSendError(now, peer);
        },
        run: (command) => {
          this.#run(command);
        },
      });
    }
  }

  /** Who takes requests, responses and notifications. Set before the first listener is opened. */
  serve(handler: RequestHandler): void {
    this.#handler = handler;
  }

  /** Who answers the questions of secure listeners. Set before the first of them is opened. */
  serveSecure(handler: SecureHandler): void {
    this.#secure?.serve(handler);
  }

  /** Sets or (undefined) removes the hook on which traces stand. */
  watch(hook: DatagramHook | undefined): void {
    this.#hook = hook;
  }

  /**
   * Opens one more listener; its number is how many there were before. Rejects with AppError(`listener_unavailable`).
   * `security`: for a secure one; there has to be `dtls` among the options.
   */
  async listen(options: UdpOptions, security?: Security): Promise<BoundAddress> {
    const number = this.#sockets.length;
    if (security !== undefined) this.#secure?.open(number, security);
    const socket = await UdpSocket.bind(options, {
      received: (bytes, address, port) => {
        this.#received(number, bytes, address, port);
      },
      dropped: (reason) => {
        this.#count(`dropped_${reason}`);
      },
      failed: (error) => {
        this.#count('send_errors');
        this.#options.logger.warn('udp socket error', { listener: number, error: error.message });
      },
    });
    this.#sockets.push(socket);
    this.#ownPorts.add(socket.bound.port);
    return socket.bound;
  }

  /** Where the listeners are bound, in order. */
  bound(): readonly BoundAddress[] {
    return this.#sockets.map((socket) => socket.bound);
  }

  /** Sends a request of ours; the outcome comes as an event with the returned id. */
  request(request: OutgoingRequest): RequestId {
    const now = this.#options.clock.now();
    const id = this.endpoint.request(now, request);
    this.#drain(now);
    return id;
  }

  cancel(request: RequestId): void {
    this.#run((now) => {
      this.endpoint.cancel(now, request);
    });
  }

  respond(exchange: ExchangeId, response: OutgoingResponse): void {
    const now = this.#options.clock.now();
    this.endpoint.respond(now, exchange, response);
    this.#drain(now);
  }

  ignore(exchange: ExchangeId): void {
    this.#run((now) => {
      this.endpoint.ignore(now, exchange);
    });
  }

  acknowledge(notification: NotificationId): void {
    const now = this.#options.clock.now();
    this.endpoint.acknowledge(now, notification);
    this.#drain(now);
  }

  reject(notification: NotificationId): void {
    this.#run((now) => {
      this.endpoint.reject(now, notification);
    });
  }

  leave(notification: NotificationId): void {
    this.#run((now) => {
      this.endpoint.leave(now, notification);
    });
  }

  restoreObservation(token: Uint8Array, peer: Peer, request: ObservedRequest): void {
    this.endpoint.restoreObservation(token, peer, request);
  }

  forgetObservation(token: Uint8Array): void {
    this.endpoint.forgetObservation(token);
  }

  movePeer(from: PeerKey, to: Peer): void {
    this.#run((now) => {
      this.endpoint.movePeer(now, from, to);
    });
  }

  dropPeer(peer: PeerKey): void {
    this.#run((now) => {
      this.endpoint.dropPeer(now, peer);
    });
  }

  limitPeer(peer: Peer, bytes: number): void {
    const now = this.#options.clock.now();
    this.endpoint.limitPeer(now, peer, bytes);
    this.#drain(now);
  }

  provePeer(peer: Peer): void {
    const now = this.#options.clock.now();
    this.endpoint.provePeer(now, peer);
    this.#drain(now);
  }

  notify(relation: RelationId, response: OutgoingResponse & { readonly confirmable: 'con' | 'non' }): void {
    this.#run((now) => {
      this.endpoint.notify(now, relation, response);
    });
  }

  feed(body: number, offset: number, bytes: Uint8Array): void {
    this.#run((now) => {
      this.endpoint.feed(now, body, offset, bytes);
    });
  }

  failBody(body: number): void {
    this.#run((now) => {
      this.endpoint.failBody(now, body);
    });
  }

  /** Sends a datagram that the endpoint and the link hear nothing of, for tools of testers; the hook sees it. */
  sendPast(peer: Peer, bytes: Uint8Array): void {
    this.#depart(peer, bytes);
  }

  /** Gives the secure associations for `adopt` of one stack after this one; nothing secure is sent or taken any more. */
  retire(): Uint8Array | undefined {
    return this.#secure?.retire();
  }

  /**
   * Goes on with the associations of a stack that retired `rested` ago, as long as `wanted` says so of their peers. To be called once for
   * what `retire` gave, before the first listener is opened. Throws DecodeError.
   */
  adopt(snapshot: Uint8Array, rested: Milliseconds, wanted: (peer: Peer) => boolean): void {
    this.#secure?.adopt(snapshot, rested, wanted);
  }

  /** Ends the secure association with a peer; whether there was one. */
  endAssociation(peer: PeerKey): boolean {
    return this.#secure?.drop(peer) ?? false;
  }

  /** Ends the secure associations with all peers of which `test` says so. */
  endAssociations(test: (peer: Peer) => boolean): void {
    this.#secure?.dropWhere(test);
  }

  /** What people are shown of the secure association with a peer. */
  association(peer: PeerKey): AssociationView | undefined {
    return this.#secure?.describe(peer);
  }

  /** What a secure listener offers changes; associations go on. */
  secureWith(listener: number, security: Security): void {
    this.#secure?.open(listener, security);
  }

  /** Counters of the sockets and of the CoAP endpoint, by name. */
  counters(): Readonly<Record<string, number>> {
    return { ...this.#counters, ...this.endpoint.counters };
  }

  /** Counters of the DTLS endpoint, by name. */
  secureCounters(): Readonly<Record<string, number>> {
    return this.#secure?.counters() ?? {};
  }

  /** Gauges of the DTLS endpoint, by name. */
  secureGauges(): Readonly<Record<string, number>> {
    return this.#secure?.gauges() ?? {};
  }

  /** Closes every listener; nothing is sent or received afterwards. */
  async close(): Promise<void> {
    this.#wakeup.stop();
    await Promise.all(this.#sockets.splice(0).map((socket) => socket.close()));
  }

  #received(listener: number, bytes: Buffer, address: string, port: number): void {
    this.#counters['datagrams_in'] = (this.#counters['datagrams_in'] ?? 0) + 1;
    if (this.#ownPorts.has(port) && this.#isOwn(address, port)) {
      this.#count('dropped_own_address');
      return;
    }
    if (this.#options.loses?.('in', bytes) === true) {
      this.#count('lost_in');
      return;
    }
    const now = this.#options.clock.now();
    try {
      if (this.#secure?.has(listener) === true) this.#secure.handleDatagram(now, listener, address, port, bytes);
      else this.#arrived(plainPeer(listener, address, port), bytes, now);
    } catch (error) {
      this.#options.fault(error);
    }
    this.#drain(now);
  }

  /** A CoAP message came, by itself or out of a record. */
  #arrived(peer: Peer, bytes: Uint8Array, now: Instant): void {
    this.#hook?.('in', peer, bytes);
    const { link } = this.#options;
    if (link === undefined) this.endpoint.handleDatagram(now, peer, bytes);
    else for (const carried of link.in(bytes)) this.endpoint.handleDatagram(now, peer, carried);
  }

  #send(peer: Peer, bytes: Uint8Array): void {
    const { link } = this.#options;
    if (link === undefined) this.#depart(peer, bytes);
    else for (const carried of link.out(bytes)) this.#depart(peer, carried);
  }

  /** A CoAP message leaves, by itself or in a record. */
  #depart(peer: Peer, bytes: Uint8Array): void {
    this.#hook?.('out', peer, bytes);
    // Only a message that waits for an answer (CON: type bits 0) is worth a callback of its own.
    const failed = ((bytes[0] as number) & TYPE_MASK) === 0 ? this.#failure(peer) : undefined;
    if (this.#secure?.has(peer.listener) === true) this.#secure.send(peer, bytes, failed);
    else this.#transmit(peer, bytes, failed);
  }

  #transmit(
    place: { readonly listener: number; readonly address: string; readonly port: number },
    bytes: Uint8Array,
    failed?: (error: Error | null) => void,
  ): void {
    this.#counters['datagrams_out'] = (this.#counters['datagrams_out'] ?? 0) + 1;
    if (this.#options.loses?.('out', bytes) === true) {
      this.#count('lost_out');
      return;
    }
    this.#sockets[place.listener]?.send(bytes, place.address, place.port, failed);
  }

  #failure(peer: Peer): (error: Error | null) => void {
    return (error) => {
      if (error === null) return;
      this.#count('send_errors');
      this.#run((now) => {
        this.endpoint.handleSendError(now, peer);
      });
    };
  }

  #run(command: (now: Instant) => void): void {
    const now = this.#options.clock.now();
    command(now);
    this.#drain(now);
  }

  #drain(now: Instant): void {
    if (this.#draining === 'yes') return;
    this.#draining = 'yes';
    const handler = this.#handler;
    do {
      for (let event = this.endpoint.nextEvent(); event !== undefined; event = this.endpoint.nextEvent()) {
        try {
          handler?.handle(event, now);
        } catch (error) {
          this.#options.fault(error);
        }
      }
    } while (this.#drainSecure(now) === 'something');
    this.#draining = 'no';
    this.#wakeup.by(this.endpoint.nextDeadline(), now);
    this.#wakeup.by(this.#secure?.nextDeadline(), now);
  }

  #drainSecure(now: Instant): 'something' | 'nothing' {
    try {
      return this.#secure?.drain(now) ?? 'nothing';
    } catch (error) {
      this.#options.fault(error);
      return 'something';
    }
  }

  #timeout(): void {
    const now = this.#options.clock.now();
    try {
      this.endpoint.handleTimeout(now);
      this.#secure?.handleTimeout(now);
    } catch (error) {
      this.#options.fault(error);
    }
    this.#drain(now);
  }

  #isOwn(address: string, port: number): boolean {
    return this.#sockets.some((socket) => socket.bound.port === port && isSameHost(socket.bound.address, address));
  }

  #count(name: string): void {
    this.#counters[name] = (this.#counters[name] ?? 0) + 1;
  }
}

const TYPE_MASK = 0x30;
