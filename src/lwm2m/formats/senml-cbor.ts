/** SenML CBOR, Content-Format 112 (RFC 8428 §6; LwM2M-Core 1.1.1 §7.4.4): an array of maps with integer labels. */

import { DecodeError } from '#base';
import type { ModelView, Node, Path, PlacedNode, Scalar } from '#lwm2m/model';
import { CborReader } from './cbor-reader.js';
import { CborWriter, writeScalar } from './cbor-write.js';
import { checkEncoded } from './codec.js';
import type { FormatCodec } from './codec.js';
import { FORMAT_LIMITS } from './parameters.js';
import type { FormatLimits } from './parameters.js';
import { SENML_LABELS, SenmlReader, senmlEntries } from './senml.js';
import type { ValueSink } from './senml.js';
import { TimedTrees } from './timed-trees.js';

/** The codec of SenML CBOR. Without a definition a value has the type its label and form show. */
export const senmlCborCodec: FormatCodec = {
  number: 112,
  name: 'senml-cbor',
  decode(bytes: Uint8Array, target: Path, model: ModelView, limits = FORMAT_LIMITS): PlacedNode[] {
    const trees = new TimedTrees(target, model);
    readSenmlCbor(bytes, trees, limits);
    return trees.finish();
  },
  encode(path: Path, node: Node): Uint8Array {
    const { baseName, entries } = senmlEntries(path, node);
    const writer = new CborWriter().array(entries.length);
    let base: string | undefined = baseName;
    for (const { name, path: at, scalar } of entries) {
      writer.map(1 + (base === undefined ? 0 : 1) + (name === '' ? 0 : 1));
      if (base !== undefined) writer.integer(SENML_LABELS.bn).text(base);
      if (name !== '') writer.integer(SENML_LABELS.n).text(name);
      writeValueLabel(writer, scalar.type);
      writeScalar(writer, scalar, at);
      base = undefined;
    }
    return checkEncoded(writer.finish());
  },
};

/** Hands the values of a payload to `sink`, one by one. Throws DecodeError. */
export function readSenmlCbor(bytes: Uint8Array, sink: ValueSink, limits: FormatLimits): void {
  const cbor = new CborReader(bytes, limits);
  const reader = new SenmlReader(sink, limits);
  if (!cbor.atArray()) throw new DecodeError('bad_senml', 'SenML CBOR that is no array of records');
  const records = cbor.open();
  if (records > limits.records) throw new DecodeError('too_many', `more than ${limits.records} SenML records`);
  for (let record = 0; cbor.more(records, record); record += 1) {
    if (!cbor.atMap()) throw new DecodeError('bad_senml', 'a SenML record that is no map');
    reader.begin();
    const fields = cbor.open();
    for (let field = 0; cbor.more(fields, field); field += 1) reader.field(cbor.key(), cbor.value());
    reader.end();
  }
  cbor.end();
}

/** Writes the label of the field that carries a value of that type. */
export function writeValueLabel(writer: CborWriter, type: Scalar['type']): void {
  const label = VALUE_LABELS[type];
  if (typeof label === 'string') writer.text(label);
  else writer.integer(label);
}

/** Field that carries a value, by type. */
const VALUE_LABELS = {
  string: SENML_LABELS.vs,
  integer: SENML_LABELS.v,
  unsigned: SENML_LABELS.v,
  float: SENML_LABELS.v,
  boolean: SENML_LABELS.vb,
  opaque: SENML_LABELS.vd,
  time: SENML_LABELS.v,
  objlnk: SENML_LABELS.vlo,
  corelnk: SENML_LABELS.vs,
} as const;
