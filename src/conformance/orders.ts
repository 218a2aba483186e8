/** Orders as requests on the wire, and in words for the steps of a report. */

import { Code } from '#coap/codec';

import type { Ended, Order } from './rig.js';

/** Where the request of an order goes: composite ones to the root, a partial write to the instance. */
export function targetOf({ kind, mode, path = '/' }: Order): string {
  if (COMPOSITE.has(kind)) return '/';
  return kind === 'write' && mode === 'update' ? path.split('/').slice(0, 3).join('/') : path;
}

/** The code of the request of an order. */
export function codeOf({ kind, mode }: Order): number {
  switch (kind) {
    case 'read':
    case 'discover':
      return Code.GET;
    case 'write':
      return mode === 'update' ? Code.POST : Code.PUT;
    case 'writeAttributes':
      return Code.PUT;
    case 'delete':
      return Code.DELETE;
    case 'readComposite':
      return Code.FETCH;
    case 'writeComposite':
      return Code.IPATCH;
    default:
      return Code.POST;
  }
}

/** The code of an answer to an order that succeeds. */
export function successOf({ kind }: Order): string {
  return SUCCESS[kind] ?? '2.04';
}

/** An order in words. */
export function wordsOf({ kind, path, paths, format, depth, attributes, value, mode }: Order): string {
  const words = [
    kind === 'write' && mode === 'update' ? 'Write (partial)' : (WORDS[kind] ?? kind),
    paths !== undefined ? paths.join(', ') : (path ?? ''),
    depth === undefined ? '' : `depth=${depth}`,
    attributes === undefined ? '' : queryText(attributes),
    value === undefined ? '' : shorten(JSON.stringify(value)),
    format === undefined ? '' : `in ${format}`,
  ];
  return words.filter((word) => word !== '').join(' ');
}

/** Attributes as a query. */
export function queryText(attributes: Readonly<Record<string, number | null>>): string {
  return Object.entries(attributes)
    .map(([name, value]) => (value === null ? name : `${name}=${String(value)}`))
    .join('&');
}

/** Why an operation did not succeed. */
export function reasonOf({ state, error }: Ended): string {
  return [error?.code ?? state, error?.coapCode, error?.detail].filter((word) => word !== undefined).join(' ');
}

/** A value in words. */
export function show(value: unknown): string {
  return value === undefined ? 'nothing' : shorten(JSON.stringify(value));
}

function shorten(text: string): string {
  return text.length <= LONGEST_WORD ? text : `${text.slice(0, LONGEST_WORD)}…`;
}

const WORDS: Readonly<Record<string, string>> = {
  read: 'Read',
  discover: 'Discover',
  write: 'Write',
  writeAttributes: 'Write-Attributes',
  execute: 'Execute',
  create: 'Create',
  delete: 'Delete',
  readComposite: 'Read-Composite',
  writeComposite: 'Write-Composite',
};
const SUCCESS: Readonly<Record<string, string>> = {
  read: '2.05',
  discover: '2.05',
  readComposite: '2.05',
  create: '2.01',
  delete: '2.02',
};
const COMPOSITE: ReadonlySet<string> = new Set(['readComposite', 'writeComposite']);
const LONGEST_WORD = 120;
