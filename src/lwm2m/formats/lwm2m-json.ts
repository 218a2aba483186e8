/**
 * LwM2M JSON, Content-Format 11543 (LwM2M-Core 1.0.2 §6.4.4): one object with a base name, a base time and an array of
 * entries. Opaque values are base64 text. A base name that is missing is the path that was asked for, as in the examples of
 * 1.0; names are joined to it with a slash where neither side has one.
 */

import { DecodeError, decodeBase64, decodeUtf8, encodeBase64, encodeUtf8, unreachable } from '#base';
import { parseObjectLink, showObjectLink, showPath, tryParsePath } from '#lwm2m/model';
import type { ModelView, Node, Path, PlacedNode, Scalar } from '#lwm2m/model';
import { checkEncoded, checkSize, modelType, notEncodable } from './codec.js';
import type { FormatCodec } from './codec.js';
import { isFraction, wholeNumber } from './integers.js';
import { JsonReader } from './json-reader.js';
import type { JsonToken } from './json-reader.js';
import { FORMAT_LIMITS } from './parameters.js';
import type { FormatLimits } from './parameters.js';
import { senmlEntries, showJsonFloat } from './senml.js';
import { TimedTrees } from './timed-trees.js';
import { WireFloat, badValue } from './wire.js';
import type { WireValue } from './wire.js';

/** The codec of LwM2M JSON. Without a definition a value has the type its field and form show; opaque ones look like text. */
export const lwm2mJsonCodec: FormatCodec = {
  number: 11543,
  name: 'json',
  decode(bytes: Uint8Array, target: Path, model: ModelView, limits = FORMAT_LIMITS): PlacedNode[] {
    checkSize(bytes, limits);
    const text = decodeUtf8(bytes);
    // The base may follow the entries it is the base of.
    const base = readBase(text, target, limits);
    return readEntries(text, base, { target, model, limits });
  },
  encode(path: Path, node: Node): Uint8Array {
    const { baseName, entries } = senmlEntries(path, node);
    const shown = entries.map(({ name, path: at, scalar }) => {
      return `{${name === '' ? '' : `"n":"${name}",`}${showValue(scalar, at)}}`;
    });
    return checkEncoded(encodeUtf8(`{"bn":"${baseName}","e":[${shown.join(',')}]}`));
  },
};

interface Base {
  readonly name: string;
  readonly time: number | undefined;
}

interface Question {
  readonly target: Path;
  readonly model: ModelView;
  readonly limits: FormatLimits;
}

/** Base name and base time; also checks that no field of the outer object appears twice and that all of it is JSON. */
function readBase(text: string, target: Path, limits: FormatLimits): Base {
  const json = new JsonReader(text, limits.depth - 1);
  let name = '';
  let time: number | undefined;
  const seen = new Set<string>();
  json.open('{');
  for (let more = json.more('}', 'first'); more; more = json.more('}', 'next')) {
    const key = json.key();
    if (seen.has(key) && FIELDS.has(key)) throw new DecodeError('duplicate_key', `the field ${key} appears twice`);
    seen.add(key);
    if (key === 'bn') name = textOf(json.atContainer() ? undefined : json.scalar(), 'bn');
    else if (key === 'bt') time = secondsOf(json.atContainer() ? undefined : json.scalar());
    else json.skip();
  }
  json.end();
  if (!seen.has('e')) throw new DecodeError('no_value', 'LwM2M JSON without entries (e)');
  return { name: name === '' ? showPath(target) : name, time };
}

function readEntries(text: string, base: Base, question: Question): PlacedNode[] {
  const { target, model, limits } = question;
  const trees = new TimedTrees(target, model);
  const json = new JsonReader(text, limits.depth - 3);
  let count = 0;
  json.open('{');
  for (let more = json.more('}', 'first'); more; more = json.more('}', 'next')) {
    if (json.key() !== 'e') {
      json.skip();
      continue;
    }
    json.open('[');
    for (let entry = json.more(']', 'first'); entry; entry = json.more(']', 'next')) {
      count += 1;
      if (count > limits.records) throw new DecodeError('too_many', `more than ${limits.records} entries`);
      readEntry(json, base, question, trees);
    }
  }
  return trees.finish();
}

function readEntry(json: JsonReader, base: Base, { model, limits }: Question, trees: TimedTrees): void {
  let name = '';
  let time: number | undefined;
  let kind: ValueField | undefined;
  let token: JsonToken;
  const seen = new Set<string>();
  json.open('{');
  for (let field = json.more('}', 'first'); field; field = json.more('}', 'next')) {
    const key = json.key();
    if (!ENTRY_FIELDS.has(key)) {
      json.skip();
      continue;
    }
    if (seen.has(key)) throw new DecodeError('duplicate_key', `an entry has the field ${key} twice`);
    seen.add(key);
    const value = json.atContainer() ? undefined : json.scalar();
    if (key === 'n') name = textOf(value, 'n');
    else if (key === 't') time = secondsOf(value);
    else {
      if (kind !== undefined) throw new DecodeError('bad_json', 'an entry with two values');
      kind = key as ValueField;
      token = value;
    }
    if (value === undefined) throw new DecodeError('bad_json', `the field ${key} of an entry is no plain value`);
  }
  const path = pathOf(base.name, name, limits);
  if (kind === undefined) throw new DecodeError('no_value', `the entry of ${showPath(path)} has no value`);
  const at = time === undefined ? base.time : withinTime((base.time ?? 0) + time);
  trees.add(at, path, wireOf(kind, token, path, model));
}

function pathOf(base: string, name: string, limits: FormatLimits): Path {
  const joint = name === '' || base.endsWith('/') || name.startsWith('/') ? '' : '/';
  const whole = base.endsWith('/') && name.startsWith('/') ? base + name.slice(1) : base + joint + name;
  if (whole.length > limits.nameCharacters) {
    throw new DecodeError('too_long', `a name beyond ${limits.nameCharacters} characters`);
  }
  const path = tryParsePath(whole);
  if (path === undefined) throw new DecodeError('bad_path', `"${whole}" is not a path`);
  return path;
}

function wireOf(field: ValueField, token: JsonToken, path: Path, model: ModelView): WireValue {
  switch (field) {
    case 'v':
      if (typeof token === 'number' || typeof token === 'bigint' || token instanceof WireFloat) return token;
      throw badValue(path, 'v is no number');
    case 'bv':
      if (typeof token === 'boolean') return token;
      throw badValue(path, 'bv is no boolean');
    case 'sv': {
      const text = textOf(token, 'sv');
      if (modelType(path, model) !== 'opaque') return text;
      const bytes = decodeBase64(text);
      if (bytes === undefined) throw badValue(path, 'an opaque value that is no base64');
      return bytes;
    }
    case 'ov': {
      const link = parseObjectLink(textOf(token, 'ov'));
      if (link === undefined) throw badValue(path, 'ov is no object link');
      return link;
    }
    default:
      return unreachable(field);
  }
}

function textOf(token: JsonToken, field: string): string {
  if (typeof token === 'string') return token;
  throw new DecodeError('bad_json', `${field} is no text`);
}

function secondsOf(token: JsonToken): number {
  if (typeof token === 'string' || typeof token === 'boolean' || token === undefined) return withinTime(NaN);
  return withinTime(Number(token instanceof WireFloat ? token.value : token));
}

function withinTime(seconds: number): number {
  if (Math.abs(seconds) <= LATEST_TIME) return seconds;
  throw new DecodeError('bad_time', 'a time that is no number of seconds before the year 10000');
}

function showValue(scalar: Scalar, path: Path): string {
  switch (scalar.type) {
    case 'string':
    case 'corelnk':
      return `"sv":${JSON.stringify(scalar.value)}`;
    case 'integer':
    case 'unsigned':
      return `"v":${wholeNumber(scalar.type, scalar.value, path)}`;
    case 'float':
      if (!Number.isFinite(scalar.value)) throw notEncodable(`${showPath(path)}: JSON cannot carry ${scalar.value}`);
      return `"v":${showJsonFloat(scalar.value)}`;
    case 'boolean':
      return `"bv":${scalar.value}`;
    case 'opaque':
      return `"sv":"${encodeBase64(scalar.value)}"`;
    case 'time':
      return `"v":${isFraction(scalar.value) ? scalar.value : wholeNumber('time', scalar.value, path)}`;
    case 'objlnk':
      return `"ov":"${showObjectLink(scalar.value)}"`;
    default:
      return unreachable(scalar);
  }
}

type ValueField = 'v' | 'bv' | 'sv' | 'ov';

const FIELDS: ReadonlySet<string> = new Set(['bn', 'bt', 'e']);
const ENTRY_FIELDS: ReadonlySet<string> = new Set(['n', 't', 'v', 'bv', 'sv', 'ov']);
/** 9999-12-31T23:59:59Z, the last moment RFC 3339 can write. */
const LATEST_TIME = 253_402_300_799;
