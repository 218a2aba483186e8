/** SenML JSON, Content-Format 110 (RFC 8428 §5; LwM2M-Core 1.1.1 §7.4.4): an array of objects. Opaque values are base64url. */

import { DecodeError, decodeBase64, decodeUtf8, encodeBase64Url, encodeUtf8, unreachable } from '#base';
import { showObjectLink, showPath } from '#lwm2m/model';
import type { ModelView, Node, Path, PlacedNode, Scalar } from '#lwm2m/model';
import { checkEncoded, checkSize, notEncodable } from './codec.js';
import type { FormatCodec } from './codec.js';
import { isFraction, wholeNumber } from './integers.js';
import { JsonReader } from './json-reader.js';
import { FORMAT_LIMITS } from './parameters.js';
import type { FormatLimits } from './parameters.js';
import { SENML_LABELS, SenmlReader, senmlEntries, showJsonFloat } from './senml.js';
import type { SenmlLabel, ValueSink } from './senml.js';
import { TimedTrees } from './timed-trees.js';
import { WireFloat } from './wire.js';

/** The codec of SenML JSON. Without a definition a value has the type its field and form show. */
export const senmlJsonCodec: FormatCodec = {
  number: 110,
  name: 'senml-json',
  decode(bytes: Uint8Array, target: Path, model: ModelView, limits = FORMAT_LIMITS): PlacedNode[] {
    const trees = new TimedTrees(target, model);
    readSenmlJson(bytes, trees, limits);
    return trees.finish();
  },
  encode(path: Path, node: Node): Uint8Array {
    const { baseName, entries } = senmlEntries(path, node);
    const records = entries.map(({ name, path: at, scalar }, index) => {
      const base = index === 0 ? `"bn":"${baseName}",` : '';
      return `{${base}${name === '' ? '' : `"n":"${name}",`}${showSenmlValue(scalar, at)}}`;
    });
    return checkEncoded(encodeUtf8(`[${records.join(',')}]`));
  },
};

/** Hands the values of a payload to `sink`, one by one. Throws DecodeError. */
export function readSenmlJson(bytes: Uint8Array, sink: ValueSink, limits: FormatLimits): void {
  checkSize(bytes, limits);
  const reader = new SenmlReader(sink, limits);
  const json = new JsonReader(decodeUtf8(bytes), limits.depth - 2);
  json.open('[');
  for (let more = json.more(']', 'first'); more; more = json.more(']', 'next')) {
    reader.begin();
    json.open('{');
    for (let field = json.more('}', 'first'); field; field = json.more('}', 'next')) readField(json, reader);
    reader.end();
  }
  json.end();
}

function readField(json: JsonReader, reader: SenmlReader): void {
  const key = json.key();
  const label = LABELS.get(key) ?? key;
  if (json.atContainer()) {
    json.skip();
    reader.field(label, undefined);
    return;
  }
  const value = json.scalar() ?? null;
  if (label === SENML_LABELS.bver && value instanceof WireFloat) {
    // To JSON 10.0 and 10 are one number.
    reader.field(label, value.value);
    return;
  }
  if (label !== SENML_LABELS.vd || value === null) {
    reader.field(label, value);
    return;
  }
  const bytes = typeof value === 'string' ? decodeBase64(value) : undefined;
  if (bytes === undefined) throw new DecodeError('bad_value', 'a data value that is no base64');
  reader.field(label, bytes);
}

/** The value field of a record. Throws AppError(`not_encodable`). */
export function showSenmlValue(scalar: Scalar, path: Path): string {
  switch (scalar.type) {
    case 'string':
    case 'corelnk':
      return `"vs":${JSON.stringify(scalar.value)}`;
    case 'integer':
    case 'unsigned':
      return `"v":${wholeNumber(scalar.type, scalar.value, path)}`;
    case 'float':
      if (!Number.isFinite(scalar.value)) throw notEncodable(`${showPath(path)}: JSON cannot carry ${scalar.value}`);
      return `"v":${showJsonFloat(scalar.value)}`;
    case 'boolean':
      return `"vb":${scalar.value}`;
    case 'opaque':
      return `"vd":"${encodeBase64Url(scalar.value)}"`;
    case 'time':
      return `"v":${isFraction(scalar.value) ? scalar.value : wholeNumber('time', scalar.value, path)}`;
    case 'objlnk':
      return `"vlo":"${showObjectLink(scalar.value)}"`;
    default:
      return unreachable(scalar);
  }
}

const LABELS: ReadonlyMap<string, SenmlLabel> = new Map(Object.entries(SENML_LABELS));
