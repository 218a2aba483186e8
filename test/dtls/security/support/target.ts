/** An endpoint under attack, without a network: datagrams from any address go in, and what it sends comes back at once. */

import { Instant, type Random } from '#base';
import { DTLS_PARAMETERS, DtlsEndpoint, nodeProvider } from '#dtls';
import type { Answer, CryptoProvider, DtlsEvent, DtlsParameters, Question, ServerOffer } from '#dtls';
import { knowsPsk } from '../../../support/dtls.js';
import { SeededRandom } from '../../../support/random.js';

/** A datagram that the endpoint sent. */
export interface Reply {
  readonly address: string;
  readonly port: number;
  readonly bytes: Uint8Array;
}

/** What a target is made of; the rest is as in service. */
export interface TargetParts {
  readonly answer?: (question: Question) => Answer | undefined;
  readonly parameters?: Partial<DtlsParameters>;
  readonly provider?: CryptoProvider;
  readonly random?: Random;
  readonly offer?: Partial<ServerOffer>;
  /** `by_hand`: nobody who waits has a turn before `turn` is called. */
  readonly turns?: 'at_once' | 'by_hand';
}

/** A server. */
export class Target {
  readonly endpoint: DtlsEndpoint;
  now = Instant(1_000_000);
  /** How often each kind of event was told. */
  readonly told: Record<string, number> = {};
  /** Application data that was delivered, as latin1 text. */
  readonly delivered: string[] = [];
  /** Sessions that were made. */
  readonly sessions: Extract<DtlsEvent, { type: 'session' }>[] = [];
  /** Ports whose handshakes failed, and why. */
  readonly failures: { readonly port: number; readonly reason: string }[] = [];
  readonly #answer: (question: Question) => Answer | undefined;
  readonly #turns: 'at_once' | 'by_hand';
  #replies: Reply[] = [];

  constructor({
    answer = knowsPsk,
    parameters,
    provider = nodeProvider,
    random,
    offer,
    turns = 'at_once',
  }: TargetParts = {}) {
    this.#answer = answer;
    this.#turns = turns;
    this.endpoint = new DtlsEndpoint(
      { parameters: { ...DTLS_PARAMETERS, ...parameters }, provider, random: random ?? new SeededRandom(7) },
      {
        send: (_listener, address, port, bytes) => {
          this.#replies.push({ address, port, bytes: Uint8Array.from(bytes) });
        },
      },
    );
    this.endpoint.serve(0, { psk: 'offered', proofs: [], clientProofs: [], ...offer });
  }

  /** Takes a datagram; gives what is sent because of it. */
  take(address: string, port: number, datagram: Uint8Array): readonly Reply[] {
    this.endpoint.handleDatagram(this.now, 0, address, port, datagram);
    const replies = this.drain();
    return this.#turns === 'at_once' && this.waiting > 0 ? [...replies, ...this.pass(0)] : replies;
  }

  /** How many wait for a turn. */
  get waiting(): number {
    return this.endpoint.gauges()['ecdhe_waiting'] ?? 0;
  }

  /** Comes back to the endpoint once, as a shell does after the datagrams that are there; gives what is sent because of it. */
  turn(): readonly Reply[] {
    this.endpoint.handleTimeout(this.now);
    return this.drain();
  }

  /** Lets `span` milliseconds pass, deadline by deadline; gives what is sent meanwhile. */
  pass(span: number): readonly Reply[] {
    const end = this.now + span;
    const sent: Reply[] = [];
    for (;;) {
      const deadline = this.endpoint.nextDeadline();
      if (deadline === undefined || deadline > end) break;
      this.now = Instant(Math.max(this.now, deadline));
      this.endpoint.handleTimeout(this.now);
      sent.push(...this.drain());
    }
    this.now = Instant(end);
    return sent;
  }

  /** Takes note of events, answers questions; gives what was sent since the last time. */
  drain(): readonly Reply[] {
    for (let event = this.endpoint.nextEvent(); event !== undefined; event = this.endpoint.nextEvent()) {
      this.told[event.type] = (this.told[event.type] ?? 0) + 1;
      if (event.type === 'message') this.delivered.push(Buffer.from(event.bytes).toString('latin1'));
      if (event.type === 'session') this.sessions.push(event);
      if (event.type === 'handshakeFailed') this.failures.push({ port: event.port, reason: event.reason });
      if (event.type === 'question') {
        const answer = this.#answer(event.ask);
        if (answer !== undefined) this.endpoint.answer(this.now, event.question, answer);
      }
    }
    const replies = this.#replies;
    this.#replies = [];
    return replies;
  }

  /** How many of an event were told. */
  count(type: DtlsEvent['type']): number {
    return this.told[type] ?? 0;
  }

  /** All that is held, as one number: 0 when nothing is left. */
  held(): number {
    return heldBy(this.endpoint);
  }
}

/** The sum of all gauges. */
export function heldBy(endpoint: DtlsEndpoint): number {
  return Object.values(endpoint.gauges()).reduce((sum, value) => sum + value, 0);
}
