/** Devices, their observations and object definitions over REST on a whole server. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { PacketDevice } from '../support/packet-device.js';
import type { DeviceAsked, DeviceManner } from '../support/packet-device.js';
import { TestServer, until } from '../support/test-server.js';

let server: TestServer;
const devices: PacketDevice[] = [];

beforeAll(async () => {
  server = await TestServer.start();
});
afterEach(async () => {
  for (const device of devices.splice(0)) {
    await server.rest('DELETE', `/devices/${segment(device.endpoint)}`);
    device.close();
  }
});
afterAll(async () => {
  await server.stop();
});

async function registered(endpoint: string, manner?: DeviceManner): Promise<PacketDevice> {
  const device = await PacketDevice.registered(server.coap, endpoint, manner);
  devices.push(device);
  return device;
}
const alias = (name: string): string => `~${Buffer.from(name).toString('base64url')}`;
const segment = (name: string): string => (/^(~|\.{1,2}$)/.test(name) ? alias(name) : encodeURIComponent(name));
const names = ({ body }: { body: Readonly<Record<string, unknown>> }): string[] =>
  (body['items'] as { endpoint: string }[]).map(({ endpoint }) => endpoint);

describe('an endpoint name', () => {
  it.each([
    'urn:imei:490154203237518',
    'a/b/c',
    'a b+c%2F%',
    "!$&'()*,;=:@",
    '?#[]<>"{}|\\^`',
    'Grüße 東京 💥',
    '~tilde',
    '.',
    '..',
    '...',
    'operations',
    'é',
  ])('%s is addressed', async (name) => {
    await registered(name, () => ({ code: '2.04' }));
    for (const at of [segment(name), alias(name)]) {
      expect(await server.rest('GET', `/devices/${at}`)).toMatchObject({ status: 200, body: { endpoint: name } });
      expect(await server.rest('PUT', `/devices/${at}/resources/1/0/1`, { value: 5 })).toMatchObject({
        status: 200,
        body: { endpoint: name },
      });
    }
    const filter = `endpoint=='${name.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('*', '\\*')}'`;
    expect(names(await server.rest('GET', `/devices?filter=${encodeURIComponent(filter)}`))).toEqual([name]);
  });
});

describe('the list of devices', () => {
  it('is filtered, sorted, and cut to fields', async () => {
    for (const name of ['l1', 'l2', 'l3', 'x1']) await registered(name);
    await server.rest('PATCH', '/devices/l1', { tags: { site: 'north' } });
    await server.rest('PATCH', '/devices/l3', { tags: { site: 'south' } });
    const list = async (query: string): Promise<string[]> => names(await server.rest('GET', `/devices?${query}`));
    expect(await list('filter=endpoint==l*')).toEqual(['l1', 'l2', 'l3']);
    expect(await list('filter=endpoint==l*&sort=-endpoint')).toEqual(['l3', 'l2', 'l1']);
    expect(await list('filter=tags.site=in=(north,south);endpoint!=l3')).toEqual(['l1']);
    expect(await list('filter=endpoint==l2,endpoint==x1')).toEqual(['l2', 'x1']);
    expect(await list('filter=presence==online;object==3303')).toEqual(['l1', 'l2', 'l3', 'x1']);
    expect(await list('filter=lastSeen=gt=2999-01-01T00:00:00Z')).toEqual([]);
    const { body } = await server.rest('GET', '/devices?filter=endpoint==l1&fields=presence,tags');
    expect(body['items']).toEqual([{ endpoint: 'l1', presence: 'online', tags: { site: 'north' } }]);
  });

  it.each(['', '&sort=-endpoint', '&sort=lastSeen'])(
    'is paged%s by a cursor that loses and repeats nobody while devices come and go',
    async (sort) => {
      const stay = Array.from({ length: 9 }, (_, index) => `p${index}`);
      for (const name of stay) await registered(name);
      await registered('p00');
      const seen: string[] = [];
      let cursor = '';
      let page = 0;
      do {
        const answer = await server.rest('GET', `/devices?limit=4&filter=endpoint==p*${sort}${cursor}`);
        expect(answer.status).toBe(200);
        expect(names(answer).length).toBeLessThanOrEqual(4);
        seen.push(...names(answer));
        cursor =
          answer.body['next'] === undefined ? '' : `&cursor=${encodeURIComponent(answer.body['next'] as string)}`;
        page += 1;
        if (page === 1) await server.rest('DELETE', '/devices/p00');
        if (page === 2) await registered('pz');
      } while (cursor !== '');
      expect(seen.filter((name) => stay.includes(name)).sort()).toEqual(stay);
      expect(new Set(seen).size).toBe(seen.length);
    },
  );
});

describe('a device', () => {
  it('is changed by merge patch: what is named changes, null removes, the rest stays (RFC 7396)', async () => {
    await registered('m1');
    await server.rest('PATCH', '/devices/m1', { tags: { a: '1', b: '2' }, awakeWindow: 30 });
    const type = { 'content-type': 'application/merge-patch+json' };
    const { status, body } = await server.rest('PATCH', '/devices/m1', { tags: { a: null, c: '3' } }, type);
    expect({ status, tags: body['tags'], awakeWindow: body['awakeWindow'] }).toEqual({
      status: 200,
      tags: { b: '2', c: '3' },
      awakeWindow: 30,
    });
    expect((await server.rest('PATCH', '/devices/m1', { awakeWindow: null })).body['awakeWindow']).toBeUndefined();
    expect((await server.rest('PATCH', '/devices/m1', { tags: null })).status).toBe(400);
  });

  it('keeps its ETag while nothing changes; If-Match takes lists and *, and is 412 for any other', async () => {
    const device = await registered('m2');
    const etag = async (): Promise<string> => (await server.fetch('GET', '/devices/m2')).headers.get('etag') ?? '';
    const first = await etag();
    await device.update();
    expect(await etag()).toBe(first);
    const patch = async (match: string): Promise<number> =>
      (await server.rest('PATCH', '/devices/m2', { tags: { n: match.slice(0, 3) } }, { 'if-match': match })).status;
    expect(await patch(`"zzz", ${first}`)).toBe(200);
    expect(await etag()).not.toBe(first);
    expect(await patch(first)).toBe(412);
    expect(await patch(`W/${await etag()}`)).toBe(412);
    expect(await patch('*')).toBe(200);
    expect((await server.rest('DELETE', '/devices/m2', undefined, { 'if-match': first })).status).toBe(412);
  });

  it('that is deleted is gone with all it had: its next Update is 4.04, and a Register makes a new device', async () => {
    const device = await registered('m3', () => ({ code: '2.05', text: '60' }));
    await server.rest('PATCH', '/devices/m3', { tags: { a: '1' } });
    const { body } = await server.rest('GET', '/devices/m3/resources/1/0/1?live=true');
    expect(body['value']).toBe(60);
    const [operation] = (await server.rest('GET', '/devices/m3/operations')).body['items'] as { id: string }[];
    expect(await server.rest('DELETE', '/devices/m3')).toEqual({ status: 204, body: {} });
    for (const path of [
      '/devices/m3',
      '/devices/m3/operations',
      '/devices/m3/resources/1/0/1',
      `/operations/${operation?.id ?? ''}`,
    ])
      expect((await server.rest('GET', path)).status).toBe(404);
    expect(await server.rest('DELETE', '/devices/m3')).toMatchObject({
      status: 404,
      body: { code: 'device_not_found' },
    });
    expect(await device.update()).toBe('4.04');
    expect(await device.register()).toBe('2.01');
    expect(await server.device('m3')).toMatchObject({ endpoint: 'm3', tags: {}, presence: 'online' });
    expect((await server.rest('GET', '/devices/m3/operations')).body['items']).toEqual([]);
    expect((await server.rest('GET', '/devices/m3/resources/1/0/1')).status).toBe(404);
  });
});

describe('a wanted observation', () => {
  const obliging: DeviceManner = ({ code, observe }) =>
    code === '0.01' ? { code: '2.05', text: '60', ...(observe === '' && { observe: 1 }) } : { code: '2.04' };
  const state = (name: string, wanted: string): Promise<Readonly<Record<string, unknown>>> =>
    until(`${name} is ${wanted}`, async () => {
      const { body } = await server.rest('GET', `/devices/${name}/observations/o.1`);
      return body['state'] === wanted ? body : undefined;
    });

  it('lives: put with attributes, active, told a value, listed, ended with Observe 1', async () => {
    const device = await registered('o1', obliging);
    const put = await server.rest('PUT', '/devices/o1/observations/o.1', {
      paths: ['/1/0/1'],
      attributes: { pmin: 5, pmax: 60 },
      format: 'text',
    });
    expect(put).toMatchObject({
      status: 200,
      body: { id: 'o.1', paths: ['/1/0/1'], attributes: { pmin: 5, pmax: 60 }, format: 'text' },
    });
    await state('o1', 'active');
    const attributes = device.asked.find(({ code }) => code === '0.03');
    expect(attributes?.query.split('&').sort()).toEqual(['pmax=60', 'pmin=5']);
    const { packet } = device.asked.find(({ observe }) => observe === '') as DeviceAsked;
    device.notify(packet.token, 7, '77');
    await until('the value', async () => {
      const { body } = await server.rest('GET', '/devices/o1/resources/1/0/1');
      return body['value'] === 77 && body['source'] === 'notify' ? 'yes' : undefined;
    });
    const { body } = await server.rest('GET', '/devices/o1/observations');
    expect(body['items']).toMatchObject([{ id: 'o.1', state: 'active', lastValueAt: expect.any(String) }]);
    const etag = (await server.fetch('GET', '/devices/o1/observations/o.1')).headers.get('etag') ?? '';
    const match = (tag: string): Promise<{ status: number }> =>
      server.rest('DELETE', '/devices/o1/observations/o.1', undefined, { 'if-match': tag });
    expect((await match('"x"')).status).toBe(412);
    expect((await match(etag)).status).toBe(204);
    await until('Observe 1', async () => device.asked.find(({ observe }) => observe === '01'));
    expect((await server.rest('GET', '/devices/o1/observations/o.1')).status).toBe(404);
  });

  it('that the device refuses says so with its code', async () => {
    await registered('o2', () => ({ code: '4.05' }));
    await server.rest('PUT', '/devices/o2/observations/o.1', { paths: ['/1/0/1'] });
    expect(await state('o2', 'refused')).toMatchObject({ error: { code: 'device_refused', coapCode: '4.05' } });
  });

  it('ended by cancel=reset asks nothing of the device', async () => {
    const device = await registered('o3', obliging);
    await server.rest('PUT', '/devices/o3/observations/o.1', { paths: ['/1/0/1'] });
    await state('o3', 'active');
    const before = device.asked.length;
    expect((await server.rest('DELETE', '/devices/o3/observations/o.1?cancel=reset')).status).toBe(204);
    expect((await server.rest('GET', '/devices/o3/observations')).body['items']).toEqual([]);
    await server.order('o3', { kind: 'read', path: '/1/0/2' });
    expect(device.asked.slice(before).map(({ path, observe }) => [path, observe])).toEqual([['/1/0/2', undefined]]);
  });

  it.each([
    ['o', { paths: ['/1', '/1'] }, 'invalid_path', '/paths/1'],
    ['o', { paths: [] }, 'invalid_body', '/paths'],
    ['o', { paths: ['1'] }, 'invalid_path', '/paths/0'],
    ['o', { paths: ['/1'], attributes: { pmin: -1 } }, 'invalid_attributes', '/attributes/pmin'],
    ['o', { paths: ['/1'], attributes: { pmin: 0.5 } }, 'invalid_attributes', '/attributes/pmin'],
    ['o', { paths: ['/1'], attributes: { odd: 1 } }, 'invalid_body', '/attributes/odd'],
    ['o', { paths: ['/1'], format: 'xml' }, 'invalid_body', '/format'],
    ['o', { paths: ['/1'], more: 1 }, 'invalid_body', '/more'],
    ['x'.repeat(65), { paths: ['/1'] }, 'invalid_path', undefined],
  ])('%s with %j is 400 %s', async (id, input, code, pointer) => {
    await registered('o4', obliging);
    const { status, body } = await server.rest('PUT', `/devices/o4/observations/${id}`, input);
    expect({ status, code: body['code'] }).toEqual({ status: 400, code });
    expect((body['errors'] as { pointer: string }[] | undefined)?.[0]?.pointer).toBe(pointer);
  });
});

describe('an object definition', () => {
  const xml = (id: number): string => `<LWM2M>
<Object ObjectType="MODefinition"><Name>Test</Name><Description1>d</Description1><ObjectID>${id}</ObjectID>
<ObjectURN>urn:oma:lwm2m:x:${id}</ObjectURN><LWM2MVersion>1.0</LWM2MVersion><ObjectVersion>1.0</ObjectVersion>
<MultipleInstances>Multiple</MultipleInstances><Mandatory>Optional</Mandatory><Resources><Item ID="0"><Name>N</Name>
<Operations>R</Operations><MultipleInstances>Single</MultipleInstances><Mandatory>Mandatory</Mandatory><Type>Integer</Type>
<RangeEnumeration></RangeEnumeration><Units></Units><Description>d</Description></Item></Resources>
<Description2></Description2></Object></LWM2M>`;
  const post = (text: string, type = 'application/xml'): Promise<Response> =>
    server.fetch('POST', '/objects', text, { 'content-type': type });

  it('is added, found, listed without its resources, and known after a restart', async () => {
    const answer = await post(xml(33_100));
    expect({ status: answer.status, location: answer.headers.get('location') }).toEqual({
      status: 201,
      location: '/api/v1/objects/33100',
    });
    const wanted = {
      id: 33_100,
      version: '1.0',
      name: 'Test',
      urn: 'urn:oma:lwm2m:x:33100',
      multiple: true,
      mandatory: false,
    };
    const check = async (): Promise<void> => {
      const { body } = await server.rest('GET', '/objects/33100');
      expect(body['items']).toMatchObject([
        { ...wanted, resources: [{ id: 0, name: 'N', type: 'integer', operations: 'R' }] },
      ]);
      const list = (await server.rest('GET', '/objects')).body['items'] as { id: number }[];
      expect(list.find(({ id }) => id === 33_100)).toEqual(expect.objectContaining(wanted));
      expect(list.map(({ id }) => id)).toEqual(expect.arrayContaining([0, 3, 5, 3303]));
    };
    await check();
    await server.restart();
    await check();
    expect((await post(xml(33_100).replace('<Name>Test', '<Name>Else'))).status).toBe(409);
  });

  it.each([
    ['a DOCTYPE', `<!DOCTYPE LWM2M [<!ENTITY x "y">]>\n${xml(33_101)}`, 1],
    ['a tag that does not close', xml(33_101).replace('</Resources>', ''), 7],
    ['no definition', '<html/>', 1],
    ['an id that is none', xml(33_101).replace('<ObjectID>33101', '<ObjectID>many'), 2],
  ])('with %s is 400 with line and reason', async (_what, text, line) => {
    const response = await post(text);
    const problem = (await response.json()) as Record<string, unknown>;
    expect({ status: response.status, code: problem['code'] }).toEqual({ status: 400, code: 'invalid_definition' });
    expect(problem['detail']).toMatch(new RegExp(`line ${line}\\b`));
    expect((await server.rest('GET', '/objects/33101')).status).toBe(404);
  });

  it('is refused as 415 in another type, as 400 when it is no UTF-8 or empty', async () => {
    expect((await post(xml(33_102), 'application/json')).status).toBe(415);
    expect((await post('')).status).toBe(400);
  });
});
