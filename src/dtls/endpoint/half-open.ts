/**
 * A handshake under way, and what waits for it: records that came while a question is open, and what a client wants to say
 * as soon as there is an association.
 */

import { EMPTY, type PeerIdentity } from '#base';

import type { Answer, ClientHandshake, Question, ServerHandshake } from '../handshake/index.js';
import type { Claim, QuestionId } from './events.js';
import type { Place } from './output.js';

/** A handshake under way. */
export class HalfOpen {
  readonly place: Place;
  /** The same as one text (placeOf), by which it is found. */
  readonly at: string;
  readonly handshake: ServerHandshake | ClientHandshake;
  /** The Connection ID we ask for; empty when we ask for none. */
  readonly cid: Uint8Array;
  question: QuestionId | undefined;
  #pskIdentity: Uint8Array | undefined;
  #owner: PeerIdentity | undefined;
  #finished: Claim['finished'] = 'not_read';
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #waiting: Uint8Array[] = [];

  constructor(place: Place, at: string, handshake: ServerHandshake | ClientHandshake, cid: Uint8Array = EMPTY) {
    this.place = place;
    this.at = at;
    this.handshake = handshake;
    this.cid = cid;
  }

  /** Whether records of epoch 1 are expected by now. */
  get keyed(): boolean {
    return this.handshake.state === 'finished';
  }

  /** Something is asked about the peer. */
  asked(question: Question): void {
    if (question.about === 'psk') this.#pskIdentity = question.identity;
  }

  /** What was asked is answered. */
  answered(answer: Answer): void {
    this.#owner = ownerIn(answer);
  }

  /** A handshake record under the keys could not be opened. */
  unreadable(): void {
    this.#finished = 'unreadable';
  }

  /** What is known of the peer, proven or not. */
  get claim(): Claim {
    const [pskIdentity, owner] = [this.#pskIdentity, this.#owner];
    return {
      ...(pskIdentity !== undefined && { pskIdentity }),
      ...(owner !== undefined && { owner }),
      finished: this.#finished,
    };
  }

  /** Whether its Connection ID stands at `at`. */
  bearsCid(bytes: Uint8Array, at: number): boolean {
    return this.cid.every((byte, index) => byte === bytes[at + index]);
  }

  /** Keeps a copy of a record until the question is answered. */
  hold(record: Uint8Array, most: number): 'kept' | 'too_many' {
    if (this.#heldBytes + record.length > most) return 'too_many';
    this.#heldBytes += record.length;
    this.#held.push(new Uint8Array(record));
    return 'kept';
  }

  /** What was held, in order; nothing is held afterwards. */
  release(): readonly Uint8Array[] {
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    return held;
  }

  /** Keeps what is to be sent as soon as there is an association; of too much the oldest goes. */
  wait(bytes: Uint8Array): void {
    if (this.#waiting.length === MOST_WAITING) this.#waiting.shift();
    this.#waiting.push(bytes);
  }

  /** What waits to be sent, in order. */
  waiting(): readonly Uint8Array[] {
    return this.#waiting;
  }
}

function ownerIn(answer: Answer): PeerIdentity | undefined {
  switch (answer.is) {
    case 'key':
    case 'good':
      return answer.owner;
    case 'session':
      return answer.session.owner;
    case 'refused':
      return undefined;
  }
}

const MOST_WAITING = 16;
