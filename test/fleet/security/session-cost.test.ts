/**
 * What kept sessions cost: in memory, 100,000 of them in the embedded store, and in processor time, short handshakes whose
 * sessions are looked up there beside full handshakes with a pre-shared key that make a session. Both sides of a handshake are counted, and all
 * threads.
 */

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock, systemRandom, toHex, type WallTime } from '#base';
import type { Answer, Session } from '#dtls';
import type { FleetStore } from '#fleet/ports';
import { openStore } from '#store';
import { openSession, sealSession } from '../../../src/fleet/devices/session-seal.js';
import { device, deviceId, putDevice } from '../../contract/records.js';
import { VirtualClock } from '../../support/clock.js';
import { ROOMY } from '../../support/crash-image.js';
import { DtlsNode, PSK, knowsPsk, type Answerer } from '../../support/dtls.js';
import { CLEAN, VirtualLink } from '../../support/link.js';
import { memoryInUse } from '../../support/memory.js';
import { SeededRandom } from '../../support/random.js';
import { SealingKey } from '../../support/sealing-key.js';

const SESSIONS = 100_000;
const HANDSHAKES = 400;
const secrets = new SealingKey();
const owner = { kind: 'psk', name: 'Client_identity', endpoint: 'dev-1', since: 0 as WallTime } as const;
const expires = (systemClock.wall() + 86_400_000) as WallTime;
let folder: string;
let store: FleetStore;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bellwether-session-cost-'));
  store = await openStore(folder, {
    limits: ROOMY,
    parameters: { foldAge: 200 },
    ...{ clock: systemClock, random: systemRandom, logger: silentLogger },
  });
  await putDevice(store, device(1), 0);
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

/** Keeps a session under a digest, as the fleet does. */
function keep(digest: string, listener: number, suite: number, master: Uint8Array): Promise<void> {
  const sealed = sealSession(secrets, deviceId(1), digest, { suite, master, owner: { ...owner, expires } });
  return store.keepSession({ digest, device: deviceId(1), listener, expires, sealed });
}

it(`${SESSIONS} sessions take at most 20 bytes each once they are written`, async () => {
  const master = new Uint8Array(48);
  const all = async (from: number, to: number): Promise<void> => {
    const keeping: Promise<void>[] = [];
    for (let number = from; number < to; number += 1)
      keeping.push(keep(number.toString(16).padStart(32, '0'), number, 0xc0_a8, master));
    await Promise.all(keeping);
  };
  const folded = async (): Promise<void> => {
    while ((store.status().gauges['unfoldedBytes'] ?? 0) > 0) await new Promise((resolve) => setTimeout(resolve, 50));
  };
  await all(0, 1000);
  await folded();
  const before = memoryInUse();
  for (let from = 1000; from < SESSIONS; from += 3000) await all(from, Math.min(from + 3000, SESSIONS));
  await folded();
  const each = (memoryInUse() - before) / SESSIONS;
  process.stdout.write(`${each.toFixed(1)} bytes in memory a session at ${SESSIONS}\n`);
  expect((await store.session((SESSIONS - 1).toString(16).padStart(32, '0')))?.listener).toBe(SESSIONS - 1);
  expect(each).toBeLessThan(20);
}, 120_000);

it('a short handshake with its look-up costs at most half as much again as a full one with a pre-shared key', async () => {
  const clock = new VirtualClock();
  const random = new SeededRandom(1);
  const link = new VirtualLink(clock, random, CLEAN);
  const answer: Answerer = (question) => (question.about === 'session' ? undefined : knowsPsk(question));
  const server = new DtlsNode(link, random, '192.0.2.1', { answer }).serve();
  const client = new DtlsNode(link, random, '198.51.100.7').connect({ psk: PSK });
  const digestOf = (handle: Uint8Array): string => toHex(handle.subarray(0, 16));
  const found = async (handle: Uint8Array): Promise<Answer> => {
    const record = await store.session(digestOf(handle));
    if (record === undefined) return { is: 'refused' };
    const { master, suite } = openSession(secrets, record.device, record.digest, record.sealed);
    return { is: 'session', session: { suite, master, owner } };
  };
  const shake = async (look: (handle: Uint8Array) => Answer | Promise<Answer>): Promise<void> => {
    client.say(clock.now(), server, 'x');
    link.run(clock.now() + 500);
    for (const { ask, question } of server.open.splice(0)) {
      if (ask.about === 'session') server.endpoint.answer(clock.now(), question, await look(ask.handle));
      server.drain(clock.now());
    }
    link.run(clock.now() + 500);
    client.endpoint.drop(server.peer.key);
    client.drain(clock.now());
    link.run(clock.now() + 500);
  };
  const cost = async (look: (handle: Uint8Array) => Answer | Promise<Answer>): Promise<number> => {
    const from = process.cpuUsage();
    for (let count = 0; count < HANDSHAKES; count += 1) await shake(look);
    const { user, system } = process.cpuUsage(from);
    return (user + system) / HANDSHAKES;
  };
  const keeping: Promise<void>[] = [];
  /** A full handshake makes a session, which is kept behind. */
  const refuse = (): Answer => {
    const last = server.told('session').at(-1);
    if (last !== undefined) keeping.push(keep(digestOf(last.handle), 0, last.session.suite, last.session.master));
    return { is: 'refused' };
  };
  const keepLast = async (): Promise<void> => {
    const { handle, session } = server.told('session').at(-1) as { handle: Uint8Array; session: Session };
    await Promise.all([...keeping.splice(0), keep(digestOf(handle), 0, session.suite, session.master)]);
    while ((store.status().gauges['unfoldedBytes'] ?? 0) > 0) await new Promise((resolve) => setTimeout(resolve, 50));
  };
  await cost(refuse);
  await keepLast();
  await cost(found);
  const full = await cost(refuse);
  await keepLast();
  const short = await cost(found);
  const kinds = server.told('established').map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === 'resumed')).toHaveLength(2 * HANDSHAKES);
  expect(kinds.filter((kind) => kind === 'full')).toHaveLength(2 * HANDSHAKES);
  process.stdout.write(
    `${short.toFixed(0)} µs for a short handshake with its look-up, ${full.toFixed(0)} µs for a full one\n`,
  );
  expect(short).toBeLessThan(1.5 * full);
}, 60_000);
