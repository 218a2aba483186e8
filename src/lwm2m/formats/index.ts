/** Content formats: bytes ↔ nodes. */

export { codecFor, encodeCreate } from './registry.js';
export { decodeComposite, decodePaths, encodeComposite, encodePaths } from './composites.js';
export { carriesPacks, decodePack } from './packs.js';
export type { FormatCodec } from './codec.js';
export { FORMAT_LIMITS } from './parameters.js';
export type { FormatLimits } from './parameters.js';
