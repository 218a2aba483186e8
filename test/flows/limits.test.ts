/**
 * Every limit has a setting and a metric (security.md section 3): a whole server with small limits is driven by literal
 * datagrams and by REST against each that a peer or a caller can reach, until its metric rises. Limits that only our own
 * side can reach are in test/coap/endpoint/limits.test.ts.
 */

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { SETTINGS } from '../../src/settings.js';
import { CREATED, ScriptedClient, headed, named, utf8 } from '../support/conformance.js';
import type { Caught } from '../support/scripted-peer.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { simulated } from '../support/simulated.js';
import { TestServer, until } from '../support/test-server.js';

const TIGHT = {
  'coap-options-per-message': 16,
  'coap-exchanges-per-peer': 1,
  'coap-duplicates-per-peer': 4,
  'coap-assemblies-per-peer': 2,
  'coap-body-bytes': 2048,
  'coap-assembly-idle': 1000,
  'coap-notification-rate': 0.01,
  'coap-notification-burst': 3,
  'coap-transfer-restarts': 0,
  'endpoint-name-bytes': 8,
  'link-bytes': 256,
  'link-count': 8,
  'link-attributes': 4,
  'format-payload-bytes': 1024,
  'format-records': 4,
  'format-name-characters': 24,
  'format-depth': 3,
  'format-cbor-items': 16,
  'device-time-past': 60,
  'device-time-future': 60,
  'definition-bytes': 2048,
  'definition-elements': 24,
  'operation-queue': 1,
  'observations-per-device': 1,
  'attributes-per-device': 1,
  'event-readers': 1,
  'trace-readers': 1,
  models: 1,
  profiles: 1,
  'http-body-bytes': 4096,
};

/** Small limits of what waits: for devices that say nothing, for a disk that stands still. */
const IMPATIENT = { 'coap-ack-timeout': 50, 'coap-max-retransmit': 0, 'store-queue-bytes': 65_536 };

let tight: TestServer;
let impatient: TestServer;
const closing: { close(): void }[] = [];

beforeAll(async () => {
  [tight, impatient] = await Promise.all([TestServer.start(TIGHT), TestServer.start(IMPATIENT)]);
});
afterEach(() => {
  for (const one of closing.splice(0)) one.close();
});
afterAll(async () => {
  await Promise.all([tight.stop(), impatient.stop()]);
});

async function peerOf(server: TestServer): Promise<ScriptedPeer> {
  const peer = await ScriptedPeer.open(server.coap);
  closing.push(peer);
  return peer;
}

async function registered(server: TestServer, endpoint: string): Promise<ScriptedClient> {
  const client = await ScriptedClient.registered(server, endpoint, '</1/0>,</3/0>');
  closing.push(client);
  return client;
}

/** All metrics without prefix and suffix. */
async function metricsOf(server: TestServer): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`${server.http}/metrics`, { headers: { authorization: `Bearer ${server.token}` } });
  const lines = (await response.text()).matchAll(/^bellwether_(\w+?)(?:_total)? (\d+)$/gm);
  return new Map([...lines].map(([, name = '', value]) => [name, Number(value)]));
}

/** How often a metric counted: as soon as it did so `least` times. */
async function counted(server: TestServer, name: string, least: number): Promise<number> {
  return until(`${name} counts ${least}`, async () => {
    const value = (await metricsOf(server)).get(name) ?? 0;
    return value >= least ? value : undefined;
  });
}

/** A Register that is refused with an answer that begins with `code`. */
async function refused(name: string, payload: string, code: string): Promise<void> {
  const peer = await peerOf(tight);
  await peer.asks(
    `42027d38ab01 b27264 1128 ${name} 066c743d333030 096c776d326d3d312e31 ff ${utf8(payload)}`,
    `62${code}7d38ab01`,
  );
}

/** A read that the device answers with `answer`, which is beyond a limit. */
async function badAnswer(path: string, segments: string, answer: string): Promise<void> {
  const client = await registered(tight, 'reads');
  const order = tight.rest('POST', '/devices/reads/operations', { kind: 'read', path });
  await client.peer.answer(`48${headed(`01 ${segments}`)}`, `68${headed(`45 ${answer}`)}`);
  expect((await order).body).toMatchObject({ state: 'failed', error: { code: 'device_bad_answer' } });
}

/** A device whose /3/0/9 is observed: gives it and the token. */
async function observed(endpoint: string): Promise<{ peer: ScriptedPeer; token: Caught }> {
  const { peer } = await registered(tight, endpoint);
  const wanted = tight.rest('PUT', `/devices/${endpoint}/observations/o`, { paths: ['/3/0/9'], format: 'text' });
  const { T = '' } = await peer.answer(
    '4801MMMM TTTTTTTTTTTTTTTT 60 5133 0130 0139 60',
    '6845MMMM TTTTTTTTTTTTTTTT 6101 60 ff 3935',
  );
  expect((await wanted).status).toBe(200);
  return { peer, token: { T } };
}

async function define(server: TestServer, xml: string): Promise<number> {
  const response = await fetch(`${server.http}/api/v1/objects`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/xml' },
    body: xml,
  });
  await response.text();
  return response.status;
}

const ITEM = `<Item ID="1"><Name>Two</Name><Operations>R</Operations><MultipleInstances>Single</MultipleInstances>
<Mandatory>Optional</Mandatory><Type>Integer</Type><RangeEnumeration/><Units/><Description/></Item>`;

/** A definition; `within` stands in its description. */
function definition(id: number, within: string): string {
  return `<LWM2M><Object ObjectType="MODefinition"><Name>Some</Name><Description1>${within}</Description1>
<ObjectID>${id}</ObjectID><ObjectURN>urn:oma:lwm2m:x:${id}</ObjectURN><MultipleInstances>Single</MultipleInstances>
<Mandatory>Optional</Mandatory><Resources><Item ID="0"><Name>One</Name><Operations>R</Operations>
<MultipleInstances>Single</MultipleInstances><Mandatory>Optional</Mandatory><Type>Integer</Type><RangeEnumeration/>
<Units/><Description/></Item></Resources><Description2/></Object></LWM2M>`;
}

/** A limit: its setting, the metric that counts what is beyond it, how often, and how to go beyond it. */
type Row = [setting: string, metric: string, times: number, provoke: () => Promise<unknown>];

const BLOCK = '00'.repeat(16);
const TEXT_BEYOND = `60 ff ${'78'.repeat(1100)}`;

const ROWS: Row[] = [
  [
    'coap-assembly-idle',
    'coap_assemblies_expired',
    1,
    async () => (await peerOf(tight)).ask(`40020601 b27264 d10308 ff ${BLOCK}`, '605f0601 d10e08'),
  ],
  [
    'coap-options-per-message',
    'coap_malformed_too_many_options',
    1,
    async () => (await peerOf(tight)).ask(`40010101 b0 ${'00'.repeat(16)}`, '70000101'),
  ],
  [
    'coap-duplicates-per-peer',
    'coap_duplicates_forgotten',
    2,
    async () => {
      const peer = await peerOf(tight);
      for (const id of ['01', '02', '03', '04', '05', '06']) await peer.asks(`400102${id} b178`, `608402${id}`);
    },
  ],
  [
    'coap-exchanges-per-peer',
    'coap_dropped_exchanges_full',
    1,
    async () => {
      const release = tight.store.holdWriter();
      const peer = await peerOf(tight);
      peer.send(`42027d38ab01 b27264 1128 ${named('held')} 066c743d333030 096c776d326d3d312e31 ff ${utf8('</3/0>')}`);
      peer.send('40010301 b178');
      await counted(tight, 'coap_dropped_exchanges_full', 1);
      release();
      await peer.expect(CREATED);
    },
  ],
  [
    'coap-assemblies-per-peer',
    'coap_assemblies_refused',
    1,
    async () => {
      const peer = await peerOf(tight);
      await peer.ask(`40020401 b27264 d10308 d1fc31 ff ${BLOCK}`, '605f0401 d10e08');
      await peer.ask(`40020402 b27264 d10308 d1fc32 ff ${BLOCK}`, '605f0402 d10e08');
      await peer.ask(`40020403 b27264 d10308 d1fc33 ff ${BLOCK}`, '60880403 d00e');
    },
  ],
  [
    'coap-body-bytes',
    'coap_assemblies_refused',
    1,
    async () => (await peerOf(tight)).asks(`40020501 b27264 d10308 d2142000 ff ${BLOCK}`, '608d0501'),
  ],
  [
    'coap-body-bytes',
    'coap_requests_failed_too_large',
    1,
    async () => {
      const { peer } = await registered(tight, 'large');
      const order = tight.rest('POST', '/devices/large/operations', { kind: 'read', path: '/3/0/0' });
      const kilobyte = '78'.repeat(1024);
      const request = '4801MMMM TTTTTTTTTTTTTTTT b133 0130 0130';
      await peer.answer(request, `6845MMMM TTTTTTTTTTTTTTTT c0 b10e ff ${kilobyte}`);
      await peer.answer(`${request} c116`, `6845MMMM TTTTTTTTTTTTTTTT c0 b11e ff ${kilobyte}`);
      await peer.answer(`${request} c126`, `6845MMMM TTTTTTTTTTTTTTTT c0 b12e ff ${kilobyte}`);
      expect((await order).body).toMatchObject({ state: 'failed' });
    },
  ],
  [
    'coap-transfer-restarts',
    'coap_requests_failed_bad_response',
    1,
    async () => {
      const { peer } = await registered(tight, 'changes');
      const order = tight.rest('POST', '/devices/changes/operations', { kind: 'read', path: '/3/0/0' });
      const request = '4801MMMM TTTTTTTTTTTTTTTT b133 0130 0130';
      await peer.answer(request, `6845MMMM TTTTTTTTTTTTTTTT 4101 80 b108 ff ${'78'.repeat(16)}`);
      await peer.answer(`${request} c110`, `6845MMMM TTTTTTTTTTTTTTTT 4102 80 b110 ff ${'79'.repeat(8)}`);
      expect((await order).body).toMatchObject({ state: 'failed' });
    },
  ],
  [
    'coap-notification-burst',
    'coap_dropped_notification_rate',
    2,
    async () => {
      const { peer, token } = await observed('chatty');
      for (const id of ['02', '03', '04', '05', '06'])
        peer.send(`584550${id} TTTTTTTTTTTTTTTT 61${id} 60 ff 3934`, token);
    },
  ],
  [
    'registration-burst',
    'fleet_registrations_limited',
    2,
    async () => {
      const peer = await peerOf(tight);
      const ids = Array.from({ length: 12 }, (_, index) => (0x7001 + index).toString(16));
      for (const [index, id] of ids.entries())
        await peer.asks(`4002${id} b27264`, `60${index < 10 ? '80' : '9d'}${id}`);
    },
  ],
  ['endpoint-name-bytes', 'uplink_refused_endpoint_too_long', 1, () => refused(named('ninechars'), '</3/0>', '80')],
  ['link-bytes', 'uplink_refused_links_too_long', 1, () => refused(named('a'), '</3/0>,'.repeat(40), '8d')],
  ['link-count', 'uplink_refused_too_many_links', 1, () => refused(named('a'), Array(9).fill('</3/0>').join(), '8d')],
  ['link-attributes', 'uplink_refused_too_many_attributes', 1, () => refused(named('a'), '</3/0>;a;b;c;d;e', '80')],
  [
    'link-count',
    'downlink_answers_too_many_links',
    1,
    async () => {
      const { peer } = await registered(tight, 'reads');
      const order = tight.rest('POST', '/devices/reads/operations', { kind: 'discover', path: '/3' });
      const links = utf8(Array(9).fill('</3/0>').join());
      await peer.answer('4801MMMM TTTTTTTTTTTTTTTT b133 6128', `6845MMMM TTTTTTTTTTTTTTTT c128 ff ${links}`);
      expect((await order).body).toMatchObject({ state: 'failed' });
    },
  ],
  [
    'format-payload-bytes',
    'downlink_answers_too_large',
    1,
    () => badAnswer('/3/0/0', 'b133 0130 0130', `c0 ff ${'78'.repeat(1100)}`),
  ],
  [
    'format-records',
    'downlink_answers_too_many',
    1,
    () => badAnswer('/3/0', 'b133 0130', 'c22d16 ff c10041 c10141 c10241 c10341 c10f41'),
  ],
  [
    'format-cbor-items',
    'downlink_answers_too_many',
    1,
    () => badAnswer('/3/0', 'b133 0130', `c170 ff 9814 ${'00'.repeat(20)}`),
  ],
  [
    'format-depth',
    'downlink_answers_too_deep',
    1,
    () => badAnswer('/3/0', 'b133 0130', 'c170 ff 81 a1 6178 81 81 81 81 00'),
  ],
  [
    'format-name-characters',
    'downlink_answers_too_long',
    1,
    () => badAnswer('/3/0', 'b133 0130', `c170 ff 81 a2 00 7819 ${'61'.repeat(25)} 02 01`),
  ],
  [
    'format-payload-bytes',
    'uplink_notifications_too_large',
    1,
    async () => {
      const { peer, token } = await observed('toolarge');
      await peer.ask(`48455001 TTTTTTTTTTTTTTTT 6102 ${TEXT_BEYOND}`, '60005001', token);
    },
  ],
  [
    'device-time-future',
    'fleet_device_times_refused',
    1,
    async () => {
      const { peer, token } = await observed('fast');
      const record = `81 a3 00 66 ${utf8('/3/0/9')} 02 185f 06 1a7fffffff`;
      await peer.ask(`48455001 TTTTTTTTTTTTTTTT 6102 6170 ff ${record}`, '60005001', token);
    },
  ],
  [
    'device-time-past',
    'fleet_device_times_refused',
    1,
    async () => {
      const { peer, token } = await observed('slow');
      const record = `81 a3 00 66 ${utf8('/3/0/9')} 02 185f 06 3903e7`;
      await peer.ask(`48455001 TTTTTTTTTTTTTTTT 6102 6170 ff ${record}`, '60005001', token);
    },
  ],
  [
    'definition-bytes',
    'fleet_definitions_beyond_limits',
    1,
    async () => expect(await define(tight, definition(33_001, 'x'.repeat(2048)))).toBe(400),
  ],
  [
    'definition-elements',
    'fleet_definitions_beyond_limits',
    1,
    async () => {
      const xml = definition(33_003, '').replace('<Resources>', `<Resources>${ITEM}`);
      expect(await define(tight, xml)).toBe(400);
    },
  ],
  [
    'operation-queue',
    'rest_queue_full',
    1,
    async () => {
      const { peer } = await registered(tight, 'queues');
      const read = { kind: 'read', path: '/3/0/0', format: 'text' };
      const first = await tight.rest('POST', '/devices/queues/operations', read, { prefer: 'wait=0' });
      expect(first.status).toBe(202);
      expect((await tight.rest('POST', '/devices/queues/operations', read)).status).toBe(409);
      await peer.answer('4801MMMM TTTTTTTTTTTTTTTT b133 0130 0130 60', '6845MMMM TTTTTTTTTTTTTTTT c0 ff 78');
    },
  ],
  [
    'observations-per-device',
    'rest_queue_full',
    1,
    async () => {
      await observed('two');
      const second = await tight.rest('PUT', '/devices/two/observations/p', { paths: ['/3/0/13'] });
      expect(second.status).toBe(409);
    },
  ],
  [
    'attributes-per-device',
    'rest_queue_full',
    1,
    async () => {
      const devices = await simulated(tight.coap, 'many-');
      const attributes = { kind: 'writeAttributes', attributes: { pmin: 1 } };
      expect((await tight.order('many-1', { ...attributes, path: '/3/0/9' }))['state']).toBe('succeeded');
      expect((await tight.rest('POST', '/devices/many-1/operations', { ...attributes, path: '/3/0/10' })).status).toBe(
        409,
      );
      await devices.stop(2000);
    },
  ],
  [
    'profiles',
    'rest_too_many_profiles',
    1,
    async () => {
      const objects = [{ id: 3, instances: [0] }];
      expect((await tight.rest('PUT', '/profiles/one', { objects })).status).toBe(200);
      expect((await tight.rest('PUT', '/profiles/two', { objects })).status).toBe(409);
    },
  ],
  [
    'models',
    'rest_too_many_models',
    1,
    async () => {
      const set = async (model: string): Promise<number> =>
        (await tight.rest('PUT', `/models/${model}`, { awakeWindow: 5 })).status;
      expect([await set('M1'), await set('M2')]).toEqual([200, 409]);
    },
  ],
  [
    'http-body-bytes',
    'rest_body_too_large',
    1,
    async () => {
      const { status, body } = await tight.rest('PATCH', '/devices/any', { tags: { a: 'x'.repeat(4096) } });
      expect(status).toBe(413);
      expect(body['detail']).toBe('a body may have 4096 bytes at most');
    },
  ],
  [
    'event-readers',
    'rest_too_many_readers',
    1,
    async () => {
      const stop = new AbortController();
      const headers = { authorization: `Bearer ${tight.token}` };
      const first = await fetch(`${tight.http}/api/v1/events`, { headers, signal: stop.signal });
      expect(first.status).toBe(200);
      expect((await fetch(`${tight.http}/api/v1/events`, { headers })).status).toBe(429);
      stop.abort();
    },
  ],
  [
    'trace-readers',
    'rest_too_many_readers',
    1,
    async () => {
      const stop = new AbortController();
      const headers = { authorization: `Bearer ${tight.token}` };
      const trace = `${tight.http}/api/v1/devices/any/trace`;
      expect((await fetch(trace, { headers, signal: stop.signal })).status).toBe(200);
      expect((await fetch(trace, { headers })).status).toBe(429);
      stop.abort();
    },
  ],
];

describe('what is beyond a limit is refused and counted', () => {
  it.each(ROWS)('--%s: %s', async (setting, metric, times, provoke) => {
    expect(SETTINGS.map(({ flag }) => flag)).toContain(setting);
    const before = (await metricsOf(tight)).get(metric) ?? 0;
    await provoke();
    expect((await counted(tight, metric, before + times)) - before).toBe(times);
  });

  it('--coap-max-retransmit: coap_requests_failed_timeout', async () => {
    await registered(impatient, 'silent');
    const { body } = await impatient.rest('POST', '/devices/silent/operations', { kind: 'read', path: '/3/0/0' });
    expect(body).toMatchObject({ error: { code: 'device_timeout' } });
    expect(await counted(impatient, 'coap_requests_failed_timeout', 1)).toBe(1);
  });

  it('--store-queue-bytes: rest_store_busy, uplink_store_busy_answers', async () => {
    const release = impatient.store.holdWriter();
    const large = [1, 2, 3, 4, 5, 6].map((id) => define(impatient, definition(33_100 + id, 'x'.repeat(30_000))));
    await counted(impatient, 'rest_store_busy', 1);
    const peer = await peerOf(impatient);
    await peer.asks(
      `42027d38ab01 b27264 1128 ${named('busy')} 066c743d333030 096c776d326d3d312e31 ff ${utf8('</3/0>')}`,
      '62a37d38ab01 d101',
    );
    expect(await counted(impatient, 'uplink_store_busy_answers', 1)).toBe(1);
    release();
    const statuses = await Promise.all(large);
    expect(new Set(statuses)).toEqual(new Set([201, 503]));
    expect((await metricsOf(impatient)).get('rest_store_busy')).toBe(
      statuses.filter((status) => status === 503).length,
    );
  });
});
