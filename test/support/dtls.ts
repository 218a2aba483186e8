/** DTLS endpoints on a virtual link: what each was told and what it received, as a driver would see it. */

import { plainPeer, securePeer, type Instant, type Peer } from '#base';
import { DTLS_PARAMETERS, DtlsEndpoint, nodeProvider } from '#dtls';
import type {
  Answer,
  ClientOffer,
  CryptoProvider,
  DtlsEvent,
  DtlsParameters,
  Question,
  Sent,
  ServerOffer,
} from '#dtls';
import type { LinkNode, VirtualLink } from './link.js';
import type { SeededRandom } from './random.js';

/** Answers a question, at once or (undefined) not by itself. */
export type Answerer = (question: Question) => Answer | undefined;

/** An endpoint on a link. */
export class DtlsNode implements LinkNode {
  readonly peer: Peer;
  readonly endpoint: DtlsEndpoint;
  readonly events: DtlsEvent[] = [];
  /** Application data, as latin1 text. */
  readonly received: string[] = [];
  /** What was sent, in order. */
  readonly sent: Uint8Array[] = [];
  /** Questions that nobody answered yet. */
  readonly open: Extract<DtlsEvent, { type: 'question' }>[] = [];
  /** Where its datagrams come from, behind a NAT that has changed its mind. */
  through: Peer | undefined;
  /** Who was heard from. */
  heard: Peer | undefined;
  readonly #answerer: Answerer;
  readonly #link: VirtualLink;

  constructor(
    link: VirtualLink,
    random: SeededRandom,
    address: string,
    parts: {
      readonly answer?: Answerer;
      readonly parameters?: Partial<DtlsParameters>;
      readonly provider?: CryptoProvider;
    } = {},
  ) {
    this.peer = plainPeer(0, address, 5684);
    this.#link = link;
    this.#answerer = parts.answer ?? (() => ({ is: 'refused' }));
    const parameters = { ...DTLS_PARAMETERS, ...parts.parameters };
    this.endpoint = new DtlsEndpoint(
      { parameters, random, provider: parts.provider ?? nodeProvider },
      {
        send: (_listener, to, port, bytes) => {
          this.sent.push(Uint8Array.from(bytes));
          link.send(this.through ?? this.peer, plainPeer(0, to, port), bytes);
        },
      },
    );
    link.attach(this);
  }

  serve(offer: Partial<ServerOffer> = {}): this {
    this.endpoint.serve(0, { psk: 'offered', proofs: [], clientProofs: [], ...offer });
    return this;
  }

  connect(offer: Partial<ClientOffer>): this {
    this.endpoint.connect(0, { serverProofs: [], ...offer });
    return this;
  }

  /** Sends text to a node, or to whom it was heard from. */
  say(now: Instant, to: Peer | DtlsNode, text: string): void {
    const peer = to instanceof DtlsNode ? to.peer : to;
    this.endpoint.send(now, peer, Buffer.from(text, 'latin1'), 'own');
    this.drain(now);
  }

  /** Sends text back to whom it was heard from last, as an answer. */
  reply(now: Instant, text: string): Sent {
    const sent = this.endpoint.send(now, this.heard ?? this.peer, Buffer.from(text, 'latin1'), 'answer');
    this.drain(now);
    return sent;
  }

  receive(now: Instant, from: Peer, bytes: Uint8Array): void {
    this.endpoint.handleDatagram(now, 0, from.address, from.port, bytes);
    this.drain(now);
  }

  timeout(now: Instant): void {
    this.endpoint.handleTimeout(now);
    this.drain(now);
  }

  deadline(): Instant | undefined {
    return this.endpoint.nextDeadline();
  }

  drain(now: Instant): void {
    for (let event = this.endpoint.nextEvent(); event !== undefined; event = this.endpoint.nextEvent()) {
      this.events.push(event);
      if (event.type === 'message') {
        this.heard = event.peer;
        this.received.push(Buffer.from(event.bytes).toString('latin1'));
      }
      if (event.type === 'question') {
        const answer = this.#answerer(event.ask);
        if (answer === undefined) this.open.push(event);
        else this.endpoint.answer(now, event.question, answer);
      }
    }
  }

  /** Events of one type. */
  told<T extends DtlsEvent['type']>(type: T): Extract<DtlsEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<DtlsEvent, { type: T }> => event.type === type);
  }

  /** Sends bytes past the endpoint, as an attacker at this address would. */
  inject(to: Peer | DtlsNode, bytes: Uint8Array): void {
    this.#link.send(this.peer, to instanceof DtlsNode ? to.peer : to, bytes);
  }
}

/** Identity and key of a device, and who answers for it. */
export const PSK = Object.freeze({
  identity: Buffer.from('Client_identity'),
  key: Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex'),
});

/** Knows `PSK`, whose owner is the endpoint `dev-1`. */
export const knowsPsk: Answerer = (question) =>
  question.about === 'psk' && Buffer.compare(question.identity, PSK.identity) === 0
    ? { is: 'key', key: PSK.key, owner: { kind: 'psk', name: 'Client_identity', endpoint: 'dev-1' } }
    : { is: 'refused' };

/** The peer that `dev-1` is, heard from a node. */
export function devOne({ peer }: DtlsNode): Peer {
  return securePeer(0, { kind: 'psk', name: 'Client_identity', endpoint: 'dev-1' }, peer.address, peer.port);
}
