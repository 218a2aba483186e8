/**
 * What a simulated device answers to composite operations (LwM2M-Core 1.1.1 §6.3.8 to §6.3.10, §6.4.2; RFC 8132, RFC 8790), with
 * the bodies of the OMA cases as literals.
 */

import { describe, expect, it } from '@jest/globals';

import { Code } from '#coap/codec';
import type { EnablerVersion } from '#lwm2m/model';

import { Bench, kindOf } from './support.js';
import type { Asked, Told } from './support.js';

const benchOf = (lwm2m: EnablerVersion = '1.1', ...objects: number[]): Bench =>
  Bench.registered({ kinds: [kindOf(lwm2m, { objects })] });
const utf8 = (text: string): string => Buffer.from(text).toString('hex');
const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(/\s/g, ''), 'hex');
/** A list of paths in SenML JSON. */
const list = (...paths: string[]): string => `[${paths.map((path) => `{"n":"${path}"}`).join(',')}]`;

const fetch = (bench: Bench, payload: Uint8Array | string, more: Partial<Asked> = {}): Told | undefined =>
  bench.ask({ code: Code.FETCH, path: '/', format: 110, payload, ...more });
const patch = (bench: Bench, format: number, payload: Uint8Array | string): Told | undefined =>
  bench.ask({ code: Code.IPATCH, path: '/', format, payload });
/** Names and values of a SenML JSON answer. */
const valuesIn = (told: Told | undefined): unknown =>
  (JSON.parse(told?.text ?? '') as Record<string, unknown>[]).map(({ n, ...value }) => [n, ...Object.values(value)]);
const observe = (bench: Bench, paths: readonly string[], more: Partial<Asked> = {}): number =>
  bench.observe('/', { code: Code.FETCH, format: 110, payload: list(...paths), ...more });

describe('Read-Composite', () => {
  it('LightweightM2M-1.1-int-280: gives a resource, a resource instance and an instance', () => {
    const bench = benchOf();
    const answer = fetch(bench, list('/3/0/16', '/3/0/11/0', '/1/0'));
    expect(answer).toMatchObject({ code: '2.05', format: 110 });
    expect(valuesIn(answer)).toEqual([
      ['/3/0/16', 'U'],
      ['/3/0/11/0', 0],
      ['/1/0/0', 1],
      ['/1/0/1', 300],
      ['/1/0/5', 86_400],
      ['/1/0/6', true],
      ['/1/0/7', 'U'],
      ['/1/0/23', false],
    ]);
  });

  it('LightweightM2M-1.1-int-229: tells what lies in several of the paths once', () => {
    const answer = fetch(benchOf(), list('/1/0/1', '/1/0', '/1', '/1/0/1', '/3/0/16'));
    const names = (valuesIn(answer) as string[][]).map(([name]) => name);
    expect(names).toEqual(['/1/0/0', '/1/0/1', '/1/0/5', '/1/0/6', '/1/0/7', '/1/0/23', '/3/0/16']);
  });

  it('LightweightM2M-1.1-int-235: of the root is everything a server may see', () => {
    const bench = benchOf();
    const names = (valuesIn(fetch(bench, list('/'))) as string[][]).map(([name]) => name as string);
    expect(new Set(names.map((name) => name.split('/')[1]))).toEqual(new Set(['1', '3', '4', '6', '7', '3303']));
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('/3303/0/5700');
    expect(names).not.toContain('/3/0/4');
  });

  it('LightweightM2M-1.1-int-236 and -281: leaves out what is not there and what cannot be read', () => {
    const bench = benchOf('1.1', 16);
    const paths = [
      '/3/0/16',
      '/3339/0/5522',
      '/3353/0/6030',
      '/1/0/8',
      '/1/0/2',
      '/3/7',
      '/3/0/6/9',
      '/3/0/0/0',
      '/16/4',
    ];
    expect(valuesIn(fetch(bench, list(...paths)))).toEqual([['/3/0/16', 'U']]);
    expect(fetch(bench, list('/1/0/8'))).toMatchObject({ code: '2.05', text: '[]' });
  });

  it('reads a list in SenML CBOR and answers in it, byte for byte', () => {
    const body = hex(`82 a1 00 67 ${utf8('/3/0/16')} a1 00 66 ${utf8('/1/0/1')}`);
    const answer = fetch(benchOf(), body, { format: 112 });
    expect(answer?.format).toBe(112);
    const pack = `82 a2 00 67 ${utf8('/3/0/16')} 03 61 55 a2 00 66 ${utf8('/1/0/1')} 02 19 012c`;
    expect(answer?.payload).toEqual(hex(pack));
  });

  it('answers in the format that is asked for, in 1.2 LwM2M CBOR too', () => {
    const body = list('/1/0/1', '/3/0/11');
    expect(fetch(benchOf(), body, { accept: 112 })?.format).toBe(112);
    const answer = fetch(benchOf('1.2'), body, { format: 320, accept: 11544 });
    expect(answer).toMatchObject({ code: '2.05', format: 11544 });
    expect(answer?.payload).toEqual(hex('a2 83 01 00 01 19 012c 83 03 00 0b a1 00 00'));
  });

  it.each([
    ['320', 320, list('/1/0/1'), 110],
    ['322', 322, hex(`81 a1 00 66 ${utf8('/1/0/1')}`), 112],
    ['plain SenML, as in 1.1', 110, list('/1/0/1'), 110],
    ['LwM2M CBOR', 11544, hex('a1 83 01 00 01 f6'), 112],
  ] as const)('of 1.2 takes lists in %s', (_name, format, payload, answered) => {
    expect(fetch(benchOf('1.2'), payload, { format })).toMatchObject({ code: '2.05', format: answered });
  });

  it.each([
    ['SenML-ETCH in 1.1', '1.1', { format: 320 }, '4.15'],
    ['LwM2M CBOR in 1.1', '1.1', { format: 11544 }, '4.15'],
    ['a list in TLV', '1.2', { format: 11542 }, '4.15'],
    ['a list as text', '1.1', { format: 0 }, '4.15'],
    ['Accept of text', '1.1', { accept: 0 }, '4.06'],
    ['Accept of TLV', '1.1', { accept: 11542 }, '4.06'],
    ['Accept of LwM2M CBOR in 1.1', '1.1', { accept: 11544 }, '4.06'],
    ['Accept of SenML-ETCH, which is no answer', '1.2', { accept: 320 }, '4.06'],
    ['an empty list', '1.1', { payload: '[]' }, '4.00'],
    ['no list', '1.1', { payload: '{}' }, '4.00'],
    ['a list with a value', '1.1', { payload: '[{"n":"/1/0/1","v":1}]' }, '4.00'],
    ['a name that is no path', '1.1', { payload: '[{"n":"3/0"}]' }, '4.00'],
    ['the security object', '1.1', { payload: list('/3/0/0', '/0/0') }, '4.01'],
    ['OSCORE', '1.1', { payload: list('/21') }, '4.01'],
    ['a query', '1.2', { query: ['pmin=1'] }, '4.00'],
    ['a path below the root', '1.1', { path: '/3/0' }, '4.05'],
    ['LwM2M 1.0', '1.0', {}, '4.05'],
  ] as const)('with %s is refused', (_what, lwm2m, more, code) => {
    expect(fetch(benchOf(lwm2m), list('/3/0/0'), more)?.code).toBe(code);
  });

  it('without Content-Format is 4.00 (RFC 8132 §2.2)', () => {
    const asked = { code: Code.FETCH, path: '/', payload: list('/3/0/0') };
    expect(benchOf().ask(asked)?.code).toBe('4.00');
  });
});

describe('Write-Composite', () => {
  it('LightweightM2M-1.1-int-257: writes Server and Device in one message', () => {
    const bench = benchOf();
    const body = hex(
      `83 a3 21 61 ${utf8('/')} 00 65 ${utf8('1/0/2')} 02 18 65 a2 00 65 ${utf8('1/0/6')} 04 f5 a2 00 66 ${utf8('3/0/13')} 02 00`,
    );
    expect(patch(bench, 112, body)).toMatchObject({ code: '2.04', text: '' });
    expect([bench.read('/1/0/2'), bench.read('/1/0/6'), bench.read('/3/0/13')]).toEqual(['101', '1', '0']);
  });

  it('LightweightM2M-1.1-int-230: a lifetime that is written is announced at once', () => {
    const bench = benchOf('1.1', 16);
    const body =
      '[{"n":"/1/0/1","v":61},{"n":"/1/0/6","vb":true},{"bn":"/16/0/0/","n":"0","vs":"aa"},{"n":"1","vs":"bb"},{"n":"2","vs":"cc"},{"n":"3","vs":"dd"}]';
    expect(patch(bench, 110, body)?.code).toBe('2.04');
    expect(bench.said).toMatchObject([{ path: '/rd/abc', query: ['lt=61'] }]);
    expect(['0', '1', '2', '3'].map((id) => bench.read(`/16/0/0/${id}`))).toEqual(['aa', 'bb', 'cc', 'dd']);
  });

  it('adds resource instances to those that are there, as a partial Write does', () => {
    const bench = benchOf('1.1', 16);
    patch(bench, 110, '[{"n":"/16/0/0/7","vs":"new"}]');
    expect(bench.read('/16/0/0/7')).toBe('new');
    expect(bench.read('/16/0/0/0')).not.toBe('');
    expect(bench.ask({ code: Code.GET, path: '/16/0/0/0', accept: 0 })?.code).toBe('2.05');
  });

  it.each([
    ['a resource that is read-only', '[{"n":"/1/0/1","v":61},{"n":"/3/0/0","vs":"x"}]', '4.05'],
    ['a resource that is not there', '[{"n":"/1/0/1","v":61},{"n":"/3/0/99","vs":"x"}]', '4.04'],
    ['an instance that is not there', '[{"n":"/1/0/1","v":61},{"n":"/3303/7/5750","vs":"x"}]', '4.04'],
    ['an object that is not there', '[{"n":"/1/0/1","v":61},{"n":"/9999/0/0","v":1}]', '4.04'],
    ['a value out of range', '[{"n":"/1/0/1","v":61},{"n":"/1/0/2","v":-1}]', '4.00'],
    ['a value of another type', '[{"n":"/1/0/1","v":61},{"n":"/1/0/6","v":1}]', '4.00'],
    ['the security object', '[{"n":"/1/0/1","v":61},{"n":"/0/0/0","vs":"coap://x"}]', '4.01'],
    ['a name without a value', '[{"n":"/1/0/1","v":61},{"n":"/1/0/2"}]', '4.00'],
    ['a value with a time', '[{"n":"/1/0/1","v":61,"t":5}]', '4.00'],
    ['a path twice', '[{"n":"/1/0/1","v":61},{"n":"/1/0/1","v":62}]', '4.00'],
    ['a removal in plain SenML', '[{"n":"/1/0/1","v":61},{"n":"/16/0/0/0","v":null}]', '4.00'],
    ['nothing', '[]', '4.00'],
  ])('with %s is refused as a whole', (_what, body, code) => {
    const bench = benchOf('1.1', 16);
    expect(patch(bench, 110, body)?.code).toBe(code);
    expect(bench.read('/1/0/1')).toBe('300');
    expect(bench.said).toEqual([]);
  });

  it.each([
    ['SenML-ETCH in 1.1', '1.1', 320, '4.15'],
    ['LwM2M CBOR in 1.1', '1.1', 11544, '4.15'],
    ['TLV', '1.2', 11542, '4.15'],
    ['LwM2M 1.0', '1.0', 110, '4.05'],
  ] as const)('in %s is refused', (_what, lwm2m, format, code) => {
    expect(patch(benchOf(lwm2m), format, '[{"n":"/1/0/1","v":61}]')?.code).toBe(code);
  });

  it.each([
    ['SenML-ETCH JSON', 320, Buffer.from('[{"n":"/1/0/1","v":61},{"n":"/16/0/0/1","v":null}]')],
    ['SenML-ETCH CBOR', 322, hex(`82 a2 00 66 ${utf8('/1/0/1')} 02 18 3d a2 00 69 ${utf8('/16/0/0/1')} 02 f6`)],
    ['LwM2M CBOR', 11544, hex('a2 83 01 00 01 18 3d 84 10 00 00 01 f6')],
  ])('of 1.2 in %s writes, and removes a resource instance by null', (_name, format, body) => {
    const bench = benchOf('1.2', 16);
    expect(patch(bench, format, body)?.code).toBe('2.04');
    expect(bench.read('/1/0/1')).toBe('61');
    expect(bench.ask({ code: Code.GET, path: '/16/0/0/1' })?.code).toBe('4.04');
    expect(bench.ask({ code: Code.GET, path: '/16/0/0/0' })?.code).toBe('2.05');
  });

  it.each([
    ['is not there', '/16/0/0/9', '4.04'],
    ['is read-only', '/3/0/6/0', '4.05'],
  ])('of 1.2 is refused as a whole when a resource instance to remove %s', (_why, path, code) => {
    const bench = benchOf('1.2', 16);
    expect(patch(bench, 320, `[{"n":"/1/0/1","v":61},{"n":"${path}","v":null}]`)?.code).toBe(code);
    expect(bench.read('/1/0/1')).toBe('300');
  });

  it('wakes the observers of all that it wrote', () => {
    const bench = benchOf();
    bench.observe('/3/0/14', { accept: 0 });
    bench.observe('/3/0/15', { accept: 0 });
    patch(bench, 110, '[{"n":"/3/0/14","vs":"+01:00"},{"n":"/3/0/15","vs":"Europe/Paris"}]');
    bench.pass(0);
    expect(bench.notified.map(({ told }) => told.text)).toEqual(['+01:00', 'Europe/Paris']);
  });
});

describe('Observe-Composite', () => {
  const times = (bench: Bench): number[] => bench.notified.map(({ at }) => at);

  it('LightweightM2M-1.1-int-304: tells all values between pmin and pmax of one path', () => {
    const bench = benchOf();
    bench.attach('/1/0/1', 'pmin=30', 'pmax=45');
    observe(bench, ['/1/0/1', '/3/0/11/0', '/3/0/16']);
    bench.pass(100);
    expect(times(bench)).toEqual([45, 90]);
    expect(valuesIn(bench.notified[0]?.told)).toEqual([
      ['/1/0/1', 300],
      ['/3/0/11/0', 0],
      ['/3/0/16', 'U'],
    ]);
    expect(bench.notified[0]?.told).toMatchObject({ code: '2.05', format: 110, observed: true });
  });

  it('LightweightM2M-1.1-int-305: ends with Observe 1, which is answered like a read', () => {
    const bench = benchOf();
    bench.attach('/1/0/1', 'pmax=45');
    const relation = observe(bench, ['/1/0/1', '/3/0/16']);
    const last = fetch(bench, list('/1/0/1', '/3/0/16'), { observe: 1 });
    expect(last).toMatchObject({ code: '2.05', observed: false });
    bench.device.handleObserverGone(relation);
    bench.pass(100);
    expect(bench.notified).toEqual([]);
  });

  it('LightweightM2M-1.1-int-308 and -309: gains an instance that is created and loses one that is deleted', () => {
    const bench = benchOf('1.1', 16);
    bench.attach('/16/0', 'pmin=30', 'pmax=45');
    observe(bench, ['/16/0', '/16/1']);
    const create = { code: Code.POST, path: '/16', format: 110, payload: '[{"n":"/16/1/0/0","vs":"second"}]' };
    expect(bench.ask(create)?.code).toBe('2.01');
    bench.pass(1);
    expect(bench.notified.at(-1)?.told.text).toContain('"/16/1/0/0","vs":"second"');
    bench.answer(Code.CHANGED);
    expect(bench.ask({ code: Code.DELETE, path: '/16/1' })?.code).toBe('2.02');
    bench.pass(1);
    expect(bench.notified).toHaveLength(2);
    expect(bench.notified.at(-1)?.told.text).toContain('/16/0/0/0');
    expect(bench.notified.at(-1)?.told.text).not.toContain('/16/1');
  });

  it('LightweightM2M-1.1-int-310: follows attributes that are written while it lasts', () => {
    const bench = benchOf();
    observe(bench, ['/1/0/1', '/3/0/16']);
    bench.attach('/3', 'pmax=5');
    bench.pass(15);
    expect(times(bench)).toEqual([5, 10, 15]);
  });

  it('goes on, with an empty list, when all that it is on is gone', () => {
    const bench = benchOf();
    observe(bench, ['/3303/0/5601']);
    bench.ask({ code: Code.DELETE, path: '/3303/0' });
    bench.pass(0);
    expect(bench.notified.map(({ told }) => [told.code, told.text, told.observed])).toEqual([['2.05', '[]', true]]);
  });

  it('keeps each path to its own pmin, and the shortest pmax counts for all', () => {
    const bench = benchOf();
    bench.attach('/3/0/14', 'pmin=20');
    bench.attach('/3/0/15', 'pmax=50');
    observe(bench, ['/3/0/14', '/3/0/15']);
    bench.write('/3/0/14', '+01:00');
    bench.pass(21);
    expect(times(bench)).toEqual([20]);
    bench.write('/3/0/15', 'Europe/Paris');
    bench.pass(49);
    expect(times(bench)).toEqual([20, 21]);
    bench.pass(2);
    expect(times(bench)).toEqual([20, 21, 71]);
  });

  it('from 1.2 on may bring periods and con of its own, and nothing that belongs to one resource', () => {
    const bench = benchOf('1.2');
    bench.attach('/1/0/1', 'pmax=60');
    observe(bench, ['/1/0/1', '/3/0/16'], { format: 320, query: ['pmax=10', 'con=1'] });
    bench.pass(20);
    expect(times(bench)).toEqual([10, 20]);
    expect(bench.notified.every(({ confirmable }) => confirmable === 'con')).toBe(true);
    for (const query of ['gt=1', 'st=1', 'edge=1', 'hqmax=3', 'other=1']) {
      const asked = { observe: 0, query: [query], format: 320 };
      expect(fetch(bench, list('/1/0/1'), asked)?.code).toBe('4.00');
    }
    expect(fetch(benchOf(), list('/1/0/1'), { observe: 0, query: ['pmax=10'] })?.code).toBe('4.00');
  });
});
