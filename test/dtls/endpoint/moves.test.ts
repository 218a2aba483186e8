/** Where an association is: records of one Connection ID from other addresses (RFC 9146 §6, RFC 9853). */

import { beforeEach, describe, expect, it } from '@jest/globals';

import { plainPeer, type Peer } from '#base';
import type { ClientOffer } from '#dtls';
import { VirtualClock } from '../../support/clock.js';
import { devOne, DtlsNode, knowsPsk, PSK } from '../../support/dtls.js';
import { CLEAN, VirtualLink, type LinkNode } from '../../support/link.js';
import { SeededRandom } from '../../support/random.js';

/** A NAT: what comes to its outer address goes to the node inside, or nowhere. */
class Nat implements LinkNode {
  readonly peer: Peer;
  readonly seen: Uint8Array[] = [];
  readonly #inner: DtlsNode | undefined;

  constructor(address: string, inner?: DtlsNode) {
    this.peer = plainPeer(0, address, 40_001);
    this.#inner = inner;
  }

  receive(now: Parameters<LinkNode['receive']>[0], from: Peer, bytes: Uint8Array): void {
    this.seen.push(Uint8Array.from(bytes));
    this.#inner?.receive(now, from, bytes);
  }

  timeout(): void {
    // It has none.
  }

  deadline(): undefined {
    return undefined;
  }
}

let clock: VirtualClock;
let link: VirtualLink;
let server: DtlsNode;
let client: DtlsNode;

function start(offer: Partial<ClientOffer> = {}): void {
  clock = new VirtualClock();
  const random = new SeededRandom(7);
  link = new VirtualLink(clock, random, CLEAN);
  server = new DtlsNode(link, random, '192.0.2.1', { answer: knowsPsk }).serve();
  client = new DtlsNode(link, random, '198.51.100.7').connect({ psk: PSK, cid: new Uint8Array(0), ...offer });
  client.say(clock.now(), server, 'hello');
  run();
}

const run = (span = 500): void => {
  link.run(clock.now() + span);
};

/** The client's datagrams come from another address from now on; what goes there reaches it, or not. */
function move(address: string, reach: 'reached' | 'lost' = 'reached'): Nat {
  const nat = new Nat(address, reach === 'reached' ? client : undefined);
  link.attach(nat);
  client.through = nat.peer;
  return nat;
}

function say(text: string): void {
  client.say(clock.now(), server.peer, text);
  run();
}

describe('a device that is heard from a new address', () => {
  beforeEach(() => {
    start();
  });

  it('is asked whether it is there, and found there', () => {
    const nat = move('203.0.113.1');
    say('from afar');
    expect(server.received).toEqual(['hello', 'from afar']);
    expect(server.told('moved')).toMatchObject([
      { peer: { key: devOne(client).key, address: nat.peer.address, port: 40_001 } },
    ]);
    server.say(clock.now(), devOne(client), 'found you');
    run();
    expect(client.received).toEqual(['found you']);
    expect(server.told('established')).toHaveLength(1);
  });

  it('gets nothing of what we begin, beyond three times what it sent, until it has answered', () => {
    const nat = move('203.0.113.1', 'lost');
    say('x');
    const received = 13 + 8 + 8 + 1 + 1 + 8;
    for (let count = 0; count < 20; count += 1) server.say(clock.now(), devOne(client), 'something we begin');
    run();
    const bytes = nat.seen.reduce((sum, { length }) => sum + length, 0);
    expect(bytes).toBeLessThanOrEqual(3 * received);
    expect(bytes).toBeGreaterThan(received);
    expect(server.told('moved')).toEqual([]);
  });

  it('stays where it was when an old record comes from elsewhere, and the record is not delivered twice', () => {
    say('two');
    const old = client.sent.at(-1) as Uint8Array;
    say('three');
    const attacker = new Nat('203.0.113.66');
    link.attach(attacker);
    link.send(attacker.peer, server.peer, old);
    run();
    expect(attacker.seen).toEqual([]);
    expect(server.received).toEqual(['hello', 'two', 'three']);
  });

  it('is delivered what came late, and stays where it was', () => {
    const attacker = new Nat('203.0.113.66');
    link.attach(attacker);
    // Two records; the older is carried past the newer, from elsewhere.
    client.through = plainPeer(0, '203.0.113.99', 1);
    link.conditions = { ...CLEAN, loss: 1 };
    say('older');
    const older = client.sent.at(-1) as Uint8Array;
    link.conditions = CLEAN;
    client.through = undefined;
    say('newer');
    link.send(attacker.peer, server.peer, older);
    run();
    expect(server.received).toEqual(['hello', 'newer', 'older']);
    expect(attacker.seen).toEqual([]);
    server.say(clock.now(), devOne(client), 'back');
    run();
    expect(client.received).toEqual(['back']);
  });

  it('comes back to where it was without being asked', () => {
    move('203.0.113.1', 'lost');
    say('away');
    client.through = undefined;
    say('home again');
    server.say(clock.now(), devOne(client), 'welcome');
    run();
    expect(client.received).toEqual(['welcome']);
    expect(server.told('moved')).toEqual([]);
  });

  it('is found at the last of two addresses it moved to in a row', () => {
    move('203.0.113.1', 'lost');
    say('first');
    const second = move('203.0.113.2');
    say('second');
    expect(server.told('moved')).toMatchObject([{ peer: { address: second.peer.address } }]);
  });

  it('is not believed when it gives back what another place was asked', () => {
    const first = move('203.0.113.1', 'lost');
    say('x');
    const question = first.seen.at(-1) as Uint8Array;
    move('203.0.113.2', 'lost');
    say('y');
    const before = client.sent.length;
    // Whoever saw the first question hands it to the device, whose answer comes from the second place.
    client.receive(clock.now(), server.peer, question);
    run();
    expect(client.sent.length).toBe(before + 1);
    expect(server.endpoint.counters['dropped_routability_ignored']).toBe(1);
    expect(server.told('moved')).toEqual([]);
  });
});

describe('a device that cannot be asked', () => {
  beforeEach(() => {
    start({ routability: 'unchecked' });
  });

  it('is where it acknowledges something of ours', () => {
    const nat = move('203.0.113.1');
    say('from afar');
    expect(server.told('moved')).toEqual([]);
    expect(server.reply(clock.now(), 'an answer')).toBe('sent');
    run();
    expect(client.received).toEqual(['an answer']);
    server.endpoint.acknowledged({ ...devOne(client), address: nat.peer.address, port: nat.peer.port });
    expect(server.told('moved')).toEqual([]);
    server.say(clock.now(), devOne(client), 'con');
    run();
    say('ack');
    server.endpoint.acknowledged(server.heard as Peer);
    server.drain(clock.now());
    expect(server.told('moved')).toMatchObject([{ peer: { address: nat.peer.address } }]);
  });
});
