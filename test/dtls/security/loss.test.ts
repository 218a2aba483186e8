/** Handshakes on lossy links (security targets: loss 0 to 50 %, duplicates, reordering, small datagrams) against theory. */

import { describe, expect } from '@jest/globals';

import { DTLS_PARAMETERS } from '#dtls';
import { VirtualClock } from '../../support/clock.js';
import { DtlsNode, knowsPsk, PSK } from '../../support/dtls.js';
import { CLEAN, VirtualLink } from '../../support/link.js';
import { SeededRandom } from '../../support/random.js';
import { cheapProvider } from './support/cheap-provider.js';
import { attack, size } from './support/run.js';
import { heldBy } from './support/target.js';

const LOSSES = [0, 0.05, 0.1, 0.2, 0.5];
const REORDER = 0.2;
const deadline = DTLS_PARAMETERS.handshakeDeadline;

function world(seed: number, mtu: number) {
  const clock = new VirtualClock();
  const link = new VirtualLink(clock, new SeededRandom(seed));
  const parts = { parameters: { mtu }, provider: cheapProvider };
  const server = new DtlsNode(link, new SeededRandom(seed + 1), '192.0.2.1', { ...parts, answer: knowsPsk }).serve();
  const client = new DtlsNode(link, new SeededRandom(seed + 2), '198.51.100.7', parts).connect({ psk: PSK });
  return { clock, link, server, client };
}

/** Datagrams of each round trip where nothing is lost: hello and cookie, hello and answer, both ends. */
function roundTrips(mtu: number): number[] {
  const { client, clock, link, server } = world(1, mtu);
  const said: string[] = [];
  const send = link.send.bind(link);
  link.send = (from, to, bytes) => {
    said.push(from.address);
    send(from, to, bytes);
  };
  client.say(clock.now(), server, '');
  link.run(clock.now() + 5000);
  const counts = [0, 0, 0];
  let turn = -1;
  for (const [index, who] of said.entries()) {
    if (who === client.peer.address && said[index - 1] !== who) turn += 1;
    if (turn < 3) counts[turn] = (counts[turn] ?? 0) + 1;
  }
  return counts;
}

/**
 * Share of handshakes that fail if a round trip succeeds only when all its datagrams arrive in one try and none overtakes
 * another, tries are at 0, 1, 3, 7, 15 … seconds from its beginning, and all three have the deadline of a handshake, less
 * two seconds for what is on its way.
 */
function theory(loss: number, trips: readonly number[]): number {
  const chance = trips.map((count) => (1 - loss) ** count * (1 - REORDER) ** Math.max(0, count - 2));
  let success = 0;
  for (let one = 0; one < 6; one += 1)
    for (let two = 0; two < 6; two += 1)
      for (let three = 0; three < 6; three += 1) {
        if (2 ** one + 2 ** two + 2 ** three - 3 >= deadline / 1000 - 2) continue;
        success += [one, two, three].reduce((product, failed, index) => {
          const each = chance[index] as number;
          return product * each * (1 - each) ** failed;
        }, 1);
      }
  return 1 - success;
}

describe('handshakes on a lossy link', () => {
  for (const mtu of [1232, 576, 300, 100]) {
    attack(`loss 0 to 50 %, datagrams of ${mtu} bytes: no worse than theory, and nothing is stuck`, () => {
      const count = size(30, 2000);
      const trips = roundTrips(mtu);
      const told: string[] = [];
      for (const loss of LOSSES) {
        let failed = 0;
        for (let seed = 1; seed <= count; seed += 1) {
          const { client, clock, link, server } = world(seed * 1000 + mtu, mtu);
          link.conditions = { loss, duplicate: 0.1, reorder: REORDER, delay: [5, 30], longDelay: [30, 300] };
          client.say(clock.now(), server, 'x');
          if (!link.run(clock.now() + deadline + 1000, () => client.told('established').length > 0)) failed += 1;
          link.conditions = CLEAN;
          link.run(clock.now() + 400_000);
          expect(server.endpoint.gauges()).toMatchObject({
            half_open: 0,
            half_open_cids: 0,
            questions: 0,
            ecdhe_waiting: 0,
            last_flights: 0,
          });
          expect(heldBy(server.endpoint)).toBe(server.told('established').length > 0 ? 1 : 0);
          // Not stuck: where it failed, the next one succeeds.
          client.say(clock.now(), server, 'y');
          link.run(clock.now() + deadline + 1000);
          if (server.received.at(-1) !== 'y') throw new Error(`seed ${seed}: stuck`);
        }
        const expected = theory(loss, trips) * count;
        told.push(`${loss * 100} %: ${failed} of ${count} failed, theory ${expected.toFixed(2)}`);
        // One and a half times theory, and three standard deviations of so few.
        if (loss < 0.5) expect(failed).toBeLessThanOrEqual(1.5 * expected + 3 * Math.sqrt(expected));
      }
      return {
        counts: { 'datagrams a round trip': trips.join('+'), outcome: told.join('; ') },
        seeds: `1 to ${count}`,
      };
    });
  }
});
