/** What the link of one device loses: the same datagrams in every run of a seed. Pure: the stack asks at each datagram. */

import { MessageType } from '#coap/codec';

import type { Faults } from './faults.js';
import { fractionOf, seedFor } from './seed.js';

/** The link of one device. */
export class Link {
  readonly #seed: number;
  readonly #loss: number;
  readonly #faults: Faults;
  #state: 'up' | 'down' = 'up';
  #drawn = 0;

  /** `loss`: share of the datagrams, 0 to 1, that are lost each way. */
  constructor(seed: number, loss: number, faults: Faults) {
    this.#seed = seedFor(seed, 'link');
    this.#loss = loss;
    this.#faults = faults;
  }

  /** While it is down nothing passes, either way. */
  turn(state: 'up' | 'down'): void {
    this.#state = state;
  }

  /** Whether a datagram, sent by the device (`out`) or to it, is lost. */
  loses(direction: 'in' | 'out', bytes: Uint8Array): boolean {
    if (this.#state === 'down') return true;
    const fraction = fractionOf(this.#seed, (this.#drawn += 1));
    return fraction < this.#loss || (direction === 'out' && isAck(bytes) && this.#faults.losesAck(fraction));
  }
}

/** Whether a datagram acknowledges something, with an answer in it or without. RFC 7252 §3. */
function isAck([first = 0]: Uint8Array): boolean {
  return ((first >> 4) & 0x03) === MessageType.ACK;
}
