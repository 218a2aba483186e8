/** What a simulated device answers: Read, Discover, Write, Execute, Create, Delete (LwM2M-Core 1.1.1 §6.3). */

import { describe, expect, it } from '@jest/globals';

import { Code } from '#coap/codec';
import { codecFor } from '#lwm2m/formats';
import { parsePath } from '#lwm2m/model';
import type { EnablerVersion, Node, ObjectDefinition } from '#lwm2m/model';

import { Bench, CATALOGUE, kindOf } from './support.js';

const TLV = 11542;
const SENML_JSON = 110;
const SENML_CBOR = 112;
const CBOR = 60;
const LINKS = 40;

const benchOf = (lwm2m: EnablerVersion, ...objects: number[]): Bench =>
  Bench.registered({ kinds: [kindOf(lwm2m, { objects })] });
const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(/\s/g, ''), 'hex');
const get = (bench: Bench, path: string, accept?: number) =>
  bench.ask({ code: Code.GET, path, ...(accept === undefined ? {} : { accept }) });
const put = (bench: Bench, path: string, format: number, payload: Uint8Array | string) =>
  bench.ask({ code: Code.PUT, path, format, payload });
const post = (bench: Bench, path: string, format?: number, payload: Uint8Array | string = '') =>
  bench.ask({ code: Code.POST, path, payload, ...(format === undefined ? {} : { format }) });
const remove = (bench: Bench, path: string) => bench.ask({ code: Code.DELETE, path });

/** The node in an answer. */
function nodeIn(bench: Bench, path: string, format: number): Node | undefined {
  const answer = get(bench, path, format);
  const model = kindOf('1.1').model;
  return codecFor(format)?.decode(answer?.payload ?? new Uint8Array(), parsePath(path), model)[0]?.node;
}

describe('Read', () => {
  it.each([TLV, SENML_JSON, SENML_CBOR])(
    'gives an object, an instance, a resource and a resource instance in format %d',
    (format) => {
      const bench = benchOf('1.1');
      for (const path of ['/3', '/3/0', '/3/0/0', '/3/0/6', '/3/0/6/1', '/3303', '/1/0/1']) {
        expect(get(bench, path, format)).toMatchObject({ code: '2.05', format });
      }
      expect(nodeIn(bench, '/3/0/6', format)).toEqual({
        kind: 'multiple',
        values: new Map([
          [0, { type: 'integer', value: 1 }],
          [1, { type: 'integer', value: 5 }],
        ]),
      });
      expect(nodeIn(bench, '/3/0/6/1', format)).toEqual({ kind: 'single', value: { type: 'integer', value: 5 } });
      const instance = nodeIn(bench, '/3/0', format);
      expect(instance?.kind === 'instance' && [...instance.resources.keys()]).toEqual([
        0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17, 18, 19, 20, 21,
      ]);
    },
  );

  it('gives one value in text and CBOR', () => {
    const bench = benchOf('1.1');
    expect(get(bench, '/1/0/1', 0)).toMatchObject({ code: '2.05', format: 0, text: '300' });
    expect(get(bench, '/1/0/1', CBOR)?.payload).toEqual(hex('19 012c'));
    expect(get(bench, '/3/0/6/1', 0)?.text).toBe('5');
  });

  it('without Accept chooses text for one value, SenML CBOR for several, in 1.0 TLV', () => {
    expect(get(benchOf('1.1'), '/3/0/0')).toMatchObject({ format: 0, text: 'Bellwether' });
    expect(get(benchOf('1.1'), '/3/0')?.format).toBe(SENML_CBOR);
    expect(get(benchOf('1.1'), '/3/0/6')?.format).toBe(SENML_CBOR);
    expect(get(benchOf('1.0'), '/3/0')?.format).toBe(TLV);
    expect(get(benchOf('1.1', 10), '/10/0/7')?.format).toBe(42);
  });

  it.each([
    ['text for an instance', '/3/0', 0],
    ['CBOR for a multiple resource', '/3/0/6', CBOR],
    ['opaque for text', '/3/0/0', 42],
    ['a format nobody has', '/3/0/0', 999],
    ['a format it does not speak', '/3/0', 11543],
  ])('answers 4.06 to %s', (_what, path, accept) => {
    expect(get(benchOf('1.1'), path, accept)?.code).toBe('4.06');
  });

  it('speaks neither SenML nor CBOR in 1.0', () => {
    expect(get(benchOf('1.0'), '/3/0', SENML_CBOR)?.code).toBe('4.06');
    expect(put(benchOf('1.0'), '/3/0/14', CBOR, hex('63 2b3032'))?.code).toBe('4.15');
  });

  it.each([
    ['an object it has not got', '/3399', '4.04'],
    ['an instance it has not got', '/3/1', '4.04'],
    ['a resource it has not got', '/3/0/99', '4.04'],
    ['an optional resource nobody set', '/1/0/2', '4.04'],
    ['a resource instance it has not got', '/3/0/6/9', '4.04'],
    ['what is no path', '/three', '4.04'],
    ['a path too long', '/3/0/6/0/0', '4.04'],
    ['an id out of range', '/3/65535', '4.04'],
    ['an executable', '/3/0/4', '4.05'],
    ['a level that is left out', '/3//0', '4.05'],
    ['an instance of a single resource', '/3/0/0/0', '4.05'],
    ['the root', '/', '4.05'],
    ['the security object', '/0', '4.01'],
    ['an instance of it', '/0/0', '4.01'],
    ['OSCORE', '/21/0/0', '4.01'],
  ])('of %s, %s, is %s', (_what, path, code) => {
    expect(get(benchOf('1.1'), path)?.code).toBe(code);
  });

  it('of a path with four levels is 4.05 in 1.0', () => {
    expect(get(benchOf('1.0'), '/3/0/6/0')?.code).toBe('4.05');
  });

  it('of an object without instances is an empty success', () => {
    const bench = benchOf('1.1');
    expect(remove(bench, '/3303/0')?.code).toBe('2.02');
    expect(get(bench, '/3303', TLV)).toMatchObject({ code: '2.05', text: '' });
    expect(get(bench, '/3303', SENML_JSON)).toMatchObject({ code: '2.05', text: '[]' });
  });

  it('with a query is 4.00 before 1.2', () => {
    expect(bench11().ask({ code: Code.GET, path: '/3/0/0', query: ['pmin=1'] })?.code).toBe('4.00');
    expect(bench11().ask({ code: Code.GET, path: '/3/0/0', query: ['pmin=1'], observe: 0 })?.code).toBe('4.00');
  });

  it('refuses methods of later issues with 4.05', () => {
    for (const code of [Code.FETCH, Code.IPATCH, Code.PATCH]) {
      expect(bench11().ask({ code, path: '/3/0' })?.code).toBe('4.05');
    }
  });
});

const bench11 = (): Bench => benchOf('1.1');

describe('Discover', () => {
  it('of an object lists instances and resources, and before 1.2 no attributes below', () => {
    const bench = bench11();
    bench.attach('/7', 'pmax=60');
    bench.attach('/7/0/2', 'gt=10');
    expect(get(bench, '/7', LINKS)).toMatchObject({
      code: '2.05',
      format: 40,
      text: '</7>;pmax=60,</7/0>,</7/0/2>,</7/0/3>,</7/0/4>,</7/0/5>,</7/0/6>,</7/0/7>,</7/0/8>',
    });
  });

  it('of an instance shows what it inherits, and the attributes of its resources', () => {
    const bench = bench11();
    bench.attach('/3', 'pmax=60');
    bench.attach('/3/0', 'pmin=10');
    bench.attach('/3/0/7', 'gt=50', 'lt=42.2');
    const links = get(bench, '/3/0', LINKS)?.text.split(',') ?? [];
    expect(links[0]).toBe('</3/0>;pmax=60;pmin=10');
    expect(links).toContain('</3/0/6>;dim=2');
    expect(links).toContain('</3/0/7>;dim=2;gt=50;lt=42.2');
    expect(links).toContain('</3/0/4>');
    expect(links).toContain('</3/0/1>');
  });

  it('of a resource lists its instances from 1.1 on', () => {
    expect(get(bench11(), '/3/0/11', LINKS)?.text).toBe('</3/0/11>;dim=1,</3/0/11/0>');
    expect(get(benchOf('1.0'), '/3/0/11', LINKS)?.text).toBe('</3/0/11>;dim=1');
  });

  it('goes as deep as asked in 1.2, and shows attributes there', () => {
    const bench = benchOf('1.2');
    bench.attach('/7/0/2', 'gt=10');
    const at = (depth: number): string | undefined =>
      bench.ask({ code: Code.GET, path: '/7', accept: LINKS, query: [`depth=${depth}`] })?.text;
    expect(at(0)).toBe('</7>');
    expect(at(1)).toBe('</7>,</7/0>');
    expect(at(2)).toContain('</7/0/2>;gt=10,');
    expect(bench.ask({ code: Code.GET, path: '/3/0', accept: LINKS, query: ['depth=2'] })?.text).toContain(
      '</3/0/6>;dim=2,</3/0/6/0>,</3/0/6/1>',
    );
  });

  it.each([
    ['a depth before 1.2', '/3', ['depth=1'], '4.00'],
    ['another query', '/3', ['pmin=1'], '4.00'],
    ['a resource instance', '/3/0/6/0', [], '4.05'],
    ['what is not there', '/3/5', [], '4.04'],
    ['the security object', '/0', [], '4.01'],
  ] as const)('of %s is refused', (_what, path, query, code) => {
    expect(bench11().ask({ code: Code.GET, path, accept: LINKS, query })?.code).toBe(code);
  });
});

describe('Write', () => {
  it('replaces one value in every format that carries it', () => {
    const bench = bench11();
    expect(put(bench, '/3/0/14', 0, '+02:00')?.code).toBe('2.04');
    expect(bench.read('/3/0/14')).toBe('+02:00');
    expect(put(bench, '/3/0/14', CBOR, hex('66 2b30333a3030'))?.code).toBe('2.04');
    expect(bench.read('/3/0/14')).toBe('+03:00');
    expect(put(bench, '/3/0/14', SENML_JSON, '[{"n":"/3/0/14","vs":"+04:00"}]')?.code).toBe('2.04');
    expect(bench.read('/3/0/14')).toBe('+04:00');
    expect(put(bench, '/3/0/14', TLV, hex('C6 0E 2B30323A3030'))?.code).toBe('2.04');
    expect(bench.read('/3/0/14')).toBe('+02:00');
  });

  it('of several resources by POST changes those alone: ETS 215, partial update of /1/0', () => {
    const bench = bench11();
    expect(post(bench, '/1/0', TLV, hex('C1 02 65 C2 03 03 F2 C2 05 07 D0 C1 06 01 C1 07 55'))?.code).toBe('2.04');
    expect(['/1/0/2', '/1/0/3', '/1/0/5', '/1/0/7', '/1/0/1'].map((path) => bench.read(path))).toEqual([
      '101',
      '1010',
      '2000',
      'U',
      '300',
    ]);
  });

  it('of an instance by PUT removes the writable options that are not given, and nothing else', () => {
    const bench = bench11();
    bench.write('/1/0/2', '7');
    expect(put(bench, '/1/0', SENML_JSON, '[{"bn":"/1/0/","n":"1","v":90},{"n":"6","vb":false}]')?.code).toBe('2.04');
    expect(get(bench, '/1/0/2')?.code).toBe('4.04');
    expect(get(bench, '/1/0/5')?.code).toBe('4.04');
    expect(['/1/0/0', '/1/0/1', '/1/0/6', '/1/0/7'].map((path) => bench.read(path))).toEqual(['1', '90', '0', 'U']);
    expect(post(bench, '/1/0/8')?.code).toBe('2.04');
  });

  it('leaves everything as it was when one of its values is refused', () => {
    const bench = bench11();
    expect(post(bench, '/1/0', SENML_JSON, '[{"bn":"/1/0/","n":"1","v":90},{"n":"0","v":5}]')?.code).toBe('4.05');
    expect(bench.read('/1/0/1')).toBe('300');
    expect(put(bench, '/1/0', SENML_JSON, '[{"bn":"/1/0/","n":"1","v":90},{"n":"99","v":5}]')?.code).toBe('4.04');
    expect(bench.read('/1/0/1')).toBe('300');
  });

  it('of a multiple resource replaces by PUT, adds by POST, and reaches one instance from 1.1 on', () => {
    const bench = benchOf('1.1', 16);
    const values = (): unknown => {
      const node = codecFor(SENML_JSON)?.decode(
        get(bench, '/16/0/0', SENML_JSON)?.payload ?? new Uint8Array(),
        [16, 0, 0],
        kindOf('1.1', { objects: [16] }).model,
      )[0]?.node;
      return node?.kind === 'multiple' ? [...node.values].map(([id, { value }]) => [id, value]) : undefined;
    };
    expect(put(bench, '/16/0/0', SENML_JSON, '[{"bn":"/16/0/0/","n":"0","vs":"a"},{"n":"3","vs":"b"}]')?.code).toBe(
      '2.04',
    );
    expect(values()).toEqual([
      [0, 'a'],
      [3, 'b'],
    ]);
    expect(post(bench, '/16/0', SENML_JSON, '[{"n":"/16/0/0/4","vs":"c"}]')?.code).toBe('2.04');
    expect(put(bench, '/16/0/0/3', 0, 'B')?.code).toBe('2.04');
    expect(values()).toEqual([
      [0, 'a'],
      [3, 'B'],
      [4, 'c'],
    ]);
    expect(put(bench, '/16/0/0', 0, 'text')?.code).toBe('4.00');
  });

  it('by POST on a multiple resource adds to it in 1.2, and is no operation before', () => {
    const payload = '[{"n":"/16/0/0/4","vs":"c"}]';
    expect(post(benchOf('1.2', 16), '/16/0/0', SENML_JSON, payload)?.code).toBe('2.04');
    expect(post(benchOf('1.1', 16), '/16/0/0', SENML_JSON, payload)?.code).toBe('4.05');
  });

  it('sets the clock, which goes on from there', () => {
    const bench = bench11();
    bench.write('/3/0/13', '1000000000');
    expect(bench.read('/3/0/13')).toBe('1000000000');
    bench.pass(10);
    expect(bench.read('/3/0/13')).toBe('1000000010');
  });

  it.each([
    ['a read-only resource', '/3/0/0', 0, 'x', '4.05'],
    ['an executable', '/3/0/4', 0, 'x', '4.05'],
    ['an object', '/3', TLV, '', '4.05'],
    ['a resource it has not got', '/3/0/99', 0, 'x', '4.04'],
    ['an instance it has not got', '/3/9/14', 0, 'x', '4.04'],
    ['the security object', '/0/0/0', 0, 'x', '4.01'],
    ['an unknown format', '/3/0/14', 999, 'x', '4.15'],
    ['a format of later versions', '/3/0/14', 11544, 'x', '4.15'],
    ['a number that is none', '/1/0/1', 0, 'soon', '4.00'],
    ['a negative lifetime', '/1/0/1', 0, '-1', '4.00'],
    ['a lifetime of 2^32', '/1/0/1', 0, '4294967296', '4.00'],
    ['a binding the device has not got', '/1/0/7', 0, 'T', '4.00'],
    ['a clock beyond the year 9999', '/3/0/13', 0, '253402300800', '4.00'],
    ['a boolean that is none', '/1/0/6', 0, 'yes', '4.00'],
    ['a value for another path', '/1/0/1', SENML_JSON, '[{"n":"/1/0/2","v":1}]', '4.00'],
    ['values with times', '/1/0', SENML_JSON, '[{"n":"/1/0/1","v":60,"t":-5}]', '4.00'],
    ['an instance of a single resource', '/1/0/1/0', 0, '60', '4.05'],
  ] as const)('of %s is refused', (_what, path, format, payload, code) => {
    const bench = bench11();
    expect(put(bench, path, format, payload)?.code).toBe(code);
    expect(bench.said).toEqual([]);
  });

  it('without a format takes text for one value, and refuses several', () => {
    const bench = bench11();
    expect(bench.ask({ code: Code.PUT, path: '/3/0/14', payload: '+01:00' })?.code).toBe('2.04');
    expect(bench.read('/3/0/14')).toBe('+01:00');
    expect(bench.ask({ code: Code.PUT, path: '/1/0', payload: 'x' })?.code).toBe('4.00');
    expect(post(bench, '/1/0')?.code).toBe('4.00');
    expect(bench.ask({ code: Code.PUT, path: '/3/0/14' })?.code).toBe('4.00');
  });

  it('takes an empty text, when it says that it is one', () => {
    const bench = bench11();
    expect(put(bench, '/3/0/14', 0, '')?.code).toBe('2.04');
    expect(bench.read('/3/0/14')).toBe('');
  });

  it('outside the range of the definition is 4.00', () => {
    const bench = benchOf('1.1', 3306);
    expect(put(bench, '/3306/0/5851', 0, '101')?.code).toBe('4.00');
    expect(put(bench, '/3306/0/5851', 0, '100')?.code).toBe('2.04');
  });
});

describe('Write-Attributes', () => {
  it('is a PUT with a query alone', () => {
    const bench = bench11();
    expect(bench.ask({ code: Code.PUT, path: '/3303/0/5700', query: ['pmin=1', 'gt=30'] })?.code).toBe('2.04');
    expect(bench.ask({ code: Code.PUT, path: '/3303/0/5700', query: ['pmin'] })?.code).toBe('2.04');
    expect(get(bench, '/3303/0/5700', LINKS)?.text).toBe('</3303/0/5700>;gt=30');
  });

  it.each([
    ['a contradiction', '/3303/0/5700', ['lt=5', 'gt=5'], '4.00'],
    ['gt for text', '/3/0/0', ['gt=5'], '4.00'],
    ['a path that is not there', '/3303/9', ['pmin=5'], '4.04'],
    ['the security object', '/0/0', ['pmin=5'], '4.01'],
  ] as const)('refuses %s', (_what, path, query, code) => {
    expect(bench11().ask({ code: Code.PUT, path, query })?.code).toBe(code);
  });
});

describe('Execute', () => {
  it('takes arguments in the grammar of the standard', () => {
    const bench = bench11();
    expect(post(bench, '/3/0/12')?.code).toBe('2.04');
    expect(post(bench, '/3/0/12', 0, "7,0='https://www.example.org'")?.code).toBe('2.04');
    expect(post(bench, '/3/0/12', 0, 'now')?.code).toBe('4.00');
    expect(post(bench, '/3/0/12', 0, '1,1')?.code).toBe('4.00');
    expect(post(bench, '/3/0/12', TLV, '0')?.code).toBe('4.15');
  });

  it.each([
    ['a value', '/3/0/0', '4.05'],
    ['an instance', '/3/0/12/0', '4.05'],
    ['what is not there', '/3/0/99', '4.04'],
    ['an executable the device has not got', '/1/0/9', '4.04'],
    ['the security object', '/0/0/3', '4.01'],
  ])('of %s is refused', (_what, path, code) => {
    expect(post(bench11(), path)?.code).toBe(code);
  });
});

describe('Create', () => {
  it('with an id in TLV: ETS 1630, Create of /16/1', () => {
    const bench = benchOf('1.1', 16);
    const payload = hex(
      `08 01 2E 88 00 2B 48 00 11 ${Buffer.from('Host Device ID #2').toString('hex')} 48 01 14 ${Buffer.from('Host Device Model #2').toString('hex')}`,
    );
    expect(post(bench, '/16', TLV, payload)).toMatchObject({ code: '2.01', location: '' });
    expect(bench.read('/16/1/0/1')).toBe('Host Device Model #2');
    expect(post(bench, '/16', TLV, payload)?.code).toBe('4.00');
  });

  it('without an id chooses one and says which', () => {
    const bench = bench11();
    const payload = hex(`E3 1676 ${Buffer.from('abc').toString('hex')}`);
    expect(post(bench, '/3303', TLV, payload)).toMatchObject({ code: '2.01', location: '3303/1' });
    expect(post(bench, '/3303', TLV, payload)).toMatchObject({ code: '2.01', location: '3303/2' });
    expect(bench.read('/3303/2/5750')).toBe('abc');
    expect(remove(bench, '/3303/1')?.code).toBe('2.02');
    expect(post(bench, '/3303', TLV, payload)).toMatchObject({ code: '2.01', location: '3303/1' });
  });

  it('with full paths in SenML', () => {
    const bench = bench11();
    expect(post(bench, '/3303', SENML_JSON, '[{"bn":"/3303/9/","n":"5750","vs":"roof"}]')?.code).toBe('2.01');
    expect(bench.read('/3303/9/5750')).toBe('roof');
    expect(Number(bench.read('/3303/9/5700'))).toBeGreaterThan(10);
  });

  it('keeps a value that is given for what only the device should know', () => {
    const bench = bench11();
    expect(post(bench, '/3303', SENML_JSON, '[{"bn":"/3303/9/","n":"5700","v":-3.5}]')?.code).toBe('2.01');
    expect(bench.read('/3303/9/5700')).toBe('-3.5');
  });

  it('without payload makes an instance with nothing but what the device knows', () => {
    const bench = bench11();
    expect(post(bench, '/3303')).toMatchObject({ code: '2.01', location: '3303/1' });
    expect(get(bench, '/3303/1/5750')?.code).toBe('4.04');
    expect(get(bench, '/3303/1/5700')?.code).toBe('2.05');
  });

  it.each([
    ['a single object that is there', '/3', TLV, '0001', '4.05'],
    ['the server object', '/1', TLV, '0001', '4.05'],
    ['an object it has not got', '/3399', TLV, '0001', '4.04'],
    ['two instances at once', '/3303', TLV, '0001 0002', '4.00'],
    ['a mandatory writable resource left out', '/16', TLV, '', '4.00'],
    ['a resource it has not got', '/3303', TLV, '0003 C10907', '4.00'],
    ['a format it does not speak', '/3303', 999, '00', '4.15'],
    ['rubbish', '/3303', TLV, '0805', '4.00'],
    ['the security object', '/0', TLV, '0001', '4.01'],
  ] as const)('of %s is refused', (_what, path, format, payload, code) => {
    const bench = benchOf('1.1', 16);
    expect(post(bench, path, format, hex(payload))?.code).toBe(code);
    expect(bench.said).toEqual([]);
  });
});

describe('Delete', () => {
  it('takes an instance away, with its attributes', () => {
    const bench = bench11();
    bench.attach('/3303/0', 'pmin=5');
    expect(remove(bench, '/3303/0')?.code).toBe('2.02');
    expect(get(bench, '/3303/0/5700')?.code).toBe('4.04');
    expect(remove(bench, '/3303/0')?.code).toBe('4.04');
    expect(post(bench, '/3303')?.code).toBe('2.01');
    expect(get(bench, '/3303/0', LINKS)?.text).toMatch(/^<\/3303\/0>,/);
  });

  it.each([
    ['the device object', '/3/0', '4.05'],
    ['the server object', '/1/0', '4.05'],
    ['a whole object', '/3303', '4.05'],
    ['a resource', '/3303/0/5750', '4.05'],
    ['the root', '/', '4.05'],
    ['the security object', '/0/0', '4.01'],
    ['what is not there', '/3303/5', '4.04'],
    ['a resource instance before 1.2', '/16/0/0/0', '4.05'],
  ])('of %s is refused', (_what, path, code) => {
    expect(remove(benchOf('1.1', 16), path)?.code).toBe(code);
  });

  it('takes a resource instance away in 1.2, where it can be written', () => {
    const bench = benchOf('1.2', 16);
    expect(remove(bench, '/16/0/0/0')?.code).toBe('2.02');
    expect(get(bench, '/16/0/0/0')?.code).toBe('4.04');
    expect(get(bench, '/16/0/0/1')?.code).toBe('2.05');
    expect(remove(bench, '/3/0/6/0')?.code).toBe('4.05');
  });
});

describe('every object there is a definition of', () => {
  const HIDDEN = new Set([0, 21]);
  const all: readonly ObjectDefinition[] = CATALOGUE.all();
  const ids = [...new Set(all.map(({ id }) => id))].filter((id) => !HIDDEN.has(id));

  it.each(['1.0', '1.1', '1.2'] as const)('can be simulated and read as a whole in %s', (lwm2m) => {
    const bench = benchOf(lwm2m, ...ids);
    const kind = kindOf(lwm2m, { objects: ids });
    const format = lwm2m === '1.0' ? TLV : SENML_CBOR;
    for (const id of ids) {
      const answer = get(bench, `/${id}`, format);
      expect([id, answer?.code]).toEqual([id, '2.05']);
      const [placed] = codecFor(format)?.decode(answer?.payload ?? new Uint8Array(), [id], kind.model) ?? [];
      const instance = placed?.node.kind === 'object' ? placed.node.instances.get(0) : undefined;
      const readable = [...(kind.objects.get(id)?.resources.values() ?? [])].filter(
        ({ definition, first }) => definition.operations.includes('R') && first !== undefined,
      );
      expect([...(instance?.resources.keys() ?? [])]).toEqual(readable.map(({ definition }) => definition.id));
    }
  });
});
