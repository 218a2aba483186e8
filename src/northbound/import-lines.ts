/** Lines of an import: CSV with a heading (RFC 4180), or a JSON object a line (NDJSON). A line that cannot be read says so itself. */

import { AppError, csvRows, decodeUtf8, DecodeError, encodeUtf8, type CsvRow } from '#base';

import { parseStrictJson } from './json.js';

/** One line: its number in the text, from 1, and what stands in it or why that cannot be read. */
export interface ImportLine {
  readonly line: number;
  readonly value?: unknown;
  readonly fault?: AppError;
}

/** Forms an import may have, by media type. */
export const IMPORT_TYPES = { 'text/csv': 'csv', 'application/x-ndjson': 'ndjson' } as const;
/** Form of an import. */
export type ImportForm = (typeof IMPORT_TYPES)[keyof typeof IMPORT_TYPES];

/** The lines of an import. Throws AppError(`invalid_body`) for what is no text, or has no heading that can be used. */
export function importLines(bytes: Uint8Array, form: ImportForm, columns: readonly string[]): Iterable<ImportLine> {
  const text = textOf(bytes).replace(/^\uFEFF/, '');
  return form === 'csv' ? csvLines(text, columns) : ndjsonLines(text);
}

function* ndjsonLines(text: string): Generator<ImportLine> {
  let line = 0;
  for (const piece of text.split('\n')) {
    line += 1;
    if (piece.trim() === '') continue;
    try {
      yield { line, value: parseStrictJson(encodeUtf8(piece)) };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      yield { line, fault: error };
    }
  }
}

function csvLines(text: string, columns: readonly string[]): Iterable<ImportLine> {
  const rows = csvRows(text);
  const first = rows.next();
  const heading = first.done === true ? [] : first.value.cells.map((cell) => cell.trim());
  const unknown = heading.find((name) => !columns.includes(name));
  const twice = heading.find((name, index) => heading.indexOf(name) !== index);
  if (unknown !== undefined || heading.length === 0)
    throw new AppError(
      'invalid_body',
      `the first line must name columns, of ${columns.join(', ')}, not "${unknown ?? ''}"`,
    );
  if (twice !== undefined) throw new AppError('invalid_body', `the first line names the column ${twice} twice`);
  return valuesOf(rows, heading);
}

function* valuesOf(rows: Iterable<CsvRow>, heading: readonly string[]): Generator<ImportLine> {
  for (const { line, cells, state } of rows) {
    if (cells.length === 1 && cells[0] === '' && state === 'whole') continue;
    if (state === 'broken') yield { line, fault: wrong('a quoted cell does not end, or goes on behind its end') };
    else if (cells.length !== heading.length)
      yield { line, fault: wrong(`there are ${cells.length} cells, and ${heading.length} columns`) };
    else yield { line, value: objectOf(heading, cells) };
  }
}

/** Empty cells are absent; `true` and `false` in `generate` are what they say. */
function objectOf(heading: readonly string[], cells: readonly string[]): Record<string, unknown> {
  const entries = heading.map((name, index): [string, unknown] => {
    const cell = cells[index] ?? '';
    return [name, name === 'generate' && /^(true|false)$/.test(cell) ? cell === 'true' : cell];
  });
  return Object.fromEntries(entries.filter(([, cell]) => cell !== ''));
}

function textOf(bytes: Uint8Array): string {
  try {
    return decodeUtf8(bytes);
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw new AppError('invalid_body', `the body is no UTF-8: ${cause.message}`, { cause });
  }
}

function wrong(detail: string): AppError {
  return new AppError('invalid_body', detail);
}
