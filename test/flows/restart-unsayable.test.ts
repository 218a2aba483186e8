/** A start on observations that cannot be said to their devices: they wait to be refused, and do not keep the server down. */

import { afterEach, expect, it } from '@jest/globals';
import { ScriptedClient } from '../support/conformance.js';
import { crashImage } from '../support/crash-image.js';
import { TestServer, until } from '../support/test-server.js';

const PATIENT = { 'coap-ack-timeout': 60_000 };
const closing: (() => unknown)[] = [];

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

it('an observation in a format that carries no values is pending over the start, and then refused', async () => {
  const before = await TestServer.start(PATIENT);
  closing.push(() => before.stop());
  const client = await ScriptedClient.registered(before, 'unsaid', '</1/0>,</3/0>');
  closing.push(() => {
    client.close();
  });
  // One request is under way, so that the observation has to wait for its turn.
  const prefer = { prefer: 'wait=0' };
  await before.rest('POST', '/devices/unsaid/operations', { kind: 'read', path: '/3/0/0', format: 'text' }, prefer);
  await client.peer.expect('4801MMMM TTTTTTTTTTTTTTTT b133 0130 0130 60');
  const url = '/devices/unsaid/observations/o';
  const wanted = await before.rest('PUT', url, { paths: ['/3/0/9'], format: 'link' });
  expect(wanted.body).toMatchObject({ state: 'pending' });

  const after = await TestServer.start(PATIENT, crashImage(before.folder));
  closing.push(() => after.stop());
  client.peer.turnTo(after.coap);
  await until('the observation is refused', async () =>
    (await after.rest('GET', url)).body['state'] === 'refused' ? 'yes' : undefined,
  );
  expect((await after.rest('GET', url)).body).toMatchObject({ error: { code: 'not_encodable' } });
});
