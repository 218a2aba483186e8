/**
 * A flight: the messages one side sends before it waits for the other (RFC 6347 §4.2.4). It is kept as messages, not as
 * datagrams: when it is sent again, its records get new numbers and may be cut smaller.
 */

import { EMPTY } from '#base';

import { ContentType, HANDSHAKE_HEADER, writeFragment } from '../codec/index.js';
import type { Channel, Protection } from '../record/index.js';

/** A message of a flight; header and body of a handshake message, or the one byte of a ChangeCipherSpec. */
export interface FlightItem {
  readonly content: 'handshake' | 'change_cipher_spec';
  readonly protection: Protection;
  readonly bytes: Uint8Array;
}

/** ChangeCipherSpec (RFC 5246 §7.1). */
export const CHANGE_CIPHER_SPEC: FlightItem = Object.freeze({
  content: 'change_cipher_spec',
  protection: 'plain',
  bytes: Uint8Array.of(1),
});

/** How large what is sent may be. */
export interface FlightSizes {
  /** Bytes of UDP payload. */
  readonly mtu: number;
  /** Bytes of a record's content, as the peer asked for (RFC 6066 §4, RFC 8449). */
  readonly content: number;
}

/** Sends a flight in as few datagrams as `mtu` allows, messages that do not fit in fragments. */
export function sendFlight(
  items: readonly FlightItem[],
  channel: Channel,
  sizes: FlightSizes,
  transmit: (datagram: Uint8Array) => void,
): void {
  const packer = new Packer(channel, sizes, transmit);
  for (const item of items) {
    if (item.content === 'handshake') packer.message(item);
    else packer.record(ContentType.CHANGE_CIPHER_SPEC, item.protection, item.bytes);
  }
  packer.flush();
}

class Packer {
  readonly #channel: Channel;
  readonly #sizes: FlightSizes;
  readonly #transmit: (datagram: Uint8Array) => void;
  /** The datagram that is being filled; empty between two. */
  #out: Uint8Array = EMPTY;
  #at = 0;

  constructor(channel: Channel, sizes: FlightSizes, transmit: (datagram: Uint8Array) => void) {
    this.#channel = channel;
    this.#sizes = sizes;
    this.#transmit = transmit;
  }

  message({ bytes, protection }: FlightItem): void {
    const length = bytes.length - HANDSHAKE_HEADER;
    let offset = 0;
    do {
      const left = length - offset;
      let room = this.#room(protection) - HANDSHAKE_HEADER;
      if (room < Math.min(left, SMALLEST_FRAGMENT)) {
        this.flush();
        room = this.#room(protection) - HANDSHAKE_HEADER;
      }
      const part = Math.max(Math.min(left, room), Math.min(left, 1));
      // A whole message is its own one fragment.
      this.record(ContentType.HANDSHAKE, protection, part === length ? bytes : fragmentOf(bytes, offset, part));
      offset += part;
    } while (offset < length);
  }

  record(type: number, protection: Protection, content: Uint8Array): void {
    if (this.#at > 0 && this.#at + this.#channel.overhead(protection) + content.length > this.#sizes.mtu) this.flush();
    if (this.#at === 0) this.#out = Buffer.allocUnsafe(this.#sizes.mtu);
    this.#at =
      protection === 'plain'
        ? this.#channel.writePlain(this.#out, this.#at, type, content)
        : this.#channel.writeSealed(this.#out, this.#at, type, content);
  }

  flush(): void {
    if (this.#at === 0) return;
    this.#transmit(this.#out.subarray(0, this.#at));
    this.#out = EMPTY;
    this.#at = 0;
  }

  /** Bytes of content that still fit into this datagram. */
  #room(protection: Protection): number {
    return Math.min(this.#sizes.mtu - this.#at - this.#channel.overhead(protection), this.#sizes.content);
  }
}

function fragmentOf(message: Uint8Array, offset: number, length: number): Uint8Array {
  const fragment = new Uint8Array(HANDSHAKE_HEADER + length);
  writeFragment(fragment, 0, message, offset, length);
  return fragment;
}

/** Below this a fragment is not worth its headers while a fresh datagram can be had. */
const SMALLEST_FRAGMENT = 32;
