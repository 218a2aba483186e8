/** Content formats by number (LwM2M-Core 1.1.1 §7.4, 1.2 §7.5): one row each. */

import type { InstanceNode, ModelView } from '#lwm2m/model';
import { showPath } from '#lwm2m/model';
import { cborCodec } from './cbor-value.js';
import { notEncodable } from './codec.js';
import type { FormatCodec } from './codec.js';
import { lwm2mCborCodec } from './lwm2m-cbor.js';
import { lwm2mJsonCodec } from './lwm2m-json.js';
import { opaqueCodec } from './opaque.js';
import { senmlCborCodec } from './senml-cbor.js';
import { senmlJsonCodec } from './senml-json.js';
import { textCodec } from './text.js';
import { encodeTlvInstance } from './tlv-encode.js';
import { tlvCodec } from './tlv.js';

/** The codec of a CoAP Content-Format number; undefined when there is none. */
export function codecFor(format: number): FormatCodec | undefined {
  return CODECS.get(format);
}

/**
 * The payload of a Create on `object`. With an instance id it names that instance (TLV: an object instance TLV; SenML, JSON and
 * LwM2M CBOR, there since 1.2.1: full paths); without one the device chooses, which TLV alone can say, by bare resources. Throws AppError(`not_encodable`).
 */
export function encodeCreate(
  format: number,
  object: number,
  instance: number | undefined,
  node: InstanceNode,
  model: ModelView,
): Uint8Array {
  const codec = codecFor(format);
  if (codec === undefined || !CARRIES_INSTANCES.has(codec)) {
    throw notEncodable(
      `format ${codec?.name ?? format} carries no instance: create with tlv, senml-json, senml-cbor, json or lwm2m-cbor`,
    );
  }
  if (instance !== undefined) {
    const path = [object, instance];
    return codec === tlvCodec ? encodeTlvInstance(path, node) : codec.encode(path, node, model);
  }
  if (codec !== tlvCodec) {
    throw notEncodable(`${codec.name} names the instance: create on ${showPath([object])} without its id in tlv`);
  }
  return codec.encode([object, 0], node, model);
}

const ALL: readonly FormatCodec[] = [
  ...[textCodec, opaqueCodec, cborCodec, senmlJsonCodec, senmlCborCodec],
  ...[tlvCodec, lwm2mJsonCodec, lwm2mCborCodec],
];
const CODECS: ReadonlyMap<number, FormatCodec> = new Map(ALL.map((codec) => [codec.number, codec]));
/** Formats that carry several values with their paths. */
const CARRIES_INSTANCES: ReadonlySet<FormatCodec> = new Set([
  ...[senmlJsonCodec, senmlCborCodec, tlvCodec, lwm2mJsonCodec, lwm2mCborCodec],
]);
