/** application/cbor, Content-Format 60 (LwM2M-Core 1.1.1 §7.4.3): one value as a CBOR data item. */

import { DecodeError } from '#base';
import { showPath } from '#lwm2m/model';
import type { ModelView, Node, Path, PlacedNode } from '#lwm2m/model';
import { CborReader } from './cbor-reader.js';
import { CborWriter, writeScalar } from './cbor-write.js';
import { modelType, onlyValue } from './codec.js';
import type { FormatCodec } from './codec.js';
import { FORMAT_LIMITS } from './parameters.js';
import { badValue, scalarFromWire } from './wire.js';

/** The codec of application/cbor. Without a definition the type is that of the CBOR item. */
export const cborCodec: FormatCodec = {
  number: 60,
  name: 'cbor',
  decode(bytes: Uint8Array, target: Path, model: ModelView, limits = FORMAT_LIMITS): PlacedNode[] {
    if (target.length < 3) throw new DecodeError('bad_path', `CBOR carries one value, ${showPath(target)} has several`);
    const reader = new CborReader(bytes, limits);
    const wire = reader.value();
    reader.end();
    if (wire === undefined || wire === null) throw badValue(target, 'the CBOR item is no single value');
    return [{ path: target, node: { kind: 'single', value: scalarFromWire(modelType(target, model), wire, target) } }];
  },
  encode(path: Path, node: Node): Uint8Array {
    const writer = new CborWriter(32);
    const value = onlyValue('cbor', path, node);
    // Both forms of a time are legal; clients on Leshan's library take only the tagged one (RFC 8949 §3.4.2).
    if (value.type === 'time') writer.tag(1);
    writeScalar(writer, value, path);
    return writer.finish();
  },
};
