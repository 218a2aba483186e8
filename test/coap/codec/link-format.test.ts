import { afterEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { formatLinks, LINK_LIMITS, parseLinks } from '#coap/codec';
import type { Link } from '#coap/codec';
import { DecodeError, InvariantError } from '#base';

/** Links as plain arrays, to compare with. */
const plain = (links: readonly Link[]) => links.map(({ target, attributes }) => [target, ...attributes]);

function faultOf(text: string): { reason: string; offset: number | undefined } {
  try {
    parseLinks(text);
  } catch (error) {
    if (error instanceof DecodeError) return { reason: error.reason, offset: error.offset };
    throw error;
  }
  throw new Error(`${text} was read`);
}

describe('parseLinks (RFC 6690 §2)', () => {
  it('reads the example of RFC 6690 §5', () => {
    const text =
      '</sensors>;ct=40;title="Sensor Index",</sensors/temp>;rt="temperature-c";if="sensor",' +
      '<http://www.example.com/sensors/t123>;anchor="/sensors/temp";rel="describedby",</t>;anchor="/sensors/temp";rel="alternate"';
    expect(plain(parseLinks(text))).toEqual([
      ['/sensors', ['ct', '40'], ['title', 'Sensor Index']],
      ['/sensors/temp', ['rt', 'temperature-c'], ['if', 'sensor']],
      ['http://www.example.com/sensors/t123', ['anchor', '/sensors/temp'], ['rel', 'describedby']],
      ['/t', ['anchor', '/sensors/temp'], ['rel', 'alternate']],
    ]);
  });

  it.each([
    ['', []],
    ['  ', []],
    ['</1/0>,</3/0>', [['/1/0'], ['/3/0']]],
    [
      '</>;rt="oma.lwm2m";ct="60 110 112 11542 11543",</1>;ver=1.1,</1/0>',
      [['/', ['rt', 'oma.lwm2m'], ['ct', '60 110 112 11542 11543']], ['/1', ['ver', '1.1']], ['/1/0']],
    ],
    ['</3>;ver="1.1"', [['/3', ['ver', '1.1']]]],
    [
      '</3/0/7>;dim=8;pmin=10;gt=-5.5;lt=50.2;st=0.1',
      [['/3/0/7', ['dim', '8'], ['pmin', '10'], ['gt', '-5.5'], ['lt', '50.2'], ['st', '0.1']]],
    ],
    ['</s>;obs;sz=12', [['/s', ['obs', undefined], ['sz', '12']]]],
    ['</s>;if=', [['/s', ['if', '']]]],
    ['</s>;title=""', [['/s', ['title', '']]]],
    ["</s>;title*=UTF-8'en'a%20b", [['/s', ['title*', "UTF-8'en'a%20b"]]]],
    ['</a,b;c=d>;e="f,<g>;h"', [['/a,b;c=d', ['e', 'f,<g>;h']]]],
    ['<>', [['']]],
    ['</größe>;title="größe"', [['/größe', ['title', 'größe']]]],
  ])('reads %j', (text, links) => {
    expect(plain(parseLinks(text))).toEqual(links);
  });

  it('reads items without a target, as the bootstrap Discover of LwM2M 1.0 has them (LwM2M-TS 1.0.2 §5.2.7.3)', () => {
    expect(plain(parseLinks('lwm2m="1.0",</0/0>;ssid=101,</1>'))).toEqual([
      ['', ['lwm2m', '1.0']],
      ['/0/0', ['ssid', '101']],
      ['/1'],
    ]);
    expect(plain(parseLinks('lwm2m=1.1;x,</0>'))).toEqual([['', ['lwm2m', '1.1'], ['x', undefined]], ['/0']]);
  });

  it('passes over blanks around commas and semicolons', () => {
    expect(plain(parseLinks(' </1/0> , </3/0> ;\tver=1.1 ;\r\n b="x" ,</5> '))).toEqual([
      ['/1/0'],
      ['/3/0', ['ver', '1.1'], ['b', 'x']],
      ['/5'],
    ]);
  });

  it.each([
    [String.raw`</s>;t="a\"b"`, 'a"b'],
    [String.raw`</s>;t="a\\b"`, String.raw`a\b`],
    [String.raw`</s>;t="\\\\"`, String.raw`\\`],
    [String.raw`</s>;t="\a\,\;"`, 'a,;'],
    [String.raw`</s>;t="\""`, '"'],
  ])('takes the character behind a backslash literally: %s', (text, value) => {
    expect(parseLinks(text)[0]?.attributes.get('t')).toBe(value);
  });

  it('takes the first of several attributes of one name (RFC 6690 §3.1)', () => {
    expect(plain(parseLinks('</s>;rt="a";rt="b";ct=1;ct=2'))).toEqual([['/s', ['rt', 'a'], ['ct', '1']]]);
  });

  it('has no special names', () => {
    const attributes = parseLinks('</s>;__proto__=1;constructor=2')[0]?.attributes;
    expect([...(attributes ?? [])]).toEqual([
      ['__proto__', '1'],
      ['constructor', '2'],
    ]);
  });

  it.each([
    [',', 0],
    [';', 0],
    ['=', 0],
    ['</1/0>,', 7],
    ['</1/0>,,</3/0>', 7],
    ['</1/0>;', 7],
    ['</1/0>;;a', 7],
    ['</1/0></3/0>', 6],
    ['</1/0> x', 7],
    ['</1/0', 5],
    ['<', 1],
    ['</1/0,</3/0>', 6],
    ['</1 0>', 3],
    ['</1/0>;=1', 7],
    ['</1/0>;ä=1', 7],
    ['</1/0>;a="b', 11],
    [String.raw`</1/0>;a="b\"`, 13],
    [String.raw`</1/0>;a="b` + '\\', 12],
    ['</1/0>;a="b"c', 12],
    ['</1/0>;a=b"c', 10],
    [String.raw`</1/0>;a=b\c`, 10],
    ['</1/0>;a b', 9],
    ['</1/0>;a= b', 10],
    ['\u00a0</1>', 0],
    ['</1\u0000>', 3],
    ['</1/0>\u0000', 6],
  ])('refuses %j at character %d', (text, offset) => {
    expect(faultOf(text)).toEqual({ reason: 'bad_link', offset });
  });

  it('never misreads links that are cut anywhere', () => {
    const text = '</>;rt="oma.lwm2m";ct=11543,</1/0>,lwm2m="1.0",</3>;ver=1.1;title="a\\"b"';
    const whole = parseLinks(text);
    for (let length = 0; length < text.length; length += 1) {
      let cut: Link[];
      try {
        cut = parseLinks(text.slice(0, length));
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
        continue;
      }
      expect(plain(cut.slice(0, -1))).toEqual(plain(whole.slice(0, Math.max(0, cut.length - 1))));
      expect(cut.length).toBeLessThanOrEqual(whole.length);
    }
  });
});

describe('the limits of parseLinks', () => {
  const link = '</1/0>,';

  it('are 16 KiB of text, 1,000 links and 64 attributes of one link', () => {
    expect(LINK_LIMITS).toEqual({ length: 16_384, links: 1000, attributes: 64 });
  });

  it('are read up to and refused beyond', () => {
    const padded = (length: number) => `<${'x'.repeat(length - 2)}>`;
    expect(parseLinks(padded(16_384))).toHaveLength(1);
    expect(faultOf(padded(16_385)).reason).toBe('links_too_long');
    expect(parseLinks(link.repeat(1000).slice(0, -1))).toHaveLength(1000);
    expect(faultOf(link.repeat(1001).slice(0, -1))).toEqual({ reason: 'too_many_links', offset: 7000 });
    expect(parseLinks(`</1>${';a'.repeat(64)}`)).toHaveLength(1);
    expect(faultOf(`</1>${';a'.repeat(65)}`)).toEqual({ reason: 'too_many_attributes', offset: 132 });
    expect(faultOf(`a${';a'.repeat(64)}`).reason).toBe('too_many_attributes');
  });

  it('are arguments', () => {
    const limits = { length: 20, links: 2, attributes: 1 };
    expect(parseLinks('</1>;a,</2>', limits)).toHaveLength(2);
    for (const text of ['</1>,</2>,</3>', '</1>;a;b', `<${' '.repeat(20)}>`]) {
      expect(() => parseLinks(text, limits)).toThrow(DecodeError);
    }
  });
});

describe('the work of parseLinks', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  /** Each the worst of its kind for a scanner that goes back or copies what it has. */
  const WORST: readonly [string, (size: number) => string][] = [
    ['links', (size) => '</1/0>,'.repeat(size / 7)],
    ['attributes', (size) => `</1>${';a=b'.repeat(size / 4)}`],
    ['a target without end', (size) => `<${'/'.repeat(size)}`],
    ['targets without end', (size) => '</'.repeat(size / 2)],
    ['a quoted value without end', (size) => `</1>;a="${'b'.repeat(size)}`],
    ['quotes that open and close', (size) => `</1>${';a="","'.repeat(size / 7)}`],
    ['backslashes', (size) => `</1>;a="${'\\'.repeat(size)}"`],
    ['escaped quotes', (size) => `</1>;a="${'\\"'.repeat(size / 2)}`],
    ['blanks', (size) => `</1>${' '.repeat(size)};a`],
    ['blanks around semicolons', (size) => `</1>${' ;a '.repeat(size / 4)}`],
    ['names', (size) => `</1>;${'a'.repeat(size)}`],
    ['semicolons', (size) => `</1>${';'.repeat(size)}`],
  ];

  /** How many characters the scanner looks at and how many it copies. */
  function workOf(text: string): number {
    let work = 0;
    const charCodeAt = Reflect.get(String.prototype, 'charCodeAt');
    const slice = Reflect.get(String.prototype, 'slice');
    const counting = [
      jest.spyOn(String.prototype, 'charCodeAt').mockImplementation(function (this: string, index: number) {
        work += 1;
        return charCodeAt.call(this, index);
      }),
      jest.spyOn(String.prototype, 'slice').mockImplementation(function (this: string, start?: number, end?: number) {
        const part = slice.call(this, start, end);
        work += part.length;
        return part;
      }),
    ];
    try {
      parseLinks(text, { length: 1_000_000, links: 1_000_000, attributes: 1_000_000 });
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
    for (const spy of counting) spy.mockRestore();
    return work;
  }

  it.each(WORST)('grows as the text does, with %s', (_, make) => {
    const sizes = [1024, 4096, 16_384, 65_536];
    for (const size of sizes) {
      const text = make(size);
      const work = workOf(text);
      expect(work).toBeGreaterThan(0);
      expect(work / text.length).toBeLessThan(8);
    }
  });

  it('is done by looking at characters alone: no search, split or pattern', () => {
    const other = (['indexOf', 'split', 'match', 'replace', 'substring', 'trim', 'search'] as const).map((name) =>
      jest.spyOn(String.prototype, name),
    );
    const test = jest.spyOn(RegExp.prototype, 'exec');
    const links = parseLinks('</1>;a="b\\"";c, d=e');
    const calls = [...other, test].map((spy) => spy.mock.calls.length);
    jest.restoreAllMocks();
    expect(calls.every((count) => count === 0)).toBe(true);
    expect(links).toHaveLength(2);
  });
});

describe('formatLinks', () => {
  const link = (target: string, ...attributes: [string, string | undefined][]): Link => ({
    target,
    attributes: new Map(attributes),
  });

  it('writes numbers bare and other values in quotes', () => {
    const links = [
      link('/', ['rt', 'oma.lwm2m'], ['ct', '60 110']),
      link('/1', ['ver', '1.1']),
      link('/3/0/7', ['dim', '8'], ['gt', '-5.5'], ['obs', undefined], ['t', ''], ['u', '1-2']),
    ];
    expect(formatLinks(links)).toBe(
      '</>;rt="oma.lwm2m";ct="60 110",</1>;ver=1.1,</3/0/7>;dim=8;gt=-5.5;obs;t="";u="1-2"',
    );
  });

  it('puts a backslash before quotes and backslashes', () => {
    expect(formatLinks([link('/s', ['t', 'a"b\\c'])])).toBe(String.raw`</s>;t="a\"b\\c"`);
  });

  it('leaves the empty target out when there are attributes, and nothing to write gives nothing', () => {
    expect(formatLinks([link('', ['lwm2m', '1.0'], ['x', undefined]), link('/0')])).toBe('lwm2m=1.0;x,</0>');
    expect(formatLinks([link('')])).toBe('<>');
    expect(formatLinks([])).toBe('');
  });

  it.each([
    ['a target that ends early', link('/a>b')],
    ['a target with a blank', link('/a b')],
    ['a name with a blank', link('/a', ['b c', '1'])],
    ['an empty name', link('/a', ['', '1'])],
  ])('refuses %s as a fault of its caller', (_, wrong) => {
    expect(() => formatLinks([wrong])).toThrow(InvariantError);
  });

  it('writes what parseLinks reads back', () => {
    const anyName = fc.string({ minLength: 1, maxLength: 6, unit: fc.constantFrom(...'abz09-._*!~') });
    const anyLink = fc.record({
      target: fc.string({ maxLength: 12, unit: fc.constantFrom(...'/0123abc-._~:;,=%"ä'.replace('"', '')) }),
      attributes: fc
        .array(fc.tuple(anyName, fc.option(fc.string({ maxLength: 12, unit: 'grapheme' }), { nil: undefined })))
        .map((entries) => new Map(entries)),
    });
    fc.assert(
      fc.property(fc.array(anyLink, { maxLength: 8 }), (links) => {
        expect(plain(parseLinks(formatLinks(links)))).toEqual(plain(links));
      }),
      { numRuns: 500 },
    );
  });
});
