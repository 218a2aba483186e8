/**
 * LwM2M CBOR, Content-Format 11544 (LwM2M-Core 1.2 §7.5.6): maps that follow the tree of objects. A key is one id or an array
 * of ids that leads down several levels at once; keys begin at the object, whatever path was asked for.
 */

import { DecodeError } from '#base';
import { MAX_ID, showPath } from '#lwm2m/model';
import type { ModelView, Node, Path, PlacedNode } from '#lwm2m/model';
import { CborReader } from './cbor-reader.js';
import { CborWriter, writeScalar } from './cbor-write.js';
import { checkEncoded } from './codec.js';
import type { FormatCodec } from './codec.js';
import { FORMAT_LIMITS } from './parameters.js';
import type { FormatLimits } from './parameters.js';
import type { ValueSink } from './senml.js';
import { TreeBuilder } from './tree.js';
import type { WireValue } from './wire.js';

/** The codec of LwM2M CBOR. Without a definition a value has the type its form shows. */
export const lwm2mCborCodec: FormatCodec = {
  number: 11544,
  name: 'lwm2m-cbor',
  decode(bytes: Uint8Array, target: Path, model: ModelView, limits = FORMAT_LIMITS): PlacedNode[] {
    const builder = new TreeBuilder(target, model);
    const sink: TreeSink = {
      add: (_time, path, wire) => {
        builder.add(path, wire);
      },
      addEmpty: (_time, path) => {
        builder.addEmpty(path);
      },
    };
    new Walk(bytes, sink, limits).run();
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
  new Walk(bytes, sink, limits).run();
}

/** Takes values, and instances and multiple resources without content. */
export interface TreeSink extends ValueSink {
  addEmpty(time: number | undefined, path: Path): void;
}

/** Goes through the maps of one payload; path by path, at most four deep. */
class Walk {
  readonly #cbor: CborReader;
  readonly #sink: TreeSink;
  readonly #limits: FormatLimits;
  #values = 0;

  constructor(bytes: Uint8Array, sink: TreeSink, limits: FormatLimits) {
    this.#cbor = new CborReader(bytes, limits, 'ids or arrays');
    this.#sink = sink;
    this.#limits = limits;
  }

  run(): void {
    if (!this.#cbor.atMap()) throw new DecodeError('bad_lwm2m_cbor', 'LwM2M CBOR that is no map');
    this.#map([], this.#cbor.open());
    this.#cbor.end();
  }

  /** The entries of a map that was opened. */
  #map(above: Path, entries: number): void {
    const cbor = this.#cbor;
    const seen = new SeenIds();
    for (let entry = 0; cbor.more(entries, entry); entry += 1) {
      const path = cbor.atArray() ? this.#arrayKey(above) : this.#key(above, seen);
      if (cbor.atMap()) {
        if (path.length === 4) throw new DecodeError('bad_path', `a map at ${showPath(path)}, where a value stands`);
        this.#inner(path);
      } else this.#value(path);
    }
  }

  #inner(path: Path): void {
    const cbor = this.#cbor;
    const entries = cbor.open();
    if (entries !== 0 && !cbor.atBreak(entries)) {
      this.#map(path, entries);
      return;
    }
    cbor.more(entries, 0);
    this.#count();
    this.#sink.addEmpty(undefined, path);
  }

  #value(path: Path): void {
    const wire = this.#cbor.value();
    this.#count();
    if (wire === null && this.#sink.addBare !== undefined) {
      this.#sink.addBare(path, 'null');
      return;
    }
    if (wire === undefined || wire === null) throw new DecodeError('no_value', `${showPath(path)} has no value`);
    this.#sink.add(undefined, path, wire);
  }

  /** Counts a value, or what is there without content. */
  #count(): void {
    this.#values += 1;
    if (this.#values > this.#limits.records) {
      throw new DecodeError('too_many', `more than ${this.#limits.records} values`);
    }
  }

  /** The path of a key that is one id. */
  #key(above: Path, seen: SeenIds): Path {
    const id = idOf(this.#cbor.key());
    if (!seen.add(id)) throw new DecodeError('duplicate_key', 'a key appears twice in a CBOR map');
    return [...above, id];
  }

  /** The path of a key that is an array of ids. */
  #arrayKey(above: Path): Path {
    const cbor = this.#cbor;
    const count = cbor.open();
    const ids: number[] = [];
    while (cbor.more(count, ids.length)) {
      if (ids.length === 4) throw new DecodeError('bad_path', 'more than 4 ids on the way to a value');
      ids.push(idOf(cbor.atArray() || cbor.atMap() ? cbor.value() : cbor.key()));
    }
    if (ids.length === 0) throw new DecodeError('bad_path', 'a key that is an empty array');
    return below(above, ids);
  }
}

/** The ids a map has had as keys: a list while they ascend, as they mostly do, then a set. */
class SeenIds {
  readonly #ascending: number[] = [];
  #set: Set<number> | undefined;

  /** Adds an id; false when it was there. */
  add(id: number): boolean {
    const list = this.#ascending;
    if (this.#set === undefined) {
      if (list.length === 0 || id > (list[list.length - 1] as number)) {
        list.push(id);
        return true;
      }
      this.#set = new Set(list);
    }
    if (this.#set.has(id)) return false;
    this.#set.add(id);
    return true;
  }
}

function below(above: Path, ids: readonly number[]): Path {
  const path = above.length === 0 ? ids : [...above, ...ids];
  if (path.length > 4) throw new DecodeError('bad_path', `${path.length} ids on the way to a value, at most 4`);
  return path;
}

function idOf(key: WireValue | null | undefined): number {
  if (typeof key === 'string') throw new DecodeError('bad_path', 'a key that is text: no gateway is served here');
  if (typeof key === 'number' && Number.isInteger(key) && key >= 0 && key <= MAX_ID) return key;
  throw new DecodeError('bad_path', `a key that is no id from 0 to ${MAX_ID}`);
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
