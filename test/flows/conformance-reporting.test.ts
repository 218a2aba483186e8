/**
 * OMA enabler test cases 301 to 303, 306, 307, 311, 710, 760, 810, 910 and 1900 (information reporting), played by a scripted client against a whole
 * server over loopback with literal datagrams.
 */

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ScriptedClient, utf8 } from '../support/conformance.js';
import type { Caught } from '../support/scripted-peer.js';
import { TestServer, plain, until } from '../support/test-server.js';

let server: TestServer;
const clients: ScriptedClient[] = [];

beforeAll(async () => {
  server = await TestServer.start();
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await server.stop();
});

async function registered(endpoint: string, objects: string): Promise<ScriptedClient> {
  const client = await ScriptedClient.registered(server, endpoint, objects);
  clients.push(client);
  return client;
}

/** Wants an observation in TLV; the client takes the attributes and accepts. Gives the token. */
async function observed(
  client: ScriptedClient,
  id: string,
  path: string,
  attributes: Readonly<Record<string, number>>,
  written: string,
  segments: string,
  value: string,
): Promise<Caught> {
  const url = `/devices/${client.endpoint}/observations/${id}`;
  const wanted = server.rest('PUT', url, { paths: [path], attributes, format: 'tlv' });
  await client.peer.answer(`4803MMMM TTTTTTTTTTTTTTTT ${written}`, '6844MMMM TTTTTTTTTTTTTTTT');
  const caught = await client.peer.answer(
    `4801MMMM TTTTTTTTTTTTTTTT 60 ${segments} 622d16`,
    `6845MMMM TTTTTTTTTTTTTTTT 6101 622d16 ff ${value}`,
  );
  expect((await wanted).status).toBe(200);
  await until(`${id} is active`, async () =>
    (await server.rest('GET', url)).body['state'] === 'active' ? 'yes' : undefined,
  );
  return caught;
}

/** The last known value of a path, and how it came. */
async function lastValue(client: ScriptedClient, path: string): Promise<unknown> {
  const { body } = await server.rest('GET', `/devices/${client.endpoint}/resources${path}`);
  return { value: plain(body), source: body['source'] };
}

describe('information reporting', () => {
  it('LightweightM2M-1.1-int-301 Observation and notification: values are shown, confirmable notifications acknowledged', async () => {
    const client = await registered('ets301', '</1/0>,</3/0>');
    const voltage = await observed(
      client,
      'voltage',
      '/3/0/7',
      { pmin: 5, pmax: 15 },
      'b133 0130 0137 46706d696e3d35 07706d61783d3135',
      '5133 0130 0137',
      '8607 410005 410104',
    );
    const current = await observed(
      client,
      'current',
      '/3/0/8',
      { pmin: 10, pmax: 20 },
      'b133 0130 0138 47706d696e3d3130 07706d61783d3230',
      '5133 0130 0138',
      '8608 41000a 41010b',
    );
    expect(current['T']).not.toBe(voltage['T']);
    expect(await lastValue(client, '/3/0/7')).toEqual({ value: { 0: 5, 1: 4 }, source: 'notify' });
    await client.peer.ask('48455001 TTTTTTTTTTTTTTTT 6102 622d16 ff 8607 410006 410104', '60005001', voltage);
    expect(await lastValue(client, '/3/0/7')).toEqual({ value: { 0: 6, 1: 4 }, source: 'notify' });
    await client.peer.ask('48455002 TTTTTTTTTTTTTTTT 6102 622d16 ff 8608 41000c 41010b', '60005002', current);
    expect(await lastValue(client, '/3/0/8')).toEqual({ value: { 0: 12, 1: 11 }, source: 'notify' });
    client.peer.send('58455003 TTTTTTTTTTTTTTTT 6103 622d16 ff 8607 410007 410104', voltage);
    await until('the non-confirmable notification is shown', async () => {
      const { value } = (await lastValue(client, '/3/0/7')) as { value: Readonly<Record<string, unknown>> };
      return value['0'] === 7 ? 'yes' : undefined;
    });
    expect(client.peer.waiting).toBe(0);
  });

  it('LightweightM2M-1.1-int-302 Cancel observation by Reset: the next notification is answered with RST, and with RST again', async () => {
    const client = await registered('ets302', '</1/0>,</3/0>');
    const { T } = await observed(
      client,
      'voltage',
      '/3/0/7',
      { pmin: 5, pmax: 15 },
      'b133 0130 0137 46706d696e3d35 07706d61783d3135',
      '5133 0130 0137',
      '8607 410005 410104',
    );
    const token = { T: T ?? '' };
    expect((await server.rest('DELETE', '/devices/ets302/observations/voltage?cancel=reset')).status).toBe(204);
    expect((await server.rest('GET', '/devices/ets302/observations/voltage')).status).toBe(404);
    await client.peer.ask('48455001 TTTTTTTTTTTTTTTT 6102 622d16 ff 8607 410006 410104', '70005001', token);
    await client.peer.ask('58455002 TTTTTTTTTTTTTTTT 6103 622d16 ff 8607 410007 410104', '70005002', token);
    expect(await lastValue(client, '/3/0/7')).toEqual({ value: { 0: 5, 1: 4 }, source: 'notify' });
  });

  it('LightweightM2M-1.1-int-303 Cancel observation with Observe 1: same token, path and Accept', async () => {
    const client = await registered('ets303', '</1/0>,</3/0>');
    const { T } = await observed(
      client,
      'voltage',
      '/3/0/7',
      { pmin: 5, pmax: 15 },
      'b133 0130 0137 46706d696e3d35 07706d61783d3135',
      '5133 0130 0137',
      '8607 410005 410104',
    );
    const removed = server.rest('DELETE', '/devices/ets303/observations/voltage');
    const cancelled = await client.peer.answer(
      '4801MMMM TTTTTTTTTTTTTTTT 6101 5133 0130 0137 622d16',
      '6845MMMM TTTTTTTTTTTTTTTT c22d16 ff 8607 410005 410104',
    );
    expect(cancelled['T']).toBe(T);
    expect((await removed).status).toBe(204);
    await client.peer.ask('48455001 TTTTTTTTTTTTTTTT 6102 622d16 ff 8607 410006 410104', '70005001', { T: T ?? '' });
  });

  it('a client that declines to observe is shown as refused, and its value counts', async () => {
    const client = await registered('declines', '</1/0>,</3/0>');
    const wanted = server.rest('PUT', '/devices/declines/observations/level', { paths: ['/3/0/9'], format: 'text' });
    await client.peer.answer('4801MMMM TTTTTTTTTTTTTTTT 60 5133 0130 0139 60', '6845MMMM TTTTTTTTTTTTTTTT c0 ff 3935');
    await wanted;
    const seen = await until('the observation is refused', async () => {
      const { body } = await server.rest('GET', '/devices/declines/observations/level');
      return body['state'] === 'pending' ? undefined : body;
    });
    expect(seen).toMatchObject({ state: 'refused' });
    expect(await lastValue(client, '/3/0/9')).toMatchObject({ value: 95 });
  });

  it('an observation is made again after the client registers again', async () => {
    const client = await registered('renew', '</1/0>,</3/0>');
    await observed(
      client,
      'voltage',
      '/3/0/7',
      { pmin: 5, pmax: 15 },
      'b133 0130 0137 46706d696e3d35 07706d61783d3135',
      '5133 0130 0137',
      '8607 410005 410104',
    );
    const again = await registered('renew', '</1/0>,</3/0>');
    await again.peer.answer(
      '4803MMMM TTTTTTTTTTTTTTTT b133 0130 0137 46706d696e3d35 07706d61783d3135',
      '6844MMMM TTTTTTTTTTTTTTTT',
    );
    const second = await again.peer.answer(
      '4801MMMM TTTTTTTTTTTTTTTT 60 5133 0130 0137 622d16',
      '6845MMMM TTTTTTTTTTTTTTTT 6101 622d16 ff 8607 410005 410104',
    );
    await again.peer.ask('48455001 TTTTTTTTTTTTTTTT 6102 622d16 ff 8607 410006 410104', '60005001', second);
    expect(await lastValue(again, '/3/0/7')).toEqual({ value: { 0: 6, 1: 4 }, source: 'notify' });
  });

  it('LightweightM2M-1.1-int-710 Connectivity Monitoring: observation of the instance', async () => {
    const client = await registered('ets710', '</1/0>,</3/0>,</4/0>');
    const caught = await observed(
      client,
      'bearer',
      '/4/0',
      { pmin: 2, pmax: 10 },
      'b134 0130 46706d696e3d32 07706d61783d3130',
      '5134 0130',
      'c10015 8301 410015 c102bf',
    );
    await client.peer.ask('48455001 TTTTTTTTTTTTTTTT 6102 622d16 ff c10015 8301 410015 c102b5', '60005001', caught);
    expect(await lastValue(client, '/4/0')).toMatchObject({ value: { 0: 21, 1: { 0: 21 }, 2: -75 } });
  });

  it('LightweightM2M-1.1-int-760 Firmware Update: observing the state', async () => {
    const client = await registered('ets760', '</1/0>,</3/0>,</5/0>');
    const attributes = { kind: 'writeAttributes', path: '/5/0', attributes: { pmin: 2, pmax: 10 } };
    expect(await client.done(attributes, '03 b135 0130 46706d696e3d32 07706d61783d3130', '44')).toBe('2.04');
    const wanted = server.rest('PUT', '/devices/ets760/observations/state', { paths: ['/5/0/3'], format: 'text' });
    const caught = await client.peer.answer(
      '4801MMMM TTTTTTTTTTTTTTTT 60 5135 0130 0133 60',
      '6845MMMM TTTTTTTTTTTTTTTT 6101 60 ff 30',
    );
    expect((await wanted).status).toBe(200);
    await client.peer.ask('48455001 TTTTTTTTTTTTTTTT 6102 60 ff 32', '60005001', caught);
    expect(await lastValue(client, '/5/0/3')).toEqual({ value: 2, source: 'notify' });
  });

  it('LightweightM2M-1.0-int-1900 BinaryAppDataContainer: observing data', async () => {
    const client = await registered('ets1900', '</1/0>,</3/0>,</19/0>');
    const caught = await observed(
      client,
      'data',
      '/19/0/0',
      { pmin: 2, pmax: 10 },
      'b23139 0130 0130 46706d696e3d32 07706d61783d3130',
      '523139 0130 0130',
      '8500 4300010203',
    );
    await client.peer.ask('48455001 TTTTTTTTTTTTTTTT 6102 622d16 ff 8500 43000a0b0c', '60005001', caught);
    expect(await lastValue(client, '/19/0/0')).toEqual({ value: { 0: 'CgsM' }, source: 'notify' });
  });

  it('LightweightM2M-1.1-int-810 Location: observation of the instance', async () => {
    const client = await registered('ets810', '</1/0>,</3/0>,</6/0>');
    const caught = await observed(
      client,
      'place',
      '/6/0',
      { pmin: 2, pmax: 10 },
      'b136 0130 46706d696e3d32 07706d61783d3130',
      '5136 0130',
      'c800 08 4045ce32a0663c75 c405 5182428f',
    );
    await client.peer.ask('48455001 TTTTTTTTTTTTTTTT 6102 622d16 ff c400 41bc0000 c405 51824299', '60005001', caught);
    expect(await lastValue(client, '/6/0')).toMatchObject({ value: { 0: 23.5, 5: '2013-05-02T10:40:25Z' } });
  });

  it('LightweightM2M-1.1-int-910 Connectivity Statistics: observe, start, stop, cancel', async () => {
    const client = await registered('ets910', '</1/0>,</3/0>,</7/0>');
    const zero = { kind: 'write', mode: 'replace', path: '/7/0/8', value: 0, format: 'text' };
    const caught = await observed(
      client,
      'traffic',
      '/7/0',
      { pmin: 2, pmax: 10 },
      'b137 0130 46706d696e3d32 07706d61783d3130',
      '5137 0130',
      'c10200 c10300 c10800',
    );
    expect(await client.done(zero, '03 b137 0130 0138 10 ff 30', '44')).toBe('2.04');
    expect(await client.done({ kind: 'execute', path: '/7/0/6' }, '02 b137 0130 0136', '44')).toBe('2.04');
    await client.peer.ask('48455001 TTTTTTTTTTTTTTTT 6102 622d16 ff c10205 c10307 c10800', '60005001', caught);
    expect(await client.done({ kind: 'execute', path: '/7/0/7' }, '02 b137 0130 0137', '44')).toBe('2.04');
    const removed = server.rest('DELETE', '/devices/ets910/observations/traffic');
    await client.peer.answer(
      '4801MMMM TTTTTTTTTTTTTTTT 6101 5137 0130 622d16',
      '6845MMMM TTTTTTTTTTTTTTTT c22d16 ff c10205 c10307 c10800',
    );
    expect((await removed).status).toBe(204);
    expect(await lastValue(client, '/7/0')).toMatchObject({ value: { 2: 5, 3: 7, 8: 0 } });
  });

  it('a notification that ends the observation with an error is acknowledged, and the observation is lost', async () => {
    const client = await registered('ended', '</1/0>,</3/0>');
    const caught = await observed(
      client,
      'voltage',
      '/3/0/7',
      { pmin: 5, pmax: 15 },
      'b133 0130 0137 46706d696e3d35 07706d61783d3135',
      '5133 0130 0137',
      '8607 410005 410104',
    );
    await client.peer.ask(`48845001 TTTTTTTTTTTTTTTT ff ${utf8('gone')}`, '60005001', caught);
    const { body } = await server.rest('GET', '/devices/ended/observations/voltage');
    expect(body).toMatchObject({ state: 'lost', error: { coapCode: '4.04' } });
  });
});

describe('Send', () => {
  const SENSOR = '</1/0>,</3/0>,</3303/0>';

  it('LightweightM2M-1.1-int-306 Send: is answered 2.04, and its values are shown, also after a restart', async () => {
    const client = await registered('ets306', SENSOR);
    const cbor = '82 a3 21 68 2f333330332f302f 00 64 35373030 02 fa41ac0000 a2 00 64 35373031 03 63 43656c';
    await client.peer.ask(`42025001ab03 b26470 1170 ff ${cbor}`, '62445001ab03');
    expect(await lastValue(client, '/3303/0/5700')).toEqual({ value: 21.5, source: 'send' });
    expect(await lastValue(client, '/3303/0/5701')).toEqual({ value: 'Cel', source: 'send' });
    await server.restart();
    expect(await lastValue(client, '/3303/0/5700')).toEqual({ value: 21.5, source: 'send' });
  });

  it('LightweightM2M-1.1-int-307 Muting Send: the server mutes and unmutes, and takes what is sent then', async () => {
    const client = await registered('ets307', SENSOR);
    const mute = (value: boolean, byte: string): Promise<unknown> =>
      client.done(
        { kind: 'write', mode: 'replace', path: '/1/0/23', value, format: 'text' },
        `03 b131 0130 023233 10 ff ${byte}`,
        '44',
      );
    expect(await mute(true, '31')).toBe('2.04');
    expect(await mute(false, '30')).toBe('2.04');
    await client.peer.ask(`42025001ab03 b26470 116e ff ${utf8('[{"bn":"/3/0","n":"/9","v":42}]')}`, '62445001ab03');
    expect(await lastValue(client, '/3/0/9')).toEqual({ value: 42, source: 'send' });
  });

  it('LightweightM2M-1.1-int-311 Send command: values of several objects, exactly', async () => {
    const client = await registered('ets311', SENSOR);
    await client.peer.ask(
      `42025001ab03 b26470 116e ff ${utf8('[{"n":"/1/0/1","v":86400},{"n":"/3/0/11/0","v":0}]')}`,
      '62445001ab03',
    );
    expect(await lastValue(client, '/1/0/1')).toEqual({ value: 86_400, source: 'send' });
    expect(await lastValue(client, '/3/0/11')).toEqual({ value: { 0: 0 }, source: 'send' });
  });

  it('comes in blocks (RFC 7959), is shown once whole, and the newest of its times is the last value', async () => {
    const client = await registered('blocks', SENSOR);
    const json = Buffer.from(
      '[{"bn":"/3303/0/5700","bt":1700000000,"v":20.5},{"t":60,"v":22.5},{"t":-60,"v":19.5}]        ',
    );
    const part = (number: number): string => json.subarray(number * 32, number * 32 + 32).toString('hex');
    await client.peer.ask(`42025001ab03 b26470 116e d1 02 09 ff ${part(0)}`, '625f5001ab03 d10e 09');
    await client.peer.ask(`42025002ab04 b26470 116e d1 02 19 ff ${part(1)}`, '625f5002ab04 d10e 19');
    expect((await server.rest('GET', '/devices/blocks/resources/3303/0/5700')).status).toBe(404);
    await client.peer.ask(`42025003ab05 b26470 116e d1 02 21 ff ${part(2)}`, '62445003ab05 d10e 21');
    const { body } = await server.rest('GET', '/devices/blocks/resources/3303/0/5700');
    expect(body).toMatchObject({ value: 22.5, source: 'send', reportedAt: '2023-11-14T22:14:20.000Z' });
  });

  it('is 4.04 from an address nobody is registered from, and for instances that are not registered; 4.00, 4.15 and 4.05 for what is no Send', async () => {
    const stranger = await ScriptedClient.silent(server, 'stranger');
    clients.push(stranger);
    const values = utf8('[{"n":"/3/0/9","v":1}]');
    await stranger.peer.ask(
      `42025001ab03 b26470 116e ff ${values}`,
      `62845001ab03 ff ${utf8('no device is registered from this address')}`,
    );
    const client = await registered('wrong', SENSOR);
    const unregistered = utf8('[{"n":"/4/0/1","v":1}]');
    await client.peer.ask(
      `42025002ab03 b26470 116e ff ${unregistered}`,
      `62845002ab03 ff ${utf8('/4/0 is not registered')}`,
    );
    // The words of a refusal are left out where they would be more than three times the request.
    await client.peer.ask('42025003ab03 b26470 ff 00', '62805003ab03');
    await client.peer.ask('42025004ab03 b26470 116e ff 5b5d', `62805004ab03 ff ${utf8('a Send without values')}`);
    await client.peer.ask('42025005ab03 b26470 10 ff 3935', '628f5005ab03');
    await client.peer.ask('42035006ab03 b26470 116e ff 5b5d', '62855006ab03');
    expect((await server.rest('GET', '/devices/wrong/resources/4/0/1')).status).toBe(404);
  });
});
