/** The devices' door. */

export { Downlink } from './downlink.js';
export { Freshness } from './freshness.js';
export { Traces } from './trace.js';
export type { TracedDatagram, TraceParts } from './trace.js';
export { Uplink } from './uplink.js';
export type { Admission, UplinkOptions } from './uplink.js';
