/**
 * A peer that registers without end (security.md row 11) gets 4.29 with Max-Age (RFC 8516); its Updates, and everybody
 * else, are served as always.
 */

import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { ScriptedClient, named, utf8 } from '../support/conformance.js';
import { TestServer } from '../support/test-server.js';

let server: TestServer;

beforeEach(async () => {
  server = await TestServer.start({ 'registration-interval': 3600 });
});
afterEach(async () => {
  await server.stop();
});

/** A Register of LwM2M 1.1 under a message id, token ab01. */
const registerOf = (messageId: string): string =>
  `4202${messageId}ab01 b27264 1128 ${named('flood')} 066c743d333030 096c776d326d3d312e31 03623d55 ff ${utf8('</1/0>,</3/0>')}`;
const created = (messageId: string): string => `6241${messageId}ab01 827264 0aLLLLLLLLLLLLLLLLLLLL`;
/** 4.29 with a Max-Age of two bytes: 3600, or 3599 when the clock moved on. */
const refused = (messageId: string): string =>
  `629d${messageId}ab01 d2010eAA ff ${utf8('too many registrations from here')}`;

it('ten Registers at once are answered 2.01, more 4.29 with Max-Age, and nothing more is stored', async () => {
  const client = await ScriptedClient.silent(server, 'flood');
  const other = await ScriptedClient.silent(server, 'flood');
  let location = {};
  for (let count = 0; count < 10; count += 1) {
    const messageId = `100${count}`;
    location = await client.peer.ask(registerOf(messageId), created(messageId));
  }
  /** But for what is reckoned anew each time, from two clocks that are rounded apart. */
  const registeredAt = async (): Promise<unknown> => {
    const { expiresAt: _reckoned, ...rest } = (await server.device('flood'))['registration'] as Record<string, unknown>;
    return rest;
  };
  const before = await registeredAt();
  for (const messageId of ['2000', '2001', '2002']) {
    const { A } = await client.peer.ask(registerOf(messageId), refused(messageId));
    expect(['0e10', '0e0f', '0e0e']).toContain(`0e${A ?? ''}`);
  }
  expect(await registeredAt()).toEqual(before);

  client.location = location;
  for (let count = 0; count < 20; count += 1) await client.updates((0x3000 + count).toString(16));
  await client.updates('3100', `1128 ff ${utf8('</1/0>,</3/0>,</4/0>')}`);
  expect(await server.device('flood')).toMatchObject({ registration: { objects: [{ id: 1 }, { id: 3 }, { id: 4 }] } });

  await other.peer.ask(registerOf('1000'), created('1000'));
  client.close();
  other.close();
});

it('a Register that came twice is answered twice and counts once', async () => {
  const client = await ScriptedClient.silent(server, 'flood');
  const first = await client.peer.ask(registerOf('1000'), created('1000'));
  for (let count = 0; count < 20; count += 1)
    expect(await client.peer.ask(registerOf('1000'), created('1000'))).toEqual(first);
  await client.peer.ask(registerOf('1001'), created('1001'));
  client.close();
});
