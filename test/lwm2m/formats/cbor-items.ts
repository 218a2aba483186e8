/** CBOR items read whole by the reader under test, for comparison with what others read. */

import { CborReader } from '../../../src/lwm2m/formats/cbor-reader.js';
import { FORMAT_LIMITS } from '#lwm2m/formats';

/** Reads one item: arrays as arrays, maps as Maps, floats and times as what the reader makes of them. */
export function readWhole(payload: Uint8Array, limits = FORMAT_LIMITS): unknown {
  const reader = new CborReader(payload, limits);
  const value = readItem(reader);
  reader.end();
  return value;
}

function readItem(reader: CborReader): unknown {
  if (reader.atArray()) {
    const elements: unknown[] = [];
    for (const count = reader.open(); reader.more(count, elements.length);) elements.push(readItem(reader));
    return elements;
  }
  if (!reader.atMap()) return reader.value();
  const entries = new Map<unknown, unknown>();
  const count = reader.open();
  for (let done = 0; reader.more(count, done); done += 1) entries.set(reader.key(), readItem(reader));
  return entries;
}
