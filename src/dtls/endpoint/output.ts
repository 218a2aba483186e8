/** What an endpoint gives out: datagrams, events, counts. */

import type { FragmentOutcome } from '../handshake/index.js';
import type { DtlsEvent } from './events.js';

/** Where datagrams go. */
export interface DtlsSink {
  /** The bytes are not used again by the endpoint. */
  send(listener: number, address: string, port: number, bytes: Uint8Array): void;
}

/** An address of a peer as seen by one of our listeners. */
export interface Place {
  readonly listener: number;
  readonly address: string;
  readonly port: number;
}

/** The outputs of one endpoint. */
export class Output {
  readonly counters: Record<string, number> = {
    hellos: 0,
    cookies_wrong: 0,
    handshakes: 0,
    established: 0,
    retransmitted_by_peer: 0,
  };
  readonly #sink: DtlsSink;
  #events: DtlsEvent[] = [];
  #next = 0;

  constructor(sink: DtlsSink) {
    this.#sink = sink;
  }

  send({ address, listener, port }: Place, datagram: Uint8Array): void {
    this.#sink.send(listener, address, port, datagram);
  }

  tell(event: DtlsEvent): void {
    this.#events.push(event);
  }

  /** The next event that was told. */
  next(): DtlsEvent | undefined {
    const event = this.#events[this.#next];
    if (event === undefined) return undefined;
    this.#next += 1;
    if (this.#next === this.#events.length) {
      this.#events = [];
      this.#next = 0;
    }
    return event;
  }

  /** Something was done. */
  count(name: string, times = 1): void {
    if (times > 0) this.counters[name] = (this.counters[name] ?? 0) + times;
  }

  /** A record or message was dropped. */
  drop(reason: string): void {
    this.count(`dropped_${reason}`);
  }

  /** A fragment was taken, or not. */
  fragment(outcome: FragmentOutcome | 'message_unexpected'): void {
    if (outcome === 'old') this.count('retransmitted_by_peer');
    else if (outcome !== 'kept') this.drop(outcome);
  }
}
