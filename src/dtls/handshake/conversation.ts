/**
 * What both sides of a handshake do alike: put messages in order, hash them, number and send flights, send a flight again
 * when no answer comes, and keep the last one for a peer that did not get it (RFC 6347 §4.2).
 */

import { after, Milliseconds, type Instant } from '#base';

import { handshakeMessage } from '../codec/index.js';
import type { CryptoProvider, HashName, Transcript } from '../crypto/index.js';
import type { DtlsParameters } from '../policy/index.js';
import type { Channel, Protection } from '../record/index.js';
import { CHANGE_CIPHER_SPEC, sendFlight, type FlightItem } from './flight.js';

/** What a conversation stands on. */
export interface ConversationParts {
  readonly parameters: DtlsParameters;
  readonly provider: CryptoProvider;
  readonly channel: Channel;
  /** Sends a datagram to where the handshake is held. */
  readonly transmit: (datagram: Uint8Array) => void;
}

/** The flights and the transcript of one handshake. */
export class Conversation {
  readonly #parts: ConversationParts;
  /** message_seq of our next message. */
  #sequence: number;
  #transcript: Transcript | undefined;
  /** Whole messages, for hashing with a hash that is not known yet and for signatures over them (RFC 5246 §7.4.8). */
  #messages: Uint8Array[] | undefined = [];
  #flight: FlightItem[] = [];
  #state: 'building' | 'waiting' | 'last' = 'building';
  #interval: Milliseconds;
  #again: Instant | undefined;
  #sent = 0;
  #content = Number.POSITIVE_INFINITY;

  constructor(parts: ConversationParts, sequence: number) {
    this.#parts = parts;
    this.#sequence = sequence;
    this.#interval = parts.parameters.retransmission;
  }

  /** When the flight is to be sent again. */
  get deadline(): Instant | undefined {
    return this.#again;
  }

  /** Limits the content of records, as the peer asked for. */
  limitContent(bytes: number): void {
    this.#content = bytes;
  }

  /** The hash is known: what was said so far goes into it, and everything from now on. */
  hash(name: HashName): void {
    this.#transcript = this.#parts.provider.transcript(name);
    for (const message of this.#messages ?? []) this.#transcript.update(message);
  }

  /** Nothing will be signed over the messages themselves: they need not be kept. */
  forgetMessages(): void {
    this.#messages = undefined;
  }

  /** Begins the transcript anew: the first hello and its answer do not count (RFC 6347 §4.2.1). */
  restart(): void {
    this.#messages = [];
  }

  /** Takes a message of the peer into the transcript. */
  heard(bytes: Uint8Array): void {
    this.#transcript?.update(bytes);
    this.#messages?.push(bytes);
  }

  /** Hash of all messages so far. */
  digest(): Uint8Array {
    return (this.#transcript as Transcript).digest();
  }

  /** All messages so far. */
  messages(): Uint8Array {
    return Buffer.concat(this.#messages ?? []);
  }

  /** Adds a message of ours to the flight and the transcript. */
  say(type: number, body: Uint8Array, protection: Protection = 'plain'): void {
    const bytes = handshakeMessage(type, this.#sequence, body);
    this.#sequence += 1;
    this.heard(bytes);
    this.#add({ content: 'handshake', protection, bytes });
  }

  /** Adds a ChangeCipherSpec to the flight. */
  change(): void {
    this.#add(CHANGE_CIPHER_SPEC);
  }

  /** Sends the flight; an `answered` one is sent again until something of the answer comes, a `last` one when it is asked for. */
  flush(now: Instant, kind: 'answered' | 'last'): void {
    this.#transmit();
    this.#interval = this.#parts.parameters.retransmission;
    this.#state = kind === 'last' ? 'last' : 'waiting';
    this.#again = kind === 'last' ? undefined : after(now, this.#interval);
  }

  /** The peer sent its last flight again: ours did not reach it. */
  repeat(now: Instant): void {
    if (this.#state === 'building') return;
    this.#sent += 1;
    this.#transmit();
    if (this.#state === 'waiting') this.#again = after(now, this.#interval);
  }

  /** Sends the flight again when its time has come, and waits twice as long. */
  handleTimeout(now: Instant): void {
    if (this.#again === undefined || now < this.#again) return;
    this.#sent += 1;
    this.#interval = Milliseconds(Math.min(this.#interval * 2, this.#parts.parameters.longestRetransmission));
    this.#again = after(now, this.#interval);
    this.#transmit();
  }

  /** The answer has begun, or nothing is to be sent again any more. */
  rest(): void {
    this.#again = undefined;
  }

  #add(item: FlightItem): void {
    if (this.#state !== 'building') {
      this.#flight = [];
      this.#state = 'building';
      this.#again = undefined;
    }
    this.#flight.push(item);
  }

  #transmit(): void {
    const { channel, parameters, transmit } = this.#parts;
    // A peer that answers nothing may be behind a path that carries less than we believe.
    const mtu = this.#sent < FEW_TRIES ? parameters.mtu : Math.min(parameters.mtu, CAUTIOUS_MTU);
    sendFlight(this.#flight, channel, { mtu, content: this.#content }, transmit);
  }
}

const FEW_TRIES = 2;
/** Bytes of UDP payload that about every path carries (RFC 6347 §4.1.1.1 asks for smaller records after repeated loss). */
const CAUTIOUS_MTU = 508;
