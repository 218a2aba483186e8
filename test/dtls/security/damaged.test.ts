/** T5 for handshakes as a whole: damaged datagrams at every state, on both sides: nothing is thrown, and nothing is left. */

import { describe, expect } from '@jest/globals';

import { toHex } from '#base';
import { signingKey, type ClientOffer, type ServerOffer, type Session } from '#dtls';
import { VirtualClock } from '../../support/clock.js';
import { DtlsNode, knowsPsk, PSK, type Answerer } from '../../support/dtls.js';
import { VirtualLink } from '../../support/link.js';
import { SeededRandom } from '../../support/random.js';
import { derOf, P256_CERTIFICATE, P256_PKCS8 } from '../crypto/keys.js';
import { cheapProvider } from './support/cheap-provider.js';
import { attack, size } from './support/run.js';
import { heldBy } from './support/target.js';

const key = signingKey(P256_PKCS8);
const chain = [derOf(P256_CERTIFICATE)];

/** Handshakes of every kind: what both sides have to offer, and which suite. */
const KINDS: Readonly<
  Record<
    string,
    { readonly suite: number; readonly server: Partial<ServerOffer>; readonly client: Partial<ClientOffer> }
  >
> = {
  psk: { suite: 0xc0a8, server: {}, client: { psk: PSK } },
  'psk with Connection ID': { suite: 0xc0a8, server: {}, client: { psk: PSK, cid: Uint8Array.of(7, 7) } },
  'psk with tickets': { suite: 0x00a8, server: {}, client: { psk: PSK, tickets: 'wanted' } },
  'ecdhe psk': { suite: 0xd003, server: {}, client: { psk: PSK } },
  'x.509': {
    suite: 0xc0ae,
    server: { proofs: [{ key, chain }], clientProofs: ['x509'] },
    client: { proof: { key, chain }, serverProofs: ['x509'] },
  },
  'raw keys': {
    suite: 0xc0ae,
    server: { proofs: [{ key }], clientProofs: ['rpk'] },
    client: { proof: { key }, serverProofs: ['rpk'] },
  },
};

interface Sides {
  readonly clock: VirtualClock;
  readonly link: VirtualLink;
  readonly server: DtlsNode;
  readonly client: DtlsNode;
}

function sides(kind: string, seed: number): Sides {
  const { client: mine, server: theirs, suite } = KINDS[kind] as (typeof KINDS)[string];
  const clock = new VirtualClock();
  const link = new VirtualLink(clock, new SeededRandom(seed));
  const sessions = new Map<string, Session>();
  const owner = { kind: 'rpk', name: 'abc', endpoint: 'dev-1' } as const;
  const answer: Answerer = (question) => {
    if (question.about === 'psk') return knowsPsk(question);
    if (question.about !== 'session') return { is: 'good', owner };
    const session = sessions.get(toHex(question.handle));
    return session === undefined ? { is: 'refused' } : { is: 'session', session };
  };
  const parts = {
    answer,
    provider: cheapProvider,
    parameters: { suites: [suite], mtu: [1232, 300][seed % 2] as number },
  };
  const server = new DtlsNode(link, new SeededRandom(seed + 1), '192.0.2.1', parts).serve(theirs);
  const client = new DtlsNode(link, new SeededRandom(seed + 2), '198.51.100.7', parts).connect(mine);
  return { clock, link, server, client };
}

/** A damaged copy of a datagram, sometimes of two. */
function damaged(random: SeededRandom, datagram: Uint8Array, other: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(datagram);
  switch (random.integer(0, 5)) {
    case 0:
      return copy.subarray(0, random.integer(0, copy.length));
    case 1: {
      const cut = random.integer(0, copy.length);
      return Buffer.concat([copy.subarray(0, cut), other.subarray(random.integer(0, other.length))]);
    }
    case 2:
      // Lengths and numbers stand in the first bytes of records and messages.
      copy[random.integer(0, Math.min(copy.length - 1, 60))] = random.pick([0, 1, 0x7f, 0x80, 0xff]);
      return copy;
    case 3: {
      const at = random.integer(0, copy.length - 1);
      return Buffer.concat([copy.subarray(0, at), random.bytes(random.integer(1, 4)), copy.subarray(at)]);
    }
    default:
      for (let flips = random.integer(1, 3); flips > 0; flips -= 1) {
        const at = random.integer(0, copy.length - 1);
        copy[at] = (copy[at] as number) ^ (1 << random.integer(0, 7));
      }
      return copy;
  }
}

describe('damaged datagrams', () => {
  attack('T5 thrown into handshakes of every kind leave no exception and no gauge, and are not delivered', () => {
    const rounds = size(60, 4000);
    let thrown = 0;
    let reached = 0;
    let played = 0;
    for (const kind of Object.keys(KINDS)) {
      for (let seed = 1; seed <= rounds; seed += 1) {
        const all = sides(kind, seed);
        const random = new SeededRandom(seed);
        const { client, clock, link, server } = all;
        const seen: Uint8Array[] = [];
        const meddle = (node: DtlsNode, from: DtlsNode): void => {
          const receive = node.receive.bind(node);
          node.receive = (now, peer, bytes) => {
            seen.push(bytes);
            const later = random.chance(0.4);
            if (!later && !random.chance(0.1)) receive(now, peer, bytes);
            for (let count = random.pick([0, 0, 1, 2]); count > 0; count -= 1) {
              thrown += 1;
              receive(
                now,
                from.peer,
                damaged(random, random.chance(0.7) ? bytes : random.pick(seen), random.pick(seen)),
              );
            }
            if (later) receive(now, peer, bytes);
          };
        };
        meddle(server, client);
        meddle(client, server);
        for (const text of ['one', 'two']) {
          client.say(clock.now(), server, text);
          link.run(clock.now() + 70_000);
          client.endpoint.drop(server.peer.key);
          client.drain(clock.now());
          link.run(clock.now() + 1000);
        }
        played += 2;
        if (server.told('established').length > 0) reached += 1;
        expect(server.received.every((text) => text === 'one' || text === 'two')).toBe(true);
        link.run(clock.now() + 400_000);
        expect(server.endpoint.gauges()).toMatchObject({
          half_open: 0,
          half_open_cids: 0,
          questions: 0,
          ecdhe_waiting: 0,
          last_flights: 0,
        });
        expect(heldBy(client.endpoint)).toBeLessThanOrEqual(1);
      }
    }
    expect(reached).toBeGreaterThan(rounds);
    return {
      counts: { handshakes: played, 'damaged datagrams': thrown, 'with an association': reached },
      seeds: `1 to ${rounds}`,
    };
  });
});
