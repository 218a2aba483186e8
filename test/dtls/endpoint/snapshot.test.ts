/** Associations that go on in another endpoint: what an orderly restart does. */

import { describe, expect, it } from '@jest/globals';

import { DecodeError, Instant, plainPeer, seconds, type Peer } from '#base';
import { DTLS_PARAMETERS, nodeProvider, SUITES } from '#dtls';
import type { ClientOffer, CryptoProvider, DtlsParameters } from '#dtls';
import { VirtualClock } from '../../support/clock.js';
import { devOne, DtlsNode, knowsPsk, PSK } from '../../support/dtls.js';
import { CLEAN, VirtualLink } from '../../support/link.js';
import { SeededRandom } from '../../support/random.js';

const PSK_SUITES = SUITES.filter(({ keyExchange }) => keyExchange === 'psk' || keyExchange === 'ecdhe_psk');
/** Where the number of a record stands, and how long it is. */
const [NUMBER, NUMBER_BYTES] = [5, 6];
/** Between one server and the next. */
const RESTED = seconds(60);
const everyone = (): boolean => true;

/** A device with its association, and servers one after the other at the same place. */
class World {
  readonly clock = new VirtualClock();
  readonly random = new SeededRandom(11);
  readonly link = new VirtualLink(this.clock, this.random, CLEAN);
  readonly parameters: Partial<DtlsParameters>;
  readonly provider: CryptoProvider;
  readonly client: DtlsNode;
  server: DtlsNode;

  constructor(
    offer: Partial<ClientOffer> = { cid: new Uint8Array(0) },
    parameters: Partial<DtlsParameters> = {},
    provider: CryptoProvider = nodeProvider,
  ) {
    this.parameters = parameters;
    this.provider = provider;
    this.server = this.#server();
    this.client = new DtlsNode(this.link, this.random, '198.51.100.7').connect({ psk: PSK, ...offer });
    this.says('hello');
  }

  /** The server stops in good order, and a minute later another starts. */
  restart(wanted: (peer: Peer) => boolean = everyone, parameters: Partial<DtlsParameters> = {}): Uint8Array {
    const snapshot = this.server.endpoint.retire(this.clock.now());
    this.link.run(this.clock.now() + RESTED);
    this.server = this.#server(parameters);
    this.server.endpoint.adopt(this.clock.now(), snapshot, RESTED, wanted);
    return snapshot;
  }

  says(text: string): void {
    this.client.say(this.clock.now(), this.server, text);
    this.run();
  }

  hears(text: string): void {
    this.server.say(this.clock.now(), devOne(this.client), text);
    this.run();
  }

  run(): void {
    this.link.run(this.clock.now() + 500);
  }

  #server(parameters: Partial<DtlsParameters> = {}): DtlsNode {
    return new DtlsNode(this.link, this.random, '192.0.2.1', {
      answer: knowsPsk,
      parameters: { ...this.parameters, ...parameters },
      provider: this.provider,
    }).serve();
  }
}

/** Number of the first record of a datagram. */
function numberOf(datagram: Uint8Array | undefined): number {
  return Buffer.from(datagram as Uint8Array).readUIntBE(NUMBER, NUMBER_BYTES);
}

describe('an association over an orderly restart', () => {
  it.each(PSK_SUITES)('goes on in both directions: $name', (suite) => {
    const world = new World(undefined, { suites: [suite.id] });
    world.restart();
    world.says('still here');
    world.hears('so am I');
    expect([world.server.received, world.client.received]).toEqual([['still here'], ['so am I']]);
    expect(world.client.told('established')).toHaveLength(1);
    expect(world.server.endpoint.describe(devOne(world.client).key)?.suite).toBe(suite.name);
  });

  it('goes on without Connection IDs, by the place alone', () => {
    const world = new World({});
    world.restart();
    world.says('still here');
    world.hears('so am I');
    expect([world.server.received, world.client.received]).toEqual([['still here'], ['so am I']]);
  });

  it('is followed to where the device is heard now, after RFC 9853', () => {
    const world = new World();
    world.restart();
    const moved = plainPeer(0, '203.0.113.1', 40_001);
    world.link.attach({
      peer: moved,
      receive: (now, from, bytes) => world.client.receive(now, from, bytes),
      timeout: () => undefined,
      deadline: () => undefined,
    });
    world.client.through = moved;
    world.says('from afar');
    expect(world.server.told('moved')).toMatchObject([{ peer: { address: moved.address, port: moved.port } }]);
  });

  it('numbers what it sends far beyond all that was sent before: 2^20 to 2^36 further', () => {
    const jumps = new Set<number>();
    const world = new World();
    for (let time = 0; time < 20; time += 1) {
      world.hears('before');
      const before = numberOf(world.server.sent.at(-1));
      world.restart();
      world.hears('after');
      const jump = numberOf(world.server.sent.at(-1)) - before - 1;
      expect(jump).toBeGreaterThanOrEqual(2 ** 20);
      expect(jump).toBeLessThan(2 ** 36);
      jumps.add(jump);
    }
    expect(jumps.size).toBe(20);
    expect(world.client.received).toHaveLength(40);
  });

  it('takes no record that was taken before, and what was on its way', () => {
    const world = new World();
    world.says('first');
    const taken = world.client.sent.at(-1) as Uint8Array;
    world.link.conditions = { ...CLEAN, loss: 1 };
    world.says('late');
    const late = world.client.sent.at(-1) as Uint8Array;
    world.link.conditions = CLEAN;
    world.says('second');
    world.restart();
    for (const bytes of [taken, late, late]) world.client.inject(world.server, bytes);
    world.run();
    expect(world.server.received).toEqual(['late']);
    expect(world.server.endpoint.counters['dropped_record_replayed']).toBe(2);
  });

  it('is left by the endpoint that retired, which sends and takes nothing any more', () => {
    const world = new World();
    const old = world.server;
    const before = old.sent.length;
    world.restart();
    const now = world.clock.now();
    expect(old.endpoint.send(now, devOne(world.client), Buffer.from('x'), 'own')).toBe('no_association');
    expect(old.endpoint.send(now, plainPeer(0, '198.51.100.9', 1), Buffer.from('x'), 'own')).toBe('no_association');
    old.receive(now, world.client.peer, world.client.sent[0] as Uint8Array);
    old.receive(now, world.client.peer, world.client.sent.at(-1) as Uint8Array);
    expect(old.endpoint.drop(devOne(world.client).key)).toBe(false);
    old.timeout(now);
    expect([old.sent.length, old.endpoint.nextDeadline(), old.endpoint.gauges()['associations']]).toEqual([
      before,
      undefined,
      0,
    ]);
    // A second snapshot holds nothing.
    const next = new World();
    next.server.endpoint.adopt(now, old.endpoint.retire(now), RESTED, everyone);
    expect(next.server.endpoint.counters).not.toHaveProperty('adopted');
    expect(next.server.endpoint.counters).not.toHaveProperty('adopted_not');
  });

  it('is not gone on with when nobody wants it, when its Connection ID does not fit, and when there is no room', () => {
    const unwanted = new World();
    unwanted.restart(() => false);
    const unfit = new World();
    unfit.restart(everyone, { cidBytes: DTLS_PARAMETERS.cidBytes - 1 });
    const full = new World();
    full.restart(everyone, { associations: 0 });
    for (const { server } of [unwanted, unfit, full]) {
      expect(server.endpoint.gauges()['associations']).toBe(0);
      expect(server.endpoint.counters).toMatchObject({ adopted_not: 1 });
    }
  });

  it('is not gone on with beside itself', () => {
    const world = new World();
    const snapshot = world.restart();
    world.server.endpoint.adopt(world.clock.now(), snapshot, RESTED, everyone);
    expect(world.server.endpoint.counters).toMatchObject({ adopted: 1, adopted_not: 1 });
    expect(world.server.endpoint.gauges()['associations']).toBe(1);
  });

  it('throws a DecodeError for a snapshot that is cut, at every byte, or of another version', () => {
    const world = new World();
    const snapshot = world.restart();
    expect(snapshot.length).toBeGreaterThan(100);
    const other = Uint8Array.from(snapshot);
    other[0] = 1;
    const cut = Array.from({ length: snapshot.length - 2 }, (_, index) => snapshot.subarray(0, index + 2));
    for (const bytes of [other, new Uint8Array(0), ...cut.filter(({ length }) => length < snapshot.length)]) {
      const server = new World().server.endpoint;
      expect(() => server.adopt(world.clock.now(), bytes, RESTED, everyone)).toThrow(DecodeError);
    }
  });

  it('throws nothing but a DecodeError for a snapshot with a byte that is another one', () => {
    const snapshot = Buffer.from(new World().restart());
    const { endpoint } = new World().server;
    for (let at = 0; at < snapshot.length; at += 1) {
      const altered = Buffer.from(snapshot);
      altered[at] = (altered[at] as number) ^ 0x81;
      try {
        endpoint.adopt(Instant(0), altered, RESTED, () => false);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }
    expect(endpoint.gauges()['associations']).toBe(1);
  });

  it('goes on over a restart in which nothing was heard of it, once more with new numbers', () => {
    const world = new World();
    world.hears('before');
    const before = numberOf(world.server.sent.at(-1));
    world.restart();
    world.restart();
    world.says('still here');
    world.hears('so am I');
    expect(world.server.received).toEqual(['still here']);
    expect(world.client.received).toEqual(['before', 'so am I']);
    expect(numberOf(world.server.sent.at(-1)) - before).toBeGreaterThan(2 * 2 ** 20);
  });

  it.each([
    ['with a Connection ID', { cid: new Uint8Array(0) }],
    ['without', {}],
  ])('ends, and tells its device so, when its peer is no longer wanted before it was heard: %s', (_name, offer) => {
    const world = new World(offer);
    world.restart();
    world.server.endpoint.dropWhere(({ identity }) => identity?.endpoint === devOne(world.client).identity?.endpoint);
    world.run();
    expect(world.server.endpoint.gauges()['associations']).toBe(0);
    expect(world.client.told('closed')).toMatchObject([{ reason: 'closed_by_peer' }]);
  });

  it.each([
    ['with a Connection ID', { cid: new Uint8Array(0) }],
    ['without', {}],
  ])('makes way, before it was heard, for the next handshake of its device: %s', (_name, offer) => {
    const world = new World(offer);
    world.restart();
    const again = new DtlsNode(world.link, world.random, '198.51.100.7').connect({ psk: PSK, ...offer });
    again.say(world.clock.now(), world.server, 'anew');
    world.run();
    expect(world.server.received).toEqual(['anew']);
    expect(world.server.endpoint.gauges()['associations']).toBe(1);
    expect(world.server.told('closed')).toMatchObject([{ reason: 'superseded' }]);
  });

  it('makes room, before it was heard, when it is long silent and there are as many as there may be', () => {
    const world = new World();
    world.restart(everyone, { associations: 1, stale: seconds(30) });
    const other = new DtlsNode(world.link, world.random, '198.51.100.8').connect({
      psk: { ...PSK, identity: Buffer.from('dev-2') },
    });
    other.say(world.clock.now(), world.server, 'is there room?');
    world.run();
    expect(world.server.told('closed')).toMatchObject([{ peer: devOne(world.client), reason: 'stale' }]);
  });

  it('is left out when its name has a line feed, which stands between texts', () => {
    const world = new World();
    const odd = new DtlsNode(world.link, world.random, '192.0.2.1', {
      answer: () => ({ is: 'key', key: PSK.key, owner: { kind: 'psk', name: 'dev', endpoint: 'dev\n1' } }),
    }).serve();
    world.says('hello');
    const other = new DtlsNode(world.link, world.random, '198.51.100.9').connect({ psk: PSK });
    other.say(world.clock.now(), odd, 'hello');
    world.run();
    expect(odd.endpoint.gauges()['associations']).toBe(1);
    world.server.endpoint.adopt(world.clock.now(), odd.endpoint.retire(world.clock.now()), RESTED, everyone);
    expect(world.server.endpoint.counters).not.toHaveProperty('adopted');
  });

  it('is as old as it was, the time between the servers included, and still of its handshake', () => {
    const world = new World();
    const view = (): unknown => {
      const { cid: _cid, ...seen } = world.server.endpoint.describe(devOne(world.client).key) ?? {};
      return seen;
    };
    world.link.run(world.clock.now() + 90_000);
    const before = view();
    world.restart();
    expect(view()).toEqual(before);
  });

  it('asks about each peer with the identity it proved and the place it was at', () => {
    const world = new World();
    const asked: Peer[] = [];
    world.restart((peer) => {
      asked.push(peer);
      return true;
    });
    expect(asked).toEqual([devOne(world.client)]);
  });
});
