/** T27: an identity that is not known and a key that is wrong look alike, to the byte and to the clock; so do forged records. */

import { afterAll, beforeAll, describe, expect } from '@jest/globals';

import { systemRandom } from '#base';
import type { Answer, Question } from '#dtls';
import { OWNER } from '#fleet/model';
import { SeededRandom } from '../../support/random.js';
import { TestServer } from '../../support/test-server.js';
import { Device } from './support/device.js';
import { attack, attackInFull, size } from './support/run.js';
import { Target } from './support/target.js';

const WRONG = new Uint8Array(16).fill(99);
const KNOWN = 'known-0000';
/** Above it two sets of times are told apart (a habit of tests for constant time). */
const MOST = 4.5;
/** Pairs that are not counted: what runs is compiled meanwhile. */
const WARM = 1000;

let service: TestServer;

beforeAll(async () => {
  service = await TestServer.start();
  const key = `hex:${'03'.repeat(16)}`;
  await service.running.fleet.credentials.put(OWNER, 'dev-1', 'k1', { kind: 'psk', identity: KNOWN, key });
});

afterAll(async () => {
  await service.stop();
});

/** As the service answers, from its store and with its vault. */
function asServed(question: Question): Answer {
  if (question.about !== 'psk') return { is: 'refused' };
  const found = service.running.fleet.handshakes.psk(question.identity);
  return found === undefined ? { is: 'refused' } : { is: 'key', key: found.key, owner: found.identity };
}

const unknown = (index: number): string => `nobod-${String(index % 10_000).padStart(4, '0')}`;

/** A handshake to its end: what came back, and how long the server took since the identity was named, in microseconds. */
function handshake(server: Target, port: number, identity: string): { replies: string; took: number } {
  const device = new Device(server, { address: '198.51.100.7', port }, identity, { psk: WRONG }).begin(2);
  const { puppet } = device;
  const { datagram, taken } = puppet.keyExchange('psk');
  taken();
  const rest = [datagram, puppet.changeCipherSpec(), puppet.finished('sealed')];
  const began = process.hrtime.bigint();
  const replies = rest.flatMap((each) => device.take(each));
  const took = Number(process.hrtime.bigint() - began) / 1000;
  return { replies: replies.map(({ bytes }) => Buffer.from(bytes).toString('hex')).join(), took };
}

describe('a handshake that fails', () => {
  attack('T27 has the same bytes and the same end whether the identity is unknown or the key is wrong', () => {
    const pairs = size(100, 2000);
    for (let pair = 0; pair < pairs; pair += 1) {
      const [one, other] = [KNOWN, unknown(pair)].map((identity) => {
        const server = new Target({ answer: asServed, random: new SeededRandom(pair) });
        const { replies } = handshake(server, 1, identity);
        const later = server.pass(400_000).map(({ bytes }) => Buffer.from(bytes).toString('hex'));
        return { replies, later, failures: server.failures, counters: server.endpoint.counters, held: server.held() };
      });
      expect(other).toEqual(one);
      expect(one).toMatchObject({ replies: '', failures: [{ reason: 'handshake_timeout' }], held: 0 });
    }
    return { counts: { 'pairs of handshakes': pairs }, seeds: `0 to ${pairs - 1}` };
  });

  attackInFull('T27 takes as long with an identity that is unknown as with a key that is wrong', (progress) => {
    const seed = 271;
    const random = new SeededRandom(seed);
    const pairs = 10_000;
    let server = new Target({ answer: asServed, random: systemRandom });
    const times: [number[], number[]] = [[], []];
    for (let pair = 0; pair < pairs + WARM; pair += 1) {
      if (pair % 1000 === 0) server = new Target({ answer: asServed, random: systemRandom });
      const first = random.integer(0, 1);
      for (const which of [first, 1 - first] as const) {
        const { took } = handshake(server, 1 + (pair % 1000) * 2 + which, which === 0 ? KNOWN : unknown(pair));
        if (pair >= WARM) times[which === 0 ? 0 : 1].push(took);
      }
      progress(pair, pairs + WARM);
    }
    return compared(times, { 'handshakes each': pairs }, `${seed}`);
  });
});

describe('a forged record', () => {
  attackInFull('T27 takes as long whichever byte of it is wrong', (progress) => {
    const seed = 272;
    const random = new SeededRandom(seed);
    const records = 20_000;
    const server = new Target({ answer: asServed });
    const device = new Device(server, { address: '198.51.100.7', port: 1 }, KNOWN).begin();
    const genuine = device.data('x'.repeat(100));
    // The last byte of the tag, and the first one of the text.
    const forged = [genuine.length - 1, 21].map((at) => {
      const copy = Buffer.from(genuine);
      copy[at] = (copy[at] as number) ^ 1;
      return copy;
    });
    const times: [number[], number[]] = [[], []];
    for (let count = 0; count < records + WARM; count += 1) {
      const first = random.integer(0, 1);
      for (const which of [first, 1 - first] as const) {
        const began = process.hrtime.bigint();
        const replies = device.take(forged[which] as Buffer);
        const took = Number(process.hrtime.bigint() - began) / 1000;
        if (replies.length > 0) throw new Error('a forged record was answered');
        if (count >= WARM) times[which === 0 ? 0 : 1].push(took);
      }
      progress(count, records + WARM);
    }
    device.take(genuine);
    expect(server.delivered).toHaveLength(1);
    return compared(times, { 'records each': records }, `${seed}`);
  });
});

/** Holds two sets of times against each other, without the tenth that other programs made longest (Welch's t-test). */
function compared(times: readonly [number[], number[]], counts: Readonly<Record<string, number>>, seeds: string) {
  const limit = [...times[0], ...times[1]].sort((left, right) => left - right)[Math.floor(times[0].length * 1.8)] ?? 0;
  const [one, other] = times.map((each) => {
    const kept = each.filter((time) => time <= limit);
    const mean = kept.reduce((sum, time) => sum + time, 0) / kept.length;
    const variance = kept.reduce((sum, time) => sum + (time - mean) ** 2, 0) / (kept.length - 1);
    return { mean, error: variance / kept.length };
  }) as [{ mean: number; error: number }, { mean: number; error: number }];
  const t = (one.mean - other.mean) / Math.sqrt(one.error + other.error);
  expect(Math.abs(t)).toBeLessThan(MOST);
  return { counts: { ...counts, 'µs and': one.mean, 'µs on average': other.mean, 'is t': t }, seeds };
}
