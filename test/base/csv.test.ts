/** Comma-separated values: cells, quotes, line ends, the numbers of lines, and rows that are broken. */

import { describe, expect, it } from '@jest/globals';
import { csvRows, type CsvRow } from '#base';

import { milliseconds } from '../support/cpu.js';
import { SeededRandom } from '../support/random.js';

const rows = (text: string): CsvRow[] => [...csvRows(text)];
const cells = (text: string): (readonly string[])[] => rows(text).map((row) => row.cells);

/** A writer of RFC 4180: quotes where they must be, and where `quoted` says so. */
function written(table: readonly (readonly string[])[], end: string, quoted: () => boolean): string {
  const cell = (text: string): string => (/[",\r\n]/.test(text) || quoted() ? `"${text.replaceAll('"', '""')}"` : text);
  return table.map((row) => `${row.map(cell).join(',')}${end}`).join('');
}

describe('rows of CSV (RFC 4180 §2)', () => {
  it.each([
    ['', []],
    ['a', [['a']]],
    ['a\n', [['a']]],
    [
      'a,b\nc,d',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'a,b\r\nc,d\r\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    ['a,', [['a', '']]],
    [',', [['', '']]],
    ['a,,b', [['a', '', 'b']]],
    [' a , b ', [[' a ', ' b ']]],
    ['a\n\nb', [['a'], [''], ['b']]],
    ['\n', [['']]],
    ['\r\n', [['']]],
  ])('%j are %j', (text, expected) => {
    expect(cells(text)).toEqual(expected);
    expect(rows(text).every(({ state }) => state === 'whole')).toBe(true);
  });

  it.each([
    ['"a"', 'a'],
    ['""', ''],
    ['"a,b"', 'a,b'],
    ['"a\nb"', 'a\nb'],
    ['"a\r\nb"', 'a\r\nb'],
    ['"a ""b"" c"', 'a "b" c'],
    ['""""', '"'],
    ['""""""', '""'],
    ['" a "', ' a '],
  ])('hold %s as the one cell %j', (text, cell) => {
    for (const end of ['', '\n', '\r\n', ',']) {
      const [row] = rows(text + end);
      expect([row?.state, row?.cells[0]]).toEqual(['whole', cell]);
    }
  });

  it('take a quotation mark within a cell, and a carriage return that ends no line, as they stand', () => {
    expect(cells('a"b,c""d\ne\rf,g\r')).toEqual([
      ['a"b', 'c""d'],
      ['e\rf', 'g\r'],
    ]);
  });

  it('begin behind a byte order mark, which is no part of the first cell', () => {
    expect(cells('\ufeffendpoint,key\na,b')).toEqual([
      ['endpoint', 'key'],
      ['a', 'b'],
    ]);
    expect(cells('\ufeff"endpoint",key')).toEqual([['endpoint', 'key']]);
    expect(rows('\ufeff')).toEqual([]);
    expect(cells('a,\ufeffb\n\ufeffc')).toEqual([['a', '\ufeffb'], ['\ufeffc']]);
  });

  it.each(['\n', '\r\n'])('know the line each begins on where lines end with %j', (end) => {
    const text = ['a', `"b${end}${end}c",d`, '', `"x",y`, `"1${end}2","3${end}4"`, 'z'].join(end);
    expect(rows(text).map(({ line }) => line)).toEqual([1, 2, 5, 6, 7, 10]);
  });
});

describe('a broken row of CSV', () => {
  it.each([
    ['a quoted cell that does not end', 'a\n"b\nc', [1, 2], ['whole', 'broken']],
    ['a quoted cell that does not end, behind another', 'a,"b', [1], ['broken']],
    ['a quoted cell that ends with a doubled mark', '"a""', [1], ['broken']],
    ['something behind the end of a quoted cell', '"a"b,c\nd', [1, 2], ['broken', 'whole']],
    ['a space behind the end of a quoted cell', '"a" ,b\nd', [1, 2], ['broken', 'whole']],
    ['a lone carriage return there', '"a"\rb\nd', [1, 2], ['broken', 'whole']],
    ['something behind a quoted cell of two lines', '"a\nb"c\nd', [1, 3], ['broken', 'whole']],
  ])('has %s, and the next row is read again', (_what, text, lines, states) => {
    expect(rows(text).map(({ line }) => line)).toEqual(lines);
    expect(rows(text).map(({ state }) => state)).toEqual(states);
  });

  it('has the cells that came before', () => {
    expect(cells('a,"b')).toEqual([['a', 'b']]);
    expect(cells('a,"b"c,d\ne')).toEqual([['a', 'b'], ['e']]);
  });
});

describe('any text as CSV', () => {
  it('that was written from a table is that table', () => {
    const random = new SeededRandom(4180);
    const alphabet = ['a', 'é', '\u{1f98a}', '"', ',', '\n', '\r', ' ', ''];
    for (let round = 0; round < 1_000; round += 1) {
      const width = random.integer(1, 4);
      const cell = (): string => Array.from({ length: random.integer(0, 5) }, () => random.pick(alphabet)).join('');
      const table = Array.from({ length: random.integer(1, 5) }, () => Array.from({ length: width }, cell));
      const text = written(table, random.pick(['\n', '\r\n']), () => random.chance(0.3));
      expect([text, cells(text)]).toEqual([text, table]);
      expect(rows(text).every(({ state }) => state === 'whole')).toBe(true);
    }
  });

  it('is rows whose lines go up, within the lines there are, and never fails', () => {
    const random = new SeededRandom(2005);
    const alphabet = ['a', '"', '"', '""', ',', '\n', '\r\n', '\r', '\ufeff'];
    for (let round = 0; round < 3_000; round += 1) {
      const text = Array.from({ length: random.integer(0, 12) }, () => random.pick(alphabet)).join('');
      const read = rows(text);
      const lines = read.map(({ line }) => line);
      expect([text, lines]).toEqual([text, [...new Set(lines)].sort((left, right) => left - right)]);
      expect(lines.every((line) => line >= 1 && line <= text.split('\n').length)).toBe(true);
      expect(read.every(({ cells }) => cells.length > 0)).toBe(true);
    }
  });

  it.each([
    ['quotation marks', '"'],
    ['broken rows', '"a"b\n'],
    ['empty quoted cells', '"",'],
    ['cells that begin a quotation anew', '"a\n'],
    ['commas', ','],
    ['carriage returns', '\r'],
    ['one long cell', 'a'],
  ])('takes time in proportion to its length: %s', (_what, piece) => {
    const cost = (length: number): number => {
      const text = piece.repeat(length / piece.length);
      const before = process.cpuUsage();
      let count = 0;
      for (const row of csvRows(text)) count += row.cells.length;
      expect(count).toBeGreaterThan(0);
      return milliseconds(process.cpuUsage(before));
    };
    cost(100_000);
    // Ten times the length would take a hundred times as long if it were its square.
    expect(cost(2_000_000)).toBeLessThan(40 * Math.max(cost(200_000), 5));
  });
});
