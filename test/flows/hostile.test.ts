/**
 * Datagrams that no honest device sends, thousands of them, against a whole server with devices registered and observed:
 * whatever comes, no invariant breaks, devices that are known stay known, and the next honest device is served.
 */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';

import { expect, it } from '@jest/globals';
import { fromHex } from '#base';
import { ScriptedClient, utf8 } from '../support/conformance.js';
import { SeededRandom } from '../support/random.js';
import { TestServer, until } from '../support/test-server.js';

const REGISTER = `42027d38ab01 b27264 1128 3465703d78 066c743d333030 096c776d326d3d312e31 03623d55 ff ${utf8('</1/0>,</3/0>')}`;

/** What is changed at random: one message of each kind there is. */
const SEEDS = [
  REGISTER,
  `42027d39ab01 b27264 1128 3465703d79 066c743d333030 096c776d326d3d312e32 0351 03623d55 ff ${utf8('</>;rt="oma.lwm2m";ct="60 112",</3>;ver=1.1,</3/0>')}`,
  `42027d40ab02 b27264 0aLLLLLLLLLLLLLLLLLLLL`,
  `42027d41ab02 b27264 0aLLLLLLLLLLLLLLLLLLLL 1128 366c743d3330 ff ${utf8('</1/0>')}`,
  `42047d42ab02 b27264 0a41414141414141414141`,
  `42027d43ab02 b26470 1170 ff 81 a2 00 66 ${utf8('/3/0/9')} 02 185f`,
  '48455001 TTTTTTTTTTTTTTTT 6102 60 ff 3934',
  '58455002 TTTTTTTTTTTTTTTT 6103 60 ff 3933',
  '68455003 TTTTTTTTTTTTTTTT 6104 60 ff 3932',
  '48845004 TTTTTTTTTTTTTTTT',
  '70005005',
  '60005006',
  '40005007',
  `42027d44ab02 b27264 d1030a d1fc31 ff ${'41'.repeat(64)}`,
  '41017d4501 bb2e77656c6c2d6b6e6f776e 04636f7265 c102',
  '48455008 TTTTTTTTTTTTTTTT 4101 2102 60 b108 ff 39393939393939393939393939393939',
];

it('does no harm (seeded)', async () => {
  const server = await TestServer.start({ 'coap-ack-timeout': 100, 'coap-max-retransmit': 0 });
  const random = new SeededRandom(7);
  const victim = await ScriptedClient.registered(server, 'victim', '</1/0>,</3/0>');
  const watched = await ScriptedClient.registered(server, 'watched', '</1/0>,</3/0>');
  const wanted = server.rest('PUT', '/devices/watched/observations/o', { paths: ['/3/0/9'], format: 'text' });
  const { T = '' } = await watched.peer.answer(
    '4801MMMM TTTTTTTTTTTTTTTT 60 5133 0130 0139 60',
    '6845MMMM TTTTTTTTTTTTTTTT 6101 60 ff 3935',
  );
  await wanted;
  const before = await server.device('victim');
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const port = Number(new URL(server.coap).port);
  const seeds = SEEDS.map((seed) => fromHex(filled(seed, T, victim.location['L'] ?? '').replaceAll(' ', '')));
  for (let round = 0; round < 6000; round += 1) {
    const bytes = mutated(seeds[Math.floor(random.fraction() * seeds.length)] as Uint8Array, random);
    socket.send(bytes, port, '127.0.0.1');
    if (round % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  socket.close();
  await until('an honest device is served', async () => {
    const honest = await ScriptedClient.registered(server, 'honest', '</1/0>,</3/0>').catch(() => undefined);
    honest?.close();
    return honest;
  });
  const metrics = await fetch(`${server.http}/metrics`, { headers: { authorization: `Bearer ${server.token}` } });
  const [, arrived] = /coap_datagrams_in_total (\d+)/.exec(await metrics.text()) ?? [];
  expect(Number(arrived)).toBeGreaterThan(3000);
  const after = await server.device('victim');
  expect(after['endpoint']).toBe('victim');
  expect(after['firstSeen']).toBe(before['firstSeen']);
  victim.close();
  watched.close();
  await server.stop();
});

function filled(seed: string, token: string, location: string): string {
  return seed.replace('TTTTTTTTTTTTTTTT', token).replace('LLLLLLLLLLLLLLLLLLLL', location);
}

/** A copy with a few bytes changed, put in, or left out, and mostly a message id of its own. */
function mutated(seed: Uint8Array, random: SeededRandom): Uint8Array {
  const bytes = [...seed];
  const at = (): number => Math.floor(random.fraction() * bytes.length);
  if (random.fraction() < 0.9) bytes.splice(2, 2, ...random.bytes(2));
  for (let changes = Math.floor(random.fraction() * 4); changes > 0; changes -= 1) {
    const kind = random.fraction();
    const [byte = 0] = random.bytes(1);
    if (kind < 0.5) bytes[at()] = byte;
    else if (kind < 0.7) bytes.splice(at(), 0, byte);
    else if (kind < 0.9) bytes.splice(at(), 1 + Math.floor(random.fraction() * 4));
    else bytes.length = at();
  }
  return Uint8Array.from(bytes);
}
