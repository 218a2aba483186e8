/** Chains whose signatures are RSASSA-PSS in whole handshakes: the device's judged by the server, the server's by the device. */

import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';

import { systemClock } from '#base';
import type { Answer, Question } from '#dtls';
import { ChainJudge, readAnchors, trustParameters } from '#trust';
import { deviceWithCertificate, type DtlsClient } from '../support/dtls-client.js';
import { authorityNow, deviceNow, serverKey, valid } from '../support/server-keys.js';
import { TestServer } from '../support/test-server.js';
import { authority, pair, pem, pssParameters, type Issued, type Plan } from '../support/x509.js';

const PSS = { pss: {} };
const root = authorityNow('PSS root', { key: pair(2048), ...PSS });
const sub = authority('PSS sub', root, { key: pair(3072), hash: 'sha384', ...valid(), ...PSS });
const judge = new ChainJudge(trustParameters({}));
let server: TestServer;
const clients: DtlsClient[] = [];

beforeAll(async () => {
  judge.replaceTrust(readAnchors(root.der), []);
  server = await TestServer.start();
  await put('/trust-anchors/pss', { certificate: pem('CERTIFICATE', root.der), rule: '{cn}' });
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await server.stop();
});

async function put(path: string, body: unknown): Promise<void> {
  const answer = await server.rest('PUT', path, body);
  expect([path, answer.status, answer.body['detail']]).toEqual([path, 200, undefined]);
}

/** The device judges as the server does. */
function judged(question: Question): Answer {
  const good =
    question.about === 'chain' && judge.judge(question.chain, 'server', systemClock.wall()).kind === 'accepted';
  return good ? { is: 'good' } : { is: 'refused' };
}

/** What becomes of the handshake of a device with a certificate, at a server with a key of that kind. */
async function comes(leaf: Issued): Promise<unknown> {
  const client = deviceWithCertificate(() => server, [leaf, sub], {}, { answer: judged });
  clients.push(client);
  const kind = await client.come();
  if (kind === 'full') await client.ping();
  return kind;
}

it.each([
  ['on P-256', undefined],
  ['of RSA', 2048],
] as const)('a device and a server with keys %s shake hands', async (_words, bits) => {
  const key = (): object => (bits === undefined ? {} : { key: pair(bits) });
  const { key: privateKey, chain } = serverKey(root, 'door', { ...PSS, ...key() });
  await put('/server-credentials/door', { key: privateKey, chain });
  expect(await comes(deviceNow(sub, 'pss-dev', { ...PSS, ...key() }))).toBe('full');
  expect(server.running.stack.secureGauges()['associations']).toBe(1);
});

it.each<[string, Plan]>([
  ['is spoiled', { ...PSS, spoil: (signature) => Buffer.from(signature).reverse() }],
  ['has a shorter salt than it says', { pss: { salt: 20, parameters: [pssParameters('sha256')] } }],
])('a device whose signature %s is refused', async (_words, plan) => {
  const { key, chain } = serverKey(root, 'door', PSS);
  await put('/server-credentials/door', { key, chain });
  expect(await comes(deviceNow(sub, 'pss-bad', plan))).toBe('handshakeFailed');
});
