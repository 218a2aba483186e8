/**
 * Two endpoints over a bad link in virtual time: requests both ways, bodies of 64 KiB, observation. Whatever is lost, doubled
 * or late: each request has one outcome, nothing runs twice, no body is mixed, and everything ends at 0. A failing cell is
 * repeated by its loss and seed.
 */

import { describe, expect, it } from '@jest/globals';
import { fromHex, plainPeer } from '#base';
import type { Instant } from '#base';
import { Code, isSuccess, MessageType, OptionNumber, showCode, stringOption } from '#coap/codec';
import type { EndpointEvent, Parameters, UdpEndpoint } from '#coap/endpoint';
import { VirtualClock } from '../../support/clock.js';
import { VirtualLink } from '../../support/link.js';
import { SeededRandom } from '../../support/random.js';
import { Agenda, EndpointNode } from './harness.js';

const LOSSES = [0, 0.05, 0.1, 0.2, 0.5];
const SEEDS = [1, 2, 3, 4, 5, 6];
const SERVER = plainPeer(0, 'server', 5_683);
const CLIENT = plainPeer(0, 'client', 5_683);
const SIZE = 65_536;
const FOREVER = 3_600_000;

/** Share of confirmable requests that must succeed, by loss: a little less than four retransmissions give. */
const SUCCESS = new Map([
  [0, 1],
  [0.05, 0.98],
  [0.1, 0.95],
  [0.2, 0.9],
  [0.5, 0.4],
]);

const CELLS = LOSSES.flatMap((loss) => SEEDS.map((seed) => [loss, seed] as const));

interface World {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly link: VirtualLink;
  readonly agenda: Agenda;
}

/** A link with 10 % duplicates and 20 % late datagrams beside its loss. */
function world(loss: number, seed: number): World {
  const clock = new VirtualClock();
  const random = new SeededRandom(seed * 7_919 + Math.round(loss * 100));
  const conditions = { loss, duplicate: 0.1, reorder: 0.2, delay: [1, 50] as const, longDelay: [50, 300] as const };
  const link = new VirtualLink(clock, random, conditions);
  return { clock, random, link, agenda: new Agenda(link) };
}

function node(
  { link, random }: World,
  peer: typeof SERVER,
  handle: (event: EndpointEvent, now: Instant, endpoint: UdpEndpoint) => void,
  values: Partial<Parameters> = {},
): EndpointNode {
  return new EndpointNode(link, peer, random, handle, values);
}

/** All gauges of both sides once everything had time to end. */
function rest({ clock, link }: World, ...nodes: EndpointNode[]): number {
  link.run(clock.now() + FOREVER);
  return nodes.flatMap((one) => Object.values(one.endpoint.gauges())).reduce((sum, value) => sum + value, 0);
}

function body(seed: number): Uint8Array {
  return new SeededRandom(seed).bytes(SIZE);
}

describe.each(CELLS)('over a link that loses %d of its datagrams (seed %i)', (loss, seed) => {
  it('each request both ways has one outcome and runs at most once', () => {
    const there = world(loss, seed);
    const runs = new Map<string, number>();
    const outcomes = new Map<string, string[]>();
    const confirmable = new Set<string>();
    const serve =
      (side: string) =>
      (event: EndpointEvent, now: Instant, endpoint: UdpEndpoint): void => {
        if (event.type === 'request') {
          const what = `${side} ${Buffer.from(event.body).toString()}`;
          runs.set(what, (runs.get(what) ?? 0) + 1);
          const answer = (moment: Instant): void => {
            endpoint.respond(moment, event.exchange, { code: Code.CHANGED, payload: event.body });
          };
          if (there.random.chance(0.5)) answer(now);
          else there.agenda.add(now + there.random.integer(1, 8_000), answer);
        } else if (event.type === 'response' || event.type === 'requestFailed') {
          const key = `${side} ${event.request}`;
          outcomes.set(key, [...(outcomes.get(key) ?? []), event.type === 'response' ? 'response' : event.reason]);
        }
      };
    const server = node(there, SERVER, serve('server'));
    const client = node(there, CLIENT, serve('client'));
    const sides = [
      { from: server, to: CLIENT, name: 'server' },
      { from: client, to: SERVER, name: 'client' },
    ];
    for (let count = 0; count < 80; count += 1) {
      const side = sides[count % 2] as (typeof sides)[number];
      there.agenda.add(there.clock.now() + count * there.random.integer(100, 4_000), (now) => {
        const payload = Buffer.from(String(count));
        const type = there.random.chance(0.8) ? MessageType.CON : MessageType.NON;
        const id = side.from.endpoint.request(now, { peer: side.to, code: Code.POST, options: [], payload, type });
        if (type === MessageType.CON) confirmable.add(`${side.name} ${id}`);
        side.from.drain(now);
      });
    }
    expect(rest(there, server, client)).toBe(0);
    expect(outcomes.size).toBe(80);
    expect([...outcomes.values()].every((list) => list.length === 1)).toBe(true);
    expect([...runs.values()].every((count) => count === 1)).toBe(true);
    const begun = [...outcomes].filter(([key, [outcome]]) => confirmable.has(key) && outcome !== 'queue_full');
    const succeeded = begun.filter(([, [outcome]]) => outcome === 'response').length;
    expect(succeeded / begun.length).toBeGreaterThanOrEqual(SUCCESS.get(loss) ?? 1);
  });

  it('a body of 64 KiB goes out and another comes back, whole or not at all', () => {
    const there = world(loss, seed);
    const [up, down] = [body(seed), body(seed + 1_000)];
    const szx = there.random.pick([256, 512, 1_024]);
    let runs = 0;
    let streamed = 0;
    const server = node(
      there,
      SERVER,
      (event, now, endpoint) => {
        if (event.type !== 'request') return;
        runs += 1;
        expect(Buffer.compare(event.body, up)).toBe(0);
        endpoint.respond(now, event.exchange, { code: Code.CHANGED, payload: down });
      },
      { blockSize: there.random.pick([512, 1_024]) },
    );
    const ends: string[] = [];
    const client = node(there, CLIENT, (event, now, endpoint) => {
      if (event.type === 'bodyWanted') {
        streamed += event.length;
        endpoint.feed(now, event.body, event.offset, up.subarray(event.offset, event.offset + event.length));
      } else if (event.type === 'response') {
        if (isSuccess(event.message.code)) expect(Buffer.compare(event.body, down)).toBe(0);
        ends.push(showCode(event.message.code));
      } else if (event.type === 'requestFailed') ends.push(event.reason);
    });
    const payload = { id: 1, size: SIZE };
    client.endpoint.request(there.clock.now(), {
      peer: SERVER,
      code: Code.POST,
      options: [],
      payload,
      preferredBlockSize: szx,
    });
    client.drain(there.clock.now());
    expect(rest(there, server, client)).toBe(0);
    expect(ends).toHaveLength(1);
    expect(runs).toBeLessThanOrEqual(1);
    if (loss <= 0.05) expect([ends, runs, streamed]).toEqual([['2.04'], 1, SIZE]);
  });

  it('an observation hands each notification out once, in an order that never goes back', () => {
    const there = world(loss, seed);
    const token = fromHex('0102030405060708');
    const relations = new Set<number>();
    const handed: number[] = [];
    let fresh = -1;
    let failed = 0;
    const server = node(there, SERVER, (event, now, endpoint) => {
      if (event.type === 'request')
        endpoint.respond(now, event.exchange, { code: Code.CONTENT, observe: { sequence: 0 } });
      else if (event.type === 'observed') relations.add(event.relation);
      else if (event.type === 'observerGone') relations.delete(event.relation);
    });
    const client = node(there, CLIENT, (event, now, endpoint) => {
      if (event.type === 'requestFailed') failed += 1;
      if (event.type !== 'notification') return;
      const sequence = event.message.uint(OptionNumber.OBSERVE) ?? -1;
      handed.push(sequence);
      if (event.fresh) {
        expect(sequence).toBeGreaterThan(fresh);
        fresh = sequence;
      }
      expect(event.body).toHaveLength(sequence % 5 === 0 ? 3_000 : 1);
      const settle = (moment: Instant): void => endpoint.acknowledge(moment, event.notification);
      if (there.random.chance(0.5)) settle(now);
      else there.agenda.add(now + there.random.integer(1, 5_000), settle);
    });
    const request = { peer: SERVER, code: Code.GET, options: [stringOption(OptionNumber.URI_PATH, 'x')], token };
    const ask = (observe: 'register' | 'cancel') => (now: Instant) => {
      client.endpoint.request(now, { ...request, observe });
      client.drain(now);
    };
    const start = there.clock.now();
    there.agenda.add(start, ask('register'));
    for (let count = 1; count <= 60; count += 1) {
      there.agenda.add(start + count * 5_000, (now) => {
        const payload = new Uint8Array(count % 5 === 0 ? 3_000 : 1);
        const confirmable = there.random.chance(0.7) ? 'con' : 'non';
        for (const relation of relations) {
          server.endpoint.notify(now, relation, {
            code: Code.CONTENT,
            payload,
            observe: { sequence: count },
            confirmable,
          });
        }
        server.drain(now);
      });
    }
    there.agenda.add(start + 400_000, ask('cancel'));
    there.agenda.add(start + 900_000, (now) => {
      client.endpoint.forgetObservation(token);
      for (const relation of relations)
        server.endpoint.notify(now, relation, { code: Code.NOT_FOUND, confirmable: 'con' });
      server.drain(now);
    });
    expect(rest(there, server, client)).toBe(0);
    expect(new Set(handed).size).toBe(handed.length);
    if (loss <= 0.1) expect([failed, handed.length > 45]).toEqual([0, true]);
  });
});
