/**
 * A start on what a kill at that moment left behind (issue 3, sections 2 to 4): registrations stand, tokens are known before
 * the first datagram is read, and nothing that may have been done is done again. Datagrams are literals.
 */

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ScriptedClient } from '../support/conformance.js';
import { crashImage } from '../support/crash-image.js';
import { TestServer, plain, until } from '../support/test-server.js';

const PATIENT = { 'coap-ack-timeout': 60_000 };

let server: TestServer;
let ended: Promise<void>;
let writer: ScriptedClient;
let reader: ScriptedClient;
let token: string;
const operations: Record<string, string> = {};

/** Orders an operation and waits for nothing: its id. */
async function order(endpoint: string, operation: Readonly<Record<string, unknown>>): Promise<string> {
  const { status, body } = await server.rest('POST', `/devices/${endpoint}/operations`, operation, {
    prefer: 'wait=0',
  });
  expect(status).toBe(202);
  return String(body['id']);
}

async function stateOf(name: string): Promise<unknown> {
  return (await server.rest('GET', `/operations/${operations[name]}`)).body['state'];
}

beforeAll(async () => {
  server = await TestServer.start(PATIENT);
  writer = await ScriptedClient.registered(server, 'writer', '</1/0>,</3/0>');
  reader = await ScriptedClient.registered(server, 'reader', '</1/0>,</3/0>');
  const wanted = server.rest('PUT', '/devices/writer/observations/o', { paths: ['/3/0/9'], format: 'text' });
  const { T = '' } = await writer.peer.answer(
    '4801MMMM TTTTTTTTTTTTTTTT 60 5133 0130 0139 60',
    '6845MMMM TTTTTTTTTTTTTTTT 611e 60 ff 3935',
  );
  token = T;
  expect((await wanted).status).toBe(200);
  operations['write'] = await order('writer', {
    kind: 'write',
    path: '/1/0/1',
    mode: 'replace',
    value: 60,
    format: 'text',
  });
  await writer.peer.expect('4803MMMM TTTTTTTTTTTTTTTT b131 0130 0131 10 ff 3630');
  operations['behind'] = await order('writer', { kind: 'execute', path: '/1/0/8' });
  operations['read'] = await order('reader', { kind: 'read', path: '/3/0/0', format: 'text' });
  await reader.peer.expect('4801MMMM TTTTTTTTTTTTTTTT b133 0130 0130 60');
  const image = crashImage(server.folder);
  ended = server.stop();
  server = await TestServer.start(PATIENT, image);
  for (const { peer } of [writer, reader]) peer.turnTo(server.coap);
});
afterAll(async () => {
  writer.close();
  reader.close();
  await Promise.all([ended, server.stop()]);
});

it('a write that was sent is unknown, what stood behind it and the read that was sent are queued', async () => {
  expect(await stateOf('write')).toBe('unknown');
  expect(await stateOf('behind')).toBe('queued');
  expect(await stateOf('read')).toBe('queued');
});

it('a notification of a known token is kept and acknowledged, the newest whatever its number', async () => {
  await writer.peer.ask('48455001 TTTTTTTTTTTTTTTT 6102 60 ff 3934', '60005001', { T: token });
  expect(plain((await server.rest('GET', '/devices/writer/resources/3/0/9')).body)).toBe(94);
});

it('what waited goes out at that sign of the device, in order, and the unknown write does not', async () => {
  await writer.peer.answer('4802MMMM TTTTTTTTTTTTTTTT b131 0130 0138', '6844MMMM TTTTTTTTTTTTTTTT');
  await until('the execute is done', async () => ((await stateOf('behind')) === 'succeeded' ? 'yes' : undefined));
  expect(await stateOf('write')).toBe('unknown');
  expect(writer.peer.waiting).toBe(0);
});

it('a notification of an unknown token gets RST', async () => {
  await writer.peer.ask('48455002 0102030405060708 6103 60 ff 3933', '70005002');
});

it('the read goes out by itself a little later, since its device is always reachable', async () => {
  await reader.peer.answer('4801MMMM TTTTTTTTTTTTTTTT b133 0130 0130 60', '6845MMMM TTTTTTTTTTTTTTTT c0 ff 78');
  await until('the read is done', async () => ((await stateOf('read')) === 'succeeded' ? 'yes' : undefined));
});

it('an Update on the old location is a refresh', async () => {
  await reader.updates('7d39');
});
