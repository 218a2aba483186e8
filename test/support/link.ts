/**
 * A virtual network in virtual time: nodes send datagrams to each other over one link with delay, loss, duplication and
 * reordering drawn from a seeded source. It does what the transport does in real life: one input, drain, next deadline.
 */

import type { Instant } from '#base';
import type { Peer, PeerKey } from '#base';
import type { VirtualClock } from './clock.js';
import type { SeededRandom } from './random.js';

/** Something at an address. */
export interface LinkNode {
  readonly peer: Peer;
  receive(now: Instant, from: Peer, bytes: Uint8Array): void;
  timeout(now: Instant): void;
  deadline(): Instant | undefined;
}

/** How bad the link is; probabilities from 0 to 1, delays in milliseconds. */
export interface LinkConditions {
  readonly loss: number;
  readonly duplicate: number;
  /** Share of datagrams that take the long delay and so arrive late. */
  readonly reorder: number;
  readonly delay: readonly [least: number, most: number];
  readonly longDelay: readonly [least: number, most: number];
}

/** A link that loses nothing and takes 10 ms. */
export const CLEAN: LinkConditions = {
  loss: 0,
  duplicate: 0,
  reorder: 0,
  delay: [10, 10],
  longDelay: [10, 10],
};

interface Datagram {
  readonly at: number;
  readonly order: number;
  readonly from: Peer;
  readonly to: Peer;
  readonly bytes: Uint8Array;
}

/** Carries datagrams between the nodes attached to it. */
export class VirtualLink {
  readonly #clock: VirtualClock;
  readonly #random: SeededRandom;
  readonly #nodes = new Map<PeerKey, LinkNode>();
  readonly #flying: Datagram[] = [];
  #order = 0;
  conditions: LinkConditions;
  /** Datagrams handed to the link, and lost by it. */
  sent = 0;
  lost = 0;

  constructor(clock: VirtualClock, random: SeededRandom, conditions: LinkConditions = CLEAN) {
    this.#clock = clock;
    this.#random = random;
    this.conditions = conditions;
  }

  attach(node: LinkNode): void {
    this.#nodes.set(node.peer.key, node);
  }

  /** Takes a copy of a datagram on its way. */
  send(from: Peer, to: Peer, bytes: Uint8Array): void {
    const { loss, duplicate } = this.conditions;
    this.sent += 1;
    const copies = this.#random.chance(duplicate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      if (this.#random.chance(loss)) this.lost += 1;
      else this.#fly(from, to, Uint8Array.from(bytes));
    }
  }

  /** Runs until nothing happens any more before `end`, or `done` says so. Whether `done` did. */
  run(end: number, done: () => boolean = () => false): boolean {
    while (!done()) {
      const next = this.#next(end);
      if (next === undefined) {
        this.#clock.moveTo(end);
        return false;
      }
      this.#clock.moveTo(next.at);
      next.run(this.#clock.now());
    }
    return true;
  }

  #next(end: number): { at: number; run: (now: Instant) => void } | undefined {
    const datagram = this.#flying[0];
    let best: { at: number; run: (now: Instant) => void } | undefined;
    if (datagram !== undefined && datagram.at <= end) best = { at: datagram.at, run: () => this.#arrive() };
    for (const node of this.#nodes.values()) {
      const deadline = node.deadline();
      if (deadline !== undefined && deadline <= end && deadline < (best?.at ?? Infinity)) {
        best = { at: deadline, run: (now) => node.timeout(now) };
      }
    }
    return best;
  }

  #arrive(): void {
    const datagram = this.#flying.shift();
    if (datagram === undefined) return;
    this.#nodes.get(datagram.to.key)?.receive(this.#clock.now(), datagram.from, datagram.bytes);
  }

  #fly(from: Peer, to: Peer, bytes: Uint8Array): void {
    const { reorder, delay, longDelay } = this.conditions;
    const [least, most] = this.#random.chance(reorder) ? longDelay : delay;
    const at = this.#clock.now() + least + this.#random.fraction() * (most - least);
    this.#order += 1;
    const datagram: Datagram = { at, order: this.#order, from, to, bytes };
    let place = this.#flying.length;
    while (place > 0 && (this.#flying[place - 1] as Datagram).at > at) place -= 1;
    this.#flying.splice(place, 0, datagram);
  }
}
