/**
 * Bodies of composite operations (LwM2M-Core 1.1.1 §6.3.8, §6.3.9; 1.2 §6.3.8 with SenML-ETCH, RFC 8790): lists of paths, and
 * values at paths of any objects. Names are whole paths, without base names: that is what every client reads.
 */

import { AppError, DecodeError, encodeUtf8 } from '#base';
import { FORMATS, showPath } from '#lwm2m/model';
import type { CompositeEntry, ModelView, Node, Path, PlacedNode, Scalar } from '#lwm2m/model';
import { CborWriter, writeScalar } from './cbor-write.js';
import { checkEncoded, notEncodable } from './codec.js';
import { Forest } from './forest.js';
import { readLwm2mCbor, writeLwm2mCborNode } from './lwm2m-cbor.js';
import type { TreeSink } from './lwm2m-cbor.js';
import { FORMAT_LIMITS } from './parameters.js';
import type { FormatLimits } from './parameters.js';
import { readSenmlCbor, writeValueLabel } from './senml-cbor.js';
import { readSenmlJson, showSenmlValue } from './senml-json.js';
import { SENML_LABELS } from './senml.js';
import type { WireValue } from './wire.js';

/** The body of a Read- or Observe-Composite: a list of paths. Throws AppError(`not_encodable`). */
export function encodePaths(format: number, paths: readonly Path[]): Uint8Array {
  switch (formOf(format)) {
    case 'json':
      return checkEncoded(encodeUtf8(`[${paths.map((path) => `{"n":"${showPath(path)}"}`).join(',')}]`));
    case 'cbor': {
      const writer = new CborWriter().array(paths.length);
      for (const path of paths) writer.map(1).integer(SENML_LABELS.n).text(showPath(path));
      return checkEncoded(writer.finish());
    }
    case 'tree': {
      const writer = new CborWriter().map(paths.length);
      for (const path of paths) writeKey(writer, path).none();
      return checkEncoded(writer.finish());
    }
  }
}

/** The paths in the body of a Read- or Observe-Composite. Throws DecodeError; `unexpected_value` when one has a value. */
export function decodePaths(format: number, bytes: Uint8Array, limits: FormatLimits = FORMAT_LIMITS): Path[] {
  const paths: Path[] = [];
  read(format, bytes, limits, {
    add: (_time, path) => {
      throw new DecodeError('unexpected_value', `a value at ${showPath(path)} in a list of paths`);
    },
    addEmpty: (_time, path) => {
      throw new DecodeError('unexpected_value', `an empty map at ${showPath(path)} in a list of paths`);
    },
    addBare: (path, form) => {
      if (form === 'sum') throw new DecodeError('unexpected_value', `a sum at ${showPath(path)} in a list of paths`);
      paths.push(path);
    },
  });
  return paths;
}

/**
 * The body of a Write-Composite, or the answer to a Read-Composite: what stands at any paths. A removal goes with the
 * formats of 1.2 alone. Throws AppError(`not_encodable`).
 */
export function encodeComposite(format: number, entries: readonly CompositeEntry[]): Uint8Array {
  const form = formOf(format);
  if (form === 'tree') return encodeTree(entries);
  const records = recordsOf(format, entries);
  if (form === 'json') {
    const texts = records.map(({ path, scalar, time }) => {
      const stamp = time === undefined ? '' : `,"t":${time}`;
      return `{"n":"${showPath(path)}"${stamp},${scalar === null ? '"v":null' : showSenmlValue(scalar, path)}}`;
    });
    return checkEncoded(encodeUtf8(`[${texts.join(',')}]`));
  }
  const writer = new CborWriter().array(records.length);
  for (const { path, scalar, time } of records) {
    writer.map(time === undefined ? 2 : 3);
    writer.integer(SENML_LABELS.n).text(showPath(path));
    if (time !== undefined) {
      writer.integer(SENML_LABELS.t);
      if (Number.isInteger(time)) writer.integer(time);
      else writer.float(time);
    }
    if (scalar === null) writer.integer(SENML_LABELS.v).none();
    else {
      writeValueLabel(writer, scalar.type);
      writeScalar(writer, scalar, path);
    }
  }
  return checkEncoded(writer.finish());
}

/**
 * The body of a Write-Composite → one object node for each object and time in it, and the paths it removes. Types are found
 * as FormatCodec says. Throws DecodeError.
 */
export function decodeComposite(
  format: number,
  bytes: Uint8Array,
  model: ModelView,
  limits: FormatLimits = FORMAT_LIMITS,
): { readonly nodes: readonly PlacedNode[]; readonly removed: readonly Path[] } {
  const forest = new Forest(model);
  const removed: Path[] = [];
  read(format, bytes, limits, {
    add: (time: number | undefined, path: Path, wire: WireValue) => {
      forest.add(time, path, wire);
    },
    addEmpty: (time, path) => {
      forest.addEmpty(time, path);
    },
    addBare: (path, form) => {
      if (form === 'sum') return;
      if (form === 'named') throw new DecodeError('no_value', `${showPath(path)} has no value`);
      if (path.length !== 4) throw new DecodeError('no_value', `${showPath(path)} is no resource instance to remove`);
      removed.push(path);
    },
  });
  return { nodes: forest.finish(), removed };
}

type Form = 'json' | 'cbor' | 'tree';

function read(format: number, bytes: Uint8Array, limits: FormatLimits, sink: TreeSink): void {
  switch (formOf(format)) {
    case 'json':
      readSenmlJson(bytes, sink, limits);
      return;
    case 'cbor':
      readSenmlCbor(bytes, sink, limits);
      return;
    case 'tree':
      readLwm2mCbor(bytes, sink, limits);
  }
}

function formOf(format: number): Form {
  const form = FORMS.get(format);
  if (form !== undefined) return form;
  throw new AppError(
    'not_encodable',
    `format ${format} carries no several paths: use senml-json, senml-cbor, senml-etch-json, senml-etch-cbor or lwm2m-cbor`,
  );
}

function encodeTree(entries: readonly CompositeEntry[]): Uint8Array {
  const writer = new CborWriter().map(entries.length);
  for (const entry of entries) {
    writeKey(writer, entry.path);
    if (entry.node === 'removed') writer.none();
    else writeLwm2mCborNode(writer, entry.path, entry.node);
  }
  return checkEncoded(writer.finish());
}

function writeKey(writer: CborWriter, path: Path): CborWriter {
  if (path.length === 0) throw notEncodable('lwm2m-cbor cannot name the root');
  if (path.length === 1) return writer.integer(path[0] as number);
  writer.array(path.length);
  for (const id of path) writer.integer(id);
  return writer;
}

/** One value with its whole path; null removes. */
interface CompositeRecord {
  readonly path: Path;
  readonly scalar: Scalar | null;
  readonly time: number | undefined;
}

function recordsOf(format: number, entries: readonly CompositeEntry[]): CompositeRecord[] {
  const records: CompositeRecord[] = [];
  const collect = (path: Path, node: Node, time: number | undefined): void => {
    switch (node.kind) {
      case 'single':
        records.push({ path, scalar: node.value, time });
        return;
      case 'multiple':
        for (const [id, scalar] of node.values) records.push({ path: [...path, id], scalar, time });
        return;
      case 'instance':
        for (const [id, child] of node.resources) collect([...path, id], child, time);
        return;
      case 'object':
        for (const [id, child] of node.instances) collect([...path, id], child, time);
    }
  };
  for (const entry of entries) {
    if (entry.node !== 'removed') collect(entry.path, entry.node, entry.time);
    else if (ETCH.has(format)) records.push({ path: entry.path, scalar: null, time: undefined });
    else throw notEncodable(`${showPath(entry.path)} can be removed by senml-etch-json, senml-etch-cbor or lwm2m-cbor`);
  }
  return records;
}

const FORMS: ReadonlyMap<number, Form> = new Map([
  [FORMATS['senml-json'], 'json'],
  [FORMATS['senml-etch-json'], 'json'],
  [FORMATS['senml-cbor'], 'cbor'],
  [FORMATS['senml-etch-cbor'], 'cbor'],
  [FORMATS['lwm2m-cbor'], 'tree'],
]);
const ETCH: ReadonlySet<number> = new Set([FORMATS['senml-etch-json'], FORMATS['senml-etch-cbor']]);
