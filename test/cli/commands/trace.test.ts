/** `bellwether device trace` against a whole server. */

import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { ScriptedClient } from '../../support/conformance.js';
import { TestServer } from '../../support/test-server.js';
import { Bellwether } from '../support/process.js';

let server: TestServer;
let client: ScriptedClient;
let updates = 0;

beforeAll(async () => {
  server = await TestServer.start();
  client = await ScriptedClient.registered(server, 'traced', '</1/0>,</3/0>');
});
afterAll(async () => {
  client.close();
  await server.stop();
});

/** A trace that has seen an Update and its answer. */
async function traced(...more: string[]): Promise<Bellwether> {
  const trace = new Bellwether(['device', 'trace', 'traced', ...more], {
    BELLWETHER_URL: server.http,
    BELLWETHER_TOKEN: server.token,
  });
  await trace.says(/^the datagrams of traced are shown from now on; Ctrl-C ends$/m);
  updates += 1;
  await client.updates(updates.toString(16).padStart(4, '0'));
  await trace.says(/2\.04/);
  return trace;
}

it('shows what comes and goes, a line each, and ends with 0 by Ctrl-C', async () => {
  const trace = await traced();
  expect(trace.out).toMatch(
    /^\S+Z {2}< 127\.0\.0\.1:\d+ {2}CON 0\.02 POST, MID \d+, token ab02, Uri-Path "rd", Uri-Path "\S+"$/m,
  );
  expect(trace.out).toMatch(/^\S+Z {2}> 127\.0\.0\.1:\d+ {2}ACK 2\.04 Changed, MID \d+, token ab02$/m);
  expect(await trace.end('SIGINT')).toBe(0);
});

it('shows the bytes with --hex, and gives programs one JSON object a line', async () => {
  const hex = await traced('--hex');
  expect(hex.out).toMatch(/\n {4}6244\w{4}ab02$/m);
  expect(await hex.end('SIGTERM')).toBe(0);
  const json = await traced('--json');
  const [first = ''] = json.out.split('\n');
  expect(JSON.parse(first)).toMatchObject({ direction: 'in', decoded: { code: '0.02 POST', token: 'ab02' } });
  expect(await json.end('SIGTERM')).toBe(0);
});
