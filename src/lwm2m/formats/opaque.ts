/** application/octet-stream, Content-Format 42 (LwM2M-Core 1.1.1 §7.4.2): the bytes of one opaque value. */

import { DecodeError } from '#base';
import { showPath } from '#lwm2m/model';
import type { ModelView, Node, Path, PlacedNode } from '#lwm2m/model';
import { checkSize, modelType, notEncodable, onlyValue } from './codec.js';
import type { FormatCodec } from './codec.js';
import { FORMAT_LIMITS } from './parameters.js';
import { badValue, ownBytes } from './wire.js';

/** The codec of application/octet-stream. Without a definition the value is taken as the opaque one it has to be. */
export const opaqueCodec: FormatCodec = {
  number: 42,
  name: 'opaque',
  decode(bytes: Uint8Array, target: Path, model: ModelView, limits = FORMAT_LIMITS): PlacedNode[] {
    checkSize(bytes, limits);
    if (target.length < 3) {
      throw new DecodeError('bad_path', `an octet stream carries one value, ${showPath(target)} has several`);
    }
    const type = modelType(target, model) ?? 'opaque';
    if (type !== 'opaque') throw badValue(target, `an octet stream carries opaque values, this is ${type}`);
    return [{ path: target, node: { kind: 'single', value: { type: 'opaque', value: ownBytes(bytes) } } }];
  },
  encode(path: Path, node: Node): Uint8Array {
    const scalar = onlyValue('opaque', path, node);
    if (scalar.type === 'opaque') return scalar.value;
    throw notEncodable(`${showPath(path)}: an octet stream carries opaque values, this is ${scalar.type}`);
  },
};
