/**
 * What the parts of one endpoint share: parameters, randomness, the way out, peers, duplicates, deadlines, events and
 * counters.
 */

import { Deadlines } from '#base';
import type { Peer, Random } from '#base';
import { newCounters } from './counters.js';
import type { Counters } from './counters.js';
import { DuplicateTable } from './duplicates.js';
import type { EndpointEvent, EndpointSink } from './events.js';
import type { Timed } from './lane.js';
import { spansOf } from './parameters.js';
import type { Parameters, Spans } from './parameters.js';
import { PeerTable } from './peers.js';

const POOL = 512;

/** Shared state of one endpoint. */
export class Core {
  readonly parameters: Parameters;
  readonly spans: Spans;
  readonly sink: EndpointSink;
  readonly counters: Counters = newCounters();
  readonly timers = new Deadlines<Timed>();
  readonly peers = new PeerTable();
  readonly duplicates: DuplicateTable;
  readonly #random: Random;
  #events: (EndpointEvent | undefined)[] = [];
  #nextEvent = 0;
  #pool: Uint8Array = new Uint8Array(0);
  #drawn = 0;

  constructor(parameters: Parameters, random: Random, sink: EndpointSink) {
    this.parameters = parameters;
    this.spans = spansOf(parameters);
    this.#random = random;
    this.sink = sink;
    this.duplicates = new DuplicateTable(
      {
        perPeer: parameters.duplicatesPerPeer,
        total: parameters.duplicatesTotal,
        confirmableLife: this.spans.exchangeLifetime,
        nonConfirmableLife: this.spans.nonLifetime,
      },
      this.peers,
    );
  }

  send(peer: Peer, bytes: Uint8Array): void {
    this.sink.send(peer, bytes);
  }

  emit(event: EndpointEvent): void {
    this.#events.push(event);
  }

  /** The oldest event not yet polled. */
  nextEvent(): EndpointEvent | undefined {
    if (this.#nextEvent === this.#events.length) return undefined;
    const event = this.#events[this.#nextEvent];
    this.#events[this.#nextEvent] = undefined;
    this.#nextEvent += 1;
    if (this.#nextEvent === this.#events.length) {
      this.#events.length = 0;
      this.#nextEvent = 0;
    }
    return event;
  }

  /** Fresh random bytes, drawn from the source in larger pieces. `count` is at most 64. */
  randomBytes(count: number): Uint8Array {
    if (this.#drawn + count > this.#pool.length) {
      this.#pool = this.#random.bytes(POOL);
      this.#drawn = 0;
    }
    const bytes = this.#pool.slice(this.#drawn, this.#drawn + count);
    this.#drawn += count;
    return bytes;
  }

  /** A uniform number in [0, 1). */
  fraction(): number {
    return this.#random.fraction();
  }
}
