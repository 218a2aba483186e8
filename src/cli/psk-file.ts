/**
 * Pre-shared keys of devices in a file: CSV with a header line, as `credential import` takes it. Columns: `endpoint`,
 * `identity` (the endpoint when the column or the value is missing), `key` as `hex:…`
 * or `base64:…`; others are left alone.
 */

import { readFileSync } from 'node:fs';

import { AppError, decodeBase64, encodeUtf8, fromHex, messageOf } from '#base';

/** A pre-shared key and the identity it goes with. */
export interface Psk {
  readonly identity: Uint8Array;
  readonly key: Uint8Array;
}

/** Reads the keys by endpoint. Throws AppError(`usage`) that names file and line. */
export function readPskFile(file: string): ReadonlyMap<string, Psk> {
  const lines = textOf(file).split(/\r?\n/);
  const header = cells(lines[0] ?? '');
  const [endpoint, identity, key] = ['endpoint', 'identity', 'key'].map((name) => header.indexOf(name)) as [
    number,
    number,
    number,
  ];
  if (endpoint < 0 || key < 0)
    throw new AppError(
      'usage',
      `${file}, line 1: the columns endpoint and key are needed, there are: ${header.join(', ')}`,
    );
  const keys = new Map<string, Psk>();
  lines.slice(1).forEach((line, index) => {
    if (line.trim() === '') return;
    const row = cells(line);
    const name = row[endpoint] ?? '';
    const where = `${file}, line ${index + 2}`;
    if (name === '') throw new AppError('usage', `${where}: the endpoint is missing`);
    if (keys.has(name)) throw new AppError('usage', `${where}: the endpoint ${name} has a line before`);
    const text = identity < 0 ? '' : (row[identity] ?? '');
    keys.set(name, { identity: encodeUtf8(text === '' ? name : text), key: keyOf(row[key] ?? '', where) });
  });
  return keys;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new AppError('usage', `${file} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** Cells of a line; those in quotes may hold commas and doubled quotes (RFC 4180 §2). */
function cells(line: string): string[] {
  const found: string[] = [];
  for (const match of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g))
    found.push((match[1]?.replaceAll('""', '"') ?? match[2] ?? '').trim());
  return found;
}

function keyOf(text: string, where: string): Uint8Array {
  const [, form, digits = ''] = /^(hex|base64):(.*)$/.exec(text) ?? [];
  const isHex = form === 'hex' && /^([0-9a-fA-F]{2})+$/.test(digits);
  const bytes = isHex ? fromHex(digits) : form === 'base64' ? decodeBase64(digits) : undefined;
  if (bytes === undefined || bytes.length < LEAST || bytes.length > MOST)
    throw new AppError('usage', `${where}: the key must be hex:… or base64:… of ${LEAST} to ${MOST} bytes`);
  return bytes;
}

const LEAST = 8;
const MOST = 64;
