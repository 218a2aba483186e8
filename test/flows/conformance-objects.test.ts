/**
 * OMA enabler test cases of the core objects (651 to 905) and of additional objects (1200 to 1901) that plain CoAP and single
 * operations allow, played by a scripted client against a whole server over loopback with literal datagrams.
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

async function registered(endpoint: string, objects: string): Promise<ScriptedClient> {
  const client = await ScriptedClient.registered(server, endpoint, objects);
  clients.push(client);
  return client;
}

const put = (path: string, value: unknown, format: string): Readonly<Record<string, unknown>> => ({
  kind: 'write',
  mode: 'replace',
  path,
  value,
  format,
});

describe('core objects', () => {
  it('LightweightM2M-1.1-int-651 Device: setting basic information', async () => {
    const client = await registered('ets651', '</1/0>,</3/0>');
    const written = 'c40d 5182428f c60e 2b30323a3030 c80f0c 4575726f70652f5061726973';
    const values = { 13: '2013-05-02T10:40:15Z', 14: '+02:00', 15: 'Europe/Paris' };
    expect(
      await client.done(
        { kind: 'write', mode: 'update', path: '/3/0', value: values, format: 'tlv' },
        `02 b133 0130 122d16 ff ${written}`,
        '44',
      ),
    ).toBe('2.04');
    expect(await client.read('/3/0', 'tlv', '01 b133 0130 622d16', `45 c22d16 ff ${written} c11055`)).toEqual({
      ...values,
      16: 'U',
    });
    expect(await client.done(put('/3/0', values, 'tlv'), `03 b133 0130 122d16 ff ${written}`, '44')).toBe('2.04');
  });

  it('LightweightM2M-1.1-int-652 Device: querying the firmware version', async () => {
    const client = await registered('ets652', '</1/0>,</3/0>');
    expect(await client.read('/3/0/3', 'text', '01 b133 0130 0133 60', `45 c0 ff ${utf8('1.0.1')}`)).toBe('1.0.1');
  });

  it('LightweightM2M-1.1-int-680 and 685 Device: creating and deleting is refused with 4.05', async () => {
    const client = await registered('ets680', '</1/0>,</3/0>');
    const refused = { state: 'failed', error: { code: 'device_refused', coapCode: '4.05' } };
    expect(
      await client.ordered(
        { kind: 'create', path: '/3', value: { 0: 'x' }, format: 'tlv' },
        '02 b133 122d16 ff c10078',
        '85',
      ),
    ).toMatchObject(refused);
    expect(await client.ordered({ kind: 'delete', path: '/3/0' }, '04 b133 0130', '85')).toMatchObject(refused);
  });

  it('LightweightM2M-1.1-int-701 Connectivity Monitoring: querying all readable resources', async () => {
    const client = await registered('ets701', '</1/0>,</3/0>,</4/0>');
    const tlv = `c10015 8301 410015 c102bf c10362 880411 48000e ${utf8('192.168.100.23')} 88070b 480008 ${utf8('internet')} c40800010203 c10901 c20a0106`;
    expect(await client.read('/4/0', 'tlv', '01 b134 0130 622d16', `45 c22d16 ff ${tlv}`)).toEqual({
      0: 21,
      1: { 0: 21 },
      2: -65,
      3: 98,
      4: { 0: '192.168.100.23' },
      7: { 0: 'internet' },
      8: 66051,
      9: 1,
      10: 262,
    });
  });

  it('LightweightM2M-1.1-int-751 Firmware Update: querying the readable resources', async () => {
    const client = await registered('ets751', '</1/0>,</3/0>,</5/0>');
    const tlv = `c10300 c10500 c606 ${utf8('fw-pkg')} c307 312e30 8308 410000 c10902`;
    expect(await client.read('/5/0', 'tlv', '01 b135 0130 622d16', `45 c22d16 ff ${tlv}`)).toEqual({
      3: 0,
      5: 0,
      6: 'fw-pkg',
      7: '1.0',
      8: { 0: 0 },
      9: 2,
    });
  });

  it('LightweightM2M-1.1-int-755 Firmware Update: setting the package by Write, the image in two blocks', async () => {
    const client = await registered('ets755', '</1/0>,</3/0>,</5/0>');
    expect(await client.done(put('/5/0/0', 'AA==', 'opaque'), '03 b135 0130 0130 112a ff 00', '44')).toBe('2.04');
    expect(await client.read('/5/0', 'tlv', '01 b135 0130 622d16', '45 c22d16 ff c10300 c10500')).toEqual({
      3: 0,
      5: 0,
    });
    const image = Buffer.alloc(1500, 0x5a);
    const ordered = server.order('ets755', put('/5/0/0', image.toString('base64'), 'opaque'));
    await client.peer.answer(
      `4803MMMM TTTTTTTTTTTTTTTT b135 0130 0130 112a d1020e d21405dc ff ${'5a'.repeat(1024)}`,
      '685fMMMM TTTTTTTTTTTTTTTT d10e0e',
    );
    await client.peer.answer(
      `4803MMMM TTTTTTTTTTTTTTTT b135 0130 0130 112a d10216 ff ${'5a'.repeat(476)}`,
      '6844MMMM TTTTTTTTTTTTTTTT d10e16',
    );
    expect(await ordered).toMatchObject({ state: 'succeeded', result: { coapCode: '2.04' } });
    expect(await client.read('/5/0', 'tlv', '01 b135 0130 622d16', '45 c22d16 ff c10302 c10500')).toEqual({
      3: 2,
      5: 0,
    });
  });

  it('LightweightM2M-1.1-int-756 Firmware Update: setting the package URI', async () => {
    const client = await registered('ets756', '</1/0>,</3/0>,</5/0>');
    expect(await client.done(put('/5/0/1', '', 'text'), '03 b135 0130 0131 10', '44')).toBe('2.04');
    expect(
      await client.done(put('/5/0/1', 'coap://x/fw', 'text'), `03 b135 0130 0131 10 ff ${utf8('coap://x/fw')}`, '44'),
    ).toBe('2.04');
    expect(await client.read('/5/0', 'tlv', '01 b135 0130 622d16', '45 c22d16 ff c10302 c10500')).toEqual({
      3: 2,
      5: 0,
    });
  });

  it('LightweightM2M-1.1-int-770 Firmware Update: success by push, read at each step', async () => {
    const client = await registered('ets770', '</1/0>,</3/0>,</5/0>');
    const state = (bytes: string): Promise<unknown> =>
      client.read('/5/0', 'tlv', '01 b135 0130 622d16', `45 c22d16 ff ${bytes}`);
    expect(await client.done(put('/5/0/0', '', 'opaque'), '03 b135 0130 0130 112a', '44')).toBe('2.04');
    expect(await state('c10300 c10500')).toEqual({ 3: 0, 5: 0 });
    expect(await client.done(put('/5/0/0', 'WloK', 'opaque'), '03 b135 0130 0130 112a ff 5a5a0a', '44')).toBe('2.04');
    expect(await state('c10302 c10500')).toEqual({ 3: 2, 5: 0 });
    expect(await client.done({ kind: 'execute', path: '/5/0/2' }, '02 b135 0130 0132', '44')).toBe('2.04');
    expect(await state('c10303 c10500')).toEqual({ 3: 3, 5: 0 });
    expect(await state('c10300 c10501')).toEqual({ 3: 0, 5: 1 });
    expect(await client.read('/3/0/3', 'text', '01 b133 0130 0133 60', '45 c0 ff 322e30')).toBe('2.0');
  });

  it.each([
    [773, 'no storage left', 0, 2],
    [774, 'out of memory', 0, 3],
    [776, 'integrity check failed', 0, 5],
    [777, 'unsupported package type', 0, 6],
    [779, 'installation failed', 2, 8],
  ])('LightweightM2M-1.1-int-%i Firmware Update: %s, told by state and result', async (id, _why, state, result) => {
    const client = await registered(`ets${id}`, '</1/0>,</3/0>,</5/0>');
    expect(await client.done(put('/5/0/0', 'WloK', 'opaque'), '03 b135 0130 0130 112a ff 5a5a0a', '44')).toBe('2.04');
    const told = `45 c22d16 ff c1030${state} c1050${result}`;
    expect(await client.read('/5/0', 'tlv', '01 b135 0130 622d16', told)).toEqual({ 3: state, 5: result });
  });

  it('LightweightM2M-1.1-int-778 Firmware Update: an invalid URI is taken, and told by result 7', async () => {
    const client = await registered('ets778', '</1/0>,</3/0>,</5/0>');
    expect(await client.done(put('/5/0/1', 'no', 'text'), '03 b135 0130 0131 10 ff 6e6f', '44')).toBe('2.04');
    expect(await client.read('/5/0', 'tlv', '01 b135 0130 622d16', '45 c22d16 ff c10300 c10507')).toEqual({
      3: 0,
      5: 7,
    });
  });

  it('LightweightM2M-1.1-int-772 Firmware Update: installing without a package is refused with 4.05', async () => {
    const client = await registered('ets772', '</1/0>,</3/0>,</5/0>');
    expect(await client.ordered({ kind: 'execute', path: '/5/0/2' }, '02 b135 0130 0132', '85')).toMatchObject({
      state: 'failed',
      error: { code: 'device_refused', coapCode: '4.05' },
    });
  });

  it('LightweightM2M-1.1-int-801 Location: querying the readable resources', async () => {
    const client = await registered('ets801', '</1/0>,</3/0>,</6/0>');
    const tlv = 'c80008 4045ce32a0663c75 c401 41bc0000 c402 430c0000 c405 5182428f';
    expect(await client.read('/6/0', 'tlv', '01 b136 0130 622d16', `45 c22d16 ff ${tlv}`)).toEqual({
      0: 43.61092,
      1: 23.5,
      2: 140,
      5: '2013-05-02T10:40:15Z',
    });
  });

  it('LightweightM2M-1.1-int-901 Connectivity Statistics: start, stop, read', async () => {
    const client = await registered('ets901', '</1/0>,</3/0>,</7/0>');
    expect(await client.done({ kind: 'execute', path: '/7/0/6' }, '02 b137 0130 0136', '44')).toBe('2.04');
    expect(await client.done({ kind: 'execute', path: '/7/0/7' }, '02 b137 0130 0137', '44')).toBe('2.04');
    expect(
      await client.read(
        '/7/0',
        'tlv',
        '01 b137 0130 622d16',
        '45 c22d16 ff c10000 c10100 c10205 c10307 c2040500 c20500fa c10800',
      ),
    ).toEqual({ 0: 0, 1: 0, 2: 5, 3: 7, 4: 1280, 5: 250, 8: 0 });
  });

  it('LightweightM2M-1.1-int-905 Connectivity Statistics: setting the collection period', async () => {
    const client = await registered('ets905', '</1/0>,</3/0>,</7/0>');
    expect(await client.read('/7/0', 'tlv', '01 b137 0130 622d16', '45 c22d16 ff c10800')).toEqual({ 8: 0 });
    expect(await client.done(put('/7/0/8', 60, 'text'), '03 b137 0130 0138 10 ff 3630', '44')).toBe('2.04');
    expect(await client.read('/7/0', 'tlv', '01 b137 0130 622d16', '45 c22d16 ff c1083c')).toEqual({ 8: 60 });
  });
});

describe('additional objects', () => {
  it('LightweightM2M-1.0-int-1200 Cellular Connectivity: querying the readable resources', async () => {
    const client = await registered('ets1200', '</1/0>,</3/0>,</10/0>,</11/0>');
    expect(
      await client.read('/10/0', 'tlv', '01 b23130 0130 622d16', '45 c22d16 ff c000 c1013c 860b 4400 000b0000'),
    ).toEqual({ 0: '', 1: 60, 11: { 0: '11:0' } });
  });

  it('LightweightM2M-1.0-int-1201 Cellular Connectivity: Discover shows the version, quoted or bare', async () => {
    const client = await registered('ets1201', '</1/0>,</3/0>,</10>;ver=1.1,</10/0>');
    for (const link of ['</10>;ver="1.1",</10/0>', '</10>;ver=1.1,</10/0>']) {
      expect(
        await client.ordered({ kind: 'discover', path: '/10' }, '01 b23130 6128', `45 c128 ff ${utf8(link)}`),
      ).toMatchObject({ result: { links: [{ path: '/10', attributes: { ver: '1.1' } }, { path: '/10/0' }] } });
    }
    expect(await client.read('/10/0/13', 'tlv', '01 b23130 0130 023133 622d16', '45 c22d16 ff c10d03')).toBe(3);
  });

  it('LightweightM2M-1.0-int-1202 Cellular Connectivity: setting the power saving modes', async () => {
    const client = await registered('ets1202', '</1/0>,</3/0>,</10>;ver=1.1,</10/0>');
    expect(await client.done(put('/10/0/14', 2, 'tlv'), '03 b23130 0130 023134 122d16 ff c10e02', '44')).toBe('2.04');
    expect(await client.read('/10/0/14', 'tlv', '01 b23130 0130 023134 622d16', '45 c22d16 ff c10e02')).toBe(2);
  });

  it('LightweightM2M-1.1-int-1630 Portfolio: creating an instance', async () => {
    const client = await registered('ets1630', '</1/0>,</3/0>,</16/0>');
    const [id, model] = [utf8('Host Device ID #2'), utf8('Host Device Model #2')];
    const created = await client.ordered(
      {
        kind: 'create',
        path: '/16',
        instance: 1,
        value: { 0: { 0: 'Host Device ID #2', 1: 'Host Device Model #2' } },
        format: 'tlv',
      },
      `02 b23136 122d16 ff 08012e 88002b 480011 ${id} 480114 ${model}`,
      '41 823136 0131',
    );
    expect(created).toMatchObject({ state: 'succeeded', result: { coapCode: '2.01', path: '/16/1' } });
    expect(
      await client.ordered(
        { kind: 'discover', path: '/16/1' },
        '01 b23136 0131 6128',
        `45 c128 ff ${utf8('</16/1>,</16/1/0>;dim=2')}`,
      ),
    ).toMatchObject({ result: { links: [{ path: '/16/1' }, { path: '/16/1/0', attributes: { dim: 2 } }] } });
    expect(
      await client.read('/16', 'tlv', '01 b23136 622d16', `45 c22d16 ff 08012e 88002b 480011 ${id} 480114 ${model}`),
    ).toEqual({ 1: { 0: { 0: 'Host Device ID #2', 1: 'Host Device Model #2' } } });
  });

  it('an instance whose id the client chooses is told by Location-Path', async () => {
    const client = await registered('chooses', '</1/0>,</3/0>,</16/0>');
    expect(
      await client.ordered(
        { kind: 'create', path: '/16', value: { 0: { 0: 'aa' } }, format: 'tlv' },
        '02 b23136 122d16 ff 8400 42006161',
        '41 823136 0137',
      ),
    ).toMatchObject({ result: { path: '/16/7' } });
  });

  it('LightweightM2M-1.1-int-1635 Portfolio: deleting every instance', async () => {
    const client = await registered('ets1635', '</1/0>,</3/0>,</16/0>,</16/1>');
    expect(await client.done({ kind: 'delete', path: '/16/0' }, '04 b23136 0130', '42')).toBe('2.02');
    expect(await client.done({ kind: 'delete', path: '/16/1' }, '04 b23136 0131', '42')).toBe('2.02');
    expect(
      await client.ordered({ kind: 'discover', path: '/16' }, '01 b23136 6128', `45 c128 ff ${utf8('</16>')}`),
    ).toMatchObject({ result: { links: [{ path: '/16', attributes: {} }] } });
    expect(await client.read('/16', 'tlv', '01 b23136 622d16', '45 c22d16')).toEqual({});
  });

  it('LightweightM2M-1.0-int-1901 BinaryAppDataContainer: setting data', async () => {
    const client = await registered('ets1901', '</1/0>,</3/0>,</19/0>,</19/1>');
    expect(
      await client.done(put('/19/1/0', { 0: 'AQID' }, 'tlv'), '03 b23139 0131 0130 122d16 ff 8500 4300010203', '44'),
    ).toBe('2.04');
    expect(await client.read('/19/1/0', 'tlv', '01 b23139 0131 0130 622d16', '45 c22d16 ff 8500 4300010203')).toEqual({
      0: 'AQID',
    });
  });

  it('LightweightM2M-1.0-int-2001 Event Log: an object without definition is read untyped', async () => {
    const client = await registered('ets2001', '</1/0>,</3/0>,</20/0>');
    expect(await client.read('/20/0', 'tlv', '01 b23230 0130 622d16', '45 c22d16 ff e10faa01 e30fae010203')).toEqual({
      4010: 'AQ==',
      4014: 'AQID',
    });
  });
});
