/**
 * text/plain, Content-Format 0 (LwM2M-Core 1.1.1 §7.4.1): one value as text. Integers and times are decimal, floats decimal
 * (an exponent is read, never written), booleans `0` and `1`, opaque base64 with padding, object links `10:3`.
 */

import { DecodeError, decodeBase64, decodeUtf8, encodeBase64, encodeUtf8, unreachable } from '#base';
import { exactInteger, fitsInteger, parseObjectLink, showObjectLink, showPath } from '#lwm2m/model';
import type { IntegerType, ModelView, Node, Path, PlacedNode, ResourceType, Scalar } from '#lwm2m/model';
import { checkSize, modelType, notEncodable, onlyValue } from './codec.js';
import type { FormatCodec } from './codec.js';
import { wholeNumber } from './integers.js';
import { FORMAT_LIMITS } from './parameters.js';
import { badValue } from './wire.js';

/** The codec of text/plain. Without a definition the value is a string. */
export const textCodec: FormatCodec = {
  number: 0,
  name: 'text',
  decode(bytes: Uint8Array, target: Path, model: ModelView, limits = FORMAT_LIMITS): PlacedNode[] {
    checkSize(bytes, limits);
    if (target.length < 3) throw new DecodeError('bad_path', `text carries one value, ${showPath(target)} has several`);
    const value = parseScalar(modelType(target, model) ?? 'string', decodeUtf8(bytes), target);
    return [{ path: target, node: { kind: 'single', value } }];
  },
  encode(path: Path, node: Node): Uint8Array {
    return encodeUtf8(showScalar(onlyValue('text', path, node), path));
  },
};

function parseScalar(type: ResourceType, text: string, path: Path): Scalar {
  switch (type) {
    case 'string':
    case 'corelnk':
      return { type, value: text };
    case 'integer':
    case 'unsigned':
    case 'time':
      return { type, value: parseInteger(type, text, path) };
    case 'float':
      return { type, value: parseFloatText(text, path) };
    case 'boolean':
      if (text !== '0' && text !== '1') throw badValue(path, 'no boolean: expected 0 or 1');
      return { type, value: text === '1' };
    case 'opaque': {
      const value = decodeBase64(text);
      if (value === undefined) throw badValue(path, 'no base64');
      return { type, value };
    }
    case 'objlnk': {
      const value = parseObjectLink(text);
      if (value === undefined) throw badValue(path, 'no object link: expected object:instance');
      return { type, value };
    }
    default:
      return unreachable(type);
  }
}

function parseInteger(type: IntegerType, text: string, path: Path): number | bigint {
  if (text.length > MAX_DIGITS || !INTEGER.test(text)) throw badValue(path, `no decimal number (${type})`);
  const value = text.length < 16 ? Number(text) + 0 : exactInteger(BigInt(text));
  if (!fitsInteger(type, value)) throw badValue(path, `the number does not fit in 64 bits (${type})`);
  return value;
}

function parseFloatText(text: string, path: Path): number {
  if (FLOAT.test(text)) return Number(text);
  const special = SPECIAL_FLOATS.get(text.toLowerCase());
  if (special === undefined) throw badValue(path, 'no decimal number (float)');
  return special;
}

function showScalar(scalar: Scalar, path: Path): string {
  switch (scalar.type) {
    case 'string':
    case 'corelnk':
      return scalar.value;
    case 'integer':
    case 'unsigned':
    case 'time':
      return wholeNumber(scalar.type, scalar.value, path).toString();
    case 'float':
      if (!Number.isFinite(scalar.value)) throw notEncodable(`${showPath(path)}: text cannot carry ${scalar.value}`);
      return showDecimal(scalar.value);
    case 'boolean':
      return scalar.value ? '1' : '0';
    case 'opaque':
      return encodeBase64(scalar.value);
    case 'objlnk':
      return showObjectLink(scalar.value);
    default:
      return unreachable(scalar);
  }
}

/** The shortest decimal that is this number, written without an exponent. */
function showDecimal(value: number): string {
  if (Object.is(value, -0)) return '-0.0';
  const shortest = String(value);
  const e = shortest.indexOf('e');
  if (e < 0) return shortest;
  const sign = value < 0 ? '-' : '';
  const digits = shortest.slice(sign.length, e).replace('.', '');
  const point = shortest.slice(0, e).includes('.') ? 1 : digits.length;
  const shift = Number(shortest.slice(e + 1)) + point;
  if (shift <= 0) return `${sign}0.${'0'.repeat(-shift)}${digits}`;
  return `${sign}${digits.padEnd(shift, '0')}`;
}

const INTEGER = /^-?\d+$/;
const FLOAT = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
/** Longer digits are no number of 64 bits, even with some leading zeros. */
const MAX_DIGITS = 40;
/** What C and Java print for these. */
const SPECIAL_FLOATS: ReadonlyMap<string, number> = new Map([
  ['nan', NaN],
  ['-nan', NaN],
  ['inf', Infinity],
  ['-inf', -Infinity],
  ['infinity', Infinity],
  ['-infinity', -Infinity],
]);
