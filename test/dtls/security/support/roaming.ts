/**
 * A device with a Connection ID that changes its address, its server, and whoever stands between: who proved to be where,
 * and how many bytes went to a place that had not, is written down apart from both.
 */

import { EMPTY, plainPeer, toHex, type Instant, type Peer } from '#base';
import type { CryptoProvider, DtlsParameters } from '#dtls';
import { ContentType, ROUTABILITY_COOKIE, RoutabilityType } from '#dtls/codec';
import { VirtualClock } from '../../../support/clock.js';
import { devOne, DtlsNode, knowsPsk, PSK } from '../../../support/dtls.js';
import { VirtualLink, type LinkNode } from '../../../support/link.js';
import type { SeededRandom } from '../../../support/random.js';
import { cheapProvider } from './cheap-provider.js';

/** A place that is not the device's first one. What comes there is kept; at an open one it reaches the device too. */
export class Path implements LinkNode {
  readonly peer: Peer;
  readonly seen: Uint8Array[] = [];
  /** The device is behind it, or somebody who did not ask for anything. */
  open = true;
  readonly #device: DtlsNode;

  constructor(address: string, device: DtlsNode) {
    this.peer = plainPeer(0, address, 40_001);
    this.#device = device;
  }

  receive(now: Instant, from: Peer, bytes: Uint8Array): void {
    this.seen.push(bytes);
    if (this.open) this.#device.receive(now, from, bytes);
  }

  timeout(): void {
    // It has none.
  }

  deadline(): undefined {
    return undefined;
  }
}

/** Device and server in virtual time. */
export class Roaming {
  readonly clock = new VirtualClock();
  readonly link: VirtualLink;
  readonly server: DtlsNode;
  readonly device: DtlsNode;
  /** What the device said. */
  readonly said: string[] = [];
  /** Datagrams of the device since the handshake. */
  readonly recorded: Uint8Array[] = [];
  /** Where each challenge went, by its cookie, and when. */
  readonly challenges = new Map<string, { readonly at: number; readonly place: string }>();
  /** How often the device answered each. */
  readonly responses = new Map<string, number>();
  /** Type that the device's next answers have instead of theirs. */
  mangled: number | undefined;
  moves = 0;
  /** Bytes to the unproven place that got most for what came from it, as a ratio. */
  worst = 0;
  #home: string;
  #sealed: string | undefined;
  #events = 0;
  /** Bytes from and to each place while it is not the device's. */
  readonly #bytes = new Map<string, { from: number; to: number }>();
  readonly #wait: number;

  constructor(random: SeededRandom, parameters: Partial<DtlsParameters> = {}) {
    this.#wait = parameters.routabilityWait ?? 1000;
    this.link = new VirtualLink(this.clock, random);
    this.server = new DtlsNode(this.link, random, '192.0.2.1', {
      answer: knowsPsk,
      provider: this.#provider('server'),
      parameters,
    }).serve();
    this.device = new DtlsNode(this.link, random, '198.51.100.7', { provider: this.#provider('device') });
    this.device.connect({ psk: PSK, cid: EMPTY });
    this.#home = placeOf(this.device.peer);
    this.say('hello');
    this.run(500);
    const receive = this.server.receive.bind(this.server);
    this.server.receive = (now, from, bytes) => {
      if (placeOf(from) !== this.#home) this.#at(from).from += bytes.length;
      receive(now, from, bytes);
      this.#look();
    };
    const send = this.link.send.bind(this.link);
    this.link.send = (from, to, bytes) => {
      this.#sent(from, to, bytes);
      send(from, to, bytes);
    };
  }

  run(span: number): void {
    this.link.run(this.clock.now() + span);
  }

  /** The device says something, from where it is. */
  say(text: string): void {
    this.said.push(text);
    this.device.say(this.clock.now(), this.server.peer, text);
  }

  /** The server begins something. */
  tell(text: string): void {
    this.server.say(this.clock.now(), devOne(this.device), text);
  }

  /** Where the device is from now on; undefined: at home. */
  move(path: Path | undefined): void {
    this.device.through = path?.peer;
  }

  path(address: string): Path {
    const path = new Path(address, this.device);
    this.link.attach(path);
    return path;
  }

  /** Notes where what the server seals as a challenge goes, and what the device answers. */
  #provider(side: 'server' | 'device'): CryptoProvider {
    return {
      ...cheapProvider,
      seal: (aead, key, nonce, aad, plain, out, at) => {
        const [type] = plain;
        if (side === 'server' && plain.length === 1 + ROUTABILITY_COOKIE && type === RoutabilityType.PATH_CHALLENGE)
          this.#sealed = toHex(plain.subarray(1));
        const isCheck = plain.at(-1) === ContentType.RETURN_ROUTABILITY_CHECK;
        if (side === 'server' || plain.length !== 2 + ROUTABILITY_COOKIE || !isCheck)
          return cheapProvider.seal(aead, key, nonce, aad, plain, out, at);
        const copy = Uint8Array.from(plain);
        if (this.mangled === undefined) {
          const cookie = toHex(plain.subarray(1, 1 + ROUTABILITY_COOKIE));
          this.responses.set(cookie, (this.responses.get(cookie) ?? 0) + 1);
        } else copy[0] = this.mangled;
        return cheapProvider.seal(aead, key, nonce, aad, copy, out, at);
      },
    };
  }

  /** A datagram sets out. */
  #sent(from: Peer, to: Peer, bytes: Uint8Array): void {
    if (placeOf(to) === placeOf(this.server.peer)) {
      if (placeOf(from) === placeOf(this.device.through ?? this.device.peer)) this.recorded.push(bytes);
      return;
    }
    const place = placeOf(to);
    if (this.#sealed !== undefined) this.challenges.set(this.#sealed, { at: this.clock.now(), place });
    this.#sealed = undefined;
    if (place === this.#home) return;
    const count = this.#at(to);
    count.to += bytes.length;
    this.worst = Math.max(this.worst, count.to / count.from);
    if (count.to > 3 * count.from) throw new Error(`${count.to} bytes to ${place} for ${count.from} from there`);
  }

  #at(peer: Peer): { from: number; to: number } {
    const place = placeOf(peer);
    const count = this.#bytes.get(place) ?? { from: 0, to: 0 };
    this.#bytes.set(place, count);
    return count;
  }

  /** Looks at what the server has told since the last time. */
  #look(): void {
    for (; this.#events < this.server.events.length; this.#events += 1) {
      const event = this.server.events[this.#events];
      if (event?.type !== 'moved') continue;
      const place = placeOf(event.peer);
      const proven = [...this.challenges].some(
        ([cookie, challenge]) =>
          challenge.place === place &&
          (this.responses.get(cookie) ?? 0) > 0 &&
          challenge.at >= this.clock.now() - this.#wait,
      );
      if (!proven) throw new Error(`moved to ${place}, which answered nothing`);
      this.moves += 1;
      this.#home = place;
      this.#bytes.delete(place);
    }
  }
}

function placeOf({ address, port }: { readonly address: string; readonly port: number }): string {
  return `${address} ${port}`;
}
