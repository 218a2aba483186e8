/**
 * Freshness of what changes something over plain CoAP, where the server is told to ask for it (RFC 9175 §2.3, security.md
 * rows 1 and 9), on a whole server with literal datagrams.
 */

import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { named, utf8 } from '../support/conformance.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { TestServer } from '../support/test-server.js';

const REGISTER = `b27264 1128 ${named('fresh')} 066c743d333030 096c776d326d3d312e31`;
const LIST = `ff ${utf8('</3/0>')}`;
/** Echo is option 252, here after Uri-Query: 15 + 13 + 224. */
const ECHO = 'dce0 EEEEEEEEEEEEEEEEEEEEEEEE';

let server: TestServer;
const peers: ScriptedPeer[] = [];

beforeAll(async () => {
  server = await TestServer.start({ 'coap-freshness': 60 });
});
afterEach(() => {
  for (const peer of peers.splice(0)) peer.close();
});
afterAll(async () => {
  await server.stop();
});

async function peer(): Promise<ScriptedPeer> {
  const opened = await ScriptedPeer.open(server.coap);
  peers.push(opened);
  return opened;
}

it('a Register is challenged with 4.01 in the ACK, and done when it brings the Echo back', async () => {
  const device = await peer();
  const { E = '' } = await device.ask(`42027d38ab01 ${REGISTER} ${LIST}`, '62817d38ab01 dcef EEEEEEEEEEEEEEEEEEEEEEEE');
  expect((await server.rest('GET', '/devices/fresh')).status).toBe(404);
  const { L = '' } = await device.ask(
    `42027d39ab02 ${REGISTER} ${ECHO} ${LIST}`,
    '62417d39ab02 827264 0aLLLLLLLLLLLLLLLLLLLL',
    { E },
  );
  expect((await server.rest('GET', '/devices/fresh')).status).toBe(200);
  const order = server.rest('POST', '/devices/fresh/operations', { kind: 'read', path: '/3/0/0', format: 'text' });
  await device.answer('4801MMMM TTTTTTTTTTTTTTTT b133 0130 0130 60', '6845MMMM TTTTTTTTTTTTTTTT c0 ff 78');
  expect((await order).body).toMatchObject({ state: 'succeeded' });
  await device.asks(`42047d3aab03 b27264 0a${L}`, '62817d3aab03 dcef');
  await device.ask(`42047d3bab03 b27264 0a${L} dce4 ${E}`, '62427d3bab03');
});

it('an Echo of another address, of nobody, or cut off is no proof', async () => {
  const [one, other] = [await peer(), await peer()];
  const { E = '' } = await one.ask(`42027d38ab01 ${REGISTER} ${LIST}`, '62817d38ab01 dcef EEEEEEEEEEEEEEEEEEEEEEEE');
  await other.asks(`42027d39ab02 ${REGISTER} dce0 ${E} ${LIST}`, '62817d39ab02 dcef');
  await one.asks(`42027d3aab02 ${REGISTER} dce0 ${'00'.repeat(12)} ${LIST}`, '62817d3aab02 dcef');
  await one.asks(`42027d3bab02 ${REGISTER} d8e0 ${E.slice(0, 16)} ${LIST}`, '62817d3bab02 dcef');
});

it('a challenge is at most three times the smallest request', async () => {
  const device = await peer();
  await device.ask('40027d38 b27264', '60817d38 dcef EEEEEEEEEEEEEEEEEEEEEEEE');
  expect(4 + 2 + 12).toBeLessThanOrEqual(3 * 7);
});

it('what changes nothing is answered as it is', async () => {
  await (await peer()).asks('40017d38 bb2e77656c6c2d6b6e6f776e 04636f7265', '60457d38');
});
