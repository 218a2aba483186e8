/** The devices' door. */

export { SecureAssociations } from './associations.js';
export { Chains } from './chains.js';
export { Downlink } from './downlink.js';
export { Freshness } from './freshness.js';
export { SecureDoor } from './secure-door.js';
export type { ChainJudges, SecureDoorParts } from './secure-door.js';
export { Traces } from './trace.js';
export type { TracedDatagram, TraceParts } from './trace.js';
export { Uplink } from './uplink.js';
export type { Admission, UplinkOptions } from './uplink.js';
