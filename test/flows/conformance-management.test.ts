/**
 * OMA enabler test cases 201 to 290 that plain CoAP and single operations allow, ordered by REST and played by a scripted
 * client against a whole server: what the server sends is compared with literals, what it receives is literals.
 */

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ScriptedClient, utf8 } from '../support/conformance.js';
import { TestServer } from '../support/test-server.js';

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

async function registered(endpoint: string, objects = '</1/0>,</3/0>'): Promise<ScriptedClient> {
  const client = await ScriptedClient.registered(server, endpoint, objects);
  clients.push(client);
  return client;
}

const put = (path: string, value: unknown, format?: string): Readonly<Record<string, unknown>> => ({
  kind: 'write',
  mode: 'replace',
  path,
  value,
  ...(format === undefined ? {} : { format }),
});
const post = (path: string, value: unknown, format?: string): Readonly<Record<string, unknown>> => ({
  ...put(path, value, format),
  mode: 'update',
});
const attributes = (path: string, values: unknown): Readonly<Record<string, unknown>> => ({
  kind: 'writeAttributes',
  path,
  attributes: values,
});
const SERVER_TLV = 'c10001 c40100015180 c10201 c1030a c40500015180 c10600 c10755';
const SERVER_VALUES = { 0: 1, 1: 86400, 2: 1, 3: 10, 5: 86400, 6: false, 7: 'U' };

describe('queries', () => {
  it('LightweightM2M-1.1-int-201 Querying in plain text', async () => {
    const client = await registered('ets201');
    const text = (value: string): string => `45 c0 ff ${utf8(value)}`;
    expect(await client.read('/3/0/0', 'text', '01 b133 0130 0130 60', text('Open Mobile Alliance'))).toBe(
      'Open Mobile Alliance',
    );
    expect(await client.read('/3/0/1', 'text', '01 b133 0130 0131 60', text('Lightweight M2M Client'))).toBe(
      'Lightweight M2M Client',
    );
    expect(await client.read('/3/0/2', 'text', '01 b133 0130 0132 60', text('345000123'))).toBe('345000123');
  });

  it('LightweightM2M-1.1-int-202 Querying opaque data', async () => {
    const client = await registered('ets202', '</1/0>,</3/0>,</19/0>');
    expect(await client.read('/19/0/0/0', 'opaque', '01 b23139 0130 0130 0130 612a', '45 c12a ff 00ff10')).toBe('AP8Q');
  });

  it('LightweightM2M-1.1-int-203 Querying in TLV', async () => {
    const client = await registered('ets203');
    const tlv =
      'c80014 4f70656e204d6f62696c6520416c6c69616e6365 c80116 4c69676874776569676874204d324d20436c69656e74 c80209 333435303030313233 c303 312e30 830b 410000 c11055';
    const expected = {
      0: 'Open Mobile Alliance',
      1: 'Lightweight M2M Client',
      2: '345000123',
      3: '1.0',
      11: { 0: 0 },
      16: 'U',
    };
    expect(await client.read('/3/0', 'tlv', '01 b133 0130 622d16', `45 c22d16 ff ${tlv}`)).toEqual(expected);
    expect(await client.read('/3/0', 'tlv', '01 b133 0130 622d16', `45 c22d16 ff 080049 ${tlv}`)).toEqual(expected);
  });

  it('LightweightM2M-1.1-int-204 Querying in JSON', async () => {
    const client = await registered('ets204');
    const json =
      '{"bn":"/3/0/","e":[{"n":"0","sv":"Open Mobile Alliance"},{"n":"2","sv":"345000123"},{"n":"11/0","v":0},{"n":"16","sv":"U"}]}';
    expect(await client.read('/3/0', 'json', '01 b133 0130 622d17', `45 c22d17 ff ${utf8(json)}`)).toEqual({
      0: 'Open Mobile Alliance',
      2: '345000123',
      11: { 0: 0 },
      16: 'U',
    });
  });

  it('reads in LwM2M CBOR at every level (LwM2M-Core 1.2 §7.5.6)', async () => {
    const client = await registered('cbor11544');
    const accept = '622d18';
    const cbor = (payload: string): string => `45 c22d18 ff ${payload}`;
    const all = cbor('a1 01 a1 00 a4 00 01 01 1a00015180 06 f4 07 6155');
    expect(await client.read('/1', 'lwm2m-cbor', `01 b131 ${accept}`, all)).toEqual({
      0: { 0: 1, 1: 86400, 6: false, 7: 'U' },
    });
    const indefinite = cbor('bf 82 03 00 bf 09 185f 0d c1 1a5182428f 0b a1 00 00 ff ff');
    expect(await client.read('/3/0', 'lwm2m-cbor', `01 b133 0130 ${accept}`, indefinite)).toEqual({
      9: 95,
      11: { 0: 0 },
      13: '2013-05-02T10:40:15Z',
    });
    expect(
      await client.read('/3/0/16', 'lwm2m-cbor', `01 b133 0130 023136 ${accept}`, cbor('a1 83 03 00 10 6155')),
    ).toBe('U');
    expect(
      await client.read('/3/0/11/0', 'lwm2m-cbor', `01 b133 0130 023131 0130 ${accept}`, cbor('a1 84 03 00 0b 00 00')),
    ).toBe(0);
  });

  it('LightweightM2M-1.1-int-211 Querying in CBOR', async () => {
    const client = await registered('ets211');
    expect(await client.read('/1/0/0', 'cbor', '01 b131 0130 0130 613c', '45 c13c ff 01')).toBe(1);
    expect(await client.read('/1/0/6', 'cbor', '01 b131 0130 0136 613c', '45 c13c ff f4')).toBe(false);
    expect(await client.read('/1/0/7', 'cbor', '01 b131 0130 0137 613c', '45 c13c ff 6155')).toBe('U');
  });

  it('LightweightM2M-1.1-int-231 Querying in SenML JSON at every level', async () => {
    const client = await registered('ets231');
    const json = (text: string): string => `45 c16e ff ${utf8(text)}`;
    expect(
      await client.read(
        '/1',
        'senml-json',
        '01 b131 616e',
        json('[{"bn":"/1/0/","n":"0","v":1},{"n":"1","v":86400},{"n":"6","vb":false},{"n":"7","vs":"U"}]'),
      ),
    ).toEqual({ 0: { 0: 1, 1: 86400, 6: false, 7: 'U' } });
    expect(
      await client.read(
        '/3/0',
        'senml-json',
        '01 b133 0130 616e',
        json(
          '[{"bn":"/3/0/","n":"0","vs":"Open Mobile Alliance"},{"n":"9","v":100},{"n":"11/0","v":0},{"n":"16","vs":"U"}]',
        ),
      ),
    ).toEqual({ 0: 'Open Mobile Alliance', 9: 100, 11: { 0: 0 }, 16: 'U' });
    expect(
      await client.read('/3/0/16', 'senml-json', '01 b133 0130 023136 616e', json('[{"bn":"/3/0/16","vs":"U"}]')),
    ).toBe('U');
    expect(
      await client.read('/3/0/11/0', 'senml-json', '01 b133 0130 023131 0130 616e', json('[{"n":"/3/0/11/0","v":0}]')),
    ).toBe(0);
  });

  it('LightweightM2M-1.1-int-232 Querying in SenML CBOR at every level', async () => {
    const client = await registered('ets232');
    expect(
      await client.read(
        '/1',
        'senml-cbor',
        '01 b131 6170',
        '45 c170 ff 84 a3 21 65 2f312f302f 00 6130 02 01 a2 00 6131 02 1a00015180 a2 00 6136 04 f4 a2 00 6137 03 6155',
      ),
    ).toEqual({ 0: { 0: 1, 1: 86400, 6: false, 7: 'U' } });
    expect(
      await client.read(
        '/3/0',
        'senml-cbor',
        '01 b133 0130 6170',
        '45 c170 ff 83 a3 21 65 2f332f302f 00 6139 02 185f a2 00 623133 02 1a5182428f a2 00 623136 03 6155',
      ),
    ).toEqual({ 9: 95, 13: '2013-05-02T10:40:15Z', 16: 'U' });
    expect(
      await client.read(
        '/3/0/16',
        'senml-cbor',
        '01 b133 0130 023136 6170',
        '45 c170 ff 81 a2 21 67 2f332f302f3136 03 6155',
      ),
    ).toBe('U');
    expect(
      await client.read(
        '/3/0/11/0',
        'senml-cbor',
        '01 b133 0130 023131 0130 6170',
        '45 c170 ff 81 a2 00 69 2f332f302f31312f30 02 00',
      ),
    ).toBe(0);
  });

  it('LightweightM2M-1.1-int-237 Read without Accept: whatever comes is decoded', async () => {
    const client = await registered('ets237');
    expect(await client.read('/1', undefined, '01 b131', `45 c22d16 ff 08001b ${SERVER_TLV}`)).toEqual({
      0: SERVER_VALUES,
    });
    expect(
      await client.read('/3', undefined, '01 b133', `45 c16e ff ${utf8('[{"bn":"/3/0/","n":"16","vs":"U"}]')}`),
    ).toEqual({ 0: { 16: 'U' } });
    expect(await client.read('/3/0/16', undefined, '01 b133 0130 023136', '45 ff 55')).toBe('U');
  });
});

describe('reads and writes by level', () => {
  it('LightweightM2M-1.1-int-222 Read on object', async () => {
    const client = await registered('ets222');
    expect(
      await client.read('/1', 'tlv', '01 b131 622d16', '45 c22d16 ff 08000f c10001 c40100015180 c10601 c10755'),
    ).toEqual({ 0: { 0: 1, 1: 86400, 6: true, 7: 'U' } });
    expect(await client.read('/3', 'tlv', '01 b133 622d16', '45 c22d16 ff 080005 830b 410000')).toEqual({
      0: { 11: { 0: 0 } },
    });
  });

  it('LightweightM2M-1.1-int-223 Read on object instance', async () => {
    const client = await registered('ets223');
    expect(await client.read('/1/0', 'tlv', '01 b131 0130 622d16', `45 c22d16 ff ${SERVER_TLV}`)).toEqual(
      SERVER_VALUES,
    );
    expect(await client.read('/3/0', 'tlv', '01 b133 0130 622d16', '45 c22d16 ff 830b 410000 c11055')).toEqual({
      11: { 0: 0 },
      16: 'U',
    });
  });

  it('LightweightM2M-1.1-int-224 Read on resource', async () => {
    const client = await registered('ets224');
    expect(await client.read('/1/0/1', 'tlv', '01 b131 0130 0131 622d16', '45 c22d16 ff c40100015180')).toBe(86400);
    expect(await client.read('/1/0/6', 'tlv', '01 b131 0130 0136 622d16', '45 c22d16 ff c10600')).toBe(false);
    expect(await client.read('/3/0/16', 'tlv', '01 b133 0130 023136 622d16', '45 c22d16 ff c11055')).toBe('U');
  });

  it('LightweightM2M-1.1-int-225 Read on resource instance', async () => {
    const client = await registered('ets225');
    expect(await client.read('/3/0/11/0', 'tlv', '01 b133 0130 023131 0130 622d16', '45 c22d16 ff 410000')).toBe(0);
  });

  it('LightweightM2M-1.1-int-226 Write partial on object instance: one message, and the Update it causes is accepted', async () => {
    const client = await registered('ets226');
    expect(await client.done(post('/1/0', { 1: 61, 6: true }), '02 b131 0130 122d16 ff c1013d c10601', '44')).toBe(
      '2.04',
    );
    await client.updates('7d39', '456c743d3631');
    expect(await client.read('/1/0', 'tlv', '01 b131 0130 622d16', '45 c22d16 ff c10001 c1013d c10601 c10755')).toEqual(
      {
        0: 1,
        1: 61,
        6: true,
        7: 'U',
      },
    );
    expect(
      await client.done(post('/1/0', { 1: 86400, 6: false }), '02 b131 0130 122d16 ff c40100015180 c10600', '44'),
    ).toBe('2.04');
    await client.updates('7d3a', '486c743d3836343030');
    expect(await server.device('ets226')).toMatchObject({ registration: { lifetime: 86400 } });
  });

  it('LightweightM2M-1.1-int-227 Write replace on resource: the Update it causes is accepted', async () => {
    const client = await registered('ets227');
    expect(await client.done(put('/1/0/1', 63), '03 b131 0130 0131 10 ff 3633', '44')).toBe('2.04');
    await client.updates('7d39', '456c743d3633');
    expect(await client.read('/1/0/1', 'text', '01 b131 0130 0131 60', '45 c0 ff 3633')).toBe(63);
    expect(await server.device('ets227')).toMatchObject({ registration: { lifetime: 63 } });
  });

  it('LightweightM2M-1.1-int-228 Write on resource instance: that one alone is named', async () => {
    const client = await registered('ets228', '</1/0>,</3/0>,</16/0>');
    expect(await client.done(put('/16/0/0/0', 'test'), '03 b23136 0130 0130 0130 10 ff 74657374', '44')).toBe('2.04');
    expect(
      await client.read(
        '/16/0/0',
        'tlv',
        '01 b23136 0130 0130 622d16',
        `45 c22d16 ff 88000c 4400 ${utf8('test')} 4401 ${utf8('Mfr1')}`,
      ),
    ).toEqual({ 0: 'test', 1: 'Mfr1' });
  });

  it('LightweightM2M-1.1-int-221 Operations on Security object: three refusals, reported as such', async () => {
    const client = await registered('ets221');
    const refused = { state: 'failed', error: { code: 'device_refused', coapCode: '4.01' } };
    expect(await client.ordered({ kind: 'read', path: '/0', format: 'tlv' }, '01 b130 622d16', '81')).toMatchObject(
      refused,
    );
    expect(
      await client.ordered(put('/0/0/0', 'coap://x', 'text'), `03 b130 0130 0130 10 ff ${utf8('coap://x')}`, '81'),
    ).toMatchObject(refused);
    expect(
      await client.ordered(attributes('/0', { pmin: 30, pmax: 45 }), '03 b130 47706d696e3d3330 07706d61783d3435', '81'),
    ).toMatchObject(refused);
  });

  it('LightweightM2M-1.1-int-256 Write operation failure: 4.05 is reported, and the value is as before', async () => {
    const client = await registered('ets256');
    expect(await client.ordered(put('/1/0/0', 123, 'text'), '03 b131 0130 0130 10 ff 313233', '85')).toMatchObject({
      state: 'failed',
      error: { code: 'device_refused', coapCode: '4.05' },
    });
    expect(await client.read('/1/0/0', 'text', '01 b131 0130 0130 60', '45 c0 ff 31')).toBe(1);
  });
});

describe('setting values in each format', () => {
  it('LightweightM2M-1.1-int-205 Setting basic information in plain text', async () => {
    const client = await registered('ets205');
    expect(await client.done(put('/1/0/2', 101, 'text'), '03 b131 0130 0132 10 ff 313031', '44')).toBe('2.04');
    expect(await client.done(put('/1/0/3', 1010, 'text'), '03 b131 0130 0133 10 ff 31303130', '44')).toBe('2.04');
    expect(await client.done(put('/1/0/5', 2000, 'text'), '03 b131 0130 0135 10 ff 32303030', '44')).toBe('2.04');
    expect(await client.read('/1/0', 'tlv', '01 b131 0130 622d16', '45 c22d16 ff c10265 c20303f2 c20507d0')).toEqual({
      2: 101,
      3: 1010,
      5: 2000,
    });
    expect(await client.done(put('/1/0/2', 1, 'text'), '03 b131 0130 0132 10 ff 31', '44')).toBe('2.04');
    expect(await client.done(put('/1/0/3', 10, 'text'), '03 b131 0130 0133 10 ff 3130', '44')).toBe('2.04');
    expect(await client.done(put('/1/0/5', 86400, 'text'), '03 b131 0130 0135 10 ff 3836343030', '44')).toBe('2.04');
  });

  it('LightweightM2M-1.1-int-210 Setting opaque data', async () => {
    const client = await registered('ets210', '</1/0>,</3/0>,</19/0>');
    expect(await client.done(put('/19/0/0/0', 'AP8Q', 'opaque'), '03 b23139 0130 0130 0130 112a ff 00ff10', '44')).toBe(
      '2.04',
    );
  });

  it('LightweightM2M-1.1-int-212 Setting basic information in CBOR', async () => {
    const client = await registered('ets212');
    expect(await client.done(put('/1/0/2', 101, 'cbor'), '03 b131 0130 0132 113c ff 1865', '44')).toBe('2.04');
    expect(await client.done(put('/1/0/3', 1010, 'cbor'), '03 b131 0130 0133 113c ff 1903f2', '44')).toBe('2.04');
    expect(await client.done(put('/1/0/6', true, 'cbor'), '03 b131 0130 0136 113c ff f5', '44')).toBe('2.04');
    expect(await client.read('/1/0/3', 'cbor', '01 b131 0130 0133 613c', '45 c13c ff 1903f2')).toBe(1010);
  });

  it('LightweightM2M-1.1-int-215 Setting basic information in TLV', async () => {
    const client = await registered('ets215');
    expect(
      await client.done(
        post('/1/0', { 2: 101, 3: 1010, 5: 2000, 6: true, 7: 'U' }, 'tlv'),
        '02 b131 0130 122d16 ff c10265 c20303f2 c20507d0 c10601 c10755',
        '44',
      ),
    ).toBe('2.04');
    expect(
      await client.read(
        '/1/0',
        'tlv',
        '01 b131 0130 622d16',
        '45 c22d16 ff c10001 c40100015180 c10265 c20303f2 c20507d0 c10601 c10755',
      ),
    ).toEqual({ 0: 1, 1: 86400, 2: 101, 3: 1010, 5: 2000, 6: true, 7: 'U' });
    expect(
      await client.done(
        put('/1/0', { 1: 86400, 2: 1, 3: 10, 5: 86400, 6: false, 7: 'U' }, 'tlv'),
        '03 b131 0130 122d16 ff c40100015180 c10201 c1030a c40500015180 c10600 c10755',
        '44',
      ),
    ).toBe('2.04');
    expect(await client.read('/1/0', 'tlv', '01 b131 0130 622d16', `45 c22d16 ff ${SERVER_TLV}`)).toEqual(
      SERVER_VALUES,
    );
  });

  it('LightweightM2M-1.1-int-220 Setting basic information in JSON', async () => {
    const client = await registered('ets220');
    const json =
      '{"bn":"/1/0/","e":[{"n":"2","v":101},{"n":"3","v":1010},{"n":"5","v":2000},{"n":"6","bv":true},{"n":"7","sv":"U"}]}';
    expect(
      await client.done(
        post('/1/0', { 2: 101, 3: 1010, 5: 2000, 6: true, 7: 'U' }, 'json'),
        `02 b131 0130 122d17 ff ${utf8(json)}`,
        '44',
      ),
    ).toBe('2.04');
  });

  it('writes and creates in LwM2M CBOR (LwM2M-Core 1.2.1 §7.5.6)', async () => {
    const client = await registered('set11544', '</1/0>,</3/0>,</3303>');
    expect(
      await client.done(put('/1/0/1', 63, 'lwm2m-cbor'), '03 b131 0130 0131 122d18 ff a1 83 01 00 01 183f', '44'),
    ).toBe('2.04');
    expect(
      await client.done(
        post('/1/0', { 2: 101, 6: true }, 'lwm2m-cbor'),
        '02 b131 0130 122d18 ff a1 82 01 00 a2 02 1865 06 f5',
        '44',
      ),
    ).toBe('2.04');
    expect(
      await client.done(
        { kind: 'create', path: '/3303', instance: 2, value: { 5700: 20 }, format: 'lwm2m-cbor' },
        '02 b433333033 122d18 ff a1 82 190ce7 02 a1 191644 fa41a00000',
        '41',
      ),
    ).toBe('2.01');
  });

  it('LightweightM2M-1.1-int-233 Setting values in SenML CBOR', async () => {
    const client = await registered('ets233', '</1/0>,</3/0>,</16/0>');
    expect(
      await client.done(
        post('/1/0', { 1: 61, 6: true }, 'senml-cbor'),
        '02 b131 0130 1170 ff 82 a3 21 65 2f312f302f 00 6131 02 183d a2 00 6136 04 f5',
        '44',
      ),
    ).toBe('2.04');
    await client.updates('7d39', '456c743d3631');
    expect(
      await client.done(
        put('/16/0/0/0', 'test_value', 'senml-cbor'),
        `03 b23136 0130 0130 0130 1170 ff 81 a2 21 69 2f31362f302f302f30 03 6a ${utf8('test_value')}`,
        '44',
      ),
    ).toBe('2.04');
    expect(
      await client.done(
        put('/1/0/1', 63, 'senml-cbor'),
        '03 b131 0130 0131 1170 ff 81 a3 21 65 2f312f302f 00 6131 02 183f',
        '44',
      ),
    ).toBe('2.04');
    await client.updates('7d3a', '456c743d3633');
  });

  it('LightweightM2M-1.1-int-234 Setting values in SenML JSON', async () => {
    const client = await registered('ets234', '</1/0>,</3/0>,</16/0>');
    expect(
      await client.done(
        post('/1/0', { 1: 61, 6: true }, 'senml-json'),
        `02 b131 0130 116e ff ${utf8('[{"bn":"/1/0/","n":"1","v":61},{"n":"6","vb":true}]')}`,
        '44',
      ),
    ).toBe('2.04');
    await client.updates('7d39', '456c743d3631');
    expect(
      await client.done(
        put('/16/0/0/0', 'test_value', 'senml-json'),
        `03 b23136 0130 0130 0130 116e ff ${utf8('[{"bn":"/16/0/0/0","vs":"test_value"}]')}`,
        '44',
      ),
    ).toBe('2.04');
    expect(
      await client.done(
        put('/1/0/1', 63, 'senml-json'),
        `03 b131 0130 0131 116e ff ${utf8('[{"bn":"/1/0/","n":"1","v":63}]')}`,
        '44',
      ),
    ).toBe('2.04');
    await client.updates('7d3a', '456c743d3633');
  });
});

describe('Execute, Discover and Write-Attributes', () => {
  it('LightweightM2M-1.1-int-241 Executable resource: reboot, and the client registers again in place of itself', async () => {
    const client = await registered('ets241');
    expect(await client.done({ kind: 'execute', path: '/3/0/4' }, '02 b133 0130 0134', '44')).toBe('2.04');
    const rebooted = await registered('ets241');
    expect(rebooted.location['L']).not.toBe(client.location['L']);
    await rebooted.peer.ask(
      '42027d3aab03 b27264 0aLLLLLLLLLLLLLLLLLLLL',
      `62847d3aab03 ff ${utf8('no such registration: register again')}`,
      client.location,
    );
    expect(await server.device('ets241')).toMatchObject({
      registration: { address: `127.0.0.1:${rebooted.peer.port}` },
    });
  });

  it('an Execute carries arguments as text', async () => {
    const client = await registered('execute');
    expect(
      await client.done(
        { kind: 'execute', path: '/1/0/8', arguments: "0='U'" },
        `02 b131 0130 0138 10 ff ${utf8("0='U'")}`,
        '44',
      ),
    ).toBe('2.04');
  });

  it('LightweightM2M-1.1-int-260 Discover command', async () => {
    const client = await registered('ets260');
    const discover = async (path: string, request: string, links: string): Promise<unknown> => {
      const operation = await client.ordered({ kind: 'discover', path }, request, `45 c128 ff ${utf8(links)}`);
      return (operation['result'] as Readonly<Record<string, unknown>>)['links'];
    };
    expect(await discover('/3', '01 b133 6128', '</3>,</3/0>,</3/0/0>,</3/0/7>;dim=2')).toEqual([
      { path: '/3', attributes: {} },
      { path: '/3/0', attributes: {} },
      { path: '/3/0/0', attributes: {} },
      { path: '/3/0/7', attributes: { dim: 2 } },
    ]);
    expect(
      await client.done(attributes('/3', { pmin: 10, pmax: 200 }), '03 b133 47706d696e3d3130 08706d61783d323030', '44'),
    ).toBe('2.04');
    expect(await discover('/3/0', '01 b133 0130 6128', '</3/0>;pmin=10;pmax=200,</3/0/7>;dim=2')).toEqual([
      { path: '/3/0', attributes: { pmin: 10, pmax: 200 } },
      { path: '/3/0/7', attributes: { dim: 2 } },
    ]);
    expect(
      await client.done(
        attributes('/3/0/7', { lt: 1, gt: 6, st: 1 }),
        '03 b133 0130 0137 446c743d31 0467743d36 0473743d31',
        '44',
      ),
    ).toBe('2.04');
    expect(
      await discover(
        '/3/0/7',
        '01 b133 0130 0137 6128',
        '</3/0/7>;pmin=10;pmax=200;dim=2;lt=1;gt=6;st=1,</3/0/7/0>,</3/0/7/1>',
      ),
    ).toEqual([
      { path: '/3/0/7', attributes: { pmin: 10, pmax: 200, dim: 2, lt: 1, gt: 6, st: 1 } },
      { path: '/3/0/7/0', attributes: {} },
      { path: '/3/0/7/1', attributes: {} },
    ]);
  });

  it('LightweightM2M-1.1-int-261 Write-Attributes on a multiple resource', async () => {
    const client = await registered('ets261');
    expect(
      await client.done(attributes('/3', { pmin: 10, pmax: 200 }), '03 b133 47706d696e3d3130 08706d61783d323030', '44'),
    ).toBe('2.04');
    expect(await client.done(attributes('/3/0', { pmax: 320 }), '03 b133 0130 48706d61783d333230', '44')).toBe('2.04');
    expect(
      await client.done(
        attributes('/3/0/11/0', { pmax: 100, epmin: 1, epmax: 20 }),
        '03 b133 0130 023131 0130 48706d61783d313030 0765706d696e3d31 0865706d61783d3230',
        '44',
      ),
    ).toBe('2.04');
    const links = '</3/0/11>;dim=1;pmin=10;pmax=320,</3/0/11/0>;pmax=100;epmin=1;epmax=20';
    expect(
      await client.ordered(
        { kind: 'discover', path: '/3/0/11' },
        '01 b133 0130 023131 6128',
        `45 c128 ff ${utf8(links)}`,
      ),
    ).toMatchObject({
      state: 'succeeded',
      result: {
        links: [
          { path: '/3/0/11', attributes: { dim: 1, pmin: 10, pmax: 320 } },
          { path: '/3/0/11/0', attributes: { pmax: 100, epmin: 1, epmax: 20 } },
        ],
      },
    });
  });

  it('an attribute is unset by its bare name', async () => {
    const client = await registered('unset');
    expect(
      await client.done(
        attributes('/3/0/7', { pmin: null, gt: -5.5 }),
        '03 b133 0130 0137 44706d696e 0767743d2d352e35',
        '44',
      ),
    ).toBe('2.04');
  });

  it('LightweightM2M-1.2-int-264 and 266 Discover with a depth', async () => {
    const client = await registered('ets264');
    expect(
      await client.ordered(
        { kind: 'discover', path: '/3', depth: 1 },
        '01 b133 4764657074683d31 2128',
        `45 c128 ff ${utf8('</3>;pmin=1;pmax=10,</3/0>')}`,
      ),
    ).toMatchObject({
      result: {
        links: [
          { path: '/3', attributes: { pmin: 1, pmax: 10 } },
          { path: '/3/0', attributes: {} },
        ],
      },
    });
    expect(
      await client.ordered(
        { kind: 'discover', path: '/3', depth: 3 },
        '01 b133 4764657074683d33 2128',
        `45 c128 ff ${utf8('</3>,</3/0>,</3/0/7>;dim=2,</3/0/7/0>,</3/0/7/1>;gt=8')}`,
      ),
    ).toMatchObject({ result: { links: [{}, {}, {}, {}, { path: '/3/0/7/1', attributes: { gt: 8 } }] } });
  });

  it('LightweightM2M-1.0-int-951 Attributes of one server: what Discover shows is shown', async () => {
    const client = await registered('ets951');
    expect(
      await client.done(
        attributes('/3/0', { pmin: 2, pmax: 10 }),
        '03 b133 0130 46706d696e3d32 07706d61783d3130',
        '44',
      ),
    ).toBe('2.04');
    expect(
      await client.ordered(
        { kind: 'discover', path: '/3/0' },
        '01 b133 0130 6128',
        `45 c128 ff ${utf8('</3/0>;pmin=2;pmax=10,</3/0/0>')}`,
      ),
    ).toMatchObject({ result: { links: [{ attributes: { pmin: 2, pmax: 10 } }, {}] } });
  });
});
