/**
 * The disk stands still for five seconds under a whole server: refresh Updates, reads of what is known and /healthz go on with
 * a loop that does not lag, and nothing that needs a commit is answered, until the disk moves again and all of it is.
 */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { IntervalHistogram } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { CREATED, ScriptedClient, named, utf8 } from '../support/conformance.js';
import { Promised } from '../support/promised.js';
import { TestServer } from '../support/test-server.js';
import type { Answer } from '../support/test-server.js';

const HELD = 5000;
const REFRESHERS = 8;
/** Milliseconds between two refreshes of one device, and of the measure of lag. */
const PACE = 5;
const OBJECTS = '</1/0>,</3/0>';
const DEFINITION = `<LWM2M><Object ObjectType="MODefinition"><Name>Held</Name><Description1/><ObjectID>33000</ObjectID>
<ObjectURN>urn:oma:lwm2m:x:33000</ObjectURN><MultipleInstances>Single</MultipleInstances><Mandatory>Optional</Mandatory>
<Resources><Item ID="0"><Name>One</Name><Operations>R</Operations><MultipleInstances>Single</MultipleInstances>
<Mandatory>Optional</Mandatory><Type>Integer</Type><RangeEnumeration/><Units/><Description/></Item></Resources>
<Description2/></Object></LWM2M>`;

let server: TestServer;
let release: () => void = () => undefined;
const clients: ScriptedClient[] = [];

beforeAll(async () => {
  server = await TestServer.start({ 'coap-processing-time': 1000 });
});
afterEach(() => {
  release();
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await server.stop();
});

async function registered(endpoint: string): Promise<ScriptedClient> {
  const client = await ScriptedClient.registered(server, endpoint, OBJECTS);
  clients.push(client);
  return client;
}

/** Refreshes until `end`, awaiting each answer: how many there were, and how long the slowest took. */
async function refresh(client: ScriptedClient, end: number): Promise<{ answers: number; slowest: number }> {
  let slowest = 0;
  for (let answers = 0; ; answers += 1) {
    const began = performance.now();
    if (began > end) return { answers, slowest };
    await client.updates((0x1000 + answers).toString(16));
    slowest = Math.max(slowest, performance.now() - began);
    await pause(PACE);
  }
}

/** Adds an object definition. */
async function define(): Promise<Answer> {
  const { status } = await fetch(`${server.http}/api/v1/objects`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/xml' },
    body: DEFINITION,
  });
  return { status, body: {} };
}

/** Asks for /healthz and a device until `end`: how many answers came. */
async function watch(end: number): Promise<number> {
  for (let answers = 0; ; answers += 2) {
    if (performance.now() > end) return answers;
    expect((await fetch(`${server.http}/healthz`)).status).toBe(200);
    expect((await server.rest('GET', '/devices/tagged')).status).toBe(200);
    await pause(20);
  }
}

it('a writer held for 5 s delays refresh Updates and /healthz by nothing, and answers nothing that waits for its commit', async () => {
  const refreshers: ScriptedClient[] = [];
  for (let index = 0; index < REFRESHERS; index += 1) refreshers.push(await registered(`fresh${index}`));
  const changer = await registered('changer');
  const leaver = await registered('leaver');
  const tagged = await registered('tagged');
  const doomed = await registered('doomed');
  const written = await registered('written');
  const ordered = await registered('ordered');
  const wanted = await registered('wanted');
  const read = await registered('read');
  const watched = await registered('watched');
  const comer = await ScriptedClient.silent(server, 'comer');
  clients.push(comer);
  const level = server.rest('PUT', '/devices/watched/observations/level', { paths: ['/3/0/9'], format: 'text' });
  const { T = '' } = await watched.peer.answer(
    '4801MMMM TTTTTTTTTTTTTTTT 60 5133 0130 0139 60',
    '6845MMMM TTTTTTTTTTTTTTTT 6101 60 ff 3935',
  );
  expect((await level).status).toBe(200);

  release = server.store.holdWriter();
  const lag = monitorEventLoopDelay({ resolution: PACE });
  lag.enable();
  const end = performance.now() + HELD;

  // What needs a commit.
  comer.peer.send(`42027d38ab01 b27264 1128 ${named('comer')} 066c743d333030 096c776d326d3d312e31 ff ${utf8(OBJECTS)}`);
  changer.peer.send('42027d39ab02 b27264 0aLLLLLLLLLLLLLLLLLLLL 466c743d343030', changer.location);
  leaver.peer.send('42047d39ab03 b27264 0aLLLLLLLLLLLLLLLLLLLL', leaver.location);
  watched.peer.send('48455004 TTTTTTTTTTTTTTTT 6104 60 ff 3932', { T });
  const write = { kind: 'write', path: '/3/0/15', mode: 'replace', value: 'CET', format: 'text' };
  const promised = new Promised();
  promised.add('PATCH of tags', server.rest('PATCH', '/devices/tagged', { tags: { held: 'yes' } }));
  promised.add('DELETE of a device', server.rest('DELETE', '/devices/doomed'));
  promised.add('write', server.rest('POST', '/devices/written/operations', write));
  promised.add(
    'write, not waited for',
    server.rest('POST', '/devices/ordered/operations', write, { prefer: 'wait=0' }),
  );
  promised.add('wanted observation', server.rest('PUT', '/devices/wanted/observations/a', { paths: ['/3/0/9'] }));
  promised.add('definition', define());
  promised.add(
    'read, answered by the device',
    server.rest('POST', '/devices/read/operations', { kind: 'read', path: '/3/0/9' }),
  );
  await read.peer.answer('4801MMMM TTTTTTTTTTTTTTTT b133 0130 0139', '6845MMMM TTTTTTTTTTTTTTTT c0 ff 3935');

  const [seen, ...rounds] = await Promise.all([watch(end), ...refreshers.map((client) => refresh(client, end))]);
  // A bare refresh of the very device whose change waits is answered too.
  await changer.peer.expect('60007d39');
  await changer.updates('7d3a');

  lag.disable();
  const answers = rounds.reduce((sum, round) => sum + round.answers, 0);
  const slowest = Math.max(...rounds.map((round) => round.slowest));
  process.stdout.write(`held writer: ${answers} refreshes, slowest ${slowest.toFixed(1)} ms; loop lag ${shown(lag)}\n`);
  expect(answers).toBeGreaterThan(1000);
  expect(seen).toBeGreaterThan(50);
  expect(lagAt(lag, 90)).toBeLessThan(50);
  expect(slowest).toBeLessThan(1000);

  expect(promised.kept).toEqual([]);
  await comer.peer.expect('60007d38');
  await leaver.peer.expect('60007d39');
  // Nothing more has come to anyone: no 2.01, 2.04, 2.02, no acknowledgement of the notification, no datagram of a write.
  const all = [comer, changer, leaver, tagged, doomed, written, ordered, wanted, read, watched];
  expect(all.filter(({ peer }) => peer.waiting > 0).map(({ endpoint }) => endpoint)).toEqual([]);

  release();
  const later = async (client: ScriptedClient, response: string) =>
    client.peer.send('6000MMMM', await client.peer.expect(response));
  await later(comer, CREATED.replace('62417d38', '4241MMMM'));
  await later(changer, '4244MMMMab02');
  await later(leaver, '4242MMMMab03');
  await watched.peer.expect('60005004');
  await written.peer.answer('4803MMMM TTTTTTTTTTTTTTTT b133 0130 023135 10 ff 434554', '6844MMMM TTTTTTTTTTTTTTTT');
  await ordered.peer.answer('4803MMMM TTTTTTTTTTTTTTTT b133 0130 023135 10 ff 434554', '6844MMMM TTTTTTTTTTTTTTTT');
  await wanted.peer.answer('4801MMMM TTTTTTTTTTTTTTTT 60 5133 0130 0139', '6845MMMM TTTTTTTTTTTTTTTT 6101 60 ff 3935');
  expect(await promised.statuses()).toEqual({
    'PATCH of tags': 200,
    'DELETE of a device': 204,
    write: 200,
    'write, not waited for': 202,
    'wanted observation': 200,
    definition: 201,
    'read, answered by the device': 200,
  });
  expect(await server.device('comer')).toMatchObject({ endpoint: 'comer', presence: 'online' });
}, 60_000);

/** Lag of the loop in milliseconds: what a percentile of its turns came late. */
function lagAt(histogram: IntervalHistogram, percentile: number): number {
  return Math.max(0, histogram.percentile(percentile) / 1e6 - PACE);
}

function shown(histogram: IntervalHistogram): string {
  const percentiles = [50, 90, 99].map((percentile) => `p${percentile} ${lagAt(histogram, percentile).toFixed(1)} ms`);
  return `${percentiles.join(', ')}, max ${(histogram.max / 1e6 - PACE).toFixed(1)} ms`;
}
