/** Nodes → TLV (LwM2M-Core 1.1.1 §7.4.5), ids and lengths in their shortest form. Sizes are known before anything is written. */

import { Writer, invariant } from '#base';
import type { InstanceNode, Node, Path, ResourceNode } from '#lwm2m/model';
import { notEncodable } from './codec.js';
import { FORMAT_LIMITS } from './parameters.js';
import { encodeTlvValue } from './tlv-value.js';

/**
 * The node that stands at `path`, one to four ids: instances as object instance TLVs for an object, bare resources for an
 * instance, one TLV else. Throws AppError(`not_encodable`).
 */
export function encodeTlv(path: Path, node: Node): Uint8Array {
  switch (node.kind) {
    case 'object':
      return written(objectTlvs(path, node.instances));
    case 'instance':
      return written(resourceTlvs(path, node));
    default:
      invariant(path.length === 3 || path.length === 4, 'a resource node stands at a path of three or four ids');
      return written([resourceTlv(path, node)]);
  }
}

/** An instance with its id, as a Create carries it: one object instance TLV. */
export function encodeTlvInstance(path: Path, node: InstanceNode): Uint8Array {
  return written(objectTlvs(path.slice(0, 1), new Map([[path[1] as number, node]])));
}

/** A TLV whose value is known: bytes, or TLVs with their length. */
interface Tlv {
  readonly kind: number;
  readonly id: number;
  readonly value: Uint8Array | readonly Tlv[];
  /** Bytes of the value. */
  readonly length: number;
}

function objectTlvs(path: Path, instances: ReadonlyMap<number, InstanceNode>): Tlv[] {
  const tlvs: Tlv[] = [];
  for (const [id, instance] of instances) {
    tlvs.push(container(KIND_OBJECT_INSTANCE, id, resourceTlvs([...path, id], instance)));
  }
  return tlvs;
}

function resourceTlvs(path: Path, node: InstanceNode): Tlv[] {
  const tlvs: Tlv[] = [];
  for (const [id, resource] of node.resources) tlvs.push(resourceTlv([...path, id], resource));
  return tlvs;
}

/** At a path of three ids a resource, at one of four a resource instance. */
function resourceTlv(path: Path, node: ResourceNode): Tlv {
  const id = path[path.length - 1] as number;
  if (node.kind === 'single') {
    const value = encodeTlvValue(node.value, path);
    return { kind: path.length === 4 ? KIND_RESOURCE_INSTANCE : KIND_RESOURCE, id, value, length: value.length };
  }
  invariant(path.length === 3, 'a multiple resource stands at a path of three ids');
  const instances: Tlv[] = [];
  for (const [instance, scalar] of node.values) {
    instances.push(resourceTlv([...path, instance], { kind: 'single', value: scalar }));
  }
  return container(KIND_MULTIPLE_RESOURCE, id, instances);
}

function container(kind: number, id: number, tlvs: readonly Tlv[]): Tlv {
  return { kind, id, value: tlvs, length: totalLength(tlvs) };
}

function totalLength(tlvs: readonly Tlv[]): number {
  let length = 0;
  for (const tlv of tlvs) length += 1 + (tlv.id > 0xff ? 2 : 1) + lengthWidth(tlv.length) + tlv.length;
  return length;
}

function written(tlvs: readonly Tlv[]): Uint8Array {
  const length = totalLength(tlvs);
  if (length > FORMAT_LIMITS.payloadBytes) {
    throw notEncodable(`the payload would have ${length} bytes, at most ${FORMAT_LIMITS.payloadBytes} are sent`);
  }
  const writer = new Writer(length);
  write(writer, tlvs);
  return writer.finish();
}

/** Recurses at most three levels: instance, resource, resource instance. */
function write(writer: Writer, tlvs: readonly Tlv[]): void {
  for (const { kind, id, value, length } of tlvs) {
    const width = lengthWidth(length);
    writer.u8((kind << 6) | (id > 0xff ? 0x20 : 0) | (width === 0 ? length : width << 3));
    writer.uint(id, id > 0xff ? 2 : 1);
    if (width > 0) writer.uint(length, width);
    if (value instanceof Uint8Array) writer.bytes(value);
    else write(writer, value);
  }
}

/** Bytes of the length field; none up to 7. */
function lengthWidth(length: number): number {
  if (length < 8) return 0;
  if (length <= 0xff) return 1;
  return length <= 0xffff ? 2 : 3;
}

const KIND_OBJECT_INSTANCE = 0;
const KIND_RESOURCE_INSTANCE = 1;
const KIND_MULTIPLE_RESOURCE = 2;
const KIND_RESOURCE = 3;
