/** Comma-separated values as people and programs write them (RFC 4180). */

/** A row of CSV. */
export interface CsvRow {
  /** Number of the line it begins on, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
  /** broken: a quoted cell does not end, or goes on behind its end. */
  readonly state: 'whole' | 'broken';
}

/**
 * Rows of CSV (RFC 4180); a quoted cell may hold line breaks. An empty line is a row of one empty cell. A byte order mark,
 * which spreadsheets put before the text, is left out.
 */
export function* csvRows(text: string): Generator<CsvRow, undefined> {
  let at = text.startsWith('\ufeff') ? 1 : 0;
  let line = 1;
  while (at < text.length) {
    const start = line;
    const cells: string[] = [];
    let state: CsvRow['state'] = 'whole';
    for (;;) {
      if (text[at] === '"') {
        const end = endOfQuoted(text, at);
        const quoted = text.slice(at + 1, end < 0 ? text.length : end);
        line += quoted.split('\n').length - 1;
        cells.push(quoted.replaceAll('""', '"'));
        at = end < 0 ? text.length : end + 1;
        if (end < 0 || !/^(,|\r?\n|$)/.test(text.slice(at, at + 2))) {
          state = 'broken';
          at = endOfLine(text, at);
        }
      } else {
        const end = endOfCell(text, at);
        cells.push(text.slice(at, end));
        at = end;
      }
      if (text[at] !== ',') break;
      at += 1;
    }
    if (text[at] === '\r') at += 1;
    at += 1;
    line += 1;
    yield { line: start, cells, state };
  }
  return undefined;
}

/** Where the quotation mark is that ends the cell which begins with one at `at`; -1 when there is none. */
function endOfQuoted(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); end >= 0; end = text.indexOf('"', end + 2))
    if (text[end + 1] !== '"') return end;
  return -1;
}

function endOfCell(text: string, at: number): number {
  let end = at;
  while (end < text.length && text[end] !== ',' && text[end] !== '\n' && !text.startsWith('\r\n', end)) end += 1;
  return end;
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}
