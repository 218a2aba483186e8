/** The trace of a device on a whole server: what is shown of its datagrams, and of nobody else's. */

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ScriptedClient } from '../support/conformance.js';
import { Reader } from '../support/event-reader.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { TestServer, until } from '../support/test-server.js';

let server: TestServer;
const readers: Reader[] = [];

beforeAll(async () => {
  server = await TestServer.start({ 'trace-readers': 2 });
});
afterAll(async () => {
  for (const reader of readers) reader.close();
  await server.stop();
});

async function traceOf(endpoint: string): Promise<Reader> {
  const reader = await Reader.open(server, '', undefined, `/devices/${endpoint}/trace`);
  readers.push(reader);
  return reader;
}

async function closed(reader: Reader): Promise<void> {
  reader.close();
  await until('the reader is gone', async () => {
    const response = await fetch(`${server.http}/metrics`, { headers: { authorization: `Bearer ${server.token}` } });
    return /trace_readers 0\b/.test(await response.text()) ? 'yes' : undefined;
  });
}

it('shows the first Register of a device that was not known, its answer, and a read, each with its bytes and its meaning', async () => {
  const reader = await traceOf('fresh');
  const client = await ScriptedClient.registered(server, 'fresh', '</1/0>,</3/0>');
  await client.read('/3/0/0', 'text', '01 b133 0130 0130 60', '45 60 ff 41');
  const events = await reader.first(4);
  expect(events.map(({ type, data }) => [type, data['direction'], (data['decoded'] as { code: string }).code])).toEqual(
    [
      ['datagram', 'in', '0.02 POST'],
      ['datagram', 'out', '2.01 Created'],
      ['datagram', 'out', '0.01 GET'],
      ['datagram', 'in', '2.05 Content'],
    ],
  );
  const [register, , read] = events.map(({ data }) => data);
  expect(register).toMatchObject({ peer: `127.0.0.1:${client.peer.port}`, local: server.coap.replace('coap://', '') });
  expect(register?.['hex']).toMatch(/^42027d38ab01b27264/);
  expect(Date.parse(String(register?.['at']))).toBeGreaterThan(Date.now() - 60_000);
  expect(read?.['decoded']).toMatchObject({
    type: 'CON',
    options: [
      { number: 11, name: 'Uri-Path', value: '3' },
      { number: 11, name: 'Uri-Path', value: '0' },
      { number: 11, name: 'Uri-Path', value: '0' },
      { number: 17, name: 'Accept', value: 0 },
    ],
  });
  client.close();
  await closed(reader);
});

it('shows nothing of other devices, and what comes from a new address that names the location of this one', async () => {
  const one = await ScriptedClient.registered(server, 'one', '</1/0>,</3/0>');
  const two = await ScriptedClient.registered(server, 'two', '</1/0>,</3/0>');
  const reader = await traceOf('one');
  await two.updates('0001');
  const moved = await ScriptedPeer.open(server.coap);
  await moved.ask('42020001ab02 b27264 0aLLLLLLLLLLLLLLLLLLLL', '62440001ab02', one.location);
  await two.updates('0002');
  const events = await reader.first(2);
  expect(events.map(({ data }) => data['peer'])).toEqual([`127.0.0.1:${moved.port}`, `127.0.0.1:${moved.port}`]);
  for (const peer of [one, two, moved]) peer.close();
  await closed(reader);
  expect(reader.events).toHaveLength(2);
});

it('says of bytes that are no message what is wrong with them', async () => {
  const client = await ScriptedClient.registered(server, 'garbled', '</1/0>');
  const reader = await traceOf('garbled');
  client.peer.send('4f010203');
  const [event] = await reader.first(1);
  expect(event?.data).toMatchObject({ hex: '4f010203', decoded: { malformed: 'token_length', length: 4 } });
  client.close();
  await closed(reader);
});

it('refuses more readers than there may be, and whoever has no token', async () => {
  await traceOf('a');
  await traceOf('b');
  expect((await server.fetch('GET', '/devices/a/trace')).status).toBe(429);
  const anonymous = await fetch(`${server.http}/api/v1/devices/a/trace`);
  expect(anonymous.status).toBe(401);
});
