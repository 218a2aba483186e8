/**
 * OMA TLV, Content-Format 11542 (LwM2M-Core 1.1.1 §7.4.5): object instances, resources and resource instances as nested
 * type-length-value triples. The nesting has three levels by construction, so decoding does not recurse.
 *
 *   type   bits 7-6 kind, bit 5 id of 16 bits, bits 4-3 bytes of the length field, bits 2-0 length when there is no field
 *   id     1 or 2 bytes        length  0 to 3 bytes        value
 */

import { DecodeError, invariant } from '#base';
import { MAX_ID, showPath } from '#lwm2m/model';
import type { InstanceNode, ModelView, Node, Path, PlacedNode, ResourceNode, ResourceType, Scalar } from '#lwm2m/model';
import { checkSize, modelType, outsidePath } from './codec.js';
import type { FormatCodec } from './codec.js';
import { FORMAT_LIMITS } from './parameters.js';
import type { FormatLimits } from './parameters.js';
import { encodeTlv } from './tlv-encode.js';
import { decodeTlvValue } from './tlv-value.js';

/** The codec of TLV. Values without a definition are opaque: TLV does not say what they are. */
export const tlvCodec: FormatCodec = {
  number: 11542,
  name: 'tlv',
  decode(bytes: Uint8Array, target: Path, model: ModelView, limits = FORMAT_LIMITS): PlacedNode[] {
    checkSize(bytes, limits);
    const reading: Reading = { bytes, model, limits, count: 0 };
    return [{ path: target, node: decodeAt(reading, target) }];
  },
  encode(path: Path, node: Node): Uint8Array {
    return encodeTlv(path, node);
  },
};

/** Kinds of TLV, bits 7-6 of the type byte. */
const KIND = { objectInstance: 0, resourceInstance: 1, multipleResource: 2, resource: 3 } as const;
const KIND_NAMES = ['an object instance', 'a resource instance', 'a multiple resource', 'a resource'] as const;

interface Reading {
  readonly bytes: Uint8Array;
  readonly model: ModelView;
  readonly limits: FormatLimits;
  /** TLVs read so far. */
  count: number;
}

/** A span of TLVs, read one header at a time. */
class Span {
  kind: number = KIND.resource;
  id = 0;
  /** Where the value of the current TLV lies. */
  start = 0;
  end = 0;
  readonly #reading: Reading;
  readonly #end: number;
  #next: number;

  constructor(reading: Reading, start: number, end: number) {
    this.#reading = reading;
    this.#next = start;
    this.#end = end;
  }

  /** Moves to the next TLV; false at the end of the span. Throws DecodeError(truncated, bad_id, too_many). */
  next(): boolean {
    const at = this.#next;
    const left = this.#end - at;
    if (left === 0) return false;
    const { bytes, limits } = this.#reading;
    const type = bytes[at] as number;
    const idWidth = (type & 0x20) === 0 ? 1 : 2;
    const lengthWidth = (type >> 3) & 3;
    const value = at + 1 + idWidth + lengthWidth;
    if (value > this.#end) throw new DecodeError('truncated', 'a TLV header ends early', at);
    const length = lengthWidth === 0 ? type & 7 : bigEndian(bytes, value - lengthWidth, value);
    if (length > this.#end - value) {
      throw new DecodeError('truncated', `a TLV of ${length} bytes with ${this.#end - value} left`, at);
    }
    this.kind = type >> 6;
    this.id = bigEndian(bytes, at + 1, at + 1 + idWidth);
    if (this.id > MAX_ID) throw new DecodeError('bad_id', `id ${this.id} is reserved`, at);
    this.#reading.count += 1;
    if (this.#reading.count > limits.records) throw new DecodeError('too_many', `more than ${limits.records} TLVs`, at);
    this.start = value;
    this.end = value + length;
    this.#next = this.end;
    return true;
  }

  /** The DecodeError of a TLV of a kind that does not belong here. */
  misplaced(where: Path): DecodeError {
    const what = KIND_NAMES[this.kind] as string;
    return new DecodeError(
      'bad_nesting',
      `${what} (id ${this.id}) does not belong into ${showPath(where)}`,
      this.start,
    );
  }
}

function decodeAt(reading: Reading, target: Path): Node {
  switch (target.length) {
    case 1:
      return decodeObject(reading, new Span(reading, 0, reading.bytes.length), target);
    case 2:
      return decodeInstance(reading, contents(reading, target), target);
    case 3:
      return decodeResource(reading, contents(reading, target), target);
    default:
      invariant(target.length === 4, 'a TLV payload is read at a path of one to four ids');
      return decodeResourceInstance(reading, contents(reading, target), target);
  }
}

/**
 * The TLVs below the instance that `target` names. Devices put them there bare, as they should, or all in one TLV of that
 * object instance.
 */
function contents(reading: Reading, target: Path): Span {
  const { bytes } = reading;
  const outer = new Span(reading, 0, bytes.length);
  if (bytes.length === 0 || (bytes[0] as number) >> 6 !== KIND.objectInstance) return outer;
  outer.next();
  const [object, instance] = target as [number, number];
  if (outer.id !== instance) throw outsidePath([object, outer.id], target);
  const inner = new Span(reading, outer.start, outer.end);
  if (!outer.next()) return inner;
  throw outer.kind === KIND.objectInstance ? outsidePath([object, outer.id], target) : outer.misplaced(target);
}

function decodeObject(reading: Reading, span: Span, target: Path): Node {
  const instances = new Map<number, InstanceNode>();
  while (span.next()) {
    if (span.kind !== KIND.objectInstance) throw span.misplaced(target);
    const path = [...target, span.id];
    if (instances.has(span.id)) throw duplicate(path);
    instances.set(span.id, decodeInstance(reading, new Span(reading, span.start, span.end), path));
  }
  return { kind: 'object', instances };
}

function decodeInstance(reading: Reading, span: Span, path: Path): InstanceNode {
  const resources = new Map<number, ResourceNode>();
  while (span.next()) {
    if (span.kind !== KIND.resource && span.kind !== KIND.multipleResource) throw span.misplaced(path);
    const resource = [...path, span.id];
    if (resources.has(span.id)) throw duplicate(resource);
    resources.set(span.id, decodeResourceTlv(reading, span, resource));
  }
  return { kind: 'instance', resources };
}

/** A resource was asked for: its TLV, or bare TLVs of its instances. */
function decodeResource(reading: Reading, span: Span, target: Path): Node {
  const definition = reading.model.resource(target[0] as number, target[2] as number);
  if (!span.next()) {
    if (definition?.multiple !== 'multiple') throw new DecodeError('no_value', `no value for ${showPath(target)}`);
    return { kind: 'multiple', values: new Map<number, Scalar>() };
  }
  if (span.kind === KIND.resourceInstance) return { kind: 'multiple', values: decodeInstances(reading, span, target) };
  if (span.kind === KIND.objectInstance) throw span.misplaced(target);
  const path = [...target.slice(0, 2), span.id];
  if (span.id !== target[2]) throw outsidePath(path, target);
  const node = decodeResourceTlv(reading, span, target);
  if (span.next())
    throw span.id === target[2] ? duplicate(target) : outsidePath([...target.slice(0, 2), span.id], target);
  return node;
}

/** A resource instance was asked for: its TLV, or the resource's TLV with that instance alone. */
function decodeResourceInstance(reading: Reading, span: Span, target: Path): Node {
  const resource = target.slice(0, 3);
  let instances = span;
  let found = span.next();
  if (found && span.kind === KIND.multipleResource) {
    if (span.id !== target[2]) throw outsidePath([...target.slice(0, 2), span.id], target);
    instances = new Span(reading, span.start, span.end);
    found = instances.next();
  }
  if (!found) throw new DecodeError('no_value', `no value for ${showPath(target)}`);
  const values = decodeInstances(reading, instances, resource);
  const value = values.get(target[3] as number);
  const [id] = values.keys();
  if (value === undefined || values.size > 1) throw outsidePath([...resource, id as number], target);
  if (span.next()) throw span.misplaced(target);
  return { kind: 'single', value };
}

/** The node of a resource TLV of either kind. */
function decodeResourceTlv(reading: Reading, span: Span, path: Path): ResourceNode {
  if (span.kind === KIND.resource) {
    const type = modelType(path, reading.model);
    return { kind: 'single', value: decodeTlvValue(type, reading.bytes, span.start, span.end, path) };
  }
  const inner = new Span(reading, span.start, span.end);
  return { kind: 'multiple', values: inner.next() ? decodeInstances(reading, inner, path) : new Map<number, Scalar>() };
}

/** Resource instance TLVs from the current one of `span` to its end. */
function decodeInstances(reading: Reading, span: Span, path: Path): Map<number, Scalar> {
  const type: ResourceType | undefined = modelType(path, reading.model);
  const values = new Map<number, Scalar>();
  do {
    if (span.kind !== KIND.resourceInstance) throw span.misplaced(path);
    const instance = [...path, span.id];
    if (values.has(span.id)) throw duplicate(instance);
    values.set(span.id, decodeTlvValue(type, reading.bytes, span.start, span.end, instance));
  } while (span.next());
  return values;
}

function duplicate(path: Path): DecodeError {
  return new DecodeError('duplicate_path', `${showPath(path)} appears twice`);
}

function bigEndian(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let index = start; index < end; index += 1) value = (value << 8) | (bytes[index] as number);
  return value;
}
