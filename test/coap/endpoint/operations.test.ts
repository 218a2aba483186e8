/**
 * Any sequence of inputs: datagrams of every kind, commands in any order, time. Nothing throws, each request ends once, each
 * body is released once, no exchange is handed out twice, every datagram is well formed, and in the end nothing is left.
 */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fromHex, plainPeer } from '#base';
import type { Peer } from '#base';
import {
  blockOption,
  Code,
  decodeMessage,
  encodeEmpty,
  encodeMessage,
  isMalformed,
  MessageType,
  OptionNumber,
  stringOption,
  uintOption,
} from '#coap/codec';
import type { Message, Option } from '#coap/codec';
import { Script } from './harness.js';

const PEERS = [1, 2, 3].map((port) => plainPeer(0, '192.0.2.7', port));
const TOKENS = [fromHex('a1'), fromHex('a2'), fromHex('a3')];
const VALUES = {
  duplicatesPerPeer: 6,
  duplicatesTotal: 16,
  queuePerPeer: 3,
  requestsTotal: 8,
  exchangesPerPeer: 4,
  bodyBytes: 1_024,
  bufferedBytesTotal: 65_536,
  downloadsPerPeer: 2,
  observationsPerPeer: 2,
  relationsPerPeer: 2,
  blockSize: 32,
};

interface Step {
  readonly what: string;
  readonly peer: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom(
    ...[
      'request',
      'request',
      'datagram',
      'datagram',
      'answer',
      'answer',
      'react',
      'react',
      'respond',
      'respond',
      'pass',
    ],
    ...[
      'ignore',
      'cancel',
      'settle',
      'notify',
      'feed',
      'failBody',
      'move',
      'drop',
      'limit',
      'prove',
      'error',
      'restore',
    ],
    ...['junk', 'replay'],
  ),
  peer: fc.nat(2),
  a: fc.nat(15),
  b: fc.nat(15),
  c: fc.nat(15),
});

/** Plays steps and keeps the books. */
class Play {
  readonly script = new Script(VALUES);
  readonly requests = new Map<number, number>();
  readonly exchanges: number[] = [];
  readonly seenExchanges = new Set<number>();
  readonly notifications: number[] = [];
  readonly relations: number[] = [];
  readonly bodies = new Map<number, number>();
  readonly wants: { body: number; offset: number; length: number }[] = [];
  readonly sent: { to: Peer; message: Message; hex: string }[] = [];
  readonly received: { from: Peer; hex: string }[] = [];
  #taken = 0;
  #nextBody = 1;

  run(one: Step): void {
    const { script } = this;
    const { endpoint, now } = script;
    const peer = PEERS[one.peer] as Peer;
    const token = TOKENS[one.c % 3] as Uint8Array;
    const exchange = this.exchanges[one.a % Math.max(1, this.exchanges.length)] ?? -1;
    switch (one.what) {
      case 'request':
        this.#request(one, peer, token);
        break;
      case 'datagram':
        this.#receive(peer, this.#requestMessage(one));
        break;
      case 'answer':
        this.#answer(one, peer);
        break;
      case 'react': {
        const last = this.sent.at(-1 - (one.a % 4));
        const kind = one.b % 2 === 0 ? MessageType.ACK : MessageType.RST;
        if (last !== undefined) this.#receive(one.c === 0 ? peer : last.to, encodeEmpty(kind, last.message.messageId));
        break;
      }
      case 'respond':
        endpoint.respond(now, exchange, {
          code: one.b % 4 === 0 ? Code.NOT_FOUND : Code.CONTENT,
          payload: one.c % 3 === 0 ? this.#stream(one.b * 10) : new Uint8Array(one.b * 10),
          ...(one.c % 2 === 0 ? { observe: { sequence: one.b } } : {}),
        });
        break;
      case 'ignore':
        endpoint.ignore(now, exchange);
        break;
      case 'cancel':
        endpoint.cancel(now, one.a);
        break;
      case 'settle': {
        const id = this.notifications[one.a % Math.max(1, this.notifications.length)] ?? -1;
        endpoint[(['acknowledge', 'reject', 'leave'] as const)[one.b % 3] ?? 'leave'](now, id);
        break;
      }
      case 'notify':
        endpoint.notify(now, this.relations[one.a % Math.max(1, this.relations.length)] ?? -1, {
          code: one.b === 0 ? Code.NOT_FOUND : Code.CONTENT,
          payload: one.c % 5 === 0 ? this.#stream(100) : new Uint8Array(one.b * 5),
          observe: { sequence: one.a },
          confirmable: one.c % 2 === 0 ? 'con' : 'non',
        });
        break;
      case 'feed': {
        const want = this.wants.splice(one.a % Math.max(1, this.wants.length), 1)[0];
        if (want !== undefined)
          endpoint.feed(now, want.body, want.offset, new Uint8Array(one.b === 0 ? 1 : want.length));
        break;
      }
      case 'failBody':
        endpoint.failBody(now, one.a + 1);
        break;
      case 'move':
        endpoint.movePeer(now, peer.key, PEERS[one.a % 3] as Peer);
        break;
      case 'drop':
        endpoint.dropPeer(now, peer.key);
        break;
      case 'limit':
        endpoint.limitPeer(now, peer, one.a * 10);
        break;
      case 'prove':
        endpoint.provePeer(now, peer);
        break;
      case 'error':
        endpoint.handleSendError(now, peer);
        break;
      case 'restore':
        endpoint.restoreObservation(token, peer, { code: Code.GET, options: [] });
        break;
      case 'junk':
        this.#receive(peer, Uint8Array.of(0x40 | (one.a << 2), one.b << 4, one.c, one.a, one.b << 4, one.c));
        break;
      case 'replay': {
        const old = this.received.at(-1 - one.a);
        if (old !== undefined) this.#receive(old.from, fromHex(old.hex));
        break;
      }
      default:
        script.pass([1, 10, 500, 1_000, 3_000, 30_000, 62_000, 250_000][one.a % 8] ?? 1);
    }
    this.#drain();
  }

  /** Settles what waits for the application and lets all time pass. */
  end(): void {
    const { script } = this;
    for (const exchange of this.exchanges) script.endpoint.respond(script.now, exchange, { code: Code.CONTENT });
    for (const token of TOKENS) script.endpoint.forgetObservation(token);
    for (const peer of PEERS) script.endpoint.dropPeer(script.now, peer.key);
    for (const relation of this.relations) {
      script.endpoint.notify(script.now, relation, { code: Code.NOT_FOUND, confirmable: 'non' });
    }
    for (let count = 0; count < 10; count += 1) {
      script.pass(400_000);
      this.#drain();
    }
  }

  #stream(size: number): { id: number; size: number } {
    const id = this.#nextBody;
    this.#nextBody += 1;
    this.bodies.set(id, 0);
    return { id, size };
  }

  #request({ a, b, c }: Step, peer: Peer, token: Uint8Array): void {
    const observe = c % 4 === 0 ? 'register' : c % 4 === 1 ? 'cancel' : undefined;
    const payload = b % 3 === 0 ? undefined : b % 3 === 1 ? new Uint8Array(a * 10) : this.#stream(a * 10);
    const id = this.script.endpoint.request(this.script.now, {
      peer,
      code: b % 5 === 0 ? Code.FETCH : Code.GET,
      options: [stringOption(OptionNumber.URI_PATH, 'x')],
      type: a % 5 === 0 ? MessageType.NON : MessageType.CON,
      ...(payload === undefined ? {} : { payload }),
      ...(observe === undefined ? {} : { observe, token }),
    });
    this.requests.set(id, this.requests.get(id) ?? 0);
  }

  #requestMessage({ a, b, c }: Step): Uint8Array {
    const options: Option[] = [stringOption(OptionNumber.URI_PATH, c % 2 === 0 ? 'x' : 'y')];
    if (b % 4 === 1) options.push(uintOption(OptionNumber.OBSERVE, c % 3));
    if (b % 4 === 2) options.push(blockOption(OptionNumber.BLOCK1, { num: c % 3, more: c > 4, szx: 0 }));
    if (b % 4 === 3) options.push(blockOption(OptionNumber.BLOCK2, { num: c % 3, more: false, szx: c % 2 }));
    return encodeMessage({
      type: a % 4 === 0 ? MessageType.NON : MessageType.CON,
      code: [Code.GET, Code.POST, Code.FETCH, Code.PUT][a % 4] ?? Code.GET,
      messageId: a * 16 + b,
      token: TOKENS[c % 3] as Uint8Array,
      options,
      payload: new Uint8Array(b % 4 === 2 ? 16 : c % 2),
    });
  }

  /** An answer to a request of ours: piggy-backed, separate, a notification, in blocks, or under another token. */
  #answer({ a, b, c }: Step, peer: Peer): void {
    const requests = this.sent.filter(({ message }) => message.code > 0 && message.code < 0x20);
    const request = requests.at(-1 - (a % 3));
    const options: Option[] = [];
    if (b % 2 === 1) options.push(uintOption(OptionNumber.OBSERVE, a));
    if (c % 3 === 1) options.push(blockOption(OptionNumber.BLOCK2, { num: b % 3, more: c < 9, szx: 0 }));
    if (c % 3 === 2) options.push(blockOption(OptionNumber.BLOCK1, { num: b % 3, more: c < 9, szx: a % 2 }));
    const piggyBacked = c % 2 === 0 && request !== undefined;
    const parts = {
      type: piggyBacked ? MessageType.ACK : b % 3 === 0 ? MessageType.NON : MessageType.CON,
      code:
        [Code.CONTENT, Code.CONTINUE, Code.REQUEST_ENTITY_INCOMPLETE, Code.CHANGED, Code.UNAUTHORIZED][a % 5] ??
        Code.CONTENT,
      messageId: piggyBacked ? request.message.messageId : 0x7000 + a * 16 + b,
      token: c === 15 || request === undefined ? (TOKENS[a % 3] as Uint8Array) : request.message.token,
      options,
      payload: new Uint8Array(c % 3 === 1 ? 16 : 2),
    };
    this.#receive(c === 14 || request === undefined ? peer : request.to, encodeMessage(parts));
  }

  #receive(from: Peer, bytes: Uint8Array): void {
    this.received.push({ from, hex: Buffer.from(bytes).toString('hex') });
    this.script.endpoint.handleDatagram(this.script.now, from, bytes);
  }

  #drain(): void {
    const { script } = this;
    for (const event of script.events()) {
      if (event.type === 'request') {
        expect(this.seenExchanges.has(event.exchange)).toBe(false);
        this.seenExchanges.add(event.exchange);
        this.exchanges.push(event.exchange);
      } else if (event.type === 'response' || event.type === 'requestFailed') {
        this.requests.set(event.request, (this.requests.get(event.request) ?? 0) + 1);
      } else if (event.type === 'notification') this.notifications.push(event.notification);
      else if (event.type === 'observed') this.relations.push(event.relation);
      else if (event.type === 'bodyWanted') this.wants.push(event);
      else if (event.type === 'bodyDone') this.bodies.set(event.body, (this.bodies.get(event.body) ?? 0) + 1);
    }
    for (const { to, hex } of script.datagrams.slice(this.#taken)) {
      const message = decodeMessage(fromHex(hex));
      if (isMalformed(message)) throw new Error(`sent what is ${message.malformed}: ${hex}`);
      this.sent.push({ to, message, hex });
    }
    this.#taken = script.datagrams.length;
    for (const [name, value] of Object.entries(script.endpoint.gauges())) {
      if (value < 0) throw new Error(`${name} is ${value}`);
    }
  }
}

describe('any sequence of inputs', () => {
  it('ends each request and each body once and leaves nothing behind', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 150 }), (steps) => {
        const play = new Play();
        for (const one of steps) play.run(one);
        play.end();
        expect(play.script.alive()).toEqual({});
        expect([...play.requests].filter(([, count]) => count !== 1)).toEqual([]);
        expect([...play.bodies].filter(([, count]) => count !== 1)).toEqual([]);
      }),
      { numRuns: 400, seed: 20_260 },
    );
  });

  it('never sends two different confirmable messages with one message id to a peer', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 150 }), (steps) => {
        const play = new Play();
        const byId = new Map<string, string>();
        for (const one of steps.filter(({ what }) => what !== 'move' && what !== 'pass')) play.run(one);
        for (const { to, message, hex } of play.sent) {
          if (message.type !== MessageType.CON) continue;
          const key = `${to.key} ${message.messageId}`;
          expect(byId.get(key) ?? hex).toBe(hex);
          byId.set(key, hex);
        }
      }),
      { numRuns: 200, seed: 20_261 },
    );
  });
});
