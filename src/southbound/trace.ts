/**
 * Traces: every datagram between the server and one device, as it stands on the wire, for people who look for a fault and
 * for conformance runs. While nobody follows a device nothing is looked at.
 *
 * A datagram belongs to the device that is registered at its address, and on a secure listener to the one whose identity was
 * proven. A device that is followed and not registered yet,
 * or that comes from a new address, is known by its Register, or by the location it names; what then goes to and fro with
 * that address belongs to it too, until another device registers from there.
 */

import { encodeUtf8, type Peer, type PeerKey, type WallTime } from '#base';
import { Code, OptionNumber, decodeMessage, describeMessage, isMalformed } from '#coap/codec';
import type { MessageDescription } from '#coap/codec';
import type { DatagramHook } from '#transport';

/** An address and a port. */
export interface Place {
  readonly address: string;
  readonly port: number;
}

/** A datagram that was seen. */
export interface TracedDatagram {
  readonly at: WallTime;
  /** in: from the device. */
  readonly direction: 'in' | 'out';
  readonly address: string;
  readonly port: number;
  /** Address and port of the listener, as the device reaches it. */
  readonly local: Place;
  readonly bytes: Uint8Array;
  readonly decoded: MessageDescription;
}

/** What traces stand on. */
export interface TraceParts {
  /** Sets or removes the hook of the stack. */
  readonly watch: (hook: DatagramHook | undefined) => void;
  /** Endpoint name of the device that is registered at an address. */
  readonly endpointAt: (peer: PeerKey) => string | undefined;
  /** Endpoint name of the device whose registration has a location. */
  readonly endpointOf: (location: string) => string | undefined;
  /** Where a peer at an address reaches a listener; asked once for each. */
  readonly reachedAt: (listener: number, address: string) => Place | undefined;
  readonly wall: () => WallTime;
}

type Listener = (datagram: TracedDatagram) => void;

/** One device that is followed. */
interface Followed {
  /** As `Message.text` gives a query of it: one character a byte. */
  readonly query: string;
  readonly listeners: Set<Listener>;
  /** Addresses it was known at by what it said, the newest last. */
  readonly addresses: PeerKey[];
  /** Where it reaches the listener it was last seen at, from where it was seen. */
  reached?: { readonly listener: number; readonly from: string; readonly place: Place };
}

/** All traces of one server. */
export class Traces {
  readonly #parts: TraceParts;
  readonly #followed = new Map<string, Followed>();

  constructor(parts: TraceParts) {
    this.#parts = parts;
  }

  /** Tells `listener` of every datagram from and to the device until the returned function is called. */
  follow(endpoint: string, listener: Listener): () => void {
    const followed = this.#followed.get(endpoint) ?? {
      query: `ep=${String.fromCharCode(...encodeUtf8(endpoint))}`,
      listeners: new Set(),
      addresses: [],
    };
    followed.listeners.add(listener);
    this.#followed.set(endpoint, followed);
    this.#parts.watch(this.#see);
    return () => {
      followed.listeners.delete(listener);
      if (followed.listeners.size > 0 || this.#followed.get(endpoint) !== followed) return;
      this.#followed.delete(endpoint);
      if (this.#followed.size === 0) this.#parts.watch(undefined);
    };
  }

  readonly #see = (direction: 'in' | 'out', peer: Peer, bytes: Uint8Array): void => {
    const followed = this.#ownerOf(direction, peer, bytes);
    if (followed === undefined) return;
    const datagram: TracedDatagram = {
      at: this.#parts.wall(),
      direction,
      address: peer.address,
      port: peer.port,
      local: this.#reached(followed, peer),
      bytes,
      decoded: describeMessage(bytes),
    };
    for (const listener of followed.listeners) listener(datagram);
  };

  #reached(followed: Followed, { address, listener }: Peer): Place {
    const { reached } = followed;
    if (reached?.listener === listener && reached.from === address) return reached.place;
    const place = this.#parts.reachedAt(listener, address) ?? UNKNOWN;
    followed.reached = { listener, from: address, place };
    return place;
  }

  #ownerOf(direction: 'in' | 'out', { identity, key }: Peer, bytes: Uint8Array): Followed | undefined {
    if (identity !== undefined) return this.#followed.get(identity.endpoint);
    const named = direction === 'in' ? this.#namedBy(bytes) : undefined;
    if (named !== undefined) {
      learn(named, key);
      return named;
    }
    const registered = this.#parts.endpointAt(key);
    if (registered !== undefined) return this.#followed.get(registered);
    for (const followed of this.#followed.values()) if (followed.addresses.includes(key)) return followed;
    return undefined;
  }

  /** The device that a request to the registration interface is about. */
  #namedBy(bytes: Uint8Array): Followed | undefined {
    const message = decodeMessage(bytes);
    if (isMalformed(message) || message.text(OptionNumber.URI_PATH, 0) !== 'rd') return undefined;
    if (message.code !== Code.POST && message.code !== Code.DELETE) return undefined;
    const segments = message.count(OptionNumber.URI_PATH);
    if (segments === 2) {
      const endpoint = this.#parts.endpointOf(message.text(OptionNumber.URI_PATH, 1));
      return endpoint === undefined ? undefined : this.#followed.get(endpoint);
    }
    if (segments !== 1) return undefined;
    const queries = message.count(OptionNumber.URI_QUERY);
    for (const followed of this.#followed.values()) {
      for (let index = 0; index < queries; index += 1)
        if (message.text(OptionNumber.URI_QUERY, index) === followed.query) return followed;
    }
    return undefined;
  }
}

function learn(followed: Followed, peer: PeerKey): void {
  const { addresses } = followed;
  const known = addresses.indexOf(peer);
  if (known >= 0) addresses.splice(known, 1);
  else if (addresses.length >= MOST_ADDRESSES) addresses.shift();
  addresses.push(peer);
}

/** Of a listener that is closed already. */
const UNKNOWN: Place = Object.freeze({ address: '0.0.0.0', port: 0 });
/** Addresses of one device that are remembered. */
const MOST_ADDRESSES = 8;
