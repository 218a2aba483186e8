/** Nodes → TLV (LwM2M-Core 1.1.1 §7.4.5), ids and lengths in their shortest form, written from front to back. */

import { invariant } from '#base';
import type { InstanceNode, Node, Path, ResourceNode, Scalar } from '#lwm2m/model';
import { checkEncoded } from './codec.js';
import { tlvValueLength, writeTlvValue } from './tlv-value.js';

/**
 * The node that stands at `path`, one to four ids: instances as object instance TLVs for an object, bare resources for an
 * instance, one TLV else. Throws AppError(`not_encodable`).
 */
export function encodeTlv(path: Path, node: Node): Uint8Array {
  const writer = new TlvWriter();
  switch (node.kind) {
    case 'object':
      for (const [id, instance] of node.instances) writer.instance(path, id, instance);
      break;
    case 'instance':
      for (const [id, resource] of node.resources) writer.resource(path, id, resource);
      break;
    default: {
      invariant(path.length === 3 || path.length === 4, 'a resource node stands at a path of three or four ids');
      const [above, id] = [path.slice(0, -1), path[path.length - 1] as number];
      if (path.length === 3) writer.resource(above, id, node);
      else {
        invariant(node.kind === 'single', 'a multiple resource stands at a path of three ids');
        writer.value(KIND_RESOURCE_INSTANCE, above, id, node.value);
      }
    }
  }
  return checkEncoded(writer.finish());
}

/** An instance with its id, as a Create carries it: one object instance TLV. */
export function encodeTlvInstance(path: Path, node: InstanceNode): Uint8Array {
  const writer = new TlvWriter();
  writer.instance(path.slice(0, 1), path[1] as number, node);
  return checkEncoded(writer.finish());
}

/** Appends TLVs. `above` is the path of what a TLV stands in, `id` its own; the length of a container is known beforehand. */
class TlvWriter {
  #buffer: Buffer = Buffer.allocUnsafe(256);
  #length = 0;

  instance(above: Path, id: number, node: InstanceNode): void {
    const path = [...above, id];
    let length = 0;
    for (const [resource, child] of node.resources) length += resourceLength(path, resource, child);
    this.#head(KIND_OBJECT_INSTANCE, id, length);
    for (const [resource, child] of node.resources) this.resource(path, resource, child);
  }

  resource(above: Path, id: number, node: ResourceNode): void {
    if (node.kind === 'single') {
      this.value(KIND_RESOURCE, above, id, node.value);
      return;
    }
    const path = [...above, id];
    this.#head(KIND_MULTIPLE_RESOURCE, id, instancesLength(path, node.values));
    for (const [instance, scalar] of node.values) this.value(KIND_RESOURCE_INSTANCE, path, instance, scalar);
  }

  value(kind: number, above: Path, id: number, scalar: Scalar): void {
    const length = tlvValueLength(scalar, above, id);
    this.#head(kind, id, length);
    writeTlvValue(this.#buffer, this.#length, scalar, length);
    this.#length += length;
  }

  finish(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Writes a head and makes room for the value. */
  #head(kind: number, id: number, length: number): void {
    this.#reserve(LONGEST_HEAD + length);
    const buffer = this.#buffer;
    const wide = id > 0xff;
    const width = lengthWidth(length);
    let at = this.#length;
    buffer[at++] = (kind << 6) | (wide ? 0x20 : 0) | (width === 0 ? length : width << 3);
    if (wide) buffer[at++] = id >> 8;
    buffer[at++] = id & 0xff;
    for (let shift = (width - 1) * 8; shift >= 0; shift -= 8) buffer[at++] = (length >> shift) & 0xff;
    this.#length = at;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}

/** Bytes of the TLV of a resource. */
function resourceLength(above: Path, id: number, node: ResourceNode): number {
  return tlvLength(
    id,
    node.kind === 'single' ? tlvValueLength(node.value, above, id) : instancesLength([...above, id], node.values),
  );
}

/** Bytes of the TLVs of the instances of the resource at `path`. */
function instancesLength(path: Path, values: ReadonlyMap<number, Scalar>): number {
  let length = 0;
  for (const [id, scalar] of values) length += tlvLength(id, tlvValueLength(scalar, path, id));
  return length;
}

function tlvLength(id: number, length: number): number {
  return (id > 0xff ? 3 : 2) + lengthWidth(length) + length;
}

/** Bytes of the length field; none up to 7. */
function lengthWidth(length: number): number {
  if (length < 8) return 0;
  if (length <= 0xff) return 1;
  return length <= 0xffff ? 2 : 3;
}

const LONGEST_HEAD = 6;
const KIND_OBJECT_INSTANCE = 0;
const KIND_RESOURCE_INSTANCE = 1;
const KIND_MULTIPLE_RESOURCE = 2;
const KIND_RESOURCE = 3;
