/** What a person writes on the command line as JSON text for REST: values, attributes, whole numbers, paths. */

import { AppError } from '#base';

/**
 * The JSON text of a written value. With a `type` the text is one value of that type; without, JSON is taken as it is
 * (so that no digit is lost) and everything else is a text. A whole number that a double cannot hold becomes a decimal
 * string, as REST wants it.
 */
export function valueJson(text: string, type: string | undefined): string {
  if (type !== undefined) {
    const bare = LITERAL_TYPES.has(type) && isJson(text) ? text : JSON.stringify(text);
    return `{"type":${JSON.stringify(type)},"value":${bare}}`;
  }
  if (!isJson(text)) return JSON.stringify(text);
  return /^-?\d+$/.test(text) && !Number.isSafeInteger(Number(text)) ? JSON.stringify(text) : text;
}

/** The JSON text of values by path, from `/1/0/1=60`; each value as valueJson reads it. Throws AppError(`usage`). */
export function valuesJson(list: readonly string[]): string {
  const members = list.map((item) => {
    const mark = item.indexOf('=');
    if (mark < 1) throw new AppError('usage', `"${item}" is not a value at a path: expected such as /1/0/1=60`);
    return `${JSON.stringify(item.slice(0, mark))}:${valueJson(item.slice(mark + 1), undefined)}`;
  });
  return `{${members.join(',')}}`;
}

/** `pmin=10` and `pmin` (which unsets) as members. Throws AppError(`usage`). */
export function attributesOf(list: readonly string[]): Record<string, number | null> {
  const entries = list.map((item): [string, number | null] => {
    const match = /^([A-Za-z]+)(?:=(.*))?$/s.exec(item);
    if (match === null)
      throw new AppError('usage', `"${item}" is not an attribute: NAME=NUMBER sets it, NAME unsets it`);
    const [, name = '', value] = match;
    if (value === undefined || value === '') return [name, null];
    if (!/^-?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(value))
      throw new AppError('usage', `attribute ${name}: "${value}" is not a number`);
    return [name, Number(value)];
  });
  return Object.fromEntries(entries);
}

/** A whole number from 0. Throws AppError(`usage`) that names the option. */
export function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new AppError('usage', `${name} must be a whole number, not "${text}"`);
  return Number(text);
}

/** A number of seconds, such as 93 or 2.5. Throws AppError(`usage`) that names the option. */
export function secondsOf(name: string, text: string): number {
  if (!/^\d{1,9}(\.\d{1,3})?$/.test(text))
    throw new AppError('usage', `${name} must be a number of seconds, not "${text}"`);
  return Number(text);
}

/** The path of a device in REST. */
export function devicePath(endpoint: string): string {
  if (endpoint === '') throw new AppError('usage', 'the endpoint name of a device is never empty');
  return `/devices/${segmentOf(endpoint)}`;
}

/** The path of a model in REST. */
export function modelPath(model: string): string {
  if (model === '') throw new AppError('usage', 'the name of a model is never empty');
  return `/models/${segmentOf(model)}`;
}

/** The path of a credential in REST. */
export function credentialPath(endpoint: string, id: string): string {
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(id))
    throw new AppError('usage', `the id of a credential has 1 to 64 of A-Z, a-z, 0-9, ".", "_" and "-", not "${id}"`);
  return `${devicePath(endpoint)}/credentials/${segmentOf(id)}`;
}

/** The path of a trust anchor, of a revocation list or of a server credential in REST. */
export function trustPath(what: 'trust-anchors' | 'revocation-lists' | 'server-credentials', id: string): string {
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(id))
    throw new AppError('usage', `an id has 1 to 64 of A-Z, a-z, 0-9, ".", "_" and "-", not "${id}"`);
  return `/${what}/${segmentOf(id)}`;
}

/** The path of a profile in REST. */
export function profilePath(id: string): string {
  if (id === '') throw new AppError('usage', 'the id of a profile is never empty');
  return `/profiles/${segmentOf(id)}`;
}

/** `~` and base64url is an alias of every name, and the only way to some. */
function segmentOf(name: string): string {
  const plain = name !== '.' && name !== '..' && !name.startsWith('~');
  return plain ? encodeURIComponent(name) : `~${Buffer.from(name, 'utf8').toString('base64url')}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Types whose values are no JSON strings, and not exact beyond what JSON says. */
const LITERAL_TYPES: ReadonlySet<string> = new Set(['float', 'boolean']);
