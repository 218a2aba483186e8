/** What tests of the endpoint share: one endpoint driven by literal bytes in virtual time, and an endpoint as a node of the virtual link. */

import { fromHex, Instant, plainPeer, toHex } from '#base';
import type { Peer } from '#base';
import { parametersWith, UdpEndpoint } from '#coap/endpoint';
import type { EndpointEvent, Parameters } from '#coap/endpoint';
import { VirtualClock } from '../../support/clock.js';
import type { LinkNode, VirtualLink } from '../../support/link.js';
import { SeededRandom } from '../../support/random.js';

export type EventOf<Type extends EndpointEvent['type']> = Extract<EndpointEvent, { type: Type }>;

export const DEVICE = plainPeer(0, '192.0.2.1', 5_683);
export const OTHER = plainPeer(0, '192.0.2.2', 5_683);

/** One endpoint; what it sends is a list of hex strings, what it says a list of events. */
export class Script {
  readonly clock = new VirtualClock();
  readonly endpoint: UdpEndpoint;
  readonly datagrams: { readonly at: number; readonly to: Peer; readonly hex: string }[] = [];
  #taken = 0;

  constructor(values: Partial<Parameters> = {}, seed = 1) {
    this.endpoint = new UdpEndpoint(parametersWith(values), new SeededRandom(seed), {
      send: (to, bytes) => {
        this.datagrams.push({ at: this.clock.now(), to, hex: toHex(bytes) });
      },
    });
  }

  get now(): Instant {
    return this.clock.now();
  }

  /** A datagram comes, as hex. */
  receive(hex: string, from: Peer = DEVICE): void {
    this.endpoint.handleDatagram(this.now, from, fromHex(hex));
  }

  /** Lets time pass, with every deadline on its moment. */
  pass(span: number): void {
    const end = this.now + span;
    for (;;) {
      const deadline = this.endpoint.nextDeadline();
      if (deadline === undefined || deadline > end) break;
      this.clock.moveTo(deadline);
      this.endpoint.handleTimeout(this.now);
    }
    this.clock.moveTo(end);
  }

  /** Events since the last call. */
  events(): EndpointEvent[] {
    const events: EndpointEvent[] = [];
    for (let event = this.endpoint.nextEvent(); event !== undefined; event = this.endpoint.nextEvent())
      events.push(event);
    return events;
  }

  /** Types of the events since the last call. */
  types(): string[] {
    return this.events().map((event) => event.type);
  }

  /** The one event of a type among those since the last call. */
  event<Type extends EndpointEvent['type']>(type: Type): EventOf<Type> {
    const found = this.events().filter((event): event is EventOf<Type> => event.type === type);
    if (found.length !== 1) throw new Error(`${found.length} events of type ${type}`);
    return found[0] as EventOf<Type>;
  }

  /** Datagrams sent since the last call, as hex. */
  sent(): string[] {
    const hex = this.datagrams.slice(this.#taken).map((datagram) => datagram.hex);
    this.#taken = this.datagrams.length;
    return hex;
  }

  /** The one datagram sent since the last call. */
  one(): string {
    const sent = this.sent();
    if (sent.length !== 1) throw new Error(`${sent.length} datagrams sent: ${sent.join(' ')}`);
    return sent[0] as string;
  }

  /** The gauges that are not 0. */
  alive(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.endpoint.gauges()).filter(([, value]) => value !== 0));
  }
}

/** An endpoint on the virtual link; `handle` takes its events. */
export class EndpointNode implements LinkNode {
  readonly peer: Peer;
  readonly endpoint: UdpEndpoint;
  readonly #handle: (event: EndpointEvent, now: Instant, endpoint: UdpEndpoint) => void;

  constructor(
    link: VirtualLink,
    peer: Peer,
    random: SeededRandom,
    handle: (event: EndpointEvent, now: Instant, endpoint: UdpEndpoint) => void,
    values: Partial<Parameters> = {},
  ) {
    this.peer = peer;
    this.#handle = handle;
    this.endpoint = new UdpEndpoint(parametersWith(values), random, {
      send: (to, bytes) => {
        link.send(peer, to, bytes);
      },
    });
    link.attach(this);
  }

  receive(now: Instant, from: Peer, bytes: Uint8Array): void {
    this.endpoint.handleDatagram(now, from, bytes);
    this.drain(now);
  }

  timeout(now: Instant): void {
    this.endpoint.handleTimeout(now);
    this.drain(now);
  }

  deadline(): Instant | undefined {
    return this.endpoint.nextDeadline();
  }

  /** Hands on all events. */
  drain(now: Instant): void {
    for (let event = this.endpoint.nextEvent(); event !== undefined; event = this.endpoint.nextEvent()) {
      this.#handle(event, now, this.endpoint);
    }
  }
}

/** Things an application does later, on the virtual link's time. */
export class Agenda implements LinkNode {
  readonly peer = plainPeer(9, 'agenda', 0);
  #entries: { readonly at: number; readonly action: (now: Instant) => void }[] = [];

  constructor(link: VirtualLink) {
    link.attach(this);
  }

  add(at: number, action: (now: Instant) => void): void {
    this.#entries.push({ at, action });
    this.#entries.sort((left, right) => left.at - right.at);
  }

  receive(): void {
    throw new Error('nobody sends to an agenda');
  }

  timeout(now: Instant): void {
    while ((this.#entries[0]?.at ?? Infinity) <= now) this.#entries.shift()?.action(now);
  }

  deadline(): Instant | undefined {
    const first = this.#entries[0];
    return first === undefined ? undefined : Instant(first.at);
  }
}
