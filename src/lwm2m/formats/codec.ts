/** What every content format offers: bytes ↔ nodes (LwM2M-Core 1.1.1 §7.4). */

import { AppError, DecodeError } from '#base';
import { showPath } from '#lwm2m/model';
import type { FormatName, ModelView, Node, Path, PlacedNode, Scalar } from '#lwm2m/model';
import { FORMAT_LIMITS } from './parameters.js';
import type { FormatLimits } from './parameters.js';

/** One content format, both directions. Nodes own their bytes: nothing decoded refers to the payload. */
export interface FormatCodec {
  /** CoAP Content-Format number. */
  readonly number: number;
  readonly name: FormatName;

  /**
   * Bytes → nodes. `target` is the path that was asked for, one to four ids; every value lies at or below it. The result is
   * an object, instance or resource node by the target's level, several only where the device gave different times; those are
   * as the device gave them (see deviceTime of the model: below 2^28 they count from the moment of receipt). Types
   * come from the model; without a definition from the wire (TLV: opaque; text: string; SenML and CBOR: by the value). Throws
   * DecodeError, `outside_path` when a value lies elsewhere.
   */
  decode(bytes: Uint8Array, target: Path, model: ModelView, limits?: FormatLimits): PlacedNode[];

  /** The node that stands at `path` → bytes. Throws AppError(`not_encodable`), saying why the format cannot carry it. */
  encode(path: Path, node: Node, model: ModelView): Uint8Array;
}

/** Throws DecodeError(`too_large`) when the payload is larger than the limit. */
export function checkSize(bytes: Uint8Array, limits: FormatLimits): void {
  if (bytes.length > limits.payloadBytes) {
    throw new DecodeError('too_large', `payload of ${bytes.length} bytes, at most ${limits.payloadBytes} are read`);
  }
}

/** The one value of a format that carries no more. Throws AppError(`not_encodable`). */
export function onlyValue(name: FormatName, path: Path, node: Node): Scalar {
  if (node.kind === 'single') return node.value;
  throw notEncodable(`${name} carries one value, and ${showPath(path)} has several: use tlv, senml-json or senml-cbor`);
}

/** The refusal of an encoder. */
export function notEncodable(why: string): AppError {
  return new AppError('not_encodable', why);
}

/** The DecodeError of a value that stands outside the path that was asked for. */
export function outsidePath(path: Path, target: Path): DecodeError {
  return new DecodeError('outside_path', `a value for ${showPath(path)} in an answer about ${showPath(target)}`);
}

/** The type the model gives the resource that `path`, of three or four ids, points at; undefined when it says none. */
export function modelType(path: Path, model: ModelView): Scalar['type'] | undefined {
  const type = model.resource(path[0] as number, path[2] as number)?.type;
  return type === 'none' ? undefined : type;
}

/** An encoded payload, unless it is larger than any we send. Throws AppError(`not_encodable`). */
export function checkEncoded(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= FORMAT_LIMITS.payloadBytes) return bytes;
  throw notEncodable(`the payload would have ${bytes.length} bytes, at most ${FORMAT_LIMITS.payloadBytes} are sent`);
}
