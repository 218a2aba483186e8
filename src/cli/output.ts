/** Tables for people, JSON for programs. */

import { printable } from './logger.js';

/** How results are shown. */
export type Format = 'table' | 'json';

/** Prints a value as JSON on one or more lines. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** Prints rows under a heading, columns aligned; text of devices is made printable. */
export function printTable(columns: readonly string[], rows: readonly (readonly string[])[]): void {
  const safe = rows.map((row) => row.map(printable));
  const widths = columns.map((name, index) => Math.max(name.length, ...safe.map((row) => row[index]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd();
  process.stdout.write(`${[columns.map((name) => name.toUpperCase()), ...safe].map(line).join('\n')}\n`);
}

/** Prints `name: value` lines; nested values as JSON, absent ones left out. */
export function printFields(fields: Readonly<Record<string, unknown>>): void {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  const width = Math.max(0, ...entries.map(([name]) => name.length));
  for (const [name, value] of entries) process.stdout.write(`${name.padEnd(width)}  ${printable(showCell(value))}\n`);
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
