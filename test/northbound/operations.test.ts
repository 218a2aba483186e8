/** Operations and the short forms over REST on a whole server, with devices that answer, refuse, sleep or say nothing. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { PacketDevice } from '../support/packet-device.js';
import type { DeviceManner } from '../support/packet-device.js';
import { TestServer, until } from '../support/test-server.js';

let server: TestServer;
const devices: PacketDevice[] = [];

beforeAll(async () => {
  server = await TestServer.start({ 'coap-ack-timeout': 100, 'coap-max-retransmit': 1 });
});
afterEach(() => {
  for (const device of devices.splice(0)) device.close();
});
afterAll(async () => {
  await server.stop();
});

/** Reads are answered with text, everything else as done. */
const obliging: DeviceManner = ({ code }) => {
  if (code === '0.01') return { code: '2.05', text: '60' };
  return { code: code === '0.04' ? '2.02' : '2.04' };
};
const refusing: DeviceManner = () => ({ code: '4.05' });
const silent: DeviceManner = () => undefined;

async function registered(endpoint: string, manner: DeviceManner, more: readonly string[] = []): Promise<PacketDevice> {
  const device = await PacketDevice.registered(server.coap, endpoint, manner, more);
  devices.push(device);
  return device;
}

/** A device in queue mode that does not listen now. */
async function asleep(endpoint: string): Promise<PacketDevice> {
  const device = await registered(endpoint, obliging, ['Q']);
  await server.rest('PATCH', `/devices/${endpoint}`, { awakeWindow: 1 });
  await until(`${endpoint} sleeps`, async () =>
    (await server.device(endpoint))['presence'] === 'asleep' ? 'yes' : undefined,
  );
  return device;
}

interface Full {
  readonly status: number;
  readonly location: string | null;
  readonly body: Readonly<Record<string, unknown>>;
}

async function ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Full> {
  const response = await server.fetch(method, path, body === undefined ? undefined : JSON.stringify(body), headers);
  const text = await response.text();
  return {
    status: response.status,
    location: response.headers.get('location'),
    body: text === '' ? {} : (JSON.parse(text) as Full['body']),
  };
}
const read = { kind: 'read', path: '/1/0/1' };

describe('Prefer: wait', () => {
  it('by default waits for the end and answers 200 with the operation, whatever its state', async () => {
    await registered('w1', obliging);
    await registered('w2', refusing);
    expect(await ask('POST', '/devices/w1/operations', read)).toMatchObject({
      status: 200,
      body: {
        endpoint: 'w1',
        kind: 'read',
        path: '/1/0/1',
        state: 'succeeded',
        result: { coapCode: '2.05', format: 'text', node: { path: '/1/0/1', type: 'integer', value: 60 } },
      },
    });
    const refused = await ask('POST', '/devices/w2/operations', read);
    expect(refused).toMatchObject({
      status: 200,
      body: { state: 'failed', error: { code: 'device_refused', coapCode: '4.05' } },
    });
  });

  it('wait=0 is 202 at once with a Location, and the record is there', async () => {
    const device = await registered('w3', silent);
    const { status, location, body } = await ask('POST', '/devices/w3/operations', read, { prefer: 'wait=0' });
    expect({ status, location }).toEqual({ status: 202, location: `/api/v1/operations/${String(body['id'])}` });
    await until('the request', async () => device.asked[0]);
    expect(await ask('GET', `/operations/${String(body['id'])}`)).toMatchObject({
      status: 200,
      body: { id: body['id'] },
    });
    expect((await server.rest('GET', '/devices/w3/operations')).body['items']).toMatchObject([{ id: body['id'] }]);
  });

  it('that ends before the device answers is 202, and the operation ends later all the same', async () => {
    const slow = await TestServer.start();
    const device = await PacketDevice.registered(slow.coap, 'w4', silent);
    devices.push(device);
    const answer = await slow.rest('POST', '/devices/w4/operations', read, { prefer: 'wait=1' });
    expect(answer).toMatchObject({ status: 202, body: { state: 'sent', waitingFor: 'device' } });
    device.manner = obliging;
    device.answer(device.asked[0] as (typeof device.asked)[0], { code: '2.05', text: '61' });
    await until('its end', async () => {
      const { body } = await slow.rest('GET', `/operations/${String(answer.body['id'])}`);
      return body['state'] === 'succeeded' ? 'yes' : undefined;
    });
    await slow.stop();
  });

  it('a device that sleeps is 202 at once, and served when it is next heard', async () => {
    const device = await asleep('w5');
    const began = performance.now();
    const { status, location, body } = await ask('POST', '/devices/w5/operations', read, { prefer: 'wait=600' });
    expect(performance.now() - began).toBeLessThan(5000);
    expect({ status, body }).toMatchObject({ status: 202, body: { state: 'queued', waitingFor: 'contact' } });
    expect(await ask('PUT', '/devices/w5/resources/1/0/1', { value: 5 })).toMatchObject({ status: 202 });
    expect(await ask('GET', '/devices/w5/resources/1/0/1?live=true')).toMatchObject({ status: 202 });
    expect(device.asked).toEqual([]);
    expect(await device.update()).toBe('2.04');
    await until('its end', async () => {
      const operation = await ask('GET', (location ?? '').slice('/api/v1'.length));
      return operation.body['state'] === 'succeeded' ? 'yes' : undefined;
    });
    expect(device.asked[0]).toMatchObject({ code: '0.01', path: '/1/0/1' });
    expect(body['sentAt']).toBeUndefined();
  });
});

describe('an operation in the queue', () => {
  it('goes before what is less urgent, whether ordered whole or by a short form, and says how urgent it is', async () => {
    const device = await asleep('p1');
    const orders: [string, string, unknown][] = [
      ['POST', '/devices/p1/operations', { ...read, priority: 'low' }],
      ['POST', '/devices/p1/operations', { kind: 'execute', path: '/3/0/4' }],
      ['PUT', '/devices/p1/resources/1/0/2?priority=low', { value: 5 }],
      ['GET', '/devices/p1/resources/3/0/1?live=true&priority=high', undefined],
      ['DELETE', '/devices/p1/resources/3303/1?priority=high', undefined],
      ['POST', '/devices/p1/operations', { kind: 'read', path: '/3/0/2', priority: 'high' }],
    ];
    const shown: unknown[] = [];
    for (const [method, path, body] of orders) shown.push((await ask(method, path, body)).body['priority']);
    expect(shown).toEqual(['low', 'normal', 'low', 'high', 'high', 'high']);
    expect(await device.update()).toBe('2.04');
    await until('all were sent', async () => device.asked[orders.length - 1]);
    const urgent = ['/3/0/1', '/3303/1', '/3/0/2'];
    expect(device.asked.map(({ path }) => path)).toEqual([...urgent, '/3/0/4', '/1/0/1', '/1/0/2']);
  });

  it('is cancelled by DELETE, once; with If-Match only as it was', async () => {
    const device = await asleep('q1');
    const { body } = await ask('POST', '/devices/q1/operations', read);
    const path = `/operations/${String(body['id'])}`;
    expect(Date.parse(String(body['nextExpectedContact']))).toBeGreaterThan(Date.now());
    expect(await ask('DELETE', path, undefined, { 'if-match': '"other"' })).toMatchObject({
      status: 412,
      body: { code: 'precondition_failed' },
    });
    const etag = (await server.fetch('GET', path)).headers.get('etag') ?? '';
    expect(await ask('DELETE', path, undefined, { 'if-match': etag })).toMatchObject({
      status: 200,
      body: { state: 'cancelled' },
    });
    expect(await ask('DELETE', path)).toMatchObject({ status: 409, body: { code: 'operation_not_cancellable' } });
    await device.update();
    expect(device.asked).toEqual([]);
  });

  it('beside too many others is 409 queue_full', async () => {
    const small = await TestServer.start({ 'operation-queue': 2 });
    const device = await PacketDevice.registered(small.coap, 'q2', silent);
    devices.push(device);
    for (let count = 0; count < 2; count += 1)
      await small.rest('POST', '/devices/q2/operations', read, { prefer: 'wait=0' });
    expect(await small.rest('POST', '/devices/q2/operations', read)).toMatchObject({
      status: 409,
      body: { code: 'queue_full' },
    });
    device.manner = obliging;
    device.answer(device.asked[0] as (typeof device.asked)[0], { code: '2.05', text: '1' });
    await small.stop();
  });

  it('is listed newest first, a page at a time, the same pages while others come', async () => {
    await asleep('q3');
    const ids: unknown[] = [];
    for (let count = 0; count < 7; count += 1)
      ids.unshift((await ask('POST', '/devices/q3/operations', read)).body['id']);
    const seen: unknown[] = [];
    let cursor = '';
    do {
      const { body } = await ask('GET', `/devices/q3/operations?limit=3${cursor}`);
      seen.push(...(body['items'] as { id: string }[]).map(({ id }) => id));
      cursor = body['next'] === undefined ? '' : `&cursor=${encodeURIComponent(body['next'] as string)}`;
      await ask('POST', '/devices/q3/operations', read);
    } while (cursor !== '');
    expect(seen).toEqual(ids);
    await ask('DELETE', `/operations/${String(ids[0])}`);
    const { body } = await ask('GET', '/devices/q3/operations?state=cancelled,failed');
    expect(body['items']).toMatchObject([{ id: ids[0], state: 'cancelled' }]);
    expect(body['next']).toBeUndefined();
  });
});

describe('Idempotency-Key', () => {
  const key = (name: string): Record<string, string> => ({ 'idempotency-key': name });

  it('gives the operation of the first request, finished as 200 even with wait=0, and asks the device once', async () => {
    const device = await registered('i1', obliging);
    const write = { kind: 'write', path: '/1/0/1', mode: 'replace', value: 60 };
    const first = await ask('POST', '/devices/i1/operations', write, key('k1'));
    expect(first).toMatchObject({ status: 200, body: { state: 'succeeded' } });
    expect(await ask('POST', '/devices/i1/operations', write, { ...key('k1'), prefer: 'wait=0' })).toEqual(first);
    const alias = `~${Buffer.from('i1').toString('base64url')}`;
    expect(await ask('POST', `/devices/${alias}/operations`, write, key('k1'))).toEqual(first);
    expect(device.asked).toHaveLength(1);
  });

  it('of two requests at once makes one operation', async () => {
    const device = await registered('i2', obliging);
    const answers = await Promise.all([1, 2, 3].map(() => ask('POST', '/devices/i2/operations', read, key('k2'))));
    expect(new Set(answers.map(({ body }) => body['id'])).size).toBe(1);
    expect(device.asked).toHaveLength(1);
  });

  it('with another body, method, route, query or device is 422, and nothing is done', async () => {
    const device = await registered('i3', obliging);
    await registered('i4', obliging);
    expect(await ask('PUT', '/devices/i3/resources/1/0/1', { value: 60 }, key('k3'))).toMatchObject({ status: 200 });
    for (const [method, path, body] of [
      ['PUT', '/devices/i3/resources/1/0/1', { value: 61 }],
      ['PATCH', '/devices/i3/resources/1/0/1', { value: 60 }],
      ['PUT', '/devices/i3/resources/1/0/2', { value: 60 }],
      ['PUT', '/devices/i3/resources/1/0/1?format=tlv', { value: 60 }],
      ['PUT', '/devices/i4/resources/1/0/1', { value: 60 }],
      ['POST', '/devices/i3/operations', read],
      ['DELETE', '/devices/i3/resources/1/0', undefined],
    ] as const) {
      expect(await ask(method, path, body, key('k3'))).toMatchObject({
        status: 422,
        body: { code: 'idempotency_conflict' },
      });
    }
    expect(device.asked).toHaveLength(1);
    expect(await ask('PUT', '/devices/i3/resources/1/0/1', { value: 60 }, key('two words'))).toMatchObject({
      status: 400,
      body: { code: 'invalid_header' },
    });
  });

  it('holds over a restart of the server', async () => {
    const lasting = await TestServer.start();
    const device = await PacketDevice.registered(lasting.coap, 'i5', obliging);
    devices.push(device);
    const first = await lasting.rest('POST', '/devices/i5/operations', read, key('k5'));
    expect(first).toMatchObject({ status: 200, body: { state: 'succeeded' } });
    await lasting.restart();
    expect(await lasting.rest('POST', '/devices/i5/operations', read, key('k5'))).toEqual(first);
    expect(await lasting.rest('POST', '/devices/i5/operations', { ...read, path: '/1/0/2' }, key('k5'))).toMatchObject({
      status: 422,
    });
    expect(device.asked).toHaveLength(1);
    await lasting.stop();
  });
});

describe('the short forms', () => {
  it('GET gives the last known value with when and whence, live=true asks the device, unknown is 404 no_value', async () => {
    const device = await registered('s1', obliging);
    expect(await ask('GET', '/devices/s1/resources/1/0/1')).toMatchObject({ status: 404, body: { code: 'no_value' } });
    const live = await ask('GET', '/devices/s1/resources/1/0/1?live=true');
    const shown = { path: '/1/0/1', name: 'Lifetime', type: 'integer', value: 60, source: 'read' };
    expect(live).toMatchObject({ status: 200, body: { ...shown, receivedAt: expect.any(String) } });
    expect(device.asked).toHaveLength(1);
    const stored = await ask('GET', '/devices/s1/resources/1/0/1');
    expect(stored).toMatchObject({ status: 200, body: { ...shown, receivedAt: expect.any(String) } });
    expect(await ask('GET', '/devices/s1/resources/1')).toMatchObject({
      status: 200,
      body: { path: '/1', instances: { 0: { path: '/1/0', resources: { 1: { value: 60, source: 'read' } } } } },
    });
    expect(device.asked).toHaveLength(1);
  });

  it('PUT replaces, PATCH updates, POST executes and creates, DELETE deletes: each is the finished operation', async () => {
    const device = await registered('s2', ({ code, path }) => {
      if (code === '0.02' && path === '/3303') return { code: '2.01', location: ['3303', '2'] };
      return { code: code === '0.04' ? '2.02' : '2.04' };
    });
    expect(await ask('PUT', '/devices/s2/resources/1/0/1', { value: 86_400 })).toMatchObject({
      status: 200,
      body: { kind: 'write', mode: 'replace', state: 'succeeded', result: { coapCode: '2.04' } },
    });
    expect(await ask('PATCH', '/devices/s2/resources/1/0', { value: { 1: 61, 6: true } })).toMatchObject({
      status: 200,
      body: { kind: 'write', mode: 'update' },
    });
    expect(await ask('POST', '/devices/s2/resources/3/0/4')).toMatchObject({ status: 200, body: { kind: 'execute' } });
    expect(await ask('POST', '/devices/s2/resources/3/0/4', { arguments: "7,0='x'" })).toMatchObject({
      status: 200,
      body: { arguments: "7,0='x'" },
    });
    expect(await ask('POST', '/devices/s2/resources/3303', { value: { 5700: 20.5 } })).toMatchObject({
      status: 200,
      body: { kind: 'create', result: { coapCode: '2.01', path: '/3303/2' } },
    });
    expect(await ask('POST', '/devices/s2/resources/3303', { instance: 3, value: {} })).toMatchObject({
      status: 200,
      body: { instance: 3 },
    });
    expect(await ask('DELETE', '/devices/s2/resources/3303/2')).toMatchObject({
      status: 200,
      body: { kind: 'delete', result: { coapCode: '2.02' } },
    });
    expect(device.asked.map(({ code, path }) => `${code} ${path}`)).toEqual([
      '0.03 /1/0/1',
      '0.02 /1/0',
      '0.02 /3/0/4',
      '0.02 /3/0/4',
      '0.02 /3303',
      '0.02 /3303',
      '0.04 /3303/2',
    ]);
    expect(device.asked[3]?.payload).toBe("7,0='x'");
    expect(await ask('GET', '/devices/s2/resources/1/0/1')).toMatchObject({
      status: 200,
      body: { value: 61, source: 'write' },
    });
  });

  it('a refusal of the device is 502 device_refused with its code and the operation', async () => {
    await registered('s3', refusing);
    for (const [method, path, body] of [
      ['GET', '1/0/1?live=true', undefined],
      ['PUT', '1/0/1', { value: 1 }],
      ['PATCH', '1/0', { value: { 1: 1 } }],
      ['POST', '3/0/4', undefined],
      ['DELETE', '3303/0', undefined],
    ] as const) {
      const answer = await ask(method, `/devices/s3/resources/${path}`, body);
      expect(answer).toMatchObject({
        status: 502,
        body: { code: 'device_refused', coapCode: '4.05', requestId: expect.any(String) },
      });
      expect(await ask('GET', `/operations/${String(answer.body['operation'])}`)).toMatchObject({
        status: 200,
        body: { state: 'failed' },
      });
    }
  });

  it('silence is 504 device_timeout once the exchange has ended, and 202 when the wait ends first', async () => {
    const device = await registered('s4', silent);
    const answer = await ask('GET', '/devices/s4/resources/1/0/1?live=true');
    expect(answer).toMatchObject({ status: 504, body: { code: 'device_timeout' } });
    const ended = await ask('GET', `/operations/${String(answer.body['operation'])}`);
    expect(ended.body['finishedAt']).toEqual(expect.any(String));
    expect(device.asked.length).toBe(2);
    const early = await ask('PUT', '/devices/s4/resources/1/0/1', { value: 60 }, { prefer: 'wait=0' });
    expect(early).toMatchObject({ status: 202, body: { kind: 'write' } });
    expect(early.location).toBe(`/api/v1/operations/${String(early.body['id'])}`);
  });

  it.each([
    ['POST', '3/0/4', { value: 1 }, 'invalid_body'],
    ['POST', '3303', { arguments: '1' }, 'invalid_body'],
    ['POST', '3303', undefined, 'invalid_body'],
    ['POST', '3303', { value: 5 }, 'invalid_value'],
    ['PUT', '1/0/1', { value: 1, extra: 2 }, 'invalid_body'],
    ['PUT', '1/0/1', {}, 'invalid_body'],
    ['PUT', '1/0/1?format=xml', { value: 1 }, 'invalid_query'],
    ['PUT', '1/0/1?priority=urgent', { value: 1 }, 'invalid_query'],
    ['PUT', '1/0/65536', { value: 1 }, 'invalid_path'],
    ['PUT', '1/0/01', { value: 1 }, 'invalid_path'],
    ['DELETE', '1/0/1', undefined, 'invalid_path'],
    ['GET', '1/0/1?live=maybe', undefined, 'invalid_query'],
  ])('%s %s with %j is 400 %s and the device is not asked', async (method, path, body, code) => {
    const device = await registered('s5', obliging);
    expect(await ask(method, `/devices/s5/resources/${path}`, body)).toMatchObject({ status: 400, body: { code } });
    expect(device.asked).toEqual([]);
  });
});

describe('validate=strict', () => {
  const attributes = { kind: 'writeAttributes', path: '/3/0/9', attributes: { lt: 10, gt: 50, st: 20 } };

  it('refuses with 422 what the device is expected to refuse, with the code it would answer, and sends nothing', async () => {
    const device = await registered('v1', refusing);
    const refused = { status: 422, body: { code: 'would_be_refused', coapCode: '4.05' } };
    const at = '/devices/v1';
    const write = { kind: 'write', path: '/3/0/0', mode: 'replace', value: 'x' };
    const { body, ...answer } = await ask('POST', `${at}/operations?validate=strict`, write);
    expect({ ...answer, body }).toMatchObject(refused);
    expect(body['detail']).toBe(
      'the device would answer 4.05: /3/0/0 (Manufacturer) cannot be written: its operations are "R"',
    );
    expect(await ask('PUT', `${at}/resources/3/0/0?validate=strict`, { value: 'x' })).toMatchObject(refused);
    expect(await ask('POST', `${at}/resources/3/0/9?validate=strict`, {})).toMatchObject(refused);
    expect(await ask('DELETE', `${at}/resources/3/0?validate=strict`)).toMatchObject(refused);
    expect(await ask('POST', `${at}/operations?validate=strict`, attributes)).toMatchObject({
      status: 422,
      body: { coapCode: '4.00' },
    });
    const paths = { paths: ['/3/0/4'] };
    expect(await ask('PUT', `${at}/observations/o?validate=strict`, paths)).toMatchObject(refused);
    expect((await ask('GET', `${at}/observations/o`)).status).toBe(404);
    expect((await ask('GET', `${at}/operations`)).body['items']).toEqual([]);
    expect(device.asked.filter(({ code }) => code !== '0.01')).toEqual([]);
  });

  it('is not the default: what is ordered is sent, and the refusal of the device reported', async () => {
    await registered('v2', refusing);
    for (const query of ['', '?validate=none']) {
      expect(await ask('POST', `/devices/v2/operations${query}`, attributes)).toMatchObject({
        status: 200,
        body: { state: 'failed', error: { code: 'device_refused', coapCode: '4.05' } },
      });
    }
    expect(await ask('POST', '/devices/v2/operations?validate=well', attributes)).toMatchObject({
      status: 400,
      body: { code: 'invalid_query' },
    });
  });
});
