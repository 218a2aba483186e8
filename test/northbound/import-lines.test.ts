/** Lines of an import: CSV (RFC 4180) and NDJSON, whatever is in them. */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encodeUtf8 } from '#base';
import { importLines } from '../../src/northbound/import-lines.js';
import type { ImportForm } from '../../src/northbound/import-lines.js';

const COLUMNS = ['endpoint', 'id', 'generate', 'label'];
const lines = (text: string, form: ImportForm = 'csv'): unknown[] =>
  [...importLines(encodeUtf8(text), form, COLUMNS)].map(({ line, value, fault }) => [line, value ?? fault?.message]);

describe('CSV', () => {
  it('gives an object a row, without its empty cells, by the columns of the heading', () => {
    expect(lines('endpoint,generate,label\na,true,x\r\nb,,\n\nc,false,"y, ""z"""')).toEqual([
      [2, { endpoint: 'a', generate: true, label: 'x' }],
      [3, { endpoint: 'b' }],
      [5, { endpoint: 'c', generate: false, label: 'y, "z"' }],
    ]);
  });

  it('counts the lines of quoted cells, and begins after a byte order mark', () => {
    expect(lines('\uFEFFendpoint,label\r\na,"1\n2\r\n3"\r\nb,x\r\n')).toEqual([
      [2, { endpoint: 'a', label: '1\n2\r\n3' }],
      [5, { endpoint: 'b', label: 'x' }],
    ]);
  });

  it('says of a row alone what is wrong with it', () => {
    expect(lines('endpoint,label\na\nb,"x"y\nc,1,2\nd,z\ne,"open')).toEqual([
      [2, 'there are 1 cells, and 2 columns'],
      [3, 'a quoted cell does not end, or goes on behind its end'],
      [4, 'there are 3 cells, and 2 columns'],
      [5, { endpoint: 'd', label: 'z' }],
      [6, 'a quoted cell does not end, or goes on behind its end'],
    ]);
  });

  it.each([
    ['', 'must name columns, of endpoint, id, generate, label'],
    ['endpoint,colour\n', 'not "colour"'],
    ['endpoint,endpoint\n', 'names the column endpoint twice'],
  ])('with the heading %j is refused', (text, words) => {
    expect(() => lines(text)).toThrow(words);
  });

  it('reads back what a program wrote, whatever was in the cells', () => {
    const cell = fc.string({ minLength: 1, unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', 'ü') });
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1 }), (rows) => {
        const text = rows.map((row) => row.map((text) => `"${text.replaceAll('"', '""')}"`).join(','));
        const found = [...importLines(encodeUtf8(['id,label', ...text].join('\n')), 'csv', COLUMNS)];
        expect(found.map(({ value }) => value)).toEqual(rows.map(([id, label]) => ({ id, label })));
      }),
    );
  });

  it('never throws behind its heading, and takes time in proportion', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r') }), (text) => {
        for (const { line, value, fault } of importLines(encodeUtf8(`id\n${text}`), 'csv', COLUMNS)) {
          expect(line).toBeGreaterThan(1);
          expect(value === undefined).toBe(fault !== undefined);
        }
      }),
    );
    const start = performance.now();
    expect(lines(`id\n${'"'.repeat(200_000)}\n${'a,'.repeat(100_000)}`)).toHaveLength(2);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

describe('NDJSON', () => {
  it('gives the value of each line, or what is wrong with it', () => {
    expect(lines('{"id":"1"}\n\n{"id":\n[]\n{"id":"2"}', 'ndjson')).toEqual([
      [1, { id: '1' }],
      [3, expect.stringContaining('JSON') as unknown],
      [4, []],
      [5, { id: '2' }],
    ]);
  });

  it.each(['csv', 'ndjson'] as const)('and CSV are text: bytes that are no UTF-8 are refused (%s)', (form) => {
    expect(() => [...importLines(Uint8Array.of(0x69, 0xff), form, COLUMNS)]).toThrow('the body is no UTF-8');
  });
});
