/**
 * OMA enabler test cases whose verdict is about the device, played against a simulated one in virtual time: management,
 * reporting and the core objects, with the literal bytes that the cases have. Those on composite operations stand in
 * composite.test.ts, those on JSON in formats.test.ts.
 */

import { describe, expect, it } from '@jest/globals';

import { Code } from '#coap/codec';
import type { EnablerVersion } from '#lwm2m/model';

import { Bench, kindOf } from './support.js';
import type { Asked, Told } from './support.js';

const [TEXT, LINKS, CBOR, JSON_SENML, CBOR_SENML, TLV] = [0, 40, 60, 110, 112, 11542];

const benchOf = (lwm2m: EnablerVersion = '1.1'): Bench =>
  Bench.registered({ kinds: [kindOf(lwm2m, { objects: [16], lifetime: 86_400 })] });
const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(/\s/g, ''), 'hex');
const get = (bench: Bench, path: string, accept?: number, more: Partial<Asked> = {}): Told | undefined =>
  bench.ask({ code: Code.GET, path, ...(accept === undefined ? {} : { accept }), ...more });
const send = (bench: Bench, code: number, path: string, format?: number, payload: Uint8Array | string = ''): string =>
  bench.ask({ code, path, payload, ...(format === undefined ? {} : { format }) })?.code ?? 'silent';
const links = (bench: Bench, path: string, ...query: string[]): string =>
  get(bench, path, LINKS, { query })?.text ?? '';
const server = (bench: Bench): string[] => ['1', '2', '3', '5', '6', '7'].map((id) => bench.read(`/1/0/${id}`));
const times = (bench: Bench): number[] => bench.notified.map(({ at }) => at);

describe('device management', () => {
  it('LightweightM2M-1.1-int-201, -203 and -211: queries in text, TLV and CBOR', () => {
    const bench = benchOf();
    expect(['0', '1', '2'].map((id) => get(bench, `/3/0/${id}`, TEXT)?.text)).toEqual([
      'Bellwether',
      'Simulator',
      'sim-1',
    ]);
    const payload = Buffer.from(get(bench, '/3/0', TLV)?.payload ?? []);
    expect(payload.indexOf(hex('83 0b 41 00 00'))).toBeGreaterThan(0);
    expect(payload.indexOf(hex('c1 10 55'))).toBeGreaterThan(0);
    expect(['0', '6', '7'].map((id) => get(bench, `/1/0/${id}`, CBOR)?.payload)).toEqual([
      hex('01'),
      hex('f5'),
      hex('61 55'),
    ]);
  });

  it('LightweightM2M-1.1-int-205 and -212: settings in text and CBOR', () => {
    const bench = benchOf();
    for (const [id, value] of [
      ['2', '101'],
      ['3', '1010'],
      ['5', '2000'],
    ] as const)
      bench.write(`/1/0/${id}`, value);
    expect(server(bench)).toEqual(['86400', '101', '1010', '2000', '1', 'U']);
    expect(send(bench, Code.PUT, '/1/0/2', CBOR, hex('18 65'))).toBe('2.04');
    expect(send(bench, Code.PUT, '/1/0/6', CBOR, hex('f4'))).toBe('2.04');
    expect(server(bench)).toEqual(['86400', '101', '1010', '2000', '0', 'U']);
  });

  it('LightweightM2M-1.1-int-215: a partial write in TLV, and what was there put back', () => {
    const bench = benchOf();
    const before = get(bench, '/1/0', TLV)?.payload ?? new Uint8Array();
    expect(send(bench, Code.POST, '/1/0', TLV, hex('C10265 C20303F2 C20507D0 C10601 C10755'))).toBe('2.04');
    expect(server(bench)).toEqual(['86400', '101', '1010', '2000', '1', 'U']);
    // Short Server ID is read-only: what is put back is what can be written.
    expect(send(bench, Code.PUT, '/1/0', TLV, before.subarray(3))).toBe('2.04');
    expect(get(bench, '/1/0', TLV)?.payload).toEqual(before);
    expect(get(bench, '/1/0/2')?.code).toBe('4.04');
  });

  it('LightweightM2M-1.1-int-221: no server may see the Security object', () => {
    const bench = benchOf();
    expect(get(bench, '/0')?.code).toBe('4.01');
    expect(send(bench, Code.PUT, '/0/0/0', TEXT, 'coap://x')).toBe('4.01');
    expect(bench.ask({ code: Code.PUT, path: '/0', query: ['pmin=30', 'pmax=45'] })?.code).toBe('4.01');
  });

  it('LightweightM2M-1.1-int-226 and -227: a lifetime that is written is announced', () => {
    const bench = benchOf();
    expect(send(bench, Code.POST, '/1/0', JSON_SENML, '[{"bn":"/1/0/","n":"1","v":61},{"n":"6","vb":true}]')).toBe(
      '2.04',
    );
    expect(bench.said).toMatchObject([{ path: '/rd/abc', query: ['lt=61'] }]);
    bench.answer(Code.CHANGED);
    bench.write('/1/0/1', '63');
    expect(bench.said.at(-1)?.query).toEqual(['lt=63']);
  });

  it('LightweightM2M-1.1-int-225 and -228: a resource instance is read and written by itself', () => {
    const bench = benchOf();
    expect(get(bench, '/3/0/11/0', TEXT)?.text).toBe('0');
    const other = bench.read('/16/0/0/0');
    expect(send(bench, Code.PUT, '/16/0/0/1', TEXT, 'test')).toBe('2.04');
    expect([bench.read('/16/0/0/0'), bench.read('/16/0/0/1')]).toEqual([other, 'test']);
  });

  it('LightweightM2M-1.1-int-231 and -232: SenML at every level', () => {
    const bench = benchOf();
    for (const format of [JSON_SENML, CBOR_SENML]) {
      for (const path of ['/1', '/3/0', '/3/0/16', '/3/0/11/0']) {
        expect(get(bench, path, format)).toMatchObject({ code: '2.05', format });
      }
    }
    const name = (text: string): string => Buffer.from(text).toString('hex');
    expect(get(bench, '/3/0/16', JSON_SENML)?.text).toBe('[{"bn":"/3/0/","n":"16","vs":"U"}]');
    expect(get(bench, '/3/0/16', CBOR_SENML)?.payload).toEqual(hex(`81 a3 21 65 ${name('/3/0/')} 00 62 3136 03 61 55`));
  });

  it('LightweightM2M-1.1-int-241: a reboot, after which it registers again', () => {
    const bench = benchOf();
    expect(send(bench, Code.POST, '/3/0/4')).toBe('2.04');
    bench.pass(2);
    expect(bench.said).toMatchObject([{ path: '/rd', query: ['ep=sim-1', 'lt=86400', 'lwm2m=1.1', 'b=U'] }]);
  });

  it('LightweightM2M-1.1-int-256: a read-only resource stays as it is', () => {
    const bench = benchOf();
    expect(send(bench, Code.PUT, '/1/0/0', TEXT, '123')).toBe('4.05');
    expect(bench.read('/1/0/0')).toBe('1');
  });

  it('LightweightM2M-1.1-int-260: Discover shows attributes, those of higher levels on its own line', () => {
    const bench = benchOf();
    bench.attach('/3', 'pmin=10', 'pmax=200');
    expect(links(bench, '/3/0')).toMatch(/^<\/3\/0>;pmin=10;pmax=200,/);
    bench.attach('/3/0/7', 'lt=1', 'gt=6', 'st=1');
    expect(links(bench, '/3/0')).toContain('</3/0/7>;dim=2;lt=1;gt=6;st=1,');
    expect(links(bench, '/3/0/7').split(',')[0]).toBe('</3/0/7>;dim=2;pmin=10;pmax=200;lt=1;gt=6;st=1');
  });

  it('LightweightM2M-1.1-int-261: attributes on a resource instance', () => {
    const bench = benchOf();
    bench.attach('/3', 'pmin=10', 'pmax=200');
    bench.attach('/3/0', 'pmax=320');
    bench.attach('/3/0/11/0', 'pmax=100', 'epmin=1', 'epmax=20');
    expect(links(bench, '/3/0/11')).toBe('</3/0/11>;dim=1;pmin=10;pmax=320,</3/0/11/0>;pmax=100;epmin=1;epmax=20');
  });

  it('LightweightM2M-1.2-int-264 and -266: Discover goes as deep as it is told to', () => {
    const bench = benchOf('1.2');
    bench.attach('/3/0', 'pmax=200');
    expect(links(bench, '/3', 'depth=1')).toBe('</3>;ver=1.2,</3/0>;pmax=200');
    expect(links(bench, '/3', 'depth=2')).toContain(',</3/0/7>;dim=2,');
    bench.attach('/3/0/7/1', 'gt=8');
    expect(links(bench, '/3', 'depth=3')).toContain('</3/0/7>;dim=2,</3/0/7/0>,</3/0/7/1>;gt=8,');
  });
});

describe('information reporting', () => {
  const observed = (bench: Bench): number[] =>
    [
      ['/3/0/7', 'pmin=5', 'pmax=15'],
      ['/3/0/8', 'pmin=10', 'pmax=20'],
    ].map(([path = '', ...query]) => {
      bench.attach(path, ...query);
      return bench.observe(path);
    });
  const of = (bench: Bench, relation: number | undefined): number[] =>
    bench.notified.filter((one) => one.relation === relation).map(({ at }) => at);

  it('LightweightM2M-1.1-int-301: notifications come regularly, each at its pmax', () => {
    const bench = benchOf();
    const [first, second] = observed(bench);
    bench.pass(60);
    expect([of(bench, first), of(bench, second)]).toEqual([
      [15, 30, 45, 60],
      [20, 40, 60],
    ]);
  });

  it('LightweightM2M-1.1-int-302 and -303: they stop for the one that is cancelled', () => {
    const bench = benchOf();
    const [first = 0, second] = observed(bench);
    bench.pass(20);
    bench.device.handleObserverGone(first);
    bench.pass(40);
    expect([of(bench, first), of(bench, second)]).toEqual([[15], [20, 40, 60]]);
    expect(get(bench, '/3/0/8', undefined, { observe: 1 })).toMatchObject({ code: '2.05', observed: false });
  });

  it('LightweightM2M-1.2-int-312 and -313: parameters of the observation go over attributes', () => {
    const bench = benchOf('1.2');
    bench.observe('/3/0/7', { query: ['pmin=5', 'pmax=15'] });
    bench.pass(30);
    expect(times(bench)).toEqual([15, 30]);
    const other = benchOf('1.2');
    other.attach('/3/0/7', 'pmax=60');
    other.observe('/3/0/7', { query: ['pmax=10'] });
    other.pass(20);
    expect(times(other)).toEqual([10, 20]);
  });

  it('LightweightM2M-1.1-int-307: nothing is sent while it is muted', () => {
    const send = { every: 10, format: 'senml-json' } as const;
    const bench = Bench.registered({ send });
    bench.write('/1/0/23', '1');
    bench.pass(30);
    expect(bench.sends).toEqual([]);
    bench.write('/1/0/23', '0');
    bench.pass(10);
    expect(bench.sends).toHaveLength(1);
  });
});

describe('registration, as it is ordered', () => {
  it('LightweightM2M-1.1-int-103: Disable de-registers', () => {
    const bench = benchOf();
    expect(send(bench, Code.POST, '/1/0/4')).toBe('2.04');
    expect(bench.said).toMatchObject([{ code: Code.DELETE, path: '/rd/abc' }]);
  });

  it('LightweightM2M-1.1-int-104: the trigger brings an Update without parameters', () => {
    const bench = benchOf();
    expect(send(bench, Code.POST, '/1/0/8')).toBe('2.04');
    expect(bench.said).toMatchObject([{ code: Code.POST, path: '/rd/abc', query: [], links: '' }]);
  });

  it('LightweightM2M-1.1-int-105: a discarded Update brings a new registration', () => {
    const bench = benchOf();
    send(bench, Code.POST, '/1/0/8');
    bench.answer(Code.NOT_FOUND);
    expect(bench.said.map(({ path }) => path)).toEqual(['/rd/abc', '/rd']);
  });
});

describe('objects', () => {
  it('LightweightM2M-1.1-int-651: the writable resources of Device', () => {
    const bench = benchOf();
    const payload = hex('C4 0D 51 82 42 8F C6 0E 2B 30 32 3A 30 30 C8 0F 0C 45 75 72 6F 70 65 2F 50 61 72 69 73');
    expect(send(bench, Code.POST, '/3/0', TLV, payload)).toBe('2.04');
    expect(['13', '14', '15'].map((id) => bench.read(`/3/0/${id}`))).toEqual(['1367491215', '+02:00', 'Europe/Paris']);
  });

  it('LightweightM2M-1.1-int-680 and -685: Device cannot be created or deleted', () => {
    const bench = benchOf();
    expect(send(bench, Code.POST, '/3', TLV, hex('C10E00'))).toBe('4.05');
    expect(send(bench, Code.DELETE, '/3/0')).toBe('4.05');
  });

  it('LightweightM2M-1.1-int-901, -905 and -910: statistics are collected between Start and Stop', () => {
    const bench = benchOf();
    bench.write('/7/0/8', '0');
    expect(bench.read('/7/0/8')).toBe('0');
    bench.attach('/7/0', 'pmin=1', 'pmax=10');
    bench.observe('/7/0', { accept: JSON_SENML });
    expect(send(bench, Code.POST, '/7/0/6')).toBe('2.04');
    bench.device.countDatagram('out', 2_500);
    expect(send(bench, Code.POST, '/7/0/7')).toBe('2.04');
    bench.device.countDatagram('out', 9_000);
    expect([bench.read('/7/0/2'), bench.read('/7/0/4')]).toEqual(['2', '2500']);
    bench.pass(20);
    expect(times(bench)).toEqual([10, 20]);
  });

  it('LightweightM2M-1.1-int-1630 and -1635: Portfolio instances are created and deleted', () => {
    const bench = benchOf();
    const identity = (text: string): string => Buffer.from(text).toString('hex');
    const payload = hex(
      `08012E 88002B 480011 ${identity('Host Device ID #2')} 480114 ${identity('Host Device Model #2')}`,
    );
    expect(bench.ask({ code: Code.POST, path: '/16', format: TLV, payload })?.code).toBe('2.01');
    expect(bench.said.at(-1)?.links).toContain('</16/1>');
    expect(links(bench, '/16/1')).toContain('</16/1/0>;dim=2');
    expect(bench.read('/16/1/0/0')).toBe('Host Device ID #2');
    for (const id of ['0', '1']) expect(send(bench, Code.DELETE, `/16/${id}`)).toBe('2.02');
    expect(links(bench, '/16')).toBe('</16>');
  });
});
