/**
 * LwM2M CBOR, Content-Format 11544 (LwM2M-Core 1.2 §7.5.6): maps that follow the tree of objects. A key is one id or an array
 * of ids that leads down several levels at once; keys begin at the object, whatever path was asked for.
 */

import { DecodeError } from '#base';
import { MAX_ID, showPath } from '#lwm2m/model';
import type { ModelView, Node, Path, PlacedNode } from '#lwm2m/model';
import { CborWriter, writeScalar } from './cbor-write.js';
import { cborWire, decodeCbor } from './cbor.js';
import { checkEncoded } from './codec.js';
import type { FormatCodec } from './codec.js';
import { FORMAT_LIMITS } from './parameters.js';
import type { FormatLimits } from './parameters.js';
import type { ValueSink } from './senml.js';
import { TreeBuilder } from './tree.js';

/** The codec of LwM2M CBOR. Without a definition a value has the type its form shows. */
export const lwm2mCborCodec: FormatCodec = {
  number: 11544,
  name: 'lwm2m-cbor',
  decode(bytes: Uint8Array, target: Path, model: ModelView, limits = FORMAT_LIMITS): PlacedNode[] {
    const builder = new TreeBuilder(target, model);
    new Walk(bytes, limits).into({
      add: (_time, path, wire) => {
        builder.add(path, wire);
      },
      addEmpty: (_time, path) => {
        builder.addEmpty(path);
      },
    });
    return [{ path: target, node: builder.finish() }];
  },
  encode(path: Path, node: Node): Uint8Array {
    const writer = new CborWriter().map(1);
    if (path.length === 1) writer.integer(path[0] as number);
    else {
      writer.array(path.length);
      for (const id of path) writer.integer(id);
    }
    writeLwm2mCborNode(writer, path, node);
    return checkEncoded(writer.finish());
  },
};

/** Hands the values of a payload to `sink`, one by one, and what is empty too. Throws DecodeError. */
export function readLwm2mCbor(bytes: Uint8Array, sink: TreeSink, limits: FormatLimits): void {
  new Walk(bytes, limits).into(sink);
}

/** Takes values, and instances and multiple resources without content. */
export interface TreeSink extends ValueSink {
  addEmpty(time: number | undefined, path: Path): void;
}

/** Goes through the maps of one payload; path by path, at most four deep. */
class Walk {
  readonly #value: unknown;
  readonly #floats: readonly number[];
  readonly #limits: FormatLimits;
  #entry = 0;
  #nextFloat = 0;
  #values = 0;

  constructor(bytes: Uint8Array, limits: FormatLimits) {
    const { value, floats } = decodeCbor(bytes, limits, 'ids or arrays');
    this.#value = value;
    this.#floats = floats;
    this.#limits = limits;
  }

  into(sink: TreeSink): void {
    if (!(this.#value instanceof Map)) throw new DecodeError('bad_lwm2m_cbor', 'LwM2M CBOR that is no map');
    this.#map(this.#value, [], sink);
  }

  #map(map: ReadonlyMap<unknown, unknown>, above: Path, sink: TreeSink): void {
    for (const [key, value] of map) {
      this.#entry += 1;
      const form = this.#form();
      const path = [...above, ...idsOf(key)];
      if (path.length > 4) throw new DecodeError('bad_path', `${path.length} ids on the way to a value, at most 4`);
      if (value instanceof Map) {
        if (path.length === 4) throw new DecodeError('bad_path', `a map at ${showPath(path)}, where a value stands`);
        if (value.size === 0) sink.addEmpty(undefined, path);
        else this.#map(value, path, sink);
        continue;
      }
      const wire = cborWire(value, form);
      if (value === null && sink.addBare !== undefined) {
        sink.addBare(path, 'null');
        continue;
      }
      if (wire === undefined) throw new DecodeError('no_value', `${showPath(path)} has no value`);
      this.#values += 1;
      if (this.#values > this.#limits.records) {
        throw new DecodeError('too_many', `more than ${this.#limits.records} values`);
      }
      sink.add(undefined, path, wire);
    }
  }

  /** Whether the value of the entry reached now was written as a float. */
  #form(): 'float' | 'plain' {
    const floats = this.#floats;
    while (this.#nextFloat < floats.length && (floats[this.#nextFloat] as number) < this.#entry) this.#nextFloat += 1;
    return floats[this.#nextFloat] === this.#entry ? 'float' : 'plain';
  }
}

function idsOf(key: unknown): Path {
  const ids: readonly unknown[] = Array.isArray(key) ? key : [key];
  if (ids.length === 0) throw new DecodeError('bad_path', 'a key that is an empty array');
  for (const id of ids) {
    if (typeof id === 'string') throw new DecodeError('bad_path', 'a key that is text: no gateway is served here');
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id > MAX_ID) {
      throw new DecodeError('bad_path', `a key that is no id from 0 to ${MAX_ID}`);
    }
  }
  return ids as Path;
}

/** Writes what stands at `path`, whose key is written already. Throws AppError(`not_encodable`). */
export function writeLwm2mCborNode(writer: CborWriter, path: Path, node: Node): void {
  if (node.kind === 'single') {
    writeScalar(writer, node.value, path);
    return;
  }
  if (node.kind === 'multiple') {
    writer.map(node.values.size);
    for (const [id, scalar] of node.values) writeScalar(writer.integer(id), scalar, [...path, id]);
    return;
  }
  const children: ReadonlyMap<number, Node> = node.kind === 'object' ? node.instances : node.resources;
  writer.map(children.size);
  for (const [id, child] of children) writeLwm2mCborNode(writer.integer(id), [...path, id], child);
}
