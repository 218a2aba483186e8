/**
 * OMA enabler test cases on composite operations (229, 230, 235, 236, 257, 280, 281, 304, 305, 308 to 310) and on Observe with
 * parameters (312, 313): ordered by REST, played by a scripted client against a whole server with literal datagrams.
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

async function registered(
  endpoint: string,
  lwm2m: '1.0' | '1.1' | '1.2' = '1.1',
  objects = '</1/0>,</3/0>,</16/0>',
): Promise<ScriptedClient> {
  const client = await ScriptedClient.registered(server, endpoint, objects, lwm2m);
  clients.push(client);
  return client;
}

/** A short CBOR text string. */
const text = (value: string): string => `${(0x60 + value.length).toString(16)} ${utf8(value)}`;
/** A SenML CBOR list of names. */
const names = (...paths: string[]): string =>
  `8${paths.length.toString(16)} ${paths.map((path) => `a100 ${text(path)}`).join(' ')}`;
/** A SenML CBOR record: a name, and label and value. */
const record = (path: string, value: string): string => `a200 ${text(path)} ${value}`;

/** The nodes of a composite read as plain values by path. */
async function readAll(
  client: ScriptedClient,
  operation: Readonly<Record<string, unknown>>,
  request: string,
  response: string,
): Promise<unknown> {
  const { state, result, error } = await client.ordered({ kind: 'readComposite', ...operation }, request, response);
  if (state !== 'succeeded') throw new Error(`${String(state)}: ${JSON.stringify(error)}`);
  const { nodes } = result as { nodes: Readonly<Record<string, unknown>> };
  return Object.fromEntries(Object.entries(nodes).map(([path, node]) => [path, plain(node)]));
}

async function lastValue(client: ScriptedClient, path: string): Promise<unknown> {
  const { body } = await server.rest('GET', `/devices/${client.endpoint}/resources${path}`);
  return plain(body);
}

describe('Read-Composite', () => {
  it('LightweightM2M-1.1-int-229 Read-Composite: paths of every level, overlapping ones too', async () => {
    const client = await registered('ets229');
    const paths = ['/3', '/1/0', '/1/0/1', '/3/0/11/0'];
    expect(
      await readAll(
        client,
        { paths },
        `05 c170 5170 ff ${names(...paths)}`,
        `45 c170 ff 83 ${record('/3/0/16', `03 ${text('U')}`)} ${record('/3/0/11/0', '0200')} ${record('/1/0/1', '02190e10')}`,
      ),
    ).toEqual({
      '/3': { 0: { 11: { 0: 0 }, 16: 'U' } },
      '/1/0': { 1: 3600 },
      '/1/0/1': 3600,
      '/3/0/11/0': 0,
    });
    expect(await lastValue(client, '/1/0/1')).toBe(3600);
    expect(await lastValue(client, '/3/0/16')).toBe('U');
  });

  it('LightweightM2M-1.1-int-235 Read-Composite on the root: everything, by object', async () => {
    const client = await registered('ets235');
    expect(
      await readAll(
        client,
        { paths: ['/'], format: 'senml-json' },
        `05 c16e 516e ff ${utf8('[{"n":"/"}]')}`,
        `45 c16e ff ${utf8('[{"bn":"/1/0/","n":"1","v":60},{"n":"7","vs":"U"},{"bn":"/3/0/","n":"16","vs":"U"}]')}`,
      ),
    ).toEqual({ '/1': { 0: { 1: 60, 7: 'U' } }, '/3': { 0: { 16: 'U' } } });
  });

  it('LightweightM2M-1.1-int-236 Read-Composite, partial presence: what is not there is absent', async () => {
    const client = await registered('ets236');
    const paths = ['/3/0/16', '/3339/0/5522', '/3353/0/6030'];
    expect(
      await readAll(
        client,
        { paths },
        `05 c170 5170 ff ${names(...paths)}`,
        `45 c170 ff 81 ${record('/3/0/16', `03 ${text('U')}`)}`,
      ),
    ).toEqual({ '/3/0/16': 'U' });
    expect(
      await readAll(client, { paths: ['/3339/0/5522'] }, `05 c170 5170 ff ${names('/3339/0/5522')}`, '45'),
    ).toEqual({});
    expect(
      await readAll(client, { paths: ['/3339/0/5522'] }, `05 c170 5170 ff ${names('/3339/0/5522')}`, '45 c170 ff 80'),
    ).toEqual({});
  });

  it('LightweightM2M-1.1-int-280 Successful Read-Composite', async () => {
    const client = await registered('ets280');
    const paths = ['/3/0/16', '/3/0/11/0', '/1/0'];
    expect(
      await readAll(
        client,
        { paths },
        `05 c170 5170 ff ${names(...paths)}`,
        `45 c170 ff 86 ${record('/3/0/16', `03 ${text('U')}`)} ${record('/3/0/11/0', '0200')} ${record('/1/0/0', '0201')} ${record('/1/0/1', '021a00015180')} ${record('/1/0/6', '04f4')} ${record('/1/0/7', `03 ${text('U')}`)}`,
      ),
    ).toEqual({ '/3/0/16': 'U', '/3/0/11/0': 0, '/1/0': { 0: 1, 1: 86400, 6: false, 7: 'U' } });
  });

  it('LightweightM2M-1.1-int-281 Partially successful Read-Composite: an executable is absent', async () => {
    const client = await registered('ets281');
    const paths = ['/1/0/1', '/1/0/7', '/1/0/8'];
    expect(
      await readAll(
        client,
        { paths },
        `05 c170 5170 ff ${names(...paths)}`,
        `45 c170 ff 82 ${record('/1/0/1', '021a00015180')} ${record('/1/0/7', `03 ${text('U')}`)}`,
      ),
    ).toEqual({ '/1/0/1': 86400, '/1/0/7': 'U' });
  });

  it('asks a device of 1.2 in SenML-ETCH, and takes LwM2M CBOR when that is wanted', async () => {
    const client = await registered('etch', '1.2');
    const paths = ['/3/0/9', '/1/0/1'];
    const both = { '/3/0/9': 95, '/1/0/1': 60 };
    const pack = `82 ${record('/3/0/9', '02185f')} ${record('/1/0/1', '02183c')}`;
    expect(await readAll(client, { paths }, `05 c20142 5170 ff ${names(...paths)}`, `45 c170 ff ${pack}`)).toEqual(
      both,
    );
    expect(
      await readAll(
        client,
        { paths, format: 'senml-etch-json' },
        `05 c20140 516e ff ${utf8('[{"n":"/3/0/9"},{"n":"/1/0/1"}]')}`,
        `45 c16e ff ${utf8('[{"n":"/3/0/9","v":95},{"n":"/1/0/1","v":60}]')}`,
      ),
    ).toEqual(both);
    expect(
      await readAll(
        client,
        { paths, format: 'lwm2m-cbor' },
        `05 c20142 522d18 ff ${names(...paths)}`,
        '45 c22d18 ff a2 83030009 185f 83010001 183c',
      ),
    ).toEqual(both);
  });

  it('goes below the root of a device that has one', async () => {
    const client = await registered('rooted', '1.1', '</lwm2m>;rt="oma.lwm2m";ct=110,</lwm2m/1/0>,</lwm2m/3/0>');
    expect(
      await readAll(
        client,
        { paths: ['/3/0/9'] },
        `05 b5 ${utf8('lwm2m')} 116e 516e ff ${utf8('[{"n":"/3/0/9"}]')}`,
        `45 c16e ff ${utf8('[{"n":"/3/0/9","v":95}]')}`,
      ),
    ).toEqual({ '/3/0/9': 95 });
  });

  it('is a bad answer when it brings what was not asked for, or in a format that cannot carry it', async () => {
    const client = await registered('badpack');
    const operation = { kind: 'readComposite', paths: ['/3/0/9'] };
    const request = `05 c170 5170 ff ${names('/3/0/9')}`;
    for (const [answer, fault] of [
      [`45 c170 ff 81 ${record('/1/0/1', '02183c')}`, '/1/0/1'],
      ['45 c0 ff 3935', 'content format 0'],
      ['44', '2.05 is expected'],
    ] as const) {
      const { state, error } = await client.ordered(operation, request, answer);
      expect([state, error]).toMatchObject(['failed', { code: 'device_bad_answer' }]);
      expect((error as { detail: string }).detail).toContain(fault);
    }
    expect(await client.ordered(operation, request, '85')).toMatchObject({
      state: 'failed',
      error: { code: 'device_refused', coapCode: '4.05' },
    });
  });
});

describe('Write-Composite', () => {
  it('LightweightM2M-1.1-int-230 Write-Composite: several objects in one message', async () => {
    const client = await registered('ets230');
    expect(
      await client.done(
        { kind: 'writeComposite', value: { '/1/0/1': 61, '/1/0/6': true, '/16/0/0': { 0: 'aa', 3: 'dd' } } },
        `07 c170 ff 84 ${record('/1/0/1', '02183d')} ${record('/1/0/6', '04f5')} ${record('/16/0/0/0', `03 ${text('aa')}`)} ${record('/16/0/0/3', `03 ${text('dd')}`)}`,
        '44',
      ),
    ).toBe('2.04');
    expect(await lastValue(client, '/1/0/1')).toBe(61);
    expect(await lastValue(client, '/16/0/0')).toEqual({ 0: 'aa', 3: 'dd' });
    await client.updates('7d39', `45 ${utf8('lt=61')}`);
    expect((await server.rest('GET', '/devices/ets230')).body).toMatchObject({ registration: { lifetime: 61 } });
  });

  it('LightweightM2M-1.1-int-257 Write-Composite on Server and Device', async () => {
    const client = await registered('ets257');
    const operation = { kind: 'writeComposite', value: { '/1/0/2': 101, '/1/0/6': true, '/3/0/13': 0 } };
    expect(
      await client.done(
        operation,
        `07 c170 ff 83 ${record('/1/0/2', '021865')} ${record('/1/0/6', '04f5')} ${record('/3/0/13', '0200')}`,
        '44',
      ),
    ).toBe('2.04');
    expect(
      await client.done(
        { ...operation, format: 'senml-json' },
        `07 c16e ff ${utf8('[{"n":"/1/0/2","v":101},{"n":"/1/0/6","vb":true},{"n":"/3/0/13","v":0}]')}`,
        '44',
      ),
    ).toBe('2.04');
  });

  it('writes to a device of 1.2 in SenML-ETCH or LwM2M CBOR, and removes resource instances by null', async () => {
    const client = await registered('patch', '1.2');
    const operation = { kind: 'writeComposite', value: { '/1/0/1': 61, '/16/0/0/1': null } };
    expect(
      await client.done(
        operation,
        `07 c20142 ff 82 ${record('/1/0/1', '02183d')} ${record('/16/0/0/1', '02f6')}`,
        '44',
      ),
    ).toBe('2.04');
    expect(
      await client.done({ ...operation, format: 'lwm2m-cbor' }, '07 c22d18 ff a2 83010001 183d 8410000001 f6', '44'),
    ).toBe('2.04');
  });

  it('is all or nothing: a refusal changes no last value', async () => {
    const client = await registered('nothing');
    const value = { '/1/0/1': 61, '/3/0/0': 'x' };
    const request = `07 c170 ff 82 ${record('/1/0/1', '02183d')} ${record('/3/0/0', `03 ${text('x')}`)}`;
    expect(await client.ordered({ kind: 'writeComposite', value }, request, '85')).toMatchObject({
      state: 'failed',
      error: { code: 'device_refused', coapCode: '4.05' },
    });
    expect((await server.rest('GET', '/devices/nothing/resources/1/0/1')).status).toBe(404);
  });
});

describe('composite operations on a device of LwM2M 1.0', () => {
  it('are refused with 422, because it has no words for them', async () => {
    await registered('old', '1.0');
    const operations = [
      { kind: 'readComposite', paths: ['/3/0/9', '/1/0/1'] },
      { kind: 'writeComposite', value: { '/1/0/1': 60 } },
    ];
    for (const operation of operations) {
      const { status, body } = await server.rest('POST', '/devices/old/operations', operation);
      expect([status, body]).toMatchObject([422, { code: 'not_encodable' }]);
      expect(body['detail']).toContain('LwM2M 1.0');
    }
    const { status, body } = await server.rest('PUT', '/devices/old/observations/o', { paths: ['/3', '/1'] });
    expect([status, body['code']]).toEqual([422, 'not_encodable']);
  });
});

/** Waits until an observation is in a state. */
async function state(client: ScriptedClient, id: string, wanted: string): Promise<void> {
  await until(`${id} is ${wanted}`, async () => {
    const { body } = await server.rest('GET', `/devices/${client.endpoint}/observations/${id}`);
    return body['state'] === wanted ? 'yes' : undefined;
  });
}

describe('Observe-Composite', () => {
  const paths = ['/1/0/1', '/3/0/11/0', '/3/0/16'];
  const pack = (lifetime: string): string =>
    `83 ${record('/1/0/1', `02${lifetime}`)} ${record('/3/0/11/0', '0200')} ${record('/3/0/16', `03 ${text('U')}`)}`;

  async function observed(client: ScriptedClient): Promise<Caught> {
    const wanted = server.rest('PUT', `/devices/${client.endpoint}/observations/several`, { paths });
    const caught = await client.peer.answer(
      `4805MMMM TTTTTTTTTTTTTTTT 60 6170 5170 ff ${names(...paths)}`,
      `6845MMMM TTTTTTTTTTTTTTTT 6101 6170 ff ${pack('183c')}`,
    );
    expect((await wanted).body).toMatchObject({ paths });
    await state(client, 'several', 'active');
    return caught;
  }

  it('LightweightM2M-1.1-int-304 Observe-Composite: attributes on each path first, then notifications with all values', async () => {
    const client = await registered('ets304');
    const wanted = server.rest('PUT', '/devices/ets304/observations/several', {
      paths,
      attributes: { pmin: 30, pmax: 45 },
    });
    const query = `47 ${utf8('pmin=30')} 07 ${utf8('pmax=45')}`;
    for (const at of ['b131 0130 0131', 'b133 0130 023131 0130', 'b133 0130 023136']) {
      await client.peer.answer(`4803MMMM TTTTTTTTTTTTTTTT ${at} ${query}`, '6844MMMM TTTTTTTTTTTTTTTT');
    }
    const caught = await client.peer.answer(
      `4805MMMM TTTTTTTTTTTTTTTT 60 6170 5170 ff ${names(...paths)}`,
      `6845MMMM TTTTTTTTTTTTTTTT 6101 6170 ff ${pack('183c')}`,
    );
    await wanted;
    await state(client, 'several', 'active');
    expect(await lastValue(client, '/1/0/1')).toBe(60);
    await client.peer.ask(`48455001 TTTTTTTTTTTTTTTT 6102 6170 ff ${pack('183d')}`, '60005001', caught);
    expect(await lastValue(client, '/1/0/1')).toBe(61);
    expect(await lastValue(client, '/3/0/11')).toEqual({ 0: 0 });
  });

  it('LightweightM2M-1.1-int-305 Cancel Observe-Composite: FETCH with Observe 1, the identical list and the same token', async () => {
    const client = await registered('ets305');
    const { T } = await observed(client);
    const removed = server.rest('DELETE', '/devices/ets305/observations/several');
    const cancelled = await client.peer.answer(
      `4805MMMM TTTTTTTTTTTTTTTT 6101 6170 5170 ff ${names(...paths)}`,
      `6845MMMM TTTTTTTTTTTTTTTT c170 ff ${pack('183c')}`,
    );
    expect(cancelled['T']).toBe(T);
    expect((await removed).status).toBe(204);
    await client.peer.ask(`48455001 TTTTTTTTTTTTTTTT 6102 6170 ff ${pack('183d')}`, '70005001', { T: T ?? '' });
  });

  it('LightweightM2M-1.1-int-308 and -309: notifications gain and lose an instance that is created and deleted', async () => {
    const client = await registered('ets308');
    const both = ['/16/0', '/16/1'];
    const identity = (instance: number, value: string): string => record(`/16/${instance}/0/0`, `03 ${text(value)}`);
    const wanted = server.rest('PUT', '/devices/ets308/observations/hosts', { paths: both });
    const caught = await client.peer.answer(
      `4805MMMM TTTTTTTTTTTTTTTT 60 6170 5170 ff ${names(...both)}`,
      `6845MMMM TTTTTTTTTTTTTTTT 6101 6170 ff 81 ${identity(0, 'aa')}`,
    );
    await wanted;
    await state(client, 'hosts', 'active');
    await client.peer.ask(
      `48455001 TTTTTTTTTTTTTTTT 6102 6170 ff 82 ${identity(0, 'aa')} ${identity(1, 'bb')}`,
      '60005001',
      caught,
    );
    expect(await lastValue(client, '/16/1/0')).toEqual({ 0: 'bb' });
    expect(await client.done({ kind: 'delete', path: '/16/1' }, '04 b23136 0131', '42')).toBe('2.02');
    await client.peer.ask(`48455002 TTTTTTTTTTTTTTTT 6103 6170 ff 81 ${identity(0, 'cc')}`, '60005002', caught);
    expect(await lastValue(client, '/16/0/0')).toEqual({ 0: 'cc' });
  });

  it('LightweightM2M-1.1-int-310: attributes may change while it lasts', async () => {
    const client = await registered('ets310');
    const caught = await observed(client);
    expect(
      await client.done(
        { kind: 'writeAttributes', path: '/3', attributes: { pmax: 5 } },
        `03 b133 46 ${utf8('pmax=5')}`,
        '44',
      ),
    ).toBe('2.04');
    await client.peer.ask(`48455001 TTTTTTTTTTTTTTTT 6102 6170 ff ${pack('183d')}`, '60005001', caught);
    expect(await lastValue(client, '/1/0/1')).toBe(61);
  });

  it('is made again after each registration, with the same list', async () => {
    const client = await registered('again');
    await observed(client);
    await client.peer.ask(
      `42027d40ab01 b27264 1128 38 ${utf8('ep=again')} 06 ${utf8('lt=300')} 09 ${utf8('lwm2m=1.1')} 03 ${utf8('b=U')} ff ${utf8('</1/0>,</3/0>,</16/0>')}`,
      '62417d40ab01 827264 0aLLLLLLLLLLLLLLLLLLLL',
    );
    const caught = await client.peer.answer(
      `4805MMMM TTTTTTTTTTTTTTTT 60 6170 5170 ff ${names(...paths)}`,
      `6845MMMM TTTTTTTTTTTTTTTT 6101 6170 ff ${pack('183e')}`,
    );
    await state(client, 'several', 'active');
    expect(caught['T']).toMatch(/^[0-9a-f]{16}$/);
    expect(await lastValue(client, '/1/0/1')).toBe(62);
  });
});

describe('an observation that the device has no words for when it registers again', () => {
  it('is refused, and nothing is sent', async () => {
    const client = await registered('younger');
    const url = '/devices/younger/observations/both';
    const wanted = server.rest('PUT', url, { paths: ['/3/0/9', '/1/0/1'] });
    await client.peer.answer(
      `4805MMMM TTTTTTTTTTTTTTTT 60 6170 5170 ff ${names('/3/0/9', '/1/0/1')}`,
      '6845MMMM TTTTTTTTTTTTTTTT 6101 6170 ff 80',
    );
    await wanted;
    await client.peer.ask(
      `42027d40ab01 b27264 1128 3a ${utf8('ep=younger')} 06 ${utf8('lt=300')} 09 ${utf8('lwm2m=1.0')} 03 ${utf8('b=U')} ff ${utf8('</1/0>,</3/0>')}`,
      '62417d40ab01 827264 0aLLLLLLLLLLLLLLLLLLLL',
    );
    await state(client, 'both', 'refused');
    expect((await server.rest('GET', url)).body).toMatchObject({ error: { code: 'not_encodable' } });
    expect(client.peer.waiting).toBe(0);
  });
});

describe('Observe with parameters', () => {
  it('LightweightM2M-1.2-int-312: they go with the request, and with its cancellation', async () => {
    const client = await registered('ets312', '1.2');
    const url = '/devices/ets312/observations/voltage';
    const wanted = server.rest('PUT', url, { paths: ['/3/0/7'], parameters: { pmin: 5, pmax: 15 }, format: 'tlv' });
    const query = `46 ${utf8('pmin=5')} 07 ${utf8('pmax=15')}`;
    const { T } = await client.peer.answer(
      `4801MMMM TTTTTTTTTTTTTTTT 60 5133 0130 0137 ${query} 222d16`,
      '6845MMMM TTTTTTTTTTTTTTTT 6101 622d16 ff 8607 410005 410104',
    );
    expect((await wanted).body).toMatchObject({ parameters: { pmin: 5, pmax: 15 } });
    await state(client, 'voltage', 'active');
    const removed = server.rest('DELETE', url);
    const cancelled = await client.peer.answer(
      `4801MMMM TTTTTTTTTTTTTTTT 6101 5133 0130 0137 ${query} 222d16`,
      '6845MMMM TTTTTTTTTTTTTTTT c22d16 ff 8607 410005 410104',
    );
    expect(cancelled['T']).toBe(T);
    expect((await removed).status).toBe(204);
  });

  it('LightweightM2M-1.2-int-313: attached attributes are written first, the parameters override them', async () => {
    const client = await registered('ets313', '1.2');
    const wanted = server.rest('PUT', '/devices/ets313/observations/voltage', {
      paths: ['/3/0/7'],
      attributes: { pmax: 60 },
      parameters: { pmax: 10 },
      format: 'tlv',
    });
    await client.peer.answer(
      `4803MMMM TTTTTTTTTTTTTTTT b133 0130 0137 47 ${utf8('pmax=60')}`,
      '6844MMMM TTTTTTTTTTTTTTTT',
    );
    await client.peer.answer(
      `4801MMMM TTTTTTTTTTTTTTTT 60 5133 0130 0137 47 ${utf8('pmax=10')} 222d16`,
      '6845MMMM TTTTTTTTTTTTTTTT 6101 622d16 ff 8607 410005 410104',
    );
    await wanted;
    await state(client, 'voltage', 'active');
  });

  it('are refused with 422 for a device of 1.1, and with 400 where they do not go with several paths', async () => {
    await registered('early', '1.1');
    const put = async (body: unknown): Promise<unknown> => {
      const answer = await server.rest('PUT', '/devices/early/observations/o', body);
      return [answer.status, answer.body['code']];
    };
    expect(await put({ paths: ['/3/0/7'], parameters: { pmax: 10 } })).toEqual([422, 'not_encodable']);
    expect(await put({ paths: ['/3/0/7', '/1/0/1'], parameters: { gt: 10 } })).toEqual([400, 'invalid_attributes']);
    expect(await put({ paths: ['/3/0/7', '/3/0/7'] })).toEqual([400, 'invalid_path']);
  });
});
