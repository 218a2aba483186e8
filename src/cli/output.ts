/** Tables for people, JSON for programs. */

import { escaped, printable } from './logger.js';

/** Prints a value as JSON on one or more lines. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** Prints rows under a heading, columns aligned; text of devices is made printable. Without rows, `none` says so on stderr. */
export function printTable(columns: readonly string[], rows: readonly (readonly string[])[], none: string): void {
  if (rows.length === 0) {
    process.stderr.write(`${none}\n`);
    return;
  }
  const safe = rows.map((row) => row.map(printable));
  const widths = columns.map((name, index) => Math.max(name.length, ...safe.map((row) => row[index]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd();
  process.stdout.write(`${[columns.map((name) => name.toUpperCase()), ...safe].map(line).join('\n')}\n`);
}

/** Prints `name  value` lines, the members of an object in a value below its name; absent values are left out. */
export function printFields(fields: Readonly<Record<string, unknown>>): void {
  const entries = flat(fields, '');
  const width = Math.max(0, ...entries.map(([name]) => name.length));
  for (const [name, value] of entries)
    process.stdout.write(`${`${name.padEnd(width)}  ${escaped(value)}`.trimEnd()}\n`);
}

function flat(fields: Readonly<Record<string, unknown>>, prefix: string): [string, string][] {
  return Object.entries(fields).flatMap(([name, value]): [string, string][] => {
    if (value === undefined) return [];
    if (Array.isArray(value)) return [[prefix + name, value.map(showCell).join(' ')]];
    if (typeof value !== 'object' || value === null) return [[prefix + name, showCell(value)]];
    const inner = flat(value as Record<string, unknown>, `${prefix}${name}.`);
    return inner.length === 0 ? [[prefix + name, '']] : inner;
  });
}

/** A value as one cell. */
export function showCell(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The leaves of a node (resource, instance or object) as rows of path, name, value and unit. */
export function nodeRows(node: unknown): string[][] {
  const entry = (node ?? {}) as Record<string, unknown>;
  const path = showCell(entry['path']);
  for (const group of ['instances', 'resources']) {
    const inner = entry[group];
    if (typeof inner === 'object' && inner !== null) return Object.values(inner).flatMap(nodeRows);
  }
  const name = showCell(entry['name']);
  const units = showCell(entry['units']);
  const values = entry['values'];
  if (typeof values === 'object' && values !== null) {
    return Object.entries(values).map(([id, value]) => [`${path}/${id}`, name, showCell(value), units]);
  }
  return [[path, name, showCell(entry['value']), units]];
}
