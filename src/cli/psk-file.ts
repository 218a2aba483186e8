/**
 * Pre-shared keys of devices in a file: CSV with a header line, as `credential import` takes it. Columns: `endpoint`,
 * `identity` (the endpoint when the column or the value is missing), `key` as `hex:…`
 * or `base64:…`; others are left alone.
 */

import { readFileSync } from 'node:fs';

import { AppError, csvRows, decodeBase64, encodeUtf8, fromHex, messageOf } from '#base';

/** A pre-shared key and the identity it goes with. */
export interface Psk {
  readonly identity: Uint8Array;
  readonly key: Uint8Array;
}

/** Reads the keys by endpoint. Throws AppError(`usage`) that names file and line. */
export function readPskFile(file: string): ReadonlyMap<string, Psk> {
  const [header, ...rows] = csvRows(textOf(file));
  const names = (header?.cells ?? []).map((cell) => cell.trim());
  const [endpoint, identity, key] = [names.indexOf('endpoint'), names.indexOf('identity'), names.indexOf('key')];
  if (endpoint < 0 || key < 0)
    throw new AppError(
      'usage',
      `${file}, line 1: the columns endpoint and key are needed, there are: ${names.join(', ')}`,
    );
  const keys = new Map<string, Psk>();
  for (const { cells, line, state } of rows) {
    if (cells.length === 1 && cells[0] === '') continue;
    const where = `${file}, line ${line}`;
    if (state === 'broken')
      throw new AppError('usage', `${where}: a quoted cell does not end, or goes on behind its end`);
    const name = cells[endpoint] ?? '';
    if (name === '') throw new AppError('usage', `${where}: the endpoint is missing`);
    if (keys.has(name)) throw new AppError('usage', `${where}: the endpoint ${name} has a line before`);
    const text = identity < 0 ? '' : (cells[identity] ?? '');
    keys.set(name, { identity: encodeUtf8(text === '' ? name : text), key: keyOf(cells[key] ?? '', where) });
  }
  return keys;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new AppError('usage', `${file} cannot be read: ${messageOf(cause)}`, { cause });
  }
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
