/** Handshakes with pre-shared keys between our two sides, on a link in virtual time. */

import { describe, expect, it, jest } from '@jest/globals';

import { SUITES } from '#dtls';
import { Channel } from '../../../src/dtls/record/index.js';
import { VirtualClock } from '../../support/clock.js';
import { devOne, DtlsNode, knowsPsk, PSK, type Answerer } from '../../support/dtls.js';
import { CLEAN, VirtualLink, type LinkConditions } from '../../support/link.js';
import { SeededRandom } from '../../support/random.js';
import type { ClientOffer, DtlsParameters } from '#dtls';

interface World {
  readonly clock: VirtualClock;
  readonly link: VirtualLink;
  readonly server: DtlsNode;
  readonly client: DtlsNode;
}

function world(
  options: {
    readonly seed?: number;
    readonly conditions?: Partial<LinkConditions>;
    readonly answer?: Answerer;
    readonly server?: Partial<DtlsParameters>;
    readonly client?: Partial<DtlsParameters>;
    readonly offer?: Partial<ClientOffer>;
  } = {},
): World {
  const clock = new VirtualClock();
  const random = new SeededRandom(options.seed ?? 1);
  const link = new VirtualLink(clock, random, { ...CLEAN, ...options.conditions });
  const server = new DtlsNode(link, random, '192.0.2.1', {
    answer: options.answer ?? knowsPsk,
    ...(options.server !== undefined && { parameters: options.server }),
  }).serve();
  const client = new DtlsNode(link, random, '198.51.100.7', {
    ...(options.client !== undefined && { parameters: options.client }),
  }).connect({ psk: PSK, ...options.offer });
  return { clock, link, server, client };
}

const run = ({ clock, link }: World, span: number, done?: () => boolean): boolean => link.run(clock.now() + span, done);

const pskSuites = SUITES.filter(({ keyExchange }) => keyExchange === 'psk' || keyExchange === 'ecdhe_psk');

describe('a handshake with a pre-shared key', () => {
  it.each(pskSuites.map(({ name, id }) => [name, id] as const))('carries data both ways with %s', (name, id) => {
    const all = world({ client: { suites: [id] } });
    const { client, clock, server } = all;
    client.say(clock.now(), server, 'hello');
    run(all, 1000);
    expect(server.received).toEqual(['hello']);
    expect(server.heard).toEqual(devOne(client));
    server.say(clock.now(), devOne(client), 'and back');
    run(all, 1000);
    expect(client.received).toEqual(['and back']);
    expect(server.told('established')).toMatchObject([{ suite: name, peer: devOne(client) }]);
    expect(server.endpoint.describe(devOne(client).key)).toMatchObject({ suite: name });
  });

  it('takes three datagrams of the client and three of the server, and none is sent twice', () => {
    const all = world();
    all.client.say(all.clock.now(), all.server, 'x');
    run(all, 60_000);
    expect(all.client.sent).toHaveLength(4); // hello, hello with cookie, key exchange to Finished, data
    expect(all.server.sent).toHaveLength(3); // cookie, ServerHello to Done, ChangeCipherSpec and Finished
  });

  it('asks for no more than the hello brought while the address is not proven', () => {
    const all = world();
    all.client.say(all.clock.now(), all.server, 'x');
    run(all, 60_000);
    expect(all.server.sent[0]?.length).toBeLessThanOrEqual(all.client.sent[0]?.length ?? 0);
  });

  it('comes to nothing with a wrong key, in silence, and leaves nothing', () => {
    const wrong = { ...PSK, key: Buffer.alloc(16, 9) };
    const all = world({ offer: { psk: wrong } });
    all.client.say(all.clock.now(), all.server, 'x');
    run(all, 300_000);
    expect(all.server.received).toEqual([]);
    expect(all.server.told('handshakeFailed')).toMatchObject([{ reason: 'handshake_timeout' }]);
    expect(all.client.told('handshakeFailed')).toMatchObject([{ reason: 'handshake_timeout' }]);
    expect(all.server.endpoint.counters).toMatchObject({ dropped_record_not_genuine: expect.any(Number) });
    expect(all.server.endpoint.counters).not.toHaveProperty('dropped_association_unknown');
    expect(gauges(all.server)).toBe(0);
    expect(gauges(all.client)).toBe(0);
  });

  it('shows nothing that tells an unknown identity from a wrong key', () => {
    const wrongKey = world({ offer: { psk: { ...PSK, key: Buffer.alloc(16, 9) } } });
    const unknown = world({ offer: { psk: { ...PSK, identity: Buffer.from('Client_identitz') } } });
    for (const all of [wrongKey, unknown]) {
      all.client.say(all.clock.now(), all.server, 'x');
      run(all, 300_000);
    }
    expect(unknown.server.sent.map((bytes) => bytes.length)).toEqual(wrongKey.server.sent.map((bytes) => bytes.length));
    const reasons = (all: World): string[] => all.server.told('handshakeFailed').map(({ reason }) => reason);
    expect(reasons(unknown)).toEqual(reasons(wrongKey));
  });

  it('tells us alone who was named when it failed, and whether the keys differ', () => {
    const fails = (psk: typeof PSK, more: Parameters<typeof world>[0] = {}): unknown[] => {
      const all = world({ ...more, offer: { psk } });
      all.client.say(all.clock.now(), all.server, 'x');
      run(all, 300_000);
      return all.server.told('handshakeFailed').map(({ claim }) => claim);
    };
    const owner = { kind: 'psk', name: 'Client_identity', endpoint: 'dev-1' };
    const named = { pskIdentity: Uint8Array.from(PSK.identity) };
    expect(fails({ ...PSK, key: Buffer.alloc(16, 9) })).toEqual([{ ...named, owner, finished: 'unreadable' }]);
    const other = Buffer.from('Client_identitz');
    expect(fails({ ...PSK, identity: other })).toEqual([
      { pskIdentity: Uint8Array.from(other), finished: 'unreadable' },
    ]);
    expect(fails(PSK, { answer: () => undefined })).toEqual([{ ...named, finished: 'not_read' }]);
  });

  it('goes on when the answer to its question comes late, and gives up when it never comes', () => {
    const late = world({ answer: () => undefined });
    late.client.say(late.clock.now(), late.server, 'x');
    run(late, 5000);
    const [question] = late.server.open;
    expect(question?.ask).toEqual({ about: 'psk', identity: Uint8Array.from(PSK.identity) });
    const answer = knowsPsk(question?.ask ?? { about: 'psk', identity: PSK.identity });
    late.server.endpoint.answer(late.clock.now(), question?.question ?? 0, answer ?? { is: 'refused' });
    late.server.drain(late.clock.now());
    run(late, 1000);
    expect(late.server.received).toEqual(['x']);

    const never = world({ answer: () => undefined });
    never.client.say(never.clock.now(), never.server, 'x');
    run(never, 300_000);
    expect(never.server.told('handshakeFailed')).toMatchObject([{ reason: 'handshake_timeout' }]);
    expect(gauges(never.server)).toBe(0);
  });

  it('loses nothing of a handshake from a place that has an association already, while its question is open', () => {
    const all = world();
    const { client, clock, link, server } = all;
    client.say(clock.now(), server, 'x');
    run(all, 1000);
    // The same device after a restart: it knows nothing of the association.
    const again = new DtlsNode(link, new SeededRandom(7), client.peer.address).connect({ psk: PSK });
    again.say(clock.now(), server, 'y');
    run(all, 900);
    expect(server.received).toEqual(['x', 'y']);
    expect(again.sent).toHaveLength(4);
    expect(server.told('closed')).toMatchObject([{ reason: 'superseded' }]);
  });

  it('is ended by close_notify, which is answered in kind', () => {
    const all = world();
    all.client.say(all.clock.now(), all.server, 'x');
    run(all, 1000);
    all.server.endpoint.drop(devOne(all.client).key);
    all.server.drain(all.clock.now());
    run(all, 1000);
    expect(all.server.told('closed')).toMatchObject([{ reason: 'dropped' }]);
    expect(all.client.told('closed')).toMatchObject([{ reason: 'closed_by_peer' }]);
    expect(gauges(all.server) + gauges(all.client)).toBe(0);
  });

  it('puts every record of the client under our Connection ID where the client knows them', () => {
    const all = world({ offer: { cid: new Uint8Array(0) } });
    all.client.say(all.clock.now(), all.server, 'one');
    run(all, 1000);
    all.client.say(all.clock.now(), all.server, 'two');
    run(all, 1000);
    expect(all.server.received).toEqual(['one', 'two']);
    expect(all.server.told('established')).toMatchObject([{ cid: 'used' }]);
    const cid = all.server.endpoint.describe(devOne(all.client).key)?.cid;
    expect(cid).toHaveLength(8);
    for (const record of all.client.sent.slice(-2)) {
      expect(record[0]).toBe(25);
      expect(Buffer.from(record.subarray(11, 19))).toEqual(Buffer.from(cid ?? []));
    }
    all.server.say(all.clock.now(), devOne(all.client), 'back');
    run(all, 1000);
    expect(all.server.sent.at(-1)?.[0]).toBe(23);
    expect(all.client.received).toEqual(['back']);
  });
});

describe('a record', () => {
  it('is not taken with another version in its header, nor is anything else of it changed', () => {
    const all = world();
    all.client.say(all.clock.now(), all.server, 'one');
    run(all, 1000);
    all.link.conditions = { ...CLEAN, loss: 1 };
    all.client.say(all.clock.now(), all.server, 'two');
    all.link.conditions = CLEAN;
    const record = all.client.sent.at(-1) as Uint8Array;
    for (let at = 0; at < record.length; at += 1) {
      const changed = Uint8Array.from(record);
      changed[at] = (changed[at] as number) ^ 1;
      all.client.inject(all.server, changed);
    }
    run(all, 1000);
    expect(all.server.received).toEqual(['one']);
    all.client.inject(all.server, record);
    run(all, 1000);
    expect(all.server.received).toEqual(['one', 'two']);
  });
});

describe('a Finished', () => {
  it('without the Connection ID that was agreed on is not taken (RFC 9146 §3)', () => {
    const protect = Object.getOwnPropertyDescriptor(Channel.prototype, 'protect')?.value as Channel['protect'];
    // A client that agrees to put our Connection ID into its records, and does not.
    const spy = jest.spyOn(Channel.prototype, 'protect');
    spy.mockImplementation(function (this: Channel, suite, keys) {
      protect.call(this, suite, keys, new Uint8Array(0));
    });
    try {
      const all = world({ offer: { cid: new Uint8Array(0) } });
      all.client.say(all.clock.now(), all.server, 'x');
      run(all, 300_000);
      expect(all.server.told('established')).toEqual([]);
      expect(all.server.told('handshakeFailed')).toMatchObject([{ reason: 'handshake_timeout' }]);
    } finally {
      spy.mockRestore();
    }
  });
});

describe('a handshake on a bad link', () => {
  it.each([1232, 576, 300, 100])('is carried through with datagrams of %d bytes', (mtu) => {
    const all = world({ server: { mtu }, client: { mtu } });
    all.client.say(all.clock.now(), all.server, 'x');
    run(all, 60_000);
    expect(all.server.received).toEqual(['x']);
    for (const bytes of [...all.client.sent, ...all.server.sent]) expect(bytes.length).toBeLessThanOrEqual(mtu);
  });

  it.each([0, 0.05, 0.1, 0.2, 0.5])('never gets stuck with a loss of %d, duplicates and reordering', (loss) => {
    let reached = 0;
    const conditions = { loss, duplicate: 0.1, reorder: 0.2, delay: [5, 30], longDelay: [30, 300] } as const;
    for (let seed = 0; seed < SEEDS; seed += 1) {
      const all = world({ seed, conditions, server: { mtu: [100, 300, 1232][seed % 3] as number } });
      all.client.say(all.clock.now(), all.server, 'x');
      if (run(all, 200_000, () => all.server.told('established').length > 0)) reached += 1;
      all.link.conditions = CLEAN;
      run(all, 400_000);
      expect(gauges(all.server)).toBe(all.server.told('established').length > 0 ? 1 : 0);
    }
    if (loss <= 0.2) expect(reached).toBe(SEEDS);
    else expect(reached).toBeGreaterThan(0);
  });
});

const SEEDS = 60;

function gauges({ endpoint }: DtlsNode): number {
  return Object.values(endpoint.gauges()).reduce((sum, value) => sum + value, 0);
}
