/** Requests to devices against literal bytes: every operation of the OMA cases, at every level and in every format. */

import { describe, expect, it } from '@jest/globals';
import { AppError, fromHex } from '#base';
import { FORMATS, parsePath } from '#lwm2m/model';
import type { DeviceDialect, DeviceRequest, FormatName, InstanceNode, Node, ResourceNode, Scalar } from '#lwm2m/model';
import { encodeRequest } from '#lwm2m/protocol';
import { dialect, sent } from './support.js';

const one = (value: Scalar): Node => ({ kind: 'single', value });
const integer = (value: number): Node => one({ type: 'integer', value });
const text = (value: string): Node => one({ type: 'string', value });
const yes: Node = one({ type: 'boolean', value: true });
const instance = (resources: Readonly<Record<number, Node>>): InstanceNode => ({
  kind: 'instance',
  resources: new Map(Object.entries(resources).map(([id, node]) => [Number(id), node as ResourceNode])),
});
const several = (type: 'integer' | 'string', ...values: (number | string)[]): Node => ({
  kind: 'multiple',
  values: new Map(values.map((value, id) => [id, { type, value } as Scalar])),
});

const named = (format: FormatName | undefined): { format?: FormatName } => (format === undefined ? {} : { format });
const read = (path: string, format?: FormatName): DeviceRequest => ({
  kind: 'read',
  path: parsePath(path),
  ...named(format),
});
const write = (mode: 'replace' | 'update', path: string, node: Node, format?: FormatName): DeviceRequest => ({
  kind: 'write',
  mode,
  path: parsePath(path),
  node,
  ...named(format),
});
const put = (path: string, node: Node, format?: FormatName): DeviceRequest => write('replace', path, node, format);
const post = (path: string, node: Node, format?: FormatName): DeviceRequest => write('update', path, node, format);
const attributes = (path: string, values: Record<string, number | 'unset'>): DeviceRequest => ({
  kind: 'writeAttributes',
  path: parsePath(path),
  attributes: values,
});
const discover = (path: string, depth?: number): DeviceRequest => ({
  kind: 'discover',
  path: parsePath(path),
  ...(depth === undefined ? {} : { depth }),
});
const execute = (path: string, text?: string): DeviceRequest => ({
  kind: 'execute',
  path: parsePath(path),
  ...(text === undefined ? {} : { arguments: text }),
});
const create = (path: string, node: InstanceNode, id?: number, format?: FormatName): DeviceRequest => ({
  kind: 'create',
  path: parsePath(path),
  node,
  ...(id === undefined ? {} : { instance: id }),
  ...named(format),
});

const bytesOf = (request: DeviceRequest, to: DeviceDialect = dialect()): string => sent(encodeRequest(request, to));
const hex = (text: string): string => text.replaceAll(' ', '');
const utf8 = (text: string): string => Buffer.from(text).toString('hex');

const PORTFOLIO = instance({ 0: several('string', 'Host Device ID #2', 'Host Device Model #2') });
const SERVER = instance({ 2: integer(101), 3: integer(1010), 5: integer(2000), 6: yes, 7: text('U') });

describe('a request to a device', () => {
  it.each<readonly [string, DeviceRequest, string]>([
    ['201: GET /3/0/0 Accept text', read('/3/0/0', 'text'), '41010001c1 b133 0130 0130 60'],
    ['203: GET /3/0 Accept TLV', read('/3/0', 'tlv'), '41010001c1 b133 0130 622d16'],
    ['211: GET /1/0/0 Accept CBOR', read('/1/0/0', 'cbor'), '41010001c1 b131 0130 0130 613c'],
    ['222: GET /1', read('/1', 'tlv'), '41010001c1 b131 622d16'],
    ['223: GET /1/0', read('/1/0', 'tlv'), '41010001c1 b131 0130 622d16'],
    ['224: GET /3/0/16', read('/3/0/16', 'text'), '41010001c1 b133 0130 023136 60'],
    ['225: GET /3/0/11/0', read('/3/0/11/0', 'tlv'), '41010001c1 b133 0130 023131 0130 622d16'],
    ['231: GET /3/0 Accept SenML JSON', read('/3/0', 'senml-json'), '41010001c1 b133 0130 616e'],
    ['232: GET /3/0/11/0 Accept SenML CBOR', read('/3/0/11/0', 'senml-cbor'), '41010001c1 b133 0130 023131 0130 6170'],
    ['202: GET /5/0/0 Accept opaque', read('/5/0/0', 'opaque'), '41010001c1 b135 0130 0130 612a'],
    ['237: GET /1 without Accept', read('/1'), '41010001c1 b131'],
    ['237: GET /3 without Accept', read('/3'), '41010001c1 b133'],
    ['221: GET /0', read('/0'), '41010001c1 b130'],
    ['205: PUT /1/0/2 = 101 as text', put('/1/0/2', integer(101), 'text'), '41030001c1 b131 0130 0132 10 ff 313031'],
    [
      '205: PUT /1/0/3 = 1010 as text',
      put('/1/0/3', integer(1010), 'text'),
      '41030001c1 b131 0130 0133 10 ff 31303130',
    ],
    [
      '212: PUT /1/0/3 = 1010 as CBOR',
      put('/1/0/3', integer(1010), 'cbor'),
      '41030001c1 b131 0130 0133 113c ff 1903f2',
    ],
    ['212: PUT /1/0/6 = true as CBOR', put('/1/0/6', yes, 'cbor'), '41030001c1 b131 0130 0136 113c ff f5'],
    [
      '215: POST /1/0 as TLV',
      post('/1/0', SERVER, 'tlv'),
      '41020001c1 b131 0130 122d16 ff c10265 c20303f2 c20507d0 c10601 c10755',
    ],
    [
      '215: PUT /1/0 as TLV',
      put('/1/0', SERVER, 'tlv'),
      '41030001c1 b131 0130 122d16 ff c10265 c20303f2 c20507d0 c10601 c10755',
    ],
    [
      '226: POST /1/0 {1=61, 6=true} in one message',
      post('/1/0', instance({ 1: integer(61), 6: yes })),
      '41020001c1 b131 0130 122d16 ff c1013d c10601',
    ],
    ['227: PUT /1/0/1 = 63', put('/1/0/1', integer(63)), '41030001c1 b131 0130 0131 10 ff 3633'],
    ['228: PUT /16/0/0/0 = test', put('/16/0/0/0', text('test')), '41030001c1 b23136 0130 0130 0130 10 ff 74657374'],
    [
      '233: POST /1/0 as SenML CBOR',
      post('/1/0', instance({ 1: integer(61), 6: yes }), 'senml-cbor'),
      '41020001c1 b131 0130 1170 ff 82 a3 21 65 2f312f302f 00 6131 02 183d a2 00 6136 04 f5',
    ],
    [
      '234: POST /1/0 as SenML JSON',
      post('/1/0', instance({ 1: integer(61), 6: yes }), 'senml-json'),
      `41020001c1 b131 0130 116e ff ${utf8('[{"bn":"/1/0/","n":"1","v":61},{"n":"6","vb":true}]')}`,
    ],
    ['241: POST /3/0/4', execute('/3/0/4'), '41020001c1 b133 0130 0134'],
    ['104: POST /1/0/8', execute('/1/0/8'), '41020001c1 b131 0130 0138'],
    ['256: PUT /1/0/0 = 123 is sent', put('/1/0/0', integer(123)), '41030001c1 b131 0130 0130 10 ff 313233'],
    ['260: GET /3 Accept link-format', discover('/3'), '41010001c1 b133 6128'],
    ['260: GET /3/0/7 Accept link-format', discover('/3/0/7'), '41010001c1 b133 0130 0137 6128'],
    [
      '260: PUT /3?pmin=10&pmax=200',
      attributes('/3', { pmin: 10, pmax: 200 }),
      '41030001c1 b133 47706d696e3d3130 08706d61783d323030',
    ],
    [
      '260: PUT /3/0/7?lt=1&gt=6&st=1',
      attributes('/3/0/7', { lt: 1, gt: 6, st: 1 }),
      '41030001c1 b133 0130 0137 446c743d31 0467743d36 0473743d31',
    ],
    [
      '261: PUT /3/0/11/0?pmax=100&epmin=1&epmax=20',
      attributes('/3/0/11/0', { pmax: 100, epmin: 1, epmax: 20 }),
      '41030001c1 b133 0130 023131 0130 48706d61783d313030 0765706d696e3d31 0865706d61783d3230',
    ],
    ['221: PUT /0?pmin=30 is sent', attributes('/0', { pmin: 30 }), '41030001c1 b130 47706d696e3d3330'],
    ['264: GET /3?depth=1', discover('/3', 1), '41010001c1 b133 4764657074683d31 2128'],
    [
      '651: POST /3/0 as TLV',
      post(
        '/3/0',
        instance({ 13: one({ type: 'time', value: 1367491215 }), 14: text('+02:00'), 15: text('Europe/Paris') }),
      ),
      '41020001c1 b133 0130 122d16 ff c40d5182428f c60e2b30323a3030 c80f0c4575726f70652f5061726973',
    ],
    ['680: POST /3 is sent', create('/3', instance({ 0: text('x') })), '41020001c1 b133 122d16 ff c10078'],
    ['685: DELETE /3/0 is sent', { kind: 'delete', path: [3, 0] }, '41040001c1 b133 0130'],
    [
      '755: PUT /5/0/0 = 00',
      put('/5/0/0', one({ type: 'opaque', value: fromHex('00') })),
      '41030001c1 b135 0130 0130 112a ff 00',
    ],
    ['756: PUT /5/0/1 = the empty string', put('/5/0/1', text('')), '41030001c1 b135 0130 0131 10'],
    [
      '1630: POST /16 as TLV with an instance id',
      create('/16', PORTFOLIO, 1),
      `41020001c1 b23136 122d16 ff 08012e 88002b 480011 ${utf8('Host Device ID #2')} 480114 ${utf8('Host Device Model #2')}`,
    ],
    [
      'POST /16 as TLV without an instance id',
      create('/16', PORTFOLIO),
      `41020001c1 b23136 122d16 ff 88002b 480011 ${utf8('Host Device ID #2')} 480114 ${utf8('Host Device Model #2')}`,
    ],
    ['1635: DELETE /16/1', { kind: 'delete', path: [16, 1] }, '41040001c1 b23136 0131'],
    ['DELETE /16/1/0/1 of 1.2', { kind: 'delete', path: [16, 1, 0, 1] }, '41040001c1 b23136 0131 0130 0131'],
    [
      'unsetting: PUT /3/0/9?pmin&gt',
      attributes('/3/0/9', { pmin: 'unset', gt: 'unset' }),
      '41030001c1 b133 0130 0139 44706d696e 026774',
    ],
    [
      'PUT /3/0/6 as TLV',
      put('/3/0/6', several('integer', 1, 5)),
      '41030001c1 b133 0130 0136 122d16 ff 8606 410001 410105',
    ],
    ['POST /5/0/2 with arguments', execute('/5/0/2', "0='x',7"), '41020001c1 b135 0130 0132 10 ff 303d2778272c37'],
  ])('LightweightM2M %s', (_, request, expected) => {
    expect(bytesOf(request)).toBe(hex(expected));
  });

  it('LightweightM2M-1.1-int-301: observes with the token given, and 303 cancels with the same path, Accept and token', () => {
    const token = fromHex('c2');
    const path = parsePath('/3/0/9');
    const observed = encodeRequest({ kind: 'observe', paths: [path], token, format: 'senml-json' }, dialect());
    expect(observed).toMatchObject({ observe: 'register', token });
    expect(sent(observed)).toBe(hex('41010001c1 b133 0130 0139 616e'));
    const cancelled = encodeRequest(
      { kind: 'cancelObserve', paths: [path], token, format: 'senml-json', by: 'observe' },
      dialect(),
    );
    expect(cancelled).toMatchObject({ observe: 'cancel', token });
    expect(sent(cancelled)).toBe(sent(observed));
  });

  it('goes below the root of the device', () => {
    expect(bytesOf(read('/3/0/0'), dialect({ root: '/lwm2m' }))).toBe(hex('41010001c1 b56c776d326d 0133 0130 0130'));
    expect(bytesOf(discover('/3'), dialect({ root: '/a/b%20c' }))).toBe(hex('41010001c1 b161 03622063 0133 6128'));
    expect(bytesOf({ kind: 'delete', path: [16, 1] }, dialect({ root: '/lwm2m' }))).toBe(
      hex('41040001c1 b56c776d326d 023136 0131'),
    );
  });
});

describe('the format nobody named', () => {
  const accept = (request: DeviceRequest, to: DeviceDialect): number | undefined => {
    const option = encodeRequest(request, to).options.find(({ number }) => number === 17 || number === 12);
    return option === undefined ? undefined : option.value.reduce((sum, byte) => sum * 256 + byte, 0);
  };
  const several11 = [11542, 112, 110].sort();

  it.each<readonly [string, DeviceDialect, number | undefined]>([
    ['TLV from a device of 1.0', dialect({ lwm2m: '1.0' }), FORMATS.tlv],
    ['TLV from a device of 1.0 that also has JSON', dialect({ lwm2m: '1.0', formats: [11543] }), FORMATS.tlv],
    ['any from a device of 1.1 that says nothing', dialect(), undefined],
    ['any from a device of 1.2 that says nothing', dialect({ lwm2m: '1.2' }), undefined],
    ['any from a device that has none of the three', dialect({ formats: [0, 60, 11543] }), undefined],
    ['SenML CBOR before all', dialect({ formats: several11 }), FORMATS['senml-cbor']],
    ['TLV before SenML JSON', dialect({ formats: [110, 11542] }), FORMATS.tlv],
    ['SenML JSON', dialect({ formats: [60, 110] }), FORMATS['senml-json']],
  ])('is read: %s', (_, to, expected) => {
    for (const path of ['/3', '/3/0', '/3/0/9', '/3/0/6', '/3/0/11/0']) expect(accept(read(path), to)).toBe(expected);
    expect(accept({ kind: 'observe', paths: [[3]], token: fromHex('01') }, to)).toBe(expected);
  });

  it('is written: what the device announced', () => {
    const to = dialect({ formats: several11 });
    expect(accept(put('/1/0/1', integer(5)), to)).toBe(FORMATS['senml-cbor']);
    expect(accept(put('/3/0/6', several('integer', 1)), dialect({ formats: [110] }))).toBe(FORMATS['senml-json']);
    expect(accept(create('/16', PORTFOLIO, 1), to)).toBe(FORMATS['senml-cbor']);
  });

  it.each(['1.0', '1.1', '1.2'] as const)('is written: to a silent device of %s text, opaque or TLV', (lwm2m) => {
    const to = dialect({ lwm2m });
    expect(accept(put('/1/0/1', integer(5)), to)).toBe(FORMATS.text);
    expect(accept(put('/5/0/0', one({ type: 'opaque', value: fromHex('00') })), to)).toBe(FORMATS.opaque);
    expect(accept(put('/16/0/0/0', text('x')), to)).toBe(FORMATS.text);
    expect(accept(put('/3/0/6', several('integer', 1)), to)).toBe(FORMATS.tlv);
    expect(accept(post('/1/0', instance({ 1: integer(5) })), to)).toBe(FORMATS.tlv);
    expect(accept(create('/16', PORTFOLIO, 1), to)).toBe(FORMATS.tlv);
  });

  it('of a new instance without id is TLV, because no other can leave the id out', () => {
    expect(accept(create('/16', PORTFOLIO), dialect({ formats: several11 }))).toBe(FORMATS.tlv);
  });
});

describe('a partial write of a resource', () => {
  it('goes to its instance, because a POST on the resource is an Execute', () => {
    expect(bytesOf(post('/1/0/1', integer(61)))).toBe(hex('41020001c1 b131 0130 122d16 ff c1013d'));
    expect(bytesOf(post('/3/0/6', several('integer', 1, 5)))).toBe(
      hex('41020001c1 b133 0130 122d16 ff 8606 410001 410105'),
    );
  });

  it('of a resource instance names that one alone', () => {
    expect(bytesOf(post('/16/0/0/1', text('aa')))).toBe(hex('41020001c1 b23136 0130 122d16 ff 8400 42016161'));
  });
});

describe('what has no form on the wire', () => {
  it.each<readonly [string, DeviceRequest]>([
    ['a read of the root', { kind: 'read', path: [] }],
    ['an observation of the root', { kind: 'observe', paths: [[]], token: fromHex('01') }],
    ['a write to the root', put('/', { kind: 'object', instances: new Map() })],
    ['a deletion of everything', { kind: 'delete', path: [] }],
    ['attributes of the root', attributes('/', { pmin: 1 })],
    ['no attributes', attributes('/3', {})],
    ['an attribute that is no number', attributes('/3/0/9', { gt: Number.NaN })],
    ['an execute of an instance', execute('/3/0')],
    ['an execute of a resource instance', execute('/3/0/4/0')],
    ['a partial write of an object', post('/3', { kind: 'object', instances: new Map() })],
    ['a creation below an object', create('/16/0', PORTFOLIO)],
    ['an instance as text', put('/1/0', SERVER, 'text')],
    ['several values as CBOR', put('/3/0/6', several('integer', 1), 'cbor')],
    ['a new instance without id in SenML', create('/16', PORTFOLIO, undefined, 'senml-cbor')],
    ['a read in link-format', read('/3/0', 'link')],
    ['a write in link-format', put('/3/0/9', integer(1), 'link')],
  ])('is refused before sending: %s', (_, request) => {
    expect(() => encodeRequest(request, dialect())).toThrow(
      expect.objectContaining({ name: 'AppError', code: 'not_encodable' }),
    );
  });

  it('arguments outside the grammar are refused before sending', () => {
    expect(() => encodeRequest(execute('/3/0/4', 'a b'), dialect())).toThrow(AppError);
  });

  it('a cancellation by Reset is not a request', () => {
    const request: DeviceRequest = { kind: 'cancelObserve', paths: [[3]], token: fromHex('01'), by: 'reset' };
    expect(() => encodeRequest(request, dialect())).toThrow('not a request');
  });
});
