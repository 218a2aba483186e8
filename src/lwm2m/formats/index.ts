/** Content formats: bytes ↔ nodes. */

export { codecFor, encodeCreate } from './registry.js';
export type { FormatCodec } from './codec.js';
export { FORMAT_LIMITS } from './parameters.js';
export type { FormatLimits } from './parameters.js';
