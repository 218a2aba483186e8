/** Payloads that carry values of several objects at once, such as a Send's: those formats that name whole paths. */

import type { ModelView, PlacedNode } from '#lwm2m/model';
import { Forest } from './forest.js';
import { readLwm2mCbor } from './lwm2m-cbor.js';
import { FORMAT_LIMITS } from './parameters.js';
import type { FormatLimits } from './parameters.js';
import { readSenmlCbor } from './senml-cbor.js';
import { readSenmlJson } from './senml-json.js';

/** Whether `format`, a CoAP Content-Format number, can carry values of several objects. */
export function carriesPacks(format: number): boolean {
  return READERS.has(format);
}

/**
 * Bytes in a format that `carriesPacks` → one object node for each object and time in it, in the order they came up. Types are
 * found as FormatCodec says. Throws DecodeError.
 */
export function decodePack(
  format: number,
  bytes: Uint8Array,
  model: ModelView,
  limits: FormatLimits = FORMAT_LIMITS,
): PlacedNode[] {
  const forest = new Forest(model);
  READERS.get(format)?.(bytes, forest, limits);
  return forest.finish();
}

const READERS: ReadonlyMap<number, (bytes: Uint8Array, forest: Forest, limits: FormatLimits) => void> = new Map([
  [110, readSenmlJson],
  [112, readSenmlCbor],
  [11544, readLwm2mCbor],
]);
